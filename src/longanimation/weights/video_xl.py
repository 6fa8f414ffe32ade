"""The published Video-XL folder: configuration, tensor names, strict loading."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path

import torch
from accelerate import init_empty_weights

from longanimation.errors import InputError
from longanimation.weights.report import KeyReport, compare_keys
from longanimation.weights.tensor_files import TensorFiles, open_tensors, read_json, some

VISION = "model.vision_tower.vision_tower.vision_model."
BEACON_RATIO = 8
"""Training used several ratios; the published memory call asks for this one."""

REQUIRED_VALUES = {
    "beacon_pos": "interleave",
    "beacon_attn": "full-coverage",
    "beacon_param": ["k", "q", "v"],
    "beacon_sink_size": 0,
    "mm_projector_type": "mlp2x_gelu",
    "mm_vision_select_feature": "patch",
    "mm_resampler_type": "spatial_pool",
    "mm_spatial_pool_mode": "average",
}
"""Other values mean another computation than the one that is implemented."""

LANGUAGE_FIELDS = {
    "hidden_size": "hidden_size",
    "intermediate_size": "intermediate_size",
    "num_hidden_layers": "num_layers",
    "num_attention_heads": "num_attention_heads",
    "num_key_value_heads": "num_key_value_heads",
    "rms_norm_eps": "rms_norm_eps",
    "rope_theta": "rope_theta",
    "mm_vision_select_layer": "vision_select_layer",
    "mm_spatial_pool_stride": "pool",
    "mm_hidden_size": "vision_hidden_size",
    "beacon_window": "beacon_window",
}


def is_published_folder(folder: str | Path, subfolder: str = "") -> bool:
    """Whether `folder/subfolder` is a Video-XL folder as published (and not one written by `save_pretrained`)."""
    path = Path(folder) / subfolder / "config.json"
    if not path.is_file():
        return False
    config = read_json(path)
    return "_class_name" not in config and ("beacon_window" in config or config.get("model_type") == "llava_qwen")


def check_config(config: Mapping) -> list[str]:
    """What in a published config.json is missing or means another variant; one line each."""
    wrong = [f"config.json lacks {name}" for name in [*LANGUAGE_FIELDS, "beacon_stride"] if name not in config]
    for name, value in REQUIRED_VALUES.items():
        found = config.get(name)
        found = sorted(found) if isinstance(found, list) else found
        if found != value:
            wrong.append(f"config.json has {name} {config.get(name)!r}, only {value!r} is known")
    if config.get("beacon_window") != config.get("beacon_stride"):
        window, stride = config.get("beacon_window"), config.get("beacon_stride")
        wrong.append(f"config.json has beacon_window {window} and beacon_stride {stride}, they must be equal")
    ratios = config.get("beacon_ratio", BEACON_RATIO)
    if BEACON_RATIO not in (ratios if isinstance(ratios, list) else [ratios]):
        wrong.append(f"config.json has beacon_ratio {ratios}, {BEACON_RATIO} must be among them")
    return wrong


def our_config(config: Mapping, shapes: Mapping[str, tuple[int, ...]]) -> dict:
    """Published config.json and tensor shapes -> arguments of VideoXLMemory.

    The config does not describe the vision tower (its code fixes CLIP ViT-L/14-336), so the tower's sizes are read from
    its tensors; heads have 64 channels as in every ViT-L, unless the config carries a `vision_config`.
    """
    wrong = check_config(config)
    if wrong:
        raise InputError("this Video-XL variant is not supported: " + "; ".join(wrong))
    ours = {name: config[theirs] for theirs, name in LANGUAGE_FIELDS.items()}
    ours["beacon_ratio"] = BEACON_RATIO
    needed = [VISION + "embeddings.patch_embedding.weight", VISION + "embeddings.position_embedding.weight"]
    if any(name not in shapes for name in needed):
        raise InputError(
            "the folder lacks the vision tower (model.vision_tower...); the original CLIP release cannot replace it, "
            "because Video-XL trained its own"
        )
    width, _, patch, _ = shapes[needed[0]]
    grid = round((shapes[needed[1]][0] - 1) ** 0.5)
    blocks = {int(name[len(VISION) :].split(".")[2]) for name in shapes if name.startswith(VISION + "encoder.layers.")}
    fc1 = shapes.get(VISION + "encoder.layers.0.mlp.fc1.weight", (4 * width,))
    ours |= {
        "vision_num_layers": max(blocks, default=-1) + 1,
        "vision_num_attention_heads": max(1, width // 64),
        "vision_intermediate_size": fc1[0],
        "image_size": grid * patch,
        "patch_size": patch,
    }
    if width == 1024:  # the published size: do not let an incomplete download pass for a smaller tower
        ours |= {"vision_num_layers": 24, "vision_intermediate_size": 4096, "image_size": 336, "patch_size": 14}
    stated = config.get("vision_config") or {}
    for theirs, name in (
        ("num_hidden_layers", "vision_num_layers"),
        ("num_attention_heads", "vision_num_attention_heads"),
        ("intermediate_size", "vision_intermediate_size"),
        ("image_size", "image_size"),
        ("patch_size", "patch_size"),
        ("hidden_act", "vision_hidden_act"),
        ("layer_norm_eps", "vision_layer_norm_eps"),
    ):
        if theirs in stated:
            ours[name] = stated[theirs]
    return ours


def published_shapes(config: Mapping, vocabulary: int = 152064) -> dict[str, tuple[int, ...]]:
    """Every tensor of the published checkpoint for a VideoXLMemory config: 903 names at full size."""
    dim, inner = config["hidden_size"], config["intermediate_size"]
    kv = config["num_key_value_heads"] * (dim // config["num_attention_heads"])
    width, mlp = config["vision_hidden_size"], config["vision_intermediate_size"]
    patch = config["patch_size"]
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (vocabulary, dim),
        "model.beacon_embed_tokens.weight": (1, dim),
        "model.norm.weight": (dim,),
        "lm_head.weight": (vocabulary, dim),
        VISION + "embeddings.class_embedding": (width,),
        VISION + "embeddings.patch_embedding.weight": (width, 3, patch, patch),
        VISION + "embeddings.position_embedding.weight": ((config["image_size"] // patch) ** 2 + 1, width),
    }

    def linear(name: str, rows: int, columns: int, bias: bool = True) -> None:
        shapes[name + ".weight"] = (rows, columns)
        if bias:
            shapes[name + ".bias"] = (rows,)

    def layer_norm(name: str, size: int) -> None:
        shapes[name + ".weight"] = shapes[name + ".bias"] = (size,)

    linear("model.mm_projector.0", dim, width)
    linear("model.mm_projector.2", dim, dim)
    for index in range(config["num_layers"]):
        layer = f"model.layers.{index}."
        for kind in ("", "beacon_"):
            linear(f"{layer}self_attn.{kind}q_proj", dim, dim)
            linear(f"{layer}self_attn.{kind}k_proj", kv, dim)
            linear(f"{layer}self_attn.{kind}v_proj", kv, dim)
        linear(layer + "self_attn.o_proj", dim, dim, bias=False)
        linear(layer + "mlp.gate_proj", inner, dim, bias=False)
        linear(layer + "mlp.up_proj", inner, dim, bias=False)
        linear(layer + "mlp.down_proj", dim, inner, bias=False)
        shapes[layer + "input_layernorm.weight"] = shapes[layer + "post_attention_layernorm.weight"] = (dim,)
    for index in range(config["vision_num_layers"]):
        block = f"{VISION}encoder.layers.{index}."
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            linear(f"{block}self_attn.{name}", width, width)
        linear(block + "mlp.fc1", mlp, width)
        linear(block + "mlp.fc2", width, mlp)
        layer_norm(block + "layer_norm1", width)
        layer_norm(block + "layer_norm2", width)
    layer_norm(VISION + "pre_layrnorm", width)
    layer_norm(VISION + "post_layernorm", width)
    return shapes


def ignored(name: str) -> bool:
    """Tensors that a published folder may have or lack: nothing in the memory depends on them."""
    return name == "lm_head.weight" or name.startswith(
        (VISION + "post_layernorm.", VISION + "embeddings.position_ids", "model.rotary_emb.", "model.image_newline")
    )


def compare_published(have: Mapping[str, tuple[int, ...]], config: Mapping) -> KeyReport:
    """Compare a folder's shapes with what a VideoXLMemory config (as a mapping) asks for."""
    rows = have.get("model.embed_tokens.weight", (0,))[0]  # some checkpoints carry one or two placeholder rows more
    return compare_keys(have, published_shapes(config, vocabulary=rows or 152064), ignore=ignored)


