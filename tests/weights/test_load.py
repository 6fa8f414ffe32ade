"""Loading a whole model from the published layout, strictly, and finding its parts."""

import json
import pickle

import numpy as np
import pytest
import torch
from diffusers import CogVideoXTransformer3DModel
from published_folder import TRUNK, write_base
from safetensors.torch import load_file, save_file

from longanimation.errors import InputError
from longanimation.weights.load import load_part, load_parts
from longanimation.weights.model_folder import open_model_folder


@pytest.fixture(scope="module")
def parts(root):
    return load_parts(root)


def test_all_parts_of_the_published_releases_are_found_by_what_they_hold(root):
    folder = open_model_folder(root)
    assert folder.published
    assert {part: str(path.relative_to(root)) for part, path in folder.parts.items()} == {
        "transformer": "CogVideoX1.5-5B-I2V/transformer",
        "vae": "CogVideoX1.5-5B-I2V/vae",
        "text_encoder": "CogVideoX1.5-5B-I2V/text_encoder",
        "tokenizer": "CogVideoX1.5-5B-I2V/tokenizer",
        "scheduler": "CogVideoX1.5-5B-I2V/scheduler",
        "sketch_dit": "longanimation/control_module.safetensors",
        "memory": "longanimation/glm_module.safetensors",
        "memory_encoder": "Video_XL/VideoXL_weight_8",
        "line_network": "sk_model.pth",
    }


def test_every_network_gets_the_stored_values(root, parts):
    stock = CogVideoXTransformer3DModel.from_pretrained(root / "CogVideoX1.5-5B-I2V/transformer", torch_dtype="auto")
    ours = parts["transformer"].state_dict()
    assert ours.keys() == stock.state_dict().keys()
    assert all(torch.equal(ours[name], value) for name, value in stock.state_dict().items())
    for part, file in (("sketch_dit", "control_module"), ("memory", "glm_module")):
        stored = load_file(root / "longanimation" / f"{file}.safetensors")
        state = parts[part].state_dict()
        assert all(torch.equal(state[name], value) and value.dtype == torch.bfloat16 for name, value in stored.items())
    assert not any(parts[name].training for name in ("transformer", "vae", "text_encoder", "sketch_dit", "memory"))


def test_configs_of_the_files_without_one_are_those_of_the_base_and_of_their_tensors(parts):
    sketch, memory = parts["sketch_dit"].config, parts["memory"].config
    assert sketch.num_layers == 2 and sketch.text_embed_dim == TRUNK["text_embed_dim"]
    assert (memory.dim, memory.heads, memory.dim_head, memory.memory_dim) == (32, 2, 96, 24)
    assert list(memory.mapping_dims) == [32, 40] and memory.ff_mult == 4
    assert parts["line_network"].config.width == 4


def test_the_loaded_parts_compute(parts):
    tokens = parts["tokenizer"](
        ["a girl runs"], padding="max_length", max_length=16, truncation=True, return_tensors="pt"
    )
    assert tokens.input_ids.shape == (1, 16) and tokens.input_ids[0, -1] == 0 and 1 in tokens.input_ids[0]
    with torch.no_grad():
        text = parts["text_encoder"](tokens.input_ids)[0]
        latents = torch.randn(1, 2, 32, 4, 4, dtype=torch.bfloat16)
        control = parts["sketch_dit"](latents, text, 500, 2.0)
        memory = parts["memory_encoder"].encode(np.zeros((2, 40, 60, 3), np.uint8))
        added = parts["memory"](memory, memory, control)
        frames = parts["vae"].decode(torch.randn(1, 16, 2, 2, 2, dtype=torch.bfloat16)).sample
        lines = parts["line_network"](torch.rand(1, 3, 16, 16))
    assert text.shape == (1, 16, 24) and control.shape == added.shape == (1, 4, 32)
    assert memory.shape == (1, 2, 3, 4 + 30, 24) and frames.shape == (1, 3, 8, 16, 16) and lines.shape == (1, 1, 16, 16)
    assert all(torch.isfinite(value).all() for value in (text, control, added, frames, lines))


def test_the_scheduler_keeps_the_published_settings_whatever_class_the_release_names(parts):
    scheduler = parts["scheduler"]
    assert type(scheduler).__name__ == "SegmentScheduler"
    assert scheduler.config.snr_shift_scale == 1.0 and scheduler.config.timestep_spacing == "trailing"


