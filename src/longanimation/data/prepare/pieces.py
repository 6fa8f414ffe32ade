"""A shot becomes pieces; each piece is kept as a clip or dropped for one reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from longanimation.data.prepare.measure import FrameMeasure, has_bars, measure_motion, picture_box
from longanimation.data.prepare.settings import PrepareSettings
from longanimation.media.sequence import frame_count

# In the order in which they are tried; the first that holds is the one reported.
REASONS = {
    "unreadable": "the file or the rest of it cannot be read",
    "blank": "nothing but one colour",
    "too short": "fewer frames than a clip needs",
    "bars": "black bars beside the picture",
    "too small": "too few pixels",
    "static": "hardly anything moves",
    "fade": "a still picture that only grows lighter or darker",
}


@dataclass(frozen=True)
class Piece:
    """Frames `start` to `stop` (excluded) of a source.

    Attributes:
        reason: why it is dropped, a key of REASONS; None: it is kept.
        detail: the figures behind the reason.
        crop: (y0, x0, y1, x1) of the picture without bars, ends excluded; None if it was not looked at.
        measurements: motion, held, brightness, contrast, bars; empty for what was dropped before they were taken.
    """

    start: int
    stop: int
    reason: str | None = None
    detail: str = ""
    crop: tuple[int, int, int, int] | None = None
    measurements: dict = field(default_factory=dict)

    def as_json(self) -> dict:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict) -> Piece:
        return cls(**values | {"crop": values["crop"] and tuple(values["crop"])})


def judge_shot(start: int, measures: Sequence[FrameMeasure], settings: PrepareSettings) -> Iterator[Piece]:
    """Pieces of the shot that begins at frame `start`, in order and without gaps.

    Runs of blank frames end a piece: shots joined by a fade through black have no hard cut.
    """
    blank = [measure.blank for measure in measures]
    edges = [0, *(k for k in range(1, len(blank)) if blank[k] != blank[k - 1]), len(blank)]
    for first, end in zip(edges, edges[1:], strict=False):
        if blank[first]:
            yield Piece(start + first, start + end, "blank", frame_count(end - first))
            continue
        for a, b in _parts(end - first, settings):
            yield _judge(start + first + a, measures[first + a : first + b], settings)


def _parts(count: int, settings: PrepareSettings) -> list[tuple[int, int]]:
    """A long run in equal parts; in longest ones and a rest where equal ones would be too short."""
    parts = -(-count // settings.longest)
    if count // parts >= settings.shortest or parts == 1:
        edges = [count * k // parts for k in range(parts + 1)]
    else:
        edges = [*range(0, count, settings.longest), count]
    return list(zip(edges, edges[1:], strict=False))


def _judge(start: int, measures: Sequence[FrameMeasure], settings: PrepareSettings) -> Piece:
    stop = start + len(measures)
    if len(measures) < settings.shortest:
        return Piece(start, stop, "too short", f"{frame_count(len(measures))}, {settings.shortest} needed")
    size = measures[0].rows.size, measures[0].columns.size
    box = picture_box(measures)
    bars = has_bars(box, size)
    if settings.bars == "keep":
        box = (0, 0, size[0] - size[0] % 2, size[1] - size[1] % 2)
    motion = measure_motion(measures)
    thumbs = np.stack([measure.thumb for measure in measures])
    measurements = {
        "motion": round(motion.moving, 4),
        "held": round(motion.held, 4),
        "brightness": round(float(thumbs.mean()) / 255, 4),
        "contrast": round(float(np.median(thumbs.std(axis=(1, 2)))) / 255, 4),
        "bars": bars,
    }
    reason, detail = _verdict(size, box, bars, motion, settings)
    return Piece(start, stop, reason, detail, box, measurements)


def _verdict(size, box, bars, motion, settings) -> tuple[str | None, str]:
    height, width = box[2] - box[0], box[3] - box[1]
    if bars and settings.bars == "drop":
        return "bars", f"picture {width}x{height} in {size[1]}x{size[0]}"
    if min(height, width) < settings.min_side:
        return "too small", f"{width}x{height}, shorter side {settings.min_side} needed"
    if motion.changing < settings.min_motion:
        return "static", f"{motion.changing:.2%} of the picture moves, {settings.min_motion:.2%} needed"
    if motion.held > settings.max_held:
        return "static", f"{motion.held:.1%} of the frames repeat the one before, {settings.max_held:.1%} allowed"
    if motion.moving < settings.min_motion:
        return "fade", f"{motion.moving:.2%} of the picture moves when brightness is evened"
    return None, ""
