"""Between pictures and latents: the video autoencoder's side of a window."""

from __future__ import annotations

import logging

import torch

logger = logging.getLogger(__name__)


def latent_frames(frames: int, *, temporal_ratio: int = 4, patch_size_t: int = 2) -> tuple[int, int]:
    """Latent frames of a clip of `frames` frames (81 -> 21) and padding frames in front of them (1).

    The transformer takes latent frames in groups of `patch_size_t`. Where a frame is added, it stands in front of the
    clip, holds the reference picture and its lines ("reference slot"), and is dropped before decoding.
    """
    count = (frames - 1) // temporal_ratio + 1
    return count, -count % (patch_size_t or 1)


def spatial_ratio(vae) -> int:
    """Pixels per latent along a side."""
    return getattr(vae, "spatial_ratio", None) or 2 ** (len(vae.config.block_out_channels) - 1)


@torch.no_grad()
def encode(vae, video: torch.Tensor, noise: torch.Tensor | None = None) -> torch.Tensor:
    """Encode video [B, 3, F, H, W] in [-1, 1]; returns latents [B, f, C, H/8, W/8], not scaled.

    The computation runs on the device of `video` (an offloaded autoencoder is brought there by its hook).
    noise: standard normal [B, C, f, h, w]; the posterior is sampled with it. None takes the posterior's mean.
    """
    posterior = vae.encode(video.to(vae.dtype)).latent_dist
    latents = posterior.mean if noise is None else posterior.mean + posterior.std * noise.to(posterior.mean)
    return latents.transpose(1, 2)


def sketch_latents(vae, lines: torch.Tensor, noise: torch.Tensor | None = None) -> torch.Tensor:
    """Line maps [B, 1 or 3, F, H, W] (+1 line, -1 paper) to scaled latents [B, f, C, h, w], as SketchDiT reads them."""
    if lines.shape[1] == 1:
        lines = lines.expand(-1, 3, -1, -1, -1)
    return encode(vae, lines, noise) * vae.config.scaling_factor


def image_latents(vae, image: torch.Tensor, frames: int, noise: torch.Tensor | None = None) -> torch.Tensor:
    """The reference picture [B, 3, H, W] in [-1, 1] at latent frame 0 of `frames`, zeros behind: [B, frames, C, h, w].

    Not scaled where the autoencoder says `invert_scale_latents` (CogVideoX 1.5): stock diffusers multiplies by 1/0.7
    there, the published weights were trained without.
    """
    latents = encode(vae, image.unsqueeze(2), noise)
    if not vae.config.invert_scale_latents:
        latents = latents * vae.config.scaling_factor
    empty = latents.new_zeros(latents.shape[0], frames - 1, *latents.shape[2:])
    return torch.cat([latents, empty], dim=1)


def with_reference_slot(sketches: torch.Tensor, reference_lines: torch.Tensor, frames: int) -> torch.Tensor:
    """Sketch latents [B, f, C, h, w] of a clip, brought to `frames` by one line frame in front, if one is missing."""
    missing = frames - sketches.shape[1]
    if missing not in (0, 1):
        raise ValueError(f"{sketches.shape[1]} sketch latents do not fit {frames} latent frames")
    return torch.cat([reference_lines, sketches], dim=1) if missing else sketches


def decode_with_gradient(vae, latents: torch.Tensor) -> torch.Tensor:
    """Decode latents [B, f, C, h, w] (no padding frame) to video [B, 3, F, H, W], about [-1, 1], not clamped."""
    return vae.decode((latents.transpose(1, 2) / vae.config.scaling_factor).to(vae.dtype)).sample


@torch.no_grad()
def decode(vae, latents: torch.Tensor, *, padding_frames: int = 0) -> torch.Tensor:
    """Decode latents [B, padding + f, C, h, w] to video [B, 3, F, H, W], about [-1, 1], not clamped.

    Runs on the device of the latents. If the memory does not suffice, decodes once more in tiles (colours at tile
    borders may differ slightly).
    """
    latents = latents[:, padding_frames:]
    try:
        return decode_with_gradient(vae, latents)
    except torch.OutOfMemoryError:
        if vae.use_tiling:
            raise
        logger.warning("not enough memory to decode in one piece: decoding in tiles")
    if latents.is_cuda:
        torch.cuda.empty_cache()
    vae.enable_tiling()
    try:
        return decode_with_gradient(vae, latents)
    finally:
        vae.disable_tiling()


def to_frames(video: torch.Tensor) -> torch.Tensor:
    """Decoder output [B, 3, F, H, W] to uint8 frames [B, F, H, W, 3], clamped and rounded."""
    frames = (video.float() / 2 + 0.5).clamp(0, 1) * 255
    return frames.round().to(torch.uint8).permute(0, 2, 3, 4, 1)
