"""The siamese encoder of the correspondence memory: line drawing in, one feature per half-size pixel out."""

import torch
import torch.nn.functional as F
from torch import nn


class PixelNorm(nn.Module):
    """LayerNorm over the channels of each pixel.

    Statistics of one pixel only: a small figure on a large empty page is normalised as a close-up is.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        normed = F.layer_norm(hidden_states.permute(0, 2, 3, 1), self.weight.shape, self.weight, self.bias)
        return normed.permute(0, 3, 1, 2)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with a skip; `dilation` widens the second one."""

    def __init__(self, channels: int, dilation: int = 1):
        super().__init__()
        self.norm = PixelNorm(channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        residual = self.conv1(self.norm(hidden_states))
        return hidden_states + self.conv2(F.gelu(residual))


class GlobalBlock(nn.Module):
    """Self-attention over all positions of the coarsest map, with a depthwise convolution as positional encoding.

    No learned position table, so any picture size works.
    """

    def __init__(self, channels: int, num_heads: int):
        super().__init__()
        self.num_heads = num_heads
        self.position = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.norm1 = nn.LayerNorm(channels)
        self.to_qkv = nn.Linear(channels, 3 * channels)
        self.to_out = nn.Linear(channels, channels)
        self.norm2 = nn.LayerNorm(channels)
        self.feed_forward = nn.Sequential(
            nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels)
        )

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        batch, channels, height, width = hidden_states.shape
        hidden_states = hidden_states + self.position(hidden_states)
        tokens = hidden_states.permute(0, 2, 3, 1).reshape(batch, height * width, channels)
        query, key, value = self.to_qkv(self.norm1(tokens)).unflatten(-1, (3, self.num_heads, -1)).unbind(2)
        attended = F.scaled_dot_product_attention(query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2))
        tokens = tokens + self.to_out(attended.transpose(1, 2).flatten(2))
        tokens = tokens + self.feed_forward(self.norm2(tokens))
        return tokens.reshape(batch, height, width, channels).permute(0, 3, 1, 2)


class LineEncoder(nn.Module):
    """U-shaped: convolutions down to 1/16, attention over the whole picture there, convolutions back up to 1/2.

    Args:
        channels: widths at 1/2, 1/4, 1/8 and 1/16 of the picture.
        layers: residual blocks at 1/4 and 1/8 on the way down, global blocks at 1/16.
        out_channels: width of the result.
    """

    def __init__(self, channels: tuple[int, ...], layers: tuple[int, ...], num_heads: int, out_channels: int):
        super().__init__()
        half, quarter, eighth, sixteenth = channels
        self.stem = nn.Sequential(
            nn.Conv2d(1, half, 5, stride=2, padding=2), nn.GELU(), nn.Conv2d(half, half, 3, padding=1), nn.GELU()
        )
        self.down_quarter = nn.Conv2d(half, quarter, 3, stride=2, padding=1)
        self.quarter = nn.Sequential(*[ResidualBlock(quarter, 1 + i % 2) for i in range(layers[0])])
        self.down_eighth = nn.Conv2d(quarter, eighth, 3, stride=2, padding=1)
        self.eighth = nn.Sequential(*[ResidualBlock(eighth, 1 + i % 2) for i in range(layers[1])])
        self.down_sixteenth = nn.Conv2d(eighth, sixteenth, 3, stride=2, padding=1)
        self.sixteenth = nn.Sequential(*[GlobalBlock(sixteenth, num_heads) for _ in range(layers[2])])
        self.up_eighth = nn.Conv2d(sixteenth + eighth, eighth, 1)
        self.eighth_out = ResidualBlock(eighth)
        self.up_quarter = nn.Conv2d(eighth + quarter, quarter, 1)
        self.quarter_out = ResidualBlock(quarter)
        self.up_half = nn.Conv2d(quarter + half, quarter, 1)
        self.half_out = nn.Conv2d(quarter, quarter, 3, padding=1, groups=quarter)
        self.norm_out = PixelNorm(quarter)
        self.proj_out = nn.Conv2d(quarter, out_channels, 1)

    def forward(self, darkness: torch.Tensor) -> torch.Tensor:
        """darkness: float [B, 1, H, W], 0 = paper, 1 = line, H and W multiples of 16 -> [B, out_channels, H/2, W/2]."""
        half = self.stem(darkness)
        quarter = self.quarter(self.down_quarter(half))
        eighth = self.eighth(self.down_eighth(quarter))
        sixteenth = self.sixteenth(self.down_sixteenth(eighth))
        hidden_states = self.eighth_out(self.up_eighth(_join(sixteenth, eighth)))
        hidden_states = self.quarter_out(self.up_quarter(_join(hidden_states, quarter)))
        hidden_states = F.gelu(self.up_half(_join(hidden_states, half)))
        hidden_states = hidden_states + self.half_out(hidden_states)
        return self.proj_out(self.norm_out(hidden_states))


def _join(coarse: torch.Tensor, fine: torch.Tensor) -> torch.Tensor:
    upsampled = F.interpolate(coarse, size=fine.shape[-2:], mode="bilinear", align_corners=False)
    return torch.cat([upsampled, fine], dim=1)
