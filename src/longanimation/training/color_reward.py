"""Colour Consistency Reward: do the colours of a clip look like the truth's to a long-video model?"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch


def color_consistency_loss(
    predicted: torch.Tensor,
    truth: torch.Tensor,
    features: Callable[[torch.Tensor], torch.Tensor],
    *,
    color_terms: int = 6,
    time_terms: int = 2,
) -> torch.Tensor:
    """How far the predicted clip's colours are from the truth's; 0 where they are equal (paper section 3.4).

    The long-video model never sees the predicted clip itself but the true clip wearing its low-frequency colours:
    `truth + low_frequencies(predicted - truth)`. Lines, texture and fast motion are the truth's in both clips, so the
    loss cannot reward or punish them, and its gradient is a low-frequency change of colour by construction.

    Args:
        predicted, truth: float [B, 3, F, H, W] in [0, 1].
        features: float frames [B, F, 3, H, W] in [0, 1] to memory [B, 2, layers, N, kv], as `VideoXLMemory`.
        color_terms, time_terms: see `low_frequencies`.

    Returns:
        Scalar: squared distance of the features over the spread of the truth's, averaged over keys, values, layers.
    """
    with torch.no_grad():
        wanted = features(truth.transpose(1, 2)).float()
        spread = ((wanted - wanted.mean(dim=-2, keepdim=True)) ** 2).mean(dim=(-2, -1))
    worn = truth + low_frequencies(predicted - truth, color_terms, time_terms)
    found = features(worn.transpose(1, 2)).float()
    distance = ((found - wanted) ** 2).mean(dim=(-2, -1))
    return (distance / spread.clamp(min=1e-8)).mean()


def low_frequencies(video: torch.Tensor, color_terms: int, time_terms: int) -> torch.Tensor:
    """The slow part of video [B, 3, F, H, W]: the first cosine terms (mirrored edges, no wrap-around).

    color_terms: along the shorter side; along the longer one in proportion. time_terms: along time; 1 is the mean.
    A projection: applied twice it changes nothing more, and it is its own gradient.
    """
    frames, height, width = video.shape[-3:]
    shorter = min(height, width)
    video = video.float()
    video = torch.einsum("fg,bcghw->bcfhw", _projection(frames, time_terms, video), video)
    video = torch.einsum("hk,bcfkw->bcfhw", _projection(height, round(color_terms * height / shorter), video), video)
    return video @ _projection(width, round(color_terms * width / shorter), video)


def _projection(length: int, terms: int, like: torch.Tensor) -> torch.Tensor:
    """Symmetric [length, length]: keeps the first `terms` of the discrete cosine transform."""
    places = (torch.arange(length, device=like.device, dtype=torch.float32) + 0.5) * (math.pi / length)
    orders = torch.arange(min(max(1, terms), length), device=like.device, dtype=torch.float32)
    waves = torch.cos(torch.outer(orders, places))
    waves = waves / waves.norm(dim=1, keepdim=True)
    return waves.t() @ waves
