"""More to wear and to hold than the first figures had: patterns on the cloth, a layer over it, a thing in the hand."""

from __future__ import annotations

import math

import numpy as np

from longanimation.data.synth.curves import circle, smooth
from longanimation.data.synth.families import pick
from longanimation.data.synth.figures import Person
from longanimation.data.synth.held import Held
from longanimation.data.synth.motion import Pose
from longanimation.data.synth.shapes import CLIP, Shape, poly, poly3, stroke
from longanimation.data.synth.solids import Frame, MarkSet, turn


class Extras:
    """What a richer scene adds while it is cast. tempo: how fast everybody moves, 1 is as usual."""

    paper = (128, 128, 128)

    def __init__(self, rng, tempo: float = 1.0):
        self.rng, self.tempo = rng, tempo

    def dress(self, actor, palette, split: str, part) -> None:
        """Gives a person some of it; leaves all others alone."""
        if not isinstance(actor, Person):
            return
        rng, top = self.rng, actor.top
        wants = rng.random(3) < (0.35, 0.3, 0.35)
        if wants[0]:
            actor.families["pattern"] = pick(rng, "pattern", split)
            actor.pattern = Pattern(rng, palette, actor.families["pattern"], top, part)
        if wants[1]:
            actor.families["layer"] = pick(rng, "layer", split)
            actor.layer = Layer(palette, actor.families["layer"], top.length, top.width, part)
        if wants[2]:
            actor.families["held"] = pick(rng, "held", split)
            actor.held = Held(rng, palette, actor.families["held"], part)


class Pattern:
    """The same mark all over the torso's cloth."""

    def __init__(self, rng, palette, kind: str, top, part):
        self.kind = kind
        self.colours = (palette.any(), palette.near(top.shirt, 0.22))
        self.parts = (part(), part())
        t, w = top.length, top.width
        self.width = w
        self.marks = MarkSet()
        rows, around = (3, 8) if kind in ("dots", "diamonds") else (1, 9)
        if kind == "checks":
            self.marks = MarkSet()
        for row in range(rows):
            for k in range(around):
                lon = 2 * math.pi * (k + 0.5 * (row % 2)) / around - math.pi
                y = -t * (0.78 - 0.28 * row)
                shape, corners = self._mark(t, w)
                self.marks.add(f"{row}.{k}", top.torso.patch(lon, y if rows > 1 else -0.5 * t, shape), corners=corners)
        self.bands = ((0.84, 0.09), (0.6, 0.09), (0.36, 0.09)) if kind == "checks" else ()
        self.length = t

    def _mark(self, t: float, w: float) -> tuple[np.ndarray, tuple[int, ...]]:
        if self.kind == "dots":
            return circle(8) * np.array((0.17 * w, 0.07 * t), np.float32), ()
        if self.kind == "diamonds":
            return poly((0, -0.12 * t), (0.2 * w, 0), (0, 0.12 * t), (-0.2 * w, 0)), (0, 1, 2, 3)
        lean = 0.0 if self.kind == "checks" else 0.3 * w
        half = 0.1 * w
        return (
            poly(
                (-half + lean, -0.55 * t),
                (half + lean, -0.55 * t),
                (half - lean, 0.55 * t),
                (-half - lean, 0.55 * t),
            ),
            (0, 1, 2, 3),
        )

    def draw(self, frame: Frame, yaw: float, detail: int) -> list[Shape]:
        """Shapes to be clipped by the torso."""
        t, w, out = self.length, self.width, []
        for high, tall in self.bands:
            band = poly(
                (-2 * w, -t * high), (2 * w, -t * high), (2 * w, -t * (high - tall)), (-2 * w, -t * (high - tall))
            )
            out.append(Shape(frame(band), self.parts[1], self.colours[1], role=CLIP, width=0.7))
        for points, depth, _ in self.marks.project(yaw, frame).values():
            if depth > 0.05 * w:
                out.append(Shape(points, self.parts[0], self.colours[0], role=CLIP, width=0.7))
        return out


