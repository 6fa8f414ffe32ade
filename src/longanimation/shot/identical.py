"""Drawings the shot has shown before, so that each is coloured once."""

from __future__ import annotations

import hashlib

import numpy as np


def digest(frame: np.ndarray) -> str:
    """Name of a frame's content: equal for equal shape and pixels. frame: uint8 [H, W, C]."""
    content = hashlib.sha256(str(frame.shape).encode())
    content.update(np.ascontiguousarray(frame).data)
    return content.hexdigest()[:32]


class DrawingsSeen:
    """Digest -> frame where a drawing was coloured, for the last `limit` distinct drawings."""

    def __init__(self, limit: int = 4096):
        self.limit = limit
        self._frames: dict[str, int] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._frames

    def find(self, name: str) -> int | None:
        return self._frames.get(name)

    def add(self, name: str, frame: int) -> None:
        self._frames[name] = frame
        if len(self._frames) > self.limit:
            del self._frames[next(iter(self._frames))]

    def frames(self) -> set[int]:
        """The frames that may still be repeated."""
        return set(self._frames.values())

    def to_json(self) -> dict[str, int]:
        return dict(self._frames)

    def restore(self, frames: dict[str, int]) -> None:
        self._frames = dict(frames)
