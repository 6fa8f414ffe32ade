"""Bodies of revolution seen from any side: silhouettes and marks on their surface.

Axes: x to the right, y down, z towards the viewer. Yaw 0 faces the viewer, positive yaw turns towards +x.
"""

from __future__ import annotations

import math

import numpy as np


class Solid:
    """A stack of ellipses. rows: float [n, 4]: y, half width across, half depth, forward shift of the centre."""

    def __init__(self, rows):
        self.rows = np.asarray(rows, np.float32)
        y, wx, wz, cz = self.rows.T
        self.y, self.wx, self.wz, self.cz = (np.ascontiguousarray(v) for v in (y, wx, wz, cz))

    def edges(self, yaw: float) -> tuple[np.ndarray, np.ndarray]:
        """x of the left and right edge of each row."""
        c, s = math.cos(yaw), math.sin(yaw)
        w = np.sqrt((self.wx * c) ** 2 + (self.wz * s) ** 2)
        shift = self.cz * s
        return shift - w, shift + w

    def silhouette(self, yaw: float) -> np.ndarray:
        """Control points of the outline, [2 n, 2]: down the right side, up the left."""
        left, right = self.edges(yaw)
        return np.stack([np.concatenate([right, left[::-1]]), np.concatenate([self.y, self.y[::-1]])], 1)

    def place(self, longitude, y, lift: float = 1.0) -> np.ndarray:
        """Points on the surface, [n, 3]. longitude 0 is the front, in radians."""
        longitude, y = np.broadcast_arrays(np.asarray(longitude, np.float32), np.asarray(y, np.float32))
        wx = np.interp(y, self.y, self.wx) * lift
        wz = np.interp(y, self.y, self.wz) * lift
        cz = np.interp(y, self.y, self.cz)
        return np.stack([wx * np.sin(longitude), y, wz * np.cos(longitude) + cz], -1).astype(np.float32)

    def patch(self, longitude: float, y: float, outline: np.ndarray) -> np.ndarray:
        """A flat outline [n, 2] (x, y offsets in units of length) laid on the surface around a point: [n, 3]."""
        ys = y + outline[:, 1]
        wx = np.maximum(np.interp(ys, self.y, self.wx), 1e-3)
        return self.place(longitude + np.clip(outline[:, 0] / wx, -1.5, 1.5), ys)


def turn(points: np.ndarray, yaw: float) -> tuple[np.ndarray, np.ndarray]:
    """[n, 3] turned by yaw -> (projected [n, 2], depth [n], larger is nearer)."""
    c, s = math.cos(yaw), math.sin(yaw)
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    return np.stack([x * c + z * s, y], -1), z * c - x * s


class Frame:
    """A flat frame: local point p -> origin + rotation(scale * p)."""

    __slots__ = ("origin", "matrix")

    def __init__(self, origin, angle: float = 0.0, scale: tuple[float, float] = (1.0, 1.0)):
        c, s = math.cos(angle), math.sin(angle)
        self.origin = np.asarray(origin, np.float32)
        self.matrix = np.array([[c * scale[0], s * scale[0]], [-s * scale[1], c * scale[1]]], np.float32)

    def __call__(self, points: np.ndarray) -> np.ndarray:
        return points @ self.matrix + self.origin
