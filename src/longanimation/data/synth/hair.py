"""Hair: a mass on the skull whose lower edge is fixed to it and turns with it, and what hangs from it."""

from __future__ import annotations

import math

import numpy as np

from longanimation.data.synth.curves import circle, smooth
from longanimation.data.synth.shapes import CLIP, MARK, TRACE, Shape, poly, stroke
from longanimation.data.synth.solids import MarkSet, Solid, turn

PI = math.pi
_AWAY = -0.35  # cosine of the yaw at which long hair begins to cover the face
# Height of the hair's lower edge (head heights, 0.5 = chin): at the temple, behind the ear, at the nape.
_EDGES = {
    "short": (0.02, 0.2, 0.34),
    "spiky": (0.0, 0.2, 0.34),
    "bun": (0.0, 0.12, 0.26),
    "ponytail": (0.18, 0.16, 0.28),
    "twintails": (0.22, 0.2, 0.3),
    "bob": (0.42, 0.44, 0.44),
    "long": (0.5, 0.42, 0.4),
    "curly": (0.2, 0.4, 0.42),
}


class Hair:
    """Hair of one kind. Unit: head height, origin at the middle of the skull."""

    def __init__(self, rng, palette, kind: str, skull: Solid, wide: float, part):
        self.kind = kind
        self.skull = skull
        self.colour = palette.hair()
        self.band = palette.any()
        self.part = {n: part() for n in ("cap", "back", "tail", "tail2", "tie", "tie2", "shine")}
        self.volume = rng.uniform(1.07, 1.17) if kind != "curly" else 1.25
        self.radius = wide * self.volume
        self.top = -0.5 * self.volume - 0.02
        self.length = rng.uniform(0.75, 1.7)
        self._edge(rng)
        self._crown(rng)
        self.strands = MarkSet()
        for k, (lon, level) in enumerate(zip(rng.uniform(-PI, PI, 7), rng.uniform(-0.25, -0.1, 7), strict=True)):
            at = skull.place(np.linspace(lon, lon * 1.08, 3), np.array([-0.4, (level - 0.4) / 2, level]), self.volume)
            self.strands.add(str(k), at, closed=False)
        self.shine = None
        if rng.random() < 0.25:
            self.shine = palette.near(self.colour, 0.2)
            lon = np.linspace(-0.9, 0.9, 9)
            upper = skull.place(lon, -0.36 + 0.02 * np.cos(lon * 9), self.volume)
            lower = skull.place(lon[::-1], -0.27 + 0.04 * (np.arange(9) % 2), self.volume)
            self.strands.add("shine", np.concatenate([upper, lower]), corners=tuple(range(9, 18)))
        self.back = np.array(
            [(0.85, 0.0), (1.0, 0.35), (0.97, 0.7), (0.9, 0.92), (0.62, 0.97), (0.45, 1.02), (0.2, 0.95), (0.0, 1.03)],
            np.float32,
        )

    def _edge(self, rng) -> None:
        """The lower edge all round: longitudes, heights, and where it is pointed."""
        temple, ear, nape = _EDGES[self.kind]
        style = rng.choice(("tips", "straight", "swept", "parted"))
        fringe = rng.uniform(-0.16, -0.04)
        points: list[tuple[float, float, bool]] = []
        if style == "tips":
            tips = int(rng.integers(3, 6))
            for k in range(2 * tips + 1):
                a = -0.85 + 1.7 * k / (2 * tips)
                points.append((a, fringe + (0.06 * abs(a) if k % 2 else -rng.uniform(0.05, 0.14)) + 0.03, bool(k % 2)))
        elif style == "straight":
            points += [(a, fringe + 0.02 + 0.03 * abs(a), False) for a in (-0.85, -0.4, 0.0, 0.4, 0.85)]
        elif style == "swept":
            side = 1 if rng.random() < 0.5 else -1
            sweep = [
                (-0.8, fringe - 0.12, False),
                (-0.45, -0.36, True),
                (-0.1, fringe - 0.06, False),
                (0.3, fringe + 0.02, False),
                (0.75, fringe + 0.1, True),
            ]
            points += [(a * side, y, sharp) for a, y, sharp in sweep]
        else:
            middle = rng.uniform(-0.25, 0.25)
            for side in (-1, 1):
                points += [
                    (middle + side * 0.03, -0.4, True),
                    (middle + side * 0.35, fringe - 0.1, False),
                    (middle + side * 0.68, fringe + 0.06, False),
                ]
        for side in (-1, 1):
            points += [
                (side * 0.98, temple - 0.12, False),
                (side * 1.12, temple, True),
                (side * 1.3, min(temple, ear) - 0.04, False),
                (side * 1.75, ear, False),
                (side * 2.15, nape - 0.04, True),
                (side * 2.55, nape - 0.02, False),
                (side * 2.85, nape + 0.02, True),
            ]
        points.append((PI, nape - 0.02, False))
        points.sort()
        self.lon = np.array([p[0] for p in points])
        self.level = np.array([p[1] for p in points])
        self.sharp = np.array([p[2] for p in points])

    def _crown(self, rng) -> None:
        count = {"spiky": 13, "curly": 15}.get(self.kind, 10)
        self.crown = np.ones(count)
        if self.kind == "spiky":
            self.crown[1::2] = rng.uniform(1.15, 1.3, count // 2)
        elif self.kind == "curly":
            self.crown[1::2] = 1.1
        else:
            self.crown[count // 2] += rng.uniform(0.0, 0.05)

    def cap(self, yaw: float) -> tuple[np.ndarray, tuple[int, ...]]:
        """Control points of the mass on the skull seen at this yaw, and its corners."""
        rel = (self.lon + yaw + PI) % (2 * PI) - PI
        order = np.argsort(rel)
        rel, level, sharp = rel[order], self.level[order], self.sharp[order]
        left, right = np.interp((-PI / 2, PI / 2), rel, level, period=2 * PI)
        keep = np.abs(rel) < PI / 2 - 0.12
        rel = np.concatenate([[-PI / 2], rel[keep], [PI / 2]])
        level = np.concatenate([[left], level[keep], [right]])
        top, radius = self.top, self.radius
        width = (
            radius
            * np.sqrt(np.clip(1 - (np.minimum(level, 0) / top) ** 2, 0.05, 1))
            * (1 - 0.25 * np.clip(level - 0.15, 0, 1))
        )
        shift = -0.02 * math.sin(yaw)
        n = len(rel)
        a0, a1 = (math.asin(min(max(min(v, 0.0) / top, 0.0), 0.95)) for v in (right, left))
        m = len(self.crown)
        angle = np.linspace(a0 + (0.12 if right <= 0 else 0.0), PI - a1 - (0.12 if left <= 0 else 0.0), m)
        out = np.empty((n + m, 2), np.float32)
        out[:n, 0], out[:n, 1] = width * np.sin(rel) + shift, level
        out[n:, 0], out[n:, 1] = radius * self.crown * np.cos(angle) + shift, top * self.crown * np.sin(angle)
        corners = (0, *(np.flatnonzero(sharp[keep]) + 1).tolist(), n - 1)
        if self.kind == "spiky":
            corners += tuple(range(n + 1, n + m, 2))
        elif self.kind == "curly":
            corners += tuple(range(n, n + m, 2))
        return out, corners

    def hanging(self, frame, yaw: float, sway: float) -> list[tuple[float, list[Shape]]]:
        """What hangs from the head: (depth, shapes); negative depth lies behind the head."""
        c, s = math.cos(yaw), math.sin(yaw)
        out = []
        part = self.part
        if self.kind in ("long", "bob", "curly"):
            reach = {"long": self.length, "bob": 0.46, "curly": 0.6}[self.kind]
            half = self.back * (self.radius * 1.02, reach)
            points = np.concatenate([half, half[-2::-1] * (-1, 1)]).astype(np.float32)
            points[:, 0] += (sway * points[:, 1] - 0.08 * s) * np.clip(points[:, 1], 0, 2)
            if self.kind == "curly":
                points[1:-1:2] *= 1.08
            curve = frame(smooth(points, True, (4, 6, 8, 10)))
            path = None if c >= _AWAY else (0, len(curve) - 6)  # seen from behind it is one with the hair above
            out.append((_AWAY - c, [Shape(curve, part["back"], self.colour, stroke=path)]))
        if self.kind in ("ponytail", "twintails"):
            twin = self.kind == "twintails"
            for k, lon in enumerate((-1.75, 1.75) if twin else (PI,)):
                root, depth = turn(self.skull.place(lon, -0.22, self.volume), yaw)
                x, y = root.tolist()
                out_x = 0.3 * math.sin(lon + yaw) if twin else -0.4 * s
                length = min(self.length, 1.2)
                p = poly(
                    (x - 0.02, y - 0.09), (x + 0.55 * out_x + 0.1, y - 0.07), (x + out_x + 0.15, y + 0.35 * length),
                    (x + out_x + 0.13 + sway, y + 0.7 * length), (x + out_x + 0.02 + 2 * sway, y + length),
                    (x + out_x - 0.1 + sway, y + 0.7 * length), (x + out_x - 0.1, y + 0.35 * length),
                    (x + 0.4 * out_x - 0.1, y + 0.05),
                )  # fmt: skip
                tie = circle(8) * (0.075, 0.065) + (x + 0.25 * out_x, y)
                shapes = [Shape(frame(smooth(p, True, (4,))), part[("tail", "tail2")[k]], self.colour)]
                shapes.append(
                    stroke(frame(smooth(p[[7, 6, 5, 4]] * (0.5, 1) + p[[1, 2, 3, 4]] * (0.5, 0), False)), 0.7)
                )
                shapes.append(
                    Shape(frame(smooth(tie.astype(np.float32))), part[("tie", "tie2")[k]], self.band, role=MARK)
                )
                out.append((float(depth), shapes))
        if self.kind == "bun":
            root, depth = turn(self.skull.place(PI, -0.4, 1.1), yaw)
            ball = (circle(10) * 0.2 + root + (0, -0.1)).astype(np.float32)
            curl = (circle(10)[:6] * 0.1 + root + (0, -0.1)).astype(np.float32)
            out.append(
                (
                    float(depth),
                    [Shape(frame(smooth(ball)), part["tail"], self.colour), stroke(frame(smooth(curl, False)), 0.7)],
                )
            )
        return out

    def mass(self, frame, yaw: float, detail: int) -> list[Shape]:
        """The cap with its shine and strands."""
        points, corners = self.cap(yaw)
        out = [Shape(frame(smooth(points, True, corners)), self.part["cap"], self.colour)]
        if detail > 0:
            for name, (flat, depth, _) in self.strands.project(yaw, frame).items():
                if depth < 0.12:
                    continue
                if name == "shine":
                    out.append(Shape(flat, self.part["shine"], self.shine, TRACE, CLIP))
                elif detail > 1:
                    out.append(stroke(flat, 0.7, clip=True))
        return out
