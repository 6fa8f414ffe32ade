"""Bodies of revolution seen from any side: silhouettes, and marks that lie on their surface.

Axes: x to the right, y down, z towards the viewer. Yaw 0 faces the viewer, positive yaw turns towards +x.
"""

from __future__ import annotations

import math

import numpy as np

from longanimation.data.synth.curves import smooth


def rotation(yaw: float) -> np.ndarray:
    """[3, 3] such that points @ rotation = (x, y on the picture, depth; larger depth is nearer)."""
    c, s = math.cos(yaw), math.sin(yaw)
    return np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]], np.float32)


def turn(points: np.ndarray, yaw: float) -> tuple[np.ndarray, np.ndarray]:
    """[..., 3] turned by yaw -> (flat [..., 2], depth [...])."""
    out = points @ rotation(yaw)
    return out[..., :2], out[..., 2]


def wrap(angle: float) -> float:
    """The same angle in -pi..pi."""
    return (angle + math.pi) % (2 * math.pi) - math.pi


class Solid:
    """A stack of ellipses. rows: [n, 4]: y, half width across, half depth, forward shift of the centre."""

    def __init__(self, rows):
        self.rows = np.asarray(rows, np.float32)
        self.y, self.wx, self.wz, self.cz = (np.ascontiguousarray(v) for v in self.rows.T)
        self._square = np.stack([self.wx**2, self.wz**2])

    def edges(self, yaw: float) -> tuple[np.ndarray, np.ndarray]:
        """x of the left and right edge of each row."""
        c, s = math.cos(yaw), math.sin(yaw)
        w = np.sqrt(self._square[0] * (c * c) + self._square[1] * (s * s))
        shift = self.cz * s
        return shift - w, shift + w

    def silhouette(self, yaw: float) -> np.ndarray:
        """Control points of the outline, [2 n, 2]: down the right side, up the left."""
        n = len(self.y)
        left, right = self.edges(yaw)
        out = np.empty((2 * n, 2), np.float32)
        out[:n, 0], out[n:, 0] = right, left[::-1]
        out[:n, 1], out[n:, 1] = self.y, self.y[::-1]
        return out

    def place(self, longitude, y, lift: float = 1.0) -> np.ndarray:
        """Points on the surface, [..., 3]. longitude in radians, 0 is the front."""
        longitude, y = np.broadcast_arrays(np.asarray(longitude, np.float32), np.asarray(y, np.float32))
        wx = np.interp(y, self.y, self.wx) * lift
        wz = np.interp(y, self.y, self.wz) * lift
        cz = np.interp(y, self.y, self.cz)
        return np.stack([wx * np.sin(longitude), y, wz * np.cos(longitude) + cz], -1).astype(np.float32)

    def patch(self, longitude: float, y: float, outline) -> np.ndarray:
        """A flat outline [n, 2] (offsets in lengths) laid on the surface around a point: [n, 3]."""
        outline = np.asarray(outline, np.float32)
        wx = max(float(np.interp(y, self.y, self.wx)), 1e-3)
        return self.place(longitude + np.clip(outline[:, 0] / wx, -2.6, 2.6), y + outline[:, 1])


class MarkSet:
    """Curves fixed on a solid, all projected with one product."""

    def __init__(self):
        self._names: list[str] = []
        self._curves: list[np.ndarray] = []
        self._ready = None

    def add(
        self, name: str, control: np.ndarray, closed: bool = True, corners: tuple[int, ...] = (), density: int = 4
    ) -> None:
        """control: [n, 3] points on the surface."""
        self._names.append(name)
        self._curves.append(smooth(np.asarray(control, np.float32), closed, corners, density))

    def _freeze(self):
        counts = np.array([len(c) for c in self._curves])
        stops = np.cumsum(counts)
        self._ready = (np.concatenate(self._curves), stops - counts, stops, counts)
        return self._ready

    def project(self, yaw: float, frame) -> dict[str, tuple[np.ndarray, float, float]]:
        """name -> (points [n, 2] in the frame's units, mean depth, least depth).

        What lies behind the horizon is pushed outside the silhouette, so that a clipped mark ends at the edge.
        """
        if not self._names:
            return {}
        points, starts, stops, counts = self._ready or self._freeze()
        out = points @ rotation(yaw)
        depth = out[:, 2]
        hidden = np.minimum(depth, 0)
        flat = out[:, :2]
        flat[:, 0] -= 2.0 * hidden * np.sign(flat[:, 0])
        flat = frame(flat)
        mean = np.add.reduceat(depth, starts) / counts
        least = np.minimum.reduceat(depth, starts)
        return {
            name: (flat[a:b], m, low)
            for name, a, b, m, low in zip(
                self._names, starts.tolist(), stops.tolist(), mean.tolist(), least.tolist(), strict=True
            )
        }


class Frame:
    """A flat frame: local point p -> origin + rotation(scale * p)."""

    __slots__ = ("origin", "matrix")

    def __init__(self, origin, angle: float = 0.0, scale: tuple[float, float] = (1.0, 1.0)):
        c, s = math.cos(angle), math.sin(angle)
        self.origin = np.asarray(origin, np.float32)
        self.matrix = np.array([[c * scale[0], s * scale[0]], [-s * scale[1], c * scale[1]]], np.float32)

    def __call__(self, points: np.ndarray) -> np.ndarray:
        return points @ self.matrix + self.origin
