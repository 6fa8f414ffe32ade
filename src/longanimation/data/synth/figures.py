"""People, and animals dressed as people: a jointed figure with clothes, seen from any side.

Unit: standing height = 1, origin on the ground between the feet.
"""

from __future__ import annotations

import math

import numpy as np

from longanimation.data.synth.clothes import Top
from longanimation.data.synth.curves import Limb, smooth
from longanimation.data.synth.extremities import foot, hand
from longanimation.data.synth.families import pick
from longanimation.data.synth.heads import HumanHead
from longanimation.data.synth.motion import Pose
from longanimation.data.synth.muzzles import AnimalHead, Tail
from longanimation.data.synth.shapes import CLIP, SHADE_IN, TRACE, Shape, poly, stroke
from longanimation.data.synth.solids import Frame, Solid, turn

_PARTS = (
    "neck hip hip2 sleeve_l sleeve_r cuff_l cuff_r arm_l arm_r hand_l hand_r leg_l leg_r cloth_l cloth_r sock_l sock_r "
    "shoe_l shoe_r sole_l sole_r knee_l knee_r band_l band_r hem"
)


class Person:
    """One dressed figure; every choice is drawn from rng when it is made. beast: with an animal's head and tail."""

    def __init__(self, rng, palette, split: str, part, beast: bool = False):
        slots = ("ears", "top", "bottom", "hat", "build") if beast else ("hair", "top", "bottom", "hat", "build")
        self.families = {slot: pick(rng, slot, split) for slot in slots}
        self.part = {n: part() for n in _PARTS.split()}
        self.skin = palette.fur() if beast else palette.skin()
        if beast:
            self.head = AnimalHead(rng, palette, self.families, self.skin, part)
            self.tail = Tail(rng, palette, self.skin, part)
        else:
            self.head = HumanHead(rng, palette, self.families, self.skin, part)
            self.tail = None
        self._dress(rng, palette)
        self._measure(rng)
        top = self.families["top"]
        self.top = Top(rng, palette, top, self.shirt, self.torso, self.trunk, self.shoulder, part)

    def _dress(self, rng, palette) -> None:
        self.shirt = palette.any()
        self.sleeve = palette.any() if rng.random() < 0.35 else self.shirt
        self.cuff = palette.any() if rng.random() < 0.25 else None
        self.lower = palette.near(self.shirt, 0.2) if rng.random() < 0.12 else palette.any()
        self.hem = palette.any() if rng.random() < 0.25 else None
        self.shoe = self.shirt if rng.random() < 0.12 else palette.any()
        self.sole = palette.any() if rng.random() < 0.35 else None
        self.sock = palette.any() if rng.random() < 0.4 else None
        self.knee = palette.any() if rng.random() < 0.08 else None
        self.band = palette.any() if rng.random() < 0.12 else None
        self.glove = palette.any() if rng.random() < 0.1 else self.skin
        self.hands = [str(rng.choice(("mitten", "open", "fist"))) for _ in range(2)]
        self.sleeve_end = float(rng.choice((0.22, 0.42, 0.5, 0.9)))
        self.leg_end = (
            float(rng.uniform(0.78, 0.95)) if self.families["bottom"] == "trousers" else float(rng.uniform(0.28, 0.45))
        )

    def _measure(self, rng) -> None:
        low, high = {"grown": (0.15, 0.2), "young": (0.2, 0.27), "small": (0.3, 0.42)}[self.families["build"]]
        hh = self.head_height = rng.uniform(low, high)
        rest = 1 - hh
        self.leg = rest * rng.uniform(0.5, 0.58)
        t = self.trunk = rest - self.leg - 0.02
        w = self.shoulder = rng.uniform(0.095, 0.125) + 0.18 * max(hh - 0.2, 0) * (1 if hh < 0.3 else 0.6)
        waist, hip = w * rng.uniform(0.68, 0.92), w * rng.uniform(0.72, 0.9)
        belly = rng.uniform(0.0, 0.35) ** 2
        self.torso = Solid(
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
        self.hip = hip
        self.flare = rng.uniform(1.2, 1.9)
        self.skirt = self.leg * rng.uniform(0.3, 0.62)
        arm = rng.uniform(0.92, 1.08) * t
        self.arm = (arm * 0.52, arm * 0.48)
        thick = rng.uniform(0.24, 0.32) * w
        arms = np.array([1.15, 1.1, 0.95, 0.85, 0.68]) * thick
        self.palm = float(thick * rng.uniform(1.25, 1.6))
        sleeve = arms * rng.uniform(1.12, 1.4) + 0.05 * thick
        if self.sleeve_end > 0.6:
            sleeve[3:] *= rng.uniform(1.0, 1.35)
        self.arm_tube = Limb(arms)
        self.sleeve_tube = Limb(sleeve, 0.0, self.sleeve_end, 5 if self.sleeve_end < 0.3 else 9, caps=(0.55, 0.25))
        self.cuff_tube = Limb(sleeve * 1.04, max(self.sleeve_end - 0.07, 0), self.sleeve_end, 3, caps=(0.0, 0.25))
        self.band_tube = Limb(arms * 1.12, 0.88, 0.97, 3, caps=(0.0, 0.1))
        legs = np.array([1.55, 1.3, 1.02, 0.98, 0.72]) * thick * rng.uniform(1.0, 1.2)
        cloth = legs * rng.uniform(1.1, 1.35)
        if self.families["bottom"] == "trousers":
            cloth[2:] *= rng.uniform(0.95, 1.4)
        self.ankle = float(legs[4])
        self.leg_tube = Limb(legs)
        self.sock_tube = Limb(legs * 1.1, float(rng.uniform(0.55, 0.85)), 1.0, 7, caps=(0.0, 0.2))
        self.cloth_tube = Limb(cloth, 0.0, self.leg_end, 11, caps=(0.9, 0.25))
        self.hem_tube = Limb(cloth * 1.04, self.leg_end - 0.06, self.leg_end, 3, caps=(0.0, 0.25))
        self.knee_tube = Limb(cloth * 1.02, 0.44, 0.56, 4, caps=(0.1, 0.1))

    def draw(self, pose: Pose, size: float = 1.0) -> list[Shape]:
        """Shapes back to front in figure units. size: height of the figure in frame heights (small figures get less detail)."""
        yaw = pose.yaw
        c, s = math.cos(yaw), math.sin(yaw)
        hh = self.head_height
        detail = 2 if hh * size > 0.17 else 1 if hh * size > 0.075 else 0
        stretch = 1 - pose.squash
        wide = 1 + 0.6 * pose.squash
        hips = Frame((0.0, -(self.leg + pose.crouch) * stretch - pose.lift), 0.0, (wide, stretch))
        lean = pose.lean * s + pose.tip
        body = Frame(hips.origin, lean, (wide, stretch))
        top = body(poly((0.0, -self.trunk)))[0]
        tilt = lean * 0.7 + pose.head_tilt
        up = np.array((math.sin(tilt), -math.cos(tilt)), np.float32)
        centre = top + up * (hh * 0.5 * stretch + 0.01) + np.array((0.1 * hh * s, pose.nod * hh * 0.06), np.float32)
        head_frame = Frame(centre, tilt, (hh * (1 + 0.3 * pose.squash), hh * stretch))
        behind, head = self.head.draw(head_frame, pose, detail, pose.sway)
        legs = sorted((self._leg(k, pose, hips, detail) for k in (0, 1)), key=lambda e: e[0])
        arms = [self._arm(k, pose, body, detail) for k in (0, 1)]
        back = [] if self.top.bag is None else self.top.satchel(body, yaw, detail)
        tail = (
            []
            if self.tail is None
            else self.tail.draw(hips(poly((-0.3 * self.hip * s, -0.02)))[0], yaw, pose.sway, self.leg)
        )
        out: list[Shape] = []
        if c >= 0:
            out += behind + back + tail
        for depth, shapes in arms:
            if depth < -0.035:
                out += shapes
        out += self._waist(legs, hips, body, yaw, detail, top, up)
        if c < 0:
            out += tail + back
        if c >= 0:
            out += self.top.over(body, yaw, pose.sway) + head
        for depth, shapes in sorted(arms, key=lambda e: e[0]):
            if depth >= -0.035:
                out += shapes
        if c < 0:
            out += head + behind + self.top.over(body, yaw, pose.sway)
        return out

    def _arm(self, k: int, pose: Pose, body: Frame, detail: int) -> tuple[float, list[Shape]]:
        side = (-1, 1)[k]
        swing, spread, bend = pose.arms[k]
        a, b = self.arm
        root = np.array((side * self.shoulder * 0.82, -self.trunk * 0.83, 0.0), np.float32)
        direction = np.array(
            (side * math.sin(spread), math.cos(spread) * math.cos(swing), math.cos(spread) * math.sin(swing)),
            np.float32,
        )
        low, out = swing + bend, spread + (0.5 * bend if spread > 0.9 else -0.25 * bend)
        fore = np.array(
            (side * math.sin(out), math.cos(out) * math.cos(low), math.cos(out) * math.sin(low)), np.float32
        )
        elbow = root + a * direction
        flat, depths = turn(np.stack([root, elbow, elbow + b * fore]), pose.yaw)
        j = body(flat)
        depth = float(depths[1] * 0.5 + depths[2] * 0.5)
        sfx, part = ("_l", "_r")[k], self.part
        thumb = -side if math.cos(pose.yaw) > 0 else side
        shapes = hand(self.hands[k], j[2], j[1], self.palm, thumb, part["hand" + sfx], self.glove, detail)
        shapes.append(
            Shape(
                self.arm_tube.outline(j),
                part["arm" + sfx],
                self.skin,
                stroke=(0, 29) if self.glove == self.skin else None,
            )
        )
        if self.glove == self.skin:  # no line across the wrist
            n = self.arm_tube.samples
            arm = shapes.pop()
            shapes.append(Shape(arm.points, arm.part, arm.colour, line=0))
            shapes += [stroke(arm.points[: n + 1]), stroke(arm.points[n + 2 : 2 * n + 3])]
        if self.band is not None:
            shapes.append(Shape(self.band_tube.outline(j), part["band" + sfx], self.band))
        joined = self.sleeve == self.shirt and abs(math.sin(pose.yaw)) < 0.75 and spread < 1.2 and depth > -0.035
        points, path = self.sleeve_tube.outline(j), None
        if joined:  # one piece of cloth with the torso: no line on the inner side of the shoulder
            points, path = self.sleeve_tube.open_at_start(points, j[0][0] > body.origin[0])
        shapes.append(Shape(points, part["sleeve" + sfx], self.sleeve, stroke=path))
        if self.cuff is not None and detail > 0:
            shapes.append(Shape(self.cuff_tube.outline(j), part["cuff" + sfx], self.cuff))
        if detail > 1:
            mid = (j[1] * 0.85 + j[0] * 0.15).astype(np.float32)
            inner = (j[2] - j[0]) * 0.06
            shapes.append(stroke(np.stack([mid, mid + inner]).astype(np.float32), 0.7))
        return depth, shapes

    def _leg(self, k: int, pose: Pose, hips: Frame, detail: int) -> tuple[float, list[Shape]]:
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
        sfx, part = ("_l", "_r")[k], self.part
        tube = j[:3]
        out = [Shape(self.leg_tube.outline(tube), part["leg" + sfx], self.skin)]
        if self.sock is not None:
            out.append(Shape(self.sock_tube.outline(tube), part["sock" + sfx], self.sock))
        out += foot(
            j[2], j[3], self.ankle * 1.25, (part["shoe" + sfx], part["sole" + sfx]), (self.shoe, self.sole), detail
        )
        if self.families["bottom"] != "skirt":
            out.append(Shape(self.cloth_tube.outline(tube), part["cloth" + sfx], self.lower))
            if self.knee is not None and self.leg_end > 0.6:
                out.append(Shape(self.knee_tube.outline(tube), part["knee" + sfx], self.knee))
            if self.hem is not None and detail > 0:
                out.append(Shape(self.hem_tube.outline(tube), part["hem"], self.hem))
        return float(depths[1] + 0.3 * side * math.sin(pose.yaw) * -1e-3), out

    def _waist(
        self, legs, hips: Frame, body: Frame, yaw: float, detail: int, top: np.ndarray, up: np.ndarray
    ) -> list[Shape]:
        """Legs, hips, torso and neck, back to front."""
        part, t = self.part, self.trunk
        c = math.cos(yaw)
        left, right = self.torso.edges(yaw)
        out = [s for _, shapes in legs for s in shapes]
        nw = 0.25 * self.shoulder + 0.05 * self.head_height
        across = np.array((-up[1], up[0]), np.float32)
        neck = np.stack(
            [
                top + across * nw * 1.2 - up * 0.02,
                top + across * nw + up * 0.06,
                top - across * nw + up * 0.06,
                top - across * nw * 1.2 - up * 0.02,
            ]
        )
        neck_shapes = [Shape(neck.astype(np.float32), part["neck"], self.skin)]
        chin = top + up * 0.02
        neck_shapes.append(
            Shape(
                np.stack([chin + across, chin - across, chin - across + up, chin + across + up]).astype(np.float32),
                0,
                0,
                TRACE,
                SHADE_IN,
            )
        )
        if self.families["bottom"] == "skirt":
            half = self.flare * 0.5 * (right[-1] - left[-1]) + 0.1 * self.skirt
            m = self.skirt
            hem = [(half, m), (half * 0.55, m * 1.06), (half * 0.1, m * 1.03), (-half * 0.4, m * 1.07), (-half, m)]
            p = poly(
                (left[-3] * 1.03, -t * 0.15),
                (right[-3] * 1.03, -t * 0.15),
                (right[-1] * 1.15, 0.25 * m),
                *hem,
                (left[-1] * 1.15, 0.25 * m),
            )
            skirt = [Shape(hips(smooth(p, True, (0, 1, 3, 7), 3)), part["hip"], self.lower)]
            if self.hem is not None:
                low = poly(
                    (2 * half, m * 0.88), (0, m * 0.93), (-2 * half, m * 0.88), (-2 * half, 2 * m), (2 * half, 2 * m)
                )
                skirt.append(Shape(hips(low), part["hem"], self.hem, role=CLIP))
            if detail > 0:
                for x in (-0.45, 0.05, 0.5):
                    skirt.append(stroke(hips(poly((x * half * 0.6, 0.35 * m), (x * half, m * 0.98))), 0.8, clip=True))
            body_shapes = self.top.body(body, yaw, detail)
            return out + neck_shapes + body_shapes + skirt
        n = 9
        p = poly(
            (left[-3], -t * 0.14),
            (right[-3], -t * 0.14),
            (right[-1] * 1.06, 0.02),
            (right[-1] * 0.7, 0.07),
            (0, 0.05),
            (left[-1] * 0.7, 0.07),
            (left[-1] * 1.06, 0.02),
        )
        points = hips(smooth(p, True, (0, 1), 3))
        # The pen follows only the two sides: trousers and hips are one piece of cloth.
        hip = [
            Shape(points, part["hip"], self.lower, line=0),
            stroke(points[3:n]),
            stroke(np.concatenate([points[18:], points[:1]])),
        ]
        if self.families["bottom"] == "overalls" and c > 0:
            w = self.shoulder
            bib, _ = turn(
                np.array(
                    [
                        (-0.5 * w, -t * 0.62, 0.6 * w),
                        (0.5 * w, -t * 0.62, 0.6 * w),
                        (0.7 * w, 0, 0.55 * w),
                        (-0.7 * w, 0, 0.55 * w),
                    ],
                    np.float32,
                ),
                yaw,
            )
            hip_top = [Shape(body(bib), part["hip2"], self.lower, role=CLIP)]
            return out + neck_shapes + hip + self.top.body(body, yaw, detail) + hip_top
        return out + neck_shapes + hip + self.top.body(body, yaw, detail)
