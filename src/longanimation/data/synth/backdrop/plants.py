"""Trees, firs, grass and flowers: geometry drawn once, painted in any light."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from longanimation.data.synth.backdrop.canvas import Canvas
from longanimation.data.synth.backdrop.layer import Ground, box, closed
from longanimation.data.synth.backdrop.light import hsv


class Tree:
    """A trunk with a crown of dabs in three tones. x, base: its foot; height: all of it."""

    def __init__(self, ground: Ground, x: float, base: float, height: float, distance: float, hue: float):
        rng, light = ground.rng, ground.light
        self.x, self.base, self.height = x, base, height
        n = int(rng.integers(26, 44))
        angle, reach = rng.uniform(0, 2 * np.pi, n), rng.uniform(0, 1, n) ** 0.7
        self.middle = np.array((x, base - 0.66 * height))
        self.at = self.middle + np.stack([np.cos(angle) * 0.33, np.sin(angle) * 0.27], 1) * reach[:, None] * height
        self.size = rng.uniform(0.06, 0.13, n) * height
        self.colours = [light.far(hsv(hue + d, s, v), distance) for d, s, v in _TONES]
        self.trunk = light.far(hsv(0.07, 0.45, 0.36), distance)
        self.lean = float(rng.uniform(-0.03, 0.03)) * height

    def draw(self, canvas) -> None:
        x, y, h = self.x, self.base, self.height
        w, top = 0.035 * h, x + self.lean
        canvas.fill(
            [(x - 1.5 * w, y), (top - 0.6 * w, y - 0.6 * h), (top + 0.6 * w, y - 0.6 * h), (x + 1.5 * w, y)],
            self.trunk,
        )
        for tone, (shift, scale, upto) in enumerate(((0.0, 1.0, 2.0), (-0.035, 0.72, 0.25), (-0.06, 0.42, 0.05))):
            for at, size in zip(self.at, self.size, strict=True):
                if at[1] - self.middle[1] < upto * self.height * 0.5:
                    canvas.disc(at + (shift * self.height * 0.6, shift * self.height), size * scale, self.colours[tone])

    def sketch(self) -> list[np.ndarray]:
        a = np.linspace(0, 2 * np.pi, 25)
        wave = 1 + 0.1 * np.sin(6 * a)
        crown = self.middle + np.stack([np.cos(a) * 0.39, np.sin(a) * 0.33], 1) * self.height * wave[:, None]
        w = 0.04 * self.height
        foot = np.array([(self.x - w, self.base - 0.36 * self.height), (self.x - w, self.base)])
        return [crown, foot, foot + (2 * w, 0)]


_TONES = ((0.02, 0.62, 0.3), (0.0, 0.58, 0.46), (-0.025, 0.5, 0.66))


class Fir:
    """Stacked skirts of a fir; snowy: white on top of each."""

    def __init__(self, ground: Ground, x: float, base: float, height: float, distance: float, snowy: bool):
        light, rng = ground.light, ground.rng
        self.x, self.base, self.height, self.snowy = x, base, height, snowy
        self.colour = light.far(hsv(0.42 + float(rng.uniform(-0.03, 0.03)), 0.4, 0.34), distance)
        self.dark = light.far(hsv(0.45, 0.45, 0.24), distance)
        self.snow = light.far((240, 246, 255), distance * 0.7)
        self.count = int(rng.integers(3, 6))

    def _skirt(self, k: int) -> np.ndarray:
        top = self.base - self.height * (1 - k / (self.count + 0.6))
        low = top + self.height * 1.35 / (self.count + 0.6)
        half = self.height * 0.27 * (k + 1.3) / (self.count + 0.3)
        across = np.linspace(1, -1, 9)
        hem = np.stack([self.x + half * across, low - 0.25 * (low - top) * np.abs(across) ** 2 * 0.5
                        + 0.07 * (low - top) * (np.arange(9) % 2)], 1)  # fmt: skip
        return np.concatenate([[(self.x, top)], hem])

    def draw(self, canvas) -> None:
        w = 0.03 * self.height
        canvas.fill(box(self.x - w, self.base - 0.2 * self.height, self.x + w, self.base), self.dark)
        for k in reversed(range(self.count)):
            skirt = self._skirt(k)
            canvas.fill(skirt, self.colour, self.dark)
            if self.snowy:
                tip, hem = skirt[0], skirt[1:]
                cap = tip + (hem - tip) * np.where(np.arange(9) % 2, 0.5, 0.78)[:, None]
                canvas.fill(np.concatenate([[tip], cap]), self.snow)

    def sketch(self) -> list[np.ndarray]:
        return [closed(self._skirt(k)) for k in range(self.count)]


def blades(ground: Ground, count: int, top: float, low: float, colours) -> Callable[[Canvas], None]:
    """Tufts of grass all over a slope from y = top to low, larger below."""
    rng = ground.rng
    y = np.sort(rng.uniform(0, 1, count)) ** 0.8
    x = rng.uniform(-ground.half, ground.half, count)
    lean = rng.uniform(-0.5, 0.5, count)
    tone = rng.integers(0, len(colours), count)

    def draw(canvas) -> None:
        for k in range(count):
            size = 0.008 + 0.03 * y[k]
            foot = np.array((x[k], top + (low - top) * y[k]))
            canvas.fill(
                [foot - (0.16 * size, 0), foot + (lean[k] * size, -size), foot + (0.16 * size, 0)], colours[tone[k]]
            )

    return draw


def blossoms(ground: Ground, count: int, top: float, low: float, colours) -> Callable[[Canvas], None]:
    """Flowers all over a slope."""
    rng = ground.rng
    y = np.sort(rng.uniform(0, 1, count))
    x = rng.uniform(-ground.half, ground.half, count)
    tone = rng.integers(0, len(colours), count)

    def draw(canvas) -> None:
        for k in range(count):
            size = 0.0025 + 0.009 * y[k]
            canvas.disc((x[k], top + (low - top) * y[k]), (size, 0.75 * size), colours[tone[k]])

    return draw
