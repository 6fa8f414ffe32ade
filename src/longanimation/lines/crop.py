"""The part of the frame that is drawn on."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from longanimation.lines.drawing import LineDrawing

_VISIBLE = 128
_MARGIN = 0.05  # of the box's longer side
_LEAST_MARGIN = 8


def crop_box(drawings: Iterable[LineDrawing | np.ndarray]) -> tuple[int, int, int, int]:
    """Box (y0, x0, y1, x1), ends excluded, around the lines of all given frames with a margin.

    Args:
        drawings: a few frames of one size, LineDrawing or uint8 [H, W] with 255 = paper.

    The whole frame if nothing is drawn.
    """
    rows = columns = None
    for drawing in drawings:
        lines = drawing.lines if isinstance(drawing, LineDrawing) else drawing
        drawn = lines < _VISIBLE
        rows = drawn.any(axis=1) if rows is None else rows | drawn.any(axis=1)
        columns = drawn.any(axis=0) if columns is None else columns | drawn.any(axis=0)
    if rows is None:
        raise ValueError("no drawings given")
    height, width = rows.size, columns.size
    if not rows.any():
        return 0, 0, height, width
    (y0, y1), (x0, x1) = (np.flatnonzero(line)[[0, -1]] + [0, 1] for line in (rows, columns))
    margin = max(_LEAST_MARGIN, round(_MARGIN * max(y1 - y0, x1 - x0)))
    return (
        int(max(0, y0 - margin)),
        int(max(0, x0 - margin)),
        int(min(height, y1 + margin)),
        int(min(width, x1 + margin)),
    )
