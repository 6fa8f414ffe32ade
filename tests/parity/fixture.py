"""Reads parity fixtures: numbers that the published system computed on tiny models.

A fixture is `<name>.json` (kind, configuration, weight recipe, tolerance) and `<name>.safetensors` (inputs and
outputs, no weights). The folder is `fixtures/` beside this file, or the one named by LONGANIMATION_PARITY_DIR; any
fixture with a known `kind` found there is run, whatever its shapes, seeds, step count or guidance.

    for fixture in find("glm"):
        for case in fixture.cases():
            model = fill(Model(**case.config), case.weights["model"])
            compare(f"{case.name}", model(case["latents"]), case["control"], case.tolerance)
"""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

distances: dict[str, float] = {}
"""Largest absolute difference of every comparison made so far; printed at the end of the test run."""


def folder() -> Path:
    """The folder that fixtures are read from."""
    return Path(os.environ.get("LONGANIMATION_PARITY_DIR") or Path(__file__).parent / "fixtures")


@dataclass(frozen=True)
class Case:
    """One independent case of a fixture. `case["latents"]` is its tensor of that name."""

    name: str
    meta: dict
    config: dict
    weights: dict
    tolerance: dict
    tensors: dict[str, torch.Tensor] = field(repr=False)

    def __getitem__(self, name: str) -> torch.Tensor:
        return self.tensors[name]

    def __contains__(self, name: str) -> bool:
        return name in self.tensors

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Fixture:
    """One fixture: its JSON (`meta`) and all its tensors under their stored names."""

    name: str
    meta: dict
    tensors: dict[str, torch.Tensor] = field(repr=False)

    def __getitem__(self, name: str) -> torch.Tensor:
        return self.tensors[name]

    def __str__(self) -> str:
        return self.name

    def cases(self) -> list[Case]:
        """The cases of the fixture, tensors without the case prefix. A fixture without a list of cases is one case."""
        meta = self.meta
        if "cases" not in meta:
            weights = meta.get("weights", {})
            return [Case(self.name, meta, meta.get("config", {}), weights, meta.get("tolerance", {}), self.tensors)]
        found = []
        for entry in meta["cases"]:
            label = entry.get("case", entry.get("name"))
            prefix = f"{label}/"
            tensors = {k[len(prefix) :]: v for k, v in self.tensors.items() if k.startswith(prefix)}
            config = entry.get("config", meta.get("config", {}))
            weights = entry.get("weights", meta.get("weights", {}))
            tolerance = entry.get("tolerance", meta.get("tolerance", {}))
            found.append(Case(f"{self.name}/{label}", entry, config, weights, tolerance, tensors))
        return found


def load(name: str) -> Fixture:
    """Read one fixture by name (file name without extension)."""
    meta = json.loads((folder() / f"{name}.json").read_text())
    data = folder() / f"{name}.safetensors"
    return Fixture(name, meta, load_file(data) if data.exists() else {})


def find(kind: str) -> list[Fixture]:
    """All fixtures of a kind, sorted by name."""
    names = sorted(path.stem for path in folder().glob("*.json"))
    return [load(name) for name in names if json.loads((folder() / f"{name}.json").read_text()).get("kind") == kind]


def find_cases(kind: str) -> list[Case]:
    """All cases of all fixtures of a kind."""
    return [case for fixture in find(kind) for case in fixture.cases()]


def first(kind: str, fits=lambda case: True) -> Case:
    """The first case of a kind that fits; skips the test if the folder has none."""
    for case in find_cases(kind):
        if fits(case):
            return case
    pytest.skip(f"no fixture of kind {kind} fits")


def drawn(key: str, shape, seed: int, gain: float = 1.0) -> np.ndarray:
    """Value (float64) of one state-dict entry: every key has its own random stream, so names and shapes are enough."""
    generator = np.random.default_rng(seed + zlib.crc32(key.encode("utf-8")))
    draw = generator.standard_normal(tuple(int(n) for n in shape))
    if draw.ndim >= 2:
        return draw * (gain / np.sqrt(np.prod(draw.shape[1:])))
    if draw.ndim == 1 and key.endswith(".weight"):  # the scale of a normalisation layer
        return 1.0 + 0.1 * draw
    return 0.05 * draw


def fill(module: torch.nn.Module, recipe: dict, rename=None) -> torch.nn.Module:
    """Fill a module by a fixture's weight recipe, in place, and return it in eval mode.

    Checks first that the module has exactly the recorded keys and shapes and that the drawn numbers are the recorded
    ones. `rename` maps the module's own key to the fixture's key.
    """
    rename = rename or (lambda key: key)
    state = {rename(key): value for key, value in module.state_dict().items()}
    want = {key: tuple(entry["shape"]) for key, entry in recipe["keys"].items()}
    have = {key: tuple(value.shape) for key, value in state.items()}
    assert sorted(set(want) - set(have)) == [], "keys of the published weights that the module lacks"
    assert sorted(set(have) - set(want)) == [], "keys of the module that the published weights lack"
    assert {k: (have[k], want[k]) for k in want if have[k] != want[k]} == {}, "shapes differ"
    with torch.no_grad():
        for key, value in state.items():
            if not torch.is_floating_point(value):
                continue
            array = drawn(key, value.shape, recipe["seed"], recipe["gain"])
            probe = recipe["keys"][key].get("probe")
            if probe is not None:
                got = [float(array.reshape(-1)[0]), float(array.sum())]
                assert np.allclose(got, probe, rtol=1e-9, atol=1e-9), f"NumPy draws other numbers for {key}"
            value.copy_(torch.from_numpy(np.asarray(array)).to(value.dtype))
    return module.eval()


def compare(label: str, actual, expected, tolerance: dict) -> float:
    """Assert |actual - expected| <= atol + rtol |expected| for every element; returns the largest difference."""
    actual = torch.as_tensor(actual).detach().to(torch.float64)
    expected = torch.as_tensor(expected).detach().to(torch.float64)
    assert actual.shape == expected.shape, f"{label}: shape {tuple(actual.shape)}, expected {tuple(expected.shape)}"
    assert torch.isfinite(actual).all(), f"{label}: not finite"
    gap = (actual - expected).abs()
    largest = float(gap.max()) if gap.numel() else 0.0
    distances[label] = max(largest, distances.get(label, 0.0))
    wrong = gap > tolerance["atol"] + tolerance.get("rtol", 0.0) * expected.abs()
    share = float(wrong.double().mean()) if gap.numel() else 0.0
    assert not wrong.any(), f"{label}: {share:.2%} of the elements are off, the largest by {largest:.3g}"
    return largest
