import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from longanimation.cli import main
from longanimation.data.synth import Scene
from longanimation.errors import InputError
from longanimation.evaluation.benchmark import run_benchmark
from longanimation.evaluation.drawn_sets import find_set
from longanimation.evaluation.drawn_shot import DrawnShot
from longanimation.evaluation.methods import METHODS, correspondence_of, find_methods, open_window
from longanimation.evaluation.variants import Variant, read_variants
from longanimation.media import read_image
from longanimation.models import CorrespondenceMemory

SMALL = {"frames": 2, "size": (72, 128), "seeds": [1, 2]}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    memory = CorrespondenceMemory(channels=(4, 8, 8, 12), layers=(1, 1, 1), num_heads=2, key_dim=8).eval()
    memory.save_pretrained(folder)
    return folder


def write(path, text):
    path.write_text(text)
    return path


def test_one_command_writes_the_table_the_plot_and_strips_of_all_variants(model, tmp_path, capsys):
    rows = write(
        tmp_path / "rows.yaml",
        f"- {{name: copy, method: copy}}\n- {{name: + memory, model: {model}}}\n"
        f"- {{name: memory, model: {model}, memory: false}}\n",
    )
    arguments = ["benchmark", "short", "--variants", str(rows), "--shots", "1", "--frames", "3", "--size", "72x128"]
    assert main([*arguments, "-o", str(tmp_path / "out"), "--quiet"]) == 0
    table = capsys.readouterr().out
    assert all(f"| {name} | 3 |" in table for name in ("copy", "+ memory", "memory"))
    assert "no memory" in table
    stored = json.loads((tmp_path / "out/benchmark.json").read_text())
    assert [row["name"] for row in stored["variants"]] == ["copy", "+ memory", "memory"]
    assert stored["set"] == "drawn-14" and set(stored["mean"]) == {"copy", "+ memory", "memory"}
    assert (tmp_path / "out/color_error.png").is_file()
    strip = read_image(tmp_path / "out/strips/shot_0000.png")
    assert strip.shape[0] > 5 * 180 and strip.shape[1] > 3 * 320


def test_a_variant_is_scored_again_when_its_options_or_weights_change(model, tmp_path):
    done = []
    given = {**SMALL, "seeds": [1], "output": tmp_path, "resume": True, "progress": lambda *step: done.append(step[0])}
    run_benchmark("drawn-14", variants=[Variant("row", model=str(model))], **given)
    run_benchmark("drawn-14", variants=[Variant("row", model=str(model))], **given)
    assert done == [0, 1, 1]
    run_benchmark("drawn-14", variants=[Variant("row", model=str(model), options={"memory": False})], **given)
    assert done[3:] == [0, 1]


def test_network_metrics_of_a_set_are_of_all_its_shots_and_outlive_the_run(tmp_path, monkeypatch):
    monkeypatch.setenv("LONGANIMATION_WEIGHTS", str(tmp_path))
    from longanimation.evaluation.networks import InceptionFeatures

    torch.manual_seed(0)
    (tmp_path / "metrics").mkdir()
    network = InceptionFeatures()
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)  # else nothing of the picture reaches the last layer
    state = {name: value.half() for name, value in network.state_dict().items()}
    torch.save(state, tmp_path / "metrics/pt_inception-2015-12-05-6726825d.pth")
    given = {"methods": ["copy", "ceiling"], "metrics": ["fid", "fvd"], "output": tmp_path / "out", **SMALL}
    first = run_benchmark("drawn-14", **given)
    assert first.notes == ["FVD left out: weights not fetched; run: longanimation weights fetch metrics"]
    assert first.mean("copy").fid > first.mean("ceiling").fid >= 0
    assert first.mean("copy").fvd is None
    again = run_benchmark("drawn-14", resume=True, **given)
    assert again.mean("copy").fid == first.mean("copy").fid
    assert "| FID |" in first.markdown()


