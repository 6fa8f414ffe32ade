"""The video diffusion transformer (CogVideoX 1.5) with a control added to its vision tokens."""

from __future__ import annotations

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.loaders import PeftAdapterMixin
from diffusers.models.modeling_outputs import Transformer2DModelOutput
from diffusers.models.normalization import AdaLayerNorm
from torch import nn

from longanimation.models.context_parallel import trunk_plan
from longanimation.models.trunk import VideoTrunk, lora_scale


class ControlledTransformer3D(VideoTrunk, ConfigMixin, PeftAdapterMixin):
    """CogVideoX's transformer, unchanged in keys, shapes and config names (a stock `transformer/` folder loads as it
    is), with `control` added after every second block: 0, 2, 4, ... (paper section 3.2). The last block never gets it
    when the number of blocks is even.
    """

    _cp_plan = trunk_plan("proj_out")

    @register_to_config
    def __init__(
        self,
        num_attention_heads: int = 48,
        attention_head_dim: int = 64,
        in_channels: int = 32,
        out_channels: int | None = 16,
        flip_sin_to_cos: bool = True,
        freq_shift: int = 0,
        time_embed_dim: int = 512,
        ofs_embed_dim: int | None = 512,
        text_embed_dim: int = 4096,
        num_layers: int = 42,
        dropout: float = 0.0,
        attention_bias: bool = True,
        sample_width: int = 300,
        sample_height: int = 300,
        sample_frames: int = 81,
        patch_size: int = 2,
        patch_size_t: int | None = 2,
        temporal_compression_ratio: int = 4,
        max_text_seq_length: int = 226,
        activation_fn: str = "gelu-approximate",
        timestep_activation_fn: str = "silu",
        norm_elementwise_affine: bool = True,
        norm_eps: float = 1e-5,
        spatial_interpolation_scale: float = 1.875,
        temporal_interpolation_scale: float = 1.0,
        use_rotary_positional_embeddings: bool = True,
        use_learned_positional_embeddings: bool = False,
        patch_bias: bool = False,
    ):
        super().__init__()
        dim = self.build_trunk(self.config)
        self.norm_final = nn.LayerNorm(dim, norm_eps, norm_elementwise_affine)
        self.norm_out = AdaLayerNorm(
            embedding_dim=time_embed_dim,
            output_dim=2 * dim,
            norm_elementwise_affine=norm_elementwise_affine,
            norm_eps=norm_eps,
            chunk_dim=1,
        )
        self.proj_out = nn.Linear(dim, patch_size * patch_size * (patch_size_t or 1) * out_channels)

    def forward(
        self,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        timestep: torch.Tensor | int,
        ofs: torch.Tensor | float | None = None,
        image_rotary_emb: tuple[torch.Tensor, torch.Tensor] | None = None,
        attention_kwargs: dict | None = None,
        control: torch.Tensor | None = None,
        control_scale: float = 0.5,
        return_dict: bool = True,
    ) -> Transformer2DModelOutput | tuple[torch.Tensor]:
        """One denoising prediction.

        Args:
            hidden_states: [B, F, in_channels, h, w], noisy latents first, image latents second; F, h, w even.
            encoder_hidden_states, timestep, ofs, image_rotary_emb, attention_kwargs: as for `SketchDiT`.
            control: [B, N, dim] of `SketchDiT` (plus memory), or None for the plain CogVideoX.
            control_scale: factor of the control; 0.5 in the published inference.

        Returns:
            `sample` [B, F, out_channels, h, w] (v-prediction), in a tuple if `return_dict` is false.
        """
        self.check_size(hidden_states)
        batch, frames, _, height, width = hidden_states.shape
        with lora_scale(self, attention_kwargs) as attention_kwargs:
            embedding = self.embed_time(timestep, ofs, batch, hidden_states)
            vision, text = self.embed_tokens(hidden_states, encoder_hidden_states)
            if control is not None:
                control = control * control_scale
            for index, block in enumerate(self.transformer_blocks):
                added = control if index % 2 == 0 else None
                vision, text = self.run_block(block, vision, text, embedding, image_rotary_emb, attention_kwargs, added)
            vision = self.norm_out(self.norm_final(vision), temb=embedding)
            values = self.proj_out(vision)
        patch, patch_t = self.config.patch_size, self.config.patch_size_t or 1
        values = values.reshape(batch, frames // patch_t, height // patch, width // patch, -1, patch_t, patch, patch)
        sample = values.permute(0, 1, 5, 4, 2, 6, 3, 7).reshape(batch, frames, -1, height, width)
        return Transformer2DModelOutput(sample=sample) if return_dict else (sample,)
