"""What the correspondence memory has copied, as the diffusion networks of the mini model see it.

Two uses. A hint: copied colours as latents, and how sure they are, are further input channels of SketchDiT. And a point
to start from: the networks are asked only for what the clip has beyond its draft. With cumulated alpha a and draft d,
z = x - sqrt(a) d is a noisy difference between clip and draft, and the v-prediction of x is made of

    v(x) = c(a) F(z) + k(a) z - sqrt(1 - a) d,    k(a) = sqrt(a (1 - a)) (1 - s) / (a s + 1 - a),
                                                  c(a) = sqrt(s / (a s + 1 - a))

where k(a) z is the best guess for a difference of variance s that nothing else is known about, and c(a) the deviation
of what remains (a preconditioning as in Karras et al. 2022). s is small where the draft is sure. A network that says
nothing gives about the draft, no weight has to learn to copy it, and an error of the network changes a sure draft
little.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from longanimation.pipeline.latents import encode

_UNSURE, _SURE, _SHARP = 1.3, 0.1, 12
"""Variance of the difference between clip and draft, in latents of the mini model, where the draft is not at all and
where it is altogether sure (measured on drawn shots: 1.3 below 0.5, 0.5 at 0.93, 0.2 at 0.985, 0.1 above 0.995)."""


@dataclass(frozen=True)
class Draft:
    """Drafts of a batch of clips, reference slot included. latents: [B, F, C, h, w], scaled as the clip's own latents;
    sure: [B, F, 1, h, w] in [0, 1]."""

    latents: torch.Tensor
    sure: torch.Tensor

    @property
    def hint(self) -> torch.Tensor:
        """What SketchDiT gets beside lines and reference: [B, F, C + 1, h, w]."""
        return torch.cat([self.latents, self.sure], dim=2)

    def subtract(self, noisy: torch.Tensor, alpha: torch.Tensor | float) -> torch.Tensor:
        """Noisy latents of the clip -> those of what it has beyond the draft. alpha: cumulated; number or [B, 1...]."""
        return noisy - alpha**0.5 * self.latents

    def restore(self, output: torch.Tensor, noisy: torch.Tensor, alpha: torch.Tensor | float) -> torch.Tensor:
        """What the networks say to `noisy` (of `subtract`) -> v-prediction of the clip."""
        spread = _UNSURE - (_UNSURE - _SURE) * self.sure**_SHARP
        total = alpha * spread + 1 - alpha
        known = (alpha * (1 - alpha)) ** 0.5 * (1 - spread) / total
        return (spread / total) ** 0.5 * output + known * noisy - (1 - alpha) ** 0.5 * self.latents


@torch.no_grad()
def make_draft(vae, frames: torch.Tensor, sure: torch.Tensor, slot: torch.Tensor | None) -> Draft:
    """Encode drafts.

    frames: [B, 3, F, H, W] in [-1, 1]; sure: [B, F, H, W] in [0, 1]; slot: latents [B, 1, C, h, w] of the reference
    picture where a reference slot stands in front, where the draft is the picture itself.
    """
    latents = encode(vae, frames).float() * vae.config.scaling_factor
    height, width = latents.shape[-2:]
    small = F.adaptive_avg_pool2d(sure.float(), (height, width))
    batch, count, *_ = latents.shape
    first, rest = small[:, :1], small[:, 1:].unflatten(1, (count - 1, -1)).mean(dim=2) if count > 1 else small[:, :0]
    known = torch.cat([first, rest], dim=1)[:, :, None]
    if slot is not None:
        latents = torch.cat([slot.to(latents), latents], dim=1)
        known = torch.cat([known.new_ones(batch, 1, 1, height, width), known], dim=1)
    return Draft(latents, known.to(latents))
