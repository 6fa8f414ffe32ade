"""A sequence of frames with random access, wherever the frames come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from longanimation.errors import InputError


class FrameSequence(ABC):
    """Frames of one size, read when asked for; a sequence never holds all of them.

    Attributes:
        numbers: the file's own number of each frame, e.g. 37 (position for videos and arrays).
        names: name of each frame without folder, e.g. "cut_0037.tga".
        height, width: pixels.
        fps: frames per second, None if unknown.
        missing: numbers absent between the first and the last; they are not coloured.
        source: what the frames are read from, None for arrays.
        notes: things the user should know about the input, one sentence each.
    """

    numbers: list[int]
    names: list[str]
    height: int
    width: int
    fps: Fraction | None
    missing: list[int]
    source: Path | None = None
    notes: list[str]

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: int) -> np.ndarray:
        """Frame at a 0-based position, negative from the end: uint8 [H, W, 3] sRGB or [H, W, 4] straight alpha."""
        position = index + len(self) if index < 0 else index
        if not 0 <= position < len(self):
            raise IndexError(f"frame {index} of a sequence of {len(self)}")
        return self._read(position)

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[index] for index in range(len(self)))

    @abstractmethod
    def _read(self, index: int) -> np.ndarray:
        """Frame at a valid position."""

    def close(self) -> None:  # noqa: B027
        """Release open files. The sequence may be used again afterwards."""


class ArraySequence(FrameSequence):
    """Frames that are already in memory. Made by `from_arrays`."""

    def __init__(self, arrays: Sequence[np.ndarray], fps: Fraction | None = None):
        self._arrays = [_as_frame(array, index) for index, array in enumerate(arrays)]
        if not self._arrays:
            raise InputError("no frames: the list of arrays is empty")
        self.height, self.width = self._arrays[0].shape[:2]
        for index, array in enumerate(self._arrays):
            if array.shape[:2] != (self.height, self.width):
                raise InputError(
                    f"frames of different sizes: frame {index} is {array.shape[1]}x{array.shape[0]}, "
                    f"frame 0 is {self.width}x{self.height}; give all frames one size"
                )
        self.numbers = list(range(len(self._arrays)))
        self.names = [f"frame_{number:04d}.png" for number in self.numbers]
        self.fps, self.missing, self.notes = fps, [], []

    def _read(self, index: int) -> np.ndarray:
        return self._arrays[index]


def from_arrays(arrays: Sequence[np.ndarray], *, fps: Fraction | float | None = None) -> FrameSequence:
    """Frames in memory as a sequence.

    Args:
        arrays: uint8 [F, H, W, 3|4] or a list of uint8 [H, W], [H, W, 3] or [H, W, 4], all of one size.
        fps: frames per second if known.

    Raises InputError for an empty list, another type or shape, or mixed sizes.
    """
    return ArraySequence(arrays, as_rate(fps))


def as_rate(fps: Fraction | float | str | None) -> Fraction | None:
    """Frames per second as an exact fraction: "24000/1001" and 23.976 both give 24000/1001. InputError if unusable."""
    if fps is None:
        return None
    try:
        rate = Fraction(fps)
    except (ValueError, TypeError, ZeroDivisionError, OverflowError):
        rate = Fraction(0)
    if not 0 < rate <= 1000:
        raise InputError(f"frame rate {fps!r} is not usable; give frames per second, e.g. 24 or 24000/1001")
    ntsc = Fraction(round(rate * Fraction(1001, 1000)) * 1000, 1001)
    if rate.denominator != 1 and rate != ntsc and abs(rate - ntsc) < Fraction(1, 200):
        return ntsc
    return rate.limit_denominator(100_000)


def _as_frame(array: np.ndarray, index: int) -> np.ndarray:
    array = np.asarray(array)
    if array.dtype != np.uint8:
        raise InputError(f"frame {index} has type {array.dtype}; give uint8 with values from 0 to 255")
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or 0 in array.shape:
        raise InputError(f"frame {index} has shape {array.shape}; give [H, W], [H, W, 3] or [H, W, 4]")
    return np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array


def frame_count(count: int) -> str:
    """In words: "1 frame", "2 frames"."""
    return "1 frame" if count == 1 else f"{count} frames"
