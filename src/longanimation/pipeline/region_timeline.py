"""The same region in one drawing after the other: what each of them was read as counts for all of them."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_matrix

from longanimation.models.correspondence_memory import CorrespondenceMemory
from longanimation.models.memory_bank import LOCAL
from longanimation.pipeline.region_view import RegionView, match_regions

STEPS = (1, 2, 4, 8, 16)
"""How many drawings back a region is looked for: it may be hidden in the one before."""

SHARING = 3.0
"""Weight of a region that fits perfectly in another drawing, where a sure reading of the drawing itself has 1. Found,
as the steps, on shots of other seeds than those of the benchmark."""

ROUNDS = 60
"""Enough for what one drawing says to reach all that are held."""


@dataclass
class Reading:
    """One drawing. shares: float32 [N, S, K] of sources and labels; links: for each of STEPS that reaches a drawing,
    (rows of this drawing, rows of that one, weight in [0, 1]) of the regions found in both."""

    view: RegionView
    shares: torch.Tensor
    links: list[tuple[np.ndarray, np.ndarray, np.ndarray]]


class RegionTimeline:
    """The last drawings read, no more than the farthest of STEPS and those not yet settled."""

    def __init__(self, memory: CorrespondenceMemory):
        self.memory = memory
        self.readings: list[Reading] = []

    @torch.inference_mode()
    def add(self, view: RegionView, shares: torch.Tensor) -> None:
        """A drawing in order of time. shares: float32 [N, S, K], as it was read alone."""
        links = [self._link(view, self.readings[-step].view) for step in STEPS if step <= len(self.readings)]
        self.readings.append(Reading(view, shares, links))

    def settle(self, count: int) -> list[torch.Tensor]:
        """Shares [N, S, K] of the last `count` drawings, in agreement with all that are held; older ones are forgotten.

        Each region has the mean of its own reading, weighed by how sure it is, and of those of the regions it is found
        as, weighed by how well they fit (label spreading: Zhou et al., "Learning with local and global consistency").
        """
        start = np.cumsum([0, *(len(reading.view) for reading in self.readings)])
        rows, others, fits = [], [], []
        for now, reading in enumerate(self.readings):
            for step, (row, other, fit) in zip(STEPS, reading.links, strict=False):
                if step > now:
                    break
                rows.append(start[now] + row)
                others.append(start[now - step] + other)
                fits.append(fit)
        own = torch.cat([reading.shares for reading in self.readings]).flatten(1).numpy()
        sure = own.max(1, keepdims=True, initial=0.01)
        agreed = own
        if rows:
            row, other, fit = np.concatenate(rows), np.concatenate(others), SHARING * np.concatenate(fits)
            both = (np.concatenate([fit, fit]), (np.concatenate([row, other]), np.concatenate([other, row])))
            links = csr_matrix(both, shape=(len(own), len(own)), dtype=np.float32)
            total = sure + np.asarray(links.sum(1))
            for _ in range(ROUNDS):
                agreed = (sure * own + links @ agreed) / total
        shape = self.readings[-1].shares.shape[1:]
        settled = [
            torch.from_numpy(agreed[start[now] : start[now + 1]]).unflatten(1, shape)
            for now in range(len(self.readings) - count, len(self.readings))
        ]
        self.readings = self.readings[-max(STEPS) :]
        return settled

    def _link(self, view: RegionView, other: RegionView) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Regions that are each other's best match: rows of both and how well they fit."""
        if not len(view) or not len(other):
            return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32)
        there = match_regions(self.memory, view, other, LOCAL)
        back = match_regions(self.memory, other, view, LOCAL)
        fit = torch.minimum(there, back.T).numpy()
        best = (fit == fit.max(1, keepdims=True)) & (fit == fit.max(0, keepdims=True)) & (fit > 0)
        rows, others = best.nonzero()
        return rows, others, fit[rows, others] ** 2

    def to_tensors(self) -> dict[str, torch.Tensor]:
        """The drawings held, for a checkpoint. Links are found anew."""
        tensors = {}
        for index, reading in enumerate(self.readings):
            tensors |= {
                f"{index}.keys": reading.view.keys,
                f"{index}.owner": reading.view.owner,
                f"{index}.shape": reading.view.shape,
                f"{index}.shares": reading.shares,
            }
        return tensors

    def from_tensors(self, tensors: dict[str, torch.Tensor]) -> None:
        self.readings = []
        while f"{len(self.readings)}.keys" in tensors:
            index = len(self.readings)
            keys, owner, shape, shares = (tensors[f"{index}.{part}"] for part in ("keys", "owner", "shape", "shares"))
            view = RegionView(np.arange(len(shape)), keys, owner, shape, torch.zeros(0, 0))
            self.add(view, shares)
