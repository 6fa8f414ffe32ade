"""Hands and feet."""

from __future__ import annotations

import numpy as np

from longanimation.data.synth.curves import circle, smooth
from longanimation.data.synth.shapes import INK, MARK, Shape, poly, stroke

# Outlines in (along the forearm, across) with the palm about 1 wide; the thumb is on the positive side.
_MITTEN = poly(
    (-0.1, -0.45),
    (0.5, -0.62),
    (1.15, -0.5),
    (1.35, 0.0),
    (1.05, 0.42),
    (0.85, 0.5),
    (1.0, 0.85),
    (0.7, 0.95),
    (0.35, 0.62),
    (-0.1, 0.45),
)
_OPEN = poly(
    (-0.1, -0.45), (0.6, -0.68), (1.1, -0.95), (1.3, -0.85), (1.0, -0.5), (1.75, -0.6), (1.85, -0.38), (1.1, -0.2),
    (1.95, -0.12), (1.98, 0.12), (1.1, 0.12), (1.75, 0.35), (1.72, 0.56), (0.95, 0.48), (0.75, 0.6), (1.05, 1.05),
    (0.85, 1.2), (0.35, 0.7), (-0.1, 0.45),
)  # fmt: skip
_OPEN_CORNERS = (4, 7, 10, 13, 14)
_FIST = poly((-0.1, -0.45), (0.4, -0.62), (1.0, -0.55), (1.2, -0.1), (1.1, 0.4), (0.6, 0.62), (-0.1, 0.45))


def hand(
    kind: str, wrist: np.ndarray, elbow: np.ndarray, width: float, thumb: int, part: int, skin: int, detail: int
) -> list[Shape]:
    """kind: open, mitten or fist. wrist, elbow: [2]. width: of the palm. thumb: side, +1 or -1."""
    along = wrist - elbow
    along = along / (float(np.hypot(*along)) + 1e-6)
    frame = np.array([along, [-along[1] * thumb, along[0] * thumb]], np.float32) * width
    if detail < 2:
        kind = "mitten"
    shape, corners = {"open": (_OPEN, _OPEN_CORNERS), "mitten": (_MITTEN, (6,)), "fist": (_FIST, ())}[kind]
    points = smooth(shape @ frame + wrist, True, corners, 5)
    out = [Shape(points, part, skin, stroke=(0, len(points) - 4))]
    if kind == "fist" and detail > 1:
        for y in (-0.3, 0.0, 0.28):
            out.append(stroke(poly((0.75, y), (1.12, y * 1.1)) @ frame + wrist, 0.8))
    return out


def foot(
    ankle: np.ndarray,
    toe: np.ndarray,
    width: float,
    parts: tuple[int, int],
    colours: tuple[int, int | None],
    detail: int,
) -> list[Shape]:
    """A shoe from ankle to toe ([2] each). parts, colours: of the shoe and its sole (colour None: no sole)."""
    d = toe - ankle
    side = 1.0 if d[0] >= 0 else -1.0
    length = abs(float(d[0])) + width * 0.9
    drop = max(float(d[1]), width * 0.5)
    tilt = float(np.clip((d[1] - width * 0.8) / (length + 1e-6), -0.6, 0.9)) if abs(d[0]) > width else 0.0
    front = width * 0.45 + length
    shape = poly(
        (-width * 0.85, -width * 0.55), (width * 0.85, -width * 0.55),
        (width + 0.35 * length, drop * 0.35 - width * 0.1),
        (front, drop * 0.62), (front * 0.98, drop + width * 0.25), (0.3 * length, drop + width * 0.3),
        (-width * 1.1, drop + width * 0.25), (-width * 1.15, 0.1 * drop),
    )  # fmt: skip
    shape[:, 1] += tilt * np.maximum(shape[:, 0], 0)
    shape[:, 0] *= side
    points = smooth(shape + ankle, True, (0, 1, 4, 6), 3).astype(np.float32)
    out = [Shape(points, parts[0], colours[0])]
    if colours[1] is not None and detail > 0:
        low = shape[[4, 5, 6]] + (0, width * 0.3)
        high = shape[[6, 5, 4]] + (0, -width * 0.3)
        out.append(
            Shape((np.concatenate([low, high]) * (1.03, 1) + ankle).astype(np.float32), parts[1], colours[1], INK, MARK)
        )
    return out


def ball(centre: np.ndarray, radius: float, count: int = 8) -> np.ndarray:
    """A round outline, float32 [n, 2]."""
    return smooth((circle(count) * radius + centre).astype(np.float32))
