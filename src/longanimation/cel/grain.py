"""Grain in dark areas, which machine-extracted lines are full of: it is no line."""

import cv2
import numpy as np
from scipy.spatial import cKDTree

CROWD = 8  # crumbs near one another, from which on they are grain; the dashes of a broken line are fewer
CLOT = 4  # crumbs long: the largest clot of grain
CLOT_INSIDE = 0.8  # share of a clot that lies among grain


def without_grain(line: np.ndarray, size: int) -> np.ndarray:
    """The line without crowds of crumbs, and without the larger clots among them.

    line: uint8 [H, W], 1 on lines. size: pixels; a crumb is a piece of line no larger than this, and in a crowd if the
    seventh nearest crumb is no farther away.
    """
    count, pieces, stats, centers = cv2.connectedComponentsWithStats(line, connectivity=8)
    extent = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(1)
    crumbs = 1 + np.flatnonzero(extent[1:] <= size)
    if len(crumbs) < CROWD:
        return line
    crowded = cKDTree(centers[crumbs]).query(centers[crumbs], k=CROWD)[0][:, -1] <= size
    if not crowded.any():
        return line
    grain = np.zeros(count, np.uint8)
    grain[crumbs[crowded]] = 1
    around = cv2.dilate(grain[pieces], np.ones((size, size), np.uint8))
    among = np.bincount(pieces[around > 0], minlength=count)
    grain[(extent <= CLOT * size) & (among > CLOT_INSIDE * stats[:, cv2.CC_STAT_AREA])] = 1
    return line * (1 - grain[pieces])