def test_the_local_paradigm_of_a_video_model_has_neither_memory_nor_fusion():
    whole = open_window("tiny", shot=(72, 128)).pipeline.settings
    local = open_window("tiny", shot=(72, 128), memory=False, fusion=False).pipeline.settings
    assert whole.memory and whole.denoising.fusion is not None
    assert not local.memory and local.denoising.fusion is None
    shot = DrawnShot(Scene.random(3, split="test", frames=2, size=(72, 128)))
    frames = [np.stack(list(METHODS[name].frames(shot, "tiny", 0, steps=1))) for name in ("model", "local paradigm")]
    assert frames[0].shape == frames[1].shape == (2, 72, 128, 3)


def test_correspondence_alone_comes_with_every_model(model):
    assert correspondence_of(model) == model
    assert (correspondence_of("tiny") / "config.json").is_file()
    assert "model" in [method.name for method in find_methods(None, "tiny")]
    assert "model" not in [method.name for method in find_methods(None, model)]


@pytest.mark.parametrize(
    "text,reason",
    [
        ("- {name: a, method: magic}", "unknown method 'magic'"),
        ("- {name: a, colour: red}", "unknown option 'colour'"),
        ("- {name: a, memory: 3}", "memory is true or false"),
        ("- {name: a, steps: 0}", "0 denoising steps"),
        ("- {name: copy, method: copy, steps: 3}", "takes no options"),
        ("- {method: copy}", "variant 1 has no name"),
        ("- {name: a}\n- {name: a}", "two variants are called 'a'"),
        ("- {name: truth, method: copy}", "cannot be called 'truth'"),
        ("name: a", "must be a list"),
        ("- {name: a", "cannot read"),
    ],
)
def test_a_wrong_variant_is_one_line(text, reason, tmp_path):
    with pytest.raises(InputError, match=reason) as caught:
        read_variants(write(tmp_path / "rows.yaml", text))
    assert "\n" not in str(caught.value)


def test_a_missing_model_is_said_before_anything_is_scored(tmp_path):
    rows = [Variant("copy", "copy"), Variant("whole", model="nowhere")]
    with pytest.raises(InputError, match="unknown model 'nowhere'"):
        run_benchmark("drawn-14", variants=rows, output=tmp_path, **SMALL)
    assert not (tmp_path / "shots").exists()


def test_short_and_long_are_the_lengths_of_the_paper():
    assert (find_set("short").frames, find_set("long").frames) == (14, 500)


def test_the_bare_set_has_the_same_shots_without_background_pictures():
    kinds = []
    for name in ("drawn-100", "drawn-100-bare"):
        shots = [find_set(name, frames=2, size=(72, 128)).shot(seed) for seed in range(8)]
        kinds.append([[kind for kind, _ in shot.scene.reference_plan] for shot in shots])
    assert any("background" in plan for plan in kinds[0])
    assert kinds[1] == [[kind for kind in plan if kind != "background"] for plan in kinds[0]]


def test_in_a_painted_shot_the_baselines_carry_colours_and_not_labels():
    chosen = find_set("painted-14", frames=2, size=(72, 128))
    shot = replace(chosen, scene=(*chosen.scene, ("references", [("key_frame", 0)]))).shot(0)
    truth = [shot.truth(index).truth for index in range(2)]
    assert shot.scene.prompt and len(np.unique(truth[0].reshape(-1, 3), axis=0)) > 300
    for name in ("copy", "flow", "ceiling"):
        first = next(METHODS[name].frames(shot, None, 0))
        assert np.abs(first.astype(int) - truth[0]).max() <= 1, name
    voted = next(METHODS["flow + vote"].frames(shot, None, 0))
    assert np.abs(voted.astype(int) - truth[0]).mean() > 1


@pytest.mark.parametrize("name", ["ablation", "ablation_painted"])
def test_the_prepared_ablations_are_understood(name):
    rows = read_variants(Path(__file__).parents[2] / "benchmarks" / f"{name}.yaml")
    named = {row.name: row.options for row in rows}
    assert rows[-1].name == "local paradigm"
    assert named["+ fusion"].get("fusion", True) and not named["+ reward"]["fusion"]
