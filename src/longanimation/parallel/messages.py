"""What the leader tells its helpers."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import torch

from longanimation.models.dynamic_global_local_memory import ProjectedMemory
from longanimation.parallel.layout import Layout
from longanimation.parallel.team import Team
from longanimation.pipeline.prediction import SegmentConditions
from longanimation.pipeline.segment import SegmentSettings


@dataclass(frozen=True)
class Load:
    """Load the networks of this model folder or preset, and keep them as the leader does."""

    folder: str
    layout: Layout
    dtype: torch.dtype
    placement: Any


@dataclass(frozen=True)
class Split:
    """Split every forward pass over the slices of the layout. uneven: token counts need not be multiples."""

    uneven: bool


@dataclass(frozen=True)
class Window:
    """A window begins. The tensors of `conditions` (here on the meta device) follow, handed round one by one."""

    settings: SegmentSettings
    timesteps: list[int]
    conditions: SegmentConditions
    latents: torch.dtype


@dataclass(frozen=True)
class Step:
    """Predict this step for the latents that follow. Any other message: the window is over."""

    index: int


@dataclass(frozen=True)
class Exit:
    """The run is over."""

    code: int


def shapes_of(conditions: SegmentConditions) -> SegmentConditions:
    """The same with tensors that have a shape and a dtype but no values, and without what helpers do not need."""
    return _each_tensor(replace(conditions, previous_tail=None), lambda value: torch.empty_like(value, device="meta"))


def hand_round_conditions(team: Team, conditions: SegmentConditions) -> SegmentConditions:
    """The leader's conditions on every process's device. On helpers `conditions` is what `shapes_of` gave."""

    def hand(value: torch.Tensor) -> torch.Tensor:
        if team.leads:
            mine = value.to(team.device).contiguous()
        else:
            mine = torch.empty(value.shape, dtype=value.dtype, device=team.device)
        team.hand_round(mine)
        return mine

    return _each_tensor(replace(conditions, previous_tail=None), hand)


def _each_tensor(conditions: SegmentConditions, change) -> SegmentConditions:
    changed = {}
    for entry in fields(conditions):
        value = getattr(conditions, entry.name)
        if isinstance(value, torch.Tensor):
            changed[entry.name] = change(value)
        elif isinstance(value, ProjectedMemory):
            keys, values = tuple(map(change, value.keys)), tuple(map(change, value.values))
            changed[entry.name] = ProjectedMemory(keys, values)
    return replace(conditions, **changed)
