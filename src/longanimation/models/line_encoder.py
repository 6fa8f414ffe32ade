"""The siamese encoder of the correspondence memory: a line drawing in, feature maps at three scales out."""

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
        return hidden_states + self.conv2(F.relu(residual))


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
        query, key, value = (
            self.to_qkv(self.norm1(tokens)).unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        )
        if query.is_cuda:
            read = F.scaled_dot_product_attention(query, key, value)
        else:  # Written out: on CPUs several times faster in training than the fused kernel at a few hundred tokens.
            weights = (query * query.shape[-1] ** -0.5 @ key.transpose(-1, -2)).softmax(dim=-1)
            read = weights.to(value.dtype) @ value
        tokens = tokens + self.to_out(read.transpose(1, 2).flatten(2))
        tokens = tokens + self.feed_forward(self.norm2(tokens))
        return tokens.reshape(batch, height, width, channels).permute(0, 3, 1, 2)


class LineEncoder(nn.Module):
    """Convolutions down to 1/16, attention over the whole picture there, back up to 1/8.

    There is no decoder to full size: a reader samples all three maps where it needs a feature, so the cost of fine
    positions is paid only for the points that are asked for.

    Args:
        channels: widths at 1/2, 1/4, 1/8 and 1/16 of the picture.
        layers: residual blocks at 1/4, at 1/8 (down and up), and global blocks at 1/16.
    """

    def __init__(self, channels: tuple[int, ...], layers: tuple[int, ...], num_heads: int):
        super().__init__()
        half, quarter, eighth, sixteenth = channels
        self.stem = nn.Conv2d(1, half, 5, stride=2, padding=2)
        self.down_quarter = nn.Conv2d(half, quarter, 3, stride=2, padding=1)
        self.quarter = nn.Sequential(*[ResidualBlock(quarter, 1 + i % 2) for i in range(layers[0])])
        self.down_eighth = nn.Conv2d(quarter, eighth, 3, stride=2, padding=1)
        self.eighth = nn.Sequential(*[ResidualBlock(eighth, 1 + i % 2) for i in range(layers[1])])
        self.down_sixteenth = nn.Conv2d(eighth, sixteenth, 3, stride=2, padding=1)
        self.sixteenth = nn.Sequential(*[GlobalBlock(sixteenth, num_heads) for _ in range(layers[2])])
        self.up_eighth = nn.Conv2d(sixteenth + eighth, eighth, 1)
        self.eighth_out = nn.Sequential(*[ResidualBlock(eighth) for _ in range(layers[1] // 2)])

    @property
    def feature_channels(self) -> int:
        return self.stem.out_channels + self.down_quarter.out_channels + self.down_eighth.out_channels

    def forward(self, darkness: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """darkness: float [B, 1, H, W], 0 = paper, 1 = line, H and W multiples of 16.

        Returns maps [B, channels, H/s, W/s] for s = 2, 4, 8.
        """
        half = F.relu(self.stem(darkness))
        quarter = self.quarter(self.down_quarter(half))
        eighth = self.eighth(self.down_eighth(F.relu(quarter)))
        sixteenth = self.sixteenth(self.down_sixteenth(eighth))
        upsampled = F.interpolate(sixteenth, size=eighth.shape[-2:], mode="bilinear", align_corners=False)
        return half, quarter, self.eighth_out(self.up_eighth(torch.cat([upsampled, eighth], dim=1)))
