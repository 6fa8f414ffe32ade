"""What the rest of the program knows of a drawing."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class LineDrawing:
    """One frame's lines.

    Attributes:
        lines: uint8 [H, W], every line including colour traces, normalised: 255 = paper, 0 = full line.
        traces: bool [H, W], pixels of coloured trace lines (borders of shade, light or colour without an ink line).
        ink: uint8 [H, W, 4] straight-alpha RGBA, the line as the artist drew it, to be laid over the colours.
        extracted: the lines were taken from a coloured picture; `ink` is then ours, not an artist's.
    """

    lines: np.ndarray
    traces: np.ndarray
    ink: np.ndarray
    extracted: bool = False


def on_white(frame: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 3] of uint8 [H, W, 3|4]: straight alpha laid on white."""
    if frame.shape[2] == 3:
        return frame
    alpha = frame[..., 3:].astype(np.uint16)
    return ((frame[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def darkest_channel(picture: np.ndarray) -> np.ndarray:
    """uint8 [H, W]: least of the first three channels of uint8 [H, W, 3|4]."""
    return cv2.min(cv2.min(*(np.ascontiguousarray(picture[..., c]) for c in (0, 1))), picture[..., 2].copy())


def lightest_channel(picture: np.ndarray) -> np.ndarray:
    """uint8 [H, W]: greatest of the first three channels of uint8 [H, W, 3|4]."""
    return cv2.max(cv2.max(*(np.ascontiguousarray(picture[..., c]) for c in (0, 1))), picture[..., 2].copy())


def coverage(picture: np.ndarray) -> np.ndarray:
    """uint8 [H, W], 0 = paper, 255 = full ink, of a drawing on white paper uint8 [H, W, 3].

    The least alpha that explains the pixel as ink on white: a pure red line covers as fully as a black one.
    """
    return 255 - darkest_channel(picture)


def unmultiply(picture: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 4] straight-alpha ink which, laid on white, gives `picture` (uint8 [H, W, 3]) back within 1/255."""
    alpha = coverage(picture)
    ink = np.zeros((*alpha.shape, 4), np.uint8)
    ink[..., 3] = alpha
    inked = alpha > 0
    depth = alpha[inked].astype(np.float32)[:, None]
    ink[inked, :3] = np.rint(255 - (255 - picture[inked].astype(np.float32)) * 255 / depth)
    return ink
