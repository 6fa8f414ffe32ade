"""The published line extractor: a picture in, a line drawing out."""

from __future__ import annotations

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import nn


class ResidualBlock(nn.Module):
    """Two reflect-padded 3x3 convolutions with instance norms, added to the input; nothing after the sum."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.conv_block(x)


class LineNetwork(ModelMixin, ConfigMixin):
    """Image-to-line generator of the published inference (weights `sk_model.pth`, 4.29 M parameters)."""

    _supports_gradient_checkpointing = False

    @register_to_config
    def __init__(self, in_channels: int = 3, out_channels: int = 1, residual_blocks: int = 3, width: int = 64):
        super().__init__()

        def normalised(convolution: nn.Module, channels: int) -> list[nn.Module]:
            return [convolution, nn.InstanceNorm2d(channels), nn.ReLU(inplace=True)]

        self.model0 = nn.Sequential(nn.ReflectionPad2d(3), *normalised(nn.Conv2d(in_channels, width, 7), width))
        self.model1 = nn.Sequential(
            *normalised(nn.Conv2d(width, 2 * width, 3, stride=2, padding=1), 2 * width),
            *normalised(nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1), 4 * width),
        )
        self.model2 = nn.Sequential(*(ResidualBlock(4 * width) for _ in range(residual_blocks)))
        self.model3 = nn.Sequential(
            *normalised(nn.ConvTranspose2d(4 * width, 2 * width, 3, 2, padding=1, output_padding=1), 2 * width),
            *normalised(nn.ConvTranspose2d(2 * width, width, 3, 2, padding=1, output_padding=1), width),
        )
        self.model4 = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(width, out_channels, 7), nn.Sigmoid())

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images [B, 3, H, W] in [0, 1], sRGB, H and W multiples of 4 -> lines [B, 1, H, W] in [0, 1], 1 = paper."""
        if images.shape[-2] % 4 or images.shape[-1] % 4:
            raise ValueError(f"the line network needs sides of a multiple of 4, not {list(images.shape[-2:])}")
        return self.model4(self.model3(self.model2(self.model1(self.model0(images)))))
