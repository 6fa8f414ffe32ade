"""Motion: poses of a figure as functions of the frame number alone."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from random import Random


@dataclass
class Pose:
    """Angles in radians; arms and legs: (swing forward, spread sideways, bend), the one left on the picture (facing
    us) first.

    lean: forward; tip: sideways, on the picture. lift, crouch: in figure heights. sway: of hair, scarf, tail. clock:
    frames.
    """

    yaw: float = 0.0
    head_yaw: float = 0.0
    head_tilt: float = 0.0
    nod: float = 0.0
    lean: float = 0.0
    tip: float = 0.0
    lift: float = 0.0
    crouch: float = 0.0
    squash: float = 0.0
    sway: float = 0.0
    blink: float = 0.0
    mouth: float = 0.0
    clock: float = 0.0
    arms: tuple = ((0.08, 0.14, 0.2), (0.08, 0.14, 0.2))
    legs: tuple = ((0.0, 0.05, 0.02), (0.0, 0.05, 0.02))


_ANGLES = tuple(f.name for f in fields(Pose) if f.name not in ("arms", "legs", "yaw", "head_yaw", "clock"))


def ease(t: float) -> float:
    """0..1 with slow start and end."""
    t = min(max(t, 0.0), 1.0)
    return t * t * (3 - 2 * t)


def keyed(keys: list[tuple[float, float]], t: float) -> float:
    """Eased value at time t from (time, value) keys in rising order; held outside."""
    if t <= keys[0][0]:
        return keys[0][1]
    before = keys[0]
    for after in keys[1:]:
        if t < after[0]:
            return before[1] + (after[1] - before[1]) * ease((t - before[0]) / max(after[0] - before[0], 1e-6))
        before = after
    return before[1]


def _stride(s: float, c: float, k: float, bend: float) -> dict:
    """Legs and arms of a step; s, c: sine and cosine of the step's phase."""
    swing = 0.55 * k * s
    return {
        "legs": ((swing, 0.02, 0.1 + bend * k * max(0.0, c)), (-swing, 0.02, 0.1 + bend * k * max(0.0, -c))),
        "arms": ((-0.75 * k * s, 0.1, 0.25 + 0.35 * k), (0.75 * k * s, 0.1, 0.25 + 0.35 * k)),
        "crouch": -0.02 * k * abs(s),
    }


def _dance_step(beat: int, k: float) -> Pose:
    """Any pose at all, the same for the same beat and k."""
    draw = Random(f"{beat} {k:.6f}").uniform
    return Pose(
        yaw=draw(-0.9, 0.9),
        head_yaw=draw(-0.6, 0.6),
        head_tilt=draw(-0.2, 0.2),
        lean=draw(-0.2, 0.35),
        tip=draw(-0.15, 0.15),
        lift=0.06 * k * max(0.0, draw(-1, 1)),
        sway=draw(-0.25, 0.25),
        mouth=draw(-1, 1),
        arms=tuple((draw(-0.8, 1.5), draw(0.1, 2.4), draw(0.1, 1.5)) for _ in range(2)),
        legs=tuple((draw(-0.4, 0.8), draw(0.0, 0.25), draw(0.0, 0.9)) for _ in range(2)),
    )


