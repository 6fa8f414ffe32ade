"""Things: balls, boxes, cars, umbrellas, flowers in pots. Unit: height about 1, origin at the bottom."""

from __future__ import annotations

import math

import numpy as np

from longanimation.data.synth.curves import circle, smooth
from longanimation.data.synth.families import pick
from longanimation.data.synth.motion import Pose
from longanimation.data.synth.shapes import CLIP, INK, MARK, TRACE, Shape, poly, stroke
from longanimation.data.synth.solids import turn


class Prop:
    """A thing that rolls (ball), turns (box, umbrella, pot) or drives (car: to the right for positive yaw)."""

    head_height = 0.6

    def __init__(self, rng, palette, split: str, part):
        self.kind = pick(rng, "prop", split)
        self.families = {"prop": self.kind}
        self.colours = [palette.any() for _ in range(6)]
        self.parts = [part() for _ in range(14)]
        self.tilt = rng.uniform(-0.6, 0.6)
        self.style = int(rng.integers(0, 3))
        self.sizes = rng.uniform(0.8, 1.2, 4)

    def draw(self, pose: Pose, size: float = 1.0) -> list[Shape]:
        return getattr(self, "_" + self.kind)(pose)

    def _ball(self, pose: Pose) -> list[Shape]:
        r, centre = 0.5, np.array((0, -0.5), np.float32)
        out = [Shape(smooth(circle(12) * np.float32(r) + centre), self.parts[0], self.colours[0])]
        c, s = math.cos(self.tilt), math.sin(self.tilt)
        tilt = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]], np.float32)
        if self.style == 0:  # round patches
            ring = circle(12) * 0.5
            spots = [(k * 2.1, (0.35, -0.25, 0.1)[k]) for k in range(3)] + [(1.0, -1.25), (3.5, 1.2)]
            outlines = []
            for lon, lat in spots:
                d = np.array((math.cos(lat) * math.sin(lon), math.sin(lat), math.cos(lat) * math.cos(lon)))
                u = np.cross(d, (0.1, 1, 0.2))
                u /= np.linalg.norm(u)
                outlines.append(d + ring[:, :1] * u + ring[:, 1:] * np.cross(d, u))
        else:  # gores from pole to pole, or a belt with gores
            outlines = []
            lat = np.linspace(-1.4, 1.4, 6) if self.style == 1 else np.linspace(-0.45, 0.45, 4)
            for k in range(3):
                lon = np.concatenate([np.full(len(lat), 2.09 * k), np.full(len(lat), 2.09 * k + 1.05)])
                both = np.concatenate([lat, lat[::-1]])
                outlines.append(np.stack([np.cos(both) * np.sin(lon), np.sin(both), np.cos(both) * np.cos(lon)], 1))
        for k, outline in enumerate(outlines):
            p = outline / np.linalg.norm(outline, axis=1, keepdims=True)
            flat, depth = turn(p.astype(np.float32), pose.yaw)
            if depth.max() < 0.08 or depth.mean() < -0.3:
                continue
            length = np.linalg.norm(flat, axis=1, keepdims=True) + 1e-6
            flat = np.where(depth[:, None] < 0, flat / length * 1.06, flat) @ tilt[:2, :2]
            out.append(
                Shape(
                    smooth((flat * r + centre).astype(np.float32)),
                    self.parts[1 + k],
                    self.colours[1 + (k % 3 if self.style else k % 2)],
                    INK,
                    CLIP,
                )
            )
        return out

    def _box(self, pose: Pose) -> list[Shape]:
        w, h, slope = 0.42, 0.62 * self.sizes[0], 0.22
        corners = [(-w, w), (w, w), (w, -w), (-w, -w)]

        def project(points, y):
            flat, depth = turn(np.array([(x, y, z) for x, z in points], np.float32), pose.yaw)
            return np.stack([flat[:, 0], flat[:, 1] + slope * depth - 0.12], 1)

        out = []
        for k in range(4):
            pair = [corners[k], corners[(k + 1) % 4]]
            _, depth = turn(
                np.array((sum(p[0] for p in pair) / 2, 0, sum(p[1] for p in pair) / 2), np.float32), pose.yaw
            )
            if depth <= 0.02:
                continue
            low, high = project(pair, 0.0), project(pair, -h)
            out.append(Shape(np.concatenate([low, high[::-1]]).astype(np.float32), self.parts[k], self.colours[k % 3]))
            mid = (low[0] + low[1] + high[0] + high[1]) / 4
            if self.style:
                tape = np.stack(
                    [
                        low[0] * 0.6 + low[1] * 0.4,
                        low[0] * 0.4 + low[1] * 0.6,
                        high[0] * 0.4 + high[1] * 0.6,
                        high[0] * 0.6 + high[1] * 0.4,
                    ]
                )
                if self.style == 2:
                    tape = mid + (tape - mid) * (2.2, 0.4)
                out.append(Shape(tape.astype(np.float32), self.parts[6 + k], self.colours[4 + (k & 1)], INK, CLIP))
        out.append(Shape(project(corners, -h).astype(np.float32), self.parts[5], self.colours[3]))
        return out

    def _umbrella(self, pose: Pose) -> list[Shape]:
        out = [Shape(poly((-0.02, -0.6), (0.02, -0.6), (0.02, -0.05), (-0.02, -0.05)), self.parts[0], self.colours[0])]
        out.append(
            Shape(
                smooth(
                    poly((-0.03, -0.08), (0.03, -0.08), (0.04, 0), (0.1, -0.03), (0.13, 0), (0.06, 0.06), (-0.02, 0.03))
                ),
                self.parts[12],
                self.colours[5],
            )
        )
        n = 8
        for k in sorted(range(n), key=lambda k: math.cos(2 * math.pi * (k + 0.5) / n + pose.yaw)):
            a0, a1 = (2 * math.pi * (k + d) / n + pose.yaw for d in (0, 1))
            if math.cos((a0 + a1) / 2) < -0.05:
                continue
            x0, x1 = 0.62 * math.sin(a0), 0.62 * math.sin(a1)
            y0, y1 = -0.62 + 0.09 * math.cos(a0), -0.62 + 0.09 * math.cos(a1)
            p = poly(
                (0, -1), (x0 * 0.72, -0.9), (x0, y0), ((x0 + x1) / 2, (y0 + y1) / 2 - 0.05), (x1, y1), (x1 * 0.72, -0.9)
            )
            out.append(Shape(smooth(p, True, (0, 2, 4)), self.parts[1 + k], self.colours[1 + k % 4]))
        return out

    def _pot(self, pose: Pose) -> list[Shape]:
        out = []
        s = 0.03 * math.sin(pose.clock * 0.1)
        out.append(
            Shape(
                smooth(poly((-0.02, -0.35), (-0.03 + s, -0.7), (0.03 + s, -0.7), (0.02, -0.35))),
                self.parts[0],
                self.colours[0],
            )
        )
        for side, part in ((-1, 1), (1, 2)):
            leaf = poly((0, -0.42), (side * 0.2, -0.58), (side * 0.34 + s, -0.52), (side * 0.2, -0.44))
            out.append(Shape(smooth(leaf, True, (0, 2)), self.parts[part], self.colours[0]))
        centre = np.array((s, -0.78), np.float32)
        for k in range(6):
            a = k * math.pi / 3 + 0.3 * self.tilt
            p = smooth(
                (circle(7) * 0.1 * self.sizes[1] + centre + (0.14 * math.cos(a), 0.14 * math.sin(a))).astype(np.float32)
            )
            out.append(Shape(p, self.parts[3 + k], self.colours[1 + (k % 2 if self.style == 1 else 0)]))
        out.append(Shape(smooth((circle(8) * 0.09 + centre).astype(np.float32)), self.parts[9], self.colours[3]))
        out.append(Shape(poly((-0.24, -0.36), (0.24, -0.36), (0.17, 0), (-0.17, 0)), self.parts[10], self.colours[4]))
        out.append(
            Shape(
                poly((-0.27, -0.42), (0.27, -0.42), (0.26, -0.31), (-0.26, -0.31)),
                self.parts[11],
                self.colours[5],
                INK,
                MARK,
            )
        )
        return out

    def _car(self, pose: Pose) -> list[Shape]:
        side = 1.0 if math.sin(pose.yaw) >= 0 else -1.0
        flip = np.array((side, 1), np.float32)
        col, parts = self.colours, self.parts
        rise = 0.02 * math.sin(pose.clock * 0.8)
        out = []

        def add(points, part, colour, role=0, corners=()):
            p = np.asarray(points, np.float32) * flip + (0, rise)
            out.append(
                Shape(
                    smooth(p.astype(np.float32), True, corners) if corners != "all" else p.astype(np.float32),
                    parts[part],
                    colour,
                    INK,
                    role,
                )
            )

        roof = -0.95 * self.sizes[0] * 0.95
        add([(-0.62, -0.5), (-0.45, roof), (0.2, roof), (0.5, -0.5)], 0, col[0], 0, (0, 3))
        add([(-0.48, -0.55), (-0.37, roof + 0.1), (-0.1, roof + 0.1), (-0.1, -0.55)], 1, col[1], CLIP, "all")
        add([(-0.02, -0.55), (-0.02, roof + 0.1), (0.16, roof + 0.1), (0.36, -0.55)], 2, col[1], CLIP, "all")
        add(
            [(-1.0, -0.15), (-1.0, -0.45), (-0.6, -0.53), (0.5, -0.53), (0.95, -0.42), (1.0, -0.15)],
            3,
            col[0],
            0,
            (0, 5),
        )
        add([(-1.2, -0.3), (1.2, -0.3), (1.2, -0.22), (-1.2, -0.22)], 4, col[2], CLIP, "all")
        add([(0.86, -0.43), (1.1, -0.43), (1.1, -0.33), (0.86, -0.33)], 5, col[3], CLIP, "all")
        add([(-1.1, -0.45), (-0.9, -0.45), (-0.9, -0.35), (-1.1, -0.35)], 6, col[5], CLIP, "all")
        p = np.array([(-0.06, -0.52), (-0.06, -0.18), (0.36, -0.18), (0.4, -0.52)], np.float32) * flip + (0, rise)
        out.append(stroke(p.astype(np.float32), clip=True))
        for k, x in enumerate((-0.58, 0.6)):
            wheel = circle(10) * 0.19 + (x * side, -0.17)
            out.append(Shape(smooth(wheel.astype(np.float32)), parts[7 + k], col[4]))
            out.append(
                Shape(smooth((circle(8) * 0.1 + (x * side, -0.17)).astype(np.float32)), parts[9], col[3], INK, MARK)
            )
            a = pose.clock * 0.4 * side
            d = np.array((math.cos(a), math.sin(a)), np.float32) * 0.1
            hub = np.array((x * side, -0.17), np.float32)
            out.append(stroke(np.stack([hub - d, hub + d]), 0.7))
        return out

    def _flag(self, pose: Pose) -> list[Shape]:
        t = pose.clock * 0.25
        x = np.linspace(0, 0.9, 8)
        wave = 0.06 * np.sin(x * 7 - t) * x
        out = [Shape(poly((-0.02, -1.05), (0.02, -1.05), (0.02, 0), (-0.02, 0)), self.parts[0], self.colours[0])]
        bands = ((-1.0, -0.5),) if self.style == 2 else ((-1.0, -0.83), (-0.83, -0.67), (-0.67, -0.5))
        for k, (y0, y1) in enumerate(bands):
            p = np.concatenate([np.stack([x, y0 + wave], 1), np.stack([x[::-1], y1 + wave[::-1]], 1)]).astype(
                np.float32
            )
            out.append(Shape(p, self.parts[1 + k], self.colours[1 + k]))
        if self.style == 2:
            spot = circle(10) * 0.15 + (0.42, -0.75 + 0.02 * math.sin(3 - t))
            out.append(Shape(smooth(spot.astype(np.float32)), self.parts[5], self.colours[3], TRACE, CLIP))
        return out
