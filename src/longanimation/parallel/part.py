"""The part of a window that one process computes."""

from __future__ import annotations

from dataclasses import replace

import torch

from longanimation.models.context_parallel import split_over_processes
from longanimation.parallel.layout import Layout
from longanimation.parallel.team import Team
from longanimation.pipeline.prediction import Prediction, SegmentConditions, SegmentNetworks
from longanimation.pipeline.segment import SegmentSettings


def own_part(
    layout: Layout,
    rank: int,
    networks: SegmentNetworks,
    conditions: SegmentConditions,
    settings: SegmentSettings,
    timesteps: list[int],
) -> Prediction:
    """The predictor of a rank: both halves, the positive one, or the negative one of the guided steps."""
    negative = conditions.negative_prompt_embeds
    if layout.guidance == 2 and negative is not None:
        if layout.computes_negative_half(rank):
            conditions = replace(conditions, prompt_embeds=negative)
            timesteps = timesteps[: settings.guided_steps(True)]
        conditions = replace(conditions, negative_prompt_embeds=None)
    return Prediction(networks, conditions, settings, timesteps)


def exchange(team: Team, layout: Layout, mine: torch.Tensor) -> torch.Tensor:
    """The negative half, from the group that computed it. mine: this rank's half, float32."""
    half = mine.contiguous() if team.rank == layout.slices else torch.empty_like(mine.contiguous())
    team.hand_round(half, source=layout.slices)
    return half


def split_networks(networks: SegmentNetworks, layout: Layout, *, uneven: bool) -> None:
    """Split the forward passes of all networks over the slices of the layout; all processes call it."""
    models = [networks.transformer, networks.sketch_dit, networks.memory]
    split_over_processes(
        *(model for model in models if model is not None), degree=layout.slices, groups=layout.guidance, uneven=uneven
    )


def lengths_of(networks: SegmentNetworks, conditions: SegmentConditions) -> tuple[int, int]:
    """Numbers of vision and text tokens of a window."""
    config = networks.transformer.config
    _, frames, _, height, width = conditions.image_latents.shape
    vision = frames // (config.patch_size_t or 1) * (height // config.patch_size) * (width // config.patch_size)
    return vision, conditions.prompt_embeds.shape[1]
