"""Heads: face, hair, hats, seen from any side. Unit: head height = 1, origin at the middle of the skull, chin at y = 0.5."""

from __future__ import annotations

import math

import numpy as np

from longanimation.data.synth.curves import circle, smooth
from longanimation.data.synth.paint import INK, NONE, TRACE, Shape
from longanimation.data.synth.solids import Frame, Solid, turn

PI = math.pi


class Head:
    """draw() gives back-to-front groups: behind the body (long hair) and the head itself."""

    def __init__(self, rng, palette, families: dict[str, str], part, skin: int):
        self.skin = skin
        self.hair_kind = families["hair"]
        self.hat_kind = families["hat"]
        self.hair = palette.hair()
        self.white = palette.add((250, 250, 248))
        self.iris = palette.hsv(rng.random(), rng.uniform(0.4, 0.9), rng.uniform(0.3, 0.8))
        self.pupil = palette.add((30, 24, 30))
        self.mouth = palette.hsv(0.99, 0.6, 0.55)
        self.cheek = palette.near(skin, 0.1) if rng.random() < 0.4 else None
        self.clip = palette.any() if rng.random() < 0.6 else None
        self.clip_side = 1 if rng.random() < 0.5 else -1
        self.hat = palette.any() if self.hat_kind != "none" else None
        self.hat_band = palette.any() if self.hat_kind != "none" else None
        self.patch = palette.any() if rng.random() < 0.25 else None
        self.patch_side = 1 if rng.random() < 0.5 else -1
        self.glasses = rng.random() < 0.15
        self.band = palette.any()
        names = "face neck hair back hat band clip eye_l eye_r iris_l iris_r pupil_l pupil_r mouth cheek_l cheek_r patch tail tail2 ear_l ear_r tie"
        self.part = {n: part() for n in names.split()}
        jaw = rng.uniform(0.2, 0.3)
        wide = rng.uniform(0.4, 0.47)
        self.skull = Solid(
            [
                (-0.5, 0.06, 0.08, -0.02),
                (-0.42, wide * 0.62, 0.3, -0.02),
                (-0.22, wide * 0.95, 0.43, -0.02),
                (0.02, wide, 0.45, -0.01),
                (0.2, wide * 0.92, 0.38, 0.03),
                (0.36, jaw, 0.24, 0.11),
                (0.47, jaw * 0.5, 0.12, 0.17),
                (0.5, 0.03, 0.03, 0.18),
            ]
        )
        self.wide = wide
        # Face marks, laid on the skull once.
        ring = circle(10)
        eye_w, eye_h = rng.uniform(0.07, 0.11), rng.uniform(0.08, 0.15)
        eye_x, eye_y = rng.uniform(0.42, 0.55), rng.uniform(0.02, 0.12)
        iris = rng.uniform(0.55, 0.8)
        put = self.skull.patch
        self.eyes = []
        for side in (-1, 1):
            lon = side * eye_x
            self.eyes.append(
                {
                    "white": put(lon, eye_y, ring * (eye_w, eye_h)),
                    "iris": put(lon, eye_y + 0.01, ring * (eye_w * iris, eye_h * iris * 1.1)),
                    "pupil": put(lon, eye_y + 0.01, ring * (eye_w * iris * 0.5, eye_h * iris * 0.6)),
                    "lid": put(lon, eye_y, np.array([(-1.15, -0.2), (-0.6, -0.85), (0.0, -1.05), (0.6, -0.85), (1.15, -0.2)]) * (eye_w, eye_h)),
                    "closed": put(lon, eye_y, np.array([(-1.1, 0.1), (0.0, 0.45), (1.1, 0.1)]) * (eye_w, eye_h)),
                    "brow": put(lon, eye_y - eye_h - 0.06, np.array([(-0.09, 0.02), (0.0, -0.02), (0.09, 0.02)])),
                    "cheek": put(side * 0.65, 0.22, ring * (0.08, 0.045)),
                    "frame": put(lon, eye_y, ring * (eye_w * 1.5, eye_h * 1.25)),
                }
            )
        self.nose = put(0.0, 0.17, np.array([(0.01, -0.05), (0.03, 0.0), (-0.01, 0.02)])) + np.array([0, 0, 0.05], np.float32)
        self.mouth_open = put(0.0, 0.32, np.array([(-0.1, -0.03), (0.0, -0.02), (0.1, -0.03), (0.05, 0.05), (-0.05, 0.05)]))
        self.mouth_shut = put(0.0, 0.32, np.array([(-0.07, -0.01), (0.0, 0.015), (0.07, -0.01)]))
        self.patch_mark = self.skull.patch(self.patch_side * 1.15, 0.12, ring * (0.1, 0.07))
        # Hair line: height of the lower edge of the hair all round the head; front at 0, in radians.
        self.lon, self.level = self._hair_line(rng)
        self.volume = rng.uniform(1.06, 1.16)
        if self.hair_kind == "spiky":
            self.volume = 1.12
        self.top = -0.5 * self.volume - 0.03
        self.long = rng.uniform(0.7, 1.5)
        self.clip_at = (self.clip_side * rng.uniform(0.8, 1.3), rng.uniform(-0.25, -0.1))

    def _hair_line(self, rng) -> tuple[np.ndarray, np.ndarray]:
        fringe = rng.uniform(-0.2, -0.02)
        side = {"short": 0.1, "spiky": 0.08, "bun": 0.05, "ponytail": 0.1}.get(self.hair_kind, 0.35)
        nape = {"short": 0.32, "spiky": 0.3, "bun": 0.25, "ponytail": 0.25}.get(self.hair_kind, 0.45)
        tips = int(rng.integers(3, 7))
        depth = rng.uniform(0.05, 0.16)
        part_at = rng.uniform(-0.5, 0.5)
        lon, level = [], []
        for k in range(2 * tips + 1):
            a = -0.95 + 1.9 * k / (2 * tips)
            lon.append(a)
            level.append(fringe + (0.0 if k % 2 else -depth) - 0.18 * math.exp(-((a - part_at) ** 2) / 0.06) + 0.12 * abs(a))
        for a, y in ((1.15, side), (1.35, side + 0.05), (1.6, (side + nape) / 2), (2.0, nape), (2.6, nape), (PI, nape)):
            lon.append(a)
            level.append(y)
            lon.append(-a)
            level.append(y)
        lon, level = np.array(lon), np.array(level)
        order = np.argsort(lon)
        return lon[order], level[order]

    def _cap(self, yaw: float) -> np.ndarray:
        """Outline of the hair mass on the skull, in the head's flat frame."""
        rel = (self.lon[1:] + yaw + PI) % (2 * PI) - PI
        order = np.argsort(rel)
        rel, level = rel[order], self.level[1:][order]
        ends = np.interp((-PI / 2, PI / 2), rel, level, period=2 * PI)
        keep = np.abs(rel) < PI / 2 - 0.03
        rel = np.concatenate([[-PI / 2], rel[keep], [PI / 2]])
        level = np.concatenate([[ends[0]], level[keep], [ends[1]]])
        top = self.top
        radius = self.wide * self.volume
        width = radius * np.sqrt(np.clip(1 - (np.minimum(level, 0) / top) ** 2, 0.01, 1))
        lower = np.stack([width * np.sin(rel) - 0.02 * math.sin(yaw), level], 1)
        a = np.linspace(0.12, PI - 0.12, 11)
        start, end = min(level[-1], 0.0), min(level[0], 0.0)
        a0, a1 = math.asin(np.clip(start / top, 0, 1)), math.asin(np.clip(end / top, 0, 1))
        a = np.linspace(a0 + 0.1, PI - a1 - 0.1, 10)
        r = np.ones(10)
        if self.hair_kind == "spiky":
            r[1::2] = 1.14
        upper = np.stack([radius * r * np.cos(a) - 0.02 * math.sin(yaw), top * r * np.sin(a)], 1)
        return np.concatenate([lower, upper]).astype(np.float32)

    def draw(self, frame: Frame, yaw: float, pose, sway: float) -> tuple[list[Shape], list[Shape]]:
        part = self.part
        yaw = (yaw + PI) % (2 * PI) - PI
        c, s = math.cos(yaw), math.sin(yaw)
        behind: list[Shape] = []
        out: list[Shape] = []
        kind = self.hair_kind
        mass = None
        if kind in ("long", "bob", "twintails"):
            length = 0.45 if kind != "long" else self.long
            w = self.wide * self.volume * 1.02
            p = np.array(
                [(0, self.top), (w * 0.8, self.top * 0.62), (w, 0.0), (w * 0.98, length * 0.6), (w * 0.8 + sway, length), (sway, length + 0.04),
                 (-w * 0.8 + sway, length), (-w * 0.98, length * 0.6), (-w, 0.0), (-w * 0.8, self.top * 0.62)], np.float32)  # fmt: skip
            p[:, 0] -= 0.1 * s * (p[:, 1] > -0.2)
            mass = Shape(frame(smooth(p, True, (4, 6))), part["back"], self.hair)
        tails = []
        if kind in ("ponytail", "twintails"):
            for k, lon in enumerate((PI,) if kind == "ponytail" else (-1.7, 1.7)):
                root, depth = turn(self.skull.place(lon, -0.2), yaw)
                x, y = root
                out_x = 0.28 * math.sin(lon + yaw) if kind == "twintails" else -0.35 * s
                p = np.array([(x, y - 0.08), (x + out_x + 0.14, y), (x + out_x * 1.2 + 0.16 + sway, y + 0.45), (x + out_x + 0.02 + 2 * sway, y + 0.95),
                              (x + out_x - 0.13 + sway, y + 0.5), (x + out_x * 0.6 - 0.12, y + 0.1)], np.float32)  # fmt: skip
                shape = [Shape(frame(smooth(p, True, (3,))), part[("tail", "tail2")[k]], self.hair),
                         Shape(frame(smooth(circle(8) * (0.08, 0.07) + (x, y))), part["tie"], self.band)]  # fmt: skip
                tails.append((depth, shape))
        if kind == "bun":
            root, depth = turn(self.skull.place(PI, -0.42), yaw)
            tails.append((depth, [Shape(frame(smooth(circle(10) * 0.2 + root + (0, -0.12))), part["tail"], self.hair)]))
        if mass is not None and c >= 0:
            behind.append(mass)
        for depth, shapes in tails:
            if depth < 0:
                behind += shapes
        # Ears, then the face with its marks.
        ears = []
        for k, side in enumerate((-1, 1)):
            at, depth = turn(self.skull.place(side * PI / 2, 0.08), yaw)
            ear = Shape(frame(smooth(circle(8) * (0.07, 0.11) + at)), part[("ear_l", "ear_r")[k]], self.skin)
            if depth < -0.02 or abs(depth) <= 0.3:
                ears.append((depth, ear))
            elif depth > 0:
                ears.append((depth, ear))
        out += [e for d, e in ears if d <= 0.12]
        out.append(Shape(frame(smooth(self.skull.silhouette(yaw))), part["face"], self.skin))
        if c > -0.45:
            self._marks(out, frame, yaw, pose)
        out += [e for d, e in ears if d > 0.12]
        out.append(Shape(frame(self._cap(yaw)), part["hair"], self.hair))
        if mass is not None and c < 0:
            out.append(mass)
        if self.clip is not None:
            at, depth = turn(self.skull.place(self.clip_at[0], self.clip_at[1], 1.12), yaw)
            if depth > 0.05:
                mark = circle(8) * (0.05 + 0.07 * depth, 0.06) + at
                out.append(Shape(frame(smooth(mark)), part["clip"], self.clip))
        for depth, shapes in tails:
            if depth >= 0:
                out += shapes
        self._hat(out, frame, yaw)
        return behind, out

    def _marks(self, out: list[Shape], frame: Frame, yaw: float, pose) -> None:
        part = self.part

        def add(mark, name, colour, line=INK, closed=True, fill=True, width=1.0):
            flat, depth = turn(mark, yaw)
            if depth.mean() < 0.04:
                return
            pts = smooth(flat, closed)
            out.append(Shape(frame(pts), part.get(name, 0), colour, line, closed, fill, True, width=width))

        if self.patch is not None:
            add(self.patch_mark, "patch", self.patch)
        for k, eye in enumerate(self.eyes):
            suffix = ("_l", "_r")[k]
            if self.cheek is not None:
                add(eye["cheek"], "cheek" + suffix, self.cheek, TRACE)
            if pose.blink > 0.5:
                add(eye["closed"], "", 0, closed=False, fill=False, width=1.2)
            else:
                add(eye["white"], "eye" + suffix, self.white)
                add(eye["iris"], "iris" + suffix, self.iris)
                add(eye["pupil"], "pupil" + suffix, self.pupil)
                add(eye["lid"], "", 0, closed=False, fill=False, width=1.5)
            add(eye["brow"], "", 0, closed=False, fill=False, width=1.2)
            if self.glasses:
                add(eye["frame"], "", 0, fill=False)
        add(self.nose, "", 0, closed=False, fill=False)
        if pose.mouth > 0.25:
            add(self.mouth_open, "mouth", self.mouth)
        else:
            add(self.mouth_shut, "", 0, closed=False, fill=False)

    def _hat(self, out: list[Shape], frame: Frame, yaw: float) -> None:
        if self.hat is None:
            return
        part, s, c = self.part, math.sin(yaw), math.cos(yaw)
        w, top = self.wide * self.volume * 1.06, self.top
        dome = np.array([(-w, -0.22), (-w * 0.9, top * 0.85), (-w * 0.4, top * 1.12), (w * 0.4, top * 1.12), (w * 0.9, top * 0.85), (w, -0.22), (0, -0.16)], np.float32)
        if self.hat_kind == "beanie":
            out.append(Shape(frame(smooth(circle(8) * 0.1 + (0, top * 1.2))), part["clip"], self.hat_band))
        out.append(Shape(frame(smooth(dome, True, (0, 5))), part["hat"], self.hat))
        band = np.array([(-w * 1.1, -0.36), (0, -0.3), (w * 1.1, -0.36), (w * 1.1, -0.14), (0, -0.08), (-w * 1.1, -0.14)], np.float32)
        out.append(Shape(frame(smooth(band, True, (0, 2, 3, 5))), part["band"], self.hat_band, clip=self.hat_kind != "beanie"))
        if self.hat_kind == "brim":
            ring = circle(12) * (w * 1.7, 0.13) + (0, -0.2)
            out.insert(len(out) - 2, Shape(frame(smooth(ring)), part["tie"], self.hat))
        if self.hat_kind == "cap" and c > -0.5:
            x = s * w
            r = max(0.45, abs(c)) * w
            visor = np.array([(x * 0.5 - r, -0.22), (x * 1.3, -0.2), (x * 0.5 + r, -0.22), (x * 1.6 + r * 0.5, -0.1), (x * 1.6 - r * 0.5, -0.1)], np.float32)
            out.append(Shape(frame(smooth(visor, True, (0, 2))), part["tie"], self.hat_band))


__all__ = ["Head", "NONE"]
