"""Flicker: how much the colour of a thing changes from one frame to the next beyond what its true colour does."""

import numpy as np

from longanimation.evaluation.color_error import JUST_RIGHT, ciede2000

MIN_PIXELS = 20
_FINE = 250_000  # pixels; larger frames are averaged over every second row and column


class Flicker:
    """Mean CIEDE2000 between the mean colours a tracked region has in neighbouring frames, weighted by area.

    The change of the truth is taken off, so a lamp that is switched on does not count; a region whose truth changes
    by a whole paint is skipped.
    """

    def __init__(self):
        self._before: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None  # area, result colour, true colour
        self.change = 0.0
        self.weight = 0.0

    def add(self, result: np.ndarray, truth: np.ndarray, tracks: np.ndarray) -> None:
        """The next frame: result and truth uint8 [H, W, 3]; tracks int [H, W], the same number for the same painted
        thing in every frame, 0 = not tracked (lines)."""
        step = 2 if tracks.size > _FINE else 1
        key = tracks[::step, ::step].ravel()
        area = np.bincount(key)
        now = area, _means(result[::step, ::step], key, area), _means(truth[::step, ::step], key, area)
        if self._before is not None:
            count = min(len(area), len(self._before[0]))
            smaller = np.minimum(area[:count], self._before[0][:count])
            smaller[0] = 0
            both = np.flatnonzero(smaller * step**2 >= MIN_PIXELS)
            true_change = ciede2000(now[2][both], self._before[2][both])
            change = ciede2000(now[1][both], self._before[1][both])
            weight = np.where(true_change < JUST_RIGHT, smaller[both], 0)
            self.change += float((np.maximum(change - true_change, 0) * weight).sum())
            self.weight += float(weight.sum())
        self._before = now

    @property
    def value(self) -> float:
        """0 = every region keeps its colour; 0 too when nothing was tracked."""
        return self.change / self.weight if self.weight else 0.0


class RegionTracker:
    """Numbers regions over time by overlap, for shots whose parts have no known numbers."""

    def __init__(self):
        self._tracks: np.ndarray | None = None
        self._next = 1

    def __call__(self, regions: np.ndarray) -> np.ndarray:
        """regions: int [H, W], 0 = none, numbered anew in each frame -> int32 [H, W] tracks, 0 = none.

        A region takes the track that covers most of it in the frame before, if that is at least a quarter of it.
        """
        area = np.bincount(regions.ravel())
        count = len(area)
        names = np.zeros(count, np.int32)
        if self._tracks is not None:
            width = int(self._tracks.max()) + 1
            pairs, shared = np.unique(
                regions.ravel().astype(np.int64) * width + self._tracks.ravel(), return_counts=True
            )
            region, track = pairs // width, (pairs % width).astype(np.int32)
            strong = (region > 0) & (track > 0) & (4 * shared >= area[region])
            order = np.argsort(shared[strong], kind="stable")
            names[region[strong][order]] = track[strong][order]
            # a track is one region: the largest heir keeps the name
            heirs = np.flatnonzero(names)
            heirs = heirs[np.argsort(-area[heirs], kind="stable")]
            _, first = np.unique(names[heirs], return_index=True)
            names[np.delete(heirs, first)] = 0
        fresh = np.flatnonzero((names == 0) & (area > 0))
        fresh = fresh[fresh > 0]
        names[fresh] = np.arange(self._next, self._next + len(fresh))
        self._next += len(fresh)
        names[0] = 0
        self._tracks = names[regions]
        return self._tracks


def _means(frame: np.ndarray, key: np.ndarray, area: np.ndarray) -> np.ndarray:
    sums = np.stack([np.bincount(key, frame[..., channel].ravel(), len(area)) for channel in range(3)], axis=-1)
    return np.rint(sums / np.maximum(area, 1)[:, None]).astype(np.uint8)
