"""Prepared clips as a trainer reads them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from longanimation.data.prepare.folder import INDEX
from longanimation.errors import InputError
from longanimation.media import open_sequence

# The published dataset reader: a window of 241 frames, of which the first 160 are history and the last 81 the target.
HISTORY, TARGET = 160, 81
_PAPER = 250  # lighter than this is paper with the noise of the codec


@dataclass(frozen=True)
class ClipFrames:
    """Consecutive frames of a clip.

    Attributes:
        colour: uint8 [F, H, W, 3] sRGB.
        lines: uint8 [F, H, W], 255 = paper, 0 = full line.
        caption: None if the source has none.
        start: position of the first frame in the clip.
    """

    colour: np.ndarray
    lines: np.ndarray
    caption: str | None
    start: int

    def __len__(self) -> int:
        return len(self.colour)

    def __getitem__(self, frames: slice) -> ClipFrames:
        """A part of the frames, as a view."""
        first = range(len(self))[frames].start
        return ClipFrames(self.colour[frames], self.lines[frames], self.caption, self.start + first)


@dataclass(frozen=True)
class MemoryWindow:
    """What the memory stage trains on: `reference` is the first frame of `history`, `target` follows `history`."""

    reference: ClipFrames
    history: ClipFrames
    target: ClipFrames


class PreparedClips:
    """The clips of a folder made by `prepare`, in the order of its index.

    Holds no open files, so it can be sent to data loader workers.

    Args:
        folder: the data set.
        at_least: clips with fewer frames are left out, e.g. 241 for `memory_window`.

    Attributes:
        entries: the lines of the index that are used.

    Raises InputError if the folder holds no index or no such clip.
    """

    def __init__(self, folder: str | os.PathLike, *, at_least: int = 1):
        self.folder = Path(folder)
        path = self.folder / INDEX
        try:
            entries = [json.loads(line) for line in path.read_text().splitlines()]
        except FileNotFoundError:
            raise InputError(f"{path} not found; make it with longanimation data prepare") from None
        except (OSError, ValueError) as error:
            raise InputError(f"{path} cannot be read ({error}); run longanimation data prepare again") from error
        self.entries = [entry for entry in entries if entry["frames"] >= at_least]
        if not self.entries:
            raise InputError(f"{self.folder} holds no clip of {at_least} frames or more; prepare more or longer clips")

    def __len__(self) -> int:
        return len(self.entries)

    def frames(self, index: int, start: int = 0, stop: int | None = None) -> ClipFrames:
        """Frames `start` to `stop` (excluded; None: the end) of a clip."""
        entry = self.entries[index]
        stop = entry["frames"] if stop is None else stop
        if not 0 <= start < stop <= entry["frames"]:
            raise IndexError(f"frames {start} to {stop} of a clip of {entry['frames']}")
        height, width = entry["size"]
        colour = np.empty((stop - start, height, width, 3), np.uint8)
        lines = np.empty((stop - start, height, width), np.uint8)
        for offset, frame in enumerate(self._read(entry["colour"], start, stop)):
            colour[offset] = frame
        for offset, frame in enumerate(self._read(entry["lines"], start, stop)):
            lines[offset] = frame[..., 1]
        if entry["lines"].endswith(".mp4"):
            lines[lines >= _PAPER] = 255
        return ClipFrames(colour, lines, entry["caption"], start)

    def window(self, index: int, seed: int, length: int = TARGET) -> ClipFrames:
        """`length` consecutive frames of a clip from a place that depends on (seed, index) alone."""
        start = self._draw_start(index, seed, length)
        return self.frames(index, start, start + length)

    def memory_window(self, index: int, seed: int, *, history: int = HISTORY, target: int = TARGET) -> MemoryWindow:
        """A window as the published release draws it, from a place that depends on (seed, index) alone.

        The memory ends where the target begins, without overlap, and the reference is far away from the target.
        """
        both = self.window(index, seed, history + target)
        return MemoryWindow(both[:1], both[:history], both[history:])

    def _draw_start(self, index: int, seed: int, length: int) -> int:
        frames = self.entries[index]["frames"]
        if not 1 <= length <= frames:
            raise ValueError(f"a window of {length} frames does not fit clip {index} with {frames}; see `at_least`")
        return int(np.random.default_rng([seed, index % len(self)]).integers(frames - length + 1))

    def _read(self, name: str, start: int, stop: int) -> Iterator[np.ndarray]:
        sequence = open_sequence(self.folder / name)
        try:
            yield from (sequence[position] for position in range(start, stop))
        finally:
            sequence.close()
