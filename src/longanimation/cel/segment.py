"""Drawing -> closed regions."""

import cv2
import numpy as np

from longanimation.errors import InputError

from .bridges import bridge
from .grain import without_grain
from .grow import grow
from .line_ends import line_ends
from .line_mask import line_mask
from .merge import merge_open
from .region_map import RegionMap
from .rooms import UNITS, find_rooms

GAP_SHARE = 1 / 75  # of the shorter side: 14 px at 1920x1080
BROKEN_GAP_SHARE = 1 / 40  # the same for lines that come in crumbs: those were extracted by machine and have wide gaps
GRAIN_SHARE = 1 / 36  # largest crumb of grain, of the shorter side: 30 px at 1920x1080
CRUMBS = 40  # pieces of line no longer than two usual gaps, from which on a drawing counts as broken
SPECK_SHARE = 1 / 400  # side of the smallest hole that is a region and not noise in the line, of the shorter side


def default_gap(line: np.ndarray) -> int:
    """Widest gap in an outline, in free pixels, to be bridged in a drawing. line: uint8 [H, W], 1 on lines."""
    side = min(line.shape)
    gap = _usual_gap(side)
    return max(gap, round(side * BROKEN_GAP_SHARE)) if is_broken(line) else gap


def is_broken(line: np.ndarray) -> bool:
    """Whether the lines of a drawing come in crumbs, as a machine extracts them. line: uint8 [H, W], 1 on lines."""
    pieces = cv2.connectedComponentsWithStats(line, connectivity=8)[2][1:]
    longest = pieces[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(1)
    return bool((longest <= 2 * _usual_gap(min(line.shape))).sum() >= CRUMBS)


def _usual_gap(side: int) -> int:
    return max(2, round(side * GAP_SHARE))


def segment(lines: np.ndarray, *, gap: int | None = None) -> RegionMap:
    """Closed regions of a drawing; gaps of at most `gap` free pixels in an outline are bridged. Grain is no line.

    lines: uint8 [H, W], 255 paper, 0 full line. gap: pixels, 0 bridges nothing, None chooses by the size of the
    drawing (14 px at 1920x1080), and more where the lines are broken all over; then line ends that are left over may
    reach farther, see `bridges.FAR`. Raises InputError when `lines` is not such an array or gap is negative.
    """
    line = without_grain(line_mask(lines), round(GRAIN_SHARE * min(lines.shape)))
    chosen = gap is None
    if chosen:
        gap = default_gap(line)
    if gap < 0:
        raise InputError(f"gap must be 0 or more pixels, got {gap}")
    ends, outward = line_ends(line, gap) if gap else (np.zeros((0, 2), np.int32), np.zeros((0, 2), np.float32))
    bridges = bridge(line, ends, outward, gap, far=chosen)
    # A frame of one pixel closes regions at the edge of the picture and keeps neighbours inside the array.
    paper = cv2.copyMakeBorder(1 - (line | bridges), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    rooms, inradius, depth = find_rooms(paper, gap)
    count = len(inradius) - 1
    if count == 0:
        nothing = np.zeros(lines.shape, np.int32)
        return RegionMap(nothing, nothing.astype(bool), np.zeros(1, np.int64), nothing.astype(np.uint8), ends, outward)
    rooms, areas, hole = fill(rooms, count, depth, max(1.0, SPECK_SHARE * min(lines.shape)))
    inside = ~(line.view(bool) | hole)
    areas += np.bincount(rooms[bridges.view(bool)], minlength=count + 1)
    target = np.arange(count + 1)
    if gap:
        target = merge_open(rooms, inside, areas, inradius, ends, gap)
        areas = np.bincount(target, weights=areas, minlength=count + 1).astype(np.int64)
    used = areas > 0
    number = (np.cumsum(used) - 1).astype(np.int32)  # regions are numbered in the order of their rooms
    ids = np.take(number[target], rooms)
    return RegionMap(ids, inside, areas[used], np.ascontiguousarray(depth[1:-1, 1:-1]), ends, outward)


def fill(rooms: np.ndarray, count: int, depth: np.ndarray, speck: float) -> tuple:
    """Every pixel in its nearest room. rooms, depth: [H + 2, W + 2] from `find_rooms`.

    Returns rooms int32 [H, W], 1..count, their pixels before that, int64 [count + 1], and the holes, bool [H, W]: rooms
    of no more than speck x speck pixels are pin holes in a rough line, not regions; they are filled as the line is.
    """
    areas = np.bincount(rooms.reshape(-1), minlength=count + 1)
    areas[0] = 0
    small = areas <= min(speck * speck, areas.max() - 1)
    small[0] = False
    hole = np.zeros(rooms.shape, bool)
    if small.any():
        narrow = np.flatnonzero(cv2.inRange(depth, 1, int(UNITS * (speck + 1))).view(bool))
        flat = rooms.reshape(-1)
        narrow = narrow[small[flat[narrow]]]
        flat[narrow] = 0
        hole.reshape(-1)[narrow] = True
    free = rooms == 0
    free[[0, -1]] = free[:, [0, -1]] = False
    grow(rooms, np.flatnonzero(free))
    return np.ascontiguousarray(rooms[1:-1, 1:-1]), np.where(small, 0, areas), hole[1:-1, 1:-1]
