"""The closed regions of one drawing."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class RegionMap:
    """Closed regions of a drawing at its own resolution.

    ids: int32 [H, W], 0..count-1. Every pixel belongs to a region; a pixel under a line belongs to the nearest one,
        so that no paper shows beside the line once the line is composited on top.
    inside: bool [H, W], True off the lines (and off the pin holes of a pixel or two in a rough line).
    areas: int64 [count], inside pixels of each region. Above 0, except where the whole picture is line.
    depth: uint8 [H, W], distance to the nearest line, bridged gap or picture edge in quarter pixels, at most 255;
        0 on the line itself.
    ends: int32 [N, 2], y and x of the ends of lines, and outward: float32 [N, 2], unit vectors (y, x), where to each
        line would go on.
    """

    ids: np.ndarray
    inside: np.ndarray
    areas: np.ndarray
    depth: np.ndarray = field(repr=False)
    ends: np.ndarray = field(repr=False, default_factory=lambda: np.zeros((0, 2), np.int32))
    outward: np.ndarray = field(repr=False, default_factory=lambda: np.zeros((0, 2), np.float32))

    @property
    def count(self) -> int:
        return len(self.areas)

    @property
    def shape(self) -> tuple[int, int]:
        return self.ids.shape

    @property
    def boxes(self) -> np.ndarray:
        """int32 [count, 4]: y0, x0, y1, x1 (end exclusive) of all pixels of a region, those under lines included."""
        return self._extent[0]

    @property
    def centroids(self) -> np.ndarray:
        """float64 [count, 2]: mean y, x of all pixels of a region, those under lines included."""
        return self._extent[1]

    @cached_property
    def _extent(self) -> tuple[np.ndarray, np.ndarray]:
        # A row of a region is a few runs, so runs are far fewer than pixels.
        height, width = self.ids.shape
        starts = np.zeros(self.ids.shape, bool)
        starts[:, 0] = True
        np.not_equal(self.ids[:, 1:], self.ids[:, :-1], out=starts[:, 1:])
        start = np.flatnonzero(starts)
        stop = np.append(start[1:], self.ids.size)
        region, y, x = self.ids.reshape(-1)[start], start // width, start % width
        length = stop - start
        size = np.bincount(region, weights=length, minlength=self.count)
        mean_y = np.bincount(region, weights=length * y, minlength=self.count) / size
        mean_x = np.bincount(region, weights=length * (x + (length - 1) / 2), minlength=self.count) / size
        boxes = np.tile(np.array([height, width, 0, 0], np.int32), (self.count, 1))
        np.minimum.at(boxes[:, 0], region, y)
        np.minimum.at(boxes[:, 1], region, x)
        np.maximum.at(boxes[:, 2], region, y + 1)
        np.maximum.at(boxes[:, 3], region, x + length)
        return boxes, np.stack([mean_y, mean_x], 1)
