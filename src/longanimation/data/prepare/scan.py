"""One pass over a source: its shots, and which pieces of them become clips."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import av.error
import numpy as np

from longanimation.data.prepare.cuts import CutDetector
from longanimation.data.prepare.measure import FrameMeasure, measure_frame
from longanimation.data.prepare.pieces import Piece, judge_shot
from longanimation.data.prepare.settings import PrepareSettings
from longanimation.data.prepare.sources import Source
from longanimation.errors import InputError
from longanimation.lines.drawing import on_white
from longanimation.media import FrameSequence, open_sequence

_JUMP = 3  # times the usual step between numbers; drawings on twos and threes are no jump
_UNREADABLE = (InputError, OSError, av.error.FFmpegError)


@dataclass(frozen=True)
class Scan:
    """What a source holds.

    Attributes:
        source, fingerprint: as in `Source`.
        frames: number of frames, 0 if the source cannot be opened.
        size: (height, width).
        fps: frames per second as a fraction in words, None if unknown.
        pieces: in order, together all frames.
        error: why the source cannot be opened.
    """

    source: str
    fingerprint: str
    frames: int = 0
    size: tuple[int, int] = (0, 0)
    fps: str | None = None
    pieces: tuple[Piece, ...] = ()
    error: str | None = None

    def as_json(self) -> dict:
        return vars(self) | {"pieces": [piece.as_json() for piece in self.pieces]}

    @classmethod
    def from_json(cls, values: dict) -> Scan:
        pieces = tuple(map(Piece.from_json, values["pieces"]))
        return cls(**values | {"pieces": pieces, "size": tuple(values["size"])})


def scan_source(source: Source, settings: PrepareSettings, tick: Callable[[float], None]) -> Scan:
    """Read every frame once. `tick` is called with the share of the source read since the last call."""
    try:
        sequence = open_sequence(source.path)
    except _UNREADABLE as error:
        tick(1.0)
        return Scan(source.name, source.fingerprint, error=_without_path(error, source))
    try:
        pieces: list[Piece] = []
        for start, stop in continuous_runs(sequence.numbers):
            reader = _Reader(sequence, start, stop, lambda: tick(1 / len(sequence)))
            for first, measures in _shots(reader, start, settings):
                pieces += judge_shot(first, measures, settings)
            if reader.error is not None:
                pieces.append(Piece(reader.position, len(sequence), "unreadable", _without_path(reader.error, source)))
                tick((len(sequence) - reader.position) / len(sequence))
                break
        return Scan(
            source.name,
            source.fingerprint,
            len(sequence),
            (sequence.height, sequence.width),
            None if sequence.fps is None else str(sequence.fps),
            tuple(pieces),
        )
    finally:
        sequence.close()


def continuous_runs(numbers: list[int]) -> list[tuple[int, int]]:
    """Runs (start, stop) of positions between which the numbering jumps far: other shots in one folder."""
    steps = np.diff(numbers)
    jumps = np.flatnonzero(steps > _JUMP * max(1.0, float(np.median(steps)))) + 1 if len(steps) else []
    edges = [0, *map(int, jumps), len(numbers)]
    return list(zip(edges, edges[1:], strict=False))


class _Reader:
    """Measured frames from `start`; ends at `stop` or at the first frame that cannot be read, then named by `error`."""

    def __init__(self, sequence: FrameSequence, start: int, stop: int, read: Callable[[], None]):
        self.position, self.error = start, None
        self._sequence, self._stop, self._read = sequence, stop, read

    def __iter__(self) -> Iterator[tuple[FrameMeasure, np.ndarray]]:
        while self.position < self._stop:
            try:
                frame = self._sequence[self.position]
            except _UNREADABLE as error:
                self.error = error
                return
            yield measure_frame(on_white(frame))
            self.position += 1
            self._read()


def _shots(reader: _Reader, start: int, settings: PrepareSettings) -> Iterator[tuple[int, list[FrameMeasure]]]:
    """First frame and measures of each shot. Only the measures of the shot being read are held."""
    detector = CutDetector(settings, start)
    held: list[FrameMeasure] = []
    for measure, small in reader:
        held.append(measure)
        for cut in detector.add(small):
            if cut > start:
                yield start, held[: cut - start]
                start, held = cut, held[cut - start :]
    for cut in detector.finish():
        if cut > start:
            yield start, held[: cut - start]
            start, held = cut, held[cut - start :]
    if held:
        yield start, held


def _without_path(error: Exception, source: Source) -> str:
    """The message as it would read wherever the source lies."""
    return " ".join(str(error).replace(str(source.path), source.name).split())
