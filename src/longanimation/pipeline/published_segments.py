"""How the published inference cuts a shot, for comparison. `shot.plan_segments` is what is used."""

from __future__ import annotations


def published_segments(
    total_frames: int, window: int = 81, overlap: int = 16
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Segments and the ranges of source frames that reach its output, both half open.

    Frames in front of the first range and behind the last one are lost there, and so is every shot under `window`
    frames. The first segment drops its first frame; of every segment half of the overlap is cut off at the joints.
    """
    segments: list[tuple[int, int]] = []
    start = 0
    while start + window <= total_frames:
        segments.append((start, start + window))
        start += window - overlap
    cut = overlap // 2
    kept = [(start + (1 if index == 0 else cut), end - cut) for index, (start, end) in enumerate(segments)]
    return segments, kept
