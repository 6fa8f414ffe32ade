"""Soft paint on characters: each body lit from one side, a rim of light, a darker foot."""

from __future__ import annotations

import cv2
import numpy as np

from longanimation.data.synth.shapes import BODY, Shape

_STEPS = (0.008, 0.016, 0.028, 0.044, 0.066, 0.095)


def bodies_of(shapes: list[Shape]) -> np.ndarray:
    """Table from a part to the body it lies on, uint16 [4096]."""
    table = np.arange(4096, dtype=np.uint16)
    body = 0
    for shape in shapes:
        if shape.role == BODY:
            body = shape.part
        if shape.part:
            table[shape.part] = body or shape.part
    return table


def lit(bodies: np.ndarray, toward: tuple[float, float], reach: float) -> np.ndarray:
    """How deep each pixel lies in its body, seen from the light, float32 [H, W], 0 at the lit edge to 1.

    toward: unit direction of the light on the picture; reach: size of the figures in frame heights.
    """
    height, width = bodies.shape
    total = np.zeros(bodies.shape, np.float32)
    for step in _STEPS:
        length = max(step * reach * height, 1.0)
        dx, dy = round(toward[0] * length), round(toward[1] * length)
        to = bodies[max(-dy, 0) : height - max(dy, 0), max(-dx, 0) : width - max(dx, 0)]
        source = bodies[max(dy, 0) : height - max(-dy, 0), max(dx, 0) : width - max(-dx, 0)]
        total[max(-dy, 0) : height - max(dy, 0), max(-dx, 0) : width - max(dx, 0)] += to == source
    total /= len(_STEPS)
    inside = (bodies > 0).astype(np.float32)
    sigma = max(0.012 * reach * height, 0.6)
    weight = cv2.GaussianBlur(inside, (0, 0), sigma) + 1e-4
    return cv2.GaussianBlur(total * inside, (0, 0), sigma) / weight


def soft_paint(
    flat: np.ndarray,
    bodies: np.ndarray,
    glossy: np.ndarray,
    *,
    toward: tuple[float, float],
    reach: float,
    depth: float,
    tint: tuple[float, float, float],
    rim: tuple[float, float, float],
) -> np.ndarray:
    """Shaded colours of the characters, uint8 [H, W, 3].

    flat uint8 [H, W, 3]; bodies uint16 [H, W], 0 = background; glossy bool [H, W]: hair and the like, which shine.
    depth: of the shadows, 0 to 1; tint: what all colours are multiplied by; rim: colour of the light from behind.
    """
    dark = lit(bodies, toward, reach)
    shade = (np.clip(dark - 0.25, 0, 1) / 0.75) ** 1.3 * depth
    cool = np.array((0.5, 0.46, 0.6), np.float32)  # what a full shadow multiplies by
    out = flat.astype(np.float32) * np.asarray(tint, np.float32)
    out *= 1 + shade[..., None] * (cool - 1)
    light = np.clip(1 - dark / 0.3, 0, 1) * 0.3 * depth
    shine = np.exp(-(((dark - 0.36) / 0.06) ** 2)) * 0.5 * glossy
    gain = (light + shine)[..., None]
    out += (255 - out) * gain
    edge = lit((bodies > 0).astype(np.uint16), (-toward[0], -toward[1]), 0.4 * reach)
    out += (np.asarray(rim, np.float32) - out) * (np.clip(0.55 - edge, 0, 1) * 0.5 * depth)[..., None]
    return np.rint(np.clip(out, 0, 255)).astype(np.uint8)
