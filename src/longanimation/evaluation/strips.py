"""Strips of frames: the same moments of a shot, one row for each way of colouring."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from longanimation.evaluation.sheet import contact_sheet, fit_width, write_png

MOMENTS = 6
CELL = 320  # pixels


def strip_moments(frames: int) -> list[int]:
    """Positions of the frames that are shown: evenly spread, the first and the last among them."""
    return np.unique(np.linspace(0, frames - 1, min(MOMENTS, frames)).round().astype(int)).tolist()


class Strip:
    """One row, collected frame by frame."""

    def __init__(self):
        self._cells: list[np.ndarray] = []

    def add(self, frame: np.ndarray) -> None:
        """uint8 [H, W] or [H, W, 3]."""
        self._cells.append(fit_width(frame, CELL))

    def picture(self) -> np.ndarray:
        """All cells side by side, uint8 [h, n * CELL, 3]."""
        return np.concatenate(self._cells, axis=1)


def write_strips(path: str | Path, rows: Mapping[str, np.ndarray], *, frames: int) -> None:
    """Writes rows as `Strip.picture` gives them, one above the other with their names and frame numbers, as PNG."""
    cut = [(name, np.split(row, row.shape[1] // CELL, axis=1)) for name, row in rows.items()]
    captions = [f"frame {index}" for index in strip_moments(frames)]
    write_png(path, contact_sheet(cut, captions=captions, cell_width=CELL))
