"""One frame to its lines, in the form everything after works with."""

from __future__ import annotations

import numpy as np

from longanimation.errors import InputError
from longanimation.lines.drawing import LineDrawing, coverage, darkest_channel, unmultiply
from longanimation.lines.extract import extract_lines
from longanimation.lines.normalise import clean, normalise, raise_contrast
from longanimation.lines.painted import painted_lines
from longanimation.lines.paper import find_paper, whiten
from longanimation.lines.style import LineStyle
from longanimation.lines.traces import coloured, main_hue, trace_lines

_COLOURED = {"extract": extract_lines, "painted": painted_lines}
_VISIBLE = 160  # lines darker than this are looked at for their colour
_PALE = 200
_PAINTED_SHARE = 0.05


def read_lines(frame: np.ndarray, style: LineStyle | str) -> LineDrawing:
    """The lines of one frame.

    Args:
        frame: uint8 [H, W, 3] sRGB or [H, W, 4] straight alpha.
        style: of the whole shot, from `study_style`; or "drawn", "extract" or "painted", then this frame decides the
            rest.

    For drawings `ink` is the input's own pixels if they lie on transparency, else what laid on white gives the drawing
    (levelled, or inverted if it is light on black) back within 1/255. For coloured pictures it is the extracted line in
    black.
    """
    if isinstance(style, str):
        style = _style_of_one(frame, style)
    if style.mode in _COLOURED:
        lines = _COLOURED[style.mode](frame)
        ink = np.zeros((*lines.shape, 4), np.uint8)
        ink[..., 3] = 255 - lines
        return LineDrawing(lines, np.zeros(lines.shape, bool), ink, extracted=True)

    picture = whiten(frame, style.paper)
    see_through = style.paper == "transparent" and frame.shape[2] == 4
    if see_through and _all_pale(frame):  # white lines on transparency: alpha alone is the drawing
        lines = clean(raise_contrast(np.ascontiguousarray(frame[..., 3])))
        return LineDrawing(lines, np.zeros(lines.shape, bool), frame.copy())
    lines = normalise(picture)
    inked = lines < _VISIBLE
    saturated, hue = coloured(picture, inked)
    traces = trace_lines(saturated, hue, style.main_hue)
    own = see_through and not _paper_painted(frame)
    return LineDrawing(lines, traces, frame.copy() if own else unmultiply(picture))


def _style_of_one(frame: np.ndarray, mode: str) -> LineStyle:
    if mode in _COLOURED:
        return LineStyle(mode)
    if mode != "drawn":
        raise InputError(f"unknown kind of lines {mode!r}; use drawn, {' or '.join(_COLOURED)}")
    paper = find_paper([frame])
    picture = whiten(frame, paper)
    inked = coverage(picture) > 255 - _VISIBLE
    saturated, hue = coloured(picture, inked)
    return LineStyle("drawn", paper, main_hue(saturated, hue, inked))


def _opaque_and_pale(frame: np.ndarray) -> tuple[int, int]:
    opaque = frame[..., 3] > 127
    pale = opaque & (darkest_channel(frame) > _PALE)
    return int(opaque.sum()), int(pale.sum())


def _all_pale(frame: np.ndarray) -> bool:
    opaque, pale = _opaque_and_pale(frame)
    return 0 < opaque < 0.3 * frame[..., 3].size and pale > 0.98 * opaque


def _paper_painted(frame: np.ndarray) -> bool:
    """True if white paint lies inside the drawing: as ink it would cover the colours."""
    opaque, pale = _opaque_and_pale(frame)
    return pale > _PAINTED_SHARE * opaque
