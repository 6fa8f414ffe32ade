"""The long-video memory extractor: what its memory depends on, how it grows, gradients, size."""

import numpy as np
import pytest
import torch

from longanimation.errors import InputError
from longanimation.models import VideoXLHistory, VideoXLMemory
from longanimation.models.video_xl_history import selected_frames
from longanimation.models.video_xl_pixels import differentiable_pixel_values, exact_pixel_values
from longanimation.weights.video_xl import published_shapes

TINY = dict(
    vision_hidden_size=32,
    vision_intermediate_size=48,
    vision_num_layers=3,
    vision_num_attention_heads=2,
    image_size=16,
    patch_size=2,
    hidden_size=32,
    intermediate_size=48,
    num_layers=5,
    num_attention_heads=4,
    num_key_value_heads=2,
    beacon_window=48,  # three frames of 16 tokens
    memory_layers=[-3, -2],
    prefix_ids=[1, 2, 3],
    suffix_ids=[4, 5],
)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def tiny(**changes):
    torch.manual_seed(0)
    model = VideoXLMemory(**(TINY | changes)).eval()
    torch.nn.init.normal_(model.language.prompt_embedding)
    torch.nn.init.normal_(model.language.beacon_embedding)
    return model


@pytest.fixture(scope="module")
def model():
    return tiny()


