"""Finds and loads the networks of LPIPS, FID and FVD."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from longanimation.errors import InputError
from longanimation.evaluation.networks import I3D, LPIPS, InceptionFeatures
from longanimation.weights.metric_files import METRIC_FILES, NAME
from longanimation.weights.sources import default_folder

NETWORK_METRICS = ("lpips", "fid", "fvd")
_NETWORKS = {"lpips": LPIPS, "fid": InceptionFeatures, "fvd": I3D}


@dataclass(frozen=True)
class MetricNetworks:
    """The networks that are wanted and there; None: not wanted, or not there."""

    lpips: LPIPS | None = None
    fid: InceptionFeatures | None = None
    fvd: I3D | None = None
    device: torch.device = torch.device("cpu")

    @property
    def names(self) -> tuple[str, ...]:
        """The metrics that can be computed."""
        return tuple(name for name in NETWORK_METRICS if getattr(self, name) is not None)


def read_metrics(given: Sequence[str] | None) -> tuple[str, ...]:
    """Names of network metrics as a user gives them: repeated, with commas, "all" or "none". Raises InputError."""
    names = [name.strip().lower() for entry in given or () for name in entry.split(",")]
    unknown = [name for name in names if name not in (*NETWORK_METRICS, "all", "none", "")]
    if unknown:
        raise InputError(
            f"unknown metric {unknown[0]!r}; known are {', '.join(NETWORK_METRICS)}, all (these three) and none; "
            "the others are always there"
        )
    return NETWORK_METRICS if "all" in names else tuple(name for name in NETWORK_METRICS if name in names)


def metric_files(name: str, folder: str | Path | None = None) -> list[Path]:
    """Where the files of a metric are, or would be; a safetensors file of the same stem is taken where there is one."""
    folder = Path(folder) if folder is not None else default_folder(NAME)
    files = [folder / file.name for file in METRIC_FILES if name in file.metrics]
    return [safe if (safe := path.with_suffix(".safetensors")).is_file() else path for path in files]


def missing_metrics(names: Sequence[str], folder: str | Path | None = None) -> list[str]:
    """Those of `names` whose weights are not there."""
    return [name for name in names if not all(path.is_file() for path in metric_files(name, folder))]


def how_to_get(names: Sequence[str]) -> str:
    """The line for metrics that are left out; empty if none is."""
    if not names:
        return ""
    words = ", ".join(name.upper() for name in names)
    return f"{words} left out: weights not fetched; run: longanimation weights fetch {NAME}"


def load_metric_networks(
    names: Sequence[str], *, folder: str | Path | None = None, device: str | torch.device | None = None
) -> MetricNetworks:
    """The networks of those of `names` whose weights are in `folder` (default: where `weights fetch metrics` puts
    them). device: default: the GPU if there is one. Raises InputError for files that do not hold what they should."""
    device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    absent = missing_metrics(names, folder)
    found = {name: _load(name, metric_files(name, folder)).to(device) for name in names if name not in absent}
    return MetricNetworks(**found, device=device)


def _load(name: str, paths: Sequence[Path]) -> nn.Module:
    network = _NETWORKS[name]()
    state = {}
    for path in paths:
        state |= network.renamed(_read(path))
    state |= {key: value for key, value in network.state_dict().items() if key.endswith("num_batches_tracked")}
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        files = " and ".join(path.name for path in paths)
        reason = " ".join(str(error).split())[:120]
        raise InputError(
            f"{files} in {paths[0].parent} does not hold the network of {name.upper()} ({reason}); "
            f"delete it and run: longanimation weights fetch {NAME}"
        ) from error
    return network.eval()


def _read(path: Path) -> dict[str, torch.Tensor]:
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"cannot read {path}: {reason}; delete it and run: longanimation weights fetch {NAME}") from (
            error
        )
