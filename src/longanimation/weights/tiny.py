"""The preset "tiny": the whole model with random weights, made in a moment, to exercise every path in seconds."""

from __future__ import annotations

import torch

from longanimation.pipeline.fusion import Fusion
from longanimation.pipeline.segment import SegmentSettings
from longanimation.pipeline.settings import WindowSettings

_TEXT, _TOKENS, _WIDTH = 24, 32, 32
_MEMORY = 16


def tiny_parts(seed: int = 0, *, torch_dtype: torch.dtype | None = None) -> dict:
    """All parts of `LongAnimationPipeline`, about 0.6 M parameters, the same for the same seed.

    Nothing is trained: frames are coloured noise. `zero_conv` and `proj_out` are not zero, so that lines and memory
    take part.
    """
    from diffusers import AutoencoderKLCogVideoX
    from transformers import ByT5Tokenizer, T5Config, T5EncoderModel

    from longanimation.models import (
        ControlledTransformer3D,
        DynamicGlobalLocalMemory,
        LineNetwork,
        SketchDiT,
        VideoXLMemory,
    )
    from longanimation.pipeline.scheduler import SegmentScheduler

    trunk = {
        "num_attention_heads": 2,
        "attention_head_dim": _WIDTH // 2,
        "in_channels": 8,
        "out_channels": 4,
        "time_embed_dim": 16,
        "ofs_embed_dim": 16,
        "text_embed_dim": _TEXT,
        "max_text_seq_length": _TOKENS,
        "sample_height": 40,
        "sample_width": 40,
    }
    text = T5Config(
        vocab_size=384, d_model=_TEXT, d_kv=8, d_ff=32, num_layers=1, num_heads=2, feed_forward_proj="gated-gelu"
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        parts = {
            "transformer": ControlledTransformer3D(**trunk, num_layers=2),
            "sketch_dit": SketchDiT(**trunk, num_layers=1),
            "vae": AutoencoderKLCogVideoX(
                block_out_channels=(8, 8, 8, 8),
                latent_channels=4,
                layers_per_block=1,
                norm_num_groups=4,
                scaling_factor=0.7,
                invert_scale_latents=True,
                sample_height=96,  # tiles of 48 x 40 pixels, which the tiles' overlaps of 1/6 and 1/5 divide
                sample_width=80,
            ),
            "text_encoder": T5EncoderModel(text),
            "memory": DynamicGlobalLocalMemory(
                dim=_WIDTH, dim_head=8, heads=2, output_dim=_WIDTH, ff_mult=2, memory_dim=_MEMORY, mapping_dims=(24,)
            ),
            "memory_encoder": _tiny_memory_encoder(VideoXLMemory),
            "line_network": LineNetwork(residual_blocks=1, width=4),
        }
        torch.nn.init.normal_(parts["sketch_dit"].zero_conv.weight, std=0.3)
        torch.nn.init.normal_(parts["memory"].proj_out, std=0.3)
    for module in parts.values():
        module.eval()
        if torch_dtype is not None:
            module.to(torch_dtype)
    return parts | {"tokenizer": ByT5Tokenizer(extra_ids=0), "scheduler": SegmentScheduler.published()}


def tiny_settings(*, paper: bool = False) -> WindowSettings:
    """Windows of 17 frames and few steps; the proportions of overlap and fusion are those of the real settings."""
    if paper:
        loop = SegmentSettings.published(steps=4, tail_frames=2, fusion=Fusion(after_step_index=1))
        return WindowSettings.published(frames=17, overlap=8, max_pixels=96 * 160, denoising=loop)
    return WindowSettings(
        frames=17, overlap=9, max_pixels=96 * 160, denoising=SegmentSettings(steps=3, tail_frames=2, guidance_scale=3.0)
    )


def _tiny_memory_encoder(network):
    return network(
        vision_hidden_size=16,
        vision_intermediate_size=32,
        vision_num_layers=2,
        vision_num_attention_heads=2,
        image_size=32,
        patch_size=8,
        hidden_size=32,
        intermediate_size=64,
        num_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        beacon_ratio=4,
        beacon_window=16,
        memory_layers=(-3, -2, -1),
        prefix_ids=(1, 2),
        suffix_ids=(3, 4),
        frame_fit="stretch",
    )
