"""VideoXLMemory against the published system's numbers."""

import fixture
import pytest
import torch

from longanimation.models import VideoXLMemory
from longanimation.weights.report import compare_keys
from longanimation.weights.video_xl import BEACON_RATIO, our_state_dict, published_shapes

FIXTURES = fixture.find("videoxl")
CASES = [pytest.param(f, case, id=f"{f}/{case['name']}") for f in FIXTURES for case in f.meta["cases"]]
each_fixture = pytest.mark.parametrize("reference", FIXTURES, ids=str)
each_case = pytest.mark.parametrize(("reference", "case"), CASES)
_models = {}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Layers this small run faster on one thread, many times so when the machine is busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def config_of(reference):
    meta = reference.meta
    vision, language = meta["config"]["vision"], meta["config"]["language"]
    beacon, multimodal = meta["config"]["beacon"], meta["config"]["multimodal"]
    assert BEACON_RATIO in beacon["beacon_ratio"]
    return dict(
        vision_hidden_size=vision["hidden_size"],
        vision_intermediate_size=vision["intermediate_size"],
        vision_num_layers=vision["num_hidden_layers"],
        vision_num_attention_heads=vision["num_attention_heads"],
        vision_select_layer=multimodal["mm_vision_select_layer"],
        vision_hidden_act=vision["hidden_act"],
        vision_layer_norm_eps=vision["layer_norm_eps"],
        image_size=vision["image_size"],
        patch_size=vision["patch_size"],
        pool=multimodal["mm_spatial_pool_stride"],
        hidden_size=language["hidden_size"],
        intermediate_size=language["intermediate_size"],
        num_layers=language["num_hidden_layers"],
        num_attention_heads=language["num_attention_heads"],
        num_key_value_heads=language["num_key_value_heads"],
        rms_norm_eps=language["rms_norm_eps"],
        rope_theta=language["rope_theta"],
        beacon_ratio=BEACON_RATIO if len(beacon["beacon_ratio"]) > 1 else beacon["beacon_ratio"][0],
        beacon_window=beacon["beacon_window"],
        memory_layers=meta["memory_layers"],
        prefix_ids=meta["prompt"]["prefix_ids"],
        suffix_ids=meta["prompt"]["suffix_ids"],
    )


def model_of(reference):
    """The model with the fixture's weights, built once."""
    if reference.name not in _models:
        model = VideoXLMemory(**config_of(reference)).eval().requires_grad_(False)
        recipe = reference.meta["weights"]["videoxl"]
        wanted = {name: tuple(entry["shape"]) for name, entry in recipe["keys"].items()}
        shapes = published_shapes(model.config, vocabulary=reference.meta["config"]["language"]["vocab_size"])
        compare_keys(shapes, wanted).raise_if_wrong("our table of published names")
        tensors = {}
        for name, shape in wanted.items():
            array = torch.from_numpy(fixture.drawn(name, shape, recipe["seed"], recipe["gain"]))
            assert [float(array.flatten()[0]), float(array.sum())] == pytest.approx(recipe["keys"][name]["probe"], 1e-9)
            tensors[name] = array.float()
        model.load_state_dict(our_state_dict(model, tensors), strict=True)
        _models[reference.name] = model
    return _models[reference.name]


def stored_frames(reference, tensor):
    """Which frames a tensor of the fixture is about: `frames all` or `frames [0, 9]` in its note."""
    note = reference.meta["tensor_notes"][tensor]
    if "frames all" in note:
        return list(range(len(reference["frames_uint8"])))
    return [int(number) for number in note[note.rindex("[") + 1 : note.rindex("]")].split(",")]


def frames_of(reference, case):
    first, end = case["frames"]
    return reference["frames_uint8"][first:end]


@each_fixture
def test_pixels_tower_and_visual_tokens_are_the_published_ones(reference):
    model, tolerance = model_of(reference), reference.meta["tolerance"]
    for name, compute in (
        ("pixel_values", lambda frames: model.pixel_values(frames)[0]),
        ("tower_features", lambda frames: model.vision.tower_features(model.pixel_values(frames)[0])),
        ("visual_tokens", lambda frames: model.features(frames)[0]),
    ):
        if name in reference.tensors:
            got = compute(reference["frames_uint8"][stored_frames(reference, name)])
            fixture.compare(f"{reference}/{name}", got, reference[name], tolerance[name])


@each_case
def test_the_memory_is_the_published_one(reference, case):
    model, frames = model_of(reference), frames_of(reference, case)
    memory = model.encode(frames)
    assert list(memory.shape) == case["memory_shape"]
    assert model.vectors(len(frames)) == case["memory_vectors"]
    name = f"{reference}/{case['memory_tensor']}"
    fixture.compare(name, memory, reference[case["memory_tensor"]], reference.meta["tolerance"]["memory"])
    all_layers = f"kv_all_layers_{case['name']}"
    if all_layers in reference.tensors:
        got = model.all_layers(model.append(model.start(), model.features(frames)))[:, :, 0]
        fixture.compare(f"{reference}/{all_layers}", got, reference[all_layers], reference.meta["tolerance"]["memory"])


@each_case
def test_appending_in_any_portions_gives_the_published_memory(reference, case):
    model = model_of(reference)
    features = model.features(frames_of(reference, case))
    tolerance = reference.meta["tolerance"]["memory"]
    for portions in ([1] * 100, [3, 7, 6, 5, 1, 11] * 10):
        if len(features[0]) > 30 and portions[0] == 1:
            continue  # dozens of steps say nothing new and take seconds
        state, start = model.start(), 0
        for portion in portions:
            part = features[:, start : start + portion]
            if part.shape[1]:
                state = model.append(state, part)
            start += portion
        name = f"{reference}/{case['memory_tensor']}, appended by {portions[0]}"
        fixture.compare(name, model.read(state), reference[case["memory_tensor"]], tolerance)


@each_case
def test_bfloat16_stays_near_the_published_memory(reference, case):
    """bf16 keeps 8 bits: a dozen layers of rounding stay within 2 % of the memory's spread on average."""
    model = VideoXLMemory(**config_of(reference)).eval().requires_grad_(False)
    model.load_state_dict(model_of(reference).state_dict())
    if len(frames_of(reference, case)) > 30:
        pytest.skip("the shorter clips of the fixture say the same")
    want = reference[case["memory_tensor"]]
    got = model.to(torch.bfloat16).encode(frames_of(reference, case))
    assert got.dtype == torch.bfloat16
    gap = (got.float() - want).abs()
    assert gap.mean() < 0.02 * want.std() and gap.max() < 0.4 * want.std()
