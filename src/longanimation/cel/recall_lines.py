"""Lines that a drawing lacks and those before or after it have: without them colours flash for a frame."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from .cut_by_paint import cut_by_paint
from .grow import grow
from .region_map import RegionMap
from .rooms import UNITS
from .segment import segment

REACH = (1, 2)  # how many drawings back, then ahead, the line is looked for
SIDE = 360  # pixels of the shorter side at which outlines are compared; all lengths below are pixels there
SMALLEST, LARGEST = 30, 0.4  # pixels of a region that is looked for, and share of the picture
SHIFT = 16  # how far a region moves from one drawing to the other
SAMPLES = 64  # points of an outline that are laid on the lines
FAR = 6  # no point counts as farther from a line than this
ON_LINE = 3  # a point of an outline at most so far from a line is found
OFF_LINE = 1.6  # farther than this, the outline may be open there
FOUND = 0.75  # share of an outline that is found, from which on it is this thing
WITHIN = 0.8  # share of the region that lies within one region here
LARGER = 1.3  # by how much that one is larger
SHORTEST = 3  # points of an open stretch to which a line end leads, and an eighth of those of an outline
CROSSES = 0.9  # share of an open stretch that lies in that region
AT_END = 8  # distance from a line end to the open stretch that goes on from it
ALONG = 0.3  # cosine between the two
OVERLAP = 5  # points by which a stretch is drawn longer than it is open, at both ends
SEAL = 5  # how thick a stretch is when it divides a region: its ends need not meet the lines
INTERIOR = 400  # pixels of a region that are looked up
BESIDE = 3  # how far across an outline the region on its other side is looked for


def segment_sequence(drawings: list[np.ndarray], paint: list[np.ndarray | None] | None = None) -> list[RegionMap]:
    """`segment` for drawings that follow each other. Where a line ends before a gap, and the outline of a region of
    one of the two drawings before or after, moved to where it fits the lines here, goes on across it, it is closed.

    drawings: uint8 [H, W], 255 paper, 0 full line. paint: for each drawing int [H, W], labels of its paint if that is
    known: then it is divided as `cut_by_paint` does, before others are compared. Raises InputError as `segment` does.
    """
    cuts = [segment(lines) for lines in drawings]
    if paint is not None:
        cuts = [cut if labels is None else cut_by_paint(cut, labels) for cut, labels in zip(cuts, paint, strict=True)]
    step = max(1, round(min(cuts[0].shape) / SIDE)) if cuts else 1
    distances = [_distance(regions.inside, step) if len(regions.ends) else None for regions in cuts]
    count = len(cuts)
    forwards = [(now, now - back) for now in range(count) for back in REACH if back <= now]
    backwards = [(now, now + ahead) for now in reversed(range(count)) for ahead in REACH if now + ahead < count]
    for now, other in forwards + backwards:
        if distances[now] is not None and cuts[now].shape == cuts[other].shape:
            cuts[now] = _mend(cuts[now], cuts[other], distances[now], step)
    return cuts


def _mend(regions: RegionMap, neighbour: RegionMap, distance: np.ndarray, step: int) -> RegionMap:
    """The regions of a drawing, divided where outlines of a neighbouring drawing are open in it."""
    search = _Search(regions, neighbour, distance, step)
    known = np.zeros(search.here.shape, np.uint8)
    found: dict[int, list[np.ndarray]] = {}
    for region in search.wanted():
        for stretch in search.open_stretches(region):
            if known[stretch[:, 1], stretch[:, 0]].mean() < 0.5:  # else it is the border of a region that was before
                cv2.polylines(known, [stretch], False, 1, 2 * BESIDE + 1)
                found.setdefault(search.place(region).room, []).append(stretch * step)
    for room, stretches in found.items():
        regions = _divide(regions, room, stretches, step)
    return regions


def _divide(regions: RegionMap, room: int, stretches: list[np.ndarray], step: int) -> RegionMap:
    """One region divided along stretches (x, y); the largest part keeps its number, the others get new ones. As it is
    where the stretches divide nothing but specks from it."""
    y0, x0, y1, x1 = regions.boxes[room]
    box = np.s_[y0:y1, x0:x1]
    own = regions.ids[box] == room
    free = (own & regions.inside[box]).astype(np.uint8)
    border = np.zeros_like(free)
    cv2.polylines(border, [stretch - np.int32((x0, y0)) for stretch in stretches], False, 1, SEAL * step)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(free & (1 - border), connectivity=4, ltype=cv2.CV_32S)
    sizes = stats[:, cv2.CC_STAT_AREA]
    sizes[0] = 0
    kept = np.flatnonzero(sizes > SMALLEST * step**2)
    if len(kept) < 2:
        return regions
    number = np.zeros(count, np.int32)
    number[kept[np.argsort(-sizes[kept], kind="stable")]] = np.arange(1, len(kept) + 1)
    labels = cv2.copyMakeBorder(number[parts], 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    waiting = cv2.copyMakeBorder(own.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0).view(bool)
    grow(labels, np.flatnonzero(waiting & (labels == 0)))
    part = labels[1:-1, 1:-1][own]
    ids, areas = regions.ids.copy(), np.concatenate([regions.areas, np.zeros(len(kept) - 1, np.int64)])
    ids[box][own] = np.where(part > 1, regions.count - 2 + part, room)
    inside = regions.inside[box][own]
    areas[regions.count :] = np.bincount(part[inside], minlength=len(kept) + 1)[2:]
    areas[room] -= areas[regions.count :].sum()
    depth = regions.depth.copy()
    apart = cv2.distanceTransform(1 - border, cv2.DIST_L2, 5)
    depth[box][own] = np.minimum(depth[box], cv2.convertScaleAbs(apart, alpha=UNITS))[own]
    return replace(regions, ids=ids, areas=areas, depth=depth)


@dataclass
class _Place:
    """Where a region of the neighbour is in the drawing. outline: int32 [N, 2] (x, y); distance: [N], of its points
    from the lines, 0 beyond the picture's edge; shift: (x, y), how far it moved; room: the region that holds it, or
    -1."""

    outline: np.ndarray
    distance: np.ndarray
    shift: np.ndarray
    room: int


class _Search:
    """The regions of a neighbouring drawing looked for in a drawing, both at about SIDE pixels."""

    def __init__(self, regions: RegionMap, neighbour: RegionMap, distance: np.ndarray, step: int):
        self.here, self.there = regions.ids[::step, ::step], neighbour.ids[::step, ::step]
        self.inside, self.distance = neighbour.inside[::step, ::step], distance
        self.boxes = neighbour.boxes // step + (0, 0, 1, 1)
        self.areas, self.sizes = regions.areas / step**2, neighbour.areas / step**2
        self.ends, self.outward = regions.ends[:, ::-1] / step, regions.outward[:, ::-1]
        self.places: dict[int, _Place] = {}

    def wanted(self) -> np.ndarray:
        """Regions of the neighbour, neither specks nor a background, near which a line ends in the drawing, and that do
        not lie as they are, for the greater part, on a region of the drawing that is hardly larger."""
        count = len(self.areas)
        thin = np.s_[::2, ::2]  # a quarter of the pixels will do
        seen = self.inside[thin]
        pair = self.there[thin][seen].astype(np.int64) * count + self.here[thin][seen]
        pairs, shared = np.unique(pair, return_counts=True)
        pairs = pairs[np.argsort(shared, kind="stable")]  # of each region of the neighbour the largest share comes last
        under, most = np.zeros(len(self.sizes), np.int64), np.zeros(len(self.sizes), np.int64)
        under[pairs // count], most[pairs // count] = pairs % count, np.sort(shared)
        whole = (4 * most > self.sizes / 2) & (self.areas[under] < LARGER * self.sizes)
        sized = np.flatnonzero((self.sizes > SMALLEST) & (self.sizes <= LARGEST * self.here.size) & ~whole)
        reach = SHIFT + AT_END + 1
        low, high = self.boxes[sized, None, 1::-1] - reach, self.boxes[sized, None, :1:-1] + reach
        return sized[((self.ends > low) & (self.ends < high)).all(2).any(1)]

    def open_stretches(self, region: int) -> list[np.ndarray]:
        """Where its outline crosses a region that it is a part of, and should not be: int32 [N, 2] (x, y) each."""
        place = self.place(region)
        if place.room < 0 or self.areas[place.room] < LARGER * self.sizes[region]:
            return []
        if (place.distance <= ON_LINE).mean() < FOUND:
            return []
        runs = [
            (stretch, longer)
            for stretch, longer in _runs(place.outline, place.distance > OFF_LINE)
            if (self.here[stretch[:, 1], stretch[:, 0]] == place.room).mean() >= CROSSES
            and self.stays(region, stretch - place.shift, place.room)
        ]
        # One sign that a line is missing is enough: in a dashed outline few dashes point along it.
        led = any(len(stretch) >= SHORTEST and self.goes_on(stretch) for stretch, _ in runs)
        return [longer for _, longer in runs] if led else []

    def place(self, region: int) -> _Place:
        if region not in self.places:
            self.places[region] = self._find(region)
        return self.places[region]

    def _find(self, region: int) -> _Place:
        y0, x0, y1, x1 = self.boxes[region]
        mask = self.there[y0:y1, x0:x1] == region
        outline = _outline(mask) + np.array((x0, y0))
        if len(outline) < 8 * SHORTEST:
            return _Place(outline, np.zeros(len(outline)), np.zeros(2, int), -1)
        shift = _shift(outline, self.distance)
        height, width = self.here.shape
        within = (outline + shift).clip(0, (width - 1, height - 1)).astype(np.int32)
        distance = self.distance[within[:, 1], within[:, 0]]
        distance[(within != outline + shift).any(1)] = 0
        y, x = np.nonzero(mask & self.inside[y0:y1, x0:x1])
        thin = max(1, len(y) // INTERIOR)
        y, x = y[::thin] + y0 + shift[1], x[::thin] + x0 + shift[0]
        seen = (y >= 0) & (x >= 0) & (y < height) & (x < width)
        under = np.bincount(self.here[y[seen], x[seen]], minlength=1)
        room = int(under.argmax()) if under.max() >= WITHIN * max(1, under.sum()) else -1
        return _Place(within, distance, shift, room)

    def goes_on(self, stretch: np.ndarray) -> bool:
        """Whether the stretch begins, at one of its two ends, where a line ends and points along it."""
        for points in (stretch, stretch[::-1]):
            ahead = (points[min(AT_END, len(points) - 1)] - points[0]).astype(np.float64)
            ahead /= np.hypot(*ahead) + 1e-6
            near = np.hypot(*(self.ends - points[0]).T) <= AT_END
            if (near & (self.outward @ ahead > ALONG)).any():
                return True
        return False

    def stays(self, region: int, stretch: np.ndarray, room: int) -> bool:
        """Whether what lies on the other side of the stretch, in the neighbour, has run into the same region here:
        else it was in front there and has moved. A background or specks may be anything."""
        height, width = self.there.shape
        offset = np.arange(-BESIDE, BESIDE + 1, BESIDE)
        x, y = np.moveaxis(stretch[:, None] + np.stack(np.meshgrid(offset, offset), -1).reshape(-1, 2), -1, 0)
        beside = self.there[y.clip(0, height - 1), x.clip(0, width - 1)]
        beside = beside[beside != region]
        if not len(beside):
            return True
        other = int(np.bincount(beside).argmax())
        return not SMALLEST < self.sizes[other] <= LARGEST * self.here.size or self.place(other).room == room


def _distance(inside: np.ndarray, step: int) -> np.ndarray:
    """float32 [h, w]: how far every step-th pixel is from a line or the picture's edge, FAR at most, in steps. A gap
    that was bridged is none: bridges are guesses."""
    inside = cv2.copyMakeBorder(inside.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 5)[1:-1, 1:-1]
    return np.minimum(distance[::step, ::step] / np.float32(step), FAR)


def _outline(mask: np.ndarray) -> np.ndarray:
    """Longest outer outline of a region, int [N, 2] (x, y), around once. mask: bool [H, W]."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return max(contours, key=len)[:, 0] if contours else np.zeros((0, 2), np.int32)


