"""Contact sheets: moments of a shot side by side, the references at the left."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from longanimation.errors import InputError
from longanimation.media.atomic import write_bytes

_PAPER = 250
_INK = (60, 60, 60)
_GAP = 8
_CAPTION = 18


def contact_sheet(
    rows: Sequence[tuple[str, Sequence[np.ndarray]]],
    *,
    captions: Sequence[str] = (),
    references: Sequence[np.ndarray] = (),
    cell_width: int = 320,
) -> np.ndarray:
    """One picture of several rows of frames, uint8 [H, W, 3].

    rows: (name, frames) with equally many frames in each row, uint8 [h, w], [h, w, 3] or [h, w, 4]. captions: one for
    each column. references: shown in a column at the left. cell_width: pixels of one frame in the sheet.
    """
    if not rows or not len(rows[0][1]):
        raise InputError("a contact sheet needs at least one row with one frame")
    columns = [
        np.stack([fit_width(frame, cell_width) for frame in column])
        for column in zip(*(frames for _, frames in rows), strict=True)
    ]
    height = columns[0].shape[1]
    sheet_height = _CAPTION + len(rows) * (height + _CAPTION) + _GAP
    parts = []
    if len(references):
        parts.append(_reference_column(references, cell_width, sheet_height))
    for place, column in enumerate(columns):
        part = _blank(sheet_height, cell_width + _GAP)
        _write(part, captions[place] if place < len(captions) else "", 2, _CAPTION - 5)
        for row, frame in enumerate(column):
            top = _CAPTION + row * (height + _CAPTION)
            if place == 0:
                _write(part, rows[row][0], 2, top + _CAPTION - 5)
            part[top + _CAPTION : top + _CAPTION + height, : frame.shape[1]] = frame
        parts.append(part)
    return np.concatenate([_blank(sheet_height, _GAP), *parts], axis=1)


def fit_width(frame: np.ndarray, width: int) -> np.ndarray:
    """A frame as opaque RGB at `width` pixels, uint8 [h, width, 3]; transparent parts become white."""
    frame = opaque(frame)
    height = max(1, round(frame.shape[0] * width / frame.shape[1]))
    if frame.shape[1] == width:
        return frame
    how = cv2.INTER_AREA if width < frame.shape[1] else cv2.INTER_NEAREST
    return cv2.resize(frame, (width, height), interpolation=how)


def opaque(frame: np.ndarray) -> np.ndarray:
    """Any frame on white paper: uint8 [H, W], [H, W, 3] or [H, W, 4] (straight alpha) -> uint8 [H, W, 3]."""
    if frame.ndim == 2:
        return np.repeat(frame[..., None], 3, axis=2)
    if frame.shape[2] == 3:
        return frame
    alpha = frame[..., 3:].astype(np.uint16)
    return ((frame[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def write_png(path: str | Path, picture: np.ndarray) -> None:
    """Writes uint8 [H, W, 3] (or [H, W] grey) as PNG, whole or not at all."""
    colors = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR) if picture.ndim == 3 else picture
    done, data = cv2.imencode(".png", colors, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    if not done:
        raise InputError(f"cannot encode {path} as PNG: the picture is {picture.shape}")
    write_bytes(path, data.tobytes())


def _reference_column(references: Sequence[np.ndarray], width: int, height: int) -> np.ndarray:
    column = _blank(height, width + 2 * _GAP)
    _write(column, "references" if len(references) > 1 else "reference", 2, _CAPTION - 5)
    top = 2 * _CAPTION
    room = (height - top) // len(references) - _GAP
    for reference in references:
        small = fit_width(reference, width)
        if small.shape[0] > room:
            small = fit_width(small, max(1, int(width * room / small.shape[0])))
            small = small[:room]
        column[top : top + small.shape[0], : small.shape[1]] = small
        top += small.shape[0] + _GAP
    return column


def _blank(height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), _PAPER, np.uint8)


def _write(picture: np.ndarray, text: str, left: int, base: int) -> None:
    if text:
        cv2.putText(picture, text, (left, base), cv2.FONT_HERSHEY_SIMPLEX, 0.42, _INK, 1, cv2.LINE_AA)
