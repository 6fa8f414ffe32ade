"""The paper under a drawing: which kind it is, and how to make it plain white."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np

from longanimation.lines.drawing import darkest_channel, lightest_channel, on_white

Paper = Literal["transparent", "white", "scan", "black"]

_WHITE = 248  # cell brightness from which paper needs no levelling
_DARK = 90
_DARK_SHARE = 0.7
_CELLS = 48  # along the longer side
_SHADING = 0.75  # paper is never darker than this share of its median; what is darker is drawn
_GRAIN = (0.01, 0.08)  # bounds of the share of brightness that is taken for paper grain


def find_paper(frames: Sequence[np.ndarray]) -> Paper:
    """Kind of paper of a few frames (uint8 [H, W, 3|4]) of one shot.

    "transparent": alpha carries the drawing; "white": even and white; "black": light lines on dark; "scan": the rest,
    off-white or unevenly lit, to be levelled.
    """
    if any(frame.shape[2] == 4 and (frame[..., 3] < 128).mean() > 0.02 for frame in frames):
        return "transparent"
    pictures = [on_white(frame) for frame in frames]
    if np.mean([(lightest_channel(picture) < _DARK).mean() for picture in pictures]) > _DARK_SHARE:
        return "black"
    # The median cell tells even paper with much drawn on it from paper that is dark all over.
    cells = np.concatenate([_cells(picture).reshape(-1, 3) for picture in pictures])
    even = np.median(cells.min(axis=1)) >= _WHITE
    return "white" if even else "scan"


def blank_paper(picture: np.ndarray) -> np.ndarray:
    """Where a coloured picture was left blank: white up to its edge. uint8 [H, W, 3] -> bool [H, W]."""
    white = (picture.min(axis=2) >= _WHITE).astype(np.uint8)
    _, areas = cv2.connectedComponents(white, connectivity=4)
    rim = np.concatenate([areas[0], areas[-1], areas[:, 0], areas[:, -1]])
    return (white > 0) & np.isin(areas, np.unique(rim))


def whiten(frame: np.ndarray, paper: Paper) -> np.ndarray:
    """The drawing on plain white paper: uint8 [H, W, 3] from uint8 [H, W, 3|4].

    White and transparent paper: unchanged but for the alpha. Black: neutral lines turn black, coloured ones keep their
    hue. Scan: divided by the brightness of the paper around, so that paper and its grain become 255.
    """
    picture = on_white(frame)
    if paper == "black":
        return _from_black(picture)
    if paper == "scan":
        return _levelled(picture)
    return picture


def _cells(picture: np.ndarray) -> np.ndarray:
    """float32 [h, w, 3]: the brighter quarter of each cell, which is paper unless the cell is filled."""
    height, width = picture.shape[:2]
    side = max(4, -(-max(height, width) // _CELLS))
    rows, columns = -(-height // side), -(-width // side)
    padded = cv2.copyMakeBorder(picture, 0, rows * side - height, 0, columns * side - width, cv2.BORDER_REPLICATE)
    blocks = padded.reshape(rows, side, columns, side, 3).swapaxes(1, 2).reshape(rows, columns, side * side, 3)
    step = max(1, side * side // 64)
    return np.percentile(blocks[:, :, ::step], 75, axis=2).astype(np.float32)


def _levelled(picture: np.ndarray) -> np.ndarray:
    cells = _cells(picture)
    typical = np.median(cells.reshape(-1, 3), axis=0)
    drawn = (cells < _SHADING * typical).any(axis=2, keepdims=True)
    cells = np.where(drawn, typical, cells).astype(np.float32)
    cells = cv2.GaussianBlur(cv2.morphologyEx(cells, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)), (0, 0), 1.5)
    light = cv2.resize(cells, (picture.shape[1], picture.shape[0]), interpolation=cv2.INTER_CUBIC)
    level = picture.astype(np.float32) / np.maximum(light, 1)
    near_paper = level[level > 0.85]
    grain = 3 * 1.4826 * float(np.median(np.abs(near_paper - 1))) if near_paper.size else 0.0
    grain = float(np.clip(grain, *_GRAIN))
    return np.clip(np.rint(level * (255 / (1 - grain))), 0, 255).astype(np.uint8)


def _from_black(picture: np.ndarray) -> np.ndarray:
    brightness = lightest_channel(picture)[..., None].astype(np.int16)
    whiteness = darkest_channel(picture)[..., None].astype(np.int16)
    # Ink of strength `brightness` whose colour is what is left of the light line without its white.
    return np.clip(255 - brightness + picture - whiteness, 0, 255).astype(np.uint8)
