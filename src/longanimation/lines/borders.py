"""Closed borders between the areas of a coloured picture."""

from __future__ import annotations

import cv2
import numpy as np
from skimage.segmentation import watershed

from longanimation.lines.contrast import Contrast

_FLAT = 2.2  # contrast below which a pixel lies inside an area
_SMALLEST_AREA = 8
_LEAST = 4.0  # mean contrast along a border
_SURE = 8.0  # from here on a border stays even between areas of equal mean colour
_SAME_COLOUR = 4.5
_BAR_LENGTH, _BAR_COLOUR = 10, 6.0  # a short border between like colours is a bar across a narrow area
_INKED = 2.5


def area_borders(contrast: Contrast) -> np.ndarray:
    """bool [H, W]: borders one pixel wide, closed by construction.

    Flat areas grow over the pixels between them, lowest contrast first, until they meet on the crest (a watershed).
    Then borders without contrast are dropped, as are those between areas of the same colour without an ink line.
    """
    border = contrast.border
    count, areas, stats, _ = cv2.connectedComponentsWithStats((border < _FLAT).astype(np.uint8), connectivity=4)
    flat = stats[:, cv2.CC_STAT_AREA] >= _SMALLEST_AREA
    flat[0] = False
    areas = np.where(flat[areas], areas, 0)
    # Only the pixels between areas and the rims of the areas need flooding, a tenth of a picture.
    between = cv2.dilate((areas == 0).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    grown = np.where(between, watershed(border, np.where(between, areas, 0), mask=between), areas)

    first, second, place, strength, inked = _pairs(grown, border, contrast.line)
    pairs, pair = np.unique(first * np.int64(count + 1) + second, return_inverse=True)
    length = np.bincount(pair, minlength=len(pairs))
    strength = np.bincount(pair, strength, minlength=len(pairs)) / length
    inked = np.bincount(pair, inked, minlength=len(pairs)) / length
    distance = _colour_distance(_mean_colours(contrast.lab, areas, count), pairs // (count + 1), pairs % (count + 1))
    bar = (length <= _BAR_LENGTH * contrast.scale) & (distance < _BAR_COLOUR)
    unfounded = (distance < _SAME_COLOUR) & (inked < _INKED) & (strength < _SURE)
    kept = (strength > _LEAST) & ~bar & ~unfounded
    borders = np.zeros(border.shape, bool)
    borders.ravel()[place[kept[pair]]] = True
    return borders


def _pairs(grown: np.ndarray, border: np.ndarray, line: np.ndarray) -> tuple[np.ndarray, ...]:
    """All neighbouring pixels of different areas: both areas, the place of the stronger pixel, its contrast and ink."""
    width = grown.shape[1]
    found = []
    for down, right in ((1, 0), (0, 1)):
        near, far = grown[: grown.shape[0] - down, : width - right], grown[down:, right:]
        y, x = np.nonzero(near != far)
        here, there = y * width + x, (y + down) * width + x + right
        place = np.where(border.ravel()[here] >= border.ravel()[there], here, there)
        ink = np.maximum(line.ravel()[here], line.ravel()[there])
        one, other = near[y, x].astype(np.int64), far[y, x].astype(np.int64)
        found.append((np.minimum(one, other), np.maximum(one, other), place, border.ravel()[place], ink))
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))


def _mean_colours(lab: np.ndarray, areas: np.ndarray, count: int) -> np.ndarray:
    flat = areas.ravel()
    pixels = np.maximum(np.bincount(flat, minlength=count), 1)
    return np.stack([np.bincount(flat, lab[..., c].ravel(), minlength=count) / pixels for c in range(3)], axis=1)


def _colour_distance(colours: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    one, other = colours[first], colours[second]
    chroma = np.sqrt(np.hypot(one[:, 1], one[:, 2]) * np.hypot(other[:, 1], other[:, 2]))
    weight = 0.65 / (1 + 0.045 * chroma)
    delta = one - other
    return np.sqrt(delta[:, 0] ** 2 + (delta[:, 1] ** 2 + delta[:, 2] ** 2) * weight**2)
