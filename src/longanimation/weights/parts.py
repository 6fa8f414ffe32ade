"""How each part of a model is built and which tensors it has: from its own config, or, published, from its tensors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import init_empty_weights

from longanimation.errors import InputError
from longanimation.weights import video_xl
from longanimation.weights.model_folder import ModelFolder
from longanimation.weights.report import KeyReport, compare_keys
from longanimation.weights.tensor_files import TensorFiles, open_tensors, read_json

NETWORKS = (
    "transformer", "vae", "text_encoder", "sketch_dit", "memory", "memory_encoder", "line_network", "correspondence"
)  # fmt: skip
"""The parts that have tensors."""

_TRUNK_FIELDS = (
    "num_attention_heads attention_head_dim in_channels out_channels flip_sin_to_cos freq_shift time_embed_dim "
    "ofs_embed_dim text_embed_dim dropout attention_bias sample_width sample_height sample_frames patch_size "
    "patch_size_t temporal_compression_ratio max_text_seq_length activation_fn timestep_activation_fn "
    "norm_elementwise_affine norm_eps spatial_interpolation_scale temporal_interpolation_scale "
    "use_rotary_positional_embeddings use_learned_positional_embeddings patch_bias"
).split()

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class EmptyPart:
    """A part without values: the module on the meta device, its files, and the name each tensor has in them."""

    name: str
    module: torch.nn.Module
    files: TensorFiles
    stored_name: Callable[[str], str]
    expected: Shapes  # by stored name
    ignored: Callable[[str], bool]

    def report(self) -> KeyReport:
        """Missing, extra and misshapen tensors."""
        return compare_keys(self.files.shapes, self.expected, ignore=self.ignored)


def open_part(folder: ModelFolder, name: str) -> EmptyPart:
    """Build a part on the meta device and open its files. Raises InputError for an unreadable config or file."""
    path = folder[name]
    files = open_tensors(path)
    try:
        if name == "memory_encoder" and video_xl.is_published_folder(path):
            return _published_video_xl(path, files)
        prefix = _shared_prefix(name, files.shapes)
        shapes = {stored[len(prefix) :]: shape for stored, shape in files.shapes.items()}
        with init_empty_weights():
            module = _empty_module(folder, name, path, shapes)
    except (TypeError, KeyError, IndexError, AttributeError, RuntimeError) as error:
        raise InputError(f"{path} cannot be understood as {name}: {type(error).__name__} {error}") from error
    ignored = _ignored_text_encoder if name == "text_encoder" else _nothing
    expected = {prefix + key: tuple(value.shape) for key, value in module.state_dict().items() if not ignored(key)}
    return EmptyPart(name, module, files, lambda key: prefix + key, expected, ignored)


def _empty_module(folder: ModelFolder, name: str, path: Path, shapes: Shapes) -> torch.nn.Module:
    if name == "text_encoder":
        from transformers import T5Config, T5EncoderModel

        return T5EncoderModel(T5Config.from_dict(read_json(path / "config.json")))
    config = read_json(path / "config.json") if path.is_dir() else {}
    cls = model_class(name, config.get("_class_name"))
    if config:
        return cls.from_config(config)
    if name == "sketch_dit":
        config = sketch_dit_config(shapes, read_json(folder["transformer"] / "config.json"))
    elif name == "memory":
        config = memory_config(shapes)
    else:
        config = line_network_config(shapes)
    return cls.from_config(config)


def model_class(name: str, stored: str | None = None) -> type:
    """The class of a part that diffusers' ModelMixin describes. stored: the class that its config names; only the
    autoencoder has two."""
    if name == "vae" and stored != "FrameStackAutoencoder":
        from diffusers import AutoencoderKLCogVideoX

        return AutoencoderKLCogVideoX
    from longanimation import models

    return {
        "transformer": models.ControlledTransformer3D,
        "sketch_dit": models.SketchDiT,
        "memory": models.DynamicGlobalLocalMemory,
        "memory_encoder": models.VideoXLMemory,
        "line_network": models.LineNetwork,
        "vae": models.FrameStackAutoencoder,
        "correspondence": models.CorrespondenceMemory,
    }[name]


def sketch_dit_config(shapes: Shapes, transformer_config: Mapping) -> dict:
    """Config of the published control file, which has none: the base transformer's, with as many blocks as it holds."""
    blocks = {int(name.split(".")[1]) for name in shapes if name.startswith("transformer_blocks.")}
    config = {field: transformer_config[field] for field in _TRUNK_FIELDS if field in transformer_config}
    return config | {"num_layers": max(blocks, default=-1) + 1}


def memory_config(shapes: Shapes) -> dict:
    """Config of the published memory module's file, which has none. Heads: 32, or of 96 channels, as published."""
    dim, output_dim = shapes["proj_out"]
    inner = shapes["layers.0.0.to_q.weight"][0]
    heads = inner // 96 if inner % 96 == 0 else 32
    if inner % heads:
        raise InputError(f"the memory module's attention is {inner} wide, which neither 96 nor 32 heads divide")
    linear = sorted(name for name, shape in shapes.items() if name.startswith("key_mapping_0.") and len(shape) == 2)
    linear.sort(key=lambda name: int(name.split(".")[1]))
    return {
        "dim": dim,
        "output_dim": output_dim,
        "depth": 1 + max(int(name.split(".")[1]) for name in shapes if name.startswith("layers.")),
        "heads": heads,
        "dim_head": inner // heads,
        "ff_mult": shapes["layers.0.1.1.weight"][0] // dim,
        "memory_dim": shapes[linear[0]][1],
        "mapping_dims": [shapes[name][0] for name in linear[:-1]],
    }


def line_network_config(shapes: Shapes) -> dict:
    """Config of the published line network's file, which has none."""
    return {
        "in_channels": shapes["model0.1.weight"][1],
        "out_channels": shapes["model4.1.weight"][0],
        "width": shapes["model0.1.weight"][0],
        "residual_blocks": len({name.split(".")[1] for name in shapes if name.startswith("model2.")}),
    }


def _published_video_xl(path: Path, files: TensorFiles) -> EmptyPart:
    with init_empty_weights():
        module = model_class("memory_encoder")(**video_xl.our_config(read_json(path / "config.json"), files.shapes))
    rows = files.shapes.get("model.embed_tokens.weight", (152064,))[0]
    expected = video_xl.published_shapes(module.config, vocabulary=rows)
    return EmptyPart("memory_encoder", module, files, video_xl.published_name, expected, video_xl.ignored)


_MARKS = {"sketch_dit": "zero_conv.weight", "memory": "proj_out"}


def _shared_prefix(name: str, shapes: Shapes) -> str:
    """A prefix such as "module." that training wrappers put before every name; "" if there is none."""
    if name not in _MARKS:
        return ""
    marks = [stored for stored in shapes if re.search(rf"(^|\.){re.escape(_MARKS[name])}$", stored)]
    prefix = marks[0][: -len(_MARKS[name])] if len(marks) == 1 else ""
    return prefix if all(stored.startswith(prefix) for stored in shapes) else ""


def _ignored_text_encoder(name: str) -> bool:
    return name == "encoder.embed_tokens.weight"  # the same tensor as shared.weight; files have one or both


def _nothing(name: str) -> bool:
    return False
