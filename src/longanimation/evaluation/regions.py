"""The regions a painter would fill, as the truth knows them: what segment accuracy counts."""

import numpy as np
from skimage.measure import label

LINE_THRESHOLD = 240
"""Drawing values (255 paper, 0 line) below this are line and never scored."""


def off_line(lines: np.ndarray) -> np.ndarray:
    """True where a pixel is paint, not line: uint8 [H, W] (255 paper) -> bool [H, W]."""
    return lines >= LINE_THRESHOLD


def true_regions(labels: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Connected patches of one true label between the lines.

    labels: any integer [H, W]; inside: bool [H, W] -> int32 [H, W], 1..n, 0 on the line.
    """
    keyed = labels.astype(np.int32) + 1
    keyed[~inside] = 0
    return label(keyed, background=0, connectivity=1).astype(np.int32, copy=False)


def segment_counts(regions: np.ndarray, right: np.ndarray, *, min_area: int = 11) -> np.ndarray:
    """How many regions are painted right, int64 [4]: right, all, right of `min_area` pixels and more, all of those.

    A region is right when more than half of its pixels are. regions: int [H, W], 0 = not counted;
    right: bool [H, W].
    """
    area = np.bincount(regions.ravel())
    good = np.bincount(regions.ravel()[right.ravel()], minlength=area.size)
    area, good = area[1:], good[1:]
    correct, large = 2 * good > area, area >= min_area
    exists = area > 0
    return np.array([(correct & exists).sum(), exists.sum(), (correct & large).sum(), large.sum()], np.int64)