def _shift(outline: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """(x, y), whole pixels: the move after which the outline lies nearest to the lines; of equal ones the shortest."""
    height, width = distance.shape
    points = outline[:: max(1, len(outline) // SAMPLES)]
    best = np.zeros(2, int)
    for reach, step in ((SHIFT, 2), (1, 1)):
        offset = np.arange(-reach, reach + 1, step)
        moves = best + np.stack(np.meshgrid(offset, offset), -1).reshape(-1, 2)
        x, y = np.moveaxis(points + moves[:, None], -1, 0)
        cost = distance[y.clip(0, height - 1), x.clip(0, width - 1)].mean(1) + 0.01 * np.hypot(*moves.T)
        best = moves[cost.argmin()]
    return best


def _runs(outline: np.ndarray, chosen: np.ndarray):
    """Yield the runs of chosen points of a closed outline, int [N, 2] (x, y), and the same with OVERLAP points
    before and after."""
    first = int((~chosen).argmax())
    outline, chosen = np.roll(outline, -first, 0), np.roll(chosen, -first)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], chosen, [False]]).astype(np.int8)))
    around = np.concatenate([outline, outline[: OVERLAP + 1]])  # the first point is not chosen: no run goes around
    for start, stop in edges.reshape(-1, 2):
        yield outline[start:stop], around[max(0, start - OVERLAP) : stop + OVERLAP]
