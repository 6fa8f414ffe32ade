"""Small training clips: a few frames of one scene, references first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from longanimation.data.synth.scene import Scene


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
    rng = np.random.default_rng([seed, 7])
    length = int(rng.choice((60, 150, 400)))
    scene = Scene.random(seed, split=split, frames=length, size=size)
    count = 2 if frames >= 4 and rng.random() < 0.35 else 1
    targets = [int(rng.integers(0, length))]
    while len(targets) < frames - count:
        if rng.random() < 0.55:
            step = int(rng.integers(1, 6))
            targets.append(min(targets[-1] + step, length - 1) if rng.random() < 0.5 else max(targets[-1] - step, 0))
        else:
            targets.append(int(rng.integers(0, length)))
    drawn, positions = [], []
    for k in range(count):
        if k == 0 and len(scene.actors) == 1 and rng.random() < 0.3:
            drawn.append(scene.sheet(0))
            positions.append(-1)
        else:
            at = int(rng.integers(0, length))
            drawn.append(scene.render(at))
            positions.append(at)
    for at in targets:
        drawn.append(scene.render(at))
        positions.append(at)
    return Clip(
        lines=np.stack([d.lines for d in drawn]),
        labels=np.stack([d.labels for d in drawn]),
        parts=np.stack([d.parts for d in drawn]),
        palette=scene.palette,
        reference_count=count,
        positions=tuple(positions),
    )