def action_pose(name: str, t: float, period: float, k: float) -> Pose:
    """Pose of a named action at time t (frames). period: frames of one cycle; k: size of the movement, about 1."""
    a = 2 * math.pi * t / period
    s, c = math.sin(a), math.cos(a)
    still = (0.1 + 0.03 * s, 0.13, 0.22)
    if name == "walk":
        return Pose(lean=0.04, sway=0.08 * c, lift=0.008 * abs(c), **_stride(s, c, k, 0.8))
    if name == "run":
        pose = Pose(lean=0.28, sway=0.2 + 0.12 * c, lift=0.035 * k * abs(c), **_stride(s, c, 1.45 * k, 0.95))
        pose.arms = tuple((w, 0.15, 1.4) for w, _, _ in pose.arms)
        return pose
    if name == "wave":
        return Pose(arms=(still, (0.15, 2.1 + 0.1 * c, 0.55 + 0.55 * s)), head_tilt=0.07 * s, mouth=0.6, sway=0.05 * s)
    if name == "jump":
        phase = (t / period) % 1.0
        up = math.sin(math.pi * (phase - 0.25) / 0.5) if 0.25 < phase < 0.75 else 0.0
        low = (
            math.sin(math.pi * phase / 0.25)
            if phase <= 0.25
            else math.sin(math.pi * (phase - 0.75) / 0.25)
            if phase >= 0.75
            else 0.0
        )
        arm = (0.3 - 0.9 * low, 0.25 + 1.9 * up, 0.35)
        return Pose(
            lift=0.2 * k * up, crouch=-0.1 * low, squash=0.1 * low - 0.07 * up, sway=-0.2 * up, lean=0.2 * low,
            mouth=up,
            arms=(arm, arm), legs=((0.75 * low + 0.25 * up, 0.1, 1.35 * low + 0.5 * up),
            (0.75 * low - 0.15 * up, 0.1, 1.35 * low + 0.7 * up)),
        )  # fmt: skip
    if name == "sway":
        return Pose(
            tip=0.07 * s * k,
            head_tilt=-0.13 * s,
            sway=0.2 * c,
            arms=((0.2, 0.4 + 0.3 * s, 0.5), (0.2, 0.4 - 0.3 * s, 0.5)),
        )
    if name == "crouch":
        low = 0.5 - 0.5 * c
        leg = (1.2 * low, 0.1, 2.1 * low)
        return Pose(
            crouch=-0.2 * low,
            lean=0.45 * low,
            squash=0.03 * low,
            legs=(leg, leg),
            arms=((0.9 * low, 0.2, 0.8), (0.9 * low, 0.2, 0.8)),
        )
    if name == "talk":
        gesture = (0.5 + 0.2 * s, 0.2, 1.2 + 0.4 * c)
        return Pose(
            arms=(gesture, still),
            mouth=0.6 if int(t / 3) % 3 else 0.0,
            head_tilt=0.05 * c,
            nod=0.5 * s,
            head_yaw=0.15 * s,
        )
    if name == "reach":
        up = 0.5 - 0.5 * c
        return Pose(arms=(still, (1.5 * up, 0.25 + 0.3 * up, 0.3)), lean=0.15 * up, tip=0.05 * up, nod=-up)
    if name == "turn":
        return Pose(head_yaw=0.8 * s * k, yaw=0.5 * math.sin(a - 0.6) * k, sway=-0.15 * c, arms=(still, still))
    if name == "cheer":
        return Pose(
            lift=0.04 * abs(s), sway=0.15 * s, mouth=0.8, nod=-0.8,
            arms=((0.1, 2.6 + 0.2 * s, 0.25), (0.1, 2.6 - 0.2 * s, 0.25)), legs=((0.0, 0.2, 0.05), (0.0, 0.2, 0.05)),
        )  # fmt: skip
    if name == "spin":
        return Pose(
            yaw=a,
            head_yaw=a,
            sway=0.3,
            arms=((0.1, 0.9, 0.2), (0.1, 0.9, 0.2)),
            legs=((0.15, 0.05, 0.2), (-0.1, 0.05, 0.1)),
        )
    if name == "bow":
        low = 0.5 - 0.5 * c
        return Pose(
            lean=0.8 * low, squash=0.04 * low, nod=2.0 * low, arms=((0.5 * low, 0.1, 0.1), (0.5 * low, 0.1, 0.1))
        )
    if name == "kick":
        up = max(0.0, s)
        return Pose(
            legs=((1.3 * up - 0.3 * max(0, -s), 0.05, 0.9 * max(0, -s)), (0, 0.05, 0.1)),
            lean=-0.15 * up,
            arms=((-0.6 * up, 0.4, 0.3), (0.6 * up, 0.5, 0.3)),
        )
    if name == "dance":
        beat, part = divmod(4 * t / period, 1)
        return mix(_dance_step(int(beat), k), _dance_step(int(beat) + 1, k), ease(part))
    return Pose(arms=(still, (0.1 - 0.03 * s, 0.13, 0.22)), squash=0.006 * s, sway=0.03 * s)


