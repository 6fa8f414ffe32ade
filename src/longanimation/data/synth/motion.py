"""Motion: poses of a figure over time, as functions of the frame number alone."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np


@dataclass
class Pose:
    """Angles in radians. Arms and legs: (swing forward, spread sideways, bend), left of the picture first."""

    yaw: float = 0.0
    head_yaw: float = 0.0
    head_tilt: float = 0.0
    lean: float = 0.0
    lift: float = 0.0
    squash: float = 0.0
    blink: float = 0.0
    mouth: float = 0.0
    arms: tuple = ((0.1, 0.15, 0.2), (0.1, 0.15, 0.2))
    legs: tuple = ((0.0, 0.06, 0.03), (0.0, 0.06, 0.03))


def ease(t: float) -> float:
    """0..1 with slow start and end."""
    t = min(max(t, 0.0), 1.0)
    return t * t * (3 - 2 * t)


def keyed(keys: list[tuple[float, float]], t: float) -> float:
    """Eased value at time t from (time, value) keys in rising order; held outside."""
    if t <= keys[0][0]:
        return keys[0][1]
    for (t0, v0), (t1, v1) in zip(keys, keys[1:], strict=False):
        if t < t1:
            return v0 + (v1 - v0) * ease((t - t0) / max(t1 - t0, 1e-6))
    return keys[-1][1]


def action_pose(name: str, t: float, period: float, amount: float) -> Pose:
    """Limb angles of a named action at time t (frames)."""
    a = 2 * math.pi * t / period
    s, c = math.sin(a), math.cos(a)
    if name == "walk" or name == "run":
        k = amount * (1.4 if name == "run" else 1.0)
        return Pose(
            lean=0.12 * k if name == "run" else 0.03,
            lift=0.02 * k * abs(c),
            arms=((-0.7 * k * s, 0.1, 0.25 + 0.5 * k), (0.7 * k * s, 0.1, 0.25 + 0.5 * k)),
            legs=(
                (0.6 * k * s, 0.03, 0.15 + 0.7 * k * max(0.0, c)),
                (-0.6 * k * s, 0.03, 0.15 + 0.7 * k * max(0.0, -c)),
            ),
        )
    if name == "wave":
        return Pose(arms=((0.1, 0.2, 0.25), (0.15, 2.0 + 0.15 * c, 0.5 + 0.6 * s)), head_tilt=0.08 * s)
    if name == "jump":
        phase = (t / period) % 1.0
        up = max(0.0, math.sin(math.pi * min(1, max(0, (phase - 0.25) / 0.5))))
        crouch = max(0.0, math.sin(math.pi * phase / 0.25)) if phase < 0.25 else 0.0
        land = math.sin(math.pi * (phase - 0.75) / 0.25) if phase > 0.75 else 0.0
        k = 0.8 * (crouch + land)
        return Pose(
            lift=0.22 * amount * up - 0.07 * (crouch + land),
            squash=0.12 * (crouch + land) - 0.1 * up,
            arms=((0.3 - 0.9 * k, 0.3 + 1.6 * up, 0.3), (0.3 - 0.9 * k, 0.3 + 1.6 * up, 0.3)),
            legs=((0.6 * k + 0.3 * up, 0.12, 1.2 * k + 0.5 * up), (0.6 * k - 0.1 * up, 0.12, 1.2 * k + 0.6 * up)),
        )
    if name == "sway":
        return Pose(
            lean=0.1 * s * amount,
            head_tilt=-0.12 * s,
            arms=((0.2, 0.35 + 0.3 * s, 0.5), (0.2, 0.35 - 0.3 * s, 0.5)),
        )
    if name == "cheer":
        return Pose(
            lift=0.03 * abs(s),
            arms=((0.1, 2.5 + 0.2 * s, 0.3 + 0.2 * c), (0.1, 2.5 - 0.2 * s, 0.3 + 0.2 * c)),
            legs=((0.0, 0.18, 0.05), (0.0, 0.18, 0.05)),
            mouth=0.8,
        )
    if name == "spin":
        return Pose(yaw=a, head_yaw=a, arms=((0.1, 0.9, 0.2), (0.1, 0.9, 0.2)))
    if name == "turn":
        return Pose(head_yaw=0.9 * s * amount, yaw=0.45 * math.sin(a - 0.5) * amount)
    return Pose(arms=((0.08 + 0.03 * s, 0.15, 0.25), (0.08 + 0.03 * s, 0.15, 0.25)), lean=0.01 * s)


@dataclass
class Track:
    """Where one character is and what it does.

    actions: (start frame, name, period, amount); neighbours are blended over `blend` frames. The keyed curves are in frames and
    units of frame height. hold: drawn on ones, twos or threes.
    """

    x: list = field(default_factory=lambda: [(0, 0.0)])
    y: list = field(default_factory=lambda: [(0, 0.45)])
    scale: list = field(default_factory=lambda: [(0, 0.8)])
    yaw: list = field(default_factory=lambda: [(0, 0.0)])
    head: list = field(default_factory=lambda: [(0, 0.0)])
    roll: list = field(default_factory=lambda: [(0, 0.0)])
    actions: list = field(default_factory=lambda: [(0, "stand", 60.0, 1.0)])
    blend: float = 6.0
    hold: int = 1
    blink_period: int = 47

    def pose(self, frame: float) -> Pose:
        t = float(frame // self.hold * self.hold)
        index = max((i for i, a in enumerate(self.actions) if a[0] <= t), default=0)
        start, name, period, amount = self.actions[index]
        pose = action_pose(name, t, period, amount)
        if index > 0 and t - start < self.blend:
            _, before, p, k = self.actions[index - 1]
            pose = mix(action_pose(before, t, p, k), pose, ease((t - start) / self.blend))
        yaw = keyed(self.yaw, t)
        return replace(
            pose,
            yaw=pose.yaw + yaw,
            head_yaw=pose.head_yaw + yaw + keyed(self.head, t),
            blink=1.0 if (t + 11) % self.blink_period < 3 else 0.0,
        )

    def place(self, frame: float) -> tuple[float, float, float, float]:
        """x, y, scale, roll at a frame."""
        t = float(frame // self.hold * self.hold)
        return keyed(self.x, t), keyed(self.y, t), keyed(self.scale, t), keyed(self.roll, t)


def mix(a: Pose, b: Pose, k: float) -> Pose:
    """Between two poses; angles of the body turn the short way."""
    turn_by = (b.yaw - a.yaw + math.pi) % (2 * math.pi) - math.pi
    head_by = (b.head_yaw - a.head_yaw + math.pi) % (2 * math.pi) - math.pi
    values = {n: getattr(a, n) * (1 - k) + getattr(b, n) * k for n in ("head_tilt", "lean", "lift", "squash", "mouth")}
    arms, legs = (tuple(map(tuple, np.asarray(x) * (1 - k) + np.asarray(y) * k)) for x, y in ((a.arms, b.arms), (a.legs, b.legs)))
    return Pose(yaw=a.yaw + turn_by * k, head_yaw=a.head_yaw + head_by * k, arms=arms, legs=legs, **values)
