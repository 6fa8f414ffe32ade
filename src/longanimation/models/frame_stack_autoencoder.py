"""The autoencoder of the mini model: four frames at a time, by two-dimensional convolutions, quick on any CPU."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.autoencoders.vae import DecoderOutput, DiagonalGaussianDistribution
from diffusers.models.modeling_outputs import AutoencoderKLOutput
from diffusers.models.modeling_utils import ModelMixin
from torch import nn

FRAMES = 4
"""Frames of one latent frame; the first frame of a clip has one of its own."""

_PATCH = 4  # side of the squares of pixels that become channels
_LOG_VARIANCE = -8.0  # of the posterior, at first


class FrameStackAutoencoder(ModelMixin, ConfigMixin):
    """Videos to latents of a quarter of the frames and an eighth of the sides, and back.

    Takes the place of `AutoencoderKLCogVideoX` (same calls, same shapes, same compression), whose convolutions over
    space and time at full resolution cost a CPU fifty times as much. Four frames and 4 x 4 pixels are stacked as
    channels first, so every convolution works at a quarter of the sides or less and needs no frame but its own four.

    It is a cosine transform, the coarsest waves over four frames and 8 x 8 pixels as JPEG cuts them, and what the
    networks add to that: nothing at first.

    Args:
        latent_channels: of the latents.
        block_out_channels: channels at a quarter and at an eighth of the sides.
        layers_per_block: residual blocks of the encoder at each of the two sizes; the decoder has one more.
        norm_num_groups: of the group norms.
        scaling_factor: latents times this have about unit variance.
        invert_scale_latents: as in CogVideoX 1.5: the reference picture's latents are not scaled.
    """

    spatial_ratio = 8

    @register_to_config
    def __init__(
        self,
        latent_channels: int = 32,
        block_out_channels: tuple[int, int] = (96, 128),
        layers_per_block: int = 1,
        norm_num_groups: int = 8,
        scaling_factor: float = 1.0,
        invert_scale_latents: bool = False,
    ):
        super().__init__()
        quarter, eighth = block_out_channels
        stacked, groups = 3 * FRAMES * _PATCH**2, norm_num_groups
        self.encoder = nn.Sequential(
            nn.Conv2d(stacked, quarter, 3, padding=1),
            *(_Residual(quarter, groups) for _ in range(layers_per_block)),
            nn.Conv2d(quarter, eighth, 3, stride=2, padding=1),
            *(_Residual(eighth, groups) for _ in range(layers_per_block)),
            _silent(eighth, 2 * latent_channels, groups),
        )
        self.decoder = nn.Sequential(
            nn.Conv2d(latent_channels, eighth, 3, padding=1),
            *(_Residual(eighth, groups) for _ in range(layers_per_block + 1)),
            nn.Conv2d(eighth, 4 * quarter, 1),
            nn.PixelShuffle(2),
            *(_Residual(quarter, groups) for _ in range(layers_per_block + 1)),
            _silent(quarter, stacked, groups),
        )
        waves = _waves(latent_channels)
        self.register_buffer("analysis", waves[:, :, None, None], persistent=False)
        synthesis = (waves / waves.square().sum(1, keepdim=True)).T
        self.register_buffer("synthesis", synthesis[:, :, None, None].contiguous(), persistent=False)
        with torch.no_grad():
            self.encoder[-1][-1].bias[latent_channels:] = _LOG_VARIANCE
        self.use_tiling = False

    def encode(self, video: torch.Tensor) -> AutoencoderKLOutput:
        """video [B, 3, 4k + 1, H, W] in [-1, 1], H and W multiples of 8. Its `latent_dist` is of
        [B, latent_channels, k + 1, H / 8, W / 8]."""
        batch, _, frames, height, width = video.shape
        if frames % FRAMES != 1 or height % 8 or width % 8:
            raise ValueError(f"{frames} frames of {height}x{width}: give 4k + 1 frames, sides multiples of 8")
        video = torch.cat([video[:, :, :1].expand(-1, -1, FRAMES - 1, -1, -1), video], dim=2)
        stacks = video.unflatten(2, (-1, FRAMES)).permute(0, 2, 1, 3, 4, 5).flatten(2, 3).flatten(0, 1)
        moments = self._run(self._encoded, stacks)
        moments = moments.unflatten(0, (batch, -1)).transpose(1, 2)
        return AutoencoderKLOutput(latent_dist=DiagonalGaussianDistribution(moments))

    def decode(self, latents: torch.Tensor) -> DecoderOutput:
        """latents [B, latent_channels, k + 1, h, w] -> `sample` [B, 3, 4k + 1, 8 h, 8 w], about [-1, 1]."""
        batch = latents.shape[0]
        stacks = self._run(self._decoded, latents.transpose(1, 2).flatten(0, 1))
        video = stacks.unflatten(0, (batch, -1)).unflatten(2, (3, FRAMES)).permute(0, 2, 1, 3, 4, 5).flatten(2, 3)
        return DecoderOutput(sample=video[:, :, FRAMES - 1 :])

    def _encoded(self, stacks: torch.Tensor) -> torch.Tensor:
        pixels = F.pixel_unshuffle(stacks, _PATCH).contiguous(memory_format=torch.channels_last)
        learned = self.encoder(pixels)
        waves = F.conv2d(F.pixel_unshuffle(stacks, 2 * _PATCH), self.analysis.to(stacks))
        return learned + torch.cat([waves, torch.zeros_like(waves)], dim=1)

    def _decoded(self, latents: torch.Tensor) -> torch.Tensor:
        waves = F.pixel_shuffle(F.conv2d(latents, self.synthesis.to(latents)), 2 * _PATCH)
        return waves + F.pixel_shuffle(self.decoder(latents), _PATCH)

    def _run(self, network, stacks: torch.Tensor) -> torch.Tensor:
        stacks = stacks.to(self.dtype).contiguous()
        if self.use_tiling:
            return torch.cat([network(stack) for stack in stacks.split(1)])
        return network(stacks)

    def enable_tiling(self) -> None:
        """One latent frame at a time: less memory, the same numbers."""
        self.use_tiling = True

    def disable_tiling(self) -> None:
        self.use_tiling = False


class _Residual(nn.Module):
    def __init__(self, channels: int, groups: int):
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(groups, channels), nn.GroupNorm(groups, channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        inner = self.conv1(F.silu(self.norm1(values)))
        return values + self.conv2(F.silu(self.norm2(inner)))


def _waves(count: int) -> torch.Tensor:
    """The `count` coarsest waves of brightness and of two colour axes over 4 frames of 8 x 8 pixels: [count, 768], in
    the order in which `pixel_unshuffle` stacks pixels. The finer, the stronger: latents are of one magnitude."""
    side = 2 * _PATCH
    across, over = _cosines(side), _cosines(FRAMES)
    axes = torch.tensor([[1.0, 1, 1], [1, 0, -1], [1, -2, 1]])
    axes = axes / axes.norm(dim=1, keepdim=True)
    table = []
    for axis in range(3):
        for t in range(FRAMES):
            for y in range(side):
                for x in range(side):
                    fineness = math.hypot(y, x) + 1.5 * t
                    rank = fineness + (2.5 if axis else 0) * (1 + 0.3 * fineness)
                    table.append((rank, axis, t, y, x, fineness))
    rows = []
    for _, axis, t, y, x, fineness in sorted(table)[:count]:
        wave = torch.einsum("c,t,y,x->ctyx", axes[axis], over[t], across[y], across[x])
        rows.append(wave.flatten() * (0.15 + 0.15 * fineness + (0.25 if axis else 0)))
    return torch.stack(rows)


def _cosines(length: int) -> torch.Tensor:
    """The orthonormal cosine transform: [wave, place]."""
    places = torch.arange(length) + 0.5
    waves = torch.cos(torch.pi / length * torch.arange(length)[:, None] * places)
    return waves / waves.norm(dim=1, keepdim=True)


def _silent(channels: int, outputs: int, groups: int) -> nn.Sequential:
    """An output that is zero until it has learned something."""
    out = nn.Conv2d(channels, outputs, 3, padding=1)
    nn.init.zeros_(out.weight)
    nn.init.zeros_(out.bias)
    return nn.Sequential(nn.GroupNorm(groups, channels), nn.SiLU(), out)
