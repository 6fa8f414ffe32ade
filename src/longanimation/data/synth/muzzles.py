"""Animal heads and tails. Head unit: head height = 1, origin at the middle of the skull."""

from __future__ import annotations

import math

import numpy as np

from longanimation.data.synth.curves import Limb, circle, smooth
from longanimation.data.synth.hats import Hat
from longanimation.data.synth.shapes import BODY, CLIP, INK, MARK, NONE, SOLID, TRACE, Shape, poly, stroke
from longanimation.data.synth.solids import Frame, MarkSet, Solid, turn, wrap

PI = math.pi


class AnimalHead:
    """A skull with a muzzle, ears, eyes and patches of fur."""

    def __init__(self, rng, palette, families: dict[str, str], fur: int, part):
        self.fur = fur
        self.ears = families.get("ears", "pointed")
        wide = rng.uniform(0.4, 0.5)
        self.skull = Solid(
            [(-0.46, 0.1, 0.1, 0), (-0.38, wide * 0.62, 0.28, 0), (-0.18, wide * 0.95, 0.42, 0),
            (0.05, wide, 0.45, 0), (0.25, wide * 0.9, 0.4, 0.02), (0.4, wide * 0.6, 0.26, 0.05),
            (0.46, 0.08, 0.1, 0.06)]
        )  # fmt: skip
        self.part = {
            n: part()
            for n in (
                "face muzzle nose ear_l ear_r inner_l inner_r tip_l tip_r eye_l eye_r pupil_l pupil_r patch mouth "
                "cheek_l cheek_r mask stripe"
            ).split()
        }
        self.light = palette.pale(fur) if rng.random() < 0.7 else palette.near(fur, 0.22)
        self.muzzle_colour = self.light if rng.random() < 0.6 else fur
        self.inner = palette.near(fur, 0.12) if rng.random() < 0.4 else palette.hsv(0.98, 0.35, 0.9)
        self.nose = palette.hsv(rng.choice((0.0, 0.95)), rng.uniform(0.1, 0.5), rng.uniform(0.1, 0.45))
        self.white = palette.add((252, 252, 250))
        self.pupil = palette.add((34, 28, 36))
        self.iris = palette.any() if rng.random() < 0.4 else None
        self.patch = palette.any() if rng.random() < 0.35 else None
        self.tip = palette.near(fur, 0.3) if rng.random() < 0.4 else None
        self.cheek = palette.hsv(0.98, 0.5, 0.9) if rng.random() < 0.3 else None
        self.mouth = palette.hsv(0.98, 0.6, 0.6)
        self.length = rng.uniform(0.12, 0.5)
        self.girth = rng.uniform(0.16, 0.26)
        self.hat = Hat(rng, palette, families.get("hat", "none"), wide * 1.02, -0.5, part)
        self.ear_size = rng.uniform(0.8, 1.3)
        self.tube = Limb([self.girth * 1.1, self.girth * 1.05, self.girth], 0.0, 1.0, 7, caps=(0.75, 0.75))
        marks, put, ring = MarkSet(), self.skull.patch, circle(10)
        w = rng.uniform(0.06, 0.11)
        h = w * rng.uniform(0.9, 1.5)
        dot = self.iris is None and rng.random() < 0.5
        self.dot = dot
        y = rng.uniform(-0.1, 0.0)
        patch_side = rng.choice((-1, 1))
        if self.patch is not None:
            marks.add("patch", put(patch_side * 0.55, y, ring * (w * 2.1, h * 1.9)))
        for side, sfx in ((-1, "_l"), (1, "_r")):
            marks.add("eye" + sfx, put(side * 0.55, y, ring * ((w * 0.6, h * 0.7) if dot else (w, h))))
            marks.add("pupil" + sfx, put(side * 0.53, y + 0.15 * h, ring * (w * 0.5, h * 0.6)))
            marks.add("closed" + sfx, put(side * 0.55, y, poly((-w, 0), (0, 0.4 * h), (w, 0))), False)
            marks.add("brow" + sfx, put(side * 0.55, y - h - 0.06, poly((-w, 0.02), (0, -0.03), (w, 0.0))), False)
            if self.cheek is not None:
                marks.add("cheek" + sfx, put(side * 0.95, 0.18, ring * (0.08, 0.05)))
        if rng.random() < 0.25:
            marks.add(
                "stripe",
                put(0, -0.3, poly((-0.08, -0.3), (0.08, -0.3), (0.04, 0.22), (-0.04, 0.22))),
                corners=(0, 1, 2, 3),
            )
        self.marks = marks

    def _ear(self, k: int, frame: Frame, yaw: float, flap: float) -> tuple[float, list[Shape]]:
        side, sfx = (-1, 1)[k], ("_l", "_r")[k]
        root, depth = turn(self.skull.place(side * 1.35, -0.3), yaw)
        e = self.ear_size
        face = 0.45 + 0.55 * abs(math.cos(yaw))
        lean = side * 0.14 * math.cos(yaw)
        if self.ears == "pointed":
            p = poly((-0.13 * face, 0.1), (lean - 0.02, -0.38 * e), (0.15 * face, 0.08))
            inner, corners = p * 0.55 + (lean * 0.1, 0.0), (0, 1, 2)
            tip = p[[1, 0, 2]]
            tip[1:] = tip[0] + (tip[1:] - tip[0]) * 0.4
        elif self.ears == "round":
            p = (circle(8) * (0.19 * e * face, 0.19 * e) + (lean * 0.6, -0.08)).astype(np.float32)
            inner, corners, tip = p * 0.6 + (lean * 0.24, -0.03), (), None
        elif self.ears == "tall":
            p = poly(
                (-0.09 * face, 0.1),
                (lean - 0.12 * face, -0.35 * e),
                (lean * 1.4, -0.75 * e),
                (lean + 0.13 * face, -0.35 * e),
                (0.1 * face, 0.1),
            )
            inner, corners, tip = p * 0.6 + (lean * 0.4, -0.05), (0, 4), None
        else:  # floppy
            x = side * math.cos(yaw) if abs(math.cos(yaw)) > 0.3 else 0.0
            p = poly(
                (-0.1, -0.05),
                (0.1, -0.08),
                (0.12 + 0.14 * x, 0.2),
                (0.05 + 0.2 * x + flap, 0.48 * e),
                (-0.12 + 0.2 * x + flap, 0.45 * e),
                (-0.13 + 0.1 * x, 0.15),
            )
            inner, corners = p * 0.0, ()
            tip = p[[3, 4, 5, 2]] * (1, 1) + (0, 0.0)
            tip[2:, 1] = p[3, 1] - 0.16
        p = (p + root).astype(np.float32)
        out = [Shape(frame(smooth(p, True, corners)), self.part["ear" + sfx], self.fur)]
        if self.ears != "floppy" and math.cos(yaw) > -0.3:
            out.append(
                Shape(
                    frame(smooth((inner + root).astype(np.float32), True, corners)),
                    self.part["inner" + sfx],
                    self.inner,
                    role=CLIP,
                )
            )
        if self.tip is not None and tip is not None:
            points = (tip + root).astype(np.float32)
            points = np.concatenate([points, points[:1]]) if len(points) == 3 else points
            out.append(Shape(frame(points * 1.0), self.part["tip" + sfx], self.tip, TRACE, CLIP))
        return float(depth), out

    def draw(self, frame: Frame, pose, detail: int, sway: float) -> tuple[list[Shape], list[Shape]]:
        """(shapes behind the body, shapes of the head), back to front. detail: 0, 1 or 2 (all)."""
        yaw = wrap(pose.head_yaw)
        c = math.cos(yaw)
        part = self.part
        out: list[Shape] = []
        ears = [self._ear(k, frame, yaw, sway) for k in (0, 1)]
        front = self.ears == "floppy"
        out += [x for d, shapes in ears if d < (-0.1 if front else 0.1) for x in shapes]
        joints3 = np.array(
            [(0, 0.14, 0.2), (0, 0.16, 0.32 + self.length * 0.5), (0, 0.18, 0.36 + self.length)], np.float32
        )
        flat, depth = turn(joints3, yaw)
        muzzle = self._muzzle(frame, flat, float(depth[2]), yaw, pose, detail)
        if c < -0.1:
            out += muzzle
        out.append(Shape(frame(smooth(self.skull.silhouette(yaw), density=5)), part["face"], self.fur))
        seen = self.marks.project(yaw, frame)
        for name, (points, d, _) in seen.items():
            if d < 0.05:
                continue
            kind, sfx = name[:-2], name[-2:]
            if name == "patch":
                out.append(Shape(points, part["patch"], self.patch, INK, CLIP))
            elif name == "stripe":
                out.append(Shape(points, part["stripe"], self.light, TRACE, CLIP))
            elif kind == "cheek" and detail:
                out.append(Shape(points, part[name], self.cheek, TRACE, CLIP))
            elif kind == "brow" and detail > 1:
                out.append(stroke(points, 1.2, clip=True))
            elif kind == "closed" and pose.blink > 0.5:
                out.append(stroke(points, 1.2, clip=True))
            elif kind == "eye" and pose.blink <= 0.5:
                if self.dot or detail == 0:
                    out.append(Shape(points, part["pupil" + sfx], self.pupil, SOLID, MARK))
                else:
                    out.append(Shape(points, part[name], self.white if self.iris is None else self.iris, INK, CLIP))
            elif kind == "pupil" and pose.blink <= 0.5 and not self.dot and detail:
                out.append(Shape(points, part[name], self.pupil, SOLID if detail < 2 else INK, MARK, width=0.7))
        if c >= -0.1:
            out += muzzle
        out += [x for d, shapes in ears if d >= (-0.1 if front else 0.1) for x in shapes]
        self.hat.draw([], out, frame, yaw)
        return [], out

    def _muzzle(self, frame: Frame, joints: np.ndarray, depth: float, yaw: float, pose, detail: int) -> list[Shape]:
        c, s = math.cos(yaw), math.sin(yaw)
        part, g = self.part, self.girth
        if self.length < 0.2:  # a flat face: the muzzle is a round patch
            points = (circle(10) * (g * (0.6 + 0.4 * abs(c)), g * 0.8) + joints[2]).astype(np.float32)
            out = [Shape(frame(smooth(points)), part["muzzle"], self.muzzle_colour, INK, BODY)]
        else:
            n = self.tube.samples
            points = frame(self.tube.outline(joints))
            if self.muzzle_colour != self.fur:
                out = [Shape(points, part["muzzle"], self.muzzle_colour, INK, BODY)]
            elif abs(s) < 0.4:  # seen from the front it is only fur
                out = [Shape(points, part["muzzle"], self.fur, NONE, BODY)]
            else:
                out = [Shape(points, part["muzzle"], self.fur, INK, BODY, (1, 2 * n + 2))]
        tip = joints[2] + (s * g * 0.62, -0.1 * g - 0.15 * g * abs(c))
        nose = (circle(8) * (g * 0.36, g * 0.28) + tip).astype(np.float32)
        if c > -0.3:
            out.append(Shape(frame(smooth(nose)), part["nose"], self.nose, INK, MARK))
            m = joints[2] + (s * g * 0.25, 0.38 * g)
            if pose.mouth > 0.25 and detail:
                mouth = (circle(8) * (g * 0.42, g * 0.3) + m + (0, 0.06)).astype(np.float32)
                out.append(Shape(frame(smooth(mouth)), part["mouth"], self.mouth, INK, CLIP))
            else:
                curve = (
                    poly((-0.5, -0.05), (-0.25, 0.18), (0.0, 0.0), (0.25, 0.18), (0.5, -0.05))
                    * g
                    * (0.55 + 0.45 * c, 1)
                    + m
                ).astype(np.float32)
                out.append(stroke(frame(smooth(curve, False)), clip=True))
        return out


