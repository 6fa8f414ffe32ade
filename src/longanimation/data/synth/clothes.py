"""What is on the torso: collars, stripes, numbers, badges, open jackets, belts."""

from __future__ import annotations

import math

import numpy as np

from longanimation.data.synth.carried import Bag, Scarf
from longanimation.data.synth.curves import circle, smooth
from longanimation.data.synth.shapes import CLIP, INK, MARK, TRACE, Shape, poly, poly3, stroke
from longanimation.data.synth.solids import Frame, MarkSet, Solid, turn

PI = math.pi
_DIGITS = {
    1: poly((-0.25, -0.55), (0.1, -1), (0.3, -1), (0.3, 1), (-0.05, 1), (-0.05, -0.5)),
    7: poly((-0.6, -1), (0.6, -1), (0.6, -0.7), (0.05, 1), (-0.32, 1), (0.2, -0.62), (-0.6, -0.62)),
    2: poly((-0.55, -1), (0.55, -1), (0.55, 0.1), (-0.2, 0.1), (-0.2, 0.65), (0.55, 0.65), (0.55, 1), (-0.55, 1),
        (-0.55, -0.22), (0.2, -0.22), (0.2, -0.65), (-0.55, -0.65)),
    5: poly((0.55, -1), (-0.55, -1), (-0.55, 0.1), (0.2, 0.1), (0.2, 0.65), (-0.55, 0.65), (-0.55, 1), (0.55, 1),
        (0.55, -0.22), (-0.2, -0.22), (-0.2, -0.65), (0.55, -0.65)),
}  # fmt: skip


