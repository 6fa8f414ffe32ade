"""The published way to cut a shot, which loses frames; kept for comparison."""

import fixture
import pytest

from longanimation.pipeline.published_segments import published_segments


@pytest.mark.parametrize("table", fixture.find("segments"), ids=str)
def test_published_segment_limits(table):
    for row in table.meta["rows"]:
        segments, kept = published_segments(row["total_frames"], table.meta["segment_length"], table.meta["overlap"])
        assert [list(part) for part in segments] == row["segments"]
        assert [list(part) for part in kept] == row["kept_source_ranges"]
        assert sum(stop - start for start, stop in kept) == row["frames_written"]
