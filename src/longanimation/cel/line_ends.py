"""Ends of lines in a drawing."""

import cv2
import numpy as np

TIP_WIDTH = 0.3  # share of a ring around a line end that the line covers at most; a filled area covers more
END_RADIUS = 3  # pixels: smallest ring around a line end; the end is found up to so far before the tip
SHORTEST_DASH = 4  # pixels; shorter pieces are specks
DASH_SHAPE = 2.0  # how much longer than wide a dash is at least, in spread; rounder pieces are specks
SQUARE = np.ones((3, 3), np.uint8)


def line_ends(line: np.ndarray, gap: int) -> tuple[np.ndarray, np.ndarray]:
    """line: uint8 [H, W], 1 on lines -> (ends int32 [N, 2] yx, outward float32 [N, 2] yx unit vectors).

    A pixel is near an end when the line crosses a small square ring around it exactly once. Lines that run out of the
    picture have no end there. The ring is as big as the lines are thick and at most `gap`, so that it does not reach
    the line on the other side of a wide gap. Dashes so short that a ring sees both ends at once are `dash_ends`.
    """
    typical = thickness(line)
    radius = int(np.ceil(np.clip(1.2 * typical, END_RADIUS, max(END_RADIUS, gap))))
    dashes, dash_tips, dash_outward = dash_ends(line, 2 * radius + 2)
    padded = cv2.copyMakeBorder(line, radius, radius, radius, radius, cv2.BORDER_REPLICATE)
    y, x = np.divmod(np.flatnonzero(spine(line, typical).view(bool) & ~dashes), line.shape[1])
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
        return dash_tips, dash_outward
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
    ends = np.stack([y, x], 1)[tips].astype(np.int32)
    return np.concatenate([ends, dash_tips]), np.concatenate([outward[group[tips]].astype(np.float32), dash_outward])


def dash_ends(line: np.ndarray, longest: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both ends of each straight piece of line no longer than `longest` pixels, and longer than specks are.

    line: uint8 [H, W], 1 on lines -> (bool [H, W], the pixels of those pieces; ends and outward as in `line_ends`).
    """
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(line, connectivity=8)
    extent = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(1)
    dash = (extent >= SHORTEST_DASH) & (extent <= longest)
    dash[0] = False
    at = np.flatnonzero(dash[pieces])
    piece = pieces.reshape(-1)[at]
    places = np.stack(np.divmod(at, line.shape[1]), 1).astype(np.float64)
    pixels = np.bincount(piece, minlength=count).clip(min=1)
    centre = np.stack([np.bincount(piece, weights=part, minlength=count) / pixels for part in places.T], 1)
    y, x = (places - centre[piece]).T
    yy, xx, xy = (np.bincount(piece, weights=part, minlength=count) for part in (y * y, x * x, x * y))
    angle = np.arctan2(2 * xy, xx - yy) / 2
    axis = np.stack([np.sin(angle), np.cos(angle)], 1)
    along = y * axis[piece, 0] + x * axis[piece, 1]
    across = x * axis[piece, 0] - y * axis[piece, 1]
    wide = np.sqrt(np.bincount(piece, weights=across**2, minlength=count) / pixels)
    long = np.sqrt(np.bincount(piece, weights=along**2, minlength=count) / pixels)
    dash &= long >= DASH_SHAPE * np.maximum(wide, 0.5)
    order = np.lexsort((along, piece))
    order = order[dash[piece[order]]]
    kept, first = np.unique(piece[order], return_index=True)
    _, last = np.unique(piece[order[::-1]], return_index=True)
    ends = places[np.concatenate([order[first], order[::-1][last]])].astype(np.int32)
    outward = np.concatenate([-axis[kept], axis[kept]]).astype(np.float32)
    return dash[pieces], ends, outward


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
