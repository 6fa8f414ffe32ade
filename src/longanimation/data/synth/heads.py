"""Human heads. Unit: head height = 1, origin at the middle of the skull, chin at y = 0.5."""

from __future__ import annotations

import math

import numpy as np

from longanimation.data.synth.curves import circle, smooth
from longanimation.data.synth.hair import Hair
from longanimation.data.synth.hats import Hat
from longanimation.data.synth.shapes import BODY, CLIP, INK, MARK, SHADE_IN, SOLID, TRACE, Shape, poly, stroke
from longanimation.data.synth.solids import Frame, MarkSet, Solid, turn, wrap

PI = math.pi


class HumanHead:
    """draw() gives (shapes behind the body, shapes of the head), back to front."""

    def __init__(self, rng, palette, families: dict[str, str], skin: int, part):
        self.skin = skin
        wide = rng.uniform(0.41, 0.47)
        jaw = rng.uniform(0.24, 0.34)
        nose = rng.uniform(0.03, 0.07)
        self.skull = Solid(
            [
                (-0.5, 0.1, 0.1, -0.02),
                (-0.4, wide * 0.7, 0.32, -0.02),
                (-0.2, wide * 0.97, 0.44, -0.01),
                (0.0, wide, 0.45, -0.005),
                (0.12, wide * 0.98, 0.43, 0.01),
                (0.2, wide * 0.92, 0.39, 0.02 + nose),
                (0.3, jaw + 0.06, 0.3, 0.07),
                (0.4, jaw * 0.8, 0.2, 0.12),
                (0.48, jaw * 0.4, 0.1, 0.15),
                (0.5, 0.03, 0.03, 0.16),
            ]
        )
        self.hair = Hair(rng, palette, families["hair"], self.skull, wide, part)
        self.hat = Hat(rng, palette, families["hat"], self.hair.radius, self.hair.top, part)
        if families["hat"] != "none":
            self.hair.crown[:] = np.minimum(self.hair.crown, 1.0)
        names = (
            "face eye_l eye_r iris_l iris_r pupil_l pupil_r shine mouth tongue teeth cheek_l cheek_r patch ear_l "
            "ear_r clip glass_l glass_r bow brow lip"
        )
        self.part = {n: part() for n in names.split()}
        self.white = palette.add((252, 252, 250))
        self.iris = palette.hsv(rng.random(), rng.uniform(0.4, 0.9), rng.uniform(0.5, 0.95))
        self.pupil = palette.add((34, 28, 36))
        self.mouth = palette.hsv(0.98, 0.65, rng.uniform(0.4, 0.65))
        self.tongue = palette.hsv(0.98, 0.45, 0.9)
        self.cheek = palette.near(skin, 0.1) if rng.random() < 0.3 else None
        self.patch = palette.any() if rng.random() < 0.12 else None
        self.clip = palette.any() if rng.random() < 0.4 else None
        self.clip_shape = str(rng.choice(("disc", "bar", "bow", "star")))
        self.glass = palette.hsv(rng.random(), 0.15, 0.95) if rng.random() < 0.12 else None
        self.eye_style = str(rng.choice(("tall", "round", "dot"), p=(0.55, 0.3, 0.15)))
        self._lay_out(rng)

    def _lay_out(self, rng) -> None:
        ring, put = circle(10), self.skull.patch
        tall = self.eye_style == "tall"
        w = rng.uniform(0.085, 0.12)
        h = w * rng.uniform(1.15, 1.5) if tall else w * rng.uniform(0.8, 1.05)
        lon, y = rng.uniform(0.47, 0.56), rng.uniform(0.06, 0.13)
        iris = rng.uniform(0.62, 0.8)
        brow_tilt = rng.uniform(-0.25, 0.25)
        marks = self.marks = MarkSet()
        for side, sfx in ((-1, "_l"), (1, "_r")):
            at = side * lon
            mirror = np.array((side, 1), np.float32)
            if self.cheek is not None:
                marks.add("cheek" + sfx, put(side * 0.72, 0.24, ring * (0.085, 0.045)))
            white = (
                poly((-0.95, 0.15), (-0.6, -0.75), (0.1, -1.0), (0.85, -0.6), (1.0, 0.1), (0.55, 0.85), (-0.4, 0.9))
                * mirror
                * (w, h)
            )
            marks.add("eye" + sfx, put(at, y, white if self.eye_style != "dot" else ring * (w * 0.5, w * 0.75)))
            marks.add("iris" + sfx, put(at, y + 0.05 * h, ring * (w * iris * 0.85, h * iris * 1.12)))
            marks.add("pupil" + sfx, put(at, y + 0.08 * h, ring * (w * iris * 0.36, h * iris * 0.5)))
            marks.add("shine" + sfx, put(at, y, (ring * 0.24 + (0.3 * iris, -0.45 * iris)) * (w, w)))
            marks.add(
                "lid" + sfx,
                put(
                    at, y, poly((-1.1, 0.05), (-0.65, -0.75), (0.1, -1.05), (0.85, -0.65), (1.2, 0.0)) * mirror * (w, h)
                ),
                False,
            )
            marks.add(
                "closed" + sfx,
                put(at, y + 0.3 * h, poly((-1.05, -0.05), (-0.5, 0.25), (0.2, 0.3), (1.1, -0.1)) * mirror * (w, h)),
                False,
            )
            brow = poly((-0.9, 0.0), (-0.1, -0.35), (1.1, 0.05)) * mirror * (w, 0.1) + (0, 0)
            brow[:, 1] += brow_tilt * brow[:, 0] * side
            marks.add("brow" + sfx, put(at, y - h - 0.07, brow), False)
            if self.glass is not None:
                marks.add("glass" + sfx, put(at, y + 0.01, ring * (w * 1.5, w * 1.45)))
        if self.glass is not None:
            marks.add("bridge", put(0, y, poly((-0.09, 0.0), (0.0, -0.02), (0.09, 0.0))), False)
        marks.add(
            "nose",
            put(0.0, 0.19, poly((0.0, -0.035), (0.025, 0.01), (-0.01, 0.02))) + np.array((0, 0, 0.01), np.float32),
            False,
        )
        m = rng.uniform(0.06, 0.1)
        marks.add(
            "mouth",
            put(0.0, 0.31, poly((-m, -0.02), (0, -0.012), (m, -0.02), (0.7 * m, 0.055), (0, 0.08), (-0.7 * m, 0.055))),
            corners=(0, 2),
        )
        marks.add("tongue", put(0.0, 0.365, ring * (0.6 * m, 0.035)))
        marks.add("shut", put(0.0, 0.32, poly((-m, -0.012), (0.0, 0.014), (m, -0.012))), False)
        if self.patch is not None:
            marks.add("patch", put(rng.choice((-1, 1)) * 0.9, 0.27, ring * (0.1, 0.05)))
        self.clip_lon = float(rng.choice((-1, 1)) * rng.uniform(0.7, 1.5))
        self.clip_y = float(rng.uniform(-0.3, -0.12))

    def draw(self, frame: Frame, pose, detail: int, sway: float) -> tuple[list[Shape], list[Shape]]:
        """detail: 0 a dot for an eye, 1 simple eyes, 2 everything."""
        part = self.part
        yaw = wrap(pose.head_yaw)
        c = math.cos(yaw)
        behind: list[Shape] = []
        out: list[Shape] = []
        hanging = sorted(self.hair.hanging(frame, yaw, sway), key=lambda e: e[0])
        for depth, shapes in hanging:
            if depth < 0:
                behind += shapes
        ears = []
        for side, sfx in ((-1, "_l"), (1, "_r")):
            at, depth = turn(self.skull.place(side * PI / 2, 0.12), yaw)
            ear = (circle(8) * (0.075 - 0.02 * abs(depth), 0.11) + at).astype(np.float32)
            shapes = [Shape(frame(smooth(ear)), part["ear" + sfx], self.skin)]
            if detail > 1:
                shapes.append(stroke(frame(smooth((ear[[5, 6, 7, 0, 1]] - at) * 0.5 + at, False)), 0.6))
            ears.append((float(depth), shapes))
        for depth, shapes in ears:
            if depth <= 0.15:
                out += shapes
        face = frame(smooth(self.skull.silhouette(yaw), density=5))
        out.append(Shape(face, part["face"], self.skin))
        mass = self.hair.mass(frame, yaw, detail)
        drop = (frame.matrix[1] * 0.07).astype(np.float32)
        out.append(Shape(mass[0].points + drop, 0, 0, TRACE, SHADE_IN))
        if c > -0.5:
            self._face(out, frame, yaw, pose, detail)
        over_hair = self.hair.level[np.abs(np.abs(self.hair.lon) - 1.3).argmin()] < 0.1
        if not over_hair:
            out += [s for d, shapes in ears if d > 0.15 for s in shapes]
        out += mass
        if over_hair:
            out += [s for d, shapes in ears if d > 0.15 for s in shapes]
        for depth, shapes in hanging:
            if depth >= 0:
                out += shapes
        self._clip(out, frame, yaw)
        self.hat.draw(behind, out, frame, yaw)
        return behind, out

    def _face(self, out: list[Shape], frame: Frame, yaw: float, pose, detail: int) -> None:
        seen = self.marks.project(yaw, frame)
        part = self.part

        def show(name: str, colour: int, line=INK, width=1.0) -> None:
            if name in seen:
                points, depth, least = seen[name]
                if depth > 0.06:
                    out.append(Shape(points, part[name], colour, line, MARK if least > 0.12 else CLIP, width=width))

        def line(name: str, width: float) -> None:
            if name in seen:
                points, depth, least = seen[name]
                if depth > 0.06:
                    out.append(stroke(points, width, clip=least < 0.12))

        if self.patch is not None:
            show("patch", self.patch)
        for sfx in ("_l", "_r"):
            if self.cheek is not None and detail:
                show("cheek" + sfx, self.cheek, TRACE)
            if pose.blink > 0.5:
                line("closed" + sfx, 1.2)
            elif detail == 0 or self.eye_style == "dot":
                show("pupil" + sfx if detail == 0 else "eye" + sfx, self.pupil, SOLID)
            else:
                show("eye" + sfx, self.white, width=0.7)
                if self.eye_style == "tall":
                    show("iris" + sfx, self.iris, width=0.6)
                show("pupil" + sfx, self.pupil, SOLID if detail < 2 else INK, 0.7)
                if detail > 1:
                    points, depth, _ = seen["shine" + sfx]
                    if depth > 0.1:
                        out.append(Shape(points, part["shine"], self.white, INK, MARK, width=0.5))
                line("lid" + sfx, 1.4)
            if detail:
                line("brow" + sfx, 1.3)
            if self.glass is not None and detail:
                line("glass" + sfx, 1.0) if "glass" + sfx not in seen else out.append(
                    stroke(np.concatenate([seen["glass" + sfx][0], seen["glass" + sfx][0][:1]]), 1.0, clip=True)
                )
        if self.glass is not None and detail:
            line("bridge", 1.0)
        if detail:
            line("nose", 0.8)
        if pose.mouth > 0.25 and detail:
            show("mouth", self.mouth)
            if detail > 1:
                show("tongue", self.tongue, width=0.6)
        else:
            line("shut", 1.0)

    def _clip(self, out: list[Shape], frame: Frame, yaw: float) -> None:
        if self.clip is None:
            return
        at, depth = turn(self.skull.place(self.clip_lon, self.clip_y, self.hair.volume + 0.02), yaw)
        if depth < 0.02:
            return
        squeeze = 0.35 + 0.65 * min(1.0, float(depth) / 0.4)
        if self.clip_shape == "disc":
            mark, corners = circle(8) * 0.085, ()
        elif self.clip_shape == "bar":
            mark, corners = poly((-0.1, -0.05), (0.1, -0.03), (0.1, 0.03), (-0.1, 0.03)), (0, 1, 2, 3)
        elif self.clip_shape == "bow":
            mark, corners = (
                poly((0, -0.03), (0.16, -0.12), (0.16, 0.1), (0, 0.03), (-0.16, 0.1), (-0.16, -0.12)),
                (0, 1, 2, 3, 4, 5),
            )
        else:
            mark = circle(10) * np.where(np.arange(10) % 2, 0.05, 0.12)[:, None]
            corners = tuple(range(10))
        points = (mark * (squeeze, 1) + at).astype(np.float32)
        out.append(Shape(frame(smooth(points, True, corners)), self.part["clip"], self.clip, INK, BODY))
