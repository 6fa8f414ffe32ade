"""A folder of numbered pictures, or one picture, as a sequence of frames."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from longanimation.errors import InputError
from longanimation.media.image_file import image_size, is_image, read_image
from longanimation.media.sequence import FrameSequence

_DIGITS = re.compile(r"[0-9]+")
_LONGEST_GAP_LIST = 100_000
_OTHER_PICTURES = frozenset(".gif .psd .psb .clip .kra .ora .xcf .exr .dpx .jp2 .heic .avif .svg .ai .tvpp".split())


class ImageSequence(FrameSequence):
    """Pictures on disk, decoded one at a time. Only the headers are read on opening."""

    def __init__(self, source: Path, paths: Sequence[Path], numbers: Sequence[int], fps: Fraction | None = None):
        self.source, self.fps, self.notes = source, fps, []
        self._paths = list(paths)
        self.numbers = list(numbers)
        self.names = [path.name for path in self._paths]
        self.missing = _gaps(self.numbers)
        if self.missing:
            self.notes.append(f"the numbering has gaps: {_ranges(self.missing)} missing; the gaps are kept")
        self.height, self.width = image_size(self._paths[0], what=self._label(0))
        for index, path in enumerate(self._paths):
            height, width = image_size(path, what=self._label(index))
            if (height, width) != (self.height, self.width):
                raise InputError(
                    f"frames of different sizes in {source}: {path.name} is {width}x{height}, "
                    f"{self.names[0]} is {self.width}x{self.height}; give all frames one size"
                )

    def _label(self, index: int) -> str:
        return f"frame {self.numbers[index]}" if len(self) > 1 else "picture"

    def _read(self, index: int) -> np.ndarray:
        frame = read_image(self._paths[index], what=self._label(index))
        if frame.shape[:2] != (self.height, self.width):
            raise InputError(f"{self._label(index)} changed its size while it was being read: {self._paths[index]}")
        return frame


def open_folder(folder: Path, fps: Fraction | None) -> FrameSequence:
    """Numbered pictures of `folder` in the order of their numbers. Raises InputError: see `open_sequence`."""
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.is_file() and not entry.name.startswith("."))
    except OSError as error:
        raise InputError(f"cannot list the folder {folder}: {error.strerror}") from error
    paths = [folder / name for name in names if is_image(name)]
    if not paths:
        others = ", ".join(name for name in names if name != "Thumbs.db")
        held = f"it holds {others[:60]}{'...' if len(others) > 60 else ''}" if others else "it is empty"
        raise InputError(
            f"no pictures in {folder} ({held}); give a folder of numbered png, jpg, tga, tif or webp files"
        )
    paths.sort(key=lambda path: natural_key(path.name))
    numbers = frame_numbers(paths)
    order = sorted(range(len(paths)), key=numbers.__getitem__)
    sequence = ImageSequence(folder, [paths[i] for i in order], [numbers[i] for i in order], fps)
    others = [name for name in names if Path(name).suffix.lower() in _OTHER_PICTURES]
    if others:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        sequence.notes.append(f"left out, since only png, jpg, tga, tif, webp and bmp are read: {others[0]}{more}")
    return sequence


def open_picture(path: Path, fps: Fraction | None) -> FrameSequence:
    """One picture as a sequence of one frame."""
    groups = _DIGITS.findall(path.stem)
    return ImageSequence(path, [path], [int(groups[-1]) if groups else 0], fps)


def frame_numbers(paths: Sequence[Path]) -> list[int]:
    """The frame number in each name: the last digit group of the stem, or 0, 1, 2... if no name has one.

    If that group is the same in all names ("0001_v2", "0002_v2") the one before it is taken. Raises InputError for
    numbers that occur twice and for single files without a number among numbered ones.
    """
    groups = [_DIGITS.findall(path.stem) for path in paths]
    without = [path.name for path, found in zip(paths, groups, strict=True) if not found]
    if len(without) == len(paths):
        _refuse_twice(paths, [path.stem for path in paths], "two pictures have the name")
        return list(range(len(paths)))
    if without:
        raise InputError(
            f"{without[0]} in {paths[0].parent} has no frame number while other files have; "
            "number it or move it to another folder"
        )
    numbers = [int(found[-1]) for found in groups]
    depth = 2
    while len(paths) > 1 and len(set(numbers)) == 1 and all(len(found) >= depth for found in groups):
        numbers = [int(found[-depth]) for found in groups]
        depth += 1
    _refuse_twice(paths, numbers, "two pictures have the frame number")
    return numbers


def natural_key(name: str) -> list[tuple[int, int | str]]:
    """Sort key by which frame9 comes before frame10."""
    return [(0, int(part)) if part.isdecimal() else (1, part.lower()) for part in re.split(r"([0-9]+)", name) if part]


def _refuse_twice(paths: Sequence[Path], labels: Sequence, sentence: str) -> None:
    seen: dict = {}
    for path, label in zip(paths, labels, strict=True):
        if label in seen:
            raise InputError(
                f"{sentence} {label} in {path.parent}: {seen[label]} and {path.name}; keep one shot in a folder"
            )
        seen[label] = path.name


def _gaps(numbers: list[int]) -> list[int]:
    span = numbers[-1] - numbers[0] + 1
    if span - len(numbers) > max(_LONGEST_GAP_LIST, 10 * len(numbers)):
        return []  # dates or identifiers, not a count of frames
    present = set(numbers)
    return [number for number in range(numbers[0], numbers[-1]) if number not in present]


def _ranges(numbers: list[int], most: int = 8) -> str:
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    words = [str(a) if a == b else f"{a}-{b}" for a, b in spans[:most]]
    return ", ".join(words) + (f" and {len(spans) - most} more gaps" if len(spans) > most else "")
