"""Loads the parts of a model, strictly: every tensor by name and shape, none invented, none left over."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from longanimation.errors import InputError
from longanimation.weights.model_folder import PARTS, REQUIRED, ModelFolder, open_model_folder
from longanimation.weights.parts import NETWORKS, EmptyPart, open_part
from longanimation.weights.published_config import require_published_config
from longanimation.weights.tensor_files import read_json, some
from longanimation.weights.video_xl import is_published_folder, our_state_dict


def load_parts(
    folder: str | Path | ModelFolder, *, torch_dtype: torch.dtype | None = None, parts: Iterable[str] | None = None
) -> dict[str, Any]:
    """Load the parts of a model folder (our layout or the published one; see `open_model_folder`).

    Args:
        torch_dtype: type of all weights; None keeps the stored types. Values of the stored type stay mapped to the
            files until they are moved to a device.
        parts: names of `PARTS`; default: everything the folder has.

    Returns a dict by part: networks in eval mode, `tokenizer`, `scheduler` (`SegmentScheduler`).
    Raises InputError in one line for a missing part, missing, extra or misshapen tensors, or unreadable files.
    """
    folder = open_model_folder(folder)
    if parts is None:
        folder.require(*REQUIRED)
        parts = folder.parts
    loaded: dict[str, Any] = {}
    for name in parts:
        if name not in PARTS:
            raise InputError(f"unknown part {name!r}; parts are {', '.join(PARTS)}")
        loaded[name] = load_part(folder, name, torch_dtype=torch_dtype)
    return loaded


def load_part(folder: ModelFolder, name: str, *, torch_dtype: torch.dtype | None = None):
    """Load one part; see `load_parts`."""
    require_published_config(folder, name)
    if name == "tokenizer":
        return load_tokenizer(folder[name])
    if name == "scheduler":
        return load_scheduler(folder[name])
    if name not in NETWORKS:
        raise InputError(f"unknown part {name!r}; parts are {', '.join(PARTS)}")
    return fill_part(open_part(folder, name), str(folder[name]), torch_dtype)


def fill_part(part: EmptyPart, where: str, torch_dtype: torch.dtype | None = None) -> torch.nn.Module:
    """Give an empty part its values. Names and shapes are compared before anything is read."""
    part.report().raise_if_wrong(where)
    module = part.module
    if part.name == "memory_encoder" and is_published_folder(where):
        state = our_state_dict(module, part.files, torch_dtype)
    else:
        state = {}
        for key in module.state_dict():
            if part.ignored(key):
                continue
            value = part.files[part.stored_name(key)]
            state[key] = value.to(torch_dtype) if torch_dtype and value.is_floating_point() else value
    if part.name == "text_encoder":
        state["encoder.embed_tokens.weight"] = state["shared.weight"]
    module.load_state_dict(state, strict=True, assign=True)
    if part.name == "text_encoder":
        module.set_input_embeddings(module.shared)  # one table, whatever the transformers version ties by itself
    left = [key for key, value in [*module.named_parameters(), *module.named_buffers()] if value.is_meta]
    if left:
        raise InputError(f"{where} left {some(left)} without values")
    return module.eval()


def load_tokenizer(path: Path):
    """The tokenizer of a folder: T5 (tokenizer.json or spiece.model) or bytes (ByT5)."""
    from transformers import AutoTokenizer

    read_json(path / "tokenizer_config.json")
    try:
        return AutoTokenizer.from_pretrained(str(path), local_files_only=True)
    except ImportError as error:
        raise InputError(
            f"reading {path}/spiece.model needs two more packages: pip install sentencepiece protobuf"
        ) from error
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise InputError(f"the tokenizer in {path} cannot be read ({' '.join(str(error).split())[:200]})") from error


def load_scheduler(path: Path):
    """The sampler of the published inference with the settings of a scheduler folder, whatever class it names."""
    from longanimation.pipeline.scheduler import SegmentScheduler

    config = read_json(path / "scheduler_config.json")
    return SegmentScheduler.from_config({key: value for key, value in config.items() if not key.startswith("_")})