def published_name(name: str) -> str | None:
    """Published name of one of our tensors; None for the prompt, which is some rows of `model.embed_tokens.weight`."""
    if name == "language.prompt_embedding":
        return None
    if name == "language.beacon_embedding":
        return "model.beacon_embed_tokens.weight"
    for ours, theirs in (("language.", "model."), ("vision.projector.", "model.mm_projector."), ("vision.", VISION)):
        if name.startswith(ours):
            return theirs + name[len(ours) :]
    raise KeyError(name)


def our_state_dict(model, tensors: Mapping[str, torch.Tensor] | TensorFiles, dtype: torch.dtype | None = None) -> dict:
    """State dict for a VideoXLMemory from published tensors (a table or files), read one at a time."""
    state = {}
    for name, wanted in model.state_dict().items():
        theirs = published_name(name)
        if theirs is not None:
            value = tensors[theirs]
        else:
            table = tensors["model.embed_tokens.weight"]
            ids = [*model.config.prefix_ids, *model.config.suffix_ids]
            if max(ids) >= len(table):
                raise InputError(
                    f"the vocabulary has {len(table)} rows but the prompt needs token {max(ids)}; "
                    "pass prefix_ids and suffix_ids that fit this checkpoint"
                )
            value = table[ids]
        if tuple(value.shape) != tuple(wanted.shape):
            raise InputError(f"{theirs or name} has shape {list(value.shape)}, expected {list(wanted.shape)}")
        state[name] = value.to(dtype) if dtype is not None else value
    return state


def load_published(cls, folder: str | Path, subfolder: str = "", *, torch_dtype=None, **kwargs):
    """VideoXLMemory from a published folder; every tensor is checked by name and shape before any is read.

    torch_dtype: None or "auto" keeps the stored type. Other keyword arguments that the model's config has (`frame_fit`,
    `prefix_ids`, ...) replace its values; the rest, meant for diffusers' loader, has no effect here.
    """
    path = Path(folder) / subfolder
    files = open_tensors(path)
    arguments = inspect.signature(cls.__init__).parameters
    config = our_config(read_json(path / "config.json"), files.shapes)
    config |= {name: value for name, value in kwargs.items() if name in arguments}
    with init_empty_weights():
        model = cls(**config)
    compare_published(files.shapes, model.config).raise_if_wrong(str(path))
    dtype = torch_dtype if torch_dtype is not None else kwargs.get("dtype")
    dtype = files.dtypes["model.layers.0.self_attn.q_proj.weight"] if dtype in (None, "auto") else dtype
    model.load_state_dict(our_state_dict(model, files, dtype), strict=True, assign=True)
    left = [name for name, value in model.named_parameters() if value.is_meta]
    if left:
        raise InputError(f"{path} left {some(left)} without values")
    return model.eval()
