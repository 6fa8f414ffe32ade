"""What is measured of each frame, and of a run of frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from longanimation.lines.drawing import lightest_channel

_SMALL, _THUMB = 256, 96  # longer side in pixels: for the cut detector, for motion
_STRIP = 8  # pixels averaged along a border, so that noise of the codec does not count as picture
_BLANK_SPREAD = 5.0  # levels of standard deviation
_BLACK = 20  # lightest level of a bar; limited-range video and its noise included
_THINNEST_BAR = 0.02  # of the side
_LEAST_PICTURE = 0.25  # less inside the "bars" means a dark scene
_CHANGED = 24  # levels between the darkest and the lightest state of a place that moves
_SAME = 6  # levels of difference that noise makes between equal frames


@dataclass(frozen=True)
class FrameMeasure:
    """Of one frame.

    Attributes:
        thumb: uint8 [h, w] grey, longer side at most 96.
        rows, columns: uint8 [H] and [W], lightest spot of each row and column.
    """

    thumb: np.ndarray
    rows: np.ndarray
    columns: np.ndarray

    @property
    def blank(self) -> bool:
        """True if there is one colour and nothing else: black, white, the end of a fade."""
        return float(self.thumb.std()) < _BLANK_SPREAD


@dataclass(frozen=True)
class Motion:
    """Of a run of frames.

    Attributes:
        moving: share of the picture that changes at some time, whatever the brightness of the whole does.
        changing: the same with brightness changes of the whole.
        held: share of the frames that are the same as the one before.
    """

    moving: float
    changing: float
    held: float


def measure_frame(picture: np.ndarray) -> tuple[FrameMeasure, np.ndarray]:
    """Measures of uint8 [H, W, 3] RGB, and the picture scaled down for the cut detector, uint8 [h, w, 3]."""
    small = _fit(picture, _SMALL)
    thumb = _fit(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), _THUMB)
    height, width = picture.shape[:2]
    peak = lightest_channel(picture)
    along_rows = cv2.resize(peak, (max(1, width // _STRIP), height), interpolation=cv2.INTER_AREA)
    along_columns = cv2.resize(peak, (width, max(1, height // _STRIP)), interpolation=cv2.INTER_AREA)
    return FrameMeasure(thumb, along_rows.max(axis=1), along_columns.max(axis=0)), small


def picture_box(measures: Sequence[FrameMeasure]) -> tuple[int, int, int, int]:
    """Box (y0, x0, y1, x1), ends excluded, without the bars that stay black in all frames; its sides are even.

    The whole frame (cut to even sides) if there are none.
    """
    rows = np.max([measure.rows for measure in measures], axis=0)
    columns = np.max([measure.columns for measure in measures], axis=0)
    y0, y1 = _inside(rows)
    x0, x1 = _inside(columns)
    if (y1 - y0) * (x1 - x0) < _LEAST_PICTURE * rows.size * columns.size:
        y0, y1, x0, x1 = 0, rows.size, 0, columns.size
    return y0, x0, y1 - (y1 - y0) % 2, x1 - (x1 - x0) % 2


def has_bars(box: tuple[int, int, int, int], size: tuple[int, int]) -> bool:
    """True if the box is more than the cut to even sides away from (height, width)."""
    return box[0] > 0 or box[1] > 0 or size[0] - box[2] > 1 or size[1] - box[3] > 1


def measure_motion(measures: Sequence[FrameMeasure]) -> Motion:
    """Motion in two or more frames."""
    thumbs = np.stack([measure.thumb for measure in measures])
    spread = thumbs.std(axis=(1, 2), dtype=np.float32)[:, None, None]
    evened = (thumbs - thumbs.mean(axis=(1, 2), dtype=np.float32)[:, None, None]) / np.maximum(spread, 1)
    moving = float((np.ptp(evened, axis=0) * np.median(spread) > _CHANGED).mean())
    changing = float((np.ptp(thumbs, axis=0) > _CHANGED).mean())
    steps = [cv2.absdiff(one, other).max() for one, other in zip(thumbs, thumbs[1:], strict=False)]
    return Motion(min(moving, changing), changing, float(np.mean(np.asarray(steps) <= _SAME)))


def _inside(profile: np.ndarray) -> tuple[int, int]:
    """First and end position of the picture along one side."""
    light = np.flatnonzero(profile > _BLACK)
    if not light.size:
        return 0, profile.size
    before, after = int(light[0]), profile.size - 1 - int(light[-1])
    thinnest = max(2, _THINNEST_BAR * profile.size)
    # One pixel more: the border of a scaled picture is half bar.
    start = before + 1 if before >= thinnest else 0
    end = profile.size - after - 1 if after >= thinnest else profile.size
    return (start, end) if end > start else (0, profile.size)


def _fit(picture: np.ndarray, longer: int) -> np.ndarray:
    scale = longer / max(picture.shape[:2])
    if scale >= 1:
        return picture
    height, width = (max(1, round(side * scale)) for side in picture.shape[:2])
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