ACTIONS = (
    "stand",
    "walk",
    "run",
    "wave",
    "jump",
    "sway",
    "crouch",
    "talk",
    "reach",
    "turn",
    "cheer",
    "spin",
    "bow",
    "kick",
    "dance",
)


def mix(a: Pose, b: Pose, k: float) -> Pose:
    """From a to b; turns go the short way."""

    def angle(u: float, v: float) -> float:
        return u + ((v - u + math.pi) % (2 * math.pi) - math.pi) * k

    def joints(u: tuple, v: tuple) -> tuple:
        return tuple(tuple(x + (y - x) * k for x, y in zip(p, q, strict=True)) for p, q in zip(u, v, strict=True))

    out = Pose(
        yaw=angle(a.yaw, b.yaw),
        head_yaw=angle(a.head_yaw, b.head_yaw),
        arms=joints(a.arms, b.arms),
        legs=joints(a.legs, b.legs),
    )
    for name in _ANGLES:
        u = getattr(a, name)
        setattr(out, name, u + (getattr(b, name) - u) * k)
    return out


@dataclass
class Track:
    """Where one character is and what it does.

    actions: (start frame, name, period, amount), neighbours blended over `blend` frames. The keyed curves are in
    frames and frame heights (x, y: the point on the ground; scale: height of the figure). hold: drawn on ones, twos
    or threes. absent: (start, stop) frames in which the character is not in the shot. tempo: how many frames of all
    these pass in one frame of the shot.
    """

    x: list = field(default_factory=lambda: [(0, 0.0)])
    y: list = field(default_factory=lambda: [(0, 0.45)])
    scale: list = field(default_factory=lambda: [(0, 0.8)])
    yaw: list = field(default_factory=lambda: [(0, 0.0)])
    head: list = field(default_factory=lambda: [(0, 0.0)])
    roll: list = field(default_factory=lambda: [(0, 0.0)])
    actions: list = field(default_factory=lambda: [(0, "stand", 60.0, 1.0)])
    absent: list = field(default_factory=list)
    blend: float = 6.0
    hold: int = 1
    blink_period: int = 47
    tempo: float = 1.0

    def moment(self, frame: int) -> float:
        """The time the drawing of this frame shows."""
        return float(frame // self.hold * self.hold) * self.tempo

    def present(self, frame: int) -> bool:
        return not any(a <= frame * self.tempo < b for a, b in self.absent)

    def pose(self, frame: int) -> Pose:
        t = self.moment(frame)
        index = 0
        for i, action in enumerate(self.actions):
            if action[0] <= t:
                index = i
        start, name, period, amount = self.actions[index]
        pose = action_pose(name, t - start, period, amount)
        if index > 0 and t - start < self.blend:
            begun, before, p, k = self.actions[index - 1]
            pose = mix(action_pose(before, t - begun, p, k), pose, ease((t - start) / self.blend))
        yaw = keyed(self.yaw, t)
        pose.yaw += yaw
        pose.head_yaw += yaw + keyed(self.head, t)
        pose.blink = 1.0 if (t + 11) % self.blink_period < 3 else 0.0
        pose.clock = t
        return pose

    def place(self, frame: int) -> tuple[float, float, float, float]:
        """x, y, scale, roll."""
        t = self.moment(frame)
        return keyed(self.x, t), keyed(self.y, t), keyed(self.scale, t), keyed(self.roll, t)
