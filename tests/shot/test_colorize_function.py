import numpy as np
import pytest
from running_mix import RunningMix
from tiny_shots import drawing, make_reference, make_shot, opened

import longanimation
from longanimation.errors import InputError
from longanimation.media import read_image
from longanimation.shot import ShotSettings, run_shot

RED = np.full((24, 32, 3), (250, 10, 10), np.uint8)


@pytest.mark.parametrize("count", [1, 7, 14])
def test_arrays_in_arrays_out(count):
    frames = list(longanimation.colorize([drawing(k) for k in range(count)], RED, model=RunningMix()))
    assert len(frames) == count
    assert all(frame.shape == (24, 32, 3) and frame.dtype == np.uint8 for frame in frames)


def test_every_kind_of_input_gives_the_frames_that_the_command_writes(tmp_path):
    shot, reference = make_shot(tmp_path / "in", 17, hold=2), make_reference(tmp_path / "ref.png")
    run_shot(*opened(shot, reference), RunningMix(4), tmp_path / "out", ShotSettings("drawn"))
    written = [read_image(path) for path in sorted((tmp_path / "out").glob("*.png"))]
    paths = sorted(shot.glob("*.png"))
    arrays = [read_image(path) for path in paths]
    for lines in (shot, str(shot), paths, arrays, np.stack(arrays)):
        frames = list(longanimation.colorize(lines, [reference], model=RunningMix(4), lines_mode="drawn"))
        assert np.array_equal(frames, written)


def test_a_frame_is_yielded_before_the_next_window_is_coloured():
    model = RunningMix(3)
    frames = longanimation.colorize([drawing(k) for k in range(9)], RED, model=model)
    next(frames)
    assert model.calls == [(0, 1, 2)]
    frames.close()


def test_drawing_on_a_yielded_frame_does_not_change_its_repetition():
    shown = [drawing(0), drawing(1), drawing(0)]
    untouched = list(longanimation.colorize(shown, RED, model=RunningMix()))
    frames = []
    for frame in longanimation.colorize(shown, RED, model=RunningMix()):
        frames.append(frame.copy())
        frame[:] = 0
    assert np.array_equal(frames, untouched)


def test_the_same_file_may_come_twice(tmp_path):
    paths = sorted(make_shot(tmp_path / "in", 2).glob("*.png"))
    frames = list(longanimation.colorize([paths[0], paths[1], paths[0]], RED, model=RunningMix()))
    assert np.array_equal(frames[0], frames[2]) and not np.array_equal(frames[0], frames[1])


@pytest.mark.parametrize(
    "options,message",
    [
        (dict(lines=[]), "no frames"),
        (dict(lines="nowhere"), "not found"),
        (dict(references=[]), "no reference"),
        (dict(references="gone.png"), "not found"),
        (dict(finish="shiny"), "finish must be one of"),
        (dict(lines_mode="guess"), "lines_mode must be one of"),
        (dict(model="maxi"), "unknown model"),
    ],
)
def test_what_cannot_be_used_is_refused_at_the_call(options, message):
    with pytest.raises(InputError, match=message):
        longanimation.colorize(**{"lines": [drawing(0)], "references": RED, "model": RunningMix(), **options})
