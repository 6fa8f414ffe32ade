"""What SketchDiT and the controlled video transformer have in common: embeddings, blocks, and how they are split."""

from __future__ import annotations

from contextlib import contextmanager

import torch
from diffusers.models.attention import AttentionMixin
from diffusers.models.cache_utils import CacheMixin
from diffusers.models.embeddings import CogVideoXPatchEmbed, TimestepEmbedding, Timesteps
from diffusers.models.modeling_utils import ModelMixin
from diffusers.utils import USE_PEFT_BACKEND, scale_lora_layers, unscale_lora_layers
from torch import nn

from longanimation.models.block import ControlledBlock


class VideoTrunk(ModelMixin, AttentionMixin, CacheMixin):
    """Embeddings and blocks of CogVideoX 1.5. Subclasses register their own config and add their head."""

    _supports_gradient_checkpointing = True
    _no_split_modules = ["ControlledBlock", "CogVideoXPatchEmbed"]
    _repeated_blocks = ["ControlledBlock"]
    _skip_layerwise_casting_patterns = ["patch_embed", "norm"]

    def build_trunk(self, config) -> int:
        """Create the layers from a registered config; returns the model width (heads x head size)."""
        dim = config.num_attention_heads * config.attention_head_dim
        if config.use_learned_positional_embeddings and not config.use_rotary_positional_embeddings:
            raise ValueError("learned positions without rotary embedding: no published weights have this combination")
        self.patch_embed = CogVideoXPatchEmbed(
            patch_size=config.patch_size,
            patch_size_t=config.patch_size_t,
            in_channels=config.in_channels,
            embed_dim=dim,
            text_embed_dim=config.text_embed_dim,
            bias=config.patch_bias,
            sample_width=config.sample_width,
            sample_height=config.sample_height,
            sample_frames=config.sample_frames,
            temporal_compression_ratio=config.temporal_compression_ratio,
            max_text_seq_length=config.max_text_seq_length,
            spatial_interpolation_scale=config.spatial_interpolation_scale,
            temporal_interpolation_scale=config.temporal_interpolation_scale,
            use_positional_embeddings=not config.use_rotary_positional_embeddings,
            use_learned_positional_embeddings=config.use_learned_positional_embeddings,
        )
        self.embedding_dropout = nn.Dropout(config.dropout)
        self.time_proj = Timesteps(dim, config.flip_sin_to_cos, config.freq_shift)
        self.time_embedding = TimestepEmbedding(dim, config.time_embed_dim, config.timestep_activation_fn)
        self.ofs_proj = self.ofs_embedding = None
        if config.ofs_embed_dim:
            width = config.ofs_embed_dim
            self.ofs_proj = Timesteps(width, config.flip_sin_to_cos, config.freq_shift)
            self.ofs_embedding = TimestepEmbedding(width, width, config.timestep_activation_fn)
        self.transformer_blocks = nn.ModuleList(
            ControlledBlock(
                dim=dim,
                num_attention_heads=config.num_attention_heads,
                attention_head_dim=config.attention_head_dim,
                time_embed_dim=config.time_embed_dim,
                dropout=config.dropout,
                activation_fn=config.activation_fn,
                attention_bias=config.attention_bias,
                norm_elementwise_affine=config.norm_elementwise_affine,
                norm_eps=config.norm_eps,
            )
            for _ in range(config.num_layers)
        )
        self.gradient_checkpointing = False
        return dim

    def check_size(self, hidden_states: torch.Tensor) -> None:
        """Refuse latents [B, F, C, h, w] that cannot be cut into patches, before a reshape fails deep inside."""
        _, frames, channels, height, width = hidden_states.shape
        patch, patch_t = self.config.patch_size, self.config.patch_size_t or 1
        if frames % patch_t or height % patch or width % patch:
            raise ValueError(
                f"{type(self).__name__}: {frames} latent frames of {height} x {width} cannot be cut into patches of "
                f"{patch_t} x {patch} x {patch}; add a padding frame or pad the picture"
            )
        if channels != self.config.in_channels:
            raise ValueError(f"{type(self).__name__}: {channels} input channels, expected {self.config.in_channels}")

    def embed_time(self, timestep, ofs, batch: int, like: torch.Tensor) -> torch.Tensor:
        """Time (and ofs) embedding [B, time_embed_dim]; sinusoids in float32, then the dtype of `like`."""
        timestep = torch.as_tensor(timestep, device=like.device).expand(batch)
        embedding = self.time_embedding(self.time_proj(timestep).to(like.dtype))
        if self.ofs_embedding is not None:
            ofs = torch.as_tensor(ofs, device=like.device).reshape(-1)
            embedding = embedding + self.ofs_embedding(self.ofs_proj(ofs).to(like.dtype))
        return embedding

    def embed_tokens(self, hidden_states, encoder_hidden_states) -> tuple[torch.Tensor, torch.Tensor]:
        """Latents [B, F, C, h, w] and text [B, L, text_embed_dim] to vision tokens [B, N, dim] and text [B, L, dim]."""
        text_length = encoder_hidden_states.shape[1]
        tokens = self.embedding_dropout(self.patch_embed(encoder_hidden_states, hidden_states))
        return tokens[:, text_length:], tokens[:, :text_length]

    def run_block(self, block, vision, text, embedding, image_rotary_emb, attention_kwargs, control=None):
        """One block, checkpointed in training if asked for."""
        if torch.is_grad_enabled() and self.gradient_checkpointing:
            return self._gradient_checkpointing_func(
                block, vision, text, embedding, image_rotary_emb, attention_kwargs, control
            )
        return block(
            hidden_states=vision,
            encoder_hidden_states=text,
            temb=embedding,
            image_rotary_emb=image_rotary_emb,
            attention_kwargs=attention_kwargs,
            control=control,
        )


@contextmanager
def lora_scale(model: nn.Module, attention_kwargs: dict | None):
    """Apply `attention_kwargs["scale"]` to the model's LoRA layers; yields the other entries."""
    rest = dict(attention_kwargs or {})
    scale = rest.pop("scale", 1.0)
    if USE_PEFT_BACKEND and scale != 1.0:
        scale_lora_layers(model, scale)
    try:
        yield rest or None
    finally:
        if USE_PEFT_BACKEND and scale != 1.0:
            unscale_lora_layers(model, scale)
