"""Writes a tiny Video-XL folder in exactly the published layout: config, shards with an index, all names."""

import json

import torch
from safetensors.torch import save_file

from longanimation.weights.video_xl import published_shapes

CONFIG = {
    "architectures": ["LlavaQwenForCausalLM"],
    "model_type": "llava_qwen",
    "hidden_size": 48,
    "intermediate_size": 64,
    "num_hidden_layers": 10,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "hidden_act": "silu",
    "rms_norm_eps": 1e-6,
    "rope_theta": 1000000.0,
    "rope_scaling": None,
    "max_position_embeddings": 32768,
    "use_sliding_window": False,
    "tie_word_embeddings": False,
    "vocab_size": 151700,
    "torch_dtype": "bfloat16",
    "beacon_window": 64,
    "beacon_stride": 64,
    "beacon_ratio": [2, 4, 8],
    "beacon_ratio_mix": "step-random",
    "beacon_pos": "interleave",
    "beacon_attn": "full-coverage",
    "beacon_attend_prev": True,
    "beacon_param": ["q", "k", "v"],
    "beacon_sink_size": 0,
    "beacon_accum": True,
    "beacon_parallel_window": 1,
    "beacon_embed_init": "eos",
    "mm_vision_tower": "openai/clip-vit-large-patch14-336",
    "mm_hidden_size": 64,
    "mm_projector_type": "mlp2x_gelu",
    "mm_vision_select_layer": -2,
    "mm_vision_select_feature": "patch",
    "mm_patch_merge_type": "unires",
    "mm_resampler_type": "spatial_pool",
    "mm_spatial_pool_stride": 2,
    "mm_spatial_pool_mode": "average",
    "mm_spatial_pool_out_channels": 64,
}

TOWER = {
    "vision_hidden_size": 64,
    "vision_intermediate_size": 96,
    "vision_num_layers": 3,
    "image_size": 32,
    "patch_size": 4,
}


def tiny_tensors(seed=0, dtype=torch.bfloat16):
    """Random values under all published names at the sizes of CONFIG."""
    generator = torch.Generator().manual_seed(seed)
    language = {"num_layers": 10, **{n: CONFIG[n] for n in CONFIG if n.startswith(("hidden_s", "intermed", "num_"))}}
    shapes = published_shapes(language | TOWER, vocabulary=CONFIG["vocab_size"])
    return {
        name: (torch.randn(shape, generator=generator) * 0.2 + (len(shape) == 1)).to(dtype)
        for name, shape in shapes.items()
    }


def write_video_xl(folder, tensors=None, config=None, shards=3):
    """Write the folder; every `shards`-th tensor goes to the same shard."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = tiny_tensors() if tensors is None else tensors
    (folder / "config.json").write_text(json.dumps(config or CONFIG, indent=2))
    (folder / "generation_config.json").write_text(json.dumps({"do_sample": True}))
    names = sorted(tensors)
    index = {}
    for number in range(shards):
        file = f"model-{number + 1:05d}-of-{shards:05d}.safetensors"
        part = {name: tensors[name].contiguous() for name in names[number::shards]}
        save_file(part, folder / file, metadata={"format": "pt"})
        index |= dict.fromkeys(part, file)
    size = sum(value.numel() * value.element_size() for value in tensors.values())
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"metadata": {"total_size": size}, "weight_map": dict(sorted(index.items()))}, indent=2)
    )
    return folder
