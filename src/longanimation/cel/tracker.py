"""Regions keep their colour from frame to frame unless the evidence changes."""

import numpy as np

from longanimation.errors import InputError

from .region_map import RegionMap
from .votes import log_share

GRID = 270  # rows to which a frame is thinned out for measuring overlap
LIMIT = 4.0  # the belief never says more than e^LIMIT : 1 against a label, so that it can be overturned
REACH = 0.03  # of the picture's diagonal: how far a region may move between two frames, besides its own size
MIN_MATCH = 0.2  # regions less alike than this are strangers


class RegionTracker:
    """A memory of what the regions of the last frame were believed to be.

    For each frame: `prior(region_map)` gives log-odds to add to the votes; after the decision `update(region_map,
    votes)` takes the frame in. decay: how much of the belief is carried to the next frame, 0..1; with clear evidence
    the belief settles at 1 / (1 - decay) times the evidence of one frame, cut at LIMIT.
    """

    def __init__(self, *, decay: float = 0.6):
        if not 0 <= decay < 1:
            raise InputError(f"decay must lie in 0..1 (1 excluded), got {decay}")
        self.decay = decay
        self._frame: dict[str, np.ndarray] | None = None
        self._looked: tuple[RegionMap, dict[str, np.ndarray], np.ndarray | None] | None = None  # saves doing it twice

    def prior(self, region_map: RegionMap) -> np.ndarray | None:
        """float32 [count, K]: log-odds from the last frame, 0 for the likeliest label and for regions that are new.
        None before the first update."""
        return self._look(region_map)[1]

    def update(self, region_map: RegionMap, votes: np.ndarray) -> None:
        """Take in the votes (float [count, K]) of a frame. Raises InputError where their number of labels changes."""
        frame, carried = self._look(region_map)
        belief = np.maximum(log_share(votes), -LIMIT)
        belief -= belief.max(1, keepdims=True)
        if carried is not None:
            if votes.shape[1] != self._frame["belief"].shape[1]:
                known = self._frame["belief"].shape[1]
                raise InputError(f"the tracker knows {known} labels, got votes for {votes.shape[1]}; start a new one")
            belief = belief + carried
            belief -= belief.max(1, keepdims=True)
        frame["belief"] = np.maximum(belief, -LIMIT).astype(np.float32)
        self._frame, self._looked = frame, None

    def _look(self, region_map: RegionMap) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
        if self._looked is None or self._looked[0] is not region_map:
            frame = look(region_map)
            self._looked = region_map, frame, None if self._frame is None else self._carry(frame)
        return self._looked[1:]

    def _carry(self, frame: dict[str, np.ndarray]) -> np.ndarray:
        match = matches(frame, self._frame)
        best = match.max(1, keepdims=True)
        weight = np.square(np.square(match))  # a better match far outweighs a worse one
        weight /= np.maximum(weight.sum(1, keepdims=True), 1e-12)
        carried = weight @ self._frame["belief"]
        carried -= carried.max(1, keepdims=True)
        trust = np.where(best >= MIN_MATCH, best, 0)
        return (self.decay * trust * carried).astype(np.float32)

    def state(self) -> dict[str, np.ndarray]:
        """Everything needed to go on later, a few hundred kilobytes at most."""
        state = {"decay": np.float64(self.decay)}
        return state | {name: values.copy() for name, values in (self._frame or {}).items()}

    @classmethod
    def from_state(cls, state: dict[str, np.ndarray]) -> "RegionTracker":
        """The tracker that gave `state`."""
        tracker = cls(decay=float(state["decay"]))
        frame = {name: np.array(values) for name, values in state.items() if name != "decay"}
        tracker._frame = frame or None
        return tracker


def look(region_map: RegionMap) -> dict[str, np.ndarray]:
    """What is remembered of a frame's regions: a thinned-out map, areas, centroids and sizes of the boxes."""
    height, width = region_map.shape
    stride = max(1, round(height / GRID))
    boxes = region_map.boxes
    return {
        "size": np.array([height, width], np.int32),
        "grid": region_map.ids[stride // 2 :: stride, stride // 2 :: stride].astype(np.int32),
        "areas": np.maximum(region_map.areas, 1).astype(np.float32),
        "centroids": region_map.centroids.astype(np.float32),
        "extents": (boxes[:, 2:] - boxes[:, :2]).astype(np.float32),
    }


def matches(now: dict[str, np.ndarray], before: dict[str, np.ndarray]) -> np.ndarray:
    """float [regions now, regions before] in [0, 1]: how likely they are the same thing.

    The better of two signs: they cover the same place, or they look alike and are near. Both count for less where
    the areas differ: an eye that opens is not the face.
    """
    if not np.array_equal(now["size"], before["size"]):
        return np.zeros((len(now["areas"]), len(before["areas"])))
    new, old = now["areas"][:, None], before["areas"][None]
    ratio = np.minimum(new, old) / np.maximum(new, old)
    shape = (len(now["areas"]), len(before["areas"]))
    pair = now["grid"].astype(np.int64).reshape(-1) * shape[1] + before["grid"].reshape(-1)
    shared = np.bincount(pair, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float32)
    smaller = np.minimum(shared.sum(1)[:, None], shared.sum(0)[None])
    overlap = shared / np.maximum(smaller, 1) * np.sqrt(ratio)

    offset_y, offset_x = (now["centroids"][:, None, axis] - before["centroids"][None, :, axis] for axis in (0, 1))
    reach = 0.5 * np.sqrt(np.minimum(new, old)) + REACH * np.hypot(*now["size"])
    alike = np.exp(-(offset_y**2 + offset_x**2) / reach**2) * ratio
    for axis in (0, 1):
        size, other = now["extents"][:, None, axis], before["extents"][None, :, axis]
        alike *= np.minimum(size, other) / np.maximum(size, other)
    return np.maximum(overlap, alike)
