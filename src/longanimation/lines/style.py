"""How the drawings of a shot are drawn: decided once from a few frames, so that every frame is read the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from longanimation.errors import InputError
from longanimation.lines.drawing import coverage, lightest_channel
from longanimation.lines.paper import Paper, find_paper, whiten
from longanimation.lines.traces import coloured, hue_name, main_hue, trace_lines

Mode = Literal["drawn", "extract", "painted"]

_INKED = 40  # coverage
_NEAR_BLACK = 70
_FILLED_SHARE = 0.35
_MOSTLY_PAPER = 0.5


@dataclass(frozen=True)
class LineStyle:
    """What `read_lines` needs to know of a shot.

    Attributes:
        mode: "drawn" (the frames are line drawings), "extract" (they are coloured pictures, borders are drawn anew with
            a thin pen) or "painted" (they are coloured, lines stay as thick as they are: references of a drawn shot).
        paper: kind of paper of the drawings.
        main_hue: hue step of the main line if it is coloured, None if it is black or grey.
        trace_hues: names of the colours of trace lines seen in the frames looked at.
    """

    mode: Mode
    paper: Paper = "white"
    main_hue: int | None = None
    trace_hues: tuple[str, ...] = ()


def detect_mode(frames: Sequence[np.ndarray]) -> Literal["drawn", "extract"]:
    """Tell drawings from coloured pictures by a few frames, uint8 [H, W, 3|4].

    Drawings are mostly paper, and what is not paper is thin or black; pictures have wide areas of other colours.
    """
    paper = find_paper(frames)
    filled = inked = total = 0
    for frame in frames:
        picture = whiten(frame, paper)
        dark = (coverage(picture) > _INKED).astype(np.uint8)
        side = 2 * max(3, round(min(dark.shape) / 150)) + 1
        wide = cv2.morphologyEx(dark, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
        filled += int((wide.astype(bool) & (lightest_channel(picture) > _NEAR_BLACK)).sum())
        inked += int(dark.sum())
        total += dark.size
    drawn = filled <= _FILLED_SHARE * inked and inked <= (1 - _MOSTLY_PAPER) * total
    return "drawn" if drawn else "extract"


def study_style(frames: Sequence[np.ndarray], mode: str = "auto") -> LineStyle:
    """Look at a few frames (uint8 [H, W, 3|4]) of a shot. `mode` is "auto", "drawn" or "extract"."""
    if mode not in ("auto", "drawn", "extract"):
        raise InputError(f"unknown kind of lines {mode!r}; use auto, drawn or extract")
    if mode == "auto":
        mode = detect_mode(frames)
    if mode == "extract":
        return LineStyle("extract")
    paper = find_paper(frames)
    looked_at = []
    for frame in frames:
        picture = whiten(frame, paper)
        inked = coverage(picture) > _INKED
        looked_at.append((*coloured(picture, inked), inked))
    saturated, hue, inked = (np.concatenate([part.ravel() for part in parts]) for parts in zip(*looked_at, strict=True))
    main = main_hue(saturated, hue, inked)
    seen = np.zeros(12, np.int64)
    for saturated, hue, _ in looked_at:
        seen += np.bincount(hue[trace_lines(saturated, hue, main)], minlength=12)
    common = [hue_name(step) for step in np.argsort(-seen) if seen[step] > max(8, 0.02 * seen.sum())]
    return LineStyle("drawn", paper, main, tuple(dict.fromkeys(common)))


def describe(style: LineStyle) -> str:
    """One sentence for the log: what is done with the input."""
    if style.mode == "extract":
        return "The input is coloured: its lines are extracted."
    line = "black" if style.main_hue is None else hue_name(style.main_hue)
    ground = {
        "transparent": f"{line} lines on transparency",
        "white": f"{line} lines on white",
        "scan": f"{line} lines on scanned paper, levelled to white",
        "black": "light lines on black, inverted",
    }[style.paper]
    traces = ""
    if style.trace_hues:
        traces = f"; coloured traces ({', '.join(style.trace_hues)}) count as region borders"
    return f"The input is drawn: {ground}{traces}."
