"""Toys: turned and faceted pieces put together at random, so that no two are built alike. Unit: height = 1, origin on
the ground."""

from __future__ import annotations

import math

import numpy as np

from longanimation.data.synth.curves import Limb, circle, smooth
from longanimation.data.synth.motion import Pose
from longanimation.data.synth.shapes import CLIP, MARK, Shape, poly
from longanimation.data.synth.solids import Frame, MarkSet, Solid, rotation, turn

PI = math.pi


def random_mark(rng) -> tuple[np.ndarray, tuple[int, ...]]:
    """Control points [n, 2] of a small shape of about unit size, and its corners."""
    kind = rng.integers(4)
    if kind == 0:
        return circle(8) * rng.uniform(0.5, 1, 2), ()
    if kind == 1:
        a, b = rng.uniform(0.4, 1, 2)
        return poly((-a, -b), (a, -b), (a, b), (-a, b)), (0, 1, 2, 3)
    count = int(rng.integers(3, 7)) * (1 if kind == 2 else 2)
    radius = rng.uniform(0.6, 1, count) if kind == 2 else np.tile((1.0, rng.uniform(0.4, 0.8)), count // 2)
    return (circle(count) * radius[:, None]).astype(np.float32), tuple(range(count))


class Turned:
    """A piece of revolution between heights y0 < y1, with a band around it and marks on its skin."""

    def __init__(self, rng, colour, y0: float, y1: float, width: float, part):
        self.parts = [part() for _ in range(6)]
        self.colours = [colour() for _ in range(6)]
        y = np.linspace(y0, y1, 7)
        bulge = np.sin(np.linspace(rng.uniform(0.2, 1.3), PI - rng.uniform(0.2, 1.3), 7))
        half = width * bulge * rng.uniform(0.85, 1.15, 7)
        self.solid = Solid(np.stack([y, half, half * rng.uniform(0.6, 1.0), 0 * y], 1))
        self.corners = (0, 6, 7, 13) if rng.random() < 0.5 else ()
        start = y0 + (y1 - y0) * rng.uniform(0.1, 0.7)
        self.band = None if rng.random() < 0.5 else (start, start + (y1 - y0) * rng.uniform(0.1, 0.3))
        self.marks = MarkSet()
        for k in range(int(rng.integers(0, 5))):
            outline, corners = random_mark(rng)
            size = rng.uniform(0.12, 0.55) * min(width, (y1 - y0) / 2)
            at = rng.uniform(y0 + 0.25 * (y1 - y0), y1 - 0.25 * (y1 - y0))
            around = rng.uniform(-PI, PI) if k else rng.choice((0.0, PI))
            self.marks.add(str(1 + k), self.solid.patch(around, at, outline * size), corners=corners)

    def draw(self, frame: Frame, yaw: float) -> list[Shape]:
        out = [Shape(frame(smooth(self.solid.silhouette(yaw), True, self.corners)), self.parts[0], self.colours[0])]
        if self.band is not None:
            (top, low), wide = self.band, 2 * float(self.solid.wx.max() + self.solid.wz.max())
            band = poly((-wide, top), (0, top + 0.02), (wide, top), (wide, low), (0, low + 0.02), (-wide, low))
            out.append(Shape(frame(smooth(band, True, (0, 2, 3, 5))), self.parts[5], self.colours[5], role=CLIP))
        for name, (flat, depth, _) in self.marks.project(yaw, frame).items():
            if depth > 0.01:
                out.append(Shape(flat, self.parts[int(name)], self.colours[int(name)], role=CLIP))
        return out


class Faceted:
    """A tapered column with three, five or six sides between heights y0 < y1, each side in one of three colours."""

    def __init__(self, rng, colour, y0: float, y1: float, width: float, part):
        count = int(rng.choice((3, 5, 6)))
        self.y, self.half = (y0, y1), (width * rng.uniform(0.55, 1), width)
        if rng.random() < 0.5:
            self.half = self.half[::-1]
        self.angles = (np.arange(count) + rng.uniform(-0.15, 0.15, count)) * 2 * PI / count + rng.uniform(0, 2 * PI)
        tones = [colour() for _ in range(3)]
        self.sides = [(part(), tones[int(rng.integers(3))]) for _ in range(count)]
        self.insets = [(part(), colour(), *random_mark(rng)) if rng.random() < 0.35 else None for _ in range(count)]

    def draw(self, frame: Frame, yaw: float) -> list[Shape]:
        ring = np.stack([np.sin(self.angles), 0 * self.angles, 0.8 * np.cos(self.angles)], 1).astype(np.float32)
        corners = [turn(ring * half + (0, y, 0), yaw)[0] for y, half in zip(self.y, self.half, strict=True)]
        depth = (ring @ rotation(yaw))[:, 2]
        after = np.roll(np.arange(len(ring)), -1)
        out = []
        for k in np.argsort(depth + depth[after]):
            upper, lower = corners[0][[k, after[k]]], corners[1][[k, after[k]]]
            width = lower[1, 0] - lower[0, 0] + upper[1, 0] - upper[0, 0]
            if width < 0.02:  # seen from behind, or edge on
                continue
            out.append(Shape(frame(np.concatenate([upper, lower[::-1]]).astype(np.float32)), *self.sides[k]))
            if self.insets[k] is not None:
                part, colour, outline, bends = self.insets[k]
                u, v = (0.5 + 0.32 * outline).T[:, :, None]
                flat = (1 - v) * ((1 - u) * upper[0] + u * upper[1]) + v * ((1 - u) * lower[0] + u * lower[1])
                out.append(Shape(frame(smooth(flat.astype(np.float32), True, bends)), part, colour, role=CLIP))
        return out


class Toy:
    """Pieces on each other, the highest of which is the head; limbs of two colours, or none; a tip on the head."""

    def __init__(self, rng, palette, split: str, part):
        self.families = {"actor": "toy"}
        used: list[int] = []

        def colour() -> int:
            """Colours come again, as on things that were designed."""
            if not used or rng.random() < 0.6:
                used.append(palette.any())
            return used[int(rng.integers(len(used)))]

        self.leg = float(rng.choice((0.0, rng.uniform(0.12, 0.32))))
        self.head_height = float(rng.uniform(0.22, 0.45)) * (1 - self.leg)
        body = np.cumsum([0, *rng.dirichlet(np.full(int(rng.integers(1, 4)), 4.0))]) * (1 - self.leg - self.head_height)
        width = float(rng.uniform(0.14, 0.3))
        self.pieces = [
            self._piece(rng, colour, -self.leg - high, -self.leg - low, width * rng.uniform(0.75, 1.2), part)
            for low, high in zip(body[:-1], body[1:], strict=True)
        ]
        neck = -self.leg - float(body[-1])
        head = self.head_height * rng.uniform(0.45, 0.8)
        self.head = self._piece(rng, colour, neck - self.head_height, neck + 0.01, head, part)
        self.eye = rng.uniform(0.06, 0.14) * self.head_height, rng.uniform(0.25, 0.55) * head
        self.eyes = [(part(), colour()) for _ in range(int(rng.integers(0, 3)))]
        self.face = neck - rng.uniform(0.45, 0.7) * self.head_height, 0.8 * head
        self.tip = None if rng.random() < 0.4 else (part(), colour(), *random_mark(rng), rng.uniform(0.04, 0.1))
        self.hip, self.shoulder = width * rng.uniform(0.3, 0.6), (width * rng.uniform(0.8, 1.1), neck + 0.06)
        self.reach = float(rng.uniform(0.09, 0.16))
        thick = np.array((1.0, rng.uniform(0.6, 1.1), rng.uniform(0.6, 1.5))) * rng.uniform(0.02, 0.05)
        halves = [Limb(thick, a, b, 7, caps=(0.3, 0.3)) for a, b in ((0.0, 0.5), (0.5, 1.0))]
        self.limbs = {
            name: [(tube, part(), tint) for tube, tint in zip(halves, tints, strict=True)]
            for pair, tints in ((("leg0", "leg1"), (colour(), colour())), (("arm0", "arm1"), (colour(), colour())))
            for name in pair
        }
        self.has_arms = rng.random() < 0.7
        end, self.end_corners = random_mark(rng)
        self.end = end * float(thick[2] * rng.uniform(1.4, 2.2))
        tints = colour(), colour()
        self.ends = {name: (part(), tints[name.startswith("arm")]) for name in self.limbs}

    @staticmethod
    def _piece(rng, colour, y0: float, y1: float, width: float, part):
        return (Turned if rng.random() < 0.55 else Faceted)(rng, colour, float(y0), float(y1), float(width), part)

    def _limb(self, name: str, joints: np.ndarray, frame: Frame, yaw: float) -> tuple[float, list[Shape]]:
        flat, depth = turn(joints.astype(np.float32), yaw)
        shapes = [Shape(frame(tube.outline(flat)), part, colour) for tube, part, colour in self.limbs[name]]
        end = smooth((self.end + flat[2]).astype(np.float32), True, self.end_corners)
        return float(depth.mean()), [*shapes, Shape(frame(end), *self.ends[name])]

    def draw(self, pose: Pose, size: float = 1.0) -> list[Shape]:
        yaw = pose.yaw
        frame = Frame((0, -pose.lift), pose.tip, (1 + 0.5 * pose.squash, 1 - pose.squash))
        legs, arms = [], []
        for k, side in enumerate((-1, 1)):
            if self.leg:
                swing, _, bend = pose.legs[k]
                hip = np.array((side * self.hip, -self.leg - 0.02, 0))
                knee = hip + 0.5 * self.leg * np.array((0, math.cos(swing), math.sin(swing)))
                foot = knee + 0.5 * self.leg * np.array((0, math.cos(swing - bend), math.sin(swing - bend)))
                legs.append(self._limb(f"leg{k}", np.stack([hip, knee, foot]), frame, yaw))
            if self.has_arms:
                swing, spread, bend = pose.arms[k]
                root = np.array((side * self.shoulder[0], self.shoulder[1], 0))
                down = np.array((side * math.sin(spread), math.cos(spread) * math.cos(swing), math.sin(swing)))
                low = np.array((side * math.sin(1.1 * spread), math.cos(swing + bend), math.sin(swing + bend)))
                elbow = root + self.reach * down
                arms.append(self._limb(f"arm{k}", np.stack([root, elbow, elbow + self.reach * low]), frame, yaw))
        out = [shape for _, shapes in sorted(legs, key=lambda e: e[0]) for shape in shapes]
        out += [shape for depth, shapes in arms if depth < 0 for shape in shapes]
        for piece in self.pieces:
            out += piece.draw(frame, yaw)
        if self.tip is not None:
            part, colour, outline, corners, length = self.tip
            tip = (outline * length + (0, -1 - 0.5 * length)).astype(np.float32)
            out.append(Shape(frame(smooth(tip, True, corners)), part, colour))
        out += self.head.draw(frame, pose.head_yaw)
        radius, apart = self.eye
        for side, (part, colour) in zip((-1, 1), self.eyes, strict=False):
            at, depth = turn(np.array((side * apart, self.face[0], self.face[1]), np.float32), pose.head_yaw)
            if depth > 0:
                eye = circle(8) * (radius, 0.2 * radius if pose.blink > 0.5 else radius) + at
                out.append(Shape(frame(smooth(eye.astype(np.float32))), part, colour, role=MARK))
        return out + [shape for depth, shapes in arms if depth >= 0 for shape in shapes]
