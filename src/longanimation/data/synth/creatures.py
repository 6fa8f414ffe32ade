"""Simple creatures: round monsters. Unit: height = 1, origin on the ground."""

from __future__ import annotations

import math

import numpy as np

from longanimation.data.synth.curves import Limb, circle, smooth
from longanimation.data.synth.motion import Pose
from longanimation.data.synth.shapes import CLIP, INK, TRACE, Shape, poly, stroke
from longanimation.data.synth.solids import Frame, MarkSet, Solid, turn

PI = math.pi


class Creature:
    """A round body with a face on it, spots, horns, arms and feet."""

    head_height = 0.6

    def __init__(self, rng, palette, split: str, part):
        self.families = {"actor": "creature"}
        self.body = palette.any()
        self.belly = palette.near(self.body, 0.2) if rng.random() < 0.6 else palette.any()
        self.spot = palette.any() if rng.random() < 0.5 else None
        self.horn = palette.any() if rng.random() < 0.6 else None
        self.foot = palette.any()
        self.white, self.pupil = palette.add((252, 252, 250)), palette.add((34, 28, 36))
        self.mouth, self.tooth = palette.hsv(0.97, 0.7, 0.5), self.white
        self.back = palette.any() if rng.random() < 0.6 else None
        self.part = {
            n: part()
            for n in (
                "body belly s0 s1 s2 s3 horn_l horn_r arm_l arm_r foot_l foot_r e0 e1 e2 p0 p1 p2 mouth tooth b0 b1"
            ).split()
        }
        y = np.linspace(-0.96, -0.08, 7)
        w = 0.34 * rng.uniform(0.7, 1.25, 7) * np.sin(np.linspace(0.35, PI - 0.5, 7)) * rng.uniform(0.9, 1.2)
        self.solid = Solid(np.stack([y, w, w * rng.uniform(0.75, 1.0), 0 * y], 1))
        put, ring, marks = self.solid.patch, circle(10), MarkSet()
        marks.add("belly", put(0, -0.32, ring * (0.22, 0.2)))
        for k in range(4):
            marks.add(f"s{k}", put(rng.uniform(-PI, PI), rng.uniform(-0.8, -0.3), ring * rng.uniform(0.03, 0.08)))
        for k in range(2):
            marks.add(f"b{k}", put(PI + (k - 0.5) * 0.9, -0.55, ring * (0.08, 0.16)))
        self.eyes = int(rng.integers(1, 4))
        r = rng.uniform(0.07, 0.12)
        for k in range(self.eyes):
            lon = (k - (self.eyes - 1) / 2) * 0.75
            marks.add(f"e{k}", put(lon, -0.7, ring * r))
            marks.add(f"p{k}", put(lon * 0.93, -0.69, ring * r * 0.5))
            marks.add(f"c{k}", put(lon, -0.7, poly((-r, 0), (0, 0.3 * r), (r, 0))), False)
        marks.add(
            "mouth",
            put(0, -0.5, poly((-0.13, -0.02), (0, 0.0), (0.13, -0.02), (0.07, 0.07), (-0.07, 0.07))),
            corners=(0, 2),
        )
        marks.add("tooth", put(0.1, -0.49, poly((-0.02, -0.01), (0.03, -0.01), (0.005, 0.035))), corners=(0, 1, 2))
        marks.add("smile", put(0, -0.5, poly((-0.12, -0.02), (0, 0.03), (0.12, -0.02))), False)
        self.marks = marks
        self.tube = Limb(np.array((0.045, 0.04, 0.05)), 0, 1, 9, caps=(0.3, 1.0))
        self.horn_length = rng.uniform(0.12, 0.25)

    def draw(self, pose: Pose, size: float = 1.0) -> list[Shape]:
        yaw, part = pose.yaw, self.part
        k = pose.squash + 0.04 * math.sin(pose.sway * 12)
        frame = Frame((0, -pose.lift), pose.tip + 0.3 * pose.lean, (1 + 0.8 * k, 1 - k))
        out: list[Shape] = []
        for i, side in enumerate((-1, 1)):
            at, _ = turn(np.array((side * 0.14, -0.05, 0.05 + 0.25 * pose.legs[i][0]), np.float32), yaw)
            lift = 0.1 * max(0.0, pose.legs[i][2] - 0.2)
            p = (
                poly((-0.1, 0.05), (-0.1, -0.05), (0, -0.1), (0.1, -0.05), (0.12, 0.05))
                + at
                + (0.03 * math.sin(yaw), -lift)
            )
            out.append(
                Shape(frame(smooth(p.astype(np.float32), True, (0, 4))), part[("foot_l", "foot_r")[i]], self.foot)
            )
        arms = []
        for i, side in enumerate((-1, 1)):
            swing, spread, bend = pose.arms[i]
            root = self.solid.place(side * PI / 2, -0.48)
            reach = np.array(
                (side * math.sin(spread + 0.4), math.cos(spread + 0.4) * math.cos(swing), math.sin(swing)), np.float32
            )
            joints, d = turn(
                np.stack(
                    [root * 0.9 + (0, -0.048, 0), root + reach * 0.12, root + reach * 0.24 + (0, -0.08 * bend, 0)]
                ).astype(np.float32),
                yaw,
            )
            arms.append((float(d[2]), Shape(frame(self.tube.outline(joints)), part[("arm_l", "arm_r")[i]], self.body)))
        out += [s for d, s in arms if d < -0.02]
        if self.horn is not None:
            for i, side in enumerate((-1, 1)):
                at, _ = turn(self.solid.place(side * 1.2, -0.86), yaw)
                p = poly((-0.06, 0.06), (side * 0.05 * math.cos(yaw), -self.horn_length), (0.06, 0.06)) + at
                out.append(
                    Shape(
                        frame(smooth(p.astype(np.float32), True, (0, 1, 2))), part[("horn_l", "horn_r")[i]], self.horn
                    )
                )
        out.append(Shape(frame(smooth(self.solid.silhouette(yaw), density=5)), part["body"], self.body))
        for name, (points, depth, _) in self.marks.project(yaw, frame).items():
            if depth < 0.04:
                continue
            kind = name[0]
            if kind == "s" and name != "smile" and self.spot is not None:
                out.append(Shape(points, part[name], self.spot, INK, CLIP))
            elif kind == "b" and name != "belly" and self.back is not None:
                out.append(Shape(points, part[name], self.back, INK, CLIP))
            elif name == "belly":
                out.append(Shape(points, part[name], self.belly, TRACE if self.eyes == 2 else INK, CLIP))
            elif kind == "e" and pose.blink < 0.5:
                out.append(Shape(points, part[name], self.white, INK, CLIP))
            elif kind == "p" and pose.blink < 0.5:
                out.append(Shape(points, part[name], self.pupil, INK, CLIP, width=0.7))
            elif kind == "c" and pose.blink > 0.5:
                out.append(stroke(points, clip=True))
            elif name == "mouth" and pose.mouth > 0.25:
                out.append(Shape(points, part[name], self.mouth, INK, CLIP))
            elif name == "tooth" and pose.mouth > 0.25:
                out.append(Shape(points, part[name], self.tooth, INK, CLIP, width=0.7))
            elif name == "smile" and pose.mouth <= 0.25:
                out.append(stroke(points, clip=True))
        return out + [s for d, s in arms if d >= -0.02]
