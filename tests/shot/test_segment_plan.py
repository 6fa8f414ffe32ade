import json
from pathlib import Path

import pytest

from longanimation.errors import InputError
from longanimation.shot import plan_segments

COUNTS = sorted({*range(1, 401), 500, 10_000})
WINDOWS = [(81, 16), (81, 0), (8, 0), (1, 0), (5, 4), (9, 3)]
PARITY = Path(__file__).parents[1] / "parity" / "fixtures" / "segments.json"


@pytest.mark.parametrize("window,overlap", WINDOWS)
def test_every_frame_lies_in_exactly_one_kept_range_in_order(window, overlap):
    for total in COUNTS:
        kept = [i for s in plan_segments(total, window, overlap) for i in range(s.keep_start, s.keep_stop)]
        assert kept == list(range(total)), total


@pytest.mark.parametrize("window,overlap", WINDOWS)
def test_every_window_is_full_sees_what_it_keeps_and_keeps_something(window, overlap):
    for total in COUNTS:
        for k, segment in enumerate(plan_segments(total, window, overlap)):
            assert segment.index == k
            assert len(segment.indices) == window
            assert segment.start <= segment.keep_start < segment.keep_stop <= segment.stop <= total
            assert segment.indices[: segment.stop - segment.start] == tuple(range(segment.start, segment.stop))
            assert set(segment.indices[segment.stop - segment.start :]) <= {total - 1}


def test_neighbouring_windows_share_exactly_the_overlap():
    for total in COUNTS:
        segments = plan_segments(total)
        for before, after in zip(segments, segments[1:], strict=False):
            assert after.start == before.start + 65
            assert set(before.indices[-16:]) >= set(range(after.start, min(after.start + 16, total)))


@pytest.mark.parametrize(
    "total,segments",
    [(1, 1), (7, 1), (14, 1), (60, 1), (80, 1), (81, 1), (82, 2), (145, 2), (146, 2), (147, 3), (500, 8)],
)
def test_number_of_segments(total, segments):
    assert len(plan_segments(total)) == segments


def test_inner_joins_are_those_of_the_published_program():
    for row in json.loads(PARITY.read_text())["rows"]:
        ours = plan_segments(row["total_frames"])
        for segment, (start, stop), (keep_start, keep_stop) in zip(
            ours, row["segments"], row["kept_source_ranges"], strict=False
        ):
            assert (segment.start, segment.stop) == (start, stop)
            if segment.index > 0:
                assert segment.keep_start == keep_start
            if segment.index < len(ours) - 1:
                assert segment.keep_stop == keep_stop


@pytest.mark.parametrize("arguments", [(0,), (-3,), (10, 0, 0), (10, 16, 16), (10, 8, -1), (10, 4, 9)])
def test_nonsense_is_refused(arguments):
    with pytest.raises(InputError):
        plan_segments(*arguments)
