"""Drawn backgrounds: a few big flat shapes with lines, indoors or outdoors, or nothing at all."""

from __future__ import annotations

import numpy as np

from longanimation.data.synth.curves import circle, smooth
from longanimation.data.synth.shapes import CLIP, Shape, poly, stroke


def _box(x0, y0, x1, y1) -> np.ndarray:
    return poly((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def random_background(rng, palette, part, aspect: float) -> list[Shape]:
    """Shapes in scene units (frame height 1, origin in the centre), a little wider than the frame, for pans."""
    return _outdoors(rng, palette, part, aspect) if rng.random() < 0.5 else _indoors(rng, palette, part, aspect)


def _outdoors(rng, palette, part, aspect: float) -> list[Shape]:
    w = aspect
    horizon = rng.uniform(0.08, 0.4)
    out = []
    if rng.random() < 0.4:
        for _ in range(rng.integers(1, 3)):
            x, y, r = rng.uniform(-0.6, 0.6) * w, rng.uniform(-0.42, -0.2), rng.uniform(0.05, 0.1)
            cloud = np.array(
                [(-2, 0.4), (-1.9, -0.3), (-1, -0.4), (-0.4, -1), (0.5, -0.9), (0.9, -0.3), (1.7, -0.3), (1.9, 0.4)]
            ) * r + (x, y)
            out.append(Shape(smooth(cloud.astype(np.float32), True, (0, 7)), part(), palette.hsv(0.55, 0.03, 0.98)))
    for _ in range(rng.integers(0, 3)):
        x = np.linspace(-1.2 * w, 1.2 * w, 16)
        y = horizon - rng.uniform(0.04, 0.2) * (1.2 + np.sin(x * rng.uniform(1, 4) + rng.uniform(0, 6)))
        hill = np.concatenate([np.stack([x, y], 1), [(1.2 * w, 1), (-1.2 * w, 1)]]).astype(np.float32)
        out.append(Shape(smooth(hill, True, (0, 15, 16, 17), 3), part(), palette.any()))
    out.append(Shape(_box(-2 * w, horizon, 2 * w, 2), part(), palette.any()))
    if rng.random() < 0.3:
        road = poly((-0.1, horizon), (0.15, horizon), (0.9, 1), (-0.9, 1)) + (rng.uniform(-0.4, 0.4), 0)
        out.append(Shape(road.astype(np.float32), part(), palette.any(), role=CLIP))
    trunk, crown = palette.hsv(0.07, 0.5, 0.45), palette.hsv(rng.uniform(0.2, 0.4), 0.5, 0.6)
    for _ in range(rng.integers(0, 4)):
        x, base, h = rng.uniform(-0.55, 0.55) * w, horizon + rng.uniform(0, 0.08), rng.uniform(0.2, 0.5)
        out.append(Shape(_box(x - 0.05 * h, base - 0.5 * h, x + 0.05 * h, base), part(), trunk))
        n = int(rng.integers(8, 13))
        ring = circle(n) * (0.3 * h * rng.uniform(0.85, 1.15, n))[:, None] + (x, base - 0.7 * h)
        out.append(Shape(smooth(ring.astype(np.float32), True, tuple(range(0, n, 2))), part(), crown))
    for _ in range(rng.integers(0, 6)):
        x, y = rng.uniform(-0.6, 0.6) * w, rng.uniform(horizon + 0.03, 0.5)
        out.append(stroke(poly((x - 0.02, y - 0.02), (x, y), (x + 0.015, y - 0.03)), 0.7))
    return out


def _indoors(rng, palette, part, aspect: float) -> list[Shape]:
    w = aspect
    floor = rng.uniform(0.2, 0.42)
    out = [Shape(_box(-2 * w, floor, 2 * w, 2), part(), palette.any())]
    if rng.random() < 0.5:
        for k in range(-8, 9):
            out.append(stroke(poly((k * 0.2, floor), (k * 0.42, 1.0)), 0.7))
    if rng.random() < 0.4:
        out.append(Shape(_box(-2 * w, floor - 0.05, 2 * w, floor), part(), palette.any()))
    glass, frame = palette.hsv(0.55, 0.25, 0.95), palette.any()
    for _ in range(rng.integers(0, 3)):
        x, y, a, b = (
            rng.uniform(-0.45, 0.45) * w,
            rng.uniform(-0.35, 0.0),
            rng.uniform(0.08, 0.18),
            rng.uniform(0.1, 0.16),
        )
        out.append(Shape(_box(x - a - 0.02, y - b - 0.02, x + a + 0.02, y + b + 0.02), part(), frame))
        out.append(Shape(_box(x - a, y - b, x - 0.006, y + b), part(), glass))
        out.append(Shape(_box(x + 0.006, y - b, x + a, y + b), part(), glass))
    if rng.random() < 0.4:
        x, a, h, colour = rng.uniform(-0.4, 0.4) * w, rng.uniform(0.1, 0.2), rng.uniform(0.3, 0.6), palette.any()
        out.append(Shape(_box(x - a, floor - h + 0.05, x + a, floor + 0.05), part(), colour))
        for k in range(int(rng.integers(2, 5))):
            y = floor - h + 0.08 + k * 0.13
            if y + 0.1 < floor:
                out.append(
                    Shape(_box(x - a * 0.85, y, x + a * 0.85, y + 0.1), part(), palette.any() if k == 0 else colour)
                )
    if rng.random() < 0.35:
        x, y, a = rng.uniform(-0.4, 0.4) * w, rng.uniform(-0.3, -0.1), rng.uniform(0.06, 0.12)
        out.append(Shape(_box(x - a, y - a, x + a, y + a), part(), palette.any()))
        peak = poly(
            (x - a, y + a), (x - 0.3 * a, y - 0.3 * a), (x + 0.2 * a, y + 0.4 * a), (x + 0.6 * a, y), (x + a, y + a)
        )
        out.append(Shape(peak, part(), palette.any()))
    if rng.random() < 0.3:
        x, y = rng.uniform(-0.4, 0.4) * w, floor + 0.1
        colour = palette.any()
        for side in (-1, 1):
            out.append(Shape(_box(x + side * 0.2 - 0.02, y - 0.02, x + side * 0.2 + 0.02, y + 0.25), part(), colour))
        out.append(Shape(poly((x - 0.28, y), (x - 0.22, y - 0.1), (x + 0.22, y - 0.1), (x + 0.28, y)), part(), colour))
    return out
