"""Coloured trace lines, told apart from the line the artist wants to see."""

from __future__ import annotations

import cv2
import numpy as np

from longanimation.lines.drawing import darkest_channel, lightest_channel

_HUE_NAMES = ("red", "orange", "yellow", "green", "green", "green", "cyan", "cyan", "blue", "blue", "violet", "red")
_SATURATED = 0.4  # share of absorption that differs between channels: black 0, sepia 0.3, red and blue pencil 1
_PURE = 0.85
_NEUTRAL_SHARE = 0.05  # with fewer neutral line pixels than this the main line itself is coloured
_SMALLEST = 4  # pixels; smaller patches are fringes of scanning or compression


def coloured(picture: np.ndarray, inked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Saturated line pixels (bool [H, W]) and the hue of each (uint8 [H, W], 12 steps of 30 degrees from red).

    Args:
        picture: uint8 [H, W, 3], the drawing on white.
        inked: bool [H, W], line pixels.
    """
    absorbed = cv2.blur(255 - picture, (3, 3))
    saturated = inked & (_saturation(absorbed) > _SATURATED)
    # Over a wider window the colour fringes at the two sides of a scanned black line cancel out. A coloured line stays
    # coloured there somewhere along its length; bits of pure colour beside a black line are drawn so by a program.
    certain = saturated & (_saturation(cv2.blur(255 - picture, (5, 5))) > _SATURATED)
    count, labels = cv2.connectedComponents(saturated.astype(np.uint8), connectivity=8)
    held = np.zeros(count, bool)
    held[np.unique(labels[certain])] = True
    saturated &= held[labels] | (_saturation(255 - picture) > _PURE)
    hue = cv2.cvtColor(255 - absorbed, cv2.COLOR_RGB2HSV)[..., 0]  # 0..179, two degrees each
    return saturated, ((hue.astype(np.uint16) + 7) // 15 % 12).astype(np.uint8)


def _saturation(absorbed: np.ndarray) -> np.ndarray:
    """float32 [H, W]: 0 for neutral ink, 1 for a colour that leaves one channel alone."""
    most, least = lightest_channel(absorbed).astype(np.float32), darkest_channel(absorbed)
    return np.where(most > 12, (most - least) / np.maximum(most, 1), 0)


def main_hue(saturated: np.ndarray, hue: np.ndarray, inked: np.ndarray) -> int | None:
    """Hue step of the main line if that is coloured (blue pencil, sepia-red), None if it is neutral as usual."""
    total = int(inked.sum())
    if total == 0 or saturated.sum() < (1 - _NEUTRAL_SHARE) * total:
        return None
    return int(np.bincount(hue[saturated], minlength=12).argmax())


def trace_lines(saturated: np.ndarray, hue: np.ndarray, main: int | None) -> np.ndarray:
    """bool [H, W]: saturated pixels of another hue than the main line's, without patches of a few pixels."""
    traces = saturated
    if main is not None:
        away = np.abs(hue.astype(np.int16) - main)
        traces = saturated & (np.minimum(away, 12 - away) > 1)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(traces.astype(np.uint8), connectivity=8)
    keep = stats[:count, cv2.CC_STAT_AREA] >= _SMALLEST
    keep[0] = False
    return keep[labels]


def hue_name(step: int) -> str:
    """A plain word for a hue step."""
    return _HUE_NAMES[step]
