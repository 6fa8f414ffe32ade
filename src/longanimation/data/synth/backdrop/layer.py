"""What a place is made of: layers from far to near."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from longanimation.data.synth.backdrop.canvas import Canvas
from longanimation.data.synth.backdrop.light import Light


@dataclass
class Layer:
    """draw paints it; follow: how much of the camera's move it makes (0 far away, 1 where the characters stand);
    drift: scene units a frame it moves by itself; sway: how far it rocks; sketch: polylines [n, 2] of a layout
    drawing, in scene units."""

    draw: Callable[[Canvas], None]
    follow: float
    drift: float = 0.0
    sway: float = 0.0
    sketch: list[np.ndarray] = field(default_factory=list)


@dataclass(frozen=True)
class Ground:
    """What the painters of places know. half: half the width to be filled; horizon: its height (y down); low: lower end
    of what is to be filled; clouded: no sun; colour: name of the colour of a plain backdrop."""

    rng: np.random.Generator
    light: Light
    half: float
    horizon: float
    low: float
    clouded: bool = False
    colour: str = "blue"

    def seed(self) -> int:
        """Of a noise field."""
        return int(self.rng.integers(0, 1 << 31))


def ridge(rng, half: float, base: float, height: float, rough: float, points: int = 40) -> np.ndarray:
    """A skyline from left to right, [points, 2]: `height` above `base`; rough 0 (dunes) to 1 (rocks)."""
    x = np.linspace(-half, half, points)
    y = np.zeros(points)
    for k in range(1, 6):
        y += np.sin(x * rng.uniform(0.8, 1.6) * k * 1.3 + rng.uniform(0, 7)) / k ** (2.2 - rough)
    y += rough * rng.uniform(-0.5, 0.5, points)
    y = (y - y.min()) / max(float(np.ptp(y)), 1e-6)
    return np.stack([x, base - height * y], 1)


def under(skyline: np.ndarray, low: float) -> np.ndarray:
    """The area below a skyline."""
    return np.concatenate([skyline, [(skyline[-1, 0], low), (skyline[0, 0], low)]])


def box(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])


def closed(points: np.ndarray) -> np.ndarray:
    """The outline as a polyline that comes back to its start."""
    return np.concatenate([points, points[:1]])
