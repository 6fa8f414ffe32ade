"""Smooth curves as matrices: samples = matrix @ control points, so that a shape costs one small product per frame."""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np


@lru_cache(maxsize=4096)
def spline_matrix(count: int, closed: bool = True, corners: tuple[int, ...] = (), density: int = 6) -> np.ndarray:
    """Catmull-Rom sampling matrix: float32 [samples, count].

    corners: control points at which the curve has a sharp corner. density: samples per span.
    """
    spans = count if closed else count - 1
    out = np.zeros((spans * density + (0 if closed else 1), count), np.float32)
    sharp = set(corners)

    def tangent(i: int, incoming: bool) -> np.ndarray:
        m = np.zeros(count, np.float32)
        before, after = i - 1, i + 1
        if closed:
            before, after = before % count, after % count
        if i in sharp or before < 0 or after >= count:
            other = before if incoming else after
            m[i] += 1 if incoming else -1
            m[other] += -1 if incoming else 1
        else:
            m[after] += 0.5
            m[before] -= 0.5
        return m

    t = (np.arange(density, dtype=np.float32) / density)[:, None]
    t2, t3 = t * t, t * t * t
    for span in range(spans):
        i, j = span, (span + 1) % count
        block = (t3 - 2 * t2 + t) * tangent(i, incoming=False) + (t3 - t2) * tangent(j, incoming=True)
        block[:, i] += (2 * t3 - 3 * t2 + 1)[:, 0]
        block[:, j] += (-2 * t3 + 3 * t2)[:, 0]
        out[span * density : (span + 1) * density] = block
    if not closed:
        out[-1, count - 1] = 1
    out.setflags(write=False)
    return out


def smooth(points: np.ndarray, closed: bool = True, corners: tuple[int, ...] = (), density: int = 6) -> np.ndarray:
    """Curve through control points [n, d] -> float32 [samples, d]; sample `i * density` is control point i."""
    return spline_matrix(len(points), closed, corners, density) @ points


@cache
def circle(count: int = 10) -> np.ndarray:
    """Unit circle, float32 [count, 2], read-only."""
    a = np.arange(count, dtype=np.float32) * (2 * np.pi / count)
    out = np.stack([np.cos(a), np.sin(a)], 1)
    out.setflags(write=False)
    return out


@cache
def _limb_rows(start: float, end: float, samples: int, bend: float) -> tuple[np.ndarray, np.ndarray]:
    """Centre line and tangent of a limb through three joints, round at the middle one: [2 * samples, 3], steps."""

    def centre(t: np.ndarray) -> np.ndarray:
        w = np.zeros((len(t), 3), np.float32)
        first, last = t < 0.5 - bend, t > 0.5 + bend
        w[first, 0], w[first, 1] = 1 - 2 * t[first], 2 * t[first]
        w[last, 1], w[last, 2] = 2 - 2 * t[last], 2 * t[last] - 1
        middle = ~(first | last)
        s = (t[middle] - (0.5 - bend)) / (2 * bend)
        w[middle, 0], w[middle, 2] = (1 - s) ** 2 * 2 * bend, s**2 * 2 * bend
        w[middle, 1] = 1 - w[middle, 0] - w[middle, 2]
        return w

    t = np.linspace(start, end, samples, dtype=np.float32)
    eps = 2e-3
    tangent = (centre(np.minimum(t + eps, 1)) - centre(np.maximum(t - eps, 0))) / (2 * eps)
    return np.concatenate([centre(t), tangent]), t


class Limb:
    """A bent tube with a width profile. widths: half widths at even steps along the whole limb."""

    def __init__(
        self, widths, start: float = 0.0, end: float = 1.0, samples: int = 13, bend: float = 0.2, caps=(0.6, 0.5)
    ):
        self.samples = samples
        self.caps = caps
        self.rows, t = _limb_rows(float(start), float(end), samples, bend)
        profile = smooth(np.asarray(widths, np.float32)[:, None], closed=False, density=16)[:, 0]
        self.width = np.interp(t, np.linspace(0, 1, len(profile)), profile).astype(np.float32)[:, None]

    def outline(self, joints: np.ndarray) -> np.ndarray:
        """joints: [3, 2]. Closed outline [2 * samples + 6, 2]: down one side, end cap, up the other, start cap."""
        n = self.samples
        both = self.rows @ joints
        centre, along = both[:n], both[n:]
        along = along / (np.sqrt(along[:, :1] ** 2 + along[:, 1:] ** 2) + 1e-6)
        across = along[:, ::-1] * _FLIP * self.width
        out = np.empty((2 * n + 6, 2), np.float32)
        out[:n] = centre + across
        out[n + 3 : 2 * n + 3] = (centre - across)[::-1]
        for at, i, sign, size in ((n, n - 1, 1, self.caps[1]), (2 * n + 3, 0, -1, self.caps[0])):
            tip = along[i] * (self.width[i, 0] * size)
            out[at : at + 3] = centre[i] + _CAP[:, :1] * across[i] * sign + sign * _CAP[:, 1:] * tip
        return out

    def open_at_start(self, points: np.ndarray, first_side: bool) -> tuple[np.ndarray, tuple[int, int]]:
        """The outline and the range of it to draw when the start is joined to something on one side.

        first_side: the join is on the side that the outline goes down first.
        """
        n, skip = self.samples, min(3, self.samples // 3)
        if first_side:
            return points, (skip, 2 * n + 5)
        return np.roll(points, 3, 0), (0, 2 * n + 6 - skip)


_FLIP = np.array([-1, 1], np.float32)
_CAP = np.array([(0.72, 0.72), (0.0, 1.0), (-0.72, 0.72)], np.float32)
