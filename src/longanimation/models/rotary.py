"""Rotary position embedding of CogVideoX 1.5: one table over (time, row, column) of the vision tokens."""

from __future__ import annotations

import torch


def axis_sizes(head_dim: int) -> tuple[int, int, int]:
    """Dimensions of one head given to time, rows and columns: a quarter, three eighths, three eighths."""
    if head_dim % 16:
        raise ValueError(f"rotary embedding needs heads of a multiple of 16 values, not {head_dim}")
    return head_dim // 4, head_dim // 8 * 3, head_dim // 8 * 3


def rotary_tables(
    frames: int,
    height: int,
    width: int,
    head_dim: int,
    *,
    patch_size: int = 2,
    patch_size_t: int = 2,
    device: torch.device | str | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines and sines for a clip of `frames` latent frames (padding frame included) of `height` x `width` latents.

    Returns two float32 tensors [tokens, head_dim]; tokens run over time slowest, then rows, then columns. Positions are
    plain integers from 0, neither rescaled nor centred (the "slice" grid that the 1.5 weights were trained with).
    """
    grid = (frames // patch_size_t, height // patch_size, width // patch_size)
    angles = []
    for axis, (length, dim) in enumerate(zip(grid, axis_sizes(head_dim), strict=True)):
        exponents = torch.arange(0, dim, 2, dtype=torch.float32, device=device) / dim
        steps = torch.outer(torch.arange(length, dtype=torch.float32, device=device), 1.0 / 10000.0**exponents)
        steps = steps.repeat_interleave(2, dim=1)  # the two values of a pair turn by the same angle
        shape = [1, 1, 1, dim]
        shape[axis] = length
        angles.append(steps.view(shape).expand(*grid, dim))
    angle = torch.cat(angles, dim=-1).flatten(0, 2)
    return angle.cos(), angle.sin()


def apply_rotary(x: torch.Tensor, tables: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Rotate pairs (2k, 2k + 1) of x [batch, tokens, heads, head_dim] in float32; same shape and dtype back."""
    cos, sin = (table[:, None, :].unflatten(-1, (-1, 2)).unbind(-1) for table in tables)
    even, odd = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    turned = torch.stack((even * cos[0] - odd * sin[0], odd * cos[1] + even * sin[1]), dim=-1)
    return turned.flatten(-2).to(x.dtype)
