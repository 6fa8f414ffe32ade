"""The demonstration shot: two characters in a park, with exits, re-entries and head turns, from two references."""

from __future__ import annotations

import math

import numpy as np

from longanimation.data.synth.curves import circle, smooth
from longanimation.data.synth.figures import Person
from longanimation.data.synth.motion import Track
from longanimation.data.synth.palette import PaletteBuilder
from longanimation.data.synth.scene import Scene
from longanimation.data.synth.shapes import CLIP, Shape, poly, stroke
from longanimation.data.synth.style import LineStyle
from longanimation.errors import InputError

_LENGTH = 500  # frames the story is written for; other lengths play it faster or slower


def _rgb(text: str) -> list[tuple[int, int, int]]:
    return [tuple(bytes.fromhex(v)) for v in text.split()]


class Wardrobe(PaletteBuilder):
    """A palette whose clothes, hair and skin come from a costume designer's list instead of chance."""

    def __init__(self, rng, background):
        super().__init__(rng, background)
        self.clothes: list = []
        self.skin_tone = self.hair_tone = self.fur_tone = (0, 0, 0)
        self._next = 0

    def dress(self, rng, clothes: str, *, skin: str = "f6cda8", hair: str = "5b3a29", fur: str = "d9823b") -> None:
        self.rng, self.clothes, self._next = rng, _rgb(clothes), 0
        self.skin_tone, self.hair_tone, self.fur_tone = _rgb(f"{skin} {hair} {fur}")

    def any(self) -> int:
        self._next += 1
        return self.add(self.clothes[(self._next - 1) % len(self.clothes)])

    def fresh(self) -> int:
        return self.any()

    def skin(self) -> int:
        return self.add(self.skin_tone)

    def hair(self) -> int:
        return self.add(self.hair_tone)

    def fur(self) -> int:
        return self.add(self.fur_tone)


def demo_scene(frames: int = _LENGTH, size: tuple[int, int] = (540, 960)) -> Scene:
    """A fixed two-character shot. References: the first frame (from the front) and a later one with their backs."""
    if frames < 1:
        raise InputError(f"the shot has at least one frame, not {frames}")
    palette = Wardrobe(np.random.default_rng(0), (205, 232, 244))
    counter = iter(range(1, 4096))

    def part() -> int:
        return next(counter)

    park = _park(palette, part)
    girl, fox = _girl(palette, part), _fox(palette, part)
    table, _ = palette.finish()
    unit = frames / _LENGTH
    later = min(frames - 1, round(_BACKS * unit))
    return Scene(
        actors=[girl, fox], tracks=[_girl_track(unit), _fox_track(unit)], palette=table, shadow_of=None,
        style=LineStyle("thin", thickness=0.0042, ink_colour=(38, 30, 36)),
        frames=frames, size=size, seed=500, camera=_camera(unit),
        background=park, reference_plan=[("key_frame", at) for at in sorted({0, later})],
    )  # fmt: skip


def _girl(palette: Wardrobe, part) -> Person:
    rng = np.random.default_rng(42)
    palette.dress(rng, "2f6f8f f2efe6 e0563f 26344f f4b942 c9dfe3 8c4a3c f08a7b 3b8f7a", skin="f8d3b0", hair="6b3d2e")
    return Person(rng, palette, "train", part, hair="bob", top="buttons", bottom="skirt", hat="none", build="young")


def _fox(palette: Wardrobe, part) -> Person:
    rng = np.random.default_rng(6)
    palette.dress(rng, "3f8f5a f3e9d2 d94f3d 2e3f66 f2b632 5a4a42 e8a04c 7fb3c8 8a5fa0", fur="e08a3c")
    return Person(
        rng, palette, "train", part, True, ears="pointed", top="vest", bottom="trousers", hat="none", build="young"
    )


_BACKS = 318  # the story's frame in which both stand with their backs to us
_HOLD = 2


class _Story:
    """A track written as one beat after the other, in the story's frames."""

    def __init__(self, unit: float, x: float, y: float, scale: float, yaw: float):
        self.unit, self.t, self.at, self.facing = unit, 0.0, x, yaw
        self.track = Track(hold=_HOLD, blink_period=53, y=[(0, y)], scale=[(0, scale)], blend=5.0)
        self.track.x, self.track.yaw, self.track.actions = [(0, x)], [(0, yaw)], []

    def _face(self, yaw: float) -> None:
        self.track.yaw += [(self.t, self.facing), (self.t + 8 * self.unit, yaw)]
        self.facing = yaw

    def act(self, name: str, until: float, period: float = 24, yaw: float | None = None, amount: float = 1.0) -> _Story:
        """Something on the spot until the story's frame `until`."""
        if yaw is not None:
            self._face(yaw)
        self.track.actions.append((self.t, name, period, amount))
        self.t = until * self.unit
        return self

    def walk(self, x: float, until: float, name: str = "walk") -> _Story:
        self._face(1.2 if x > self.at else -1.2)
        self.track.x += [(self.t, self.at), (until * self.unit, x)]
        self.at = x
        return self.act(name, until, 22 if name == "walk" else 15)

    def away(self, until: float, x: float) -> _Story:
        """Out of the shot; comes back at x."""
        self.track.absent.append((math.ceil(self.t), math.ceil(until * self.unit)))
        self.act("stand", until)
        self.track.x.append((self.t, x))
        self.at = x
        return self


