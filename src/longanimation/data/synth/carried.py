"""Worn over the clothes: a scarf, a bag on the back. Units of the figure; hips at y = 0."""

from __future__ import annotations

import math

import numpy as np

from longanimation.data.synth.curves import circle, smooth
from longanimation.data.synth.shapes import CLIP, Shape, poly, poly3, stroke
from longanimation.data.synth.solids import Frame, turn


class Scarf:
    """A ring round the neck with a loose end in front. length, width: of the torso."""

    def __init__(self, colour: int, length: float, width: float, part):
        self.colour, self.length, self.width = colour, length, width
        self.part = {n: part() for n in ("scarf", "scarf_end")}

    def draw(self, frame: Frame, yaw: float, sway: float) -> list[Shape]:
        """Shapes over torso and neck."""
        t, w, part = self.length, self.width, self.part
        c, s = math.cos(yaw), math.sin(yaw)
        ring = (circle(10) * (w * 0.56, t * 0.1) + (0.02 * s * w, -t * 1.0)).astype(np.float32)
        end, _ = turn(
            poly3(
                (0.05 * w, -t * 0.98, 0.45 * w),
                (0.4 * w, -t * 0.98, 0.4 * w),
                (0.5 * w, -t * 0.5, 0.6 * w),
                (0.1 * w, -t * 0.45, 0.6 * w),
            ),
            yaw,
        )
        end[2:, 0] += sway * w * 2
        out = [Shape(frame(end), part["scarf_end"], self.colour)] if c > -0.3 else []
        out.append(Shape(frame(smooth(ring)), part["scarf"], self.colour))
        out.append(
            stroke(
                frame(smooth(ring[[0, 2, 4]] * (0.9, 1) + (0.0, -0.05 * t), False).astype(np.float32)), 0.8, clip=True
            )
        )
        return out


class Bag:
    """A bag on the back. colours: of the bag, its flap and its pocket, which only the back view shows."""

    def __init__(self, colours: tuple[int, int, int], length: float, width: float, part):
        self.colours, self.length, self.width = colours, length, width
        self.part = {n: part() for n in ("bag", "flap", "pocket", "strap")}

    def strap(self, frame: Frame, yaw: float) -> Shape:
        """Across the torso, in front or behind."""
        t, w = self.length, self.width
        z = 0.4 * w if math.cos(yaw) > 0 else -0.4 * w
        flat, _ = turn(poly3((-w, -t, z), (-w * 0.7, -t * 1.02, z), (w * 0.95, -t * 0.12, z), (w * 0.8, 0.0, z)), yaw)
        return Shape(frame(flat), self.part["strap"], self.colours[0], role=CLIP)

    def draw(self, frame: Frame, yaw: float, detail: int) -> list[Shape]:
        """The bag, flap and pocket."""
        t, w = self.length, self.width
        c, s = math.cos(yaw), math.sin(yaw)
        centre, _ = turn(poly3((0.0, -t * 0.5, -w * 0.8))[0], yaw)
        half = abs(c) * w * 0.78 + abs(s) * w * 0.36
        p = (
            poly((-half, -t * 0.34), (half, -t * 0.34), (half * 1.05, t * 0.36), (-half * 1.05, t * 0.36)) + centre
        ).astype(np.float32)
        out = [Shape(frame(smooth(p, True, density=5)), self.part["bag"], self.colours[0])]
        flap = (
            poly(
                (-half * 1.3, -t * 0.5),
                (half * 1.3, -t * 0.5),
                (half * 1.3, -t * 0.08),
                (0, -t * 0.02),
                (-half * 1.3, -t * 0.08),
            )
            + centre
        ).astype(np.float32)
        out.append(Shape(frame(flap), self.part["flap"], self.colours[1], role=CLIP))
        if c < 0.1 and detail > 0:
            pocket = (
                poly((-half * 0.6, t * 0.06), (half * 0.6, t * 0.06), (half * 0.55, t * 0.27), (-half * 0.55, t * 0.27))
                + centre
            ).astype(np.float32)
            out.append(Shape(frame(smooth(pocket, True, (0, 1))), self.part["pocket"], self.colours[2], role=CLIP))
        return out
