"""Looks at every tensor name and shape of a model folder, and at the config values that matter, before it is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch

from longanimation.errors import InputError
from longanimation.weights.load import load_scheduler, load_tokenizer
from longanimation.weights.model_folder import REQUIRED, ModelFolder, open_model_folder
from longanimation.weights.parts import NETWORKS, open_part
from longanimation.weights.published_config import config_problems


@dataclass(frozen=True)
class PartCheck:
    """What was found out about a part. `problems`: one line for everything that is wrong; `parameters`: as used."""

    part: str
    path: Path
    problems: list[str] = field(default_factory=list)
    parameters: int = 0
    bytes: int = 0
    types: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.problems


@dataclass(frozen=True)
class FolderCheck:
    """`missing`: parts without which the model cannot run."""

    folder: ModelFolder
    parts: list[PartCheck]
    missing: list[str]

    @property
    def ok(self) -> bool:
        return not self.missing and all(part.ok for part in self.parts)

    def content(self) -> dict:
        """For --json."""
        return {
            "folder": str(self.folder.root),
            "layout": "published" if self.folder.published else "own",
            "ok": self.ok,
            "missing": self.missing,
            "parts": [
                {
                    "part": part.part,
                    "path": str(part.path),
                    "ok": part.ok,
                    "parameters": part.parameters,
                    "bytes": part.bytes,
                    "types": list(part.types),
                    "problems": part.problems,
                }
                for part in self.parts
            ],
        }


def check_folder(
    folder: str | Path | ModelFolder,
    *,
    values: bool = False,
    progress: Callable[[str, int, int], None] = lambda phase, done, total: None,
) -> FolderCheck:
    """Check all parts of a folder. values: also read every number and report tensors that hold NaN or infinity.

    Finding something wrong is not an error here; only a folder that does not exist raises InputError.
    """
    folder = folder if isinstance(folder, ModelFolder) else open_model_folder(folder)
    parts = [check_part(folder, part, values=values, progress=progress) for part in folder.parts]
    missing = [part for part in REQUIRED if part not in folder.parts]
    for have, lack in (("memory", "memory_encoder"), ("memory_encoder", "memory")):
        if have in folder.parts and lack not in folder.parts:
            missing.append(lack)
    return FolderCheck(folder, parts, missing)


def check_part(folder: ModelFolder, name: str, *, values: bool = False, progress=lambda *_: None) -> PartCheck:
    """Check one part: config values, names, shapes, and on request the numbers themselves."""
    path = folder[name]
    try:
        problems = config_problems(folder, name)
        if name not in NETWORKS:
            load_tokenizer(path) if name == "tokenizer" else load_scheduler(path)
            return PartCheck(name, path, problems)
        part = open_part(folder, name)
    except InputError as error:
        return PartCheck(name, path, [str(error)])
    problems += part.report().lines()
    if values:
        problems += _not_finite(part.files, name, progress)
    parameters = sum(value.numel() for value in part.module.parameters())
    types = tuple(sorted({str(dtype).removeprefix("torch.") for dtype in part.files.dtypes.values()}))
    return PartCheck(name, path, problems, parameters, part.files.bytes, types)


def _not_finite(files, name: str, progress) -> list[str]:
    problems = []
    for done, tensor_name in enumerate(files, start=1):
        tensor = files[tensor_name]
        if tensor.is_floating_point() and not torch.isfinite(tensor.float()).all():
            problems.append(f"{tensor_name} holds NaN or infinity")
        progress(name, done, len(files.shapes))
    return problems
