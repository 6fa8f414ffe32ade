"""The work of a window in floating-point operations, and what the device can do: the floor under every time.

The formulas are those of the published networks' shapes (multiply-add = 2 operations; biases, norms and softmax not
counted). At the published sizes they give 1161.5 TFLOP for the transformer and 167.0 for SketchDiT per step with both
guidance halves at 576 x 1024, as an operation counter does on the reference classes.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

import torch
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True)
class TrunkFlops:
    """Operations of one network of the trunk for one batch entry, by part. N tokens: vision and text."""

    vision: int
    text: int
    dim: int
    layers: int
    patch_values: int
    text_values: int
    head_values: int

    @classmethod
    def of(cls, network: torch.nn.Module, frames: int, height: int, width: int) -> TrunkFlops:
        """Of a transformer or SketchDiT for `frames` latent frames of height x width latents."""
        config = network.config
        patch, patch_t = config.patch_size, config.patch_size_t or 1
        dim = config.num_attention_heads * config.attention_head_dim
        values = patch_t * patch * patch
        return cls(
            vision=frames // patch_t * (height // patch) * (width // patch),
            text=config.max_text_seq_length,
            dim=dim,
            layers=config.num_layers,
            patch_values=config.in_channels * values,
            text_values=config.text_embed_dim,
            head_values=dim if hasattr(network, "zero_conv") else config.out_channels * values,
        )

    @property
    def attention(self) -> int:
        """Of one block: four linear layers and the attention itself."""
        tokens = self.vision + self.text
        return 8 * tokens * self.dim**2 + 4 * tokens**2 * self.dim

    @property
    def feed_forward(self) -> int:
        return 16 * (self.vision + self.text) * self.dim**2

    @property
    def ends(self) -> int:
        """Embeddings in front of the blocks and the head behind them."""
        embeddings = 2 * self.vision * self.patch_values * self.dim + 2 * self.text * self.text_values * self.dim
        return embeddings + 2 * self.vision * self.dim * self.head_values

    @property
    def whole(self) -> int:
        return self.layers * (self.attention + self.feed_forward) + self.ends

    def done(self, count: Counter) -> int:
        """Operations of what `CallCounter` saw."""
        return (
            count["attention"] * self.attention + count["feed_forward"] * self.feed_forward + count["ends"] * self.ends
        )


def memory_flops(memory: torch.nn.Module, vision: int, vectors: int) -> int:
    """Operations of the memory module for one batch entry and step; `vectors` of memory, already projected."""
    config = memory.config
    inner = config.heads * config.dim_head
    layer = 4 * vision * config.dim * inner + 4 * vision * vectors * inner + 4 * vision * config.dim**2 * config.ff_mult
    return config.depth * layer + 2 * vision * config.dim * config.output_dim


@dataclass
class CallCounter:
    """Counts, by hooks, how many batch entries went through the parts of a network. A cache that skips a part leaves it
    uncounted. With `inside=False` blocks are not looked into (compiled ones must not carry hooks): they are taken to
    have run for every entry."""

    network: torch.nn.Module
    inside: bool = True
    count: Counter = field(default_factory=Counter)

    def __post_init__(self):
        blocks = self.network.transformer_blocks
        self._watch(self.network.patch_embed.text_proj, "ends")
        if not self.inside:
            self._watch(self.network.patch_embed.text_proj, "attention", len(blocks))
            self._watch(self.network.patch_embed.text_proj, "feed_forward", len(blocks))
            return
        for block in blocks:
            self._watch(block.attn1.to_q, "attention")
            self._watch(block.ff.net[0].proj, "feed_forward")  # inside: a hook on ff itself would see what is skipped

    def _watch(self, module: torch.nn.Module, name: str, weight: int = 1) -> None:
        def seen(_, inputs):
            self.count[name] += weight * inputs[0].shape[0]

        module.register_forward_pre_hook(seen)

    def take(self) -> Counter:
        """What was counted since the last time."""
        count, self.count = self.count, Counter()
        return count


def counted_flops(compute) -> int:
    """Operations of `compute()` by torch's counter; on meta tensors nothing is computed."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        compute()
    return counter.get_total_flops()


def matmul_flops_per_second(device: torch.device, side: int, dtype=torch.bfloat16, repeats: int = 10) -> float:
    """What a large matrix product of random numbers reaches: the mean of `repeats` after three not counted."""
    a, b = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    for _ in range(3):
        a @ b
    wait(device)
    start = time.perf_counter()
    for _ in range(repeats):
        a @ b
    wait(device)
    return 2 * side**3 * repeats / (time.perf_counter() - start)


def wait(device: torch.device) -> None:
    """Until the device has done all it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