def test_the_word_table_is_one_tensor(parts):
    encoder = parts["text_encoder"]
    assert encoder.shared.weight is encoder.encoder.embed_tokens.weight


def test_another_type_is_applied_to_all_weights(root):
    loaded = load_parts(root, torch_dtype=torch.float32, parts=["sketch_dit", "memory_encoder", "vae"])
    assert all(value.dtype == torch.float32 for module in loaded.values() for value in module.parameters())


def copy_with(root, tmp_path, part, change):
    """The published folder with one file of tensors changed."""
    for path in root.iterdir():
        if path.name != "longanimation":
            (tmp_path / path.name).symlink_to(path)
    (tmp_path / "longanimation").mkdir()
    for path in (root / "longanimation").iterdir():
        tensors = load_file(path)
        save_file(change(tensors) if path.name == part else tensors, tmp_path / "longanimation" / path.name)
    return tmp_path


def test_a_control_file_with_wrong_tensors_is_refused_in_one_line(root, tmp_path):
    def change(tensors):
        del tensors["transformer_blocks.1.attn1.to_k.bias"]
        return tensors | {"norm_final.weight": torch.zeros(32), "zero_conv.weight": torch.zeros(32, 31)}

    folder = copy_with(root, tmp_path, "control_module.safetensors", change)
    with pytest.raises(InputError) as caught:
        load_parts(folder, parts=["sketch_dit"])
    message = str(caught.value)
    assert "control_module.safetensors" in message and "\n" not in message
    assert "1 missing (transformer_blocks.1.attn1.to_k.bias)" in message
    assert "1 extra (norm_final.weight)" in message
    assert "1 misshapen (zero_conv.weight [32, 31] instead of [32, 32])" in message


def test_a_prefix_that_training_wrappers_leave_is_understood(root, tmp_path, parts):
    folder = copy_with(
        root, tmp_path, "glm_module.safetensors", lambda tensors: {f"module.{n}": v for n, v in tensors.items()}
    )
    memory = load_parts(folder, parts=["memory"])["memory"]
    assert torch.equal(memory.proj_out, parts["memory"].proj_out)


def test_missing_parts_are_named(root, tmp_path):
    with pytest.raises(InputError, match="lacks vae, sketch_dit; it has transformer"):
        write_base(tmp_path / "base")
        for path in (tmp_path / "base" / "vae").iterdir():
            path.unlink()
        (tmp_path / "base" / "vae").rmdir()
        load_parts(tmp_path)
    alone = tmp_path / "alone"
    alone.mkdir()
    for path in root.iterdir():
        if path.name != "Video_XL":
            (alone / path.name).symlink_to(path)
    with pytest.raises(InputError, match="has memory but no memory_encoder"):
        load_parts(alone)
    with pytest.raises(InputError, match="no model folder"):
        load_parts(tmp_path / "nowhere")


def test_two_candidates_for_one_part_are_refused(root, tmp_path):
    folder = copy_with(root, tmp_path, "", dict)
    save_file(load_file(root / "longanimation" / "control_module.safetensors"), folder / "older.safetensors")
    with pytest.raises(InputError, match="two candidates for sketch_dit"):
        open_model_folder(folder)


class Harmful:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_a_pickle_that_runs_code_is_not_run(tmp_path):
    (tmp_path / "sk_model.pth").write_bytes(pickle.dumps({"model0.1.weight": Harmful(tmp_path / "harm")}, protocol=2))
    torch.save({"model0.1.weight": Harmful(tmp_path / "harm")}, tmp_path / "new.pth")
    folder = open_model_folder(tmp_path)
    for file in ("sk_model.pth", "new.pth"):
        folder.parts["line_network"] = tmp_path / file
        with pytest.raises(InputError, match="something other than tensors"):
            load_part(folder, "line_network")
    assert not (tmp_path / "harm").exists()


def test_a_config_that_is_not_json_is_named(root, tmp_path):
    folder = write_base(tmp_path / "base")
    (folder / "transformer" / "config.json").write_text("{")
    with pytest.raises(InputError, match="transformer/config.json is not readable JSON"):
        load_parts(folder, parts=["transformer"])
    config = {"block_out_channels": 3, "scaling_factor": 0.7, "invert_scale_latents": True}
    (folder / "vae" / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="cannot be understood as vae"):
        load_parts(folder, parts=["vae"])
