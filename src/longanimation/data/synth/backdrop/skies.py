"""Skies: gradient, sun or moon, stars, clouds."""

from __future__ import annotations

import numpy as np

from longanimation.data.synth.backdrop.layer import Ground, Layer
from longanimation.data.synth.backdrop.light import mix
from longanimation.data.synth.curves import smooth


def sky(ground: Ground, *, clouds: float = 1.0, disc: bool = True) -> list[Layer]:
    """clouds: how many of the usual number; disc: sun or moon may be seen."""
    rng, light = ground.rng, ground.light
    top, horizon = -0.75, ground.horizon
    stops = [(top, light.sky[0]), (horizon - 0.45 * (horizon - top), light.sky[1]), (horizon, light.sky[2])]
    sun = (float(rng.uniform(-0.55, 0.55)), horizon - float(rng.uniform(*light.sun_height)) * (horizon + 0.5))
    stars = np.stack([rng.uniform(-ground.half, ground.half, light.stars), rng.uniform(-0.6, horizon, light.stars)], 1)
    bright = rng.uniform(0.2, 1.0, light.stars) ** 2
    seed = ground.seed()
    veil = 0.75 if ground.clouded else float(rng.uniform(0.1, 0.5))
    shown = disc and not ground.clouded

    def draw(canvas) -> None:
        canvas.gradient(stops)
        if not ground.clouded:
            for at, b in zip(stars, bright, strict=True):
                canvas.disc(at, 0.0012 + 0.0022 * b, mix(light.sky[1], (255, 255, 240), 0.35 + 0.65 * b))
        if shown:
            canvas.glow(sun, 0.75, light.sun, 0.45 * light.glow)
            canvas.glow(sun, 0.26, light.sun, 0.75 * light.glow)
            canvas.glow(sun, 1.8 * light.sun_radius + 0.02, light.sun, 0.8)
            if light.sun_radius:
                canvas.disc(sun, light.sun_radius, light.sun)
        field = canvas.noise(seed, 0.28, 5, 3.2)
        low = np.clip((horizon - canvas.rows()) / 0.5, 0.25, 1)[:, None]
        canvas.wash(np.clip((field - 0.56) * 5, 0, 1) * veil * low, light.cloud[0])
        if ground.clouded:
            canvas.wash(np.clip((canvas.noise(seed + 1, 0.4, 4, 2.2) - 0.42) * 2.4, 0, 0.75) * low, light.cloud[1])

    layers = [Layer(draw, 0.12)]
    count = 0 if ground.clouded else int(rng.integers(1, 6) * clouds)
    if count:
        layers.append(_heaps(ground, count, sun))
    return layers


def _heaps(ground: Ground, count: int, sun) -> Layer:
    """Heaped clouds: flat below, lit from the sun's side."""
    rng, light = ground.rng, ground.light
    heaps, sketch = [], []
    for _ in range(count):
        x = float(rng.uniform(-1, 1)) * ground.half * 0.8
        y = ground.horizon - float(rng.uniform(0.12, 0.55))
        width = float(rng.uniform(0.1, 0.36))
        n = int(rng.integers(12, 22))
        along = np.sort(rng.uniform(-1, 1, n))
        radius = width * (0.12 + 0.26 * (1 - along**2) * rng.uniform(0.5, 1.1, n))
        puffs = np.stack([x + along * width, y - radius * rng.uniform(0.3, 1.2, n), radius], 1)
        heaps.append(puffs)
        outline = np.stack([puffs[:, 0], puffs[:, 1] - puffs[:, 2]], 1)
        sketch.append(smooth(outline[:: max(1, n // 9)].astype(np.float32), False))
    lit, shade = light.cloud
    shift = 0.25 if sun[0] > 0 else -0.25
    seed = ground.seed()

    def draw(canvas) -> None:
        for puffs in heaps:
            for x, y, r in puffs:
                canvas.disc((x, y), r, mix(shade, light.sky[1], 0.15))
            for x, y, r in puffs:
                canvas.disc((x + shift * r, y - 0.16 * r), 0.84 * r, mix(shade, lit, 0.6))
            for x, y, r in puffs:
                canvas.disc((x + 1.4 * shift * r, y - 0.34 * r), 0.6 * r, lit)
            canvas.soften(0.004)
        canvas.brushed(seed, 0.1, 0.04)

    return Layer(draw, 0.2, drift=float(rng.uniform(-1, 1)) * 0.0006, sketch=sketch)
