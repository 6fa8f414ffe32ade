"""Which regions touch, along how many pixels, and whether a line runs between them."""

from dataclasses import dataclass

import numpy as np

from .region_map import RegionMap


@dataclass(frozen=True)
class Neighbours:
    """Touching regions, each pair once.

    pairs: int32 [N, 2], the lower id first, sorted.
    length: int64 [N], pixel edges along which the two regions touch.
    open: int64 [N], those of them between two inside pixels: no line between. length - open runs under a line.
    marked: int64 [N], those open edges that lie on a marked pixel.
    """

    pairs: np.ndarray
    length: np.ndarray
    open: np.ndarray
    marked: np.ndarray

    def strongest(self, count: int, *, among: np.ndarray | None = None, open_weight: float = 4.0) -> np.ndarray:
        """The neighbour of every region with the longest border, open border counting more; -1 if it has none.

        among: bool [count], regions that may be chosen (None: all) -> int32 [count].
        """
        weight = self.length + open_weight * self.open
        region = np.concatenate([self.pairs[:, 0], self.pairs[:, 1]])
        other = np.concatenate([self.pairs[:, 1], self.pairs[:, 0]])
        weight = np.concatenate([weight, weight])
        if among is not None:
            region, other, weight = (values[among[other]] for values in (region, other, weight))
        order = np.lexsort((other, -weight, region))
        first, at = np.unique(region[order], return_index=True)
        best = np.full(count, -1, np.int32)
        best[first] = other[order][at]
        return best


def neighbours(region_map: RegionMap) -> Neighbours:
    return touching(region_map.ids, region_map.inside)


def touching(ids: np.ndarray, inside: np.ndarray, marks: np.ndarray | None = None) -> Neighbours:
    """Touching regions over direct (4-connected) pixel neighbours.

    ids: int32 [H, W]; inside: bool [H, W]; marks: bool [H, W], open edges elsewhere are counted in `open` but not in
    `marked` (None marks all).
    """
    edges = []
    flat_ids, flat_inside = ids.reshape(-1), inside.reshape(-1)
    for step, differ in ((1, ids[:, 1:] != ids[:, :-1]), (ids.shape[1], ids[1:] != ids[:-1])):
        rows, columns = np.divmod(np.flatnonzero(differ), differ.shape[1])
        at = rows * ids.shape[1] + columns
        clear = flat_inside[at] & flat_inside[at + step]
        marked = clear if marks is None else clear & marks.reshape(-1)[at]
        edges.append((flat_ids[at], flat_ids[at + step], clear, marked))
    first, second, clear, marked = (np.concatenate(part) for part in zip(*edges, strict=True))
    return combine(np.stack([first, second], 1), np.ones(len(first)), clear, marked)


def combine(pairs: np.ndarray, length: np.ndarray, open_: np.ndarray, marked: np.ndarray) -> Neighbours:
    """Sum up the entries of equal pairs, in either order; entries of a region with itself are left out."""
    low, high = pairs.min(1).astype(np.int64), pairs.max(1).astype(np.int64)
    real = low < high
    low, high = low[real], high[real]
    span = int(high.max(initial=0)) + 1
    key, inverse = np.unique(low * span + high, return_inverse=True)
    sums = [np.bincount(inverse, weights=values[real], minlength=len(key)) for values in (length, open_, marked)]
    return Neighbours(np.stack([key // span, key % span], 1).astype(np.int32), *(s.astype(np.int64) for s in sums))
