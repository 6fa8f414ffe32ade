"""Telling paint from the blends that antialiasing and blur leave along borders."""

import cv2
import numpy as np

from .palette import Palette, difference

THIN = (0.05, 0.2)  # share of a colour's pixels with only their own kind around them, below which it may be a blend:
# in a clean picture, in a noisy one
QUIET = (
    2.5  # tolerances from a far more common colour around it, within which a rare colour of a noisy picture is noise
)
RARE = 0.005  # of all pixels
MIX_ERROR = 8.0  # RGB levels between a blend of two colours and what is taken for one
FEWEST = 4  # pixels of a colour


def mixtures(image, solid, line, colors: np.ndarray, pixels: np.ndarray, tolerance: float) -> np.ndarray:
    """bool [K]: colours that are no paint but a blend of what lies around them, or left-over noise of it.

    image: uint8 [H, W, 3]; solid: bool [H, W], pixels the colours were read from; line: bool [H, W]; colors: uint8
    [K, 3]; pixels: int64 [K]. In a clean picture a colour whose pixels lie in blocks of 3x3 is always paint.
    """
    labels = np.where(solid, Palette(colors, 0.0).labels(image).astype(np.int16), -1)
    window = np.ones((3, 3), np.uint8)
    filled = (cv2.dilate(labels, window) == cv2.erode(labels, window)) & solid
    thick = np.bincount(labels[filled], minlength=len(colors))
    noisy = tolerance > 2
    blends = pixels < FEWEST
    thin = thick < np.maximum(THIN[noisy] * pixels, 1)
    rare = noisy & (pixels < RARE * pixels.sum())
    for index in np.flatnonzero((thin | rare) & ~blends):
        around = ring(labels == index)
        here = labels[around]
        others, counts = np.unique(here[here >= 0], return_counts=True)
        others = others[np.argsort(-counts, kind="stable")]
        others = [other for other in others if pixels[other] > 4 * pixels[index]][:5]
        near = [colors[other].astype(np.float32) for other in others]
        if rare[index] and others and difference(colors[index], colors[others]).min() <= QUIET * tolerance:
            blends[index] = True
        if blends[index] or not thin[index]:
            continue
        if (line & around).any():
            near.append(np.median(image[line & around], axis=0).astype(np.float32))
        pairs = [(near[a], near[b]) for a in range(len(near)) for b in range(a)]
        blends[index] = any(is_mixture(colors[index], first, second) for first, second in pairs)
    return blends


def ring(mask: np.ndarray) -> np.ndarray:
    """bool [H, W]: pixels within 3 of the mask, itself excluded."""
    return cv2.dilate(mask.view(np.uint8), np.ones((7, 7), np.uint8)).view(bool) & ~mask


def is_mixture(color: np.ndarray, first: np.ndarray, second: np.ndarray) -> bool:
    """Whether an RGB colour lies on the way from one colour to another, and not at either end of it."""
    color, first, second = (np.asarray(value, np.float32) for value in (color, first, second))
    way = second - first
    length = float(way @ way)
    if length < (2 * MIX_ERROR) ** 2:
        return False
    share = float((color - first) @ way) / length
    return 0.05 < share < 0.95 and float(np.linalg.norm(first + share * way - color)) <= MIX_ERROR
