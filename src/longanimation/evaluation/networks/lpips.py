"""LPIPS, version 0.1 on AlexNet: how different two pictures look to a network (Zhang et al. 2018)."""

from __future__ import annotations

import re

import torch
from torch import Tensor, nn

_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""Mean and spread of ImageNet, for pictures in -1..1."""

_TAPS = (1, 4, 7, 9, 11)  # the ReLU after each of the five convolutions
_CHANNELS = (64, 192, 384, 256, 256)


class LPIPS(nn.Module):
    """Trunk `features.N` as in torchvision's AlexNet; heads `linN.model.1` as in the published v0.1 weights.

    `forward` = `distance(features(a), features(b))`; the features of a frame can be kept and compared several times.
    """

    def __init__(self):
        super().__init__()
        relu, pool = nn.ReLU, lambda: nn.MaxPool2d(3, 2)
        self.features_ = nn.Sequential(
            nn.Conv2d(3, 64, 11, 4, 2), relu(), pool(),
            nn.Conv2d(64, 192, 5, padding=2), relu(), pool(),
            nn.Conv2d(192, 384, 3, padding=1), relu(),
            nn.Conv2d(384, 256, 3, padding=1), relu(),
            nn.Conv2d(256, 256, 3, padding=1), relu(),
        )  # fmt: skip
        self.heads = nn.ParameterList(torch.zeros(1, channels, 1, 1) for channels in _CHANNELS)
        self.register_buffer("shift", torch.tensor(_SHIFT)[:, None, None], persistent=False)
        self.register_buffer("scale", torch.tensor(_SCALE)[:, None, None], persistent=False)
        self.requires_grad_(False).eval()

    @staticmethod
    def renamed(state: dict[str, Tensor]) -> dict[str, Tensor]:
        """Our names for the tensors of the public files: AlexNet's trunk and the heads; its classifier is left out."""
        found = {}
        for name, value in state.items():
            if name.startswith("features."):
                found[f"features_.{name.removeprefix('features.')}"] = value
            elif match := re.fullmatch(r"lin(\d)\.model\.1\.weight", name):
                found[f"heads.{match[1]}"] = value
        return found

    def features(self, frames: Tensor) -> list[Tensor]:
        """Five maps of unit-length features: float [B, 3, H, W] in 0..1, at least 35 x 35 -> five [B, C, h, w]."""
        x, maps = (2 * frames - 1 - self.shift) / self.scale, []
        for index, layer in enumerate(self.features_):
            x = layer(x)
            if index in _TAPS:
                maps.append(x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10))
        return maps

    def distance(self, first: list[Tensor], second: list[Tensor]) -> Tensor:
        """LPIPS of each pair, float [B]: squared differences, weighted, averaged over places and summed over maps."""
        maps = zip(first, second, self.heads, strict=True)
        return sum(((a - b).square() * head).sum(1).mean((1, 2)) for a, b, head in maps)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        return self.distance(self.features(first), self.features(second))
