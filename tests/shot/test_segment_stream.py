import numpy as np
import pytest
from running_mix import RunningMix
from tiny_shots import drawing

from longanimation.media import from_arrays
from longanimation.shot.drawings import AHEAD, read_drawings
from longanimation.shot.identical import DrawingsSeen
from longanimation.shot.references import read_references
from longanimation.shot.stream import colour_segments, plan_for

RED = np.full((8, 8, 3), (250, 10, 10), np.uint8)


def run(model, frames):
    """All coloured frames as (index, pixels or None, repeated frame)."""
    sequence = from_arrays(frames)
    state = model.begin(read_references([RED], sequence, mode="drawn"), size=frames[0].shape[:2], prompt="", seed=0)
    seen = DrawingsSeen()
    results = colour_segments(
        model, state, plan_for(model, len(frames)), read_drawings(sequence, 0, mode="drawn", known=seen), seen
    )
    return [(item.index, item.frame, item.same_as) for result in results for item in result.frames]


@pytest.mark.parametrize("window,overlap", [(5, 2), (9, 4), (4, 0), (1, 0)])
@pytest.mark.parametrize("count", [1, 4, 5, 6, 23])
def test_frames_come_out_in_order_and_as_many_as_went_in(count, window, overlap):
    result = run(RunningMix(window, overlap, reuse_identical=False), [drawing(k) for k in range(count)])
    assert [index for index, _, _ in result] == list(range(count))
    assert all(frame.shape == (24, 32, 3) for _, frame, _ in result)


def test_a_model_that_does_not_reuse_sees_full_windows_with_the_end_held():
    model = RunningMix(5, 2, reuse_identical=False)
    run(model, [drawing(k) for k in range(7)])
    assert model.calls == [(0, 1, 2, 3, 4), (3, 4, 5, 6, 6)]


def test_identical_drawings_are_coloured_once_within_and_across_windows():
    model = RunningMix(4)
    shown = [0, 0, 1, 1, 1, 2, 0, 2, 2]
    result = run(model, [drawing(k) for k in shown])
    assert model.calls == [(0, 2), (5,)]
    assert [same for _, _, same in result] == [None, 0, None, 2, 2, None, 0, 5, 5]


def test_an_old_drawing_is_coloured_anew_once_the_map_of_drawings_is_full():
    seen = DrawingsSeen(limit=2)
    for frame, name in enumerate("abc"):
        seen.add(name, frame)
    assert seen.find("a") is None and seen.find("b") == 1 and seen.frames() == {1, 2}


def test_reading_never_runs_far_ahead_of_what_is_asked_for():
    asked = []

    class Counting:
        def __len__(self):
            return 100

        def __getitem__(self, index):
            asked.append(index)
            return drawing(index)

    drawings = read_drawings(Counting(), 10, mode="drawn")
    assert [next(drawings).index for _ in range(3)] == [10, 11, 12]
    drawings.close()
    assert asked[0] == 10 and len(asked) <= 3 + AHEAD + 1


def test_a_model_that_overlaps_and_reuses_is_refused():
    with pytest.raises(ValueError, match="overlap"):
        plan_for(RunningMix(5, 2, reuse_identical=True), 10)


def test_a_model_that_returns_too_few_frames_is_our_bug_not_a_short_result():
    class Lazy(RunningMix):
        def colour(self, drawings, state, *, segment):
            frames, state = super().colour(drawings, state, segment=segment)
            return frames[:-1], state

    with pytest.raises(RuntimeError, match="4 frames for 5 drawings"):
        run(Lazy(5), [drawing(k) for k in range(7)])
