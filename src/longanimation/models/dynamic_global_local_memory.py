"""Dynamic global-local memory (DGLM): what the video looked like so far, read into the control of the next window."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.attention import AttentionMixin, AttentionModuleMixin
from diffusers.models.modeling_utils import ModelMixin
from diffusers.utils.accelerate_utils import apply_forward_hook
from torch import nn

from longanimation.models.attention import attend
from longanimation.models.context_parallel import memory_plan


@dataclass(frozen=True)
class ProjectedMemory:
    """Memory as the attention layers read it: per layer, keys and values [batch, M, heads, dim_head].

    It depends on the memory only, so it is made once per window instead of once per step and guidance half.
    """

    keys: tuple[torch.Tensor, ...]
    values: tuple[torch.Tensor, ...]

    def to(self, *args, **kwargs) -> ProjectedMemory:
        """A copy on another device or in another dtype."""
        keys = tuple(key.to(*args, **kwargs) for key in self.keys)
        return ProjectedMemory(keys, tuple(value.to(*args, **kwargs) for value in self.values))


class MemoryAttentionProcessor:
    """Computes `MemoryAttention` by diffusers' dispatcher. The memory is whole on every process, so the tokens of a
    context-parallel run need no exchange here, and no parallel config is kept."""

    _attention_backend = None

    def __call__(self, attn: MemoryAttention, control, key, value) -> torch.Tensor:
        query = attn.to_q(attn.norm2(control)).unflatten(-1, (attn.heads, -1))
        repeats = query.shape[0] // key.shape[0]
        if repeats > 1:  # the guidance halves share one memory
            key, value = key.repeat(repeats, 1, 1, 1), value.repeat(repeats, 1, 1, 1)
        attended = attend(query, key, value, backend=self._attention_backend)
        return attn.to_out(attended.flatten(2).to(query.dtype))


class MemoryAttention(nn.Module, AttentionModuleMixin):
    """Cross-attention from control tokens to mapped memory. `norm1` serves keys and values, `norm2` the control."""

    _default_processor_cls = MemoryAttentionProcessor
    _available_processors = [MemoryAttentionProcessor]
    _supports_qkv_fusion = False
    is_cross_attention = True

    def __init__(self, dim: int, heads: int, dim_head: int):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(dim)
        self.norm2 = nn.LayerNorm(dim)
        self.to_q = nn.Linear(dim, heads * dim_head, bias=False)
        self.to_k = nn.Linear(dim, heads * dim_head, bias=False)
        self.to_v = nn.Linear(dim, heads * dim_head, bias=False)
        self.to_out = nn.Linear(heads * dim_head, dim, bias=False)
        self.set_processor(MemoryAttentionProcessor())

    def project(self, mapped_keys: torch.Tensor, mapped_values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mapped keys and values [B, M, dim] to attention keys and values [B, M, heads, dim_head]."""
        key = self.to_k(self.norm1(mapped_keys)).unflatten(-1, (self.heads, -1))
        value = self.to_v(self.norm1(mapped_values)).unflatten(-1, (self.heads, -1))
        return key, value

    def forward(self, control: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        """Read the memory for control [B, N, dim]; keys and values of batch 1 or of a divisor of B."""
        return self.processor(self, control, key, value)


def mapping(memory_dim: int, hidden: tuple[int, ...], dim: int) -> nn.Sequential:
    """Memory vector to model width: Linear, LayerNorm, LeakyReLU for each hidden width, then Linear."""
    layers: list[nn.Module] = []
    for width in hidden:
        layers += [nn.Linear(memory_dim, width), nn.LayerNorm(width), nn.LeakyReLU(0.01)]
        memory_dim = width
    return nn.Sequential(*layers, nn.Linear(memory_dim, dim))


def feed_forward(dim: int, factor: int) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(dim),
        nn.Linear(dim, dim * factor, bias=False),
        nn.GELU(),
        nn.Linear(dim * factor, dim, bias=False),
    )