class Layer:
    """Worn over everything: a cape down the back, a coat open at the front, a poncho."""

    def __init__(self, palette, kind: str, length: float, width: float, part):
        self.kind, self.length, self.width = kind, length, width
        self.colour, self.second = palette.any(), palette.any()
        self.parts = (part(), part(), part())

    def draw(self, frame: Frame, pose: Pose, leg: float) -> tuple[list[Shape], list[Shape]]:
        """(behind the body for one facing us, over the torso)."""
        t, w, yaw, sway = self.length, self.width, pose.yaw, pose.sway
        c, s = math.cos(yaw), math.sin(yaw)
        if self.kind == "cape":
            return self._cape(frame, c, s, sway, leg)
        if self.kind == "coat":
            return [], self._coat(frame, yaw, sway, leg)
        half = w * (1.35 * abs(c) + 0.95 * abs(s))
        hem = np.linspace(1, -1, 7)
        low = np.stack([half * hem + sway * w, -0.22 * t - 0.1 * t * np.abs(hem) + 0.04 * t * (np.arange(7) % 2)], 1)
        body = np.concatenate(
            [poly((-0.4 * w, -1.03 * t), (0.4 * w, -1.03 * t), (0.95 * w, -0.9 * t)), low, poly((-0.95 * w, -0.9 * t))]
        )
        cloth = smooth(body.astype(np.float32), True, (0, 1, 3, 9))
        band = np.concatenate([low - (0, 0.16 * t), (low - (0, 0.08 * t))[::-1]]).astype(np.float32)
        return [], [
            Shape(frame(cloth), self.parts[0], self.colour),
            Shape(frame(band), self.parts[1], self.second, role=CLIP),
        ]

    def _cape(self, frame: Frame, c: float, s: float, sway: float, leg: float):
        t, w = self.length, self.width
        low = 0.62 * leg
        half = w * (1.5 * abs(c) + 0.75 * abs(s))
        shift = -0.55 * w * s + 1.6 * sway * w
        hem = np.linspace(1, -1, 7)
        edge = np.stack([shift + half * hem, low - 0.03 * np.abs(hem) + 0.025 * (np.arange(7) % 2)], 1)
        points = np.concatenate([poly((-0.75 * w, -0.98 * t), (0.75 * w, -0.98 * t)), edge]).astype(np.float32)
        cloth = frame(smooth(points, True, (0, 1, 2, 8)))
        folds = []
        for k in (-1, 1):
            fold = poly((0.3 * k * w, -0.7 * t), (0.4 * k * w + 0.6 * shift, 0.0), (0.5 * k * w + shift, low * 0.9))
            folds.append(stroke(frame(smooth(fold, False)), 0.7, clip=True))
        out = [Shape(cloth, self.parts[0], self.colour), *folds]
        clasp = []
        if c > 0.2:
            at, _ = turn(poly3((0.0, -0.96 * t, 0.5 * w))[0], math.asin(max(-1.0, min(1.0, s))))
            collar = (circle(10) * (0.72 * w, 0.085 * t) + (0.1 * w * s, -0.97 * t)).astype(np.float32)
            clasp = [
                Shape(frame(smooth(collar)), self.parts[1], self.colour),
                Shape(
                    frame(smooth((circle(8) * 0.11 * w + at).astype(np.float32))), self.parts[2], self.second, role=CLIP
                ),
            ]
        return out, clasp

    def _coat(self, frame: Frame, yaw: float, sway: float, leg: float) -> list[Shape]:
        t, w = self.length, self.width
        c, s = math.cos(yaw), math.sin(yaw)
        low, out = 0.5 * leg, []
        wide = w * (0.92 * abs(c) + 0.66 * abs(s))
        gap = 0.34 * w * max(c, 0.0)
        middle = 0.55 * w * s
        for side, name in ((-1, 0), (1, 1)):
            inner = middle + side * gap
            outer = side * wide
            if side * (outer - inner) < 0.1 * w:
                continue
            swing = sway * w
            flap = poly(
                (inner, -0.92 * t),
                (outer * 1.02, -0.92 * t),
                (outer * 0.95, -0.25 * t),
                (outer * 1.25 + swing, low),
                (inner + side * 0.12 * w * max(c, 0) + swing, low * 1.03),
            )
            out.append(Shape(frame(smooth(flap, True, (0, 1, 3, 4), 4)), self.parts[name], self.colour))
            band = poly((-9 * w, low * 0.86), (9 * w, low * 0.86), (9 * w, low * 1.1), (-9 * w, low * 1.1))
            out.append(Shape(frame(band), self.parts[2], self.second, role=CLIP))
        return out
