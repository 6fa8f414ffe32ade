"""Effects: smoke, cloud and splash that grow out of nothing, in two or three tones parted by coloured lines."""

from __future__ import annotations

import math

import numpy as np

from longanimation.data.synth.curves import circle, smooth
from longanimation.data.synth.motion import Pose
from longanimation.data.synth.shapes import CLIP, INK, TRACE, Shape


class Effect:
    """A cluster of puffs or flames; the pose's `clock` (frames) drives growth and churning. Unit: height about 1."""

    head_height = 0.5

    def __init__(self, rng, palette, split: str, part):
        self.families = {"actor": "effect"}
        base = palette.any()
        self.tones = (base, palette.near(base, 0.14), palette.near(base, 0.28))
        self.part = {n: part() for n in ("far", "near", "shade", "core", *(f"p{k}" for k in range(9)))}
        self.count = int(rng.integers(4, 10))
        self.at = rng.uniform(-0.4, 0.4, (9, 2)) * (1.2, 1) + (0, -0.5)
        self.radius = rng.uniform(0.14, 0.3, 9)
        self.phase = rng.uniform(0, 6.3, 9)
        self.birth = rng.uniform(0, 20, 9)
        self.lobes = rng.integers(5, 9, 9)
        self.spiky = rng.random() < 0.25
        self.line = TRACE if rng.random() < 0.6 else INK

    def draw(self, pose: Pose, size: float = 1.0) -> list[Shape]:
        out: list[Shape] = []
        t = pose.clock
        for k in range(self.count):
            age = (t * 0.6 + self.birth[k]) % 44
            grow = min(1.0, 0.35 + age / 18) * (1.0 if age < 34 else max(0.0, (44 - age) / 10))
            if grow < 0.08:
                continue
            n = 2 * int(self.lobes[k])
            wave = np.where(np.arange(n) % 2, 0.72 if self.spiky else 0.86, 1.0) * (
                1 + 0.06 * np.sin(self.phase[k] + 0.15 * t + np.arange(n) * 1.7)
            )
            r = self.radius[k] * grow
            turn_by = self.phase[k] + 0.02 * t
            c, s = math.cos(turn_by), math.sin(turn_by)
            ring = circle(n) @ np.array([[c, s], [-s, c]], np.float32) * wave[:, None]
            centre = self.at[k] * (1 + 0.01 * age, 1) + (0.02 * math.sin(0.1 * t + k), -0.012 * age)
            corners = tuple(range(0 if self.spiky else 1, n, 2))
            curve = smooth(ring.astype(np.float32), True, corners, 5)
            out.append(Shape((curve * r + centre).astype(np.float32), self.part[f"p{k}"], self.tones[0]))
            out.append(
                Shape(
                    (curve * r * 0.9 + centre + (0.22 * r, 0.3 * r)).astype(np.float32),
                    self.part["shade"],
                    self.tones[1],
                    self.line,
                    CLIP,
                )
            )
            if k % 2 == 0:
                out.append(
                    Shape(
                        (curve * r * 0.6 + centre + (0.45 * r, 0.6 * r)).astype(np.float32),
                        self.part["core"],
                        self.tones[2],
                        self.line,
                        CLIP,
                    )
                )
        return out
