"""Evidence at points -> one label per region."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from longanimation.errors import InputError

from .neighbours import Neighbours, neighbours
from .region_map import RegionMap

DOUBT = 0.5  # evidence, in points, that is spread over all labels before a region is asked


@dataclass(frozen=True)
class Decision:
    """labels: int32 [count]; confidence: float32 [count] in [0, 1], 0 where the label was taken from a neighbour."""

    labels: np.ndarray
    confidence: np.ndarray


def vote(
    region_map: RegionMap, points: np.ndarray, label_probabilities: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Sum the evidence of the points of each region. Votes of several sources may simply be added.

    points: int [P, 2] (y, x); label_probabilities: float [P, K]; weights: float [P], for instance the confidence of
    each point -> float32 [count, K]. Raises InputError where the sizes differ or a point lies outside the picture.
    """
    points, label_probabilities = np.asarray(points), np.asarray(label_probabilities, np.float32)
    if points.shape != (len(label_probabilities), 2) or label_probabilities.ndim != 2:
        raise InputError(
            f"vote needs points [P, 2] and probabilities [P, K], got {points.shape}, {label_probabilities.shape}"
        )
    if len(points) and ((points < 0).any() or (points >= region_map.shape).any()):
        raise InputError(f"a point lies outside the {region_map.shape[0]}x{region_map.shape[1]} picture")
    weights = np.ones(len(points), np.float32) if weights is None else np.asarray(weights, np.float32)
    region = region_map.ids[points[:, 0], points[:, 1]]
    shape = (region_map.count, len(points))
    return csr_matrix((weights, (region, np.arange(len(points)))), shape=shape) @ label_probabilities


def log_share(votes: np.ndarray) -> np.ndarray:
    """votes: float [count, K] -> float32 [count, K]: log of each label's share, softened by DOUBT, so that a region
    with little evidence says little."""
    labels = votes.shape[1]
    return np.log((votes + DOUBT / labels) / (votes.sum(1, keepdims=True) + DOUBT)).astype(np.float32)


def decide(
    votes: np.ndarray, region_map: RegionMap, *, prior: np.ndarray | None = None, touch: Neighbours | None = None
) -> Decision:
    """One label per region: the largest share of votes, with a prior (float [count, K], log-odds) added to its log.

    A region without evidence takes the label of the decided neighbour it is most open to, else of the one with the
    longest common border. touch: the map's `neighbours`, if the caller has them already. Without any evidence at all
    every label is 0.
    """
    if votes.ndim != 2 or len(votes) != region_map.count or votes.shape[1] == 0:
        raise InputError(f"votes must be [{region_map.count}, labels] for this drawing, got {list(votes.shape)}")
    score = log_share(votes)
    decided = votes.sum(1) > 0
    if prior is not None:
        score = score + prior
        decided |= np.ptp(prior, axis=1) > 0
    labels = np.where(decided, score.argmax(1), 0).astype(np.int32)
    share = np.exp(score - score.max(1, keepdims=True))
    confidence = np.where(decided, 1 / share.sum(1), 0).astype(np.float32)
    if decided.any() and not decided.all():
        inherit(labels, decided, touch or neighbours(region_map))
    return Decision(labels, confidence)


def inherit(labels: np.ndarray, decided: np.ndarray, touch: Neighbours) -> None:
    """Spread labels in place from decided regions to their undecided neighbours, strongest border first."""
    decided = decided.copy()
    while not decided.all():
        source = touch.strongest(len(labels), among=decided)
        reached = ~decided & (source >= 0)
        if not reached.any():
            return
        labels[reached] = labels[source[reached]]
        decided |= reached
