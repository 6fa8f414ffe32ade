"""The whole model with random weights: one window, whole shots, interruptions."""

import numpy as np
import pytest
import torch

import longanimation
from longanimation.cel import extract_palette
from longanimation.errors import InputError
from longanimation.lines import LineDrawing
from longanimation.media import from_arrays
from longanimation.pipeline import DiffusionWindow, LongAnimationPipeline, SegmentSettings, WindowSettings
from longanimation.pipeline.diffusion_window import flat_regions, nearest_reference
from longanimation.shot.plan import plan_segments
from longanimation.shot.runner import ShotSettings, run_shot
from longanimation.shot.window import Reference

SIZE = (44, 60)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def pipeline():
    return LongAnimationPipeline.from_pretrained("tiny")


def drawing(index: int, size=SIZE) -> np.ndarray:
    """A box that walks to the right."""
    lines = np.full(size, 255, np.uint8)
    left = 4 + index % 30
    lines[10:31, [left, left + 20]] = 0
    lines[[10, 30], left : left + 21] = 0
    return lines


def line_drawing(index: int) -> LineDrawing:
    lines = drawing(index)
    ink = np.zeros((*SIZE, 4), np.uint8)
    ink[..., 3] = 255 - lines
    return LineDrawing(lines, np.zeros(SIZE, bool), ink)


def reference(color=(200, 40, 90), frame=None) -> Reference:
    image = np.full((*SIZE, 3), 255, np.uint8)
    image[11:30, 5:24] = color
    return Reference(image, line_drawing(0), frame, "key.png")


LINES = [drawing(index) for index in range(17)]


def window(pipeline, **changes):
    arguments = {"lines": LINES, "reference": reference().image, "reference_lines": LINES[0], "prompt": "sea"}
    return pipeline(**{**arguments, **changes})


@pytest.fixture(scope="module")
def plain(pipeline):
    return window(pipeline)


def test_one_window_gives_a_frame_for_every_drawing(pipeline, plain):
    assert plain.frames.shape == (17, *SIZE, 3) and plain.frames.dtype == np.uint8
    assert plain.latents.shape == (1, 6, 4, 6, 8)
    again = window(LongAnimationPipeline.from_pretrained("tiny"))
    assert np.array_equal(plain.frames, again.frames), "same seed, same machine: same bytes"


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"prompt": "forest"},
        {"reference": reference((10, 200, 30)).image},
        {"lines": LINES[::-1]},
        {"reference_lines": np.full(SIZE, 255, np.uint8)},
    ],
    ids=["seed", "prompt", "reference", "lines", "reference lines"],
)
def test_every_input_takes_part(pipeline, plain, change):
    assert not np.array_equal(window(pipeline, **change).frames, plain.frames)


def test_memory_and_fusion_reach_the_next_window(pipeline, plain):
    history = pipeline.new_history()
    history.append(plain.frames)
    remembered = window(pipeline, history=history)
    fused = window(pipeline, previous_tail=plain.tail)
    assert not torch.equal(remembered.latents, plain.latents)
    moved = (fused.latents - plain.latents).abs().mean((0, 2, 3, 4))
    assert moved[2:4].min() > 0 and remembered.frames.shape == fused.frames.shape
    assert moved[2:4].mean() > 3 * moved[[0, 1, 4, 5]].mean(), "the blend belongs to the frames of the overlap"


def test_fewer_drawings_than_a_window_hold_the_last_one(pipeline):
    few = window(pipeline, lines=LINES[:3])
    assert few.frames.shape == (3, *SIZE, 3)
    held = window(pipeline, lines=LINES[:3] + [LINES[2]] * 14)
    assert np.array_equal(held.frames[:3], few.frames)
    with pytest.raises(InputError, match="1 to 17 drawings"):
        window(pipeline, lines=[])


def test_a_saved_pipeline_loads_with_its_settings_and_gives_the_same_bytes(pipeline, plain, tmp_path):
    pipeline.save_pretrained(tmp_path / "model")
    again, more = (longanimation.LongAnimationPipeline.from_pretrained(tmp_path / "model") for _ in range(2))
    assert again.settings == pipeline.settings
    frames = window(again).frames
    assert np.array_equal(frames, window(more).frames)
    # Weights read from a file lie elsewhere in memory than those made here; some CPUs then round otherwise.
    assert np.abs(frames.astype(int) - plain.frames).max() <= 1
    paper = LongAnimationPipeline.from_pretrained(tmp_path / "model", compat="paper")
    assert paper.settings == WindowSettings.published()


def test_wrong_names_are_refused(tmp_path):
    with pytest.raises(InputError, match="only 'paper'"):
        LongAnimationPipeline.from_pretrained("tiny", compat="papre")
    with pytest.raises(InputError):
        LongAnimationPipeline.from_pretrained(tmp_path)
    with pytest.raises(InputError, match="finish must be one of"):
        DiffusionWindow(None, finish="matte")


def test_controls_computed_ahead_give_the_same_bytes(pipeline, plain):
    other = LongAnimationPipeline(**pipeline.components, settings=pipeline.settings)
    loop = SegmentSettings(**{**vars(pipeline.settings.denoising), "control_ahead": True})
    other.settings = WindowSettings(**{**vars(pipeline.settings), "denoising": loop})
    assert torch.equal(window(other).latents, plain.latents)


