"""The README's picture: references at the left, a few drawings above, their coloured frames below."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from longanimation.errors import InputError
from longanimation.evaluation.sheet import fit_width, opaque
from longanimation.media.atomic import write_bytes

MAX_BYTES = 400_000
_GAP = 12
_BORDER = (205, 205, 205)


def write_picture(
    path: str | Path,
    references: Sequence[np.ndarray],
    lines: Sequence[np.ndarray],
    results: Sequence[np.ndarray],
    *,
    moments: int = 4,
    width: int = 1600,
    max_bytes: int = MAX_BYTES,
) -> None:
    """Writes one wide PNG of at most `max_bytes`; it shrinks until it fits.

    references: uint8 [h, w, 3|4]; lines and results: equally many frames of one size, uint8 [H, W(, 3|4)], of which
    `moments` evenly spread ones are shown.
    """
    if not lines or len(lines) != len(results) or not references:
        raise InputError("the picture needs a reference and equally many drawings and results")
    chosen = np.unique(np.linspace(0, len(lines) - 1, min(moments, len(lines))).round().astype(int))
    while True:
        picture = _compose(references, [lines[i] for i in chosen], [results[i] for i in chosen], width)
        data = _encode(picture)
        if len(data) <= max_bytes or width < 300:
            write_bytes(path, data)
            return
        width = int(width * 0.9)


def _compose(references, lines, results, width: int) -> np.ndarray:
    columns = len(lines) + 1
    cell = (width - _GAP * (columns + 1)) // columns
    rows = [[_frame(frame, cell) for frame in row] for row in (lines, results)]
    height = rows[0][0].shape[0]
    picture = np.full((2 * height + 3 * _GAP, columns * (cell + _GAP) + _GAP, 3), 255, np.uint8)
    room = (2 * height + _GAP - _GAP * (len(references) - 1)) // len(references)
    top = _GAP
    for reference in references:
        small = _fit(reference, cell, room)
        left = _GAP + (cell - small.shape[1]) // 2
        offset = top + (room - small.shape[0]) // 2
        picture[offset : offset + small.shape[0], left : left + small.shape[1]] = small
        top += room + _GAP
    for row, frames in enumerate(rows):
        for column, frame in enumerate(frames):
            top, left = _GAP + row * (height + _GAP), _GAP + (column + 1) * (cell + _GAP)
            picture[top : top + height, left : left + cell] = frame
    return picture


def _fit(frame: np.ndarray, width: int, height: int) -> np.ndarray:
    return _frame(frame, min(width, max(1, int(frame.shape[1] * height / frame.shape[0]))))


def _frame(frame: np.ndarray, width: int) -> np.ndarray:
    small = fit_width(opaque(frame), width).copy()
    small[[0, -1]] = _BORDER
    small[:, [0, -1]] = _BORDER
    return small


def _encode(picture: np.ndarray) -> bytes:
    """PNG of 256 colours: flat drawings lose nothing that is seen."""
    image = Image.fromarray(picture).quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    buffer = BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
