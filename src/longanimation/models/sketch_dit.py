"""SketchDiT: line drawings, reference picture and text to one control tensor per denoising step."""

from __future__ import annotations

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.loaders import PeftAdapterMixin
from torch import nn

from longanimation.models.context_parallel import trunk_plan
from longanimation.models.trunk import VideoTrunk, lora_scale


class SketchDiT(VideoTrunk, ConfigMixin, PeftAdapterMixin):
    """The control branch of LongAnimation (paper section 3.2): the first blocks of a video transformer over sketch and
    image latents. It never sees the noisy latents, so all steps of a window can be computed ahead.

    Config names are CogVideoX's; the defaults are those of the published weights (818 M parameters). State-dict keys
    are the published ones. `out_channels` is kept for the published config and has no effect.
    """

    _cp_plan = trunk_plan("zero_conv")

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
        num_layers: int = 6,
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
        self.zero_conv = nn.Linear(dim, dim, bias=False)
        nn.init.zeros_(self.zero_conv.weight)  # an untrained control changes nothing

    def forward(
        self,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        timestep: torch.Tensor | int,
        ofs: torch.Tensor | float | None = None,
        image_rotary_emb: tuple[torch.Tensor, torch.Tensor] | None = None,
        attention_kwargs: dict | None = None,
    ) -> torch.Tensor:
        """Compute the control.

        Args:
            hidden_states: [B, F, in_channels, h, w], sketch latents first, image latents second; F, h, w even.
            encoder_hidden_states: [B, L, text_embed_dim] text embeddings, padding included (there is no mask).
            timestep: [B] or one number, 0 to 999.
            ofs: [1] or one number (2.0 in the published inference); ignored if the config has no ofs embedding.
            image_rotary_emb: cosines and sines [N, head_dim] of `rotary_tables`.
            attention_kwargs: `{"scale": s}` scales LoRA layers.

        Returns:
            [B, N, dim], N = F/2 * h/2 * w/2 vision tokens.
        """
        self.check_size(hidden_states)
        with lora_scale(self, attention_kwargs) as attention_kwargs:
            embedding = self.embed_time(timestep, ofs, hidden_states.shape[0], hidden_states)
            vision, text = self.embed_tokens(hidden_states, encoder_hidden_states)
            for block in self.transformer_blocks:
                vision, text = self.run_block(block, vision, text, embedding, image_rotary_emb, attention_kwargs)
            return self.zero_conv(vision)
