"""I3D (Inception-v1 in three dimensions, Carreira and Zisserman 2017), whose Kinetics-400 logits FVD is defined by."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIDE = 224
FEATURES = 400
MIN_FRAMES = 9
"""Fewer frames leave less than the two time steps that the last pooling needs."""

_BLOCKS = {
    "Mixed_3b": (192, (64, 96, 128, 16, 32, 32)),
    "Mixed_3c": (256, (128, 128, 192, 32, 96, 64)),
    "Mixed_4b": (480, (192, 96, 208, 16, 48, 64)),
    "Mixed_4c": (512, (160, 112, 224, 24, 64, 64)),
    "Mixed_4d": (512, (128, 128, 256, 24, 64, 64)),
    "Mixed_4e": (512, (112, 144, 288, 32, 64, 64)),
    "Mixed_4f": (528, (256, 160, 320, 32, 128, 128)),
    "Mixed_5b": (832, (256, 160, 320, 32, 128, 128)),
    "Mixed_5c": (832, (384, 192, 384, 48, 128, 128)),
}


class I3D(nn.Module):
    """float [B, 3, T, 224, 224] in -1..1, T >= 9 -> logits float [B, 400], mean over time.

    State dict: that of `i3d_pretrained_400.pt`, the port of the network that FVD was published with (Unterthiner et al.
    2018), whose batch normalisation has an epsilon of 1e-5 (the I3D repository's own weights: 1e-3; do not mix them).
    """

    def __init__(self, *, epsilon: float = 1e-5):
        super().__init__()
        self.Conv3d_1a_7x7 = _Unit(3, 64, 7, stride=2, epsilon=epsilon)
        self.Conv3d_2b_1x1 = _Unit(64, 64, 1, epsilon=epsilon)
        self.Conv3d_2c_3x3 = _Unit(64, 192, 3, epsilon=epsilon)
        for name, (inputs, channels) in _BLOCKS.items():
            self.add_module(name, _Mixed(inputs, channels, epsilon))
        self.logits = nn.Module()
        self.logits.conv3d = nn.Conv3d(1024, FEATURES, 1)
        self.requires_grad_(False).eval()

    @staticmethod
    def renamed(state: dict[str, Tensor]) -> dict[str, Tensor]:
        """The tensors of the public file, as they are."""
        return dict(state)

    def forward(self, clips: Tensor) -> Tensor:
        x = _pool_same(self.Conv3d_1a_7x7(clips), (1, 3, 3), (1, 2, 2))
        x = _pool_same(self.Conv3d_2c_3x3(self.Conv3d_2b_1x1(x)), (1, 3, 3), (1, 2, 2))
        for name in _BLOCKS:
            if name == "Mixed_4b":
                x = _pool_same(x, (3, 3, 3), (2, 2, 2))
            elif name == "Mixed_5b":
                x = _pool_same(x, (2, 2, 2), (2, 2, 2))
            x = self.get_submodule(name)(x)
        return self.logits.conv3d(F.avg_pool3d(x, (2, 7, 7), 1)).mean((2, 3, 4))


def clip_of(frames: Tensor) -> Tensor:
    """Frames as I3D takes them: float [T, 3, H, W] in 0..1 -> [1, 3, T, 224, 224] in -1..1; squeezed, not cropped."""
    small = F.interpolate(frames, (SIDE, SIDE), mode="bilinear", align_corners=False)
    return (2 * small - 1).movedim(0, 1)[None]


class _Unit(nn.Module):
    def __init__(self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, epsilon: float):
        super().__init__()
        self.conv3d = nn.Conv3d(inputs, outputs, kernel, stride, bias=False)
        self.bn = nn.BatchNorm3d(outputs, eps=epsilon)

    def forward(self, x: Tensor) -> Tensor:
        x = _pad_same(x, self.conv3d.kernel_size, self.conv3d.stride)
        return F.relu(self.bn(self.conv3d(x)))


class _Mixed(nn.Module):
    def __init__(self, inputs: int, channels: tuple[int, ...], epsilon: float):
        super().__init__()
        one, middle, three, small, five, pooled = channels
        self.b0 = _Unit(inputs, one, 1, epsilon=epsilon)
        self.b1a, self.b1b = _Unit(inputs, middle, 1, epsilon=epsilon), _Unit(middle, three, 3, epsilon=epsilon)
        self.b2a, self.b2b = _Unit(inputs, small, 1, epsilon=epsilon), _Unit(small, five, 3, epsilon=epsilon)
        self.b3b = _Unit(inputs, pooled, 1, epsilon=epsilon)

    def forward(self, x: Tensor) -> Tensor:
        pooled = _pool_same(x, (3, 3, 3), (1, 1, 1))
        return torch.cat([self.b0(x), self.b1b(self.b1a(x)), self.b2b(self.b2a(x)), self.b3b(pooled)], 1)


def _pad_same(x: Tensor, kernel, stride) -> Tensor:
    """Zeros around [B, C, T, H, W] as TensorFlow's "SAME" puts them: so many that size / stride is rounded up."""
    sides = []
    for size, width, step in zip(x.shape[:1:-1], kernel[::-1], stride[::-1], strict=True):
        total = max(width - (size % step or step), 0)
        sides += [total // 2, total - total // 2]
    return F.pad(x, sides)


def _pool_same(x: Tensor, kernel, stride) -> Tensor:
    return F.max_pool3d(_pad_same(x, kernel, stride), kernel, stride)  # inputs are not negative: zeros never win
