"""Things that a figure holds in one hand. Unit: the figure's height."""

from __future__ import annotations

import math

import numpy as np

from longanimation.data.synth.curves import circle, smooth
from longanimation.data.synth.motion import Pose
from longanimation.data.synth.shapes import CLIP, Shape, poly, stroke

NAMES = {"staff": "a staff", "book": "a book", "balloon": "a balloon", "lantern": "a lantern"}


class Held:
    """kind: a staff, a book, a balloon or a lantern; hand: which arm (0 left on the picture)."""

    def __init__(self, rng, palette, kind: str, part):
        self.kind, self.hand = kind, int(rng.integers(0, 2))
        self.colours = [palette.any() for _ in range(3)]
        self.parts = [part() for _ in range(4)]
        self.size = float(rng.uniform(0.8, 1.25))

    def put(self, k: int, arm: tuple[float, list[Shape]], joints: np.ndarray, pose: Pose, detail: int):
        """Arm k with the thing in its hand, below the fingers. arm: (depth, shapes, back to front)."""
        if k != self.hand:
            return arm
        depth, shapes = arm
        along = joints[2] - joints[1]
        along = along / (float(np.hypot(*along)) + 1e-6)
        grip = joints[2] + along * 0.035
        thing = getattr(self, "_" + self.kind)(pose, 0.3 * float(along[0]))
        return depth, [*(self._placed(shape, grip) for shape in thing), *shapes]

    @staticmethod
    def _placed(shape: Shape, grip: np.ndarray) -> Shape:
        shape.points = (shape.points + grip).astype(np.float32)
        return shape

    def _tilted(self, points: np.ndarray, angle: float) -> np.ndarray:
        c, s = math.cos(angle), math.sin(angle)
        return (points * self.size) @ np.array([[c, s], [-s, c]], np.float32)

    def _staff(self, pose: Pose, tilt: float) -> list[Shape]:
        a, b, c = self.colours
        rod = poly((-0.012, -0.42), (0.012, -0.42), (0.012, 0.38), (-0.012, 0.38))
        ring = circle(10) * 0.055 + (0, -0.46)
        gem = circle(8) * 0.028 + (0, -0.46)
        return [
            Shape(self._tilted(rod, tilt), self.parts[0], a),
            Shape(smooth(self._tilted(ring, tilt).astype(np.float32)), self.parts[1], b),
            Shape(smooth(self._tilted(gem, tilt).astype(np.float32)), self.parts[2], c, role=CLIP),
        ]

    def _book(self, pose: Pose, tilt: float) -> list[Shape]:
        a, b, _ = self.colours
        cover = poly((-0.075, -0.11), (0.075, -0.11), (0.075, 0.09), (-0.075, 0.09))
        pages = poly((0.055, -0.1), (0.075, -0.1), (0.075, 0.08), (0.055, 0.08))
        label = poly((-0.04, -0.07), (0.03, -0.07), (0.03, -0.03), (-0.04, -0.03))
        return [
            Shape(self._tilted(cover, tilt), self.parts[0], a),
            Shape(self._tilted(pages, tilt), self.parts[1], b, role=CLIP),
            Shape(self._tilted(label, tilt), self.parts[2], b, role=CLIP),
        ]

    def _balloon(self, pose: Pose, tilt: float) -> list[Shape]:
        top = np.array((0.05 * math.sin(0.08 * pose.clock) - 0.6 * pose.sway, -0.55), np.float32) * self.size
        ball = circle(12) * np.array((0.12, 0.145), np.float32) * self.size + top + (0, -0.14 * self.size)
        shine = (
            circle(8) * np.array((0.03, 0.045), np.float32) * self.size + top + np.array((-0.045, -0.19)) * self.size
        )
        string = smooth(np.stack([np.zeros(2), top * 0.5 + (0.03, 0), top]).astype(np.float32), False)
        return [
            stroke(string, 0.8),
            Shape(smooth(ball.astype(np.float32)), self.parts[0], self.colours[0]),
            Shape(smooth(shine.astype(np.float32)), self.parts[1], self.colours[1], role=CLIP, width=0.7),
        ]

    def _lantern(self, pose: Pose, tilt: float) -> list[Shape]:
        a, b, c = self.colours
        swing = 0.4 * pose.sway + 0.08 * math.sin(0.2 * pose.clock)
        out = [stroke(self._tilted(poly((0, 0), (0, 0.06)), swing))]
        body = circle(12) * np.array((0.07, 0.085), np.float32) + (0, 0.14)
        out.append(Shape(smooth(self._tilted(body, swing).astype(np.float32)), self.parts[0], a))
        for y in (0.08, 0.18):
            band = poly((-0.2, y), (0.2, y), (0.2, y + 0.022), (-0.2, y + 0.022))
            out.append(Shape(self._tilted(band, swing), self.parts[1], b, role=CLIP, width=0.7))
        cap = poly((-0.035, 0.045), (0.035, 0.045), (0.045, 0.07), (-0.045, 0.07))
        out.append(Shape(self._tilted(cap, swing), self.parts[2], c))
        return out
