"""Small training clips: a few frames of one scene, references first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from longanimation.data.synth.scene import Scene
from longanimation.errors import InputError


@dataclass(frozen=True)
class Clip:
    """lines uint8 [F, H, W]; labels uint8 [F, H, W]; parts uint16 [F, H, W]; palette uint8 [K, 3].

    The first `reference_count` frames are references; positions: frame number of each, -1 for a character sheet.
    """

    lines: np.ndarray
    labels: np.ndarray
    parts: np.ndarray
    palette: np.ndarray
    reference_count: int
    positions: tuple[int, ...]


def render_clip(seed: int, *, frames: int = 5, size: tuple[int, int] = (128, 224), split: str = "train") -> Clip:
    """Frames of one random scene at varied time gaps, references first."""
    if frames < 2:
        raise InputError(f"a clip has at least 2 frames, a reference and a target, not {frames}")
    rng = np.random.default_rng([seed, 7])
    length = int(rng.choice((60, 150, 400)))
    scene = Scene.random(seed, split=split, frames=length, size=size)
    count = 2 if frames >= 4 and rng.random() < 0.35 else 1

    def moment(least: int = 1) -> int:
        """A frame in which somebody can be seen, most times."""
        for _ in range(8):
            at = int(rng.integers(0, length))
            if scene.actors_seen(at) >= least:
                break
        return at

    sheets, positions = [], []
    for k in range(count):
        if k < len(scene.actors) and rng.random() < (0.3 if len(scene.actors) <= count else 0.08):
            sheets.append(scene.draw_sheet(k))
            positions.append(-1)
            continue
        at = moment(len(scene.actors) if k == 0 else 1)
        reframe = (0.0, 0.0, 1.0)
        if rng.random() < 0.25:
            reframe = (float(rng.uniform(-0.2, 0.2)), float(rng.uniform(-0.12, 0.12)), float(rng.uniform(0.6, 1.4)))
        sheets.append(scene.draw(at, reframe=reframe))
        positions.append(at)
    at = moment()
    while len(sheets) < frames:
        sheets.append(scene.draw(at))
        positions.append(at)
        near = min(max(at + int(rng.integers(1, 7)) * (1 if rng.random() < 0.5 else -1), 0), length - 1)
        at = near if rng.random() < 0.5 else moment()
    return Clip(
        lines=np.stack([s.lines for s in sheets]),
        labels=np.stack([s.labels for s in sheets]),
        parts=np.stack([s.parts for s in sheets]),
        palette=scene.palette,
        reference_count=count,
        positions=tuple(positions),
    )