class DynamicGlobalLocalMemory(ModelMixin, AttentionMixin, ConfigMixin):
    """Cross-attention from the control to global and local memory (paper section 3.3).

    Memory tensors are [1, 2, depth, tokens, memory_dim]: keys then values, one slice of the long-video model's layers
    per layer here. The defaults and the state-dict keys are those of the published weights (403 M parameters).
    `memory_dim` (512: 4 heads of 128 of Video-XL) and `mapping_dims` are fixed there; smaller models set their own.
    """

    _supports_gradient_checkpointing = True
    _no_split_modules = ["MemoryAttention"]
    _skip_layerwise_casting_patterns = ["norm", "proj_out"]
    _cp_plan = memory_plan("gather")

    @register_to_config
    def __init__(
        self,
        dim: int = 3072,
        depth: int = 3,
        dim_head: int = 96,
        heads: int = 32,
        output_dim: int = 3072,
        ff_mult: int = 4,
        memory_dim: int = 512,
        mapping_dims: tuple[int, ...] = (1024, 2048),
    ):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.ModuleList([MemoryAttention(dim, heads, dim_head), feed_forward(dim, ff_mult)]) for _ in range(depth)
        )
        for index in range(depth):
            self.add_module(f"key_mapping_{index}", mapping(memory_dim, tuple(mapping_dims), dim))
            self.add_module(f"value_mapping_{index}", mapping(memory_dim, tuple(mapping_dims), dim))
        self.proj_out = nn.Parameter(torch.zeros(dim, output_dim))  # an untrained memory changes nothing
        self.gather = nn.Identity()  # where a context-parallel run joins its slices again
        self.gradient_checkpointing = False

    @apply_forward_hook
    def project_memory(
        self, global_memory: torch.Tensor | None, local_memory: torch.Tensor | None = None
    ) -> ProjectedMemory:
        """Map global and local memory [B, 2, depth, N, memory_dim] (one of them may be None) to attention form."""
        parts = [part for part in (global_memory, local_memory) if part is not None]
        if not parts:
            raise ValueError("project_memory needs a global or a local memory")
        memory = torch.cat(parts, dim=3).to(self.proj_out)
        expected = (2, self.config.depth, self.config.memory_dim)
        if (memory.shape[1], memory.shape[2], memory.shape[4]) != expected:
            raise ValueError(f"memory of shape {list(memory.shape)}, expected [B, 2, {expected[1]}, N, {expected[2]}]")
        keys, values = [], []
        for index, (attention, _) in enumerate(self.layers):
            key, value = attention.project(
                self.get_submodule(f"key_mapping_{index}")(memory[:, 0, index]),
                self.get_submodule(f"value_mapping_{index}")(memory[:, 1, index]),
            )
            keys.append(key)
            values.append(value)
        return ProjectedMemory(tuple(keys), tuple(values))

    def forward(
        self,
        global_memory: torch.Tensor | None = None,
        local_memory: torch.Tensor | None = None,
        control: torch.Tensor | None = None,
        projected: ProjectedMemory | None = None,
    ) -> torch.Tensor:
        """The term that is added to the control.

        Args:
            global_memory, local_memory: [B or 1, 2, depth, N, memory_dim]; not needed with `projected`.
            control: [B, tokens, dim], the output of SketchDiT; B a multiple of the memory's batch.
            projected: what `project_memory` returned for this window.

        Returns:
            [B, tokens, output_dim]; zero for a freshly made module.
        """
        if control is None:
            raise ValueError("forward needs the control of SketchDiT")
        if projected is None:
            projected = self.project_memory(global_memory, local_memory)
        if control.shape[0] % projected.keys[0].shape[0]:
            raise ValueError(f"memory batch {projected.keys[0].shape[0]} does not divide batch {control.shape[0]}")
        for layer, key, value in zip(self.layers, projected.keys, projected.values, strict=True):
            if torch.is_grad_enabled() and self.gradient_checkpointing:
                control = self._gradient_checkpointing_func(self.run_layer, layer, control, key, value)
            else:
                control = self.run_layer(layer, control, key, value)
        return self.gather(F.linear(control, self.proj_out.t()))

    @staticmethod
    def run_layer(layer: nn.ModuleList, control: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        attention, network = layer
        control = attention(control, key, value) + control
        return network(control) + control
