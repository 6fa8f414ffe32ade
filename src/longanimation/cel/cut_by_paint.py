"""Regions of a painted drawing, divided where the paint changes without a line."""

from dataclasses import replace

import cv2
import numpy as np
from skimage.measure import label

from .read_palette import clear_of_lines
from .region_map import RegionMap

THIN = 1 / 120  # of the height: what is thinner and differs from its region's paint is the picture's noise


def label_counts(region_map: RegionMap, labels: np.ndarray, kinds: int) -> np.ndarray:
    """int64 [count, kinds]: how many pixels of each region have each label, clear of the line's fringe: the eyes of a
    character sheet would be mostly ink. labels: int [H, W], 0..kinds-1."""
    clear = clear_of_lines(region_map)
    pair = region_map.ids[clear].astype(np.int64) * kinds + labels[clear]
    return np.bincount(pair, minlength=region_map.count * kinds).reshape(-1, kinds)


def main_labels(region_map: RegionMap, labels: np.ndarray) -> np.ndarray:
    """int64 [count]: the label that most of these pixels of each region have. labels: int [H, W], at least 0."""
    return label_counts(region_map, labels, int(labels.max()) + 1).argmax(1)


def cut_by_paint(region_map: RegionMap, labels: np.ndarray) -> RegionMap:
    """An open outline joins things of different colours; where the drawing is painted, the paint tells them apart.

    labels: int [H, W], of the paint. Patches in a region whose label is not the region's main one become regions of
    their own, numbered after the others: specks and thin fringes do not. The same map if there are none.
    """
    others = labels != main_labels(region_map, labels)[region_map.ids]
    side = max(3, round(THIN * labels.shape[0])) | 1  # an even window would move what it leaves
    core = (others & region_map.inside).astype(np.uint8)
    core = cv2.morphologyEx(core, cv2.MORPH_OPEN, np.ones((side, side), np.uint8)).view(bool)
    if not core.any():
        return region_map
    kinds = int(labels.max()) + 1
    parts = label(np.where(others, region_map.ids.astype(np.int64) * kinds + labels + 1, 0), connectivity=1)
    large = np.bincount(parts[core], minlength=parts.max() + 1) >= side**2
    number = np.where(large, region_map.count - 1 + np.cumsum(large), 0)[parts]
    ids = np.where(number > 0, number, region_map.ids).astype(np.int32)
    return replace(region_map, ids=ids, areas=np.bincount(ids[region_map.inside]))
