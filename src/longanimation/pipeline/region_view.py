"""What the region matcher is told about the regions of one picture."""

from dataclasses import dataclass

import numpy as np
import torch

from longanimation.cel import sample_points
from longanimation.cel.neighbours import neighbours
from longanimation.cel.region_map import RegionMap
from longanimation.models.correspondence_memory import CorrespondenceMemory
from longanimation.pipeline.framing import Framing
from longanimation.pipeline.precision import encoder_precision

MOST_REGIONS = 512
"""Largest regions of a picture that are looked at together; a drawing of a crowd or a forest may have thousands."""


@dataclass
class RegionView:
    """regions: int64 [N], ids in the picture's `RegionMap`. keys: float32 [P, dim] of points and owner: int64 [P], the
    row (0..N-1) each lies in, sorted. shape: float32 [N, 5] (see `region_matcher`); touch: float32 [N, N]."""

    regions: np.ndarray
    keys: torch.Tensor
    owner: torch.Tensor
    shape: torch.Tensor
    touch: torch.Tensor

    def __len__(self) -> int:
        return len(self.regions)

    def appearance(self, key_dim: int) -> torch.Tensor:
        """float32 [N, key_dim]: mean appearance of each region's points, times 4 (so that it varies by about 1)."""
        total = torch.zeros(len(self), key_dim).index_add_(0, self.owner, self.keys[:, :key_dim])
        return 4 * total / self.points[:, None]

    @property
    def points(self) -> torch.Tensor:
        """float32 [N]: points of each region, at least 1."""
        return torch.bincount(self.owner, minlength=len(self)).clamp(min=1).float()


@dataclass
class RegionLayout:
    """The drawing side of a `RegionView`, before any network looks. look: uint8 [h, w], the drawing as the memory sees
    it; places: float32 [P, 2], where in it the points are, as (y, x) in [0, 1); the rest as of `RegionView`."""

    regions: np.ndarray
    look: np.ndarray
    places: np.ndarray
    owner: np.ndarray
    shape: np.ndarray
    touch: np.ndarray


def lay_out(lines: np.ndarray, region_map: RegionMap, framing: Framing, points: int) -> RegionLayout:
    """lines: uint8 [H, W]; points: most for each region."""
    places, owner = sample_points(region_map, points)
    chosen = np.unique(owner)
    if len(chosen) > MOST_REGIONS:
        order = np.argsort(-region_map.areas[chosen], kind="stable")[:MOST_REGIONS]
        chosen = np.sort(chosen[order])
        kept = np.isin(owner, chosen)
        places, owner = places[kept], owner[kept]
    row = np.full(region_map.count, -1)
    row[chosen] = np.arange(len(chosen))
    return RegionLayout(
        chosen.astype(np.int64),
        framing.look(lines),
        framing.places(places),
        row[owner].astype(np.int64),
        _shape(region_map, chosen, framing),
        _touch(region_map, row, len(chosen)),
    )


def view_regions(
    memory: CorrespondenceMemory, lines: np.ndarray, region_map: RegionMap, framing: Framing, points: int
) -> RegionView:
    """`lay_out`, and the memory's keys at its points."""
    layout = lay_out(lines, region_map, framing, points)
    keys = look_up(memory, layout.look, layout.places)
    owner, shape, touch = (torch.from_numpy(values) for values in (layout.owner, layout.shape, layout.touch))
    return RegionView(layout.regions, keys, owner, shape, touch)


def look_up(memory: CorrespondenceMemory, look: np.ndarray, places: np.ndarray) -> torch.Tensor:
    """The memory's keys float32 [P, dim] at places float32 [P, 2], as (y, x) in [0, 1), of a drawing uint8 [h, w]."""
    with torch.inference_mode(), encoder_precision():
        features = memory.encode(torch.from_numpy(look).float()[None, None] / 255)
        keys = memory.keys_at(features, torch.from_numpy(places)[None])[0]
    return keys.clone()


def match_regions(
    memory: CorrespondenceMemory, target: RegionView, other: RegionView, kind: int, *, evenness: float = 0.5
) -> torch.Tensor:
    """float32 [N, M]: share of the attention of each target region's points that goes to each region of the other
    picture, "nothing like it" taking the rest. evenness: 0 counts all points alike, 1 all regions."""
    asked = memory.ask(target.keys)
    offered = memory.offer(other.keys, torch.full((len(other.keys),), kind))
    logits = asked @ offered.T - evenness * other.points.log()[other.owner]
    doubt = asked @ memory.offer_nothing(torch.tensor(float(len(other)) * 8)).T
    highest = torch.maximum(logits.amax(dim=1, keepdim=True), doubt)
    weights = (logits - highest).exp()
    shares = torch.zeros(len(weights), len(other)).index_add_(1, other.owner, weights)
    shares = shares / (weights.sum(1, keepdim=True) + (doubt - highest).exp())
    return torch.zeros(len(target), len(other)).index_add_(0, target.owner, shares) / target.points[:, None]


def _shape(region_map: RegionMap, chosen: np.ndarray, framing: Framing) -> np.ndarray:
    y0, x0, y1, x1 = framing.box
    half = max(y1 - y0, x1 - x0) / 2
    y, x = (region_map.centroids[chosen] - ((y0 + y1) / 2, (x0 + x1) / 2)).T / half
    boxes = region_map.boxes[chosen]
    height, width = (boxes[:, 2] - boxes[:, 0]) / half, (boxes[:, 3] - boxes[:, 1]) / half
    area = np.maximum(region_map.areas[chosen], 1) / half**2
    values = np.stack([x, y, np.log(area) / 2, np.log(height), np.log(width)], axis=1)
    return values.astype(np.float32)


def _touch(region_map: RegionMap, row: np.ndarray, count: int) -> np.ndarray:
    found = neighbours(region_map)
    pairs = row[found.pairs]
    length = np.where((pairs >= 0).all(1), found.length, 0)
    touch = np.zeros((count, count), np.float32)
    touch[pairs[:, 0], pairs[:, 1]] = length
    touch = touch + touch.T
    return touch / np.maximum(touch.sum(1, keepdims=True), 1)
