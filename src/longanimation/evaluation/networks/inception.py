"""The Inception-v3 that FID is defined by: TensorFlow's of December 2015, as ported for pytorch-fid.

It differs from the usual Inception-v3: average pooling leaves the padding out, and the last block pools by maximum.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIDE = 299
FEATURES = 2048

_A_DOUBLE = [("branch3x3dbl_1", 64, 1), ("branch3x3dbl_2", 96, 3), ("branch3x3dbl_3", 96, 3)]


class InceptionFeatures(nn.Module):
    """float [B, 3, H, W] in 0..1 -> float [B, 2048], the last average pool.

    Pictures are squeezed to 299 x 299, bilinear without smoothing, as pytorch-fid does (TensorFlow's differs).
    State dict: that of `pt_inception-2015-12-05-6726825d.pth` without its classifier `fc`.
    """

    def __init__(self):
        super().__init__()
        self.Conv2d_1a_3x3 = _Conv(3, 32, 3, stride=2, padding=0)
        self.Conv2d_2a_3x3 = _Conv(32, 32, 3, padding=0)
        self.Conv2d_2b_3x3 = _Conv(32, 64, 3)
        self.Conv2d_3b_1x1 = _Conv(64, 80, 1)
        self.Conv2d_4a_3x3 = _Conv(80, 192, 3, padding=0)
        for name, inputs, pool in (("5b", 192, 32), ("5c", 256, 64), ("5d", 288, 64)):
            self.add_module(f"Mixed_{name}", _block_a(inputs, pool))
        self.Mixed_6a = _Mixed(288, [[("branch3x3", 384, 3, 2)], [*_A_DOUBLE[:2], ("branch3x3dbl_3", 96, 3, 2)]])
        for name, inner in (("6b", 128), ("6c", 160), ("6d", 160), ("6e", 192)):
            self.add_module(f"Mixed_{name}", _block_c(inner))
        seven = [("branch7x7x3_1", 192, 1), ("branch7x7x3_2", 192, (1, 7)), ("branch7x7x3_3", 192, (7, 1))]
        self.Mixed_7a = _Mixed(
            768, [[("branch3x3_1", 192, 1), ("branch3x3_2", 320, 3, 2)], [*seven, ("branch7x7x3_4", 192, 3, 2)]]
        )
        self.Mixed_7b = _block_e(1280, "average")
        self.Mixed_7c = _block_e(2048, "maximum")
        self.requires_grad_(False).eval()

    @staticmethod
    def renamed(state: dict[str, Tensor]) -> dict[str, Tensor]:
        """The tensors of the public file that are needed, under the same names."""
        return {name: value for name, value in state.items() if not name.startswith(("fc.", "AuxLogits."))}

    def forward(self, frames: Tensor) -> Tensor:
        frames = F.interpolate(frames, (SIDE, SIDE), mode="bilinear", align_corners=False)
        return self.pool_features(2 * frames - 1)

    def pool_features(self, x: Tensor) -> Tensor:
        """float [B, 3, 299, 299] in -1..1 -> float [B, 2048]."""
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = F.max_pool2d(x, 3, 2)
        x = F.max_pool2d(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x)), 3, 2)
        for name in "5b 5c 5d 6a 6b 6c 6d 6e 7a 7b 7c".split():
            x = self.get_submodule(f"Mixed_{name}")(x)
        return x.mean((2, 3))


class _Conv(nn.Module):
    """padding: default: as much as keeps the size at stride 1."""

    def __init__(self, inputs: int, outputs: int, kernel, *, stride: int = 1, padding=None):
        super().__init__()
        kernel = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = tuple(side // 2 for side in kernel) if padding is None else padding
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)))


class _Mixed(nn.Module):
    """Branches side by side, concatenated; each is a chain of (name, channels, kernel[, stride]).

    A list inside a chain, its last link, is two convolutions on the same input. The last branch pools, "average" or
    "maximum", then `branch_pool`; without `pool` it is a maximum that halves the size, like the strided branches.
    """

    def __init__(self, inputs: int, branches: list[list], pool: str = "", pool_channels: int = 0):
        super().__init__()
        self._chains, self._pool = [], pool
        for branch in branches:
            chain, width = [], inputs
            for link in branch:
                fork = link if isinstance(link, list) else [link]
                for name, outputs, kernel, *stride in fork:
                    halves = {"stride": 2, "padding": 0} if stride else {}
                    self.add_module(name, _Conv(width, outputs, kernel, **halves))
                chain.append([name for name, *_ in fork])
                width = sum(outputs for _, outputs, *_ in fork)
            self._chains.append(chain)
        if pool:
            self.branch_pool = _Conv(inputs, pool_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        results = []
        for chain in self._chains:
            y = x
            for fork in chain:
                y = torch.cat([self.get_submodule(name)(y) for name in fork], 1)
            results.append(y)
        if self._pool == "average":
            results.append(self.branch_pool(F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)))
        elif self._pool == "maximum":
            results.append(self.branch_pool(F.max_pool2d(x, 3, 1, 1)))
        else:
            results.append(F.max_pool2d(x, 3, 2))
        return torch.cat(results, 1)


def _block_a(inputs: int, pool: int) -> _Mixed:
    fives = [("branch5x5_1", 48, 1), ("branch5x5_2", 64, 5)]
    return _Mixed(inputs, [[("branch1x1", 64, 1)], fives, _A_DOUBLE], "average", pool)


def _block_c(inner: int) -> _Mixed:
    wide, tall = (1, 7), (7, 1)
    once = [("branch7x7_1", inner, 1), ("branch7x7_2", inner, wide), ("branch7x7_3", 192, tall)]
    kernels = (1, tall, wide, tall, wide)
    twice = [(f"branch7x7dbl_{i + 1}", 192 if i == 4 else inner, kernel) for i, kernel in enumerate(kernels)]
    return _Mixed(768, [[("branch1x1", 192, 1)], once, twice], "average", 192)


def _block_e(inputs: int, pool: str) -> _Mixed:
    def fork(stem, first, second):
        return [(f"{stem}_{first}", 384, (1, 3)), (f"{stem}_{second}", 384, (3, 1))]

    once = [("branch3x3_1", 384, 1), fork("branch3x3", "2a", "2b")]
    twice = [("branch3x3dbl_1", 448, 1), ("branch3x3dbl_2", 384, 3), fork("branch3x3dbl", "3a", "3b")]
    return _Mixed(inputs, [[("branch1x1", 320, 1)], once, twice], pool, 192)
