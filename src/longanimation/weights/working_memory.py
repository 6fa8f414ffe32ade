"""Activations of each network at a picture size, counted on the meta device; and its weights by shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import torch
from accelerate import init_empty_weights
from torch.nn.modules.conv import _ConvNd as _Convolution

from longanimation.errors import InputError
from longanimation.models.video_xl_history import GLOBAL_FRAMES, LOCAL_FRAMES
from longanimation.models.video_xl_memory import MemoryState
from longanimation.weights.meta_memory import peak_bytes
from longanimation.weights.model_folder import REQUIRED, ModelFolder, open_model_folder
from longanimation.weights.parts import NETWORKS, model_class, open_part
from longanimation.weights.placement import streamed_modules
from longanimation.weights.sources import MODELS

TYPE = torch.bfloat16
_PUBLISHED_TEXT = dict(
    vocab_size=32128, d_model=4096, d_kv=64, d_ff=10240, num_layers=24, num_heads=64, feed_forward_proj="gated-gelu"
)
_PUBLISHED_VAE = dict(scaling_factor=0.7, invert_scale_latents=True, sample_height=480, sample_width=720)

Parts = Mapping[str, torch.nn.Module]


def empty_parts(model: str | Path | ModelFolder) -> dict[str, torch.nn.Module]:
    """The networks of a model folder, or of a model known by name ("5b", fetched or not), without values."""
    if isinstance(model, str) and model in MODELS:
        return dict(_published_parts())
    folder = open_model_folder(model)
    folder.require(*REQUIRED)
    return {name: open_part(folder, name).module for name in folder.parts if name in NETWORKS}


def weight_bytes(part: torch.nn.Module, *, eight_bits: bool = False, dtype: torch.dtype = TYPE) -> int:
    """Bytes of the weights. In 8 bits: what diffusers' layerwise casting stores so, linear layers and convolutions."""
    sizes = {id(value): value.numel() * dtype.itemsize for value in part.parameters()}  # a shared table counts once
    if eight_bits:
        kept = tuple(getattr(part, "_skip_layerwise_casting_patterns", None) or ())
        for name, module in part.named_modules():
            if isinstance(module, torch.nn.Linear | _Convolution) and not any(re.search(p, name) for p in kept):
                sizes |= {id(value): value.numel() for value in module.parameters(recurse=False)}
    return sum(sizes.values())


def layer_bytes(part: torch.nn.Module, *, dtype: torch.dtype = TYPE) -> int:
    """Bytes of the largest single layer in the working type."""
    return max((value.numel() * dtype.itemsize for value in part.parameters()), default=0)


def streamed_bytes(name: str, part: torch.nn.Module, *, dtype: torch.dtype = TYPE) -> int:
    """Bytes on the device of a part whose layers are streamed: two layers, and what lies outside of layers."""
    total = 0
    for module, level in streamed_modules(name, part):
        if level == "leaf_level":
            total += 2 * layer_bytes(module, dtype=dtype)
            continue
        stacks = [child for child in module.children() if isinstance(child, torch.nn.ModuleList | torch.nn.Sequential)]
        blocks = [weight_bytes(block, dtype=dtype) for stack in stacks for block in stack]
        total += weight_bytes(module, dtype=dtype) - sum(blocks) + 2 * max(blocks, default=0)
    return total


def text_bytes(text_encoder: torch.nn.Module, tokens: int = 226) -> int:
    """Activations of the text encoder: a few vectors per token and one layer's attention scores."""
    config = text_encoder.config
    return tokens * TYPE.itemsize * (4 * config.d_ff + 8 * config.d_model) + 4 * config.num_heads * tokens**2 * 2


