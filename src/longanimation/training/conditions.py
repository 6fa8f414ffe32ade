"""A batch of clips as the diffusion networks see it, with the conventions of the pipeline."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from longanimation.models.rotary import rotary_tables
from longanimation.pipeline.draft import Draft, make_draft
from longanimation.pipeline.latents import (
    encode,
    image_latents,
    latent_frames,
    sketch_latents,
    spatial_ratio,
    with_reference_slot,
)
from longanimation.pipeline.pictures import binary_lines
from longanimation.pipeline.settings import WindowSettings
from longanimation.training.stage import Batch, clip_noise, to_video

_PICTURE, _PICTURE_AMOUNT, _VIDEO, _SLOT = 21, 22, 23, 24


@dataclass(frozen=True)
class Conditions:
    """clean, sketch, image: latents [B, F, C, h, w], the first `padding` of F are the reference slot; prompts:
    [B, L, E]; indices: of the clips; draft: where the clips have one."""

    clean: torch.Tensor
    sketch: torch.Tensor
    image: torch.Tensor
    prompts: torch.Tensor
    tables: tuple[torch.Tensor, torch.Tensor]
    indices: torch.Tensor
    padding: int
    draft: Draft | None = None

    @property
    def hints(self) -> tuple[torch.Tensor, ...]:
        """Further input of SketchDiT."""
        return () if self.draft is None else (self.draft.hint,)


def tokenize(tokenizer, texts: list[str], length: int) -> torch.Tensor:
    """Token ids int64 [B, length] as `LongAnimationPipeline.encode_prompt` makes them."""
    options = {"padding": "max_length", "max_length": length, "truncation": True, "return_tensors": "pt"}
    return tokenizer(list(texts), add_special_tokens=True, **options).input_ids


def prompt_texts(settings: WindowSettings, prompts: list[str]) -> list[str]:
    """Prompts as inference writes them; a dropped one stays empty, as the negative prompt is."""
    return [settings.prompt_for(0, prompt, 0) if prompt else "" for prompt in prompts]


@torch.no_grad()
def make_conditions(
    batch: Batch,
    vae,
    transformer_config,
    settings: WindowSettings,
    prompts: torch.Tensor,
    *,
    seed: int,
    image_noise: bool,
) -> Conditions:
    """Encode a batch. The clip in front of which the reference slot stands has 8k + 1 frames.

    The slot's clean latents are the reference picture's: that is what the slot shows (and it is dropped at the end).
    """
    indices = batch["index"]
    video, picture = to_video(batch["colour"]), to_video(batch["reference"][:, None])[:, :, 0]
    patch_t = transformer_config.patch_size_t or 1
    count, padding = latent_frames(video.shape[2], patch_size_t=patch_t)
    ratio = spatial_ratio(vae)
    one = (vae.config.latent_channels, 1, video.shape[3] // ratio, video.shape[4] // ratio)

    def noise(stream: int, frames: int = 1) -> torch.Tensor:
        return clip_noise(seed, indices, stream, (one[0], frames, *one[2:])).to(video.device)

    clean = encode(vae, video, noise(_VIDEO, count)) * vae.config.scaling_factor
    slot = encode(vae, picture.unsqueeze(2), noise(_SLOT)) * vae.config.scaling_factor
    shown = picture
    if image_noise:  # CogVideoX's training: log-normal strength, median 0.05
        amount = (clip_noise(seed, indices, _PICTURE_AMOUNT, (1, 1, 1)) * 0.5 - 3.0).exp().to(picture.device)
        shown = picture + amount * clip_noise(seed, indices, _PICTURE_AMOUNT + 100, tuple(picture.shape[1:])).to(
            picture
        )
    threshold = settings.line_threshold
    drawings = binary_lines(batch["lines"].float() / 255, threshold)[:, None]
    beside = binary_lines(batch["reference_lines"].float() / 255, threshold)[:, None, None]
    sketches = with_reference_slot(sketch_latents(vae, drawings), sketch_latents(vae, beside), count + padding)
    tables = rotary_tables(
        count + padding,
        one[2],
        one[3],
        transformer_config.attention_head_dim,
        patch_size=transformer_config.patch_size,
        patch_size_t=patch_t,
        device=video.device,
    )
    image = image_latents(vae, shown, count + padding, noise(_PICTURE))
    clean = torch.cat([slot, clean], dim=1) if padding else clean
    draft = None
    if "draft" in batch:
        draft = make_draft(vae, to_video(batch["draft"]), batch["sure"].float() / 255, slot if padding else None)
    return Conditions(clean.float(), sketches.float(), image.float(), prompts, tables, indices, padding, draft)
