"""Pictures and line drawings in the form that the networks read."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image

LINE_THRESHOLD = 0.78
"""Line network output above this is paper (published inference). There, in bfloat16, it acts as 0.785."""


def cover(frames: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Resize uint8 frames [F, 3, H0, W0] so that they cover height x width, then crop the centre: [F, 3, H, W].

    Bicubic with antialiasing, as in the published inference. The longer side is truncated to whole pixels.
    """
    rows, columns = frames.shape[-2:]
    if columns / rows > width / height:
        size = (height, int(columns * height / rows))
    else:
        size = (int(rows * width / columns), width)
    if size != (rows, columns):
        resized = torch.nn.functional.interpolate(frames.float(), size, mode="bicubic", antialias=True)
        frames = resized.round().clamp(0, 255).to(torch.uint8)
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    return frames[..., top : top + height, left : left + width]


def stretch(image: Image.Image | np.ndarray, height: int, width: int) -> torch.Tensor:
    """A picture (RGB, uint8) resized to exactly height x width with Lanczos: float32 [1, 3, H, W] in [-1, 1].

    The published inference does not keep the reference picture's aspect ratio here, though it crops its lines.
    """
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    values = torch.from_numpy(np.asarray(image.convert("RGB")).astype(np.float32) / 255)
    return values.permute(2, 0, 1)[None] * 2 - 1


@torch.no_grad()
def line_map(network, frames: torch.Tensor, chunk: int = 6) -> torch.Tensor:
    """Run the published line network over uint8 frames [F, 3, H, W]: [F, 1, H, W] in [0, 1], 1 = paper."""
    maps = [network(part.to(network.device, network.dtype) / 255.0) for part in frames.split(chunk)]
    return torch.cat(maps)


def binary_lines(paper: torch.Tensor, threshold: float = LINE_THRESHOLD) -> torch.Tensor:
    """A line map [..., H, W] in [0, 1] (1 = paper) to SketchDiT's picture: +1 on a line, -1 on paper, float32."""
    return torch.where(paper > threshold, -1.0, 1.0)
