"""The transformer block shared by SketchDiT and the controlled video transformer."""

from __future__ import annotations

import torch
from diffusers.models.attention import FeedForward
from diffusers.models.normalization import CogVideoXLayerNormZero
from torch import nn

from longanimation.models.attention import JointAttention


class ControlledBlock(nn.Module):
    """CogVideoX block: modulated joint attention, modulated feed-forward, then, where given, the control is added.

    The control is added inside the block because diffusers' first-block and Mag caches replay the difference between
    block outputs: added between blocks, a cached step would count it twice.
    """

    def __init__(
        self,
        dim: int,
        num_attention_heads: int,
        attention_head_dim: int,
        time_embed_dim: int,
        dropout: float = 0.0,
        activation_fn: str = "gelu-approximate",
        attention_bias: bool = True,
        norm_elementwise_affine: bool = True,
        norm_eps: float = 1e-5,
    ):
        super().__init__()
        self.norm1 = CogVideoXLayerNormZero(time_embed_dim, dim, norm_elementwise_affine, norm_eps, bias=True)
        self.attn1 = JointAttention(dim, num_attention_heads, attention_head_dim, bias=attention_bias)
        self.norm2 = CogVideoXLayerNormZero(time_embed_dim, dim, norm_elementwise_affine, norm_eps, bias=True)
        self.ff = FeedForward(dim, dropout=dropout, activation_fn=activation_fn, final_dropout=True)

    def forward(
        self,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        temb: torch.Tensor,
        image_rotary_emb: tuple[torch.Tensor, torch.Tensor] | None = None,
        attention_kwargs: dict | None = None,
        control: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Vision tokens [B, N, dim] and text tokens [B, L, dim] in and out; temb [B, time_embed_dim].

        control: [B, N, dim], already scaled, added to the vision tokens at the end; None for no control.
        """
        text_length = encoder_hidden_states.shape[1]

        vision, text, gate, text_gate = self.norm1(hidden_states, encoder_hidden_states, temb)
        vision, text = self.attn1(vision, text, image_rotary_emb, **(attention_kwargs or {}))
        hidden_states = hidden_states + gate * vision
        encoder_hidden_states = encoder_hidden_states + text_gate * text

        vision, text, gate, text_gate = self.norm2(hidden_states, encoder_hidden_states, temb)
        joint = self.ff(torch.cat([text, vision], dim=1))
        hidden_states = hidden_states + gate * joint[:, text_length:]
        encoder_hidden_states = encoder_hidden_states + text_gate * joint[:, :text_length]

        if control is not None:
            hidden_states = hidden_states + control
        return hidden_states, encoder_hidden_states


def register_for_caches(block: type[nn.Module]) -> None:
    """Tell diffusers' step caches where a block's outputs are (nothing on versions without such a registry)."""
    try:
        from diffusers.hooks._helpers import TransformerBlockMetadata, TransformerBlockRegistry
    except ImportError:
        return
    metadata = TransformerBlockMetadata(return_hidden_states_index=0, return_encoder_hidden_states_index=1)
    TransformerBlockRegistry.register(block, metadata)


register_for_caches(ControlledBlock)
