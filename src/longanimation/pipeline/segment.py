"""Denoising of one window, from latents and embeddings to latents. Pure tensors: no files, no pictures, no text."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

import torch

from longanimation.pipeline.fusion import TAIL_FRAMES, Fusion, color_consistency_fusion
from longanimation.pipeline.noise import NoiseSource
from longanimation.pipeline.prediction import MakePredictor, Prediction, SegmentConditions, SegmentNetworks
from longanimation.pipeline.scheduler import SegmentScheduler


@dataclass(frozen=True)
class SegmentSettings:
    """How a window is denoised. The defaults are the published ones except where a reason is given.

    Attributes:
        steps: denoising steps.
        guidance_scale: weight of the prompt; 1 or less runs the positive half only.
        guidance_stop: share of the steps after which the negative half is dropped. 1 keeps it to the end.
        control_scale, ofs: constants of the published inference.
        fusion: when to blend with the previous window; None never. Published: `Fusion.published()`, which misses the
            blend when there are 31 steps or fewer.
        tail_frames: latent frames that the next window is blended with: a quarter of the frames that both contain.
        aligned_timesteps: step to the next step's time and end clean. Published: off, which leaves noise at the end
            unless `steps` divides 1000.
        float32_latents: keep latents in float32 between steps. Published: off, they are rounded to bfloat16.
        control_ahead: compute all controls before the loop. Same numbers.
        control_steps_per_call: steps of SketchDiT in one call. Same numbers.
        control_store: device that holds controls computed ahead.
    """

    steps: int = 50
    guidance_scale: float = 6.0
    guidance_stop: float = 1.0
    control_scale: float = 0.5
    ofs: float = 2.0
    fusion: Fusion | None = field(default_factory=Fusion)
    tail_frames: int = TAIL_FRAMES
    aligned_timesteps: bool = True
    float32_latents: bool = True
    control_ahead: bool = False
    control_steps_per_call: int = 1
    control_store: str | None = None

    @classmethod
    def published(cls, **changes) -> SegmentSettings:
        """Exactly the published loop."""
        fixed = {"fusion": Fusion.published(), "aligned_timesteps": False, "float32_latents": False}
        return cls(**{**fixed, **changes})

    def guided_steps(self, negative: bool) -> int:
        """Number of steps, from the first, that run both guidance halves."""
        return round(self.steps * self.guidance_stop) if negative and self.guidance_scale > 1 else 0


@dataclass(frozen=True)
class SegmentResult:
    """latents: [B, F, C, h, w], clean, padding frame included. tail: last latent frames after each step that the next
    window will be blended at, by step index."""

    latents: torch.Tensor
    tail: dict[int, torch.Tensor]


@torch.no_grad()
def denoise_segment(
    networks: SegmentNetworks,
    scheduler: SegmentScheduler,
    conditions: SegmentConditions,
    noise: NoiseSource,
    settings: SegmentSettings = SegmentSettings(),  # noqa: B008  (immutable)
    *,
    on_step: Callable[[int, torch.Tensor], None] | None = None,
    predictor: MakePredictor = Prediction,
) -> SegmentResult:
    """Denoise one window (paper figure 3; published inference, section "one segment").

    `on_step(index, latents)` is called after every step, after the fusion. `predictor` runs the networks.
    """
    device, dtype = conditions.image_latents.device, networks.transformer.dtype
    shape = tuple(conditions.image_latents.shape)
    keep = torch.float32 if settings.float32_latents else dtype

    scheduler.set_timesteps(settings.steps)
    timesteps = [int(time) for time in scheduler.timesteps]
    guided_steps = settings.guided_steps(conditions.negative_prompt_embeds is not None)
    latents = noise.initial(shape).to(device, keep) * scheduler.init_noise_sigma
    clean, tail = None, {}
    with closing(predictor(networks, conditions, settings, timesteps)) as window:
        for index in range(len(timesteps)):
            draft, alpha = conditions.draft, float(scheduler.alphas_cumprod[timesteps[index]])
            noisy = latents if draft is None else draft.subtract(latents, alpha)
            prediction = window.predict(index, noisy)
            if index < guided_steps:
                without, with_prompt = prediction.chunk(2)
                prediction = without + settings.guidance_scale * (with_prompt - without)
            if draft is not None:
                prediction = draft.restore(prediction, noisy, alpha)

            aligned = settings.aligned_timesteps
            second_order = scheduler.is_second_order(index, aligned=aligned)
            step_noise = noise.step(index, shape, second_order).to(device, keep)
            latents, clean = scheduler.advance(index, prediction, latents, step_noise, clean, aligned=aligned)
            latents = latents.to(keep)

            level = scheduler.noise_level(index, aligned=aligned)
            if settings.fusion is not None and settings.fusion.active(index, level):
                if conditions.previous_tail is not None:
                    latents = color_consistency_fusion(
                        latents, conditions.previous_tail[index], first_index=settings.fusion.first_index
                    )
                tail[index] = latents[:, -settings.tail_frames :].clone()  # not a view: it would keep the whole window
            if on_step is not None:
                on_step(index, latents)
    return SegmentResult(latents, tail)
