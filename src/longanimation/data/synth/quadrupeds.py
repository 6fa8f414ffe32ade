"""Four-legged animals. Unit: height of the head's top about 1, origin on the ground under the middle."""

from __future__ import annotations

import math

import numpy as np

from longanimation.data.synth.curves import Limb, circle, smooth
from longanimation.data.synth.families import pick
from longanimation.data.synth.motion import Pose
from longanimation.data.synth.muzzles import AnimalHead, Tail
from longanimation.data.synth.shapes import CLIP, INK, TRACE, Shape, poly
from longanimation.data.synth.solids import Frame, turn


class Quadruped:
    """An animal that walks along its own forward direction (yaw 90 degrees: to the right)."""

    head_height = 0.4

    def __init__(self, rng, palette, split: str, part):
        self.families = {"actor": "quadruped", "ears": pick(rng, "ears", split)}
        self.fur = palette.fur()
        self.head = AnimalHead(rng, palette, self.families, self.fur, part)
        self.tail = Tail(rng, palette, self.fur, part)
        self.part = {
            n: part()
            for n in "body belly spot1 spot2 spot3 neck collar saddle leg0 leg1 leg2 leg3 paw0 paw1 paw2 paw3".split()
        }
        self.belly = self.head.light if rng.random() < 0.4 else None
        self.paw = palette.near(self.fur, 0.3) if rng.random() < 0.5 else None
        self.far = palette.near(self.fur, 0.08) if rng.random() < 0.3 else self.fur
        self.spot = palette.any() if rng.random() < 0.45 else None
        self.collar = palette.any() if rng.random() < 0.5 else None
        self.saddle = palette.any() if rng.random() < 0.15 else None
        self.leg = rng.uniform(0.22, 0.5)
        self.length = rng.uniform(0.5, 0.85)
        girth = self.girth = rng.uniform(0.13, 0.22)
        self.head_height = min(0.5, 1 - self.leg - girth) * rng.uniform(0.8, 1.0)
        self.trunk = Limb(np.array([1.0, 1.08, rng.uniform(0.8, 1.15), 1.0, 0.95]) * girth, 0, 1, 13, caps=(0.8, 0.8))
        thick = rng.uniform(0.045, 0.075)
        widths = np.array([1.6, 1.3, 1.0, 0.9, 0.95]) * thick
        self.leg_tube = Limb(widths, 0, 1, 11, caps=(0.9, 0.8))
        self.paw_tube = Limb(widths * 1.08, 0.78, 1, 5, caps=(0.2, 0.9))
        self.neck = Limb(np.array([1.0, 0.85, 0.75]) * girth * 0.8, 0, 1, 9, caps=(0.6, 0.5))
        self.collar_tube = Limb(np.array([1.0, 0.9, 0.8]) * girth * 0.86, 0.55, 0.72, 3, caps=(0.2, 0.2))
        self.spots = rng.uniform(-0.4, 0.4, (3, 2)) * (1.0, 0.5)
        self.spot_size = rng.uniform(0.05, 0.12, 3)
        self.rise = rng.uniform(0.0, 0.3)

    def draw(self, pose: Pose, size: float = 1.0) -> list[Shape]:
        yaw, part = pose.yaw, self.part
        c = math.cos(yaw)
        detail = 2 if self.head_height * size > 0.17 else 1 if self.head_height * size > 0.075 else 0
        up = self.leg + self.girth * 0.6 + pose.lift
        stretch = 1 - pose.squash
        half = self.length / 2
        breathe = 0.01 * math.sin(pose.sway * 20)
        spine = np.array([(0, -up, -half), (0, -up - breathe - 0.02, 0), (0, -up - 0.03, half)], np.float32)
        flat, depths = turn(spine, yaw)
        flat[:, 1] *= stretch
        legs = []
        for k in range(4):
            side, fore = (-1, 1)[k % 2], k < 2
            swing = pose.legs[k % 2 if fore else 1 - k % 2][0]
            bend = pose.legs[k % 2 if fore else 1 - k % 2][2]
            z = half * (0.82 if fore else -0.82)
            hip = np.array((side * self.girth * 0.5, -up + self.girth * 0.25, z), np.float32)
            length = (up - self.girth * 0.25) / 2
            sign = 1 if fore else -1
            knee = hip + np.array((0, math.cos(swing), math.sin(swing)), np.float32) * length
            low = swing - bend * 0.8 * sign
            ankle = knee + np.array((0, math.cos(low), math.sin(low)), np.float32) * length * 0.95
            joints, d = turn(np.stack([hip, knee, ankle]), yaw)
            joints[:, 1] *= stretch
            near = d[0] >= float(depths[0 if not fore else 2]) - 0.01
            shapes = [Shape(self.leg_tube.outline(joints), part[f"leg{k}"], self.fur if near else self.far)]
            if self.paw is not None:
                shapes.append(Shape(self.paw_tube.outline(joints), part[f"paw{k}"], self.paw, TRACE, CLIP))
            legs.append((float(d[0]), shapes))
        legs.sort(key=lambda e: e[0])
        chest = flat[2]
        hh = self.head_height
        crown3 = np.array((0, -up - self.rise - self.girth * 0.5 - hh * 0.2, half + 0.12), np.float32)
        crown, crown_depth = turn(crown3, yaw)
        crown = crown + (0, pose.nod * 0.05 + pose.lift * 0.0)
        neck = np.stack([chest, chest * 0.45 + crown * 0.55 + (0.0, 0.02), crown]).astype(np.float32)
        head_frame = Frame(crown, pose.head_tilt, (hh, hh * stretch))
        _, head = self.head.draw(head_frame, pose, detail, pose.sway)
        body = self._trunk(flat, yaw)
        neck_shapes = [Shape(self.neck.outline(neck), part["neck"], self.fur, INK, stroke=(2, 20))]
        if self.collar is not None:
            neck_shapes.append(Shape(self.collar_tube.outline(neck), part["collar"], self.collar))
        tail = self.tail.draw(flat[0], yaw, pose.sway, 0.45)
        out: list[Shape] = []
        front = neck_shapes + head
        if c >= 0:
            out += tail
        else:
            out += front
        for _, shapes in legs[:2]:
            out += shapes
        out += body
        for _, shapes in legs[2:]:
            out += shapes
        out += front if c >= 0 else tail
        return out

    def _trunk(self, spine: np.ndarray, yaw: float) -> list[Shape]:
        part, g = self.part, self.girth
        out = [Shape(self.trunk.outline(spine), part["body"], self.fur)]
        middle, along = spine[1], spine[2] - spine[0]
        if self.belly is not None:
            p = (
                smooth(poly((-0.8, 0.9), (0, 0.45), (0.8, 0.9), (0.8, 2), (-0.8, 2)))
                * (abs(float(along[0])) / 2 + g * 0.5, g)
                + middle
            )
            out.append(Shape(p.astype(np.float32), part["belly"], self.belly, TRACE, CLIP))
        if self.spot is not None:
            for k, ((x, y), r) in enumerate(zip(self.spots, self.spot_size, strict=True)):
                p = smooth(
                    circle(7) * np.array((1.2 * r, r)) * (1 + 0.2 * (np.arange(7) % 2))[:, None]
                    + middle
                    + along * x
                    + (0, y * g * 2)
                )
                out.append(Shape(p.astype(np.float32), part[f"spot{k + 1}"], self.spot, INK, CLIP))
        if self.saddle is not None:
            p = (
                poly((-0.25, -2), (0.25, -2), (0.3, 0.3), (-0.3, 0.3)) * (abs(float(along[0])) * 0.8 + g * 0.6, g)
                + middle
            )
            out.append(Shape(smooth(p.astype(np.float32), True, (0, 1)), part["saddle"], self.saddle, INK, CLIP))
        return out
