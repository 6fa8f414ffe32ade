"""Robots: boxes with another colour on every side. Unit: height = 1, origin on the ground."""

from __future__ import annotations

import math

import numpy as np

from longanimation.data.synth.curves import Limb, circle, smooth
from longanimation.data.synth.motion import Pose
from longanimation.data.synth.shapes import MARK, Shape, poly, stroke
from longanimation.data.synth.solids import Frame, turn


class Robot:
    """A box on legs: square head with a screen, antenna, panel in front and a hatch behind."""

    head_height = 0.32

    def __init__(self, rng, palette, split: str, part):
        self.families = {"actor": "robot"}
        self.colours = [palette.any() for _ in range(8)]
        self.part = {
            n: part()
            for n in (
                "head screen eye_l eye_r bulb body panel b0 b1 b2 hatch arm_l arm_r claw_l claw_r leg_l leg_r shoe_l "
                "shoe_r side_h side_b"
            ).split()
        }
        self.w, self.d = rng.uniform(0.18, 0.26), rng.uniform(0.12, 0.2)
        self.hw, self.hd = self.w * rng.uniform(0.6, 0.95), self.d * 0.9
        self.tube = Limb(np.array((0.035, 0.03, 0.035)), 0, 1, 9, caps=(0.2, 0.2))

    def _block(self, out, yaw, frame, y0, y1, w, d, names, colours):
        """A box between heights y0 < y1: the side that shows, then front or back; returns the x range of the latter."""
        c, s = math.cos(yaw), math.sin(yaw)
        xs = {k: (a * c + b * s) for k, (a, b) in {"fl": (-w, d), "fr": (w, d), "bl": (-w, -d), "br": (w, -d)}.items()}
        side = ("fr", "br") if s < 0 else ("bl", "fl")
        a, b = sorted((xs[side[0]], xs[side[1]]))
        wide = sorted((xs["fl"], xs["fr"]) if c >= 0 else (xs["bl"], xs["br"]))
        for (x0, x1), name, colour in (((a, b), names[1], colours[1]), (tuple(wide), names[0], colours[0])):
            if x1 - x0 > 0.01:
                out.append(Shape(frame(poly((x0, y0), (x1, y0), (x1, y1), (x0, y1))), self.part[name], colour))
        return wide

    def draw(self, pose: Pose, size: float = 1.0) -> list[Shape]:
        part, col, yaw = self.part, self.colours, pose.yaw
        c = math.cos(yaw)
        frame = Frame((0, -pose.lift), pose.tip, (1 + 0.5 * pose.squash, 1 - pose.squash))
        out: list[Shape] = []
        legs, arms = [], []
        for i, side in enumerate((-1, 1)):
            swing, _, bend = pose.legs[i]
            hip = np.array((side * self.w * 0.55, -0.3, 0), np.float32)
            knee = hip + np.array((0, 0.13 * math.cos(swing), 0.13 * math.sin(swing)), np.float32)
            ankle = knee + np.array((0, 0.13 * math.cos(swing - bend), 0.13 * math.sin(swing - bend)), np.float32)
            j, d = turn(np.stack([hip, knee, ankle]), yaw)
            x, y = j[2].tolist()
            shoe = poly((x - 0.06, y + 0.04), (x - 0.05, y - 0.03), (x + 0.05, y - 0.03), (x + 0.06, y + 0.04)) + (
                0.03 * math.sin(yaw),
                0,
            )
            legs.append(
                (
                    float(d[0]),
                    [
                        Shape(frame(self.tube.outline(j)), part[("leg_l", "leg_r")[i]], col[5]),
                        Shape(frame(shoe.astype(np.float32)), part[("shoe_l", "shoe_r")[i]], col[6]),
                    ],
                )
            )
            swing, spread, bend = pose.arms[i]
            root = np.array((side * self.w * 1.05, -0.58, 0), np.float32)
            reach = np.array(
                (side * math.sin(spread), math.cos(spread) * math.cos(swing), math.cos(spread) * math.sin(swing)),
                np.float32,
            )
            low = np.array(
                (
                    side * math.sin(spread * 1.1),
                    math.cos(spread * 1.1) * math.cos(swing + bend),
                    math.sin(swing + bend),
                ),
                np.float32,
            )
            j, d = turn(np.stack([root, root + 0.15 * reach, root + 0.15 * reach + 0.14 * low]), yaw)
            claw = (circle(8) * 0.05 + j[2]).astype(np.float32)
            arms.append(
                (
                    float(d.mean()),
                    [
                        Shape(frame(self.tube.outline(j)), part[("arm_l", "arm_r")[i]], col[5]),
                        Shape(frame(smooth(claw)), part[("claw_l", "claw_r")[i]], col[6]),
                    ],
                )
            )
        for _, shapes in sorted(legs, key=lambda e: e[0]):
            out += shapes
        out += [x for d, shapes in arms if d < -0.02 for x in shapes]
        wide = self._block(out, yaw, frame, -0.66, -0.26, self.w, self.d, ("body", "side_b"), (col[0], col[1]))
        mid, half = (wide[0] + wide[1]) / 2, (wide[1] - wide[0]) / 2
        if c > 0.15:
            out.append(
                Shape(
                    frame(
                        poly(
                            (mid - half * 0.7, -0.6),
                            (mid + half * 0.7, -0.6),
                            (mid + half * 0.7, -0.42),
                            (mid - half * 0.7, -0.42),
                        )
                    ),
                    part["panel"],
                    col[2],
                    role=MARK,
                )
            )
            for k in range(3):
                p = (circle(8) * (0.03 * abs(c) + 0.005, 0.03) + (mid + half * 0.45 * (k - 1), -0.34)).astype(
                    np.float32
                )
                out.append(Shape(frame(smooth(p)), part[f"b{k}"], col[(3, 4, 7)[k]], role=MARK))
        elif c < -0.15:
            p = (circle(10) * (half * 0.55, 0.12) + (mid, -0.47)).astype(np.float32)
            out.append(Shape(frame(smooth(p)), part["hatch"], col[7], role=MARK))
        hyaw = pose.head_yaw
        out.append(stroke(frame(poly((0, -0.92), (0, -1.02)))))
        out.append(Shape(frame(smooth((circle(8) * 0.035 + (0, -1.04)).astype(np.float32))), part["bulb"], col[3]))
        wide = self._block(out, hyaw, frame, -0.94, -0.69, self.hw, self.hd, ("head", "side_h"), (col[0], col[1]))
        if math.cos(hyaw) > 0.15:
            mid, half = (wide[0] + wide[1]) / 2, (wide[1] - wide[0]) / 2
            out.append(
                Shape(
                    frame(
                        poly(
                            (mid - half * 0.8, -0.9),
                            (mid + half * 0.8, -0.9),
                            (mid + half * 0.8, -0.74),
                            (mid - half * 0.8, -0.74),
                        )
                    ),
                    part["screen"],
                    col[4],
                    role=MARK,
                )
            )
            for side, name in ((-1, "eye_l"), (1, "eye_r")):
                p = (
                    circle(8) * (half * 0.18, 0.008 if pose.blink > 0.5 else 0.035) + (mid + side * half * 0.4, -0.83)
                ).astype(np.float32)
                out.append(Shape(frame(smooth(p)), part[name], col[3], role=MARK))
        return out + [x for d, shapes in arms if d >= -0.02 for x in shapes]
