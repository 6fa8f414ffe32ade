"""The pen: draw outlines into a sheet in a line style."""

from __future__ import annotations

import cv2
import numpy as np

from longanimation.data.synth.style import LineStyle

SHIFT = 4
ONE = 1 << SHIFT


def wobble(count: int, amount: float, rng, step: int = 8) -> np.ndarray:
    """Slowly varying offsets along `count` samples, float32 [count, 2], deviation about `amount`."""
    knots = count // step + 2
    noise = rng.standard_normal((knots, 2), dtype=np.float32) * np.float32(amount)
    at = np.arange(count, dtype=np.float32) / step
    low = at.astype(np.intp)
    f = (at - low)[:, None]
    return noise[low] * (1 - f) + noise[low + 1] * f


def swelling(points: np.ndarray, closed: bool, thickness: float) -> list[np.ndarray]:
    """Contours of a stroke that swells and thins along its way. points float [n, 2] in pixels."""
    n = len(points)
    if closed:
        along = np.roll(points, -1, 0) - np.roll(points, 1, 0)
    else:
        along = np.empty_like(points)
        along[1:-1] = points[2:] - points[:-2]
        along[0], along[-1] = points[1] - points[0], points[-1] - points[-2]
    along /= np.sqrt((along**2).sum(1, keepdims=True)) + 1e-6
    t = np.arange(n, dtype=np.float32) / max(n - (0 if closed else 1), 1)
    profile = 0.75 - 0.55 * np.cos(4 * np.pi * t) if closed else 0.25 + 1.1 * np.sin(np.pi * t)
    half = np.maximum(0.5 * thickness * profile - 0.4, 0.0)[:, None]
    across = along[:, ::-1] * np.array([-half, half], np.float32)[..., 0].T
    a, b = points + across, points - across
    return [a, b] if closed else [np.concatenate([a, b[::-1]])]


def draw(
    sheet: np.ndarray, points: np.ndarray, closed: bool, thickness: float, style: LineStyle, gap: float | None
) -> None:
    """Draw one outline in black. points float [n, 2] pixels; gap: where on it (0..1) the pen was lifted, if it was."""
    if gap is not None and len(points) > 6:
        n = len(points)
        length = max(1, n // 16)
        start = int(gap * (n - length))
        if closed:
            points = np.roll(points, -start - length, 0)[: n - length]
            closed = False
        else:
            draw(sheet, points[: start + 1], False, thickness, style, None) if start > 0 else None
            points = points[start + length :]
    if len(points) < 2:
        return
    if style.variable and len(points) > 3:
        contours = [np.rint(c * ONE).astype(np.int32) for c in swelling(points, closed, thickness)]
        cv2.fillPoly(sheet, contours, 0, cv2.LINE_AA, SHIFT)
        return
    fixed = np.rint(points * ONE).astype(np.int32)
    cv2.polylines(sheet, [fixed], closed, 0, max(1, int(thickness + 0.5)), cv2.LINE_AA, SHIFT)


def machine_lines(lines: np.ndarray, dark: np.ndarray | None, style: LineStyle, seed: int) -> np.ndarray:
    """What an extractor makes of a picture: binary, rough, dashed where contrast is low, specks, noise in dark areas.

    lines: uint8 [H, W]; dark: bool [H, W], areas of dark paint, or None. Gives uint8 [H, W], 0 or 255.
    """
    rng = np.random.default_rng([seed, 5])
    h, w = lines.shape
    unit = max(1, h // 240)  # a speck
    fine = _field(rng, h, w, unit)
    out = lines.astype(np.float32) + 70 * (fine - 0.5) < 140
    if style.breaks > 0:
        faint = _soft_field(rng, h, w, 9) < 0.15 + 0.7 * style.faint
        dashes = _field(rng, h, w, max(2, h // 55))
        out &= ~((dashes < style.breaks) | (faint & (dashes < 0.45)))
    grain = fine < 0.35 + 0.3 * _field(rng, h, w, max(1, h // 120))
    if dark is not None:
        patches = _soft_field(rng, h, w, 9) < 0.45
        out |= dark & patches & grain & (_field(rng, h, w, unit) < 0.6)
    if style.specks > 0:
        near = cv2.dilate(out.view(np.uint8), np.ones((7 * unit, 7 * unit), np.uint8)).astype(bool)
        chance = np.where(near, 4 * style.specks, 0.4 * style.specks)
        out |= _field(rng, h, w, unit) < chance
    return np.where(out, np.uint8(0), np.uint8(255))


def _field(rng, h: int, w: int, cell: int) -> np.ndarray:
    """Independent values 0..1 in square cells, float32 [h, w]."""
    values = rng.random((h // cell + 1, w // cell + 1), dtype=np.float32)
    return values if cell == 1 and values.shape == (h, w) else values.repeat(cell, 0)[:h].repeat(cell, 1)[:, :w]


def _soft_field(rng, h: int, w: int, cells: int) -> np.ndarray:
    """Smoothly varying values 0..1 with about `cells` bumps over the height, float32 [h, w]."""
    coarse = rng.random((cells, max(2, cells * w // h)), dtype=np.float32)
    return cv2.resize(coarse, (w, h), interpolation=cv2.INTER_LINEAR)


def scanned(alpha: np.ndarray, seed: int) -> np.ndarray:
    """Pencil on paper: uneven, grainy, on slightly grey paper. alpha uint8 [H, W] -> uint8 [H, W]."""
    rng = np.random.default_rng([seed, 6])
    grain = rng.standard_normal(alpha.shape, dtype=np.float32)
    soft = cv2.GaussianBlur(alpha, (0, 0), max(0.5, alpha.shape[0] / 1000)).astype(np.float32)
    return np.clip(soft * (0.85 + 0.1 * grain) + 5 + 3 * grain, 0, 255).astype(np.uint8)
