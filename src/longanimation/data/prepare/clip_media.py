"""A clip on disk: its colour frames and their lines."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from longanimation.data.prepare.pieces import Piece
from longanimation.data.prepare.settings import PrepareSettings
from longanimation.lines import extract_lines
from longanimation.lines.drawing import on_white
from longanimation.media import FrameSequence, VideoEncoder, encode_png
from longanimation.media.atomic import make_folder, write_bytes


def stored_size(crop: tuple[int, int, int, int], short_side: int | None) -> tuple[int, int]:
    """(height, width) of the stored frames of a clip: even, never larger than the crop."""
    height, width = crop[2] - crop[0], crop[3] - crop[1]
    if short_side is None or min(height, width) <= short_side:
        return height, width
    scale = short_side / min(height, width)
    return tuple(2 * max(1, round(side * scale / 2)) for side in (height, width))


def media_names(settings: PrepareSettings) -> tuple[str, str]:
    """Names in the clip's folder of the colour frames and the lines: two videos or two folders."""
    return ("colour.mp4", "lines.mp4") if settings.store == "mp4" else ("colour", "lines")


def write_clip_media(
    folder: Path,
    sequence: FrameSequence,
    piece: Piece,
    settings: PrepareSettings,
    tick: Callable[[float], None],
) -> None:
    """Write the frames of a piece; what an earlier run left in `folder` goes. `tick` gets 1 for each frame.

    Raises InputError if a frame cannot be read any more or the place cannot be written.
    """
    shutil.rmtree(folder, ignore_errors=True)
    make_folder(folder)
    size = stored_size(piece.crop, settings.short_side)
    writer = _Folders if settings.store == "png" else _Videos
    outputs = writer([folder / name for name in media_names(settings)], sequence.fps, size)
    try:
        for colour, lines in _drawn(sequence, piece, size):
            outputs.add(colour, lines)
            tick(1)
        outputs.finish()
    except BaseException:
        outputs.abort()
        raise


def _drawn(sequence: FrameSequence, piece: Piece, size: tuple[int, int]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Colour uint8 [h, w, 3] and lines uint8 [h, w] of each frame."""
    y0, x0, y1, x1 = piece.crop
    before = lines = None
    for index in range(piece.start, piece.stop):
        colour = np.ascontiguousarray(on_white(sequence[index])[y0:y1, x0:x1])
        if colour.shape[:2] != size:
            colour = cv2.resize(colour, size[::-1], interpolation=cv2.INTER_AREA)
        if before is None or not np.array_equal(colour, before):  # held drawings are common
            before, lines = colour, extract_lines(colour)
        yield colour, lines


class _Videos:
    def __init__(self, paths: list[Path], fps: Fraction | None, size: tuple[int, int]):
        self._encoders = [VideoEncoder(path, fps, size) for path in paths]

    def add(self, colour: np.ndarray, lines: np.ndarray) -> None:
        for encoder, frame in zip(self._encoders, (colour, np.repeat(lines[..., None], 3, axis=2)), strict=True):
            encoder.add(frame)

    def finish(self) -> None:
        for encoder in self._encoders:
            encoder.finish()

    def abort(self) -> None:
        for encoder in self._encoders:
            encoder.abort()


class _Folders:
    def __init__(self, paths: list[Path], fps: Fraction | None, size: tuple[int, int]):
        self._folders, self._count = [make_folder(path) for path in paths], 0

    def add(self, colour: np.ndarray, lines: np.ndarray) -> None:
        for folder, frame in zip(self._folders, (colour, lines), strict=True):
            write_bytes(folder / f"{self._count:04d}.png", encode_png(frame))
        self._count += 1

    def finish(self) -> None:
        pass

    def abort(self) -> None:
        pass
