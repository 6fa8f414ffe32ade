"""Things: balls, boxes, umbrellas. Unit: height about 1, origin at the bottom."""

from __future__ import annotations

import math

import numpy as np

from longanimation.data.synth.curves import circle, smooth
from longanimation.data.synth.families import pick
from longanimation.data.synth.motion import Pose
from longanimation.data.synth.paint import Shape
from longanimation.data.synth.solids import turn


class Prop:
    """A thing that rolls (ball), turns (box) or sways (umbrella) with the pose's yaw."""

    def __init__(self, rng, palette, split: str, part):
        self.kind = pick(rng, "prop", split)
        self.families = {"prop": self.kind}
        self.colours = [palette.any() for _ in range(6)]
        self.parts = [part() for _ in range(7)]
        self.axis = rng.uniform(-0.6, 0.6)

    def draw(self, pose: Pose) -> list[Shape]:
        return getattr(self, "_" + self.kind)(pose)

    def _ball(self, pose: Pose) -> list[Shape]:
        r = 0.5
        centre = np.array((0, -r), np.float32)
        out = [Shape(smooth(circle(12) * r + centre), self.parts[0], self.colours[0])]
        ring = circle(12) * 0.55
        tilt = np.array([[1, 0, 0], [0, math.cos(self.axis), math.sin(self.axis)], [0, -math.sin(self.axis), math.cos(self.axis)]], np.float32)
        for k, (lon, lat) in enumerate(((0, 0.3), (2.1, -0.2), (4.2, 0.2), (1, -1.2), (3.5, 1.2))):
            d = np.array((math.cos(lat) * math.sin(lon), math.sin(lat), math.cos(lat) * math.cos(lon)), np.float32)
            u = np.cross(d, (0.1, 1, 0.2))
            u /= np.linalg.norm(u)
            v = np.cross(d, u)
            p = d + ring[:, :1] * u + ring[:, 1:] * v
            p = p / np.linalg.norm(p, axis=1, keepdims=True) @ tilt
            flat, depth = turn(p.astype(np.float32), pose.yaw)
            if depth.mean() < 0.1:
                continue
            out_of = depth < 0
            if out_of.any():
                flat[out_of] /= np.linalg.norm(flat[out_of], axis=1, keepdims=True) + 1e-6
                flat[out_of] *= 1.05
            out.append(Shape(smooth(flat) * r + centre, self.parts[1 + k], self.colours[1 + k % 3], clip=True))
        return out

    def _box(self, pose: Pose) -> list[Shape]:
        w = 0.45
        corners = [(-w, w), (w, w), (w, -w), (-w, -w)]
        out = []
        h, slope = 0.75, 0.25

        def project(x, z, y):
            flat, depth = turn(np.array((x, y, z), np.float32), pose.yaw)
            return (flat[0], flat[1] + slope * depth - 0.15)

        faces = []
        for k in range(4):
            (x0, z0), (x1, z1) = corners[k], corners[(k + 1) % 4]
            _, depth = turn(np.array(((x0 + x1) / 2, 0, (z0 + z1) / 2), np.float32), pose.yaw)
            if depth > 0:
                faces.append(Shape(np.array([project(x0, z0, 0), project(x1, z1, 0), project(x1, z1, -h), project(x0, z0, -h)], np.float32), self.parts[k], self.colours[k % 3]))
        top = np.array([project(x, z, -h) for x, z in corners], np.float32)
        out += faces
        out.append(Shape(top, self.parts[5], self.colours[4]))
        return out

    def _umbrella(self, pose: Pose) -> list[Shape]:
        out = [Shape(np.array([(-0.02, -0.6), (0.02, -0.6), (0.02, 0), (-0.02, 0)], np.float32), self.parts[0], self.colours[0])]
        n = 8
        for k in range(n):
            a0, a1 = (2 * math.pi * (k + d) / n + pose.yaw for d in (0, 1))
            if math.cos((a0 + a1) / 2) < -0.1:
                continue
            x0, x1 = 0.6 * math.sin(a0), 0.6 * math.sin(a1)
            y0, y1 = -0.6 + 0.06 * math.cos(a0), -0.6 + 0.06 * math.cos(a1)
            p = np.array([(0, -1), (x0 * 0.7, -0.88), (x0, y0), ((x0 + x1) / 2, (y0 + y1) / 2 - 0.04), (x1, y1), (x1 * 0.7, -0.88)], np.float32)
            out.append(Shape(smooth(p, True, (0, 2, 4)), self.parts[1 + k % 6], self.colours[1 + k % 4]))
        return out
