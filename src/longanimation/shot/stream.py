"""The loop over windows: drawings in order in, coloured frames in order out, one window in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from longanimation.shot.drawings import SourceDrawing
from longanimation.shot.identical import DrawingsSeen
from longanimation.shot.plan import Segment, plan_segments
from longanimation.shot.window import State, WindowModel


@dataclass(frozen=True)
class ColouredFrame:
    """A finished frame: its pixels (uint8 [H, W, 3]), or the earlier frame that it repeats."""

    index: int
    frame: np.ndarray | None = None
    same_as: int | None = None


@dataclass(frozen=True)
class ColouredSegment:
    """The kept frames of a segment in order, and the model's state after it."""

    segment: Segment
    frames: list[ColouredFrame]
    state: State


def plan_for(model: WindowModel, total_frames: int) -> list[Segment]:
    """The segments of a shot for this model."""
    if model.reuse_identical and model.overlap:
        raise ValueError(f"{type(model).__name__} reuses identical drawings and so cannot overlap its windows")
    return plan_segments(total_frames, model.window, model.overlap)


def colour_segments(
    model: WindowModel, state: State, segments: list[Segment], drawings: Iterator[SourceDrawing], seen: DrawingsSeen
) -> Iterator[ColouredSegment]:
    """Colour `segments` one after the other.

    drawings: from frame `segments[0].start` on. seen: filled as drawings are coloured, if the model reuses them.
    """
    colour = _colour_new if model.reuse_identical else _colour_all
    sight: deque[SourceDrawing] = deque()
    for segment in segments:
        while sight and sight[0].index < segment.start:
            sight.popleft()
        held = sight[-1].index + 1 if sight else segment.start
        for index in range(held, segment.stop):
            item = next(drawings)
            if item.index != index:
                raise ValueError(f"expected drawing {index}, got {item.index}")
            sight.append(item)
        frames, state = colour(model, state, segment, list(sight), seen)
        yield ColouredSegment(segment, frames, state)


def _colour_all(model, state, segment, sight, seen):
    drawings = [sight[index - segment.start].drawing for index in segment.indices]
    frames, state = model.colour(drawings, state, segment=segment)
    _check(model, frames, drawings)
    kept = range(segment.keep_start, segment.keep_stop)
    return [ColouredFrame(index, frames[index - segment.start]) for index in kept], state


def _colour_new(model, state, segment, sight, seen):
    first_shown: dict[str, int] = {}
    for item in sight:
        if item.name not in seen:
            first_shown.setdefault(item.name, item.index)
    fresh = [item for item in sight if first_shown.get(item.name) == item.index]
    coloured = {}
    if fresh:
        drawings = [item.drawing for item in fresh]
        fresh_segment = replace(segment, indices=tuple(item.index for item in fresh))
        frames, state = model.colour(drawings, state, segment=fresh_segment)
        _check(model, frames, drawings)
        coloured = {item.index: frame for item, frame in zip(fresh, frames, strict=True)}
    result = []
    for item in sight:
        if item.index in coloured:
            result.append(ColouredFrame(item.index, coloured[item.index]))
        else:
            earlier = first_shown.get(item.name)
            result.append(ColouredFrame(item.index, same_as=seen.find(item.name) if earlier is None else earlier))
    for item in fresh:
        seen.add(item.name, item.index)
    return result, state


def _check(model, frames, drawings):
    """A model that breaks its contract is our bug: say so before anything is written."""
    if len(frames) != len(drawings):
        raise RuntimeError(f"{type(model).__name__} returned {len(frames)} frames for {len(drawings)} drawings")
    for frame, drawing in zip(frames, drawings, strict=True):
        wanted = (*drawing.lines.shape, 3)
        if frame.dtype != np.uint8 or frame.shape != wanted:
            raise RuntimeError(f"{type(model).__name__} returned {frame.dtype} {frame.shape}, wanted uint8 {wanted}")
