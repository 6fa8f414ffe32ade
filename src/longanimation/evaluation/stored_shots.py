"""What a benchmark keeps of each scored shot, so that a later run scores only what is missing."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save

from longanimation import __version__
from longanimation.evaluation.drawn_sets import DrawnSet
from longanimation.evaluation.networks.i3d import MIN_FRAMES
from longanimation.evaluation.perceptual import ShotFeatures
from longanimation.evaluation.report import Report
from longanimation.evaluation.sheet import write_png
from longanimation.evaluation.shot_scoring import LINES, TRUTH, Scored, ScoredShot
from longanimation.evaluation.variants import Variant
from longanimation.media import read_image
from longanimation.media.atomic import make_folder, write_bytes, write_json


class StoredShots:
    """A folder with a JSON file for each shot, and beside it features (safetensors) and rows of frames (PNG)."""

    def __init__(self, folder: Path, chosen: DrawnSet, metrics: Sequence[str]):
        self._folder, self._metrics = make_folder(folder), list(metrics)
        self._identity = {
            "version": __version__,
            "frames": chosen.frames,
            "size": list(chosen.size),
            "scene": [list(pair) for pair in chosen.scene],
        }

    def write(self, seed: int, shot: ScoredShot, variants: Sequence[Variant]) -> None:
        """Keeps a shot, all its variants with those of earlier runs."""
        identities = {variant.name: variant.identity() for variant in variants}
        entries = self._entries(seed)
        for name, scored in shot.variants.items():
            if name in identities:
                entries[name] = {
                    "variant": identities[name],
                    "metrics": self._metrics,
                    "report": scored.report.as_dict(),
                    "seconds_per_frame": scored.seconds,
                }
        features = {name: scored.features for name, scored in shot.variants.items()} | {TRUTH: shot.truth}
        for name, each in features.items():
            if each is not None:
                write_bytes(self._path(seed, name, "safetensors"), save(each.tensors()))
        for name, row in shot.strips.items():
            write_png(self._path(seed, name, "png"), row)
        write_json(self._path(seed), {"identity": self._identity, "methods": entries})

    def read(self, seed: int, variants: Sequence[Variant]) -> ScoredShot:
        """What is kept of a shot for these very variants and metrics; what is not kept is not in it."""
        found = ScoredShot({}, self._features(seed, TRUTH), {})
        entries = self._entries(seed)
        for variant in variants:
            entry = entries.get(variant.name)
            if entry is None or entry.get("variant") != variant.identity():
                continue
            features = self._features(seed, variant.name)
            if not set(self._metrics) <= set(entry["metrics"]):
                continue
            if not (self._has_features(features) and self._has_features(found.truth)):
                continue
            found.variants[variant.name] = Scored(
                Report.from_dict(entry["report"]), entry["seconds_per_frame"], features
            )
        for name in (LINES, TRUTH, *found.variants):
            if (path := self._path(seed, name, "png")).is_file():
                found.strips[name] = read_image(path)[..., :3]
        return found

    def _entries(self, seed: int) -> dict:
        try:
            stored = json.loads(self._path(seed).read_text())
        except (OSError, ValueError):
            return {}
        return stored["methods"] if stored.get("identity") == self._identity else {}

    def _features(self, seed: int, name: str) -> ShotFeatures | None:
        path = self._path(seed, name, "safetensors")
        if not path.is_file():
            return None
        stored: dict[str, np.ndarray] = load_file(path)
        return ShotFeatures(stored["frames"], stored["clips"])

    def _has_features(self, features: ShotFeatures | None) -> bool:
        """Whether there is what the wanted metrics need."""
        frames = "fid" not in self._metrics or (features is not None and len(features.frames) > 0)
        short = self._identity["frames"] < MIN_FRAMES
        return frames and ("fvd" not in self._metrics or short or (features is not None and len(features.clips) > 0))

    def _path(self, seed: int, name: str = "", kind: str = "json") -> Path:
        plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        if plain != name:
            plain += f"-{zlib.crc32(name.encode()):08x}"  # "+ memory" and "memory" are two files
        return self._folder / f"shot_{seed:04d}{'.' if plain else ''}{plain}.{kind}"
