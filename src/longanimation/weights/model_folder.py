"""Finds the parts of a model in a folder: our own layout, or the published releases put side by side."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from longanimation.errors import InputError
from longanimation.weights.tensor_files import open_tensors, read_json
from longanimation.weights.video_xl import is_published_folder

BASE_PARTS = ("transformer", "vae", "text_encoder", "tokenizer", "scheduler")
"""Parts that the CogVideoX1.5-5B-I2V release supplies, each in the subfolder of that name."""

PARTS = (*BASE_PARTS, "sketch_dit", "memory", "memory_encoder", "line_network", "correspondence")
"""All parts. `memory` is the global-local memory module, `memory_encoder` is Video-XL; without these two a model works
window by window. `line_network` only serves coloured input. `correspondence` makes the drafts that our own small
models start from."""

OPTIONAL = ("line_network", "correspondence")
"""Parts that a whole model may lack."""

REQUIRED = (*BASE_PARTS, "sketch_dit")
_NAMES = {"memory": "published as glm_module.safetensors", "memory_encoder": "published as the Video-XL folder"}
_DEPTH = 3


@dataclass(frozen=True)
class ModelFolder:
    """Where the parts of a model lie. published: the folder holds releases as published, not our layout."""

    root: Path
    parts: dict[str, Path]
    published: bool

    def __getitem__(self, part: str) -> Path:
        if part not in self.parts:
            raise InputError(f"{self.root} has no {part}; it has {', '.join(self.parts) or 'none of the parts'}")
        return self.parts[part]

    def without(self, *parts: str) -> ModelFolder:
        """The same folder, some parts of it left alone."""
        return replace(self, parts={part: path for part, path in self.parts.items() if part not in parts})

    def require(self, *parts: str) -> None:
        """InputError naming every part that is not there."""
        missing = [part for part in parts or REQUIRED if part not in self.parts]
        if missing:
            raise InputError(
                f"{self.root} lacks {', '.join(missing)}; it has {', '.join(self.parts) or 'no part of a model'}"
            )
        if ("memory" in self.parts) != ("memory_encoder" in self.parts):
            have, lack = ("memory", "memory_encoder") if "memory" in self.parts else ("memory_encoder", "memory")
            raise InputError(
                f"{self.root} has {have} but no {lack} ({_NAMES[lack]}); the two only work together: put it there too, "
                "or do without memory (--no-memory)"
            )


def open_model_folder(root: str | Path | ModelFolder) -> ModelFolder:
    """Find the parts in `root`, unless it is opened already.

    Raises InputError when there is no folder, or two folders for the same part.

    Our layout: a subfolder per part. Published: a CogVideoX1.5-5B-I2V folder, the files control_module.safetensors and
    glm_module.safetensors, a Video-XL folder, sk_model.pth, below `root` in any arrangement, recognised by what they
    hold.
    """
    if isinstance(root, ModelFolder):
        return root
    root = Path(root)
    if not root.is_dir():
        raise InputError(f"no model folder at {root}")
    if (root / "sketch_dit" / "config.json").is_file():
        parts = {part: root / part for part in PARTS if (root / part).is_dir()}
        return ModelFolder(root, parts, published=False)
    found: dict[str, Path] = {}
    for part, path in _published_parts(root, _DEPTH):
        if part in found:
            raise InputError(f"{root} holds two candidates for {part}: {found[part]} and {path}; leave one")
        found[part] = path
    return ModelFolder(root, {part: found[part] for part in PARTS if part in found}, published=True)


def _published_parts(folder: Path, depth: int) -> Iterator[tuple[str, Path]]:
    if is_published_folder(folder):
        yield "memory_encoder", folder
        return
    is_base = _is_base(folder)
    if is_base:
        for part in BASE_PARTS:
            if (folder / part).is_dir():
                yield part, folder / part
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = Path(entry.path)
        if entry.name.startswith(".") or (is_base and entry.name in BASE_PARTS):
            continue
        if entry.is_dir():
            if depth:
                yield from _published_parts(path, depth - 1)
        elif (part := _part_of_file(path)) is not None:
            yield part, path


def _is_base(folder: Path) -> bool:
    index = folder / "model_index.json"
    return index.is_file() and "transformer" in read_json(index)


def _part_of_file(path: Path) -> str | None:
    """The part that a single weight file is, by the names of its tensors."""
    if path.suffix == ".pth":
        return "line_network" if path.name == "sk_model.pth" else None  # sk_model2.pth is the coarse one, never used
    if path.suffix != ".safetensors" or "-of-" in path.name:
        return None
    names = {name.split(".")[-1] if name.endswith("proj_out") else name for name in open_tensors(path)}
    if any(name.endswith("zero_conv.weight") for name in names):
        return "sketch_dit"
    if "proj_out" in names and any("key_mapping_0." in name for name in names):
        return "memory"
    return None
