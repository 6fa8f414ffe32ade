"""Frames to the pixel values that Video-XL's vision tower reads (CLIP preprocessing, without torchvision)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from longanimation.errors import InputError

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)

FITS = ("crop", "stretch")
"""How a frame that is not square becomes square. "crop" is what the published system does: shorter side to `size`, then
the centre, which hides 44 % of a 768x1360 frame from the memory. "stretch" shows the whole frame, squeezed."""


def resized_size(height: int, width: int, size: int, fit: str) -> tuple[int, int]:
    """Height and width after the resize and before the centre crop."""
    if fit == "stretch":
        return size, size
    if fit != "crop":
        raise InputError(f"frame fit {fit!r} is not known; choose one of {', '.join(FITS)}")
    shorter, longer = sorted((height, width))
    other = int(size * longer / shorter)
    return (size, other) if height <= width else (other, size)


def exact_pixel_values(frames: Sequence[np.ndarray], size: int, fit: str = "crop") -> torch.Tensor:
    """uint8 frames [H, W, 3] (sRGB, sizes may differ) -> float32 [F, 3, size, size], normalised as CLIP wants it.

    Equal to the Pillow image processor of transformers: bicubic on 8-bit data, rounded to 8 bits, centre crop.
    """
    out = np.empty((len(frames), size, size, 3), dtype=np.uint8)
    for index, frame in enumerate(frames):
        frame = np.asarray(frame)
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
            raise InputError(f"frame {index} is {frame.dtype} {list(frame.shape)}; give uint8 [height, width, 3]")
        height, width = resized_size(frame.shape[0], frame.shape[1], size, fit)
        image = Image.fromarray(np.ascontiguousarray(frame)).resize((width, height), Image.Resampling.BICUBIC)
        top, left = (height - size) // 2, (width - size) // 2
        out[index] = np.asarray(image)[top : top + size, left : left + size]
    values = torch.from_numpy(out).permute(0, 3, 1, 2).to(torch.float32) * (1 / 255)
    return _normalise(values)


def differentiable_pixel_values(frames: torch.Tensor, size: int, fit: str = "crop") -> torch.Tensor:
    """float frames [N, 3, H, W] in [0, 1] -> float32 [N, 3, size, size]; gradients reach the frames.

    The same filter as `exact_pixel_values` without the rounding to 8 bits (before normalisation within about 1/255).
    """
    height, width = resized_size(frames.shape[-2], frames.shape[-1], size, fit)
    values = frames.to(torch.float32)
    for step in ((frames.shape[-2], width), (height, width)):  # Pillow's order: along rows, then along columns
        if step != tuple(values.shape[-2:]):
            values = F.interpolate(values, step, mode="bicubic", antialias=True, align_corners=False)
            values = values.clamp(0, 1)  # bicubic overshoots at edges; 8-bit data cannot
    top, left = (height - size) // 2, (width - size) // 2
    return _normalise(values[..., top : top + size, left : left + size])


def _normalise(values: torch.Tensor) -> torch.Tensor:
    mean = values.new_tensor(CLIP_MEAN).view(3, 1, 1)
    std = values.new_tensor(CLIP_STD).view(3, 1, 1)
    return (values - mean) / std
