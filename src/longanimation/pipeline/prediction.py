"""The networks' part of the denoising loop: what they predict at each step, before guidance joins the halves."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch

from longanimation.models.dynamic_global_local_memory import DynamicGlobalLocalMemory, ProjectedMemory
from longanimation.models.rotary import rotary_tables
from longanimation.pipeline.control import ControlSource, control_function
from longanimation.pipeline.draft import Draft

if TYPE_CHECKING:
    from longanimation.pipeline.segment import SegmentSettings


@dataclass(frozen=True)
class SegmentNetworks:
    """The networks of the loop. `memory` may be missing; `sketch_dit` is any callable with SketchDiT's arguments."""

    transformer: torch.nn.Module
    sketch_dit: Callable[..., torch.Tensor]
    memory: DynamicGlobalLocalMemory | None = None


@dataclass(frozen=True)
class SegmentConditions:
    """What a window is made from. F counts latent frames, padding frame included; all on the device of the networks.

    Attributes:
        prompt_embeds: [B, L, E].
        negative_prompt_embeds: [B, L, E], or None for no guidance.
        sketch_latents: [B, F, C, h, w], see `latents.sketch_latents`.
        image_latents: [B, F, C, h, w], see `latents.image_latents`.
        projected_memory: of `DynamicGlobalLocalMemory.project_memory`; None in the first window.
        previous_tail: latents [B, n, C, h, w] of the previous window by step index (`SegmentResult.tail`).
        draft: what the correspondence memory has copied, for models that were trained with it (`pipeline.draft`).
    """

    prompt_embeds: torch.Tensor
    negative_prompt_embeds: torch.Tensor | None
    sketch_latents: torch.Tensor
    image_latents: torch.Tensor
    projected_memory: ProjectedMemory | None = None
    previous_tail: dict[int, torch.Tensor] | None = None
    draft: Draft | None = None


class Predictor(Protocol):
    """Predicts the steps of one window; made anew for every window."""

    def predict(self, index: int, latents: torch.Tensor) -> torch.Tensor:
        """v-prediction of step `index` for latents [B, F, C, h, w]: float32 [halves * B, F, C, h, w], negative first.

        There are two halves in the first `SegmentSettings.guided_steps` steps, one afterwards.
        """

    def close(self) -> None:
        """The window is finished or given up."""


MakePredictor = Callable[[SegmentNetworks, SegmentConditions, "SegmentSettings", list[int]], Predictor]
"""Networks, conditions, settings and the time step of every step -> the predictor of a window."""


class Prediction:
    """The `Predictor` of one process: all halves of a step in one batch."""

    def __init__(
        self,
        networks: SegmentNetworks,
        conditions: SegmentConditions,
        settings: SegmentSettings,
        timesteps: list[int],
    ):
        transformer = networks.transformer
        self._transformer, self._settings, self._timesteps = transformer, settings, timesteps
        self._device, dtype = conditions.image_latents.device, transformer.dtype
        self._batch, frames, _, height, width = conditions.image_latents.shape
        negative = conditions.negative_prompt_embeds
        guided_steps = settings.guided_steps(negative is not None)
        self._halves = [2 if index < guided_steps else 1 for index in range(len(timesteps))]
        self._prompts = conditions.prompt_embeds.to(dtype)
        if guided_steps:
            self._prompts = torch.cat([negative.to(dtype), self._prompts])  # negative half first
        self._tables = rotary_tables(
            frames,
            height,
            width,
            transformer.config.attention_head_dim,
            patch_size=transformer.config.patch_size,
            patch_size_t=transformer.config.patch_size_t or 1,
            device=self._device,
        )
        self._image_latents = conditions.image_latents.to(dtype)
        sources = [conditions.sketch_latents.to(dtype), self._image_latents]
        if conditions.draft is not None:
            sources.append(conditions.draft.hint.to(dtype))
        self._controls = ControlSource(
            control_function(
                networks.sketch_dit,
                networks.memory,
                conditions.projected_memory,
                latents=torch.cat(sources, dim=2),
                prompts=self._prompts,
                ofs=settings.ofs,
                image_rotary_emb=self._tables,
            ),
            timesteps,
            self._halves,
            steps_per_call=settings.control_steps_per_call,
            ahead=settings.control_ahead,
            store=settings.control_store,
        )
        if getattr(transformer, "is_cache_enabled", False):
            transformer._reset_stateful_cache()  # what the previous window left behind is of no use

    @torch.no_grad()
    def predict(self, index: int, latents: torch.Tensor) -> torch.Tensor:
        transformer, count = self._transformer, self._halves[index]
        noisy = latents.to(self._image_latents.dtype)
        with _step_cache(transformer, count):
            return transformer(
                hidden_states=torch.cat([noisy, self._image_latents], dim=2).repeat(count, 1, 1, 1, 1),
                encoder_hidden_states=self._prompts[-count * self._batch :],
                timestep=torch.full((count * self._batch,), self._timesteps[index], device=self._device),
                ofs=self._settings.ofs,
                image_rotary_emb=self._tables,
                control=self._controls.take(index).to(self._device),
                control_scale=self._settings.control_scale,
                return_dict=False,
            )[0].float()

    def close(self) -> None:
        pass


def _step_cache(transformer, halves: int):
    """Where diffusers' step caches keep what they saw; guided and unguided steps have different batches."""
    if getattr(transformer, "is_cache_enabled", False):
        return transformer.cache_context(f"{halves} halves")
    return nullcontext()
