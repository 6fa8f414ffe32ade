"""`weights check` names everything that is wrong; `weights convert` writes our layout and the published files."""

import json

import numpy as np
import pytest
import torch
from published_folder import write_published
from safetensors.torch import load_file, save_file

from longanimation.errors import InputError
from longanimation.weights.check import check_folder
from longanimation.weights.conversion import convert, to_published
from longanimation.weights.load import load_parts
from longanimation.weights.model_folder import open_model_folder


@pytest.fixture(scope="module")
def ours(root, tmp_path_factory):
    return convert(root, tmp_path_factory.mktemp("ours") / "5b")


def test_a_whole_published_folder_passes(root):
    found = check_folder(root, values=True)
    assert found.ok, found.content()
    table = {part.part: part for part in found.parts}
    assert table["sketch_dit"].types == ("bfloat16",)
    assert table["sketch_dit"].bytes == 2 * table["sketch_dit"].parameters
    assert table["memory_encoder"].parameters < table["memory_encoder"].bytes // 2  # the unused is not counted


def test_everything_wrong_is_listed_part_by_part(root, tmp_path):
    folder = write_published(tmp_path / "broken")
    control = folder / "longanimation" / "control_module.safetensors"
    tensors = load_file(control)
    tensors["patch_embed.proj.bias"][3] = float("nan")
    tensors["zero_conv.bias"] = torch.zeros(32)
    del tensors["time_embedding.linear_1.weight"]
    save_file(tensors, control)
    vae = folder / "CogVideoX1.5-5B-I2V" / "vae" / "config.json"
    vae.write_text(json.dumps(json.loads(vae.read_text()) | {"invert_scale_latents": False, "scaling_factor": 1.15}))
    scheduler = folder / "CogVideoX1.5-5B-I2V" / "scheduler" / "scheduler_config.json"
    scheduler.write_text(json.dumps(json.loads(scheduler.read_text()) | {"snr_shift_scale": 3.0}))
    (folder / "Video_XL" / "VideoXL_weight_8" / "model-00001-of-00003.safetensors").unlink()

    found = check_folder(folder, values=True)
    problems = {part.part: part.problems for part in found.parts if not part.ok}
    assert not found.ok and problems.keys() == {"sketch_dit", "vae", "scheduler", "memory_encoder"}
    assert problems["sketch_dit"] == [
        "missing time_embedding.linear_1.weight",
        "extra zero_conv.bias",
        "patch_embed.proj.bias holds NaN or infinity",
    ]
    assert "invert_scale_latents False" in problems["vae"][1] and "scaling_factor 1.15" in problems["vae"][0]
    assert problems["scheduler"] == ["config has snr_shift_scale 3.0 where the published value is 1.0"]
    assert "model-00001-of-00003.safetensors" in problems["memory_encoder"][0]
    with pytest.raises(InputError, match="not the supported release: config has snr_shift_scale 3.0"):
        load_parts(folder, parts=["scheduler"])


def test_missing_parts_are_listed(root, tmp_path):
    (tmp_path / "longanimation").symlink_to(root / "longanimation")
    (tmp_path / "base").symlink_to(root / "CogVideoX1.5-5B-I2V")
    found = check_folder(tmp_path)
    assert found.missing == ["memory_encoder"] and not found.ok
    assert check_folder(tmp_path / "longanimation").missing[:2] == ["transformer", "vae"]


def test_the_converted_folder_is_ours_and_gives_the_same_parts(root, ours):
    folder = open_model_folder(ours)
    assert not folder.published and folder.parts.keys() == open_model_folder(root).parts.keys()
    assert check_folder(ours).ok
    published, converted = load_parts(root), load_parts(ours)
    for part in ("transformer", "vae", "text_encoder", "sketch_dit", "memory", "memory_encoder", "line_network"):
        one, two = published[part].state_dict(), converted[part].state_dict()
        assert one.keys() == two.keys(), part
        assert all(torch.equal(one[name], two[name]) for name in one), part
    frames = np.zeros((2, 30, 30, 3), np.uint8)
    encoders = [parts["memory_encoder"] for parts in (published, converted)]
    assert torch.equal(*(encoder.encode(frames) for encoder in encoders))
    text = "a girl runs along the beach"
    assert published["tokenizer"](text).input_ids == converted["tokenizer"](text).input_ids


def test_the_stock_loaders_read_the_converted_folder(ours):
    from longanimation.models import DynamicGlobalLocalMemory, SketchDiT, VideoXLMemory

    index = json.loads((ours / "model_index.json").read_text())
    assert index["_class_name"] == "LongAnimationPipeline"
    assert index["memory_encoder"] == ["longanimation", "VideoXLMemory"]
    for part, cls in (
        ("sketch_dit", SketchDiT),
        ("memory", DynamicGlobalLocalMemory),
        ("memory_encoder", VideoXLMemory),
    ):
        assert cls.from_pretrained(ours, subfolder=part, torch_dtype=torch.bfloat16).dtype == torch.bfloat16


def test_conversion_can_change_the_type(root, tmp_path):
    converted = convert(root, tmp_path / "half", torch_dtype=torch.float16)
    assert {part.types for part in check_folder(converted).parts if part.bytes} == {("float16",)}


def test_the_way_back_gives_the_published_files(root, ours, tmp_path):
    written = to_published(ours, tmp_path / "release")
    assert [path.name for path in written] == ["control_module.safetensors", "glm_module.safetensors"]
    for path in written:
        one, two = load_file(path), load_file(root / "longanimation" / path.name)
        assert one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def test_a_failed_conversion_leaves_nothing(root, tmp_path):
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in root.iterdir():
        if path.name != "longanimation":
            (broken / path.name).symlink_to(path)
    save_file({"zero_conv.weight": torch.zeros(32, 32)}, broken / "control_module.safetensors")
    save_file(load_file(root / "longanimation" / "glm_module.safetensors"), broken / "glm_module.safetensors")
    with pytest.raises(InputError, match="missing"):
        convert(broken, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken"]
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")
    with pytest.raises(InputError, match="already holds something"):
        convert(root, tmp_path / "out")
