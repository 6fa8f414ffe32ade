"""Rain and snow: what falls, as a function of the frame."""

from __future__ import annotations

import cv2
import numpy as np

from longanimation.data.synth.backdrop.light import Light, mix


class Weather:
    """kind: "clear", "rain" or "snow". Falls through a tile of the picture that repeats."""

    def __init__(self, kind: str, rng, light: Light, aspect: float):
        self.kind, self.aspect = kind, aspect
        count = {"clear": 0, "rain": int(rng.integers(110, 220)), "snow": int(rng.integers(120, 240))}[kind]
        self.at = rng.uniform(0, 1, (count, 2))
        self.depth = np.sort(rng.uniform(0.25, 1, count))
        self.slant = float(rng.uniform(-0.25, 0.25))
        self.phase = rng.uniform(0, 6.3, count)
        self.colour = mix(light.cloud[0], (255, 255, 255), 0.5 if kind == "rain" else 0.9)

    def fall(self, picture: np.ndarray, frame: int, *, near: bool) -> None:
        """Paint onto picture uint8 [H, W, 3], in place. near: what falls in front of the characters, or the rest."""
        chosen = np.flatnonzero((self.depth > 0.86) == near)
        if not len(chosen):
            return
        height, width = picture.shape[:2]
        sheet = np.zeros((height, width), np.uint8)
        d = self.depth[chosen]
        rain = self.kind == "rain"
        speed = (0.11 if rain else 0.012) * d
        y = (self.at[chosen, 1] * 1.3 + speed * frame) % 1.3 - 0.15
        drift = self.slant * (y if rain else 0.3 * y) + (
            0 if rain else 0.02 * np.sin(0.15 * frame + self.phase[chosen])
        )
        x = ((self.at[chosen, 0] + drift / self.aspect) % 1.0) * width
        y = y * height
        tone = np.rint(255 * (0.2 + 0.5 * d)).astype(int)
        if rain:
            step = np.stack([self.slant * 0.09 * d, 0.09 * d], 1) * height
            ends = np.rint(np.stack([np.stack([x, y], 1), np.stack([x, y], 1) + step], 1) * 16).astype(np.int32)
            for k, line in enumerate(ends):
                cv2.line(
                    sheet,
                    line[0].tolist(),
                    line[1].tolist(),
                    int(tone[k] * 0.62),
                    max(1, round(0.0025 * height)),
                    cv2.LINE_AA,
                    4,
                )
        else:
            centres = np.rint(np.stack([x, y], 1) * 16).astype(np.int32)
            for k, centre in enumerate(centres):
                radius = max(10, int(16 * height * 0.0085 * d[k] ** 1.5))
                cv2.circle(sheet, centre.tolist(), radius, int(min(255, tone[k] * 1.4)), -1, cv2.LINE_AA, 4)
        m = sheet[..., None].astype(np.float32) / 255
        picture[:] = np.rint(picture + (np.asarray(self.colour, np.float32) - picture) * m)
