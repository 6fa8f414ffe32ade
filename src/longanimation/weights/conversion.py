"""Published releases to our own layout, and our trained control and memory back to the published files."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

import diffusers
import torch
from safetensors.torch import save_file

from longanimation.errors import InputError
from longanimation.media.atomic import atomic_path, make_folder, write_json
from longanimation.weights.load import load_part, load_tokenizer
from longanimation.weights.model_folder import BASE_PARTS, REQUIRED, ModelFolder, open_model_folder
from longanimation.weights.parts import model_class
from longanimation.weights.published_config import require_published_config
from longanimation.weights.tensor_files import read_json

CONTROL_FILE = "control_module.safetensors"
MEMORY_FILE = "glm_module.safetensors"
SHARD_SIZE = "5GB"

Progress = Callable[[str, int, int], None]


def convert(
    source: str | Path,
    destination: str | Path,
    *,
    torch_dtype: torch.dtype | None = None,
    progress: Progress = lambda phase, done, total: None,
) -> Path:
    """Write a published folder in our layout: a subfolder per part with its config, and model_index.json.

    Parts of the base release are linked, not copied, where the disk allows and no other type is asked for. Video-XL
    loses the tensors that no memory depends on (2.7 GB). The folder appears whole or not at all.
    Raises InputError for anything missing or wrong in `source`, or if `destination` holds something.
    """
    folder = open_model_folder(source)
    folder.require(*REQUIRED)
    destination = Path(destination)
    if destination.is_dir() and any(destination.iterdir()) or destination.is_file():
        raise InputError(f"{destination} already holds something; give a new folder")
    make_folder(destination.parent)
    temporary = destination.parent / f".{destination.name}.{secrets.token_hex(4)}.part"
    try:
        for done, (part, path) in enumerate(folder.parts.items()):
            progress("convert", done, len(folder.parts))
            require_published_config(folder, part)
            (temporary / part).mkdir(parents=True)
            _write_part(folder, part, path, temporary / part, torch_dtype)
        write_json(temporary / "model_index.json", model_index(folder))
        if destination.is_dir():
            destination.rmdir()
        os.replace(temporary, destination)
    except OSError as error:
        raise InputError(f"cannot write {destination}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    progress("convert", len(folder.parts), len(folder.parts))
    return destination


def to_published(source: str | Path, destination: str | Path, *, torch_dtype: torch.dtype | None = None) -> list[Path]:
    """Write the two files of the LongAnimation release from a model folder; returns their paths.

    The other parts keep their published form anyway (the base) or are not trained at this scale (Video-XL).
    """
    folder = open_model_folder(source)
    destination = make_folder(destination)
    written = []
    for part, file in (("sketch_dit", CONTROL_FILE), ("memory", MEMORY_FILE)):
        if part == "memory" and part not in folder.parts:
            continue
        state = load_part(folder, part, torch_dtype=torch_dtype).state_dict()
        with atomic_path(destination / file) as temporary:
            save_file({name: value.contiguous() for name, value in state.items()}, temporary, {"format": "pt"})
        written.append(destination / file)
    return written


def model_index(folder: ModelFolder) -> dict:
    """What diffusers' hub layout says about the parts: library and class of each."""
    classes = {
        "text_encoder": ["transformers", "T5EncoderModel"],
        "tokenizer": ["transformers", "T5Tokenizer"],
        "scheduler": ["longanimation", "SegmentScheduler"],
    }
    index = {"_class_name": "LongAnimationPipeline", "_diffusers_version": diffusers.__version__}
    for part in folder.parts:
        index[part] = classes.get(part) or _class_of(folder, part)
    return index


def _class_of(folder: ModelFolder, part: str) -> list[str]:
    """Library and class of a network."""
    stored = read_json(folder[part] / "config.json").get("_class_name") if folder[part].is_dir() else None
    found = model_class(part, stored)
    return [found.__module__.split(".")[0], found.__name__]


def _write_part(folder: ModelFolder, part: str, path: Path, target: Path, torch_dtype: torch.dtype | None) -> None:
    if part in BASE_PARTS and (torch_dtype is None or part in ("tokenizer", "scheduler")):
        for file in path.iterdir():
            if file.is_file():
                _link(file, target / file.name)
        if part == "tokenizer" and not (target / "tokenizer.json").exists():
            # read without sentencepiece from now on
            load_tokenizer(path).backend_tokenizer.save(str(target / "tokenizer.json"))
        return
    load_part(folder, part, torch_dtype=torch_dtype).save_pretrained(target, max_shard_size=SHARD_SIZE)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source.resolve(), target)
    except OSError:  # another disk, or a file system without links
        shutil.copyfile(source, target)