class Tail:
    """A tail: bushy, thin, stub; perhaps with a tip of another colour."""

    def __init__(self, rng, palette, fur: int, part):
        self.fur = fur
        self.part = {n: part() for n in ("tail", "tip")}
        self.tip = (palette.pale(fur) if rng.random() < 0.6 else palette.near(fur, 0.3)) if rng.random() < 0.5 else None
        kind = str(rng.choice(("bushy", "thin", "stub")))
        widths = {
            "bushy": (0.03, 0.09, 0.11, 0.09, 0.01),
            "thin": (0.035, 0.03, 0.028, 0.028, 0.025),
            "stub": (0.08, 0.1, 0.11, 0.1, 0.08),
        }[kind]
        self.reach = {"bushy": 0.75, "thin": 0.9, "stub": 0.12}[kind]
        self.tube = Limb(np.array(widths), 0.0, 1.0, 11, bend=0.35)
        self.tip_tube = Limb(np.array(widths) * 1.1, 0.68, 1.0, 6, bend=0.35, caps=(0.3, 0.5))
        self.lift = rng.uniform(-0.5, 0.7)

    def draw(self, root: np.ndarray, yaw: float, sway: float, leg: float) -> list[Shape]:
        s, c = math.sin(yaw), math.cos(yaw)
        reach = self.reach * leg
        back = -s * 0.9 + 0.45 * c * (1 if sway > 0 else 1)
        a = root + np.array((back * 0.5 * reach, 0.15 * reach))
        b = root + np.array((back * reach + sway * 0.6, -self.lift * reach + 0.2 * sway))
        joints = np.stack([root, a, b]).astype(np.float32)
        out = [Shape(self.tube.outline(joints), self.part["tail"], self.fur)]
        if self.tip is not None and self.reach > 0.3:
            out.append(Shape(self.tip_tube.outline(joints), self.part["tip"], self.tip, TRACE, CLIP))
        return out
