"""Smooth curves as matrices: samples = matrix @ control points, so that a shape costs one small product per frame."""

from __future__ import annotations

from functools import lru_cache

import numpy as np


@lru_cache(maxsize=None)
def spline_matrix(count: int, closed: bool = True, corners: tuple[int, ...] = (), density: int = 4) -> np.ndarray:
    """Catmull-Rom sampling matrix: float32 [samples, count].

    corners: control points at which the curve has a sharp corner. density: samples per span.
    """
    spans = count if closed else count - 1
    rows = np.zeros((spans * density + (0 if closed else 1), count), np.float32)

    def tangent(i: int, incoming: bool) -> np.ndarray:
        m = np.zeros(count, np.float32)
        before, after = i - 1, i + 1
        if closed:
            before, after = before % count, after % count
        if i in corners or before < 0 or after >= count:
            other = before if incoming else after
            m[i] += 1 if incoming else -1
            m[other] += -1 if incoming else 1
        else:
            m[after] += 0.5
            m[before] -= 0.5
        return m

    at = 0
    for span in range(spans):
        i, j = span, (span + 1) % count
        mi, mj = tangent(i, incoming=False), tangent(j, incoming=True)
        for k in range(density):
            t = k / density
            t2, t3 = t * t, t * t * t
            row = (t3 - 2 * t2 + t) * mi + (t3 - t2) * mj
            row[i] += 2 * t3 - 3 * t2 + 1
            row[j] += -2 * t3 + 3 * t2
            rows[at] = row
            at += 1
    if not closed:
        rows[at, count - 1] = 1
    rows.setflags(write=False)
    return rows


def smooth(points: np.ndarray, closed: bool = True, corners: tuple[int, ...] = (), density: int = 4) -> np.ndarray:
    """Curve through control points [n, d] -> float [samples, d]."""
    return spline_matrix(len(points), closed, corners, density) @ points


@lru_cache(maxsize=None)
def circle(count: int = 10) -> np.ndarray:
    """Unit circle, float32 [count, 2], read-only."""
    a = np.arange(count, dtype=np.float32) * (2 * np.pi / count)
    out = np.stack([np.cos(a), np.sin(a)], 1)
    out.setflags(write=False)
    return out


@lru_cache(maxsize=None)
def _limb_matrices(samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Centre line and its tangent for a limb through three joints, rounded at the middle one: two [samples, 3] matrices."""
    t = np.linspace(0, 1, samples, dtype=np.float32)

    def centre(t: np.ndarray) -> np.ndarray:
        # Straight halves joined by a quadratic arc over the middle fifth.
        w = np.zeros((len(t), 3), np.float32)
        r = 0.2
        first, last = t < 0.5 - r, t > 0.5 + r
        w[first, 0], w[first, 1] = 1 - 2 * t[first], 2 * t[first]
        w[last, 1], w[last, 2] = 2 - 2 * t[last], 2 * t[last] - 1
        middle = ~(first | last)
        s = (t[middle] - (0.5 - r)) / (2 * r)
        a0, a2 = (1 - s) ** 2 * 2 * r, s**2 * 2 * r
        w[middle, 0], w[middle, 2] = a0, a2
        w[middle, 1] = 1 - a0 - a2
        return w

    eps = 1e-3
    return centre(t), (centre(np.clip(t + eps, 0, 1)) - centre(np.clip(t - eps, 0, 1))) / (2 * eps)


def limb(joints: np.ndarray, widths: np.ndarray, start: float = 0.0, end: float = 1.0, samples: int = 15) -> np.ndarray:
    """Outline of a bent tube.

    joints: [3, 2] (shoulder, elbow, wrist). widths: half widths at five even steps along the limb, in the same unit.
    start, end: part of the limb to draw (0 = first joint, 1 = last). Returns [2 * n + caps, 2], closed.
    """
    centre, tangent = _limb_matrices(samples)
    first, last = int(round(start * (samples - 1))), int(round(end * (samples - 1)))
    c = centre[first : last + 1] @ joints
    d = tangent[first : last + 1] @ joints
    length = np.sqrt((d * d).sum(1, keepdims=True)) + 1e-6
    d = d / length
    n = np.stack([-d[:, 1], d[:, 0]], 1)
    w = np.interp(np.linspace(start, end, len(c)), _FIFTHS, widths)[:, None]
    left, right = c + n * w, (c - n * w)[::-1]
    cap_out = c[-1:] + d[-1:] * w[-1] * 0.45
    cap_in = c[:1] - d[:1] * w[0] * 0.45
    return np.concatenate([left, cap_out, right, cap_in])


_FIFTHS = np.linspace(0, 1, 5)