def _girl_track(unit: float) -> Track:
    story = _Story(unit, -0.34, 0.4, 0.74, 0.35)
    story.act("stand", 24, 48).act("wave", 76, 16).act("talk", 108, 26, 0.6)
    story.walk(1.15, 172).away(226, 1.15).walk(0.02, 268, "run")
    story.act("stand", 290, 40, 0.2).act("reach", 340, 50, 2.7).act("talk", 384, 26, 0.55)
    story.walk(-1.15, 436).away(456, -1.15).walk(-0.3, 486).act("wave", 520, 14, 0.2)
    track = story.track
    track.head = [
        (t * unit, v)
        for t, v in (
            (0, 0.0),
            (60, -0.5),
            (66, 0.1),
            (286, 0.0),
            (300, 0.5),
            (330, 0.45),
            (340, 0.0),
            (400, 0.0),
            (408, 0.6),
            (424, 0.0),
        )
    ]
    return track


def _fox_track(unit: float) -> Track:
    story = _Story(unit, 0.4, 0.42, 0.78, -0.35)
    story.act("stand", 40, 44).act("talk", 92, 28, -0.5).act("turn", 150, 60, 0.2).act("jump", 186, 24, 0.0)
    story.walk(-1.15, 252).away(272, -1.15).walk(-0.42, 302).act("stand", 338, 40, 3.0).act("wave", 372, 18, 0.3)
    story.act("sway", 424, 30, -0.2).walk(0.42, 452).act("stand", 470, 40, -0.4).act("talk", 520, 24, -0.3)
    track = story.track
    track.head = [
        (t * unit, v)
        for t, v in (
            (0, 0.0),
            (104, -0.6),
            (118, 0.9),
            (150, 0.8),
            (160, 0.0),
            (380, 0.0),
            (392, -0.8),
            (430, -0.8),
            (440, 0.0),
        )
    ]
    return track


def _camera(unit: float):
    """Still, but for a slow push in while the two stand together, and back out."""
    t = [v * unit for v in (272, 300, 384, 408)]
    zoom = [(t[0], 1.0), (t[1], 1.16), (t[2], 1.16), (t[3], 1.0)]
    return (
        [(t[0], 0.0), (t[1], -0.08), (t[2], -0.08), (t[3], 0.0)],
        [(t[0], 0.0), (t[1], -0.015), (t[2], -0.015), (t[3], 0.0)],
        zoom,
    )


def _park(palette: Wardrobe, part) -> list[Shape]:
    """Sky (the paper), clouds, hills, a lawn with a path, two trees."""
    out = []
    cloud_shape = poly((-2, 0.4), (-2.1, -0.2), (-1.2, -0.4), (-0.6, -1), (0.4, -1), (0.9, -0.4), (1.7, -0.4), (2, 0.4))
    white = palette.add((250, 251, 252))
    for x, y, r in ((-0.52, -0.33, 0.055), (0.3, -0.38, 0.075), (0.78, -0.28, 0.04)):
        out.append(Shape(smooth((cloud_shape * r + (x, y)).astype(np.float32), True, (0, 7)), part(), white, width=0.8))
    x = np.linspace(-1.3, 1.3, 20)
    for base, height, phase, colour in ((0.0, 0.1, 0.4, (158, 200, 188)), (0.1, 0.07, 2.2, (132, 186, 138))):
        y = base - height * np.sin(x * 2.6 + phase)
        hill = np.concatenate([np.stack([x, y], 1), [(1.3, 1), (-1.3, 1)]]).astype(np.float32)
        out.append(Shape(smooth(hill, True, (0, 19, 20, 21), 4), part(), palette.add(colour), width=0.8))
    out.append(Shape(poly((-2, 0.19), (2, 0.19), (2, 1), (-2, 1)), part(), palette.add((168, 208, 120)), width=0.8))
    path = poly(
        (0.02, 0.19),
        (0.12, 0.19),
        (0.1, 0.24),
        (0.2, 0.32),
        (0.6, 0.45),
        (1.0, 0.7),
        (-1.0, 0.7),
        (-0.5, 0.45),
        (-0.16, 0.32),
        (-0.04, 0.24),
    )
    out.append(Shape(smooth(path, True, (0, 1, 5, 6)), part(), palette.add((236, 214, 170)), role=CLIP, width=0.8))
    bark, leaves = palette.add((138, 100, 74)), (palette.add((92, 160, 104)), palette.add((120, 178, 104)))
    for k, (x, base, h) in enumerate(((-0.76, 0.22, 0.6), (0.74, 0.24, 0.68))):
        trunk = poly(
            (x - 0.05 * h, base - 0.5 * h),
            (x + 0.05 * h, base - 0.5 * h),
            (x + 0.055 * h, base - 0.06 * h),
            (x + 0.1 * h, base),
            (x - 0.1 * h, base),
            (x - 0.055 * h, base - 0.06 * h),
        )
        out.append(Shape(smooth(trunk, True, (0, 1, 3, 4)), part(), bark, width=0.8))
        wave = np.where(np.arange(18) % 2, 0.9, 1.04)
        crown = circle(18) * (0.3 * h * wave)[:, None] * (1.1, 1) + (x, base - 0.72 * h)
        crown = smooth(crown.astype(np.float32), True, tuple(range(1, 18, 2)))
        out.append(Shape(crown, part(), leaves[k], width=0.8))
        curl = smooth((circle(10)[2:7] * (0.12 * h) + (x + 0.04 * h, base - 0.75 * h)).astype(np.float32), False)
        out.append(stroke(curl, 0.7))
    return out
