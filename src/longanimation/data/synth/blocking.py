"""Blocking: when each character enters, what it does where, when it leaves and comes back."""

from __future__ import annotations

import math

from longanimation.data.synth.families import pick
from longanimation.data.synth.motion import Track

_YAWS = (-1.35, -0.8, -0.4, -0.15, 0.0, 0.15, 0.4, 0.8, 1.35, 2.5, -2.5, math.pi)
_AWAY = 0.6  # how far beyond the edge of the frame, in figure heights times this, a character is out of it


class Stage:
    """Writes a Track, beat by beat."""

    def __init__(self, track: Track, aspect: float, scale: float, x: float, yaw: float):
        self.track, self.half, self.scale = track, aspect / 2, scale
        self.t, self.x, self.yaw = 0.0, x, yaw
        track.x, track.yaw, track.actions = [(0.0, x)], [(0.0, yaw)], []

    def _turn_to(self, yaw: float, over: float) -> None:
        self.track.yaw += [(self.t, self.yaw), (self.t + over, yaw)]
        self.yaw = yaw

    def act(self, name: str, length: float, period: float, amount: float, yaw: float | None = None) -> None:
        """Do something on the spot for `length` frames."""
        if yaw is not None:
            self._turn_to(yaw, min(8.0, length))
        self.track.actions.append((self.t, name, period, amount))
        self.t += length

    def go(self, x: float, pace: float, period: float, name: str = "walk") -> None:
        """Walk to x; pace: frame heights per frame for a figure of height 1."""
        length = max(4.0, abs(x - self.x) / (pace * self.scale))
        self._turn_to((1 if x > self.x else -1) * 1.25, 5.0)
        self.track.actions.append((self.t, name, period, 1.0))
        self.track.x += [(self.t, self.x), (self.t + length, x)]
        self.t, self.x = self.t + length, x

    def leave(self, side: int, pace: float, period: float) -> None:
        self.go(side * (self.half + _AWAY * self.scale), pace, period)

    def wait(self, length: float, x: float | None = None) -> None:
        """Stay out of the shot, perhaps crossing to another place unseen."""
        self.track.absent.append((int(math.ceil(self.t)), int(math.ceil(self.t + length))))
        self.track.actions.append((self.t, "stand", 60.0, 1.0))
        self.t += length
        if x is not None:
            self.x = x
            self.track.x.append((self.t, x))


def random_track(
    rng,
    split: str,
    frames: int,
    aspect: float,
    *,
    scale: float,
    x: float,
    y: float,
    hold: int,
    mobile: bool,
    leaves: bool,
) -> Track:
    """A random performance. mobile: may walk; leaves: exits and comes back at least once if there is time."""
    track = Track(hold=hold, blink_period=int(rng.integers(31, 71)))
    track.y = [(0, y)]
    grow = float(rng.uniform(0.88, 1.15)) if rng.random() < 0.4 else 1.0
    track.scale = [(0, scale), (0.6 * frames, scale * grow)]
    stage = Stage(track, aspect, scale, x, float(_YAWS[int(rng.integers(0, 9))]))
    half = aspect / 2
    pace = float(rng.uniform(0.018, 0.04))
    exit_at = float(rng.uniform(0.15, 0.45)) * frames if leaves else math.inf
    if leaves and rng.random() < 0.4:  # starts outside
        side = 1 if rng.random() < 0.5 else -1
        stage.x = side * (half + _AWAY * scale)
        track.x = [(0.0, stage.x)]
        stage.go(x, pace, float(rng.uniform(12, 26)))
    while stage.t < frames:
        name = pick(rng, "action", split)
        period = float(rng.uniform(12, 28))
        length = float(rng.uniform(12, 40))
        if stage.t > exit_at:
            exit_at = stage.t + float(rng.uniform(0.3, 0.8)) * frames
            stage.leave(1 if rng.random() < 0.5 else -1, pace, period)
            side = 1 if rng.random() < 0.5 else -1
            stage.wait(float(rng.uniform(0.08, 0.3)) * frames, side * (half + _AWAY * scale))
            stage.go(float(rng.uniform(-0.35, 0.35)) * aspect, pace, period)
        elif name in ("walk", "run"):
            if mobile:
                stage.go(
                    float(rng.uniform(-0.42, 0.42)) * aspect,
                    pace * (1.8 if name == "run" else 1.0),
                    period * (0.7 if name == "run" else 1.0),
                    name,
                )
            else:
                stage.act(name, length, period, float(rng.uniform(0.7, 1.1)), float(rng.choice((-1.3, 1.3))))
        else:
            yaw = float(_YAWS[int(rng.integers(0, len(_YAWS)))]) if rng.random() < 0.55 else None
            stage.act(name, length, period, float(rng.uniform(0.6, 1.15)), yaw)
    t, head = 0.0, []
    while t < frames + 30:
        head.append((t, float(rng.uniform(-0.75, 0.75))))
        t += float(rng.uniform(6, 24))
        head.append((t, head[-1][1]))
        t += float(rng.uniform(4, 9))
    track.head = head
    if rng.random() < 0.2:
        track.roll = [(0, float(rng.uniform(-0.3, 0.3))), (frames, float(rng.uniform(-0.6, 0.6)))]
    return track


def reveal_track(rng, split: str, frames: int, aspect: float, *, scale: float, y: float, hold: int) -> Track:
    """Front first; turns its back at three tenths of the shot; leaves; comes back showing its back again."""
    track = Track(hold=hold, blink_period=int(rng.integers(31, 71)))
    track.y, track.scale = [(0, y)], [(0, scale)]
    side = 1 if rng.random() < 0.5 else -1
    stage = Stage(track, aspect, scale, float(rng.uniform(-0.2, 0.2)) * aspect, float(rng.uniform(-0.35, 0.35)))
    unit = frames / 100
    period = float(rng.uniform(14, 24))

    def quiet() -> str:
        name = pick(rng, "action", split)
        return "stand" if name in ("walk", "run", "spin", "turn") else name

    stage.act(quiet(), 27 * unit, period, 0.8)
    stage.act("stand", 14 * unit, 40, 1.0, side * math.pi * float(rng.uniform(0.85, 1.0)))
    stage.act(quiet(), 6 * unit, period, 0.8, side * 0.5)
    distance = aspect / 2 + _AWAY * scale
    stage.go(side * distance, max(abs(side * distance - stage.x) / (13 * unit) / scale, 0.01), 12)
    back = side if rng.random() < 0.5 else -side
    stage.wait(6 * unit, back * distance)
    stage.go(float(rng.uniform(-0.25, 0.25)) * aspect, distance / (12 * unit) / scale, 12)
    stage.act("stand", 4 * unit, 40, 1.0, back * -2.0)
    stage.act(quiet(), 40 * unit, period, 0.8, back * -math.pi * float(rng.uniform(0.82, 1.0)))
    track.head = [(0, 0.0), (12 * unit, float(rng.uniform(-0.5, 0.5))), (24 * unit, 0.0)]
    return track
