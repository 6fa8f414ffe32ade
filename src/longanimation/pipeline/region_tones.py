"""Light and shade: regions with a coloured trace line between them are mostly one part in two tones."""

import cv2
import numpy as np
import torch

from longanimation.cel.neighbours import combine, pixel_edges
from longanimation.cel.region_map import RegionMap

BELIEF = 2.0
"""How many times likelier two tones of one colour are on the two sides of a trace than two colours that are no tones;
half of that gain if they are the same. Found, as all numbers here, on shots of other seeds than the benchmark's."""

ROUNDS = 10
DAMPING = 0.5

_TRACED = 0.9  # share of a border that is trace line, at least
_SHORTEST = 6  # pixel edges of it
_TOUCHING = 0.03  # share of the border of one of two regions in a reference, at least
_CHROMA = 0.3  # most that the chroma of two tones differs, 1 being a pure colour
_DARKER = (0.04, 0.45)  # by how much their values (HSV) or their luma differ, whichever differs more


def traced_borders(region_map: RegionMap, traces: np.ndarray, regions: np.ndarray) -> torch.Tensor:
    """Regions that a trace line alone separates. traces: bool [H, W]; regions: int64 [N], ids of those looked at.

    Returns their rows in `regions`, int64 [E, 2], each pair once.
    """
    if not traces.any():
        return torch.zeros(0, 2, dtype=torch.int64)
    edges, _, at = pixel_edges(region_map.ids, region_map.inside)
    near = cv2.dilate(traces.astype(np.uint8), np.ones((3, 3), np.uint8)).reshape(-1)
    pairs, length, traced = combine(edges, np.ones(len(edges), np.int64), near[at])
    row = np.full(region_map.count, -1)
    row[regions] = np.arange(len(regions))
    rows = row[pairs]
    chosen = (rows >= 0).all(1) & (traced >= _TRACED * length) & (traced >= _SHORTEST)
    return torch.from_numpy(rows[chosen])


def are_tones(colors: np.ndarray) -> torch.Tensor:
    """bool [K, K]: whether two colours, uint8 [K, 3], may be the same paint in light and in shade."""
    hue, saturation, value = cv2.cvtColor(colors[None].astype(np.float32) / 255, cv2.COLOR_RGB2HSV)[0].T
    angle = np.deg2rad(hue)
    chroma = saturation * np.stack([np.cos(angle), np.sin(angle)])
    distance = np.linalg.norm(chroma[:, :, None] - chroma[:, None], axis=0)
    distance *= np.minimum(1, 2 * np.maximum(value[:, None], value))  # near black all hues are alike
    luma = colors @ np.array([0.299, 0.587, 0.114]) / 255
    darker = np.maximum(np.abs(value[:, None] - value), np.abs(luma[:, None] - luma))
    return torch.from_numpy((distance < _CHROMA) & (darker > _DARKER[0]) & (darker < _DARKER[1]))


def touching_labels(labels: torch.Tensor, touch: torch.Tensor) -> torch.Tensor:
    """bool [K, K]: labels found side by side in a picture. labels: float [N, K], shares; touch: float [N, N]."""
    shown = torch.nn.functional.one_hot(labels.argmax(1), labels.shape[1]).float()
    found = shown.T @ (touch > _TOUCHING).float() @ shown > 0
    return found | found.T


def agree_on_tones(shares: torch.Tensor, traced: torch.Tensor, tones: torch.Tensor) -> torch.Tensor:
    """Regions on the two sides of a trace agree on two tones of one colour (belief propagation).

    shares: float [N, S, K] of sources and labels, each region sums to 1; traced: int64 [E, 2], rows; tones: bool
    [K, K], symmetric. Returns shares of the same shape.
    """
    if not len(traced) or not tones.any():
        return shares
    labels = shares.shape[2]
    fits = 1 + (BELIEF - 1) * torch.maximum(tones.float(), torch.eye(labels) / 2)
    sender, hearer = torch.cat([traced, traced.flip(1)]).T
    answer = torch.arange(len(sender)).roll(len(traced))  # the message the other way
    own = shares.sum(1)
    evidence = own.clamp(min=1e-4).log()
    told = torch.full((len(sender), labels), 1 / labels)
    for _ in range(ROUNDS):
        heard = evidence.index_add(0, hearer, told.log())
        said = (heard[sender] - told[answer].log()).softmax(1) @ fits
        told = DAMPING * told + (1 - DAMPING) * said / said.sum(1, keepdim=True)
    agreed = evidence.index_add(0, hearer, told.log()).softmax(1)
    shares = shares * (agreed / own.clamp(min=1e-4))[:, None]
    return shares / shares.sum((1, 2), keepdim=True).clamp(min=1e-6)
