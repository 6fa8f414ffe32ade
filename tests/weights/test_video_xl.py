"""Loading the published Video-XL folder: all names, shards, index and config, strictly."""

import json

import numpy as np
import pytest
import torch
from video_xl_folder import CONFIG, tiny_tensors, write_video_xl

from longanimation.errors import InputError
from longanimation.models import VideoXLMemory
from longanimation.weights.video_xl import VISION, our_state_dict


@pytest.fixture(scope="module")
def tensors():
    return tiny_tensors()


@pytest.fixture(scope="module")
def folder(tmp_path_factory, tensors):
    return write_video_xl(tmp_path_factory.mktemp("Video_XL"), tensors)


def load_error(folder):
    with pytest.raises(InputError) as caught:
        VideoXLMemory.from_pretrained(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


def clip(frames=5):
    return np.random.default_rng(0).integers(0, 256, (frames, 40, 56, 3), dtype=np.uint8)


def test_the_published_folder_loads_and_computes(folder, tensors):
    model = VideoXLMemory.from_pretrained(folder)
    assert model.dtype == torch.bfloat16 and not model.training
    assert model.config.beacon_ratio == 8 and model.config.vision_num_layers == 3 and model.config.image_size == 32
    assert torch.equal(model.language.beacon_embedding.data, tensors["model.beacon_embed_tokens.weight"])
    assert torch.equal(model.language.prompt_embedding[0].data, tensors["model.embed_tokens.weight"][151644])
    assert torch.equal(
        model.language.layers[3].self_attn.beacon_v_proj.bias.data,
        tensors["model.layers.3.self_attn.beacon_v_proj.bias"],
    )
    exact = VideoXLMemory.from_pretrained(folder, torch_dtype=torch.float32, memory_layers=[-3, -1])
    memory = exact.encode(clip())
    assert exact.dtype == torch.float32 and memory.shape == (1, 2, 2, 2 * 5 + 30, 24)
    assert torch.isfinite(memory).all() and memory.std() > 0.1


def test_the_vision_values_come_from_the_shards(folder, tensors):
    model = VideoXLMemory.from_pretrained(folder)
    name = "encoder.layers.1.mlp.fc2.weight"
    assert torch.equal(model.vision.get_parameter(name).data, tensors[VISION + name])


def test_a_published_subfolder_and_our_own_copy_of_it_give_the_same(folder, tmp_path):
    model = VideoXLMemory.from_pretrained(folder.parent, subfolder=folder.name, torch_dtype=torch.float32)
    model.save_pretrained(tmp_path)
    again = VideoXLMemory.from_pretrained(tmp_path)
    assert torch.equal(again.encode(clip(3)), model.encode(clip(3)))


def test_missing_extra_and_misshapen_tensors_are_named_in_one_line(tmp_path, tensors):
    changed = dict(tensors)
    del changed["model.layers.4.self_attn.beacon_k_proj.weight"], changed["model.norm.weight"]
    changed["model.layers.0.mlp.gate_proj.bias"] = torch.zeros(64)
    changed["model.mm_projector.2.weight"] = torch.zeros(48, 47)
    message = load_error(write_video_xl(tmp_path, changed))
    for words in (
        str(tmp_path),
        "2 missing (model.layers.4.self_attn.beacon_k_proj.weight, model.norm.weight)",
        "1 extra (model.layers.0.mlp.gate_proj.bias)",
        "1 misshapen (model.mm_projector.2.weight [48, 47] instead of [48, 48])",
    ):
        assert words in message


def test_what_nothing_depends_on_may_be_there_or_not(tmp_path, tensors):
    changed = dict(tensors)
    del changed["lm_head.weight"], changed[VISION + "post_layernorm.weight"]
    changed[VISION + "embeddings.position_ids"] = torch.arange(65)[None]
    rows = torch.zeros(2, 48, dtype=torch.bfloat16)
    changed["model.embed_tokens.weight"] = torch.cat([changed["model.embed_tokens.weight"], rows])
    assert VideoXLMemory.from_pretrained(write_video_xl(tmp_path, changed)).kv_dim == 24


def test_a_folder_without_the_tower_or_without_beacons_is_refused(tmp_path, tensors):
    without_tower = {name: value for name, value in tensors.items() if not name.startswith(VISION)}
    assert "lacks the vision tower" in load_error(write_video_xl(tmp_path / "tower", without_tower))
    without_beacons = {name: value for name, value in tensors.items() if "beacon" not in name}
    message = load_error(write_video_xl(tmp_path / "beacons", without_beacons))
    assert "61 missing" in message and "model.beacon_embed_tokens.weight" in message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"beacon_pos": "append"}, "beacon_pos 'append'"),
        ({"beacon_param": ["q", "k", "v", "o"]}, "beacon_param"),
        ({"beacon_stride": 32}, "beacon_window 64 and beacon_stride 32"),
        ({"beacon_sink_size": 1}, "beacon_sink_size 1"),
        ({"beacon_ratio": [2, 4]}, r"beacon_ratio \[2, 4\]"),
        ({"mm_vision_select_layer": None}, "lacks mm_vision_select_layer"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_other_variants_are_refused_and_the_selected_tower_layer_must_be_stated(folder, tmp_path, change, words):
    config = {name: value for name, value in (CONFIG | change).items() if value is not None or name == "rope_scaling"}
    for file in folder.iterdir():
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "config.json").unlink()
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match=words):
        VideoXLMemory.from_pretrained(tmp_path)


def test_a_missing_shard_and_a_torn_shard_are_named(tmp_path, tensors):
    write_video_xl(tmp_path, tensors)
    torn = tmp_path / "model-00002-of-00003.safetensors"
    torn.write_bytes(torn.read_bytes()[:-100])
    assert torn.name in load_error(tmp_path) and "download it again" in load_error(tmp_path)
    torn.unlink()
    assert "lacks model-00002-of-00003.safetensors" in load_error(tmp_path)


def test_an_index_that_disagrees_with_its_shards_is_refused(tmp_path, tensors):
    write_video_xl(tmp_path, tensors)
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text())
    index["weight_map"]["model.norm.weight"] = "model-00003-of-00003.safetensors"
    index["weight_map"]["model.beacon_embed_tokens.weight"] = "model-00003-of-00003.safetensors"
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    assert "disagree about" in load_error(tmp_path)


def test_a_vocabulary_without_the_prompt_is_said_so(tensors):
    small = dict(tensors) | {"model.embed_tokens.weight": torch.zeros(320, 48)}
    sizes = {"vision_hidden_size": 64, "vision_intermediate_size": 96, "vision_num_layers": 3, "image_size": 32}
    sizes |= {"vision_num_attention_heads": 1, "patch_size": 4, "hidden_size": 48, "intermediate_size": 64}
    model = VideoXLMemory(**sizes, num_layers=10, num_attention_heads=4, num_key_value_heads=2, beacon_window=64)
    with pytest.raises(InputError, match="prompt needs token 151645"):
        our_state_dict(model, small)
