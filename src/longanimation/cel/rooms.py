"""Rooms of a drawing: closed regions, also where the outline has a small door.

The idea of trapped-ball filling (Zhang et al., "Vectorizing Cartoon Animations", 2009): a ball that does not fit
through a door cannot leave its room. Here several ball sizes are tried, from the biggest down: a room is recognised
at the first ball that finds in it clearly more space than the door has.
"""

import cv2
import numpy as np

from .grow import grow

ROOM_TO_DOOR = 1.7  # the widest place of a room, in units of its door, below which it is a bay of its neighbour
NEXT_BALL = 2.2  # each ball is smaller than the one before by this factor
UNITS = 4  # distances are kept as uint8 in quarters of a pixel


def ball_sizes(gap: int) -> list[float]:
    """Radii from the biggest ball (just stuck in a door of `gap` free pixels) down to about 1, then 0: the paper."""
    if gap == 0:
        return [0.0]
    sizes = [(gap + 1) / 2]
    while sizes[-1] > NEXT_BALL:
        sizes.append(max(sizes[-1] / NEXT_BALL, 1.0))
    return [*sizes, 0.0]


def find_rooms(paper: np.ndarray, gap: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rooms of the free pixels. paper: uint8 [H, W], 1 = free, outermost pixels 0.

    Returns rooms int32 [H, W] (1..count on paper, 0 elsewhere), float32 [count + 1] the largest distance to a line in
    each, and the distance of every pixel to the nearest that is not free as uint8 [H, W] in quarter pixels.

    Two places belong to different rooms when every way between them passes a door of at most `gap` free pixels that
    is clearly narrower than both rooms. Places without any way between them are always different rooms.
    """
    distance = cv2.distanceTransform(paper, cv2.DIST_L2, 5)
    quarters = cv2.convertScaleAbs(distance, alpha=UNITS)
    # How much space a component holds, and which rooms, can be read at the local maxima of the distance alone.
    peaks = np.flatnonzero((cv2.dilate(distance, np.ones((3, 3), np.uint8)) == distance) & paper.view(bool))
    space = distance.reshape(-1)[peaks]
    rooms, count = np.zeros(paper.shape, np.int32), 0
    flat = rooms.reshape(-1)
    waiting, above = np.zeros(0, np.int64), 256  # pixels without a room so far, and the last ball in quarters

    for ball in ball_sizes(gap):
        level = int(ball * UNITS)
        wide = cv2.compare(quarters, level, cv2.CMP_GT)
        parts, components = cv2.connectedComponents(wide, connectivity=4, ltype=cv2.CV_32S)
        part_of_peak, room_of_peak = components.reshape(-1)[peaks], flat[peaks]
        known = room_of_peak > 0
        lowest, highest, widest = np.full(parts, count + 1), np.zeros(parts, np.int64), np.zeros(parts, np.float32)
        np.minimum.at(lowest, part_of_peak[known], room_of_peak[known])
        np.maximum.at(highest, part_of_peak[known], room_of_peak[known])
        np.maximum.at(widest, part_of_peak, space)
        new = (highest == 0) & (widest >= ROOM_TO_DOOR * ball)
        new[0] = False
        contested = (highest > 0) & (lowest < highest)
        decided = np.where(contested, -1, highest).astype(np.int32)
        decided[new] = count + 1 + np.arange(new.sum())
        count += int(new.sum())

        if above == 256:
            np.take(decided, components, out=rooms, mode="clip")
            waiting = np.flatnonzero(wide.view(bool) & (rooms == 0))
        else:  # only the ring that this ball opens, and what was left over, can change
            ring = np.flatnonzero(cv2.inRange(quarters, level + 1, above).view(bool))
            waiting = np.concatenate([waiting, ring])
            waiting = waiting[flat[waiting] <= 0]
            found = decided[components.reshape(-1)[waiting]]
            flat[waiting] = found
            grow(rooms, waiting[found < 0])
            waiting = waiting[found == 0]
        above = level
    inradius = np.zeros(count + 1, np.float32)
    np.maximum.at(inradius, flat[peaks], space)
    return rooms, inradius, quarters
