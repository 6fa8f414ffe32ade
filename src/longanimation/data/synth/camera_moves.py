"""Cameras of painted scenes: still, slow and fast pans, zooms, and shakes."""

from __future__ import annotations

import math

import numpy as np

_MOVES = ("still", "pan", "whip", "zoom", "both")


class Camera:
    """keys: keyed x, y and zoom, as `Scene` takes them. reach: how far the centre goes from the middle (x, y), and the
    least and largest zoom."""

    def __init__(self, rng, frames: int, move: str | None = None, shakes: bool | None = None):
        self.move = str(rng.choice(_MOVES, p=(0.25, 0.3, 0.12, 0.15, 0.18))) if move is None else move
        start = float(rng.uniform(0, 0.3)) * frames
        length = float(rng.uniform(4, 9)) if self.move == "whip" else float(rng.uniform(0.4, 0.9)) * frames
        x0, x1 = (float(v) for v in rng.uniform(-0.45, 0.45, 2))
        y1 = float(rng.uniform(-0.08, 0.08))
        zoom = float(np.exp(rng.uniform(-0.28, 0.5)))
        self.keys = [(0, 0.0)], [(0, 0.0)], [(0, 1.0)]
        if self.move in ("pan", "whip", "both"):
            if abs(x1 - x0) < 0.25:
                x1 = x0 + math.copysign(0.35, x1 - x0)
            self.keys = [(start, x0), (start + length, x1)], [(start, 0.0), (start + length, y1)], [(0, 1.0)]
        if self.move in ("zoom", "both"):
            self.keys = *self.keys[:2], [(start, 1.0), (start + length, zoom)]
        self.shakes: list[tuple[float, float, float]] = []
        if rng.random() < 0.22 if shakes is None else shakes:
            for begin in rng.uniform(0, frames, 1 + frames // 120):
                self.shakes.append((float(begin), float(begin + rng.uniform(6, 30)), float(rng.uniform(0.006, 0.022))))
        self._phase = rng.uniform(0, 6.3, 4)
        wide = max((amount for *_, amount in self.shakes), default=0.0) * 1.5
        across, up, zooms = ([value for _, value in keys] for keys in self.keys)
        self.reach = (
            max(abs(v) for v in across) + wide, max(abs(v) for v in up) + wide, min(zooms), max(zooms),
        )  # fmt: skip

    def shake(self, frame: int) -> tuple[float, float]:
        """How far the centre is off at a frame, in frame heights."""
        for begin, end, amount in self.shakes:
            if begin <= frame < end:
                fade = amount * (1 - (frame - begin) / (end - begin))
                a, b, c, d = self._phase
                return (
                    fade * (math.sin(2.1 * frame + a) + 0.5 * math.sin(3.7 * frame + b)),
                    fade * (math.sin(2.6 * frame + c) + 0.5 * math.sin(4.1 * frame + d)),
                )
        return 0.0, 0.0
