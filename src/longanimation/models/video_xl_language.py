"""Language half of Video-XL: Qwen2 decoder layers whose visual-summary tokens ("beacons") have their own q, k, v.

Differences from stock Qwen2: two weight sets for q/k/v, keys cached before rotation, and positions counted anew in
every step over what is cached plus what is new. Layers above the deepest one that is read do not exist, and of that one
only the input norm and the key and value projections do.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass(frozen=True)
class Rows:
    """Which rows of a step are ordinary tokens and which are beacons."""

    raw: torch.Tensor  # int64 [ordinary tokens], their places in the step
    beacons: torch.Tensor  # int64 [beacons]
    order: torch.Tensor  # int64 [all]; reads the step's order out of cat(ordinary, beacons)

    def merge(self, raw: torch.Tensor, beacons: torch.Tensor) -> torch.Tensor:
        """[B, ordinary, C] and [B, beacons, C] -> [B, all, C] in the order of the step."""
        return torch.cat([raw, beacons], dim=1)[:, self.order]


def interleaved_rows(first: int, count: int, ratio: int, device: torch.device) -> Rows:
    """Rows of a step with ordinary tokens `first .. first + count - 1` of a window, a beacon after every `ratio`."""
    raw, beacons, order = [], [], []
    for token in range(first, first + count):
        raw.append(len(order))
        order.append(len(raw) - 1)
        if (token + 1) % ratio == 0:
            beacons.append(len(order))
            order.append(count + len(beacons) - 1)
    return Rows(*(torch.tensor(places, dtype=torch.int64, device=device) for places in (raw, beacons, order)))


class RMSNorm(nn.Module):
    """Statistics in float32, rounded to the working type before the gain, as Qwen2 does it."""

    def __init__(self, dim: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.eps = eps

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        exact = hidden.float()
        exact = exact * torch.rsqrt(exact.square().mean(-1, keepdim=True) + self.eps)
        return self.weight.to(hidden.dtype) * exact.to(hidden.dtype)


class GatedMLP(nn.Module):
    def __init__(self, dim: int, inner_dim: int):
        super().__init__()
        self.gate_proj = nn.Linear(dim, inner_dim, bias=False)
        self.up_proj = nn.Linear(dim, inner_dim, bias=False)
        self.down_proj = nn.Linear(inner_dim, dim, bias=False)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        return self.down_proj(F.silu(self.gate_proj(hidden)) * self.up_proj(hidden))


def rotary(positions: int, head_dim: int, theta: float, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosine and sine [positions, head_dim] for positions 0 ..; angles in float32, rounded to the working type."""
    steps = torch.arange(0, head_dim, 2, dtype=torch.float32, device=like.device) / head_dim
    angles = torch.outer(torch.arange(positions, dtype=torch.float32, device=like.device), theta**-steps)
    angles = torch.cat([angles, angles], dim=-1)
    return angles.cos().to(like.dtype), angles.sin().to(like.dtype)