def test_decoding_falls_back_to_tiles_when_memory_runs_out(plain):
    pipeline = LongAnimationPipeline.from_pretrained("tiny")
    vae, decode = pipeline.vae, pipeline.vae.decode

    def fails_in_one_piece(latents):
        if not vae.use_tiling:
            raise torch.OutOfMemoryError
        return decode(latents)

    vae.decode = fails_in_one_piece
    frames = pipeline.decode(plain.latents)
    assert frames.shape == (17, 48, 64, 3) and not vae.use_tiling


@pytest.mark.parametrize("frames", [1, 9, 20])
def test_a_shot_of_any_length_keeps_all_frames_and_the_line_on_top(pipeline, frames):
    drawings = [drawing(index) for index in range(frames)]
    key = (reference().image, 0)
    result = list(longanimation.colorize(drawings, key, "sea", model=DiffusionWindow(pipeline), lines_mode="drawn"))
    assert len(result) == frames
    for lines, frame in zip(drawings, result, strict=True):
        assert frame.shape == (*SIZE, 3)
        assert (frame[lines == 0] == 0).all(), "the artist's line must stay on top"


def test_paper_compatibility_runs_a_shot_with_the_line_network():
    pipeline = LongAnimationPipeline.from_pretrained("tiny", compat="paper")
    calls = []
    pipeline.line_network.register_forward_hook(lambda *_: calls.append(1))
    drawings = [drawing(index) for index in range(18)]
    result = longanimation.colorize(
        drawings, (reference().image, 0), "sea", model=DiffusionWindow(pipeline), lines_mode="drawn"
    )
    assert len(list(result)) == 18 and calls


def shot(pipeline, output, **options):
    model = DiffusionWindow(pipeline)
    sequence = from_arrays([drawing(index) for index in range(20)])
    report = run_shot(sequence, [reference(frame=0)], model, output, ShotSettings("drawn", "sea", 3), **options)
    return report, {path.name: path.read_bytes() for path in sorted(output.glob("*.png"))}


@pytest.fixture(scope="module")
def uninterrupted(pipeline, tmp_path_factory):
    return shot(pipeline, tmp_path_factory.mktemp("shot") / "out")[1]


class OutOfMemory(Exception):
    pass


@pytest.mark.parametrize("stage", ["decode", "denoise"])
def test_a_stopped_shot_goes_on_to_the_same_bytes(pipeline, uninterrupted, tmp_path, stage):
    """Stopped in the second window: while decoding (its latents are on disk) or while denoising."""
    broken = LongAnimationPipeline(**pipeline.components, settings=pipeline.settings)
    calls, work = [], getattr(broken, stage)

    def fails_the_second_time(*arguments, **options):
        calls.append(1)
        if len(calls) == 2:
            raise OutOfMemory
        return work(*arguments, **options)

    object.__setattr__(broken, stage, fails_the_second_time)
    with pytest.raises(OutOfMemory):
        shot(broken, tmp_path / "out")

    steps = []
    hook = pipeline.transformer.register_forward_hook(lambda *_: steps.append(1))
    try:
        report, files = shot(pipeline, tmp_path / "out", resume=True)
    finally:
        hook.remove()
    assert 0 < report.resumed_from < 20
    assert files == uninterrupted and len(files) == 20
    assert len(steps) == (0 if stage == "decode" else pipeline.settings.denoising.steps)


def test_state_survives_a_checkpoint_to_the_last_bit(pipeline):
    model = DiffusionWindow(pipeline)
    state = model.begin([reference(frame=0)], size=SIZE, prompt="sea", seed=3)
    segments = plan_segments(30, model.window, model.overlap)
    drawings = [[line_drawing(index) for index in segment.indices] for segment in segments]
    for segment, these in zip(segments[:2], drawings, strict=False):
        _, state = model.colour(these, state, segment=segment)
    tensors = model.state_to_tensors(state)
    assert sum(value.nbytes for value in tensors.values()) < 200_000
    expected, _ = model.colour(drawings[2], state, segment=segments[2])
    other = DiffusionWindow(pipeline)
    other.begin([reference(frame=0)], size=SIZE, prompt="sea", seed=3)
    got, _ = other.colour(drawings[2], other.state_from_tensors(tensors), segment=segments[2])
    assert all(np.array_equal(a, b) for a, b in zip(expected, got, strict=True))


def test_the_fingerprint_tells_weights_and_settings_apart(pipeline):
    same = DiffusionWindow(LongAnimationPipeline.from_pretrained("tiny")).fingerprint()
    assert same == DiffusionWindow(pipeline).fingerprint()
    other = LongAnimationPipeline.from_pretrained("tiny")
    with torch.no_grad():
        other.memory.proj_out[0, 0] += 1
    assert DiffusionWindow(other).fingerprint()["weights"] != same["weights"]


def test_the_nearest_key_frame_is_the_reference():
    keys = [reference(frame=0), reference(frame=100)]
    segments = plan_segments(150, 17, 9)
    assert [nearest_reference(keys, segment).frame for segment in (segments[0], segments[-1])] == [0, 100]
    sheets = [reference(), reference()]
    assert nearest_reference(sheets, segments[3]) is sheets[0]


def test_the_cel_finish_paints_every_closed_region_in_one_reference_colour():
    key = reference()
    palette = extract_palette([key.image], [key.drawing.lines])
    noisy = key.image.astype(int) + np.random.default_rng(0).integers(-25, 26, key.image.shape)
    flat = flat_regions(noisy.clip(0, 255).astype(np.uint8), key.drawing.lines, palette)
    assert (flat[12:29, 6:23] == (200, 40, 90)).all() and (flat[:9] == 255).all()
