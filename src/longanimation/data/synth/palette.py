"""Colours of a scene: at most 64 entries, entry 0 the background."""

from __future__ import annotations

import colorsys

import numpy as np

LIMIT = 64


class PaletteBuilder:
    """Collects colours; `add` gives back the index, `shadow` the index of the darker tone of an entry."""

    def __init__(self, rng, background: tuple[int, int, int] = (255, 255, 255), *, apart: bool = False):
        """apart: entry 0 is the background's alone, nothing drawn gets it."""
        self.rng = rng
        self.first = 1 if apart else 0
        self.colours: list[tuple[int, int, int]] = [background]
        self.shadows: dict[int, int] = {}

    def add(self, colour) -> int:
        """Index of this colour (a new entry, or the nearest one once the palette is full)."""
        colour = tuple(int(v) for v in colour)
        if colour in self.colours[self.first :]:
            return self.colours.index(colour, self.first)
        if len(self.colours) < LIMIT:
            self.colours.append(colour)
            return len(self.colours) - 1
        table = np.asarray(self.colours[self.first :], np.int32)
        return self.first + int(((table - np.asarray(colour)) ** 2).sum(1).argmin())

    def hsv(self, hue: float, saturation: float, value: float) -> int:
        return self.add(255 * np.asarray(colorsys.hsv_to_rgb(hue % 1, min(saturation, 1), min(value, 1))))

    def any(self) -> int:
        """A random cloth-like colour: sometimes white, grey, black or a pale tone."""
        rng = self.rng
        kind = rng.random()
        if kind < 0.08:
            return self.hsv(0, 0, rng.uniform(0.9, 0.98))
        if kind < 0.16:
            return self.hsv(rng.random(), 0.1, rng.uniform(0.15, 0.35))
        if kind < 0.24:
            return self.hsv(rng.random(), 0.05, rng.uniform(0.45, 0.7))
        if kind < 0.45:
            return self.hsv(rng.random(), rng.uniform(0.15, 0.4), rng.uniform(0.8, 1))
        return self.hsv(rng.random(), rng.uniform(0.5, 0.95), rng.uniform(0.45, 0.95))

    def fresh(self) -> int:
        """A strong colour far from all the others."""
        table = np.asarray(self.colours, np.int32)
        tries = [
            255 * np.asarray(colorsys.hsv_to_rgb(*v))
            for v in self.rng.uniform((0, 0.55, 0.5), (1, 0.95, 0.95), (12, 3))
        ]
        return self.add(max(tries, key=lambda t: int(((table - t) ** 2).sum(1).min())))

    def near(self, index: int, amount: float = 0.12) -> int:
        """A colour like entry `index`, a little lighter or darker: hard to tell apart."""
        h, s, v = colorsys.rgb_to_hsv(*(c / 255 for c in self.colours[index]))
        sign = 1 if (v < 0.55) else -1
        return self.hsv(h + self.rng.uniform(-0.02, 0.02), s, v + sign * amount)

    def pale(self, index: int) -> int:
        """A pale tone of entry `index`: belly, muzzle, tip of a tail."""
        h, s, v = colorsys.rgb_to_hsv(*(c / 255 for c in self.colours[index]))
        return self.hsv(h, 0.35 * s, min(1.0, v + 0.25 + 0.05 * self.rng.random()))

    def skin(self) -> int:
        rng = self.rng
        value = 1.0 - 0.5 * rng.random() ** 1.6
        return self.hsv(rng.uniform(0.035, 0.085), 0.72 - 0.5 * value + rng.uniform(-0.06, 0.12), value)

    def hair(self) -> int:
        rng = self.rng
        if rng.random() < 0.5:
            return self.hsv(rng.uniform(0.03, 0.13), rng.uniform(0.3, 0.8), rng.uniform(0.15, 0.85))
        return self.any()

    def fur(self) -> int:
        rng = self.rng
        if rng.random() < 0.75:
            return self.hsv(rng.uniform(0.04, 0.12), rng.uniform(0.1, 0.75), rng.uniform(0.35, 0.98))
        return self.any()

    def shadow(self, index: int) -> int:
        """Adds (once) the shadow tone of an entry."""
        if index not in self.shadows:
            h, s, v = colorsys.rgb_to_hsv(*(c / 255 for c in self.colours[index]))
            self.shadows[index] = self.hsv(h + 0.015, min(1, s * 1.15 + 0.06), v * 0.72)
        return self.shadows[index]

    def finish(self) -> tuple[np.ndarray, np.ndarray]:
        """palette uint8 [K, 3] and shadow_of uint8 [K]."""
        palette = np.asarray(self.colours, np.uint8)
        shadow = np.arange(len(palette), dtype=np.uint8)
        for index, dark in self.shadows.items():
            shadow[index] = dark
        return palette, shadow
