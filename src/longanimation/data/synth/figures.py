"""People: a jointed figure with clothes, drawn from any side. Unit: standing height = 1, origin on the ground between the feet."""

from __future__ import annotations

import math

import numpy as np

from longanimation.data.synth.curves import circle, limb, smooth
from longanimation.data.synth.families import pick
from longanimation.data.synth.heads import Head
from longanimation.data.synth.motion import Pose
from longanimation.data.synth.paint import INK, TRACE, Shape
from longanimation.data.synth.solids import Frame, Solid, turn


class Person:
    """One dressed figure; every choice is drawn from rng when it is made."""

    def __init__(self, rng, palette, split: str, part):
        families = {slot: pick(rng, slot, split) for slot in ("hair", "top", "bottom", "hat")}
        self.families = families
        self.skin = palette.skin()
        self.head = Head(rng, palette, families, part, self.skin)
        self.shirt = palette.any()
        self.sleeve = palette.any() if rng.random() < 0.4 else self.shirt
        self.collar = palette.near(self.shirt) if rng.random() < 0.3 else palette.any()
        self.mark = palette.any()
        self.lower = palette.near(self.shirt, 0.2) if rng.random() < 0.12 else palette.any()
        self.belt = palette.any() if rng.random() < 0.4 else None
        self.shoe = self.head.hair if rng.random() < 0.12 else palette.any()
        self.sock = palette.any() if rng.random() < 0.4 else self.skin
        self.scarf = palette.any() if rng.random() < 0.25 else None
        self.bag = palette.any() if rng.random() < 0.25 else None
        self.bag_back = palette.any()
        self.sleeve_end = float(rng.choice((0.35, 0.5, 0.88)))
        self.leg_end = 0.9 if families["bottom"] == "trousers" else float(rng.uniform(0.25, 0.4))
        names = "torso collar mark mark2 belt hip sleeve_l sleeve_r arm_l arm_r hand_l hand_r leg_l leg_r cloth_l cloth_r sock_l sock_r shoe_l shoe_r scarf scarf_end bag strap neck back"
        self.part = {n: part() for n in names.split()}
        hh = rng.uniform(0.17, 0.34)
        rest = 1 - hh
        self.head_height = hh
        self.leg = rest * rng.uniform(0.48, 0.56)
        self.trunk = rest - self.leg - 0.015
        w = rng.uniform(0.085, 0.12) + 0.1 * (hh - 0.2)
        self.shoulder = w
        waist, hip = w * rng.uniform(0.62, 0.95), w * rng.uniform(0.75, 0.95)
        t = self.trunk
        self.torso = Solid(
            [
                (-t, 0.03, 0.03, 0.0),
                (-t * 0.95, w * 0.7, w * 0.42, 0.0),
                (-t * 0.8, w * 0.98, w * 0.6, 0.005),
                (-t * 0.45, waist * 1.08, w * 0.58, 0.01),
                (-t * 0.2, waist, w * 0.5, 0.0),
                (0.02, hip, w * 0.55, 0.0),
            ]
        )
        self.hip = hip
        self.flare = rng.uniform(1.2, 2.0)
        self.skirt_len = self.leg * rng.uniform(0.35, 0.6)
        arm = rng.uniform(0.9, 1.05) * t
        self.arm = (arm * 0.52, arm * 0.5)
        thick = rng.uniform(0.02, 0.032)
        self.arm_w = np.array([1.15, 1.1, 1.0, 0.85, 0.7], np.float32) * thick
        self.sleeve_w = self.arm_w * rng.uniform(1.15, 1.5)
        self.leg_w = np.array([1.6, 1.35, 1.1, 1.0, 0.75], np.float32) * thick * 1.15
        self.cloth_w = self.leg_w * rng.uniform(1.12, 1.5)

    def _arm_joints(self, k: int, pose: Pose, frame: Frame, yaw: float):
        side = (-1, 1)[k]
        swing, spread, bend = pose.arms[k]
        a, b = self.arm
        root = np.array((side * self.shoulder * 0.88, -self.trunk * 0.88, 0.0), np.float32)

        def direction(sw, sp):
            return np.array((side * math.sin(sp), math.cos(sp) * math.cos(sw), math.cos(sp) * math.sin(sw)), np.float32)

        elbow = root + a * direction(swing, spread)
        wrist = elbow + b * direction(swing + bend, spread + (0.45 * bend if spread > 0.8 else -0.15 * bend))
        flat, depth = turn(np.stack([root, elbow, wrist]), yaw)
        return frame(flat), float(depth[1] * 0.6 + depth[2] * 0.4)

    def _leg_joints(self, k: int, pose: Pose, frame: Frame, yaw: float):
        side = (-1, 1)[k]
        swing, spread, bend = pose.legs[k]
        length = self.leg * 0.5
        root = np.array((side * self.hip * 0.5, 0.0, 0.0), np.float32)
        knee = root + length * np.array((side * math.sin(spread), math.cos(swing), math.sin(swing)), np.float32)
        low = swing - bend
        ankle = knee + length * 0.94 * np.array((side * math.sin(spread) * 0.6, math.cos(low), math.sin(low)), np.float32)
        toe = ankle + np.array((side * 0.02, 0.06 * self.leg + 0.4 * 0.1 * max(0, -low) - 0.02 * max(0, low), 0.1), np.float32) * (1, 1, 0.8)
        flat, depth = turn(np.stack([root, knee, ankle, toe]), yaw)
        return frame(flat), float(depth[1])

    def draw(self, pose: Pose) -> list[Shape]:
        """Shapes back to front in figure units."""
        part = self.part
        yaw = pose.yaw
        c, s = math.cos(yaw), math.sin(yaw)
        stretch = 1 - pose.squash
        hips = Frame((0.0, -self.leg * stretch - pose.lift), 0.0, (1 + 0.5 * pose.squash, stretch))
        lean = pose.lean * (s if abs(s) > 0.3 else 1.0)
        body = Frame(hips.origin, lean, (1 + 0.5 * pose.squash, stretch))
        hh = self.head_height
        top = body(np.array((0.0, -self.trunk), np.float32))
        tilt = lean + pose.head_tilt
        centre = top + np.array((math.sin(tilt), -math.cos(tilt)), np.float32) * (hh * 0.5 + 0.012) + np.array((0.02 * s, 0), np.float32)
        head_frame = Frame(centre, tilt, (hh * (1 + 0.3 * pose.squash), hh * stretch))
        behind, head = self.head.draw(head_frame, pose.head_yaw, pose, 0.05 * math.sin(pose.lean * 9 + pose.lift * 30))

        legs = []
        for k in (0, 1):
            joints, depth = self._leg_joints(k, pose, hips, yaw)
            legs.append((depth, self._leg(k, joints)))
        arms = []
        for k in (0, 1):
            joints, depth = self._arm_joints(k, pose, body, yaw)
            arms.append((depth, self._arm(k, joints)))
        legs.sort(key=lambda e: e[0])
        groups: list[Shape] = []
        if c >= 0:
            groups += behind
        if self.bag is not None and c > 0:
            groups += self._bag(body, yaw)
        for depth, shapes in arms:
            if depth < -0.03:
                groups += shapes
        for _, shapes in legs:
            groups += shapes
        groups += self._trunk_shapes(body, hips, yaw, tilt, top)
        if self.bag is not None and c <= 0:
            groups += self._bag(body, yaw)
        if c < 0:
            groups += [sh for d, sh in ()]
        raised = [shapes for depth, shapes in arms if depth >= -0.03]
        groups += head if c >= 0 else []
        for shapes in raised:
            groups += shapes
        if c < 0:
            groups += head + behind
        return groups

    def _leg(self, k: int, j: np.ndarray) -> list[Shape]:
        part, suffix = self.part, ("_l", "_r")[k]
        out = []
        kind = self.families["bottom"]
        out.append(Shape(limb(j[:3], self.leg_w), part["leg" + suffix], self.skin))
        if self.sock != self.skin:
            out.append(Shape(limb(j[:3], self.leg_w * 1.12, 0.68, 1.0), part["sock" + suffix], self.sock))
        ankle, toe = j[2], j[3]
        d = toe - ankle
        w = self.leg_w[4] * 1.25
        shoe = np.array([ankle + (-w, -0.012), ankle + (w, -0.012), ankle + d * (0.8, 0.4) + (w * 0.4, 0), toe + (w * 0.35, 0.01), toe + (-w * 0.5, 0.016),
                         ankle + d * (0, 1) + (-w, 0.012)], np.float32)  # fmt: skip
        if d[0] < -0.01:
            mirror = np.array((-1, 1), np.float32)
            a2, d2 = ankle * mirror, d * mirror
            t2 = a2 + d2
            shoe = np.array([a2 + (-w, -0.012), a2 + (w, -0.012), a2 + d2 * (0.8, 0.4) + (w * 0.4, 0), t2 + (w * 0.35, 0.01), t2 + (-w * 0.5, 0.016),
                             a2 + d2 * (0, 1) + (-w, 0.012)], np.float32) * mirror  # fmt: skip
        out.append(Shape(smooth(shoe, True, (0, 1, 5)), part["shoe" + suffix], self.shoe))
        if kind != "skirt":
            end = self.leg_end if kind == "trousers" else 0.42
            out.append(Shape(limb(j[:3], self.cloth_w, 0.0, end), part["cloth" + suffix], self.lower))
        return out

    def _arm(self, k: int, j: np.ndarray) -> list[Shape]:
        part, suffix = self.part, ("_l", "_r")[k]
        d = j[2] - j[1]
        d = d / (np.sqrt((d * d).sum()) + 1e-6)
        n = np.array((-d[1], d[0]), np.float32)
        w = self.arm_w[4]
        hand = circle(8) @ np.stack([d * w * 1.5, n * w * 1.25]) + j[2] + d * w * 0.9
        return [
            Shape(limb(j, self.arm_w), part["arm" + suffix], self.skin),
            Shape(smooth(hand), part["hand" + suffix], self.skin),
            Shape(limb(j, self.sleeve_w, 0.0, self.sleeve_end), part["sleeve" + suffix], self.sleeve),
        ]

    def _trunk_shapes(self, body: Frame, hips: Frame, yaw: float, tilt: float, top: np.ndarray) -> list[Shape]:
        part, t, w = self.part, self.trunk, self.shoulder
        c, s = math.cos(yaw), math.sin(yaw)
        out = []
        neck = np.array([(-0.026, 0.03), (-0.022, -0.03), (0.022, -0.03), (0.026, 0.03)], np.float32) + top
        out.append(Shape(neck, part["neck"], self.skin))
        torso = Shape(body(smooth(self.torso.silhouette(yaw), density=3)), part["torso"], self.shirt)
        hip_shape = None
        kind = self.families["bottom"]
        left, right = self.torso.edges(yaw)
        if kind == "skirt":
            f = self.flare * 0.5 * (right[-1] - left[-1])
            m = self.skirt_len
            sway = 0.04 * s
            p = np.array([(left[-2] * 1.02, -t * 0.16), (right[-2] * 1.02, -t * 0.16), (f + sway, m), (sway, m * 1.08), (-f + sway, m)], np.float32)
            hip_shape = Shape(hips(smooth(p, True, (0, 1, 2, 4))), part["hip"], self.lower)
        else:
            p = np.array([(left[-2], -t * 0.12), (right[-2], -t * 0.12), (right[-1] * 1.05, 0.02), (right[-1] * 0.8, 0.05), (left[-1] * 0.8, 0.05), (left[-1] * 1.05, 0.02)], np.float32)
            hip_shape = Shape(hips(smooth(p, True, (0, 1))), part["hip"], self.lower)
        tucked = kind == "skirt"
        if not tucked:
            out.append(hip_shape)
        out.append(torso)
        top_kind = self.families["top"]
        if top_kind == "stripe":
            for k, name in ((0.62, "mark"), (0.38, "mark2")):
                band = np.array([(-0.3, -t * k), (0.3, -t * k), (0.3, -t * (k - 0.12)), (-0.3, -t * (k - 0.12))], np.float32)
                out.append(Shape(body(band), part[name], self.mark, clip=True))
        elif top_kind in ("badge", "number", "vest"):
            spots = {"badge": (0.5, 0.65, 0.25), "number": (0.0, 0.5, 0.42), "vest": (0.0, 0.5, 0.5)}[top_kind]
            shape = circle(8) * (w * spots[2], w * spots[2])
            if top_kind == "vest":
                shape = np.array([(-w * 0.25, -t * 0.5), (w * 0.25, -t * 0.5), (w * 0.4, t * 0.6), (-w * 0.4, t * 0.6)], np.float32)
            flat, depth = turn(self.torso.patch(spots[0], -t * spots[1], shape), yaw)
            if depth.mean() > 0:
                out.append(Shape(body(smooth(flat, True, (0, 1, 2, 3) if top_kind == "vest" else ())), part["mark"], self.mark, clip=True))
        if c > -0.2 and self.scarf is None:
            flat, _ = turn(np.array([(-0.5 * w, -t, 0.02), (0, -t * 0.78, 0.6 * w), (0.5 * w, -t, 0.02)], np.float32), yaw)
            out.append(Shape(body(flat), part["collar"], self.collar, clip=True))
        if self.belt is not None:
            band = np.array([(-0.3, -t * 0.16), (0.3, -t * 0.16), (0.3, -t * 0.06), (-0.3, -t * 0.06)], np.float32)
            out.append(Shape(body(band), part["belt"], self.belt, clip=True))
        if self.bag is not None and c > 0:
            flat, _ = turn(np.array([(-w, -t * 0.95, 0), (-w * 0.7, -t * 0.97, 0), (w * 0.95, -t * 0.1, 0), (w * 0.8, 0.0, 0)], np.float32), yaw)
            out.append(Shape(body(flat), part["strap"], self.bag, clip=True))
        if tucked:
            out.append(hip_shape)
        if self.scarf is not None:
            ring = circle(10) * (w * 0.62, t * 0.11) + (0.01 * s, -t * 0.98)
            end, depth = turn(np.array([(-0.02, -t * 0.95, 0.4 * w), (0.03, -t * 0.95, 0.4 * w), (0.05, -t * 0.5, 0.6 * w), (-0.01, -t * 0.5, 0.6 * w)], np.float32), yaw)
            if c > -0.3:
                out.append(Shape(body(end), part["scarf_end"], self.scarf))
            out.append(Shape(body(smooth(ring)), part["scarf"], self.scarf))
        return out

    def _bag(self, body: Frame, yaw: float) -> list[Shape]:
        t, w = self.trunk, self.shoulder
        centre, _ = turn(np.array((0.0, -t * 0.45, -w * 0.75), np.float32), yaw)
        half = abs(math.cos(yaw)) * w * 0.75 + abs(math.sin(yaw)) * w * 0.35
        p = np.array([(-half, -t * 0.35), (half, -t * 0.35), (half * 1.05, t * 0.3), (-half * 1.05, t * 0.3)], np.float32) + centre
        out = [Shape(body(smooth(p, True, (0, 1))), self.part["bag"], self.bag)]
        if math.cos(yaw) < 0.1:
            flap = np.array([(-half * 0.8, t * 0.02), (half * 0.8, t * 0.02), (half * 0.7, t * 0.24), (-half * 0.7, t * 0.24)], np.float32) + centre
            out.append(Shape(body(smooth(flap, True, (0, 1))), self.part["back"], self.bag_back, clip=True))
        return out


__all__ = ["Person", "TRACE", "INK"]
