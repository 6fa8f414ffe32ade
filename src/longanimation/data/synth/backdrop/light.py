"""Times of day: the colours of the sky, and what they do to everything below it."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, replace

import numpy as np

Colour = tuple[float, float, float]


def mix(a, b, k: float) -> Colour:
    """k = 0 gives a, 1 gives b. RGB, 0 to 255."""
    return tuple(float(x + (y - x) * k) for x, y in zip(a, b, strict=True))


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """RGB, 0 to 255, from values 0 to 1; hue wraps."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, min(max(saturation, 0), 1), min(max(value, 0), 1))
    return 255 * red, 255 * green, 255 * blue


@dataclass(frozen=True)
class Light:
    """sky: colours from the top to the horizon; tint: what near colours are multiplied by; haze: what far ones fade to;
    sun: colour of sun or moon and how high it may stand (0 horizon, 1 top); cloud: lit and shaded colour. lamps: lit
    windows. stars: how many."""

    name: str
    sky: tuple[Colour, Colour, Colour]
    tint: Colour
    haze: Colour
    sun: Colour
    sun_height: tuple[float, float]
    sun_radius: float
    glow: float
    cloud: tuple[Colour, Colour]
    lamps: bool = False
    stars: int = 0

    def near(self, colour) -> Colour:
        """A colour close by in this light."""
        return tuple(float(min(c * t, 255)) for c, t in zip(colour, self.tint, strict=True))

    def far(self, colour, distance: float) -> Colour:
        """The same, distance 0 to 1 away."""
        return mix(self.near(colour), self.haze, distance)

    def varied(self, rng) -> Light:
        """The same light on another day."""
        shift = rng.uniform(-9, 9, (3, 3))
        sky = tuple(tuple(np.clip(np.add(c, s), 0, 255).tolist()) for c, s in zip(self.sky, shift, strict=True))
        return replace(self, sky=sky, haze=mix(self.haze, sky[2], 0.5), glow=self.glow * float(rng.uniform(0.7, 1.2)))


LIGHTS = {
    "day": Light(
        "day", ((52, 122, 214), (112, 176, 240), (206, 232, 250)), (1.0, 1.0, 0.98), (190, 218, 240),
        (255, 252, 232), (0.55, 0.9), 0.05, 0.5, ((255, 255, 255), (186, 206, 232)),
    ),
    "sunset": Light(
        "sunset", ((88, 70, 138), (240, 128, 92), (255, 206, 116)), (1.0, 0.7, 0.56), (250, 162, 104),
        (255, 240, 190), (0.03, 0.25), 0.085, 1.0, ((255, 176, 128), (168, 92, 122)),
    ),
    "night": Light(
        "night", ((10, 14, 46), (22, 34, 82), (52, 72, 126)), (0.3, 0.36, 0.58), (38, 54, 104),
        (244, 244, 224), (0.5, 0.9), 0.055, 0.55, ((62, 76, 124), (34, 44, 88)), lamps=True, stars=170,
    ),
    "cloudy": Light(
        "cloudy", ((136, 146, 160), (170, 180, 190), (206, 212, 216)), (0.72, 0.76, 0.8), (184, 192, 200),
        (226, 230, 232), (0.5, 0.8), 0.0, 0.2, ((210, 214, 220), (140, 148, 162)),
    ),
    "dawn": Light(
        "dawn", ((126, 150, 208), (230, 182, 206), (255, 222, 204)), (0.96, 0.8, 0.82), (244, 204, 208),
        (255, 246, 226), (0.05, 0.3), 0.05, 0.8, ((255, 224, 218), (196, 164, 196)),
    ),
    "dusk": Light(
        "dusk", ((32, 28, 82), (94, 62, 134), (206, 118, 158)), (0.56, 0.48, 0.72), (146, 96, 152),
        (255, 226, 200), (0.4, 0.8), 0.03, 0.6, ((178, 112, 164), (82, 62, 122)), lamps=True, stars=40,
    ),
}  # fmt: skip
