"""Recipes, their memory estimates, and what is refused before a run begins."""

from dataclasses import replace

import pytest
import torch
from typer.testing import CliRunner

from longanimation.cli.app import app
from longanimation.errors import InputError
from longanimation.training.lora import adapter, add_lora, merged
from longanimation.training.memory_estimate import estimate_memory
from longanimation.training.model_parts import empty_parts
from longanimation.training.optimizer import learning_rate, make_optimizer
from longanimation.training.recipes import check_same_run, parse_changes, presets, read_recipe, save_config
from longanimation.training.stage_config import STAGES
from longanimation.weights.tiny import tiny_parts

PRESET_STAGES = {
    "debug": set(STAGES),
    "mini": set(STAGES),
    "5b": {"sketch", "memory", "reward"},
    "5b-lora": {"sketch", "memory"},
}


def test_every_preset_has_its_stages():
    assert set(presets()) == set(PRESET_STAGES)
    for preset, stages in PRESET_STAGES.items():
        for stage in stages:
            config = read_recipe(stage, preset)
            assert config.batch_size >= 1 and isinstance(config.learning_rate, float)
    with pytest.raises(InputError, match="no stage autoencoder"):
        read_recipe("autoencoder", "5b")


def test_a_recipe_file_changes_a_preset(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("preset: debug\nall: {learning_rate: 1e-4}\nsketch: {steps: 7}\n")
    config = read_recipe("sketch", path, batch_size=4)
    assert (config.learning_rate, config.steps, config.batch_size, config.frames) == (1e-4, 7, 4, 9)
    assert read_recipe("memory", path).steps == 20


def test_the_saved_config_alone_reproduces_the_run(tmp_path):
    config = read_recipe("reward", "debug", output="run")
    path = tmp_path / "config.json"
    import json

    path.write_text(json.dumps(save_config(config, "reward")))
    assert read_recipe("reward", path) == config
    with pytest.raises(InputError, match="another stage"):
        read_recipe("sketch", path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sketch: {stpes: 3}", "stpes"),
        ("all: {stpes: 3}\nsketch: {}", "stpes"),
        ("sketsh: {}", "sketsh"),
        ("sketch: {frames: 16}", "8k"),
        ("sketch: {size: [100, 100]}", "multiples of 16"),
        ("sketch: {reference: nearest}", "earlier"),
        ("just text", "sections"),
        ("sketch: [", "YAML"),
    ],
)
def test_a_wrong_recipe_is_one_clear_line(tmp_path, text, message):
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as error:
        read_recipe("sketch", path)
    assert "\n" not in str(error.value)


def test_settings_on_the_command_line_are_yaml():
    assert parse_changes(["learning_rate=1e-4", "size=[32, 48]", "ema_decay=0"]) == {
        "learning_rate": 1e-4,
        "size": [32, 48],
        "ema_decay": 0,
    }


def test_only_what_does_not_alter_the_numbers_may_change_in_a_resumed_run(tmp_path):
    config = read_recipe("sketch", "debug", output="run")
    saved = save_config(config, "sketch")
    check_same_run("sketch", replace(config, save_steps=3, micro_batch=1, steps=40), saved, tmp_path)
    with pytest.raises(InputError, match="seed"):
        check_same_run("sketch", replace(config, seed=3), saved, tmp_path)


def test_the_learning_rate_warms_up_and_falls():
    config = read_recipe("sketch", "debug", steps=100, warmup_steps=10, schedule="cosine", learning_rate=1.0)
    rates = [learning_rate(config, step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == rates[9] and rates[-1] < 0.03


def test_an_eight_bit_optimizer_without_bitsandbytes_is_one_clear_line():
    try:
        import bitsandbytes  # noqa: F401
    except ImportError:
        with pytest.raises(InputError, match="pip install bitsandbytes"):
            make_optimizer(read_recipe("memory", "5b-lora"), [torch.nn.Parameter(torch.ones(2))], torch.device("cpu"))


def test_the_published_size_is_estimated_without_its_weights():
    start = empty_parts("sketch", read_recipe("sketch", "5b"))
    assert all(value.is_meta for value in start.parts["transformer"].parameters())
    assert 800e6 < sum(value.numel() for value in start.parts["sketch_dit"].parameters()) < 850e6


def test_the_estimate_counts_weights_states_and_activations():
    config = read_recipe("sketch", "debug")
    found = estimate_memory("sketch", config)
    count = sum(v.numel() for n in config.train for v in tiny_parts()[n].parameters())
    assert found.parameters == count
    assert found.states == count * 16, "gradient, two Adam moments and the average in float32"
    smaller = estimate_memory("sketch", replace(config, frames=9, size=(16, 32)))
    assert smaller.activations < found.activations
    half = estimate_memory("sketch", config, processes=2)
    assert half.activations < found.activations and half.sharded < half.total


def test_checkpointing_saves_activations_where_layers_are_many():
    config = read_recipe("sketch", "mini", batch_size=4, size=(64, 96), frames=9)
    deep = {**config.model, "transformer": {**config.model["transformer"], "num_layers": 16}}
    plain = estimate_memory("sketch", replace(config, model=deep)).activations
    assert estimate_memory("sketch", replace(config, model=deep, checkpointing=True)).activations < 0.75 * plain


def test_the_estimate_is_printed_by_the_command_line():
    result = CliRunner().invoke(app, ["train", "sketch", "--config", "debug", "--estimate"])
    assert result.exit_code == 0
    assert "activations of a micro-batch" in result.output


def test_low_rank_additions_are_merged_into_the_weights():
    pytest.importorskip("peft")
    part = tiny_parts()["sketch_dit"].requires_grad_(False)
    inputs = {
        "hidden_states": torch.randn(1, 2, 8, 4, 4),
        "encoder_hidden_states": torch.randn(1, 4, 24),
        "timestep": torch.tensor([5]),
        "ofs": 2.0,
        "image_rotary_emb": (torch.ones(4, 16), torch.zeros(4, 16)),
    }
    plain = part(**inputs)
    add_lora(part, "sketch_dit", 4)
    torch.testing.assert_close(part(**inputs), plain)
    trained = {name for name, value in part.named_parameters() if value.requires_grad}
    assert all("lora_" in name or name == "zero_conv.weight" for name in trained) and len(trained) == 13
    for name, value in part.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(value.data, std=0.1)
    whole = tiny_parts()["sketch_dit"]
    whole.load_state_dict(merged(part.state_dict()))
    torch.testing.assert_close(whole(**inputs), part(**inputs), atol=1e-5, rtol=1e-4)
    assert not torch.allclose(whole(**inputs), plain)
    fresh = tiny_parts()["sketch_dit"]
    fresh.load_lora_adapter(adapter(part.state_dict(), "sketch_dit"), prefix="sketch_dit")
    torch.testing.assert_close(fresh(**inputs), part(**inputs), atol=1e-5, rtol=1e-4)


def test_low_rank_additions_without_peft_are_one_clear_line():
    try:
        import peft  # noqa: F401
    except ImportError:
        with pytest.raises(InputError, match="pip install peft"):
            add_lora(tiny_parts()["sketch_dit"], "sketch_dit", 4)