def clip(frames, height=20, width=36, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


def shapes_sum(shapes):
    return sum(int(np.prod(shape)) for shape in shapes.values())


def test_the_published_size_has_the_published_parameter_counts():
    with torch.device("meta"):
        model = VideoXLMemory()
    published = published_shapes(model.config)
    assert len(published) == 903
    assert shapes_sum(published) == 8_398_200_832
    part = {
        "beacons": lambda n: "beacon" in n,
        "tower": lambda n: "vision_tower" in n,
        "projector": lambda n: "mm_projector" in n,
        "layers": lambda n: n.startswith(("model.layers", "model.norm")) and "beacon" not in n,
    }
    counts = {label: shapes_sum({n: s for n, s in published.items() if has(n)}) for label, has in part.items()}
    assert counts == {
        "beacons": 462_554_624,
        "tower": 303_507_456,
        "projector": 16_522_240,
        "layers": 6_525_621_760,
    }
    have = sum(value.numel() for value in model.parameters())
    dropped = {
        "rows of the vocabulary that the prompt does not use": (152064 - 30) * 3584,
        "LM head": 544_997_376,
        "final norm": 3584,
        "deepest layer but its input norm, keys and values": 2 * (3584**2 + 3584) + 3584**2 + 3 * 3584 * 18944 + 3584,
        "last tower block and the norm behind it": 4 * (1024**2 + 1024) + 2 * 4096 * 1024 + 5120 + 4096 + 2048,
    }
    assert have == 8_398_200_832 - sum(dropped.values())
    assert [model.vectors(f) for f in (20, 72, 81, 650)] == [390, 1326, 1488, 11730]
    assert model.kv_dim == 512 and model.read_layers == [19, 23, 27]


def test_layers_above_the_deepest_one_read_do_not_exist(model):
    assert len(model.language.layers) == 4  # -2 of 5 layers is layer 3
    assert not hasattr(model.language.layers[-1], "mlp")
    assert len(model.vision.encoder.layers) == 2  # hidden state -2 of a tower of 3 blocks


def test_prefix_vectors_are_the_same_for_any_video_and_beacons_do_not_see_later_frames(model):
    long, other = clip(7), clip(7, seed=1)
    memory, shorter, different = (model.encode(frames) for frames in (long, long[:4], other))
    assert memory.shape == (1, 2, 2, 3 + 14 + 2, 16)
    assert torch.equal(memory[..., :3, :], different[..., :3, :])
    assert torch.allclose(memory[..., : 3 + 8, :], shorter[..., : 3 + 8, :], atol=1e-5)
    assert not torch.allclose(memory[..., 3:11, :], different[..., 3:11, :], atol=1e-2)
    assert not torch.allclose(memory[..., -2:, :], shorter[..., -2:, :], atol=1e-2)  # the suffix sees everything


def test_beacons_do_not_depend_on_the_question(model):
    asked = tiny(suffix_ids=[7, 8])
    asked.load_state_dict(model.state_dict())
    with torch.no_grad():
        asked.language.prompt_embedding[3:] += 1
    one, two = model.encode(clip(4)), asked.encode(clip(4))
    assert torch.equal(one[..., :-2, :], two[..., :-2, :]) and not torch.allclose(one[..., -2:, :], two[..., -2:, :])


@pytest.mark.parametrize("image_size", [16, 12], ids=["tokens fill beacons", "beacons span frames"])
@pytest.mark.parametrize("portions", [[1] * 8, [2, 3, 3], [7, 1], [3, 3, 2], [8]], ids=str)
def test_a_growing_history_reads_the_same_as_the_whole_clip(portions, image_size):
    model = tiny(image_size=image_size, beacon_window=48)
    frames = clip(8)
    history, end = VideoXLHistory(model, local_frames=2), 0
    for portion in portions:
        history.append(frames[end : end + portion])
        end += portion
        global_memory, local_memory = history.read()
        assert torch.allclose(global_memory, model.encode(frames[:end]), atol=1e-5)
        assert torch.allclose(local_memory, model.encode(frames[max(0, end - 2) : end]), atol=1e-5)


def test_a_history_saved_and_loaded_continues_with_the_same_bytes(model):
    frames = clip(9)
    history = VideoXLHistory(model, local_frames=3)
    history.append(frames[:5])
    saved = history.state_dict()
    history.append(frames[5:])
    again = VideoXLHistory(model, local_frames=3)
    again.load_state_dict(saved)
    again.append(frames[5:])
    assert all(torch.equal(one, two) for one, two in zip(history.read(), again.read(), strict=True))


def test_beyond_the_limit_the_history_is_thinned_as_published(model):
    frames = clip(11)
    history = VideoXLHistory(model, global_frames=6, local_frames=3)
    for start in (0, 4, 8):
        history.append(frames[start : start + 4])
    chosen = [0, 2, 4, 6, 8, 10]
    assert selected_frames(11, 6) == chosen and selected_frames(6, 6) == list(range(6))
    global_memory, local_memory = history.read()
    assert torch.allclose(global_memory, model.encode(frames[chosen]), atol=1e-5)
    assert torch.allclose(local_memory, model.encode(frames[-3:]), atol=1e-5)
    history.recent = "selection"
    assert torch.allclose(history.read()[1], model.encode(frames[[6, 8, 10]]), atol=1e-5)


def test_the_published_thinning_agrees_in_ten_entries_after_the_cap():
    first, second = selected_frames(657), selected_frames(722)
    assert len(first) == len(second) == 650 and first[-1] == 656
    assert sum(a == b for a, b in zip(first, second, strict=True)) == 10


def test_the_chunk_size_of_the_tower_changes_nothing(model):
    frames = clip(5)
    whole = model.features(frames)
    model.tower_chunk = 2
    try:
        assert torch.allclose(model.features(frames), whole, atol=1e-6)
    finally:
        model.tower_chunk = 16


def test_gradients_reach_the_pixels_through_features_and_memory(model):
    frames = torch.rand(2, 3, 3, 20, 36, requires_grad=True)
    features = model.features(frames)
    assert features.shape == (2, 3, 16, 32)
    (on_features,) = torch.autograd.grad(features.square().mean(), frames)
    memory = model(frames)
    assert memory.shape == (2, 2, 2, model.vectors(3), 16)
    (on_memory,) = torch.autograd.grad(memory.square().mean(), frames)
    for gradient in (on_features, on_memory):
        middle = gradient[..., 9:27]  # what the centre crop of 20 x 36 keeps
        assert torch.isfinite(gradient).all() and (middle.abs().amax((2, 3, 4)) > 0).all()
    assert on_features[..., :4].abs().max() == 0  # cut off by the centre crop
    assert not model.encode(frames).requires_grad


def test_a_batch_is_its_clips_one_by_one(model):
    frames = torch.rand(2, 4, 3, 20, 36)
    with torch.no_grad():
        together = model(frames)
        assert torch.allclose(together[1:], model(frames[1:]), atol=1e-5)


def test_gradient_checkpointing_gives_the_same_gradients():
    frames = torch.rand(1, 4, 3, 16, 16, requires_grad=True)
    gradients = []
    for checkpointing in (False, True):
        model = tiny().train()
        if checkpointing:
            model.enable_gradient_checkpointing()
        model(frames).square().mean().backward()
        gradients.append([frames.grad.clone(), model.language.layers[0].mlp.up_proj.weight.grad])
        frames.grad = None
    for plain, saved in zip(*gradients, strict=True):
        assert torch.allclose(plain, saved, atol=1e-6) and plain.abs().max() > 0


@pytest.mark.parametrize("size", [(768, 1360), (200, 150), (336, 336), (100, 90)], ids=str)
@pytest.mark.parametrize("fit", ["crop", "stretch"])
def test_the_differentiable_resize_follows_the_published_one(size, fit):
    ramp = np.add.outer(np.arange(size[0]) * 3, np.arange(size[1]) * 2) % 256
    frame = np.stack([ramp, ramp[::-1], np.full(size, 90)], -1).astype(np.uint8)
    exact = exact_pixel_values([frame], 336, fit)
    smooth = differentiable_pixel_values(torch.from_numpy(frame).permute(2, 0, 1)[None] / 255, 336, fit)
    gap = (exact - smooth).abs() * torch.tensor([0.2686, 0.2613, 0.2758]).view(3, 1, 1) * 255
    assert exact.shape == smooth.shape == (1, 3, 336, 336)
    assert gap.max() < 1.6 and gap.mean() < 0.5  # in 8-bit steps: Pillow rounds after each of its two passes


def test_stretch_shows_what_crop_hides(model):
    frame = clip(1, 20, 60)
    edge = frame.copy()
    edge[:, :, :15] = 0
    assert torch.equal(model.encode(frame), model.encode(edge))
    whole = tiny(frame_fit="stretch")
    assert not torch.allclose(whole.encode(frame), whole.encode(edge), atol=1e-3)


def test_bad_frames_are_named_in_one_line(model):
    for frames, words in (
        (clip(0), "at least one frame"),
        (clip(2)[..., :2], r"frame 0 is uint8 \[20, 36, 2\]"),
        (clip(2).astype(np.float32), "frame 0 is float32"),
        (torch.rand(2, 20, 36, 3), r"float frames are \[2, 20, 36, 3\]"),
    ):
        with pytest.raises(InputError, match=words):
            model.encode(frames)
    with pytest.raises(InputError, match="at least one frame"):
        VideoXLHistory(model).read()


def test_our_own_layout_is_saved_and_loaded(tmp_path, model):
    model.save_pretrained(tmp_path)
    again = VideoXLMemory.from_pretrained(tmp_path)
    assert again.state_dict().keys() == model.state_dict().keys()
    assert torch.equal(again.encode(clip(2)), model.encode(clip(2)))
    half = VideoXLMemory.from_pretrained(tmp_path, torch_dtype=torch.bfloat16, frame_fit="stretch")
    assert half.dtype == torch.bfloat16 and half.config.frame_fit == "stretch"


def test_offloading_and_eight_bit_storage_of_diffusers_work(model):
    frames = clip(4)
    want = model.encode(frames)
    offloaded = tiny()
    offloaded.enable_group_offload(onload_device=torch.device("cpu"), offload_type="leaf_level")
    assert torch.equal(offloaded.encode(frames), want)
    stored = tiny()
    stored.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=torch.float32)
    assert stored.language.layers[0].mlp.up_proj.weight.dtype == torch.float8_e4m3fn
    assert 0 < (stored.encode(frames) - want).abs().mean() < 0.1 * want.std()
