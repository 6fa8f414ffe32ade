"""Grouping the colours of many pixels into few."""

import numpy as np
from skimage.color import deltaE_ciede2000

from .palette import pack, to_lab, unpack

CELL = 2  # bits by which colours are coarsened to find where noise is densest
EXACT_SHARE = 0.3  # of a group's pixels that have one value exactly: then that is the paint, the rest is noise


def cluster_colors(pixels: np.ndarray, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """uint8 [N, 3] -> (colours uint8 [K, 3], count int64 [K]); the most frequent colour first, each takes in what lies
    within the tolerance (CIEDE2000). A value that many pixels have exactly is kept, else the median is taken."""
    codes, counts = np.unique(pack(pixels), return_counts=True)
    exact = unpack(codes)
    # Noise scatters a colour over many values.
    cell, member = np.unique(pack(exact >> CELL), return_inverse=True)
    weight = np.bincount(member, weights=counts)
    mean = np.stack([np.bincount(member, weights=counts * exact[:, c]) for c in range(3)], 1) / weight[:, None]
    lab = to_lab(mean)
    owner = np.full(len(cell), -1)
    left = weight.copy()
    colors, totals = [], []
    for _ in range(4096):
        top = int(left.argmax()) if len(left) else 0
        if not len(left) or left[top] == 0:
            break
        centre = lab[top]
        for _ in range(2):  # once around the densest cell, once around the mean of what that gathered
            near = np.flatnonzero((left > 0) & (np.abs(lab - centre).max(1) < 5 * tolerance + 2))
            near = near[deltaE_ciede2000(np.broadcast_to(centre, (len(near), 3)), lab[near]) <= tolerance]
            if not len(near):
                break
            centre = np.average(lab[near], axis=0, weights=left[near])
        near = near if len(near) else np.array([top])
        owner[near] = len(colors)
        inside = owner[member] == len(colors)
        own, own_counts = exact[inside], counts[inside]
        total = int(own_counts.sum())
        if own_counts.max() >= EXACT_SHARE * total:
            colors.append(own[own_counts.argmax()])
        else:
            order = np.argsort(own, axis=0, kind="stable")
            middle = [np.searchsorted(np.cumsum(own_counts[order[:, c]]), total / 2) for c in range(3)]
            colors.append(np.array([own[order[middle[c], c], c] for c in range(3)], np.uint8))
        totals.append(total)
        left[near] = 0
    if not colors:
        return np.zeros((0, 3), np.uint8), np.zeros(0, np.int64)
    return np.stack(colors), np.array(totals, np.int64)
