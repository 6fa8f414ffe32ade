"""People, and animals dressed as people: a jointed figure with clothes, seen from any side.

Unit: standing height = 1, origin on the ground between the feet.
"""

from __future__ import annotations

import math

import numpy as np

from longanimation.data.synth.arms import Arms
from longanimation.data.synth.clothes import Top
from longanimation.data.synth.families import pick
from longanimation.data.synth.heads import HumanHead
from longanimation.data.synth.legs import Legs
from longanimation.data.synth.motion import Pose
from longanimation.data.synth.muzzles import AnimalHead, Tail
from longanimation.data.synth.shapes import SHADE_IN, TRACE, Shape, poly
from longanimation.data.synth.solids import Frame, Solid

_HEAD = {"grown": (0.15, 0.2), "young": (0.2, 0.27), "small": (0.3, 0.42)}  # head height by build
_BEHIND = -0.035  # arms deeper than this go behind the torso


def detail_of(head: float) -> int:
    """How much of a face an artist draws on a head of this height (frame heights): 0 dots, 1 simple, 2 all."""
    return 2 if head > 0.17 else 1 if head > 0.075 else 0


class Person:
    """One dressed figure; every choice is drawn from rng when it is made.

    beast: with an animal's head and tail. chosen: families, by slot, instead of random ones.
    """

    def __init__(self, rng, palette, split: str, part, beast: bool = False, **chosen: str):
        slots = ("ears" if beast else "hair", "top", "bottom", "hat", "build")
        families = self.families = {slot: pick(rng, slot, split) for slot in slots} | chosen
        families["actor"] = "beast" if beast else "person"
        self.skin = palette.fur() if beast else palette.skin()
        self.head = (AnimalHead if beast else HumanHead)(rng, palette, families, self.skin, part)
        self.tail = Tail(rng, palette, self.skin, part) if beast else None
        self.neck_part = part()
        shirt = palette.any()
        self.arms = Arms(rng, palette, self.skin, shirt, part)
        self.legs = Legs(rng, palette, families["bottom"], self.skin, shirt, part)
        hh = self.head_height = rng.uniform(*_HEAD[families["build"]])
        self.leg = (1 - hh) * rng.uniform(0.5, 0.58)
        t = self.trunk = 1 - hh - self.leg - 0.02
        w = self.shoulder = rng.uniform(0.095, 0.125) + 0.18 * max(hh - 0.2, 0) * (1 if hh < 0.3 else 0.6)
        waist, hip, belly = w * rng.uniform(0.68, 0.92), w * rng.uniform(0.72, 0.9), rng.uniform(0.0, 0.35) ** 2
        torso = Solid(
            [
                (-t * 1.02, 0.34 * w, 0.2 * w, 0.0),
                (-t * 0.97, 0.6 * w, 0.36 * w, 0.0),
                (-t * 0.88, 0.95 * w, 0.5 * w, 0.0),
                (-t * 0.7, 0.98 * w, 0.62 * w, 0.04 * w),
                (-t * 0.42, waist * 1.04, (0.55 + belly) * w, 0.04 * w),
                (-t * 0.2, waist, (0.5 + belly) * w, 0.02 * w),
                (-t * 0.02, hip * 1.02, 0.55 * w, 0.0),
                (t * 0.05, hip * 0.97, 0.52 * w, 0.0),
            ]
        )
        thick = rng.uniform(0.24, 0.32) * w
        self.arms.measure(rng, t, w, thick)
        self.legs.measure(rng, torso, t, self.leg, hip, w, thick)
        self.hip = hip
        self.top = Top(rng, palette, families["top"], shirt, torso, t, w, part)
        self.pattern = self.layer = self.held = None  # see `wardrobe`

    def draw(self, pose: Pose, size: float = 1.0) -> list[Shape]:
        """Shapes back to front in figure units. size: frame heights of the figure (small ones get less detail)."""
        yaw, hh = pose.yaw, self.head_height
        front, s = math.cos(yaw) >= 0, math.sin(yaw)
        detail = detail_of(hh * size)
        stretch, wide = 1 - pose.squash, 1 + 0.6 * pose.squash
        hips = Frame((0.0, -(self.leg + pose.crouch) * stretch - pose.lift), 0.0, (wide, stretch))
        lean = pose.lean * s + pose.tip
        body = Frame(hips.origin, lean, (wide, stretch))
        top = body(poly((0.0, -self.trunk)))[0]
        tilt = lean * 0.7 + pose.head_tilt
        up = np.array((math.sin(tilt), -math.cos(tilt)), np.float32)
        centre = top + up * (hh * 0.5 * stretch + 0.01) + np.array((0.1 * hh * s, pose.nod * hh * 0.06), np.float32)
        head_frame = Frame(centre, tilt, (hh * (1 + 0.3 * pose.squash), hh * stretch))
        behind, head = self.head.draw(head_frame, pose, detail, pose.sway)
        legs = sorted((self.legs.one(k, pose, hips, detail) for k in (0, 1)), key=lambda e: e[0])
        arms = [self.arms.one(k, pose, body, detail) for k in (0, 1)]
        if self.held is not None:
            arms = [self.held.put(k, arm, self.arms.joints[k], pose, detail) for k, arm in enumerate(arms)]
        arms = sorted(arms, key=lambda e: e[0])
        bag = [] if self.top.bag is None else self.top.bag.draw(body, yaw, detail)
        root = hips(poly((-0.3 * self.hip * s, -0.02)))[0]
        tail = [] if self.tail is None else self.tail.draw(root, yaw, pose.sway, self.leg)
        seat = self.legs.hips(pose, hips, detail)
        torso = self.top.body(body, yaw, detail)
        if self.pattern is not None:
            torso = torso[:1] + self.pattern.draw(body, yaw, detail) + torso[1:]
        torso = torso + self.legs.bib(pose, body)
        under, over = ([], []) if self.layer is None else self.layer.draw(body, pose, self.leg)
        scarf = [] if self.top.scarf is None else self.top.scarf.draw(body, yaw, pose.sway)
        middle = [torso, seat] if self.legs.kind == "skirt" else [seat, torso]
        near_arms = [x for depth, shapes in arms if depth >= _BEHIND for x in shapes]
        order = [
            behind + under + bag + tail if front else [],
            [x for depth, shapes in arms if depth < _BEHIND for x in shapes],
            [x for _, shapes in legs for x in shapes],
            self._neck(top, up),
            *middle,
            over,
            [] if front else tail + under + bag,
            scarf + head if front else [],
            near_arms,
            [] if front else head + behind + scarf,
        ]
        return [shape for group in order for shape in group]

    def _neck(self, top: np.ndarray, up: np.ndarray) -> list[Shape]:
        width = 0.25 * self.shoulder + 0.05 * self.head_height
        across = np.array((-up[1], up[0]), np.float32)
        low, high, w = top - up * 0.02, top + up * 0.06, across * width
        neck = np.stack([low + w * 1.2, high + w, high - w, low - w * 1.2]).astype(np.float32)
        chin = top + up * 0.02
        shadow = np.stack([chin + across, chin - across, chin - across + up, chin + across + up]).astype(np.float32)
        return [Shape(neck, self.neck_part, self.skin), Shape(shadow, 0, 0, TRACE, SHADE_IN)]
