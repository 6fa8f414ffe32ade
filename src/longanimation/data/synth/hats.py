"""Things worn on the head. Unit: head height, origin at the middle of the skull."""

from __future__ import annotations

import math

import numpy as np

from longanimation.data.synth.curves import circle, smooth
from longanimation.data.synth.shapes import CLIP, Shape, poly, stroke
from longanimation.data.synth.solids import Frame


class Hat:
    """kind: none, cap, beanie, cone, crown, feather, brim or helmet. radius, top: of the hair it sits on."""

    def __init__(self, rng, palette, kind: str, radius: float, top: float, part):
        self.kind = kind
        self.radius, self.top = radius * 1.05, top
        self.part = {n: part() for n in ("dome", "band", "brim", "bobble", "back")}
        if kind != "none":
            self.colour, self.second, self.third = palette.any(), palette.any(), palette.any()
        if kind in ("cone", "crown", "feather"):
            self.height, self.teeth = rng.uniform(1.4, 2.2), int(rng.integers(3, 7))

    def draw(self, behind: list[Shape], out: list[Shape], frame: Frame, yaw: float) -> None:
        if self.kind == "none":
            return
        part, s, c = self.part, math.sin(yaw), math.cos(yaw)
        w, top = self.radius, self.top
        dome = poly(
            (w, -0.2),
            (w * 0.92, top * 0.85),
            (w * 0.45, top * 1.13),
            (-w * 0.45, top * 1.13),
            (-w * 0.92, top * 0.85),
            (-w, -0.2),
            (0, -0.13 - 0.02 * c),
        )
        body = Shape(frame(smooth(dome, True, (0, 5))), part["dome"], self.colour)
        if self.kind == "beanie":
            out.append(
                Shape(
                    frame(smooth((circle(8) * 0.11 + (0, top * 1.24)).astype(np.float32))), part["bobble"], self.third
                )
            )
            out.append(body)
            band = poly(
                (w * 1.05, -0.38), (w * 1.08, -0.12), (0, -0.04), (-w * 1.08, -0.12), (-w * 1.05, -0.38), (0, -0.3)
            )
            out.append(Shape(frame(smooth(band, True, (0, 1, 3, 4))), part["band"], self.second))
            for k in range(-3, 4):
                x = math.sin(k * 0.45) * w * 1.05
                out.append(stroke(frame(poly((x, -0.35 + 0.03 * math.cos(k)), (x, -0.08))), 0.6, clip=True))
        elif self.kind == "brim":
            brim = (circle(12) * (w * 1.75, 0.15) + (0, -0.2)).astype(np.float32)
            out.append(Shape(frame(smooth(brim)), part["brim"], self.colour))
            out.append(body)
            band = poly((w * 1.2, -0.36), (w * 1.2, -0.2), (0, -0.12), (-w * 1.2, -0.2), (-w * 1.2, -0.36), (0, -0.28))
            out.append(Shape(frame(smooth(band, True, (0, 1, 3, 4))), part["band"], self.second, role=CLIP))
        elif self.kind == "cap":
            out.append(body)
            for lon in (-1.05, 0.0, 1.05):
                x = math.sin(lon + yaw)
                if math.cos(lon + yaw) > 0:
                    out.append(
                        stroke(
                            frame(smooth(poly((0, top * 1.12), (x * w * 0.75, top * 0.8), (x * w, -0.17)), False)),
                            0.7,
                            clip=True,
                        )
                    )
            badge = (circle(8) * (0.1 * max(c, 0.25), 0.1) + (s * w * 0.95, -0.36)).astype(np.float32)
            if c > 0:
                out.append(Shape(frame(smooth(badge)), part["band"], self.third, role=CLIP))
            if c < -0.15:
                hole = (circle(8) * (0.16 * -c, 0.09) + (-s * w * 0.9, -0.24)).astype(np.float32)
                out.append(Shape(frame(smooth(hole)), part["back"], self.third, role=CLIP))
            if c > -0.35:
                r = w * (0.5 + 0.5 * max(c, 0))
                x = s * w
                visor = poly(
                    (x * 0.55 - r, -0.2),
                    (x * 0.8, -0.27),
                    (x * 0.55 + r, -0.2),
                    (x * 1.45 + r * 0.85, -0.1),
                    (x * 1.5, -0.05 + 0.03 * c),
                    (x * 1.45 - r * 0.85, -0.1),
                )
                out.append(Shape(frame(smooth(visor, True, (0, 2))), part["brim"], self.second))
        elif self.kind == "cone":
            tall = top * self.height
            cone = poly((w * 0.85, -0.3), (0.03, tall), (-0.03, tall), (-w * 0.85, -0.3), (0, -0.22))
            out.append(Shape(frame(smooth(cone, True, (0, 1, 2, 3))), part["dome"], self.colour))
            for at, name, colour in ((0.35, "band", self.second), (0.65, "back", self.third)):
                low, high = -0.3 + (tall + 0.3) * at, -0.3 + (tall + 0.3) * (at + 0.16)
                stripe = poly((-w, low), (0, low + 0.05), (w, low), (w, high), (0, high + 0.05), (-w, high))
                out.append(Shape(frame(smooth(stripe, True, (0, 2, 3, 5))), part[name], colour, role=CLIP))
            ball = (circle(8) * 0.09 + (0, tall)).astype(np.float32)
            out.append(Shape(frame(smooth(ball)), part["bobble"], self.second))
        elif self.kind == "crown":
            teeth, high = 2 * self.teeth, top * 0.85 * self.height
            x = np.linspace(-w * 1.02, w * 1.02, teeth + 1)
            edge = np.stack([x, np.where(np.arange(teeth + 1) % 2, high * 0.75, high)], 1)
            crown = np.concatenate([edge, [(w * 0.98, -0.28), (0, -0.18 - 0.03 * c), (-w * 0.98, -0.28)]])
            corners = tuple(range(teeth + 2)) + (teeth + 3,)
            out.append(Shape(frame(smooth(crown.astype(np.float32), True, corners)), part["dome"], self.colour))
            for lon, name, colour in (
                (0.0, "bobble", self.third),
                (1.3, "band", self.second),
                (-1.3, "back", self.second),
            ):
                if math.cos(lon + yaw) > 0.1:
                    wide = 0.08 * math.cos(lon + yaw)
                    gem = (circle(4) * (wide, 0.09) + (math.sin(lon + yaw) * w, -0.38)).astype(np.float32)
                    out.append(Shape(frame(gem), part[name], colour, role=CLIP))
        elif self.kind == "feather":
            for lon, name, colour in ((-0.7, "bobble", self.third), (-0.35, "dome", self.colour))[: self.teeth - 2]:
                x, tall = math.sin(lon + yaw) * w, top * 1.1 * self.height
                feather = poly((x, -0.3), (x - 0.13, tall * 0.7), (x + 0.05 * s, tall), (x + 0.13, tall * 0.7))
                shape = Shape(frame(smooth(feather, True, (0, 2))), part[name], colour)
                (out if math.cos(lon + yaw) > 0 else behind).append(shape)
            band = poly(
                (w * 1.04, -0.4), (w * 1.04, -0.22), (0, -0.12), (-w * 1.04, -0.22), (-w * 1.04, -0.4), (0, -0.3)
            )
            out.append(Shape(frame(smooth(band, True, (0, 1, 3, 4))), part["band"], self.second))
        else:
            out.append(body)
            stripe = poly(
                (s * w - 0.1, top * 1.3), (s * w + 0.1, top * 1.3), (s * w * 1.2 + 0.12, 0), (s * w * 1.2 - 0.12, 0)
            )
            if c > -0.6:
                out.append(Shape(frame(stripe), part["band"], self.second, role=CLIP))
            rim = poly(
                (w * 1.06, -0.26), (w * 1.06, -0.16), (0, -0.08), (-w * 1.06, -0.16), (-w * 1.06, -0.26), (0, -0.17)
            )
            out.append(Shape(frame(smooth(rim, True, (0, 1, 3, 4))), part["brim"], self.third))
