"""Draw a random scene: who is in it, what they do, the camera, the style."""

from __future__ import annotations

import math
import zlib

import numpy as np

from longanimation.data.synth.families import pick
from longanimation.data.synth.figures import Person
from longanimation.data.synth.motion import Track
from longanimation.data.synth.palette import PaletteBuilder
from longanimation.data.synth.props import Prop
from longanimation.data.synth.style import LineStyle


def cast(scene_class, seed: int, *, split, frames, size, line_style, characters, references):
    """See `Scene.random`."""
    if split not in ("train", "test"):
        raise ValueError(f"split is 'train' or 'test', not {split!r}")
    rng = np.random.default_rng([seed, zlib.crc32(split.encode())])
    blank = rng.random() < 0.6
    palette = PaletteBuilder(rng, (255, 255, 255) if rng.random() < 0.6 else tuple(int(v) for v in rng.integers(150, 256, 3)))
    counter = [0]

    def part() -> int:
        counter[0] += 1
        return counter[0]

    aspect = size[1] / size[0]
    background = [] if blank else _background(rng, palette, part, aspect)
    count = characters if characters is not None else int(rng.choice((1, 2, 3), p=(0.55, 0.33, 0.12)))
    actors, tracks = [], []
    hold = int(rng.choice((1, 2, 3), p=(0.4, 0.4, 0.2)))
    close = rng.random() < 0.35
    for k in range(count):
        thing = count > 1 and k == count - 1 and rng.random() < 0.5
        actor = (Prop if thing else Person)(rng, palette, split, part)
        actors.append(actor)
        tracks.append(_track(rng, split, frames, aspect, hold, close, k, count, thing))
    light = None
    if rng.random() < 0.3:
        a = rng.uniform(0, 2 * math.pi)
        light = (0.3 * math.cos(a), 0.2 * math.sin(a))
        for colour in range(1, len(palette.colours)):
            if len(palette.colours) < 60:
                palette.shadow(colour)
    drift = rng.random() < 0.4
    far = rng.uniform(-0.15, 0.15) if drift else 0.0
    camera = (
        [(0, 0.0), (frames, float(far))],
        [(0, 0.0), (frames, float(0.4 * far))],
        [(0, 1.0), (frames, float(rng.uniform(0.8, 1.35) if drift else 1.0))],
    )
    plan = references
    if plan is None:
        if rng.random() < 0.6:
            plan = [("key_frame", 0)] + ([("key_frame", int(rng.integers(0, frames)))] if rng.random() < 0.5 else [])
        else:
            plan = [("sheet", k) for k in range(count)]
    table, shadow_of = palette.finish()
    return scene_class(
        actors=actors, tracks=tracks, palette=table, shadow_of=shadow_of, style=LineStyle.random(rng, line_style), frames=frames, size=size,
        seed=seed, camera=camera, background=background, light=light, reference_plan=plan,
    )  # fmt: skip


def _background(rng, palette, part, aspect):
    w = aspect
    horizon = rng.uniform(0.1, 0.42)
    out = []
    if rng.random() < 0.5:
        x = np.linspace(-w, w, 14)
        y = horizon - rng.uniform(0.05, 0.25) * (1.2 + np.sin(x * rng.uniform(1, 3) + rng.uniform(0, 6)))
        out.append((np.concatenate([np.stack([x, y], 1), [(w, 1), (-w, 1)]]), part(), palette.any()))
    out.append((np.array([(-2 * w, horizon), (2 * w, horizon), (2 * w, 2), (-2 * w, 2)]), part(), palette.any()))
    for _ in range(rng.integers(0, 3)):
        x, y = rng.uniform(-0.5, 0.5) * w, rng.uniform(-0.4, horizon - 0.1)
        a, b = rng.uniform(0.06, 0.2, 2)
        out.append((np.array([(x - a, y - b), (x + a, y - b), (x + a, y + b), (x - a, y + b)]), part(), palette.any()))
    return out


def _track(rng, split, frames, aspect, hold, close, k, count, thing) -> Track:
    half = aspect / 2
    x0 = float((k + 0.5) / count * aspect - half + rng.uniform(-0.15, 0.15))
    scale = float(rng.uniform(0.16, 0.35) if thing else rng.uniform(1.1, 2.6) if close else rng.uniform(0.45, 0.95))
    y0 = 0.45 * 1.0 if not close or thing else float(0.45 + scale * rng.uniform(0.35, 0.62))
    track = Track(hold=hold, blink_period=int(rng.integers(31, 71)))
    track.scale = [(0, scale), (frames * 0.5, scale * float(rng.uniform(0.85, 1.2)))]
    track.y = [(0, y0 + float(rng.uniform(-0.04, 0.04)))]
    yaws = (-1.3, -0.7, -0.3, 0.0, 0.3, 0.7, 1.3, 2.6)
    track.yaw = [(0, float(rng.choice(yaws[1:6])))]
    t = 0.0
    x = x0
    xs, actions, yaw = [(0, x0)], [], track.yaw[0][1]
    while t < frames:
        name = pick(rng, "action", split)
        length = float(rng.uniform(14, 40))
        period = float(rng.uniform(12, 30))
        actions.append((t, name, period, float(rng.uniform(0.6, 1.1))))
        if name == "walk" or (thing and rng.random() < 0.6):
            direction = 1 if x < 0 else -1
            if rng.random() < 0.3:
                direction = -direction
            yaw = direction * float(rng.uniform(0.9, 1.5))
            xs.append((t, x))
            x = x + direction * length / period * 0.35 * scale
            far = half + 0.35 * scale
            x = float(np.clip(x, -far, far))
            xs.append((t + length, x))
            track.yaw += [(t, track.yaw[-1][1]), (t + 5, yaw)]
        elif rng.random() < 0.5:
            yaw = float(rng.choice(yaws))
            track.yaw += [(t, track.yaw[-1][1]), (t + 8, yaw)]
        if thing:
            track.yaw[-1] = (track.yaw[-1][0], track.yaw[-1][1] + float(rng.uniform(-3, 3)))
        t += length
    track.x = xs
    track.actions = actions
    track.head = [(float(a), float(rng.uniform(-0.7, 0.7))) for a in np.arange(0, frames + 20, rng.uniform(10, 30))]
    if rng.random() < 0.25:
        track.roll = [(0, 0.0), (frames, float(rng.uniform(-0.5, 0.5)))]
    return track
