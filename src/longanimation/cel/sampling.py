"""Points at which the regions of a drawing are asked for their colour."""

import cv2
import numpy as np

from .region_map import RegionMap

CANDIDATES = 12  # pixels looked at per wanted point: enough to choose well, few enough to be fast
DEEP = 12  # a pixel this many quarter pixels away from the lines is as good as any farther away


def sample_points(region_map: RegionMap, per_region: int = 16, *, min_distance: float = 1.0) -> tuple:
    """Interior points, spread evenly over every region, away from the lines where there is room.

    Every region with inside pixels has at least one point and at most `per_region`; regions of up to that many pixels
    give all of them (with min_distance 1). min_distance: side in pixels of the cells of which each gives one point.
    Returns points int32 [P, 2] (y, x) and region int32 [P], sorted by region. The same map gives the same points.
    """
    return spread(region_map.ids, region_map.depth, region_map.areas, region_map.inside, per_region, min_distance, None)


def sample_points_from_ids(
    ids: np.ndarray,
    inside: np.ndarray,
    count: int,
    per_region: int = 16,
    *,
    min_distance: float = 1.0,
    rng: np.random.Generator | None = None,
) -> tuple:
    """The same for known region ids, as in drawn training scenes.

    ids: int [H, W], 0..count-1; inside: bool [H, W]. Regions without inside pixels get no point. With `rng` the point
    of every cell is drawn at random.
    """
    ids = np.ascontiguousarray(ids, np.int32)
    depth = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3)
    areas = np.bincount(ids[inside], minlength=count)
    return spread(ids, cv2.convertScaleAbs(depth, alpha=4), areas, inside, per_region, min_distance, rng)


def spread(ids, depth, areas, inside, per_region, min_distance, rng) -> tuple:
    # Big regions are looked at on a coarser lattice: about CANDIDATES pixels per point, whatever the size.
    lattice = np.maximum(areas / (CANDIDATES * per_region), 1)
    octave = np.floor(np.log2(lattice) / 2).astype(np.int8)
    found = []
    for level in range(int(octave.max(initial=0)) + 1):
        wanted = (octave == level) & (areas > 0)
        if not wanted.any():
            continue
        stride = 1 << level
        part = np.s_[stride // 2 :: stride, stride // 2 :: stride]
        y, x = np.nonzero(wanted[ids[part]] & inside[part])
        found.append(np.stack([y * stride + stride // 2, x * stride + stride // 2]))
    y, x = np.concatenate(found, 1) if found else np.zeros((2, 0), np.int64)
    region = ids[y, x]
    y, x, region = add_missed(y, x, region, ids, depth, areas, inside)

    cell = np.maximum(np.sqrt(areas / per_region), min_distance)[region]
    row, column = (y / cell).astype(np.int64), (x / cell).astype(np.int64)
    if rng is None:
        off_centre = np.abs(y - (row + 0.5) * cell) + np.abs(x - (column + 0.5) * cell)
        cost = ((DEEP - np.minimum(depth[y, x], DEEP) + off_centre / cell) * 1024).astype(np.int64)
    else:
        cost = rng.integers(0, 1 << 15, len(y))
    # One sort by region, cell and cost, each in its own bits.
    key = region.astype(np.int64) << 30 | row << 15 | column
    order = np.argsort(key << 15 | cost, kind="stable")
    key = key[order]
    chosen = order[np.flatnonzero(np.diff(key, prepend=-1))]
    # A ragged region touches more cells than its area fills: keep every so-many-th of them.
    region = region[chosen]
    total = np.bincount(region, minlength=len(areas))
    rank = np.arange(len(chosen)) - (np.cumsum(total) - total)[region]
    surplus = np.maximum(total / per_region, 1)[region]
    keep = np.floor(rank / surplus) != np.floor((rank - 1) / surplus)
    chosen = chosen[keep]
    return np.stack([y[chosen], x[chosen]], 1).astype(np.int32), region[keep].astype(np.int32)


def add_missed(y, x, region, ids, depth, areas, inside):
    """A thin region may slip through the lattice: give it its deepest pixels."""
    missed = (np.bincount(region, minlength=len(areas)) == 0) & (areas > 0)
    if not missed.any():
        return y, x, region
    at = np.flatnonzero(missed[ids] & inside)
    extra = ids.reshape(-1)[at]
    order = np.lexsort((-depth.reshape(-1)[at].astype(np.int16), extra))
    at, extra = at[order], extra[order]
    rank = np.arange(len(at)) - np.searchsorted(extra, extra)
    at = at[rank < 256]
    extra_y, extra_x = np.divmod(at, ids.shape[1])
    return np.concatenate([y, extra_y]), np.concatenate([x, extra_x]), np.concatenate([region, ids.reshape(-1)[at]])
