"""The leading process: it runs the shot, and shares the networks' part of every step with its helpers."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from longanimation.errors import InputError
from longanimation.parallel.layout import Layout, choose_layout
from longanimation.parallel.messages import Load, Split, Step, Window, hand_round_conditions, shapes_of
from longanimation.parallel.part import exchange, lengths_of, own_part, split_networks
from longanimation.parallel.team import Team
from longanimation.pipeline.prediction import SegmentConditions, SegmentNetworks
from longanimation.pipeline.segment import SegmentSettings

if TYPE_CHECKING:
    from longanimation.pipeline.pipeline import LongAnimationPipeline


def share_pipeline(team: Team, pipeline: LongAnimationPipeline, folder: str | Path, mode: str = "auto") -> Layout:
    """Let the helpers of `team`, who are in `help_the_leader`, take part in every window of `pipeline`.

    folder: where the pipeline came from, or the name of its preset; helpers load the same. mode: of `choose_layout`.
    Only denoising is shared: helpers hold the transformer, SketchDiT and the memory module, nothing else.
    Raises InputError.
    """
    loop, heads = pipeline.settings.denoising, pipeline.transformer.config.num_attention_heads
    layout = choose_layout(mode, team.size, guided=loop.guided_steps(True) > 0, heads=heads)
    if layout.slices > 1:
        _require_splittable(pipeline)
    placement = pipeline.residence.placement if pipeline.residence is not None else None
    team.tell(Load(str(folder), layout, pipeline.transformer.dtype, placement))
    pipeline.predictor = partial(SharedPrediction, Sharing(team, layout))
    return layout


class Sharing:
    """What the windows of a shot share: the team, who does what, and whether the networks are split yet."""

    def __init__(self, team: Team, layout: Layout):
        self.team, self.layout = team, layout
        self._uneven: bool | None = None

    def split(self, networks: SegmentNetworks, conditions: SegmentConditions) -> None:
        """Split the networks over the slices, once, in the way that the first window needs."""
        slices = self.layout.slices
        if slices == 1:
            return
        uneven = any(length % slices for length in lengths_of(networks, conditions))
        if uneven and self.team.device.type == "cpu":
            raise InputError(f"gloo cannot cut this window into {slices} equal slices; use another --size or no slices")
        if self._uneven is None:
            self._uneven = uneven
            with self.team.together():
                self.team.tell(Split(uneven))
                split_networks(networks, self.layout, uneven=uneven)
        elif uneven and not self._uneven:
            raise InputError("this window cannot be cut into slices as the first one was; begin a new process for it")


class SharedPrediction:
    """The `Predictor` of the leading process, for one window."""

    def __init__(
        self,
        sharing: Sharing,
        networks: SegmentNetworks,
        conditions: SegmentConditions,
        settings: SegmentSettings,
        timesteps: list[int],
    ):
        self._team, self._layout = sharing.team, sharing.layout
        self._guided_steps = settings.guided_steps(conditions.negative_prompt_embeds is not None)
        sharing.split(networks, conditions)
        self._kept = torch.float32 if settings.float32_latents else networks.transformer.dtype
        with self._team.together():
            self._team.tell(Window(settings, timesteps, shapes_of(conditions), self._kept))
            conditions = hand_round_conditions(self._team, conditions)
            self._own = own_part(self._layout, 0, networks, conditions, settings, timesteps)

    def predict(self, index: int, latents: torch.Tensor) -> torch.Tensor:
        guided = index < self._guided_steps
        if self._layout.slices == 1 and not guided:
            return self._own.predict(index, latents)
        with self._team.together():
            self._team.tell(Step(index))
            latents = latents.to(self._kept).contiguous()
            self._team.hand_round(latents)
            mine = self._own.predict(index, latents)
            if self._layout.guidance == 1 or not guided:
                return mine
            return torch.cat([exchange(self._team, self._layout, mine), mine])

    def close(self) -> None:
        pass  # helpers know by the next message


def _require_splittable(pipeline: LongAnimationPipeline) -> None:
    if pipeline.transformer._cp_plan is None:
        raise InputError("cutting a window into slices needs diffusers 0.36 or newer: pip install -U diffusers")
    if getattr(pipeline.transformer, "is_cache_enabled", False):
        raise InputError("a step cache and slices of a window exclude each other; use --parallel guidance")
