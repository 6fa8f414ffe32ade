"""What the memory has to beat: copying the reference, and carrying its paint along by optical flow.

Both work on drawings and palette labels; optical flow sees the drawings alone, all that a shot has before it is
coloured. Two ways of carrying are offered. *Tracked* (the default, the stronger one): each frame is warped straight
from the nearest key frame, and the search for its flow begins at the flow of the frame before. *Sequential*: each frame
is warped from the result of the frame before. With a region vote each closed region takes the label that most of its
warped pixels have, as the cel finish does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from longanimation.cel import segment
from longanimation.errors import InputError
from longanimation.lines.flow import LineFlow, flow_picture, warp


@dataclass(frozen=True)
class PaintedDrawing:
    """A reference as the baselines see it.

    lines: uint8 [H, W] (255 paper). values: labels uint8 [H, W] or colours uint8 [H, W, 3].
    frame: its 0-based position in the shot, None for a picture from elsewhere (a character sheet).
    """

    lines: np.ndarray
    values: np.ndarray
    frame: int | None = 0


def copy_reference(frames: int, references: Sequence[PaintedDrawing], size: tuple[int, int]) -> Iterator[np.ndarray]:
    """The values of the nearest reference for every frame, resized to `size` = (height, width)."""
    keys = _anchors(references, frames)
    fitted = {position: _fit(reference, size).values for position, reference in keys.items()}
    for index in range(frames):
        yield fitted[min(fitted, key=lambda position: (abs(position - index), position))]


def propagate(
    lines: Sequence[np.ndarray],
    references: Sequence[PaintedDrawing],
    *,
    vote: bool = False,
    sequential: bool = False,
) -> Iterator[np.ndarray]:
    """Carries the values of the references through the shot by optical flow on the drawings.

    lines: the drawings of the shot, uint8 [H, W] each, read one at a time. vote: every closed region takes its majority
    label (values must be labels). sequential: warp every frame from its neighbour's result instead of straight from
    its nearest reference. Yields labels uint8 [H, W] or colours uint8 [H, W, 3], in order.
    """
    if not len(lines):
        return
    if vote and any(reference.values.ndim != 2 for reference in references):
        raise InputError("the region vote needs palette labels in the references, not colours")
    size = np.asarray(lines[0]).shape[:2]
    keys = {position: _fit(reference, size) for position, reference in _anchors(references, len(lines)).items()}
    positions = sorted(keys)
    for place, position in enumerate(positions):
        start = 0 if place == 0 else (positions[place - 1] + position) // 2 + 1
        stop = len(lines) if place == len(positions) - 1 else (position + positions[place + 1]) // 2 + 1
        before = list(_walk(lines, range(position - 1, start - 1, -1), keys[position], vote, sequential))
        yield from reversed(before)
        yield from _walk(lines, range(position, stop), keys[position], vote, sequential)


def _walk(lines, order: range, key: PaintedDrawing, vote: bool, sequential: bool) -> Iterator[np.ndarray]:
    find_flow, flow = LineFlow(), None
    source, values = flow_picture(key.lines), key.values
    for index in order:
        drawing = np.asarray(lines[index])
        target = flow_picture(drawing)
        if np.array_equal(source, target):
            moved = values
        else:
            flow = find_flow(target, source, None if sequential else flow)
            moved = warp(values, flow, smooth=values.ndim == 3)
        if vote:
            moved = majority(moved, segment(drawing))
        if sequential:
            source, values = target, moved
        yield moved


def majority(labels: np.ndarray, regions) -> np.ndarray:
    """The commonest label of each closed region, spread over it: labels uint8 [H, W], `cel.RegionMap` -> uint8 [H, W].

    Only pixels off the line vote; a region of line pixels alone keeps what most of it has.
    """
    count, kinds = len(regions.areas), int(labels.max()) + 1
    key = regions.ids.astype(np.int64) * kinds + labels
    votes = np.bincount(key[regions.inside], minlength=count * kinds).reshape(count, kinds)
    silent = votes.sum(1) == 0
    if silent.any():
        votes[silent] = np.bincount(key.ravel(), minlength=count * kinds).reshape(count, kinds)[silent]
    return votes.argmax(1).astype(labels.dtype)[regions.ids]


def _anchors(references: Sequence[PaintedDrawing], frames: int) -> dict[int, PaintedDrawing]:
    """Where each reference stands in the shot; without any key frame the first reference stands before frame 0."""
    if not references:
        raise InputError("the baselines need at least one painted reference")
    keys = {reference.frame: reference for reference in references if reference.frame is not None}
    keys = {position: reference for position, reference in keys.items() if 0 <= position < frames}
    return keys or {0: references[0]}


def _fit(reference: PaintedDrawing, size: tuple[int, int]) -> PaintedDrawing:
    if reference.lines.shape == size:
        return reference
    height, width = size
    smooth = cv2.INTER_AREA if reference.values.ndim == 3 else cv2.INTER_NEAREST
    return PaintedDrawing(
        lines=cv2.resize(reference.lines, (width, height), interpolation=cv2.INTER_AREA),
        values=cv2.resize(reference.values, (width, height), interpolation=smooth),
        frame=reference.frame,
    )
