"""Where coloured frames go: a folder of PNG files or one video."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from fractions import Fraction
from pathlib import Path

import numpy as np

from longanimation.errors import InputError
from longanimation.media.atomic import make_folder, remove_leftovers, write_bytes
from longanimation.media.image_file import encode_png, read_image
from longanimation.media.sequence import FrameSequence, as_rate
from longanimation.media.video_encode import VIDEO_OUTPUTS, VideoEncoder


class FrameWriter(ABC):
    """Takes coloured frames by position. `finish` makes the result complete; `abort` leaves no half-written file.

    Attributes:
        path: the folder or file being written.
        notes: things the user should know about the result, one sentence each.
    """

    path: Path
    notes: list[str]

    @abstractmethod
    def write(self, index: int, frame: np.ndarray) -> None:
        """Store uint8 [H, W, 3|4] as the frame at a 0-based position. Raises InputError if it cannot be written."""

    @abstractmethod
    def has(self, index: int) -> bool:
        """True if the frame at this position is stored whole."""

    @abstractmethod
    def read(self, index: int) -> np.ndarray:
        """A stored frame as it was given."""

    @abstractmethod
    def finish(self) -> None:
        """Complete the result."""

    @abstractmethod
    def abort(self) -> None:
        """Stop; whole frames in a folder stay, a video that is not finished goes."""


class PngFolderWriter(FrameWriter):
    """One PNG per frame, named like the input's frame, in any order, each whole as soon as `write` returns.

    Opening removes what a killed run left half-written in the folder.
    """

    def __init__(self, folder: str | os.PathLike, sequence: FrameSequence):
        self.path, self.notes = Path(folder), []
        self._names = [f"{Path(name).stem}.png" for name in sequence.names]
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"cannot write into {self.path}: it is a file; give a folder or a name ending in .mp4")
        make_folder(self.path)
        remove_leftovers(self.path)

    def file(self, index: int) -> Path:
        """Path of the frame at a position."""
        return self.path / self._names[index]

    def write(self, index: int, frame: np.ndarray) -> None:
        write_bytes(self.file(index), encode_png(frame))

    def has(self, index: int) -> bool:
        return self.file(index).is_file()

    def read(self, index: int) -> np.ndarray:
        return read_image(self.file(index), what="coloured frame")

    def finish(self) -> None:
        absent = [name for index, name in enumerate(self._names) if not self.has(index)]
        if absent:
            raise ValueError(f"{len(absent)} frames were never written, the first is {absent[0]}")

    def abort(self) -> None:
        pass


class VideoWriter(FrameWriter):
    """A video, written in order from frame 0. It appears under its name only when it is finished."""

    def __init__(self, output: str | os.PathLike, sequence: FrameSequence, fps: Fraction | None):
        self.path = Path(output)
        if self.path.is_dir():
            raise InputError(f"cannot write {self.path}: it is a folder; choose another name")
        make_folder(self.path.parent)
        self._expected = len(sequence)
        self._encoder = VideoEncoder(self.path, fps or sequence.fps, (sequence.height, sequence.width))
        self.notes = self._encoder.notes

    def write(self, index: int, frame: np.ndarray) -> None:
        if index != self._encoder.count:
            raise ValueError(f"a video takes frames in order: frame {self._encoder.count} is next, not {index}")
        self._encoder.add(frame)

    def has(self, index: int) -> bool:
        return index < self._encoder.count

    def read(self, index: int) -> np.ndarray:
        raise ValueError("frames cannot be read back from a video being written")

    def finish(self) -> None:
        if self._encoder.count != self._expected:
            self.abort()
            raise ValueError(f"{self._encoder.count} of {self._expected} frames were written")
        self._encoder.finish()

    def abort(self) -> None:
        self._encoder.abort()


def is_video_output(output: str | os.PathLike) -> bool:
    """True if the name asks for a video (.mp4, .m4v, .mov, .mkv, .webm), False if it means a folder."""
    return Path(output).suffix.lower() in VIDEO_OUTPUTS


def open_writer(
    output: str | os.PathLike, sequence: FrameSequence, *, fps: Fraction | float | str | None = None
) -> FrameWriter:
    """Open the place for the coloured frames of `sequence`.

    A name with a video suffix gives a video at `fps`, else the input's rate, else 24. Any other name is a folder of PNG
    files with the input's numbering ("cut_0037.tga" becomes "cut_0037.png"). Raises InputError if the place cannot be
    written or would overwrite the input.
    """
    target, source = Path(output), sequence.source
    if source is not None:
        result = target / f"{Path(sequence.names[0]).stem}.png"
        if source.resolve() in (target.resolve(), result.resolve()):
            raise InputError(f"the output {target} would overwrite the input; choose another place")
    if is_video_output(target):
        return VideoWriter(target, sequence, as_rate(fps))
    return PngFolderWriter(target, sequence)
