"""Coloured references as the user names them: pictures, key frames as PICTURE@FRAME, PICTURE@background."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from longanimation.errors import InputError
from longanimation.lines import LineStyle
from longanimation.lines.drawing import on_white
from longanimation.media import FrameSequence, from_arrays, read_image
from longanimation.shot.drawings import read_drawing
from longanimation.shot.window import Reference

BACKGROUND = "background"

Place = int | Literal["background"]
"""Where a reference stands in the shot: in the frame of this number, or behind the first drawing."""

ReferenceLike = str | os.PathLike | np.ndarray | tuple[str | os.PathLike | np.ndarray, Place]
"""A path, "PATH@FRAME", "PATH@background", an array uint8 [H, W, 3|4], or a pair (path or array, frame or
"background"); frames by the file's number."""

_PLACED = re.compile(rf"(.+)@([0-9]+|{BACKGROUND})")
_SAME_SHAPE = 0.01


def split_reference(reference: ReferenceLike, position: int) -> tuple[Path | np.ndarray, Place | None, str]:
    """(picture, place or None, name) of a reference; `position` counts unnamed ones from 0.

    A file whose own name holds an "@" is taken as it is. Raises InputError if there is no such file.
    """
    picture, place = reference if isinstance(reference, tuple) else (reference, None)
    if isinstance(picture, np.ndarray):
        return picture, place, f"reference {position}" if place is None else f"reference {position}@{place}"
    name = os.fspath(picture)
    match = _PLACED.fullmatch(name)
    if place is None and match and not Path(name).exists():
        picture, place = match[1], BACKGROUND if match[2] == BACKGROUND else int(match[2])
    path = Path(picture)
    if not path.exists():
        raise InputError(f"reference not found: {path}")
    return path, place, f"{path}" if place is None else f"{path}@{place}"


def as_list(references) -> list[ReferenceLike]:
    """One reference or several, as a list. Raises InputError if there is none."""
    single = isinstance(references, str | os.PathLike) or (isinstance(references, np.ndarray) and references.ndim < 4)
    pair = isinstance(references, tuple) and len(references) == 2 and _is_place(references[1])
    listed = [references] if single or pair else list(references)
    if not listed:
        raise InputError("no reference: give at least one coloured picture")
    return listed


def read_references(
    references: Sequence[ReferenceLike],
    sequence: FrameSequence,
    *,
    mode: LineStyle | str,
    notes: list[str] | None = None,
) -> list[Reference]:
    """Read the coloured references of a shot.

    A key frame (`@FRAME`) is brought to the shot's size and has that frame's own drawing as its lines, read by `mode`.
    A background (`@background`) is brought to the shot's size, too. Any other picture keeps its size; its lines are
    found in it, as thick as they are if the shot is drawn, else extracted as the shot's are. Transparency is laid on
    white.

    Raises InputError for a missing or unreadable picture and for a frame number that the shot does not have.
    `notes` collects sentences for the user.
    """
    notes = [] if notes is None else notes
    return [_read(*split_reference(r, k), sequence, mode, notes) for k, r in enumerate(as_list(references))]


def _is_place(value) -> bool:
    return isinstance(value, int | np.integer) or (isinstance(value, str) and value == BACKGROUND)


def _read(picture, place, name, sequence, mode, notes) -> Reference:
    if isinstance(picture, np.ndarray):
        image = from_arrays([picture])[0]
    else:
        image = read_image(picture, what="reference")
    image = on_white(image)
    # Its lines shall look like those of the shot.
    kind = "painted" if (mode if isinstance(mode, str) else mode.mode) == "drawn" else "extract"
    if place is None:
        return Reference(image, read_drawing(image, kind), None, name)
    if place == BACKGROUND:
        image = _fit(image, sequence, name, notes)
        return Reference(image, read_drawing(image, kind), None, name, background=True)
    if place not in sequence.numbers:
        first, last = sequence.numbers[0], sequence.numbers[-1]
        raise InputError(f"reference {name}: the shot has no frame {place}; its frames are {first} to {last}")
    position = sequence.numbers.index(place)
    image = _fit(image, sequence, name, notes)
    return Reference(image, read_drawing(sequence[position], mode), position, name)


def _fit(image: np.ndarray, sequence: FrameSequence, name: str, notes: list[str]) -> np.ndarray:
    height, width = image.shape[:2]
    if (height, width) == (sequence.height, sequence.width):
        return image
    stretch = (width / sequence.width) / (height / sequence.height)
    if abs(stretch - 1) > _SAME_SHAPE:
        raise InputError(
            f"reference {name} is {width}x{height}, the shot {sequence.width}x{sequence.height}: "
            f"not a frame of this shot; give it without @{name.rpartition('@')[2]} or in the shot's shape"
        )
    notes.append(f"reference {name} was resized from {width}x{height} to {sequence.width}x{sequence.height}")
    interpolation = cv2.INTER_AREA if width > sequence.width else cv2.INTER_LINEAR
    return cv2.resize(image, (sequence.width, sequence.height), interpolation=interpolation)