def coding_bytes(vae: torch.nn.Module, height: int, width: int, frames: int) -> dict[bool, dict[str, int]]:
    """Activations of encoding and decoding a window, its pixels included: {in tiles: {"encode": ..., "decode": ...}}.

    Memory grows with the pixels of a picture, not with the frames, which go through in groups: a small one is counted.
    """
    vae = _typed(vae)
    small, ratio = 64, 8
    latents = _empty(1, vae.config.latent_channels, 5, small // ratio, small // ratio)
    encode = peak_bytes(lambda: vae.encode(_empty(1, 3, 17, small, small)).latent_dist.mean)
    decode = peak_bytes(lambda: vae.decode(latents).sample)
    whole = frames * 3 * height * width * TYPE.itemsize
    config = vae.config
    tile = config.sample_height * config.sample_width // 4 if "sample_height" in config else height * width
    table = {}
    for tiles in (False, True):
        pixels = min(height * width, tile) if tiles else height * width
        table[tiles] = {
            "encode": encode * pixels // small**2 + whole,
            "decode": decode * pixels // small**2 + 2 * whole,
        }
    return table


def denoise_bytes(parts: Parts, height: int, width: int, frames: int) -> int:
    """Activations of one denoising step with both guidance halves, control and projected memory included."""
    transformer = parts["transformer"]
    config = transformer.config
    patch_t, ratio = config.patch_size_t or 1, 8
    count = (frames - 1) // config.temporal_compression_ratio + 1
    count += -count % patch_t
    h, w = height // ratio, width // ratio
    tokens = count // patch_t * (h // config.patch_size) * (w // config.patch_size)
    dim = config.num_attention_heads * config.attention_head_dim
    short = _like(transformer, num_layers=min(2, config.num_layers))
    control = _empty(2, tokens, dim)
    table = torch.empty(tokens, config.attention_head_dim, device="meta")
    step = peak_bytes(
        lambda: short(
            hidden_states=_empty(2, count, config.in_channels, h, w),
            encoder_hidden_states=_empty(2, config.max_text_seq_length, config.text_embed_dim),
            timestep=torch.zeros(2, device="meta", dtype=torch.int64),
            ofs=torch.zeros(1, device="meta"),
            image_rotary_emb=(table, table),
            control=control,
            return_dict=False,
        )
    )
    held = control.nbytes + 16 * count * h * w * 4 * 6  # latents, noise, sketches, picture, tails
    if "memory" not in parts:
        return step + held
    memory = _typed(parts["memory"])
    vectors = _memory_vectors(parts)
    inner = memory.config.heads * memory.config.dim_head
    projected = [_empty(1, vectors, memory.config.heads, memory.config.dim_head) for _ in range(memory.config.depth)]
    from longanimation.models import ProjectedMemory

    read = peak_bytes(lambda: memory(control=control, projected=ProjectedMemory(tuple(projected), tuple(projected))))
    return max(step, read) + held + 2 * memory.config.depth * vectors * inner * TYPE.itemsize


def memory_bytes(memory_encoder: torch.nn.Module, frames: int = GLOBAL_FRAMES) -> int:
    """Activations of the last window of `frames` frames, with the keys and values of all before."""
    config, language = memory_encoder.config, memory_encoder.language
    vectors, heads, size = memory_encoder.vectors(frames), language.key_value_heads, language.head_dim
    tokens = max(1, config.beacon_window // memory_encoder.tokens_per_frame)
    features = _empty(1, tokens, memory_encoder.tokens_per_frame, config.hidden_size)
    windows = []
    for layers in (2, 3):  # what a layer keeps adds up, what it works with does not
        short = {"num_layers": layers, "memory_layers": [-1], "vision_num_layers": 2, "vision_select_layer": -1}
        model = _like(memory_encoder, **short)
        closed = _empty(layers, 2, 1, heads, vectors, size)
        state = MemoryState(closed, closed[..., :0, :])
        windows.append(closed.nbytes + peak_bytes(lambda model=model, state=state: model.append(state, features)))
    kept = windows[1] - windows[0]
    pixels = _empty(min(model.tower_chunk, frames), 3, config.image_size, config.image_size)
    tower = peak_bytes(lambda: model.vision(pixels)) + len(language.layers) * 2 * heads * vectors * size * TYPE.itemsize
    local = LOCAL_FRAMES * memory_encoder.tokens_per_frame * config.hidden_size * TYPE.itemsize
    return max(tower, windows[0] + (len(language.layers) - 2) * kept) + local


def _like(part: torch.nn.Module, **changes) -> torch.nn.Module:
    """Another network of the same kind and config but for `changes`, without values."""
    config = {name: value for name, value in part.config.items() if not name.startswith("_")}
    with init_empty_weights():
        return _typed(type(part)(**config | changes))


def _typed(part: torch.nn.Module) -> torch.nn.Module:
    return torch.nn.Module.to(part, TYPE)  # diffusers' own `to` warns about a type change, which means nothing here


def _memory_vectors(parts: Parts) -> int:
    if "memory_encoder" not in parts:
        return 0
    encoder = parts["memory_encoder"]
    return encoder.vectors(GLOBAL_FRAMES) + encoder.vectors(LOCAL_FRAMES)


@lru_cache(maxsize=1)
def _published_parts() -> dict[str, torch.nn.Module]:
    from transformers import T5Config, T5EncoderModel

    with init_empty_weights():
        parts = {
            name: model_class(name)() for name in NETWORKS if name not in ("vae", "text_encoder", "correspondence")
        }
        parts["vae"] = model_class("vae")(**_PUBLISHED_VAE)
        parts["text_encoder"] = T5EncoderModel(T5Config(**_PUBLISHED_TEXT))
    parts["text_encoder"].set_input_embeddings(parts["text_encoder"].shared)
    return parts


def _empty(*shape: int) -> torch.Tensor:
    if any(side < 0 for side in shape):
        raise InputError(f"a picture of this size cannot be computed (a tensor would be {list(shape)})")
    return torch.empty(shape, device="meta", dtype=TYPE)
