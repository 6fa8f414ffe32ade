"""A layer of a painted background: brushes that work in scene units, so that it can be painted at any size."""

from __future__ import annotations

import math

import cv2
import numpy as np

_SHIFT = 4


class Canvas:
    """Premultiplied RGBA picture of a box (x0, y0, x1, y1) in scene units (1 = frame height, y down), at `scale` pixels
    a unit. What is random is drawn on grids in scene units: it does not depend on the scale."""

    def __init__(self, box: tuple[float, float, float, float], scale: float):
        self.box, self.scale = box, scale
        x0, y0, x1, y1 = box
        self.shape = max(2, math.ceil((y1 - y0) * scale)), max(2, math.ceil((x1 - x0) * scale))
        self.pixels = np.zeros((*self.shape, 4), np.uint8)

    def _fixed(self, points) -> np.ndarray:
        at = (np.asarray(points, np.float64) - self.box[:2]) * self.scale - 0.5
        return np.rint(np.clip(at, -20000, 20000) * (1 << _SHIFT)).astype(np.int32)

    def rows(self) -> np.ndarray:
        """y of each row, float32 [h]."""
        return (self.box[1] + (np.arange(self.shape[0], dtype=np.float32) + 0.5) / self.scale).astype(np.float32)

    def columns(self) -> np.ndarray:
        """x of each column, float32 [w]."""
        return (self.box[0] + (np.arange(self.shape[1], dtype=np.float32) + 0.5) / self.scale).astype(np.float32)

    def gradient(self, stops) -> None:
        """Fill all with colours by height. stops: (y, colour) in rising order."""
        ys = [y for y, _ in stops]
        rgb = np.stack([np.interp(self.rows(), ys, [c[k] for _, c in stops]) for k in range(3)], -1)
        self.pixels[..., :3] = np.rint(rgb)[:, None]
        self.pixels[..., 3] = 255

    def fill(self, points, colour, bottom=None) -> None:
        """A polygon; bottom: colour at its lower end, for a gradient."""
        fixed = self._fixed(points)
        if bottom is None:
            cv2.fillPoly(self.pixels, [fixed], (*colour, 255), cv2.LINE_AA, _SHIFT)
            return
        low = np.maximum((fixed.min(0) >> _SHIFT) - 1, 0)
        high = np.minimum((fixed.max(0) >> _SHIFT) + 2, self.shape[::-1])
        if (high <= low).any():
            return
        (x0, y0), (x1, y1) = low, high
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        cv2.fillPoly(mask, [fixed - (low << _SHIFT)], 255, cv2.LINE_AA, _SHIFT)
        ys = np.asarray(points)[:, 1]
        k = np.clip((self.rows()[y0:y1] - ys.min()) / max(float(np.ptp(ys)), 1e-6), 0, 1)[:, None, None]
        rgb = np.asarray(colour, np.float32) + (np.asarray(bottom, np.float32) - np.asarray(colour, np.float32)) * k
        self._blend((slice(y0, y1), slice(x0, x1)), mask.astype(np.float32) / 255, rgb)

    def disc(self, centre, radius, colour) -> None:
        """A round or (radius of two) upright oval dab."""
        at = self._fixed([centre])[0]
        rx, ry = (radius, radius) if np.isscalar(radius) else radius
        axes = tuple(max(4, int(r * self.scale * (1 << _SHIFT))) for r in (rx, ry))
        cv2.ellipse(self.pixels, tuple(int(v) for v in at), axes, 0, 0, 360, (*colour, 255), -1, cv2.LINE_AA, _SHIFT)

    def cut(self, points) -> None:
        """A hole: through it the layers behind are seen."""
        cv2.fillPoly(self.pixels, [self._fixed(points)], (0, 0, 0, 0), cv2.LINE_AA, _SHIFT)

    def line(self, points, colour, width: float) -> None:
        """An open line; width in scene units."""
        thick = max(1, round(width * self.scale))
        cv2.polylines(self.pixels, [self._fixed(points)], False, (*colour, 255), thick, cv2.LINE_AA, _SHIFT)

    def glow(self, centre, radius: float, colour, strength: float) -> None:
        """Light that is added, fading out at about `radius`."""
        dx, dy = self.columns() - centre[0], self.rows() - centre[1]
        fall = np.exp(-((dx / radius) ** 2))[None] * np.exp(-((dy / radius) ** 2))[:, None] * strength
        rgb = self.pixels[..., :3].astype(np.float32)
        alpha = self.pixels[..., 3:].astype(np.float32) / 255
        rgb += (np.asarray(colour, np.float32) * alpha - rgb) * np.clip(fall, 0, 1)[..., None]
        self.pixels[..., :3] = np.rint(rgb)

    def wash(self, mask: np.ndarray, colour) -> None:
        """Colour where mask (float [h, w], 0 to 1) says so, on top of everything, also where nothing is."""
        self._blend((slice(None), slice(None)), mask, np.asarray(colour, np.float32))

    def tint(self, mask: np.ndarray, colour) -> None:
        """Colour where mask says so, but only on what is painted."""
        alpha = self.pixels[..., 3:].astype(np.float32) / 255
        rgb = self.pixels[..., :3].astype(np.float32)
        rgb += (np.asarray(colour, np.float32) * alpha - rgb) * mask[..., None]
        self.pixels[..., :3] = np.rint(rgb)

    def brushed(self, seed: int, cell: float, amount: float, stretch: float = 1.0) -> None:
        """Uneven paint: brightness varies by up to `amount`, in patches about `cell` high and `stretch` times wide."""
        field = self.noise(seed, cell, 3, stretch)
        gain = (1 + amount * (2 * field - 1))[..., None]
        alpha = self.pixels[..., 3:].astype(np.float32)
        self.pixels[..., :3] = np.rint(np.clip(self.pixels[..., :3] * gain, 0, alpha))

    def noise(self, seed: int, cell: float, octaves: int = 4, stretch: float = 1.0) -> np.ndarray:
        """Soft noise, float32 [h, w] in 0..1 around 0.5; `cell`: size of its largest patches."""
        rng = np.random.default_rng(seed)
        x0, y0, x1, y1 = self.box
        total, weight = np.zeros(self.shape, np.float32), 0.0
        for octave in range(octaves):
            size = cell * 0.5**octave
            rows = max(4, math.ceil((y1 - y0) / size) + 3)
            columns = max(4, math.ceil((x1 - x0) / (size * stretch)) + 3)
            grid = rng.random((rows, columns), dtype=np.float32)
            total += cv2.resize(grid, self.shape[::-1], interpolation=cv2.INTER_CUBIC) * 0.55**octave
            weight += 0.55**octave
        return np.clip(total / weight, 0, 1)

    def soften(self, radius: float) -> None:
        """Blur all by about `radius`."""
        sigma = radius * self.scale
        if sigma > 0.3:
            self.pixels = cv2.GaussianBlur(self.pixels, (0, 0), sigma)

    def _blend(self, where, mask: np.ndarray, rgb: np.ndarray) -> None:
        part = self.pixels[where]
        m = mask[..., None]
        part[..., :3] = np.rint(part[..., :3] * (1 - m) + rgb * m)
        part[..., 3] = np.rint(part[..., 3] * (1 - mask) + 255 * mask)
