"""Draw a random scene: who is in it, what they do, the camera, the light, the pen."""

from __future__ import annotations

import math
import zlib
from dataclasses import replace

import numpy as np

from longanimation.data.synth.backgrounds import random_background
from longanimation.data.synth.blocking import random_track, reveal_track
from longanimation.data.synth.creatures import Creature
from longanimation.data.synth.effects import Effect
from longanimation.data.synth.families import SPLITS, pick
from longanimation.data.synth.figures import Person
from longanimation.data.synth.palette import LIMIT, PaletteBuilder
from longanimation.data.synth.props import Prop
from longanimation.data.synth.quadrupeds import Quadruped
from longanimation.data.synth.robots import Robot
from longanimation.data.synth.style import LineStyle
from longanimation.data.synth.toys import Toy
from longanimation.errors import InputError

_MAKERS = {
    "person": Person,
    "quadruped": Quadruped,
    "creature": Creature,
    "robot": Robot,
    "toy": Toy,
    "effect": Effect,
    "prop": Prop,
}


def make_actor(kind: str, rng, palette, split: str, part):
    """kind: one of the families of slot "actor", or "prop"."""
    if kind == "beast":
        return Person(rng, palette, split, part, beast=True)
    return _MAKERS[kind](rng, palette, split, part)


def cast(
    seed: int, *, split: str, frames: int, size, line_style, characters, reveal: bool, shading, background, extras=None
) -> dict:
    """Everything a Scene holds, as keyword arguments; see `Scene.random`. extras: a `wardrobe.Extras` or None."""
    if split not in SPLITS:
        raise InputError(f"split is one of {', '.join(SPLITS)}, not {split!r}")
    rng = np.random.default_rng([seed, zlib.crc32(split.encode())])
    aspect = size[1] / size[0]
    paper = (255, 255, 255) if rng.random() < 0.6 else tuple(int(v) for v in rng.integers(140, 256, 3))
    palette = PaletteBuilder(rng, paper) if extras is None else PaletteBuilder(rng, extras.paper, apart=True)
    counter = iter(range(1, 4096))

    def part() -> int:
        return next(counter)

    drawn = rng.random() < 0.35 if background is None else background
    behind = random_background(rng, palette, part, aspect) if drawn else []
    count = int(rng.choice((1, 2, 3), p=(0.5, 0.35, 0.15))) if characters is None else characters
    hold = int(rng.choice((1, 2, 3), p=(0.35, 0.4, 0.25)))
    close = rng.random() < 0.4 and not reveal
    leaves = rng.random() < 0.5
    actors, tracks = [], []
    tallest = 0.0
    for k in range(count):
        thing = k > 0 and k == count - 1 and rng.random() < 0.5
        kind = "person" if reveal and k == 0 else "prop" if thing else pick(rng, "actor", split)
        actor = make_actor(kind, rng, palette, split, part)
        scale, x, y = _placing(rng, actor, kind, aspect, close, k, count)
        tallest = max(tallest, scale)
        if reveal and k == 0:
            actor.top.show_back(palette)
            scale = max(scale, 0.8)
            track = reveal_track(rng, split, frames, aspect, scale=scale, y=y, hold=hold)
        else:
            mobile = kind not in ("effect",) and not (close and rng.random() < 0.6)
            track = random_track(
                rng,
                split,
                frames if extras is None else round(frames * extras.tempo),
                aspect,
                scale=scale,
                x=x,
                y=y,
                hold=hold,
                mobile=mobile,
                leaves=leaves and mobile and k < 2,
            )
            if extras is not None:
                track.tempo = extras.tempo
        if extras is not None:
            extras.dress(actor, palette, split, part)
        actors.append(actor)
        tracks.append(track)
    light = None
    if rng.random() < 0.3 if shading is None else shading:
        a = rng.uniform(0, 2 * math.pi)
        light = (0.3 * math.cos(a), 0.18 * math.sin(a))
        for colour in range(1, len(palette.colours)):
            if len(palette.colours) < LIMIT:
                palette.shadow(colour)
    table, shadow_of = palette.finish()
    return {
        "actors": actors, "tracks": tracks, "palette": table, "shadow_of": shadow_of if light is not None else None,
        "style": _pen(rng, line_style, tallest, table), "frames": frames, "size": size, "seed": seed,
        "camera": _camera(rng, frames), "background": behind, "light": light,
    }  # fmt: skip


def _placing(rng, actor, kind: str, aspect: float, close: bool, k: int, count: int) -> tuple[float, float, float]:
    """Height of the figure, and its place on the ground."""
    x = float(((k + 0.5) / count - 0.5) * aspect * 0.85 + rng.uniform(-0.12, 0.12))
    if kind == "prop":
        scale = float(rng.uniform(0.16, 0.4) * (1.6 if close else 1.0))
        return scale, x, float(rng.uniform(0.2, 0.48))
    if not close:
        scale = float(rng.uniform(0.4, 0.95) * (0.7 if kind == "quadruped" else 1.0))
        return scale, x, float(rng.uniform(0.36, 0.48))
    # Close: the head, or the chest, comes to the middle of the frame.
    head = rng.random() < 0.6
    scale = float(rng.uniform(0.35, 0.85) / actor.head_height if head else rng.uniform(1.2, 2.4))
    scale = min(scale, 5.0)
    centre = (1 - 0.5 * actor.head_height) if head else rng.uniform(0.55, 0.75)
    return scale, x * (0.5 if count == 1 else 1.0), float(centre * scale + rng.uniform(-0.12, 0.12))


def _camera(rng, frames: int):
    """Keyed x, y and zoom."""
    kind = rng.random()
    if kind < 0.5:
        return [(0, 0.0)], [(0, 0.0)], [(0, 1.0)]
    start, stop = sorted(rng.uniform(0, frames, 2).tolist())
    x, y, zoom = float(rng.uniform(-0.25, 0.25)), float(rng.uniform(-0.08, 0.08)), float(rng.uniform(0.75, 1.5))
    if kind < 0.75:
        zoom = 1.0
    return [(start, 0.0), (stop, x)], [(start, 0.0), (stop, y)], [(start, 1.0), (stop, zoom)]


def _pen(rng, name: str | None, figure: float, palette) -> LineStyle:
    style = LineStyle.random(rng, name, figure)
    if style.machine and rng.random() < 0.6:
        brightness = palette @ (0.3, 0.6, 0.1)
        style = replace(style, dark=tuple(np.flatnonzero(brightness < 75).tolist()))
    return style