class Top:
    """The torso's cloth. torso: its solid, from y = -length (neck) to 0; width: of the shoulders."""

    def __init__(self, rng, palette, kind: str, shirt: int, torso: Solid, length: float, width: float, part):
        self.kind, self.shirt, self.torso, self.length, self.width = kind, shirt, torso, length, width
        names = "torso collar collar2 a b c pocket belt back apron inner"
        self.part = {n: part() for n in names.split()}
        self.bag_parts = [part() for _ in range(4)]
        self.a, self.b = palette.any(), palette.any()
        self.collar = palette.near(shirt) if rng.random() < 0.3 else palette.any()
        self.collar_kind = str(rng.choice(("none", "vee", "points", "round"), p=(0.25, 0.3, 0.3, 0.15)))
        self.pocket = palette.near(shirt, 0.1) if rng.random() < 0.2 else None
        self.back = palette.any() if rng.random() < 0.3 else None
        self.belt = palette.any() if rng.random() < 0.3 else None
        self.scarf = Scarf(palette.any(), length, width, part) if rng.random() < 0.16 else None
        self.bag = self._bag(palette) if rng.random() < 0.22 else None
        self.apron = palette.any() if kind == "apron" else None
        t, w = length, width
        marks, put = MarkSet(), torso.patch
        lon_of = w * 0.9
        if kind == "badge":
            marks.add("a", put(0.45, -0.7 * t, circle(8) * (0.24 * w, 0.24 * w)))
        elif kind == "number":
            digits = rng.choice(list(_DIGITS), 2 if rng.random() < 0.6 else 1)
            for k, digit in enumerate(digits):
                shape = _DIGITS[int(digit)] * (0.24 * w, 0.2 * t) + ((k - 0.5 * (len(digits) - 1)) * 0.42 * w, 0)
                marks.add(
                    "ab"[k], put(0, -0.48 * t, shape.astype(np.float32)), corners=tuple(range(len(shape))), density=1
                )
                marks.add(
                    "back_" + "ab"[k],
                    put(PI, -0.5 * t, shape.astype(np.float32)),
                    corners=tuple(range(len(shape))),
                    density=1,
                )
        elif kind == "vest":
            marks.add(
                "inner",
                put(
                    0,
                    -0.45 * t,
                    poly(
                        (-0.3 * w, -0.55 * t),
                        (0.3 * w, -0.55 * t),
                        (0.42 * w, 0.1 * t),
                        (0.6 * w, 0.6 * t),
                        (-0.6 * w, 0.6 * t),
                        (-0.42 * w, 0.1 * t),
                    ),
                ),
                corners=(0, 1, 3, 4),
            )
        elif kind == "buttons":
            marks.add("line", put(0, -0.5 * t, poly((0, -0.42 * t), (0, 0), (0, 0.6 * t))), False)
            for k in range(3):
                marks.add("abc"[k], put(0.12, (-0.72 + 0.24 * k) * t, circle(6) * (0.07 * w, 0.07 * w)))
        elif kind == "panel":
            for side, name in ((-1, "a"), (1, "b")):
                marks.add(
                    name,
                    put(
                        side * 1.2,
                        -0.4 * t,
                        poly((-0.22 * w, -0.6 * t), (0.22 * w, -0.6 * t), (0.25 * w, 0.6 * t), (-0.25 * w, 0.6 * t)),
                    ),
                    corners=(0, 1, 2, 3),
                )
        elif kind == "sash":
            across = poly((-1.1, -0.6), (-0.7, -0.75), (0.0, -0.15), (0.9, 0.45), (0.7, 0.65), (-0.15, 0.1))
            across = across * (w * rng.choice((-1, 1)), 0.75 * t)
            marks.add("a", put(0, -0.4 * t, across), corners=(0, 1, 3, 4))
            marks.add("back_a", put(PI, -0.4 * t, across * (-1, 1)), corners=(0, 1, 3, 4))
        elif kind == "patches":
            for name in "abc":
                count = int(rng.integers(4, 8))
                patch = circle(count) * rng.uniform(0.5, 1.1, (count, 1)) * rng.uniform(0.25, 0.8, 2) * (w, 0.7 * t)
                sharp = tuple(range(count)) if rng.random() < 0.5 else ()
                marks.add(name, put(rng.uniform(-PI, PI), -rng.uniform(0.15, 0.8) * t, patch), corners=sharp)
        elif kind == "heart":
            heart = (
                poly(
                    (0, 0.9),
                    (-0.9, -0.05),
                    (-0.75, -0.7),
                    (-0.3, -0.8),
                    (0, -0.45),
                    (0.3, -0.8),
                    (0.75, -0.7),
                    (0.9, -0.05),
                )
                * lon_of
                * 0.42
            )
            marks.add("a", put(0, -0.5 * t, heart), corners=(0, 4))
        if self.pocket is not None:
            marks.add(
                "pocket",
                put(
                    -0.5,
                    -0.62 * t,
                    poly(
                        (-0.2 * w, -0.1 * t),
                        (0.2 * w, -0.1 * t),
                        (0.18 * w, 0.1 * t),
                        (0, 0.13 * t),
                        (-0.18 * w, 0.1 * t),
                    ),
                ),
                corners=(0, 1),
            )
        if self.back is not None:
            shape = [circle(8) * (0.45 * w, 0.45 * w), poly((0, -0.5 * w), (0.5 * w, 0.4 * w), (-0.5 * w, 0.4 * w))][
                int(rng.integers(0, 2))
            ]
            marks.add("back", put(PI, -0.6 * t, shape), corners=(0, 1, 2) if len(shape) == 3 else ())
        if self.apron is not None:
            marks.add(
                "apron",
                put(
                    0,
                    -0.3 * t,
                    poly((-0.4 * w, -0.35 * t), (0.4 * w, -0.35 * t), (0.7 * w, 0.4 * t), (-0.7 * w, 0.4 * t)),
                ),
                corners=(0, 1),
            )
        for k, lon in enumerate(rng.uniform(-2.5, 2.5, 3)):
            marks.add(
                f"fold{k}",
                put(lon, -0.16 * t, poly((0, -0.12 * t), (0.06 * w, -0.04 * t), (0.04 * w, 0.08 * t))),
                False,
            )
        self.marks = marks

    def _bag(self, palette) -> Bag:
        bag, flap = palette.any(), palette.any()
        return Bag((bag, flap, flap), self.length, self.width, iter(self.bag_parts).__next__)

    def show_back(self, palette) -> None:
        """Give it a bag in colours of its own, so that the back view shows something new."""
        bag = palette.any() if self.bag is None else self.bag.colours[0]
        self.bag = Bag((bag, palette.fresh(), palette.fresh()), self.length, self.width, iter(self.bag_parts).__next__)

    def body(self, frame: Frame, yaw: float, detail: int) -> list[Shape]:
        """The torso and everything drawn on its surface."""
        part, t, w = self.part, self.length, self.width
        c, s = math.cos(yaw), math.sin(yaw)
        out = [Shape(frame(smooth(self.torso.silhouette(yaw), density=5)), part["torso"], self.shirt)]
        if self.kind in ("stripe", "hoops"):
            bands = ((0.66, 0.14),) if self.kind == "stripe" else ((0.8, 0.11), (0.56, 0.11), (0.32, 0.11))
            for (k, h), name in zip(bands, "abc", strict=False):
                band = poly(
                    (-2 * w, -t * k),
                    (0, -t * (k - 0.03)),
                    (2 * w, -t * k),
                    (2 * w, -t * (k - h)),
                    (0, -t * (k - h - 0.03)),
                    (-2 * w, -t * (k - h)),
                )
                out.append(Shape(frame(smooth(band, True, (0, 2, 3, 5))), part[name], self.a, role=CLIP))
        second = self.a if self.kind in ("number", "panel") else self.b
        colours = {"a": self.a, "b": second, "c": self.a, "inner": self.a, "pocket": self.pocket,
                   "back": self.back, "apron": self.apron, "back_a": self.a, "back_b": self.a}  # fmt: skip
        if self.kind == "buttons":
            colours["b"] = self.a
        for name, (flat, depth, _) in self.marks.project(yaw, frame).items():
            if depth < 0.08 * w:
                continue
            if name.startswith("fold") or name == "line":
                if detail > 0:
                    out.append(stroke(flat, 0.8, clip=True))
            elif colours[name] is not None:
                key = "back" if name.startswith("back") else name
                out.append(
                    Shape(flat, part[key], colours[name], TRACE if name == "a" and self.kind == "heart" else INK, CLIP)
                )
        if self.belt is not None:
            band = poly((-2 * w, -t * 0.13), (2 * w, -t * 0.13), (2 * w, -t * 0.03), (-2 * w, -t * 0.03))
            out.append(Shape(frame(band), part["belt"], self.belt, role=CLIP))
            if c > 0.2 and detail > 0:
                x, r = s * w * 0.5, 0.14 * w * c
                out.append(
                    Shape(
                        frame(poly((x - r, -t * 0.14), (x + r, -t * 0.14), (x + r, -t * 0.02), (x - r, -t * 0.02))),
                        part["c"],
                        self.b,
                        role=MARK,
                        width=0.8,
                    )
                )
        if self.bag is not None:
            out.append(self.bag.strap(frame, yaw))
        self._collar(out, frame, yaw)
        return out

    def _collar(self, out: list[Shape], frame: Frame, yaw: float) -> None:
        if self.scarf is not None or self.collar_kind == "none" or math.cos(yaw) < -0.1:
            return
        t, w, part = self.length, self.width, self.part
        if self.collar_kind == "vee":
            flat, _ = turn(
                poly3((-0.42 * w, -t * 1.02, 0.1 * w), (0, -t * 0.74, 0.62 * w), (0.42 * w, -t * 1.02, 0.1 * w)), yaw
            )
            out.append(Shape(frame(flat), part["collar"], self.collar, role=CLIP))
        elif self.collar_kind == "round":
            flat, _ = turn(
                poly3(
                    (-0.5 * w, -t * 1.0, 0.1 * w),
                    (-0.25 * w, -t * 0.88, 0.5 * w),
                    (0, -t * 0.86, 0.6 * w),
                    (0.25 * w, -t * 0.88, 0.5 * w),
                    (0.5 * w, -t, 0.1 * w),
                    (0, -t * 1.1, 0),
                ),
                yaw,
            )
            out.append(Shape(frame(smooth(flat)), part["collar"], self.collar, role=CLIP))
        else:
            for side, name in ((-1, "collar"), (1, "collar2")):
                flat, depth = turn(
                    poly3(
                        (0, -t * 0.86, 0.6 * w),
                        (side * 0.3 * w, -t * 0.8, 0.6 * w),
                        (side * 0.52 * w, -t * 0.97, 0.3 * w),
                        (side * 0.3 * w, -t * 1.03, 0.2 * w),
                    ),
                    yaw,
                )
                if depth.mean() > 0:
                    out.append(Shape(frame(flat), part[name], self.collar, role=MARK))