def rotate(x: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
    first, second = x.chunk(2, dim=-1)
    return x * cosine + torch.cat([-second, first], dim=-1) * sine


class BeaconAttention(nn.Module):
    """Grouped-query attention; `deepest` keeps the key and value projections only."""

    def __init__(self, dim: int, heads: int, key_value_heads: int, *, deepest: bool = False):
        super().__init__()
        self.heads, self.key_value_heads, self.head_dim = heads, key_value_heads, dim // heads
        if not deepest:
            self.q_proj = nn.Linear(dim, heads * self.head_dim)
            self.beacon_q_proj = nn.Linear(dim, heads * self.head_dim)
            self.o_proj = nn.Linear(heads * self.head_dim, dim, bias=False)
        self.k_proj = nn.Linear(dim, key_value_heads * self.head_dim)
        self.v_proj = nn.Linear(dim, key_value_heads * self.head_dim)
        self.beacon_k_proj = nn.Linear(dim, key_value_heads * self.head_dim)
        self.beacon_v_proj = nn.Linear(dim, key_value_heads * self.head_dim)

    def _project(self, name: str, hidden: torch.Tensor, rows: Rows | None) -> torch.Tensor:
        ordinary = getattr(self, f"{name}_proj")
        if rows is None:
            out = ordinary(hidden)
        else:
            beacon = getattr(self, f"beacon_{name}_proj")
            out = rows.merge(ordinary(hidden[:, rows.raw]), beacon(hidden[:, rows.beacons]))
        return out.unflatten(-1, (-1, self.head_dim)).transpose(1, 2)

    def keys_values(self, hidden: torch.Tensor, rows: Rows | None) -> torch.Tensor:
        """Keys and values of the step, keys before rotation: [2, B, key_value_heads, T, head_dim]."""
        return torch.stack([self._project("k", hidden, rows), self._project("v", hidden, rows)])

    def forward(self, hidden, rows, cached, cosine, sine, visible):
        """-> (output [B, T, dim], keys and values of the step). `cached`: [2, B, key_value_heads, M, head_dim]."""
        new = self.keys_values(hidden, rows)
        keys, values = torch.cat([cached, new], dim=-2)
        query = rotate(self._project("q", hidden, rows), cosine[cached.shape[-2] :], sine[cached.shape[-2] :])
        keys = rotate(keys, cosine, sine)
        groups = self.heads // self.key_value_heads
        if groups > 1:  # expanded by hand: with a mask, the grouped form falls back to the unfused kernel on GPUs
            keys, values = keys.repeat_interleave(groups, dim=1), values.repeat_interleave(groups, dim=1)
        out = F.scaled_dot_product_attention(query, keys, values, attn_mask=visible)
        return self.o_proj(out.transpose(1, 2).flatten(2)), new


class BeaconLayer(nn.Module):
    """One decoder layer."""

    def __init__(self, dim: int, inner_dim: int, heads: int, key_value_heads: int, eps: float):
        super().__init__()
        self.input_layernorm = RMSNorm(dim, eps)
        self.self_attn = BeaconAttention(dim, heads, key_value_heads)
        self.post_attention_layernorm = RMSNorm(dim, eps)
        self.mlp = GatedMLP(dim, inner_dim)

    def forward(self, hidden, rows, cached, cosine, sine, visible):
        attended, new = self.self_attn(self.input_layernorm(hidden), rows, cached, cosine, sine, visible)
        hidden = hidden + attended
        return hidden + self.mlp(self.post_attention_layernorm(hidden)), new


class DeepestLayer(nn.Module):
    """What is left of the deepest layer that is read: its keys and values."""

    def __init__(self, dim: int, heads: int, key_value_heads: int, eps: float):
        super().__init__()
        self.input_layernorm = RMSNorm(dim, eps)
        self.self_attn = BeaconAttention(dim, heads, key_value_heads, deepest=True)

    def forward(self, hidden, rows):
        return self.self_attn.keys_values(self.input_layernorm(hidden), rows)


class VideoXLLanguage(nn.Module):
    """The decoder stack. One call is one step: new tokens that see everything cached and, causally, each other."""

    def __init__(
        self,
        *,
        dim: int,
        inner_dim: int,
        num_layers: int,
        heads: int,
        key_value_heads: int,
        prompt_tokens: int,
        eps: float = 1e-6,
        theta: float = 1e6,
    ):
        super().__init__()
        self.prompt_embedding = nn.Parameter(torch.randn(prompt_tokens, dim) * 0.02)
        self.beacon_embedding = nn.Parameter(torch.randn(1, dim) * 0.02)
        layers = [BeaconLayer(dim, inner_dim, heads, key_value_heads, eps) for _ in range(num_layers - 1)]
        self.layers = nn.ModuleList([*layers, DeepestLayer(dim, heads, key_value_heads, eps)])
        self.head_dim, self.key_value_heads, self.theta = dim // heads, key_value_heads, theta
        self.gradient_checkpointing = False

    def empty(self, like: torch.Tensor) -> torch.Tensor:
        """A cache of nothing, for tokens `like` [B, T, dim]."""
        return like.new_zeros(len(self.layers), 2, like.shape[0], self.key_value_heads, 0, self.head_dim)

    def forward(self, hidden: torch.Tensor, rows: Rows | None, cached: torch.Tensor) -> torch.Tensor:
        """Keys and values of the step's tokens in every layer.

        hidden: [B, T, dim], beacons already in place; rows: None if the step has no beacons.
        cached, result: [layers, 2, B, key_value_heads, M or T, head_dim]; 0 keys (before rotation), 1 values.
        """
        past, count = cached.shape[-2], hidden.shape[1]
        cosine, sine = rotary(past + count, self.head_dim, self.theta, hidden)
        visible = torch.ones(count, past + count, dtype=torch.bool, device=hidden.device).tril(past)
        found = []
        for layer, layer_cache in zip(self.layers[:-1], cached[:-1], strict=True):
            arguments = (hidden, rows, layer_cache, cosine, sine, visible)
            if self.gradient_checkpointing and torch.is_grad_enabled():
                hidden, new = self._gradient_checkpointing_func(layer, *arguments)
            else:
                hidden, new = layer(*arguments)
            found.append(new)
        found.append(self.layers[-1](hidden, rows))
        return torch.stack(found)
