"""Reads the shot's line drawings, one thread ahead of the model."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from longanimation.lines import LineDrawing, LineStyle, read_lines, study_style
from longanimation.media import FrameSequence
from longanimation.shot.identical import digest

AHEAD = 4  # frames read before they are asked for
_SAMPLES = 7


def resolve_mode(sequence: FrameSequence, mode: str) -> LineStyle:
    """How the lines of a shot are read, decided by a few frames spread over it. mode: "auto", "drawn" or "extract"."""
    if mode == "extract":
        return LineStyle("extract")
    last = len(sequence) - 1
    picked = sorted({round(last * k / (_SAMPLES - 1)) for k in range(_SAMPLES)})
    return study_style([sequence[i] for i in picked], mode)


def read_drawing(frame: np.ndarray, mode: LineStyle | str, traces: str = "keep") -> LineDrawing:
    """The line drawing in a frame (uint8 [H, W, 3|4]).

    mode: what `resolve_mode` found; "drawn" or "extract" for a single frame.
    traces: "keep" leaves coloured trace lines in the ink; "paint" takes them out of it, so that the regions' colours
    meet there, as a painter would do it.
    """
    drawing = read_lines(frame, mode)
    if traces == "keep" or not drawing.traces.any():
        return drawing
    ink = drawing.ink.copy()
    ink[drawing.traces] = 0
    return replace(drawing, ink=ink)


@dataclass
class SourceDrawing:
    """A drawing of the shot: its position, its content's name, and the drawing itself, read when first needed."""

    index: int
    name: str
    _frame: np.ndarray | None
    _drawing: LineDrawing | None
    _mode: LineStyle | str
    _traces: str

    @property
    def drawing(self) -> LineDrawing:
        if self._drawing is None:
            self._drawing = read_drawing(self._frame, self._mode, self._traces)
            self._frame = None
        return self._drawing


def read_drawings(
    sequence: FrameSequence, start: int, *, mode: LineStyle | str, traces: str = "keep", known: Container[str] = ()
) -> Iterator[SourceDrawing]:
    """The drawings from frame `start` to the end, in order.

    Decoding, naming and line reading run in one thread, at most `AHEAD` frames early. Lines are not read for a content
    in `known` (asked from that thread, so it may lag), nor for one that repeats the frame before it: they are read if
    somebody asks for them after all. Close the iterator to stop the thread.
    """
    previous = ""

    def read(index: int) -> SourceDrawing:
        nonlocal previous
        frame = sequence[index]
        name = digest(frame)
        item = SourceDrawing(index, name, frame, None, mode, traces)
        if name != previous and name not in known:
            item.drawing  # noqa: B018
        previous = name
        return item

    reader = ThreadPoolExecutor(1, thread_name_prefix="read-drawings")
    try:
        pending = deque()
        upcoming = iter(range(start, len(sequence)))
        for index in upcoming:
            pending.append(reader.submit(read, index))
            if len(pending) > AHEAD:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        reader.shutdown(cancel_futures=True)
