"""Putting rooms together again that only a narrow place keeps apart."""

import cv2
import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from .line_ends import END_RADIUS
from .neighbours import combine, pixel_edges

HALL = 2.0  # size of two rooms, in units of the widest door, from which a narrow place between them is a door anyway
OPEN_SHARE = 0.6  # of the border of two rooms: more open than this is no line with gaps
SLIVER_SHARE = 0.25  # of the whole border of a small room: more open than this and it is no region of its own


def merge_open(rooms, inside, areas: np.ndarray, inradius: np.ndarray, ends: np.ndarray, gap: int) -> np.ndarray:
    """Which rooms are one region.

    rooms: int32 [H, W], 1..count; inside: bool [H, W]; areas, inradius: [count + 1]; ends: int [N, 2], line ends.
    Returns int64 [count + 1]: the lowest number among the rooms of the same region.

    Two rooms are one where no line end is near their open border and one of them is not much wider than a gap: a hand
    at a narrow wrist. Or where most of their common border is open. A sliver goes with the rooms it is most open to.
    """
    count = len(areas)
    edges, clear, at = pixel_edges(rooms, inside)
    near = clear & around(ends, rooms.shape, gap).reshape(-1)[at]
    pairs, length, open_, gaps = combine(edges, np.ones(len(edges), np.int64), clear, near)
    target = np.arange(count)
    while True:
        small = inradius[pairs].min(1) < HALL * (gap + 1) / 2
        neck = (open_ > 0) & (((gaps == 0) & small) | (open_ > OPEN_SHARE * length))
        joined = pairs[neck]
        if not len(joined):
            border = np.bincount(pairs.reshape(-1), weights=np.repeat(length, 2), minlength=count)
            lesser = np.where(areas[pairs[:, 0]] <= areas[pairs[:, 1]], pairs[:, 0], pairs[:, 1])
            joined = pairs[(areas[lesser] <= (gap + 1) ** 2) & (open_ > SLIVER_SHARE * border[lesser])]
        if not len(joined):
            return target
        graph = coo_matrix((np.ones(len(joined)), joined.T), shape=(count, count))
        group = connected_components(graph, directed=False)[1]
        lowest = np.full(count, count)
        np.minimum.at(lowest, group, np.arange(count))
        step = lowest[group]
        target = step[target]
        areas = np.bincount(step, weights=areas, minlength=count)
        widest = np.zeros_like(inradius)
        np.maximum.at(widest, step, inradius)
        inradius = widest
        pairs, length, open_, gaps = combine(step[pairs], length, open_, gaps)


def around(ends: np.ndarray, shape: tuple[int, int], gap: int) -> np.ndarray:
    """bool [H, W]: pixels so near a line end that a door there may be a gap in the line."""
    marks = np.zeros(shape, np.uint8)
    marks[ends[:, 0], ends[:, 1]] = 1
    return cv2.dilate(marks, np.ones((2 * (gap + END_RADIUS) + 1,) * 2, np.uint8)).view(bool)
