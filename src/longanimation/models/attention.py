"""Attention of the video transformer (text and vision in one sequence) through diffusers' attention dispatcher.

The stock CogVideoX processor calls torch's attention directly, so choosing a backend there silently does nothing.
"""

from __future__ import annotations

import inspect

import torch
from diffusers.models.attention import AttentionModuleMixin
from diffusers.models.attention_dispatch import dispatch_attention_fn
from torch import nn

from longanimation.models.rotary import apply_rotary

_TAKES_PARALLEL_CONFIG = "parallel_config" in inspect.signature(dispatch_attention_fn).parameters  # diffusers >= 0.36


def attend(query, key, value, *, backend=None, parallel_config=None) -> torch.Tensor:
    """Softmax attention of query [batch, n, heads, dim] over key and value [batch, m, heads, dim], scale 1/sqrt(dim).

    `backend` is a diffusers attention backend (None: the active one); `parallel_config` splits the sequence over
    processes (context parallel).
    """
    extra = {"parallel_config": parallel_config} if _TAKES_PARALLEL_CONFIG else {}
    return dispatch_attention_fn(query, key, value, backend=backend, **extra)


class JointAttentionProcessor:
    """Computes `JointAttention`. Holds what diffusers sets per model: attention backend and context parallel config."""

    _attention_backend = None
    _parallel_config = None

    def __call__(
        self,
        attn: JointAttention,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        image_rotary_emb: tuple[torch.Tensor, torch.Tensor] | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        text_length = encoder_hidden_states.shape[1]
        joint = torch.cat([encoder_hidden_states, hidden_states], dim=1)
        if attn.fused_projections:
            query, key, value = attn.to_qkv(joint).chunk(3, dim=-1)
        else:
            query, key, value = attn.to_q(joint), attn.to_k(joint), attn.to_v(joint)
        query, key, value = (part.unflatten(-1, (attn.heads, -1)) for part in (query, key, value))
        query, key = attn.norm_q(query), attn.norm_k(key)
        if image_rotary_emb is not None:  # positions belong to vision tokens only
            query, key = (
                torch.cat([part[:, :text_length], apply_rotary(part[:, text_length:], image_rotary_emb)], dim=1)
                for part in (query, key)
            )
        attended = attend(query, key, value, backend=self._attention_backend, parallel_config=self._parallel_config)
        attended = attended.flatten(2).to(joint.dtype)
        for layer in attn.to_out:
            attended = layer(attended)
        return attended[:, text_length:], attended[:, :text_length]


class JointAttention(nn.Module, AttentionModuleMixin):
    """Self-attention over text followed by vision tokens, one set of weights for both.

    Queries and keys are layer-normalised per head (eps 1e-6) before the rotary embedding. Key names are CogVideoX's.
    """

    _default_processor_cls = JointAttentionProcessor
    _available_processors = [JointAttentionProcessor]
    is_cross_attention = False

    def __init__(self, dim: int, heads: int, head_dim: int, bias: bool = True):
        super().__init__()
        self.heads = heads
        self.use_bias = bias
        self.to_q = nn.Linear(dim, heads * head_dim, bias=bias)
        self.to_k = nn.Linear(dim, heads * head_dim, bias=bias)
        self.to_v = nn.Linear(dim, heads * head_dim, bias=bias)
        self.norm_q = nn.LayerNorm(head_dim, eps=1e-6)
        self.norm_k = nn.LayerNorm(head_dim, eps=1e-6)
        self.to_out = nn.ModuleList([nn.Linear(heads * head_dim, dim), nn.Dropout(0.0)])
        self.set_processor(JointAttentionProcessor())

    def forward(
        self,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        image_rotary_emb: tuple[torch.Tensor, torch.Tensor] | None = None,
        **kwargs,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """hidden_states [batch, vision tokens, dim], encoder_hidden_states [batch, text tokens, dim]; the same back."""
        return self.processor(self, hidden_states, encoder_hidden_states, image_rotary_emb, **kwargs)
