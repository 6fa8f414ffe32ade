"""Legs, shoes, and what is worn on them: trousers, shorts, overalls, skirts."""

from __future__ import annotations

import math

import numpy as np

from longanimation.data.synth.curves import Limb, smooth
from longanimation.data.synth.extremities import foot
from longanimation.data.synth.motion import Pose
from longanimation.data.synth.shapes import CLIP, NONE, Shape, poly, stroke
from longanimation.data.synth.solids import Frame, Solid, turn

_LONG = ("trousers", "overalls")
_PARTS = "hip bib leg_l leg_r cloth_l cloth_r sock_l sock_r shoe_l shoe_r sole_l sole_r knee_l knee_r hem"


class Legs:
    """The lower half of a figure. kind: trousers, shorts, overalls or skirt. Units of the figure; hips at y = 0."""

    def __init__(self, rng, palette, kind: str, skin: int, shirt: int, part):
        self.kind, self.skin = kind, skin
        self.part = {n: part() for n in _PARTS.split()}
        self.cloth = palette.near(shirt, 0.2) if rng.random() < 0.12 else palette.any()
        self.hem = palette.any() if rng.random() < 0.25 else None
        self.shoe = shirt if rng.random() < 0.12 else palette.any()
        self.sole = palette.any() if rng.random() < 0.35 else None
        self.sock = palette.any() if rng.random() < 0.4 else None
        self.knee = palette.any() if rng.random() < 0.08 and kind in _LONG else None
        self.end = float(rng.uniform(0.78, 0.95) if kind in _LONG else rng.uniform(0.28, 0.45))
        self.flare = rng.uniform(1.2, 1.9)
        self.skirt = rng.uniform(0.3, 0.62)

    def measure(self, rng, torso: Solid, trunk: float, leg: float, hip: float, shoulder: float, thick: float) -> None:
        """torso: its solid; trunk, leg: heights; hip, shoulder: half widths; thick: of the limbs."""
        self.torso, self.trunk, self.leg, self.hip, self.shoulder = torso, trunk, leg, hip, shoulder
        self.skirt *= leg
        bare = np.array([1.55, 1.3, 1.02, 0.98, 0.72]) * thick * rng.uniform(1.0, 1.2)
        cloth = bare * rng.uniform(1.1, 1.35)
        if self.end > 0.7:
            cloth[2:] *= rng.uniform(0.95, 1.4)
        self.ankle = float(bare[4])
        self.bare = Limb(bare)
        self.socks = Limb(bare * 1.1, float(rng.uniform(0.55, 0.85)), 1.0, 7, caps=(0.0, 0.2))
        self.tube = Limb(cloth, 0.0, self.end, 11, caps=(0.9, 0.25))
        self.hems = Limb(cloth * 1.04, self.end - 0.06, self.end, 3, caps=(0.0, 0.25))
        self.knees = Limb(cloth * 1.02, 0.44, 0.56, 4, caps=(0.1, 0.1))

    def one(self, k: int, pose: Pose, hips: Frame, detail: int) -> tuple[float, list[Shape]]:
        """Leg k (0: left on the picture when facing us): its depth and shapes."""
        side = (-1, 1)[k]
        swing, spread, bend = pose.legs[k]
        length = self.leg * 0.49
        root = np.array((side * self.hip * 0.48, 0.0, 0.0), np.float32)
        knee = root + length * np.array((side * math.sin(spread), math.cos(swing), math.sin(swing)), np.float32)
        low = swing - bend
        ankle = knee + length * 0.92 * np.array((side * math.sin(spread), math.cos(low), math.sin(low)), np.float32)
        pitch = 0.75 * min(low, 0.0) + 0.35 * max(low, 0.0)  # the heel lifts behind, the toe lifts in front
        reach = 0.055 + 0.3 * self.ankle
        toe = ankle + np.array(
            (side * 0.012, self.leg * 0.05 - reach * math.sin(pitch), reach * math.cos(pitch)), np.float32
        )
        flat, depths = turn(np.stack([root, knee, ankle, toe]), pose.yaw)
        j = hips(flat)
        sfx, part, joints = ("_l", "_r")[k], self.part, j[:3]
        out = [Shape(self.bare.outline(joints), part["leg" + sfx], self.skin)]
        if self.sock is not None:
            out.append(Shape(self.socks.outline(joints), part["sock" + sfx], self.sock))
        shoe_parts = (part["shoe" + sfx], part["sole" + sfx])
        out += foot(j[2], j[3], self.ankle * 1.25, shoe_parts, (self.shoe, self.sole), detail)
        if self.kind != "skirt":
            out.append(Shape(self.tube.outline(joints), part["cloth" + sfx], self.cloth))
            if self.knee is not None:
                out.append(Shape(self.knees.outline(joints), part["knee" + sfx], self.knee))
            if self.hem is not None and detail > 0:
                out.append(Shape(self.hems.outline(joints), part["hem"], self.hem))
        return float(depths[1]), out

    def hips(self, pose: Pose, frame: Frame, detail: int) -> list[Shape]:
        """What goes round the hips; a skirt hides the torso's lower edge, trousers are hidden by it."""
        left, right = self.torso.edges(pose.yaw)
        return self._skirt(left, right, pose, frame, detail) if self.kind == "skirt" else self._seat(left, right, frame)

    def _skirt(self, left, right, pose: Pose, frame: Frame, detail: int) -> list[Shape]:
        t, m, part = self.trunk, self.skirt, self.part
        half = self.flare * 0.5 * float(right[-1] - left[-1]) + 0.1 * m
        reach = [math.sin(leg[0]) * m * math.sin(pose.yaw) for leg in pose.legs]
        a, b = min(-half, min(reach) - 0.5 * self.hip), max(half, max(reach) + 0.5 * self.hip)
        sway = 0.15 * pose.sway * m
        a, b = a - sway, b - sway
        w, mid = (b - a) / 2, (a + b) / 2
        p = poly(
            (left[-3] * 1.03, -t * 0.15), (right[-3] * 1.03, -t * 0.15), (right[-1] * 1.15, 0.25 * m), (b, m),
            (mid + 0.55 * w, m * 1.06),
            (mid + 0.1 * w, m * 1.03), (mid - 0.4 * w, m * 1.07), (a, m), (left[-1] * 1.15, 0.25 * m),
        )  # fmt: skip
        out = [Shape(frame(smooth(p, True, (0, 1, 3, 7), 3)), part["hip"], self.cloth)]
        if self.hem is not None:
            low = poly((b + w, m * 0.88), (mid, m * 0.93), (a - w, m * 0.88), (a - w, 2 * m), (b + w, 2 * m))
            out.append(Shape(frame(low), part["hem"], self.hem, role=CLIP))
        if detail > 0:
            for x in (-0.5, 0.05, 0.55):
                out.append(
                    stroke(frame(poly((mid * 0.3 + x * w * 0.5, 0.3 * m), (mid + x * w, m * 0.98))), 0.8, clip=True)
                )
        return out

    def _seat(self, left, right, frame: Frame) -> list[Shape]:
        t = self.trunk
        p = poly(
            (left[-2] * 0.98, -t * 0.06), (right[-2] * 0.98, -t * 0.06), (right[-1] * 1.04, 0.03),
            (right[-1] * 0.7, 0.07),
            (0, 0.05), (left[-1] * 0.7, 0.07), (left[-1] * 1.04, 0.03),
        )  # fmt: skip
        points = frame(smooth(p, True, (0, 1), 3))
        # The pen follows only the two sides: trousers and hips are one piece of cloth.
        sides = [stroke(points[3:9]), stroke(np.concatenate([points[18:], points[:1]]))]
        return [Shape(points, self.part["hip"], self.cloth, NONE), *sides]

    def bib(self, pose: Pose, body: Frame) -> list[Shape]:
        """The front of overalls, on the torso."""
        if self.kind != "overalls" or math.cos(pose.yaw) <= 0:
            return []
        w, t = self.shoulder, self.trunk
        corners = (
            (-0.5 * w, -t * 0.62, 0.6 * w),
            (0.5 * w, -t * 0.62, 0.6 * w),
            (0.7 * w, 0, 0.55 * w),
            (-0.7 * w, 0, 0.55 * w),
        )
        flat, _ = turn(np.array(corners, np.float32), pose.yaw)
        return [Shape(body(flat), self.part["bib"], self.cloth, role=CLIP)]
