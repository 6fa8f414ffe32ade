"""Where the published weights are: hub repositories and the files of each that are needed."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from longanimation.errors import InputError

GB = 10**9


@dataclass(frozen=True)
class Source:
    """A hub repository. folder: where its files go. bytes: about how much there is, for the estimate before asking.

    patterns: files to fetch. prefer: a subfolder; if the repository has it, only that is fetched.
    """

    name: str
    repo: str
    folder: str
    bytes: int
    licence: str
    patterns: tuple[str, ...]
    prefer: str = ""

    def choose(self, names: Iterable[str]) -> list[str]:
        """The files to fetch among those of the repository; pickles only where there is no safetensors file."""
        names = sorted(names)
        if self.prefer and any(name.startswith(f"{self.prefer}/") for name in names):
            names = [name for name in names if name.startswith(f"{self.prefer}/")]
        chosen = [name for name in names if any(fnmatch(name, pattern) for pattern in self.patterns)]
        if any(name.endswith(".safetensors") for name in chosen):
            chosen = [name for name in chosen if not name.endswith((".bin", ".bin.index.json"))]
        return chosen


BASE = Source(
    name="base",
    repo="zai-org/CogVideoX1.5-5B-I2V",
    folder="CogVideoX1.5-5B-I2V",
    bytes=int(21.1 * GB),
    licence="CogVideoX License (read it before commercial use)",
    patterns=("model_index.json", "LICENSE*", *(f"{part}/*" for part in "transformer vae text_encoder".split()))
    + ("tokenizer/*", "scheduler/*"),
)
LONGANIMATION = Source(
    name="longanimation",
    repo="CNcreator0331/LongAnimation",
    folder="longanimation",
    bytes=int(2.5 * GB),
    licence="see the repository",
    patterns=("*.safetensors", "LICENSE*"),
)
VIDEO_XL = Source(
    name="video_xl",
    repo="sy1998/Video_XL",
    folder="Video_XL",
    bytes=int(16.8 * GB),
    licence="Apache-2.0 (code), Qwen2-7B-Instruct and CLIP terms apply",
    patterns=("*.json", "*.safetensors", "*.bin", "*.txt", "LICENSE*"),
    prefer="VideoXL_weight_8",
)
LINES = Source(
    name="lines",
    repo="lllyasviel/Annotators",
    folder="lines",
    bytes=17_173_511,
    licence="see the repository",
    patterns=("sk_model.pth",),
)

MODELS = {"5b": (BASE, LONGANIMATION, VIDEO_XL, LINES)}
"""What `longanimation weights fetch NAME` fetches."""


def default_folder(name: str) -> Path:
    """Where `fetch` puts a model and `--model NAME` looks: $LONGANIMATION_WEIGHTS, or the user's cache."""
    root = os.environ.get("LONGANIMATION_WEIGHTS")
    if root:
        return Path(root) / name
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "longanimation" / name


def choose_sources(name: str, only: Collection[str] = ()) -> list[Source]:
    """The sources of a model, or some of them by name. Raises InputError naming what is known."""
    if name not in MODELS:
        raise InputError(f"unknown weights {name!r}; known are {', '.join(MODELS)} and metrics")
    known = {source.name: source for source in MODELS[name]}
    unknown = [wanted for wanted in only if wanted not in known]
    if unknown:
        raise InputError(f"{name} has no release {unknown[0]!r}; it has {', '.join(known)}")
    return [source for source in known.values() if not only or source.name in only]
