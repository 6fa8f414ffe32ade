"""Arms and hands with sleeves, cuffs, bands and gloves."""

from __future__ import annotations

import math

import numpy as np

from longanimation.data.synth.curves import Limb
from longanimation.data.synth.extremities import hand
from longanimation.data.synth.motion import Pose
from longanimation.data.synth.shapes import NONE, Shape, stroke
from longanimation.data.synth.solids import Frame, turn

_PARTS = "sleeve_l sleeve_r cuff_l cuff_r arm_l arm_r hand_l hand_r band_l band_r"


class Arms:
    """Both arms of a figure, in its units; the body's frame has the hips at y = 0."""

    def __init__(self, rng, palette, skin: int, shirt: int, part):
        self.skin, self.shirt = skin, shirt
        self.part = {n: part() for n in _PARTS.split()}
        self.sleeve = palette.any() if rng.random() < 0.35 else shirt
        self.cuff = palette.any() if rng.random() < 0.25 else None
        self.band = palette.any() if rng.random() < 0.12 else None
        self.glove = palette.any() if rng.random() < 0.1 else skin
        self.hands = [str(rng.choice(("mitten", "open", "fist"))) for _ in range(2)]
        self.joints: list = [None, None]  # of the last drawing
        self.end = float(rng.choice((0.22, 0.42, 0.5, 0.9)))

    def measure(self, rng, trunk: float, shoulder: float, thick: float) -> None:
        """trunk: height of the torso; shoulder: half width; thick: of the limbs."""
        self.trunk, self.shoulder = trunk, shoulder
        length = rng.uniform(0.92, 1.08) * trunk
        self.upper, self.fore = length * 0.52, length * 0.48
        bare = np.array([1.15, 1.1, 0.95, 0.85, 0.68]) * thick
        self.palm = float(thick * rng.uniform(1.25, 1.6))
        sleeve = bare * rng.uniform(1.12, 1.4) + 0.05 * thick
        if self.end > 0.6:
            sleeve[3:] *= rng.uniform(1.0, 1.35)
        self.bare = Limb(bare)
        self.sleeves = Limb(sleeve, 0.0, self.end, 5 if self.end < 0.3 else 9, caps=(0.55, 0.25))
        self.cuffs = Limb(sleeve * 1.04, max(self.end - 0.07, 0), self.end, 3, caps=(0.0, 0.25))
        self.bands = Limb(bare * 1.12, 0.88, 0.97, 3, caps=(0.0, 0.1))

    def one(self, k: int, pose: Pose, body: Frame, detail: int) -> tuple[float, list[Shape]]:
        """Arm k (0: left on the picture when facing us): its depth and shapes."""
        side = (-1, 1)[k]
        swing, spread, bend = pose.arms[k]
        root = np.array((side * self.shoulder * 0.82, -self.trunk * 0.83, 0.0), np.float32)
        low, out = swing + bend, spread + (0.5 * bend if spread > 0.9 else -0.25 * bend)
        elbow = root + self.upper * _direction(side, swing, spread)
        flat, depths = turn(np.stack([root, elbow, elbow + self.fore * _direction(side, low, out)]), pose.yaw)
        j = self.joints[k] = body(flat)
        depth = float(depths[1] * 0.5 + depths[2] * 0.5)
        sfx, part = ("_l", "_r")[k], self.part
        thumb = -side if math.cos(pose.yaw) > 0 else side
        shapes = hand(self.hands[k], j[2], j[1], self.palm, thumb, part["hand" + sfx], self.glove, detail)
        arm = self.bare.outline(j)
        if self.glove == self.skin:  # no line across the wrist
            n = self.bare.samples
            shapes.append(Shape(arm, part["arm" + sfx], self.skin, NONE))
            shapes += [stroke(arm[: n + 1]), stroke(arm[n + 2 : 2 * n + 3])]
        else:
            shapes.append(Shape(arm, part["arm" + sfx], self.skin))
        if self.band is not None:
            shapes.append(Shape(self.bands.outline(j), part["band" + sfx], self.band))
        joined = self.sleeve == self.shirt and abs(math.sin(pose.yaw)) < 0.75 and spread < 1.2 and depth > -0.035
        points, path = self.sleeves.outline(j), None
        if joined:  # one piece of cloth with the torso: no line on the inner side of the shoulder
            points, path = self.sleeves.open_at_start(points, j[0][0] > body.origin[0])
        shapes.append(Shape(points, part["sleeve" + sfx], self.sleeve, stroke=path))
        if self.cuff is not None and detail > 0:
            shapes.append(Shape(self.cuffs.outline(j), part["cuff" + sfx], self.cuff))
        return depth, shapes


def _direction(side: int, swing: float, spread: float) -> np.ndarray:
    c = math.cos(spread)
    return np.array((side * math.sin(spread), c * math.cos(swing), c * math.sin(swing)), np.float32)
