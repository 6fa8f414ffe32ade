"""Bridges from a line end to the line it was meant to meet."""

from typing import NamedTuple

import cv2
import numpy as np
from scipy.spatial import cKDTree

from .line_ends import END_RADIUS


class Reach(NamedTuple):
    """Longest bridges in gaps: from end to end, and from an end to the line ahead, there only from a rooted end or from
    every one."""

    apart: int
    forward: int
    from_rooted: bool


NEAR = Reach(1, 1, from_rooted=False)
FAR = Reach(20, 5, from_rooted=True)  # for what is still open then
FACING = 0.3  # cosine between where an end points and where the bridge goes
ROOT = 12  # pixels of line behind an end that may reach far ahead
ROOTED = 0.9  # share of them that must be there
FAN = np.deg2rad([0.0, -25.0, 25.0])  # directions tried from an end that has no partner


def bridge(line: np.ndarray, ends: np.ndarray, outward: np.ndarray, gap: int, *, far: bool) -> np.ndarray:
    """Bridges over at most `gap` free pixels: end to end where two ends face each other, else end to the line ahead.
    far: then over FAR gaps, from ends that have no bridge yet.

    line: uint8 [H, W]; ends, outward as from `line_ends` -> uint8 [H, W], 1 on the bridges' free pixels.
    """
    canvas = np.zeros_like(line)
    if not len(ends) or gap <= 0:
        return canvas
    free = np.ones(len(ends), bool)
    for reach in (NEAR, FAR) if far else (NEAR,):
        drawn, rows = line | canvas, np.flatnonzero(free)
        for a, b in rows[facing(ends[rows], outward[rows], reach.apart * gap + 1.5)]:
            if is_clear(drawn, ends[a], ends[b]):
                draw(canvas, ends[a], ends[b])
                free[[a, b]] = False
        wanted = free & rooted(line, ends, outward) if reach.from_rooted else free
        for index, target in ahead(line | canvas, ends, outward, reach.forward * gap, wanted):
            draw(canvas, ends[index], target)
            free[index] = False
    return cv2.bitwise_and(canvas, 1 - line)


def facing(ends: np.ndarray, outward: np.ndarray, reach: float) -> np.ndarray:
    """int64 [M, 2]: pairs of ends at most `reach` apart that both point at the other, each end in one pair at most;
    short and straight ones first."""
    none = np.zeros((0, 2), np.int64)
    pairs = cKDTree(ends).query_pairs(reach, output_type="ndarray") if len(ends) > 1 else none
    if not len(pairs):
        return none
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    span = (ends[pairs[:, 1]] - ends[pairs[:, 0]]).astype(np.float32)
    length = np.linalg.norm(span, axis=1)
    first = (span * outward[pairs[:, 0]]).sum(1) / length
    second = -(span * outward[pairs[:, 1]]).sum(1) / length
    good = (first > FACING) & (second > FACING)
    pairs, cost = pairs[good], (length * (3 - first - second))[good]
    found, taken = [], np.zeros(len(ends), bool)
    for a, b in pairs[np.argsort(cost, kind="stable")]:
        if not (taken[a] or taken[b]):
            taken[a] = taken[b] = True
            found.append((a, b))
    return np.array(found, np.int64).reshape(-1, 2)


def is_clear(drawn: np.ndarray, start: np.ndarray, stop: np.ndarray) -> bool:
    """Whether no line lies between two ends. drawn: uint8 [H, W]."""
    steps = np.linspace(0, 1, 1 + int(np.linalg.norm(stop - start)))[:, None]
    y, x = np.rint(start + steps * (stop - start)).astype(int).T
    own = END_RADIUS + 2  # the lines that end there
    return not drawn[y, x][own:-own].any()


def rooted(line: np.ndarray, ends: np.ndarray, outward: np.ndarray) -> np.ndarray:
    """bool [N]: whether a line leads to the end for ROOT pixels, which it does not to a burr on a line or a speck."""
    y, x = np.rint(ends[:, None] - outward[:, None] * np.arange(1, ROOT + 1)[:, None]).astype(int).transpose(2, 0, 1)
    near = cv2.dilate(line, np.ones((5, 5), np.uint8))
    return near[y.clip(0, line.shape[0] - 1), x.clip(0, line.shape[1] - 1)].mean(1) > ROOTED


def ahead(line, ends, outward, gap, wanted):
    """Yield (index of the end, yx of the first line pixel it points at) for the wanted ends that have one in reach."""
    height, width = line.shape
    steps = np.arange(1, gap + 4, dtype=np.float32)
    angle = np.arctan2(outward[:, 0], outward[:, 1])[:, None] + FAN
    y = np.rint(ends[:, 0, None, None] + np.sin(angle)[..., None] * steps).astype(int)
    x = np.rint(ends[:, 1, None, None] + np.cos(angle)[..., None] * steps).astype(int)
    outside = (y < 0) | (x < 0) | (y >= height) | (x >= width)
    y, x = y.clip(0, height - 1), x.clip(0, width - 1)
    ink = line[y, x].astype(bool) | outside  # the edge of the picture closes a region as a line does
    free_before = np.cumsum(~ink, -1) - ~ink
    hit = ink & (free_before > 0) & (free_before <= gap)
    reach = np.where(hit.any(-1), hit.argmax(-1), len(steps))
    best = reach.argmin(1)
    for index in np.flatnonzero(wanted & (reach.min(1) < len(steps))):
        step = reach[index, best[index]]
        yield index, (y[index, best[index], step], x[index, best[index], step])


def draw(canvas, start, stop):
    cv2.line(canvas, (int(start[1]), int(start[0])), (int(stop[1]), int(stop[0])), 1, 1, cv2.LINE_8)
