"""Line ends, and short bridges from an end to the line it was meant to meet."""

import cv2
import numpy as np
from scipy.spatial import cKDTree

TIP_WIDTH = 0.3  # share of a ring around a line end that the line covers at most; a filled area covers more
END_RADIUS = 3  # pixels: smallest ring around a line end; the end is found up to so far before the tip
SQUARE = np.ones((3, 3), np.uint8)
FACING = 0.3  # cosine between where an end points and where the bridge goes
ALIGNED = 0.7  # the same for the wide bridges
FAN = np.deg2rad([0.0, -25.0, 25.0])  # directions tried from an end that has no partner


def line_ends(line: np.ndarray, gap: int) -> tuple[np.ndarray, np.ndarray]:
    """line: uint8 [H, W], 1 on lines -> (ends int32 [N, 2] yx, outward float32 [N, 2] yx unit vectors).

    A pixel is near an end when the line crosses a small square ring around it exactly once. Lines that run out of the
    picture have no end there. The ring is as big as the lines are thick and at most `gap`, so that it does not reach
    the line on the other side of a wide gap.
    """
    typical = thickness(line)
    radius = int(np.ceil(np.clip(1.2 * typical, END_RADIUS, max(END_RADIUS, gap))))
    padded = cv2.copyMakeBorder(line, radius, radius, radius, radius, cv2.BORDER_REPLICATE)
    y, x = np.divmod(np.flatnonzero(spine(line, typical).view(bool)), line.shape[1])
    at, flat = (y + radius) * padded.shape[1] + x + radius, padded.reshape(-1)
    side = np.arange(-radius, radius)
    ring = np.concatenate([np.stack(part, 1) for part in ((side, side * 0 - radius), (side * 0 + radius, side))])
    ring = np.concatenate([ring, -ring])  # yx, once around
    steps = ring @ (padded.shape[1], 1)
    crossings, covered = np.zeros((2, len(at)), np.uint8)
    before = flat[at + steps[-1]]
    for step in steps:
        here = flat[at + step]
        crossings += here > before
        covered += here
        before = here
    near = np.flatnonzero((crossings == 1) & (covered <= TIP_WIDTH * len(ring)))
    if not len(near):
        return np.zeros((0, 2), np.int32), np.zeros((0, 2), np.float32)
    y, x, pull = y[near], x[near], flat[at[near, None] + steps].astype(np.int64) @ ring
    # All pixels near one end are one group; its tip is the pixel farthest out.
    marks = np.zeros_like(line)
    marks[y, x] = 1
    groups, group = cv2.connectedComponents(marks, connectivity=8)
    group = group[y, x]
    outward = -np.stack([np.bincount(group, weights=part, minlength=groups) for part in pull.T], 1)
    outward /= np.linalg.norm(outward, axis=1, keepdims=True) + 1e-9
    order = np.lexsort((np.arange(len(y)), -(y * outward[group, 0] + x * outward[group, 1]), group))
    tips = order[np.unique(group[order], return_index=True)[1]]
    return np.stack([y, x], 1)[tips].astype(np.int32), outward[group[tips]].astype(np.float32)


def thickness(line: np.ndarray) -> float:
    """Typical thickness of the lines in pixels, from their area and the length of their rims (2 for thinner ones)."""
    area = cv2.countNonZero(line)
    core = cv2.countNonZero(cv2.erode(line, SQUARE, borderValue=1))
    return 2 * area / max(area - core, 1)


def spine(line: np.ndarray, typical: float) -> np.ndarray:
    """uint8 [H, W]: the middle of lines of typical thickness, and all of thinner ones: enough to find their ends."""
    peel = int(min((typical - 1) // 2, END_RADIUS))
    if not peel:
        return line
    core = cv2.erode(line, SQUARE, iterations=peel, borderValue=1)
    return core | (line & (1 - cv2.dilate(core, SQUARE, iterations=peel + 1)))


def bridge(line: np.ndarray, ends: np.ndarray, outward: np.ndarray, gap: int, wide: int) -> np.ndarray:
    """Bridges over at most `gap` free pixels: end to end where two ends face each other, else end to the line ahead.
    Then up to `wide` pixels between ends that carry each other on.

    line: uint8 [H, W]; ends, outward as from `line_ends` -> uint8 [H, W], 1 on the bridges' free pixels.
    """
    canvas = np.zeros_like(line)
    if not len(ends) or gap <= 0:
        return canvas
    free = np.ones(len(ends), bool)
    for a, b in facing(ends, outward, gap + 1.5, FACING):
        free[[a, b]] = False
        draw(canvas, ends[a], ends[b])
    for index, target in ahead(line, ends, outward, gap, free):
        draw(canvas, ends[index], target)
        free[index] = False
    drawn, rows = line | canvas, np.flatnonzero(free)
    for a, b in rows[facing(ends[rows], outward[rows], wide, ALIGNED)]:
        if is_clear(drawn, ends[a], ends[b]):
            draw(canvas, ends[a], ends[b])
    return cv2.bitwise_and(canvas, 1 - line)


def facing(ends: np.ndarray, outward: np.ndarray, reach: float, least: float) -> np.ndarray:
    """int64 [M, 2]: pairs of ends at most `reach` apart that both point at the other, each end in one pair at most;
    short and straight ones first. least: cosine between where an end points and where the other is."""
    none = np.zeros((0, 2), np.int64)
    pairs = cKDTree(ends).query_pairs(reach, output_type="ndarray") if len(ends) > 1 else none
    if not len(pairs):
        return none
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    span = (ends[pairs[:, 1]] - ends[pairs[:, 0]]).astype(np.float32)
    length = np.linalg.norm(span, axis=1)
    first = (span * outward[pairs[:, 0]]).sum(1) / length
    second = -(span * outward[pairs[:, 1]]).sum(1) / length
    good = (first > least) & (second > least)
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
