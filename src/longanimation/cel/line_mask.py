"""Which pixels of a normalised drawing are line."""

import cv2
import numpy as np

from longanimation.errors import InputError

PAPER_CUT = 224  # brighter than this is paper noise and never helps to decide how dark the lines are
FAINT_STEP = 40  # a thin line counts when it is this much darker than the paper on both its sides


def check_lines(lines: np.ndarray) -> None:
    """Raise InputError unless `lines` is uint8 [H, W] and not empty."""
    if not isinstance(lines, np.ndarray) or lines.dtype != np.uint8 or lines.ndim != 2 or lines.size == 0:
        found = f"{lines.dtype} {list(lines.shape)}" if isinstance(lines, np.ndarray) else type(lines).__name__
        raise InputError(f"lines must be uint8 [H, W] with 255 = paper, got {found}")


def line_mask(lines: np.ndarray) -> np.ndarray:
    """lines: uint8 [H, W] (255 paper, 0 line) -> uint8 [H, W], 1 on the line, 0 on paper.

    The threshold follows the drawing: a faint pencil is judged against its own darkness. A thin antialiased line can
    be light grey all along (half a pixel of ink spread over two), so a narrow valley counts as line even where it is
    lighter than the threshold.
    """
    check_lines(lines)
    histogram = cv2.calcHist([lines], [0], None, [256], [0, 256]).ravel()[:PAPER_CUT]
    inked = np.cumsum(histogram)
    if inked[-1] == 0:
        return np.zeros_like(lines)
    dark = int(np.searchsorted(inked, 0.1 * inked[-1]))
    threshold = dark + 0.6 * (255 - dark)
    mask = cv2.compare(lines, min(threshold, PAPER_CUT - 1), cv2.CMP_LT)
    valley = cv2.morphologyEx(lines, cv2.MORPH_BLACKHAT, np.ones((3, 3), np.uint8))
    faint = cv2.bitwise_and(cv2.compare(valley, FAINT_STEP, cv2.CMP_GE), cv2.compare(lines, PAPER_CUT, cv2.CMP_LT))
    return cv2.bitwise_and(cv2.bitwise_or(mask, faint), 1)
