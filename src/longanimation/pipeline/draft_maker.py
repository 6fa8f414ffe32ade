"""Drafts of a shot's windows: the correspondence memory goes along with the diffusion networks."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from longanimation.lines.drawing import LineDrawing
from longanimation.models.correspondence_memory import CorrespondenceMemory
from longanimation.pipeline.canvas import Canvas
from longanimation.pipeline.correspondence import CorrespondenceSettings, CorrespondenceState, CorrespondenceWindow
from longanimation.shot.plan import Segment
from longanimation.shot.window import Reference

Drafted = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Colours uint8 [height, width, 3] and how sure they are uint8 [height, width], both at the working size; and the
colours at the shot's size, uint8 [H, W, 3]."""


_STORED = ("colours", "sure", "large")

_FOLLOWED = 253
"""How sure the drafts are that continue a window's result: as where the memory knows the very thing."""


@dataclass
class DraftState:
    """memory: of the correspondence memory. kept: drafts of frames that the next window shows again, by frame."""

    memory: CorrespondenceState
    kept: dict[int, Drafted] = field(default_factory=dict)


class DraftMaker:
    """Colours every frame once, in order, and keeps what neighbouring windows share."""

    def __init__(self, memory: CorrespondenceMemory, side: int):
        self._window = CorrespondenceWindow(memory, CorrespondenceSettings(finish="none", soft_side=side))

    def begin(self, references: list[Reference], canvas: Canvas) -> DraftState:
        self._canvas = canvas
        return DraftState(self._window.begin(references, size=canvas.shot))

    def make(
        self, drawings: list[LineDrawing], state: DraftState, segment: Segment, overlap: int
    ) -> tuple[Drafted, DraftState]:
        """The drafts of a window, each part stacked [F, ...], and the state after them."""
        found = dict(state.kept)
        for frame, drawing in zip(segment.indices, drawings, strict=True):
            if frame not in found:
                colours, sure = self._window.draft([drawing], state.memory)[0]
                found[frame] = self._canvas.colours([colours])[0], self._canvas.colours([sure])[0], colours
        drafted = tuple(np.stack(part) for part in zip(*(found[frame] for frame in segment.indices), strict=True))
        last = segment.indices[len(segment.indices) - overlap :]
        return drafted, DraftState(state.memory, {frame: found[frame] for frame in last})

    def follow(
        self, state: DraftState, drawings: list[LineDrawing], pictures: list[np.ndarray], segment: Segment
    ) -> DraftState:
        """Go on from what the networks made of the window's drafts: the next window's drafts carry it along.

        pictures: of the window's frames, uint8 [H, W, 3] of the shot's size.
        """
        known = np.full(drawings[-1].lines.shape, _FOLLOWED, np.uint8)
        carried = state.memory.carried
        carried.start(drawings[-1].lines, pictures[-1], known, carried.ground)
        made = dict(zip(segment.indices, pictures, strict=True))
        small, sure = self._canvas.colours, self._canvas.colours([known])[0]
        kept = {frame: (small([made[frame]])[0], sure, made[frame]) for frame in state.kept}
        return DraftState(state.memory, kept)

    def to_tensors(self, state: DraftState) -> dict[str, torch.Tensor]:
        """For a checkpoint."""
        tensors = {f"draft.{name}": value for name, value in self._window.state_to_tensors(state.memory).items()}
        if state.kept:
            tensors["drafted.frames"] = torch.tensor(list(state.kept))
            for place, name in enumerate(_STORED):
                tensors[f"drafted.{name}"] = torch.from_numpy(np.stack([draft[place] for draft in state.kept.values()]))
        return tensors

    def from_tensors(self, tensors: dict[str, torch.Tensor]) -> DraftState:
        memory = {name.removeprefix("draft."): value for name, value in tensors.items() if name.startswith("draft.")}
        state = DraftState(self._window.state_from_tensors(memory))
        if "drafted.frames" in tensors:
            drafts = zip(*(tensors[f"drafted.{name}"].numpy() for name in _STORED), strict=True)
            state.kept = dict(zip(tensors["drafted.frames"].tolist(), drafts, strict=True))
        return state
