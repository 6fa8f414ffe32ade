"""The rows of a comparison: a name, a way of colouring, a model and its options."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import yaml

from longanimation.errors import InputError
from longanimation.evaluation.drawn_shot import DrawnShot
from longanimation.evaluation.methods import METHODS, find_methods
from longanimation.model_options import ModelOptions
from longanimation.presets import find_model, is_diffusion_model

OPTIONS = ("memory", "fusion", "follow", "finish", "steps", "guidance", "size", "dtype", "compat", "vram", "seed")
"""What a variant may set; the names are those of the command line."""

_WHOLE = 1 << 26  # bytes; of larger files only name, size and time enter the identity


@dataclass(frozen=True)
class Variant:
    """One row. method: of `METHODS`; model: a preset or folder, for methods that use one; options: of `OPTIONS`."""

    name: str
    method: str = "model"
    model: str = "mini"
    options: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self):
        if self.name in ("lines", "truth"):
            raise InputError(f"a variant cannot be called {self.name!r}: strips of frames have a row of that name")
        if self.method not in METHODS:
            raise InputError(f"{self.name}: unknown method {self.method!r}; known are {', '.join(METHODS)}")
        unknown = [name for name in self.options if name not in OPTIONS]
        if unknown:
            raise InputError(f"{self.name}: unknown option {unknown[0]!r}; known are {', '.join(OPTIONS)}")
        if self.options and not METHODS[self.method].uses_model:
            raise InputError(f"{self.name}: {self.method} takes no options")
        for switch in ("memory", "fusion", "follow"):
            if not isinstance(self.options.get(switch, True), bool):
                raise InputError(f"{self.name}: {switch} is true or false, got {self.options[switch]!r}")
        ModelOptions(**{n: v for n, v in self.options.items() if n not in ("fusion", "follow", "finish", "seed")})

    @property
    def uses_model(self) -> bool:
        return METHODS[self.method].uses_model

    @property
    def is_heavy(self) -> bool:
        """A video model: it runs alone, so that only one is in memory."""
        return self.method != "correspondence" and self.uses_model and is_diffusion_model(find_model(self.model))

    def check(self) -> None:
        """Raises InputError if the model is not there."""
        if self.uses_model:
            find_model(self.model)

    def frames(self, shot: DrawnShot) -> Iterator[np.ndarray]:
        """The coloured frames, uint8 [H, W, 3] each."""
        options = dict(self.options)
        return METHODS[self.method].frames(shot, self.model, options.pop("seed", 0), **options)

    def identity(self) -> str:
        """The same for the same weights, method and options, whatever the row is called."""
        weights = folder_digest(find_model(self.model)) if self.uses_model else ""
        return json.dumps([self.method, weights, sorted(self.options.items())], default=str)

    def describe(self) -> str:
        """In a few words, for tables."""
        options = [name if value is True else f"no {name}" if value is False else f"{name} {value}"
                   for name, value in self.options.items()]  # fmt: skip
        return ", ".join([self.method, *([f"`{self.model}`"] if self.uses_model else []), *options])

    def as_dict(self) -> dict:
        """Plain values for JSON."""
        return asdict(self) | {"options": dict(self.options)}


def variants_of(methods: Sequence[str] | None, model: str | os.PathLike) -> list[Variant]:
    """One row for each method, all of one model."""
    return [Variant(method.name, method.name, str(model)) for method in find_methods(methods, model)]


def read_variants(path: str | os.PathLike) -> list[Variant]:
    """Rows from a YAML or JSON file: a list of mappings with a name, and method, model and options as wanted.

    Models that are folders are looked for beside the file too. Raises InputError.
    """
    path = Path(path)
    try:
        entries = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"cannot read the variants {path}: {' '.join(str(error).split())}") from error
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(f"{path} must be a list of variants, each with a name, and a method or a model")
    found = []
    for place, entry in enumerate(entries):
        entry = dict(entry)
        name = str(entry.pop("name", "") or "")
        if not name:
            raise InputError(f"{path}: variant {place + 1} has no name")
        if name in [variant.name for variant in found]:
            raise InputError(f"{path}: two variants are called {name!r}")
        method, model = str(entry.pop("method", "model")), str(entry.pop("model", "mini"))
        beside = path.parent / model
        found.append(Variant(name, method, str(beside) if beside.is_dir() else model, entry))
    return found


def folder_digest(folder: Path) -> str:
    """A name for the exact weights: a hash of the files of a model folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            about = path.stat()
            digest.update(path.relative_to(folder).as_posix().encode())
            large = about.st_size > _WHOLE
            digest.update(f"{about.st_size} {about.st_mtime_ns}".encode() if large else path.read_bytes())
    return digest.hexdigest()[:16]
