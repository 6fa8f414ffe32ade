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
    """

    pairs: np.ndarray
    length: np.ndarray
    open: np.ndarray

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
    """The touching regions of a drawing, over direct (4-connected) pixel neighbours."""
    pairs, clear, _ = pixel_edges(region_map.ids, region_map.inside)
    return Neighbours(*combine(pairs, np.ones(len(pairs), np.int64), clear))


def pixel_edges(ids: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every place where two neighbouring pixels belong to different regions. ids: int32 [H, W]; inside: bool [H, W].

    Returns the two ids, int32 [E, 2]; whether both pixels are inside, bool [E]; flat position of the first, int64 [E].
    """
    flat_ids, flat_inside, edges = ids.reshape(-1), inside.reshape(-1), []
    for step, differ in ((1, ids[:, 1:] != ids[:, :-1]), (ids.shape[1], ids[1:] != ids[:-1])):
        rows, columns = np.divmod(np.flatnonzero(differ), differ.shape[1])
        at = rows * ids.shape[1] + columns
        edges.append((np.stack([flat_ids[at], flat_ids[at + step]], 1), flat_inside[at] & flat_inside[at + step], at))
    return tuple(np.concatenate(part) for part in zip(*edges, strict=True))


def combine(pairs: np.ndarray, *counts: np.ndarray) -> list[np.ndarray]:
    """Sum up the counts of equal pairs, in either order; a region paired with itself is left out.

    pairs: int [E, 2]; counts: numbers [E] each -> pairs int32 [N, 2] and the sums, int64 [N] each.
    """
    low, high = pairs.min(1).astype(np.int64), pairs.max(1).astype(np.int64)
    real = low < high
    low, high = low[real], high[real]
    span = int(high.max(initial=0)) + 1
    key, inverse = np.unique(low * span + high, return_inverse=True)
    sums = [np.bincount(inverse, weights=values[real], minlength=len(key)).astype(np.int64) for values in counts]
    return [np.stack([key // span, key % span], 1).astype(np.int32), *sums]
