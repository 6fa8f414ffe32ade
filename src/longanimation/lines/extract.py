"""Lines from a coloured animation frame, without any weights."""

from __future__ import annotations

import cv2
import numpy as np

from longanimation.lines.borders import area_borders
from longanimation.lines.contrast import crests, ellipse, measure_contrast
from longanimation.lines.drawing import on_white

_INK = (1.2, 3.2)  # strength at which an ink line goes on, begins
_STEP = (3.0, 6.0)
_SHORTEST_INK, _SHORTEST_STEP = 4, 10
_SPECK = 5
# One pixel drawn with this pen is about one and a half pixels wide and soft at the sides.
_PEN = np.array([[0.05, 0.2, 0.05], [0.2, 1.0, 0.2], [0.05, 0.2, 0.05]], np.float32)


def extract_lines(frame: np.ndarray) -> np.ndarray:
    """Thin dark lines on white, uint8 [H, W] (255 = paper), of a coloured frame uint8 [H, W, 3|4].

    Borders between areas of different colour are closed lines; ink lines inside an area are open strokes. Dark fills
    leave their outline only. The same frame always gives the same lines.
    """
    contrast = measure_contrast(on_white(frame))
    scale = contrast.scale
    lines = area_borders(contrast)
    ink = crests(contrast.stroke, contrast.line_angle, *_INK)
    lines |= _strokes(ink, lines, 2.5 * scale, _SHORTEST_INK * scale)
    steps = crests(contrast.step, contrast.step_angle, *_STEP)
    steps &= ~_near(ink, 3.0 * scale)  # the two sides of an ink line
    lines |= _strokes(steps, lines, 3.0 * scale, _SHORTEST_STEP * scale)
    return _drawn(without_specks(lines, _SPECK * scale))


def _near(mask: np.ndarray, radius: float) -> np.ndarray:
    return cv2.dilate(mask.astype(np.uint8), ellipse(radius)) > 0


def _strokes(candidates: np.ndarray, lines: np.ndarray, radius: float, shortest: float) -> np.ndarray:
    """Candidates that lead away from the lines there are, with their ends that join them."""
    away = without_specks(candidates & ~_near(lines, radius), shortest)
    return candidates & _near(away, radius + 1)


def without_specks(mask: np.ndarray, shortest: float) -> np.ndarray:
    """bool [H, W]: `mask` without connected pieces of fewer pixels than `shortest`."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    keep = stats[:, cv2.CC_STAT_AREA] >= shortest
    keep[0] = False
    return keep[labels]


def _drawn(mask: np.ndarray) -> np.ndarray:
    strength = cv2.filter2D(mask.astype(np.float32), -1, _PEN, borderType=cv2.BORDER_CONSTANT)
    return 255 - np.rint(np.minimum(strength, 1) * 255).astype(np.uint8)
