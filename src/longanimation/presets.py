"""The models by name: what exists, and how a shot's window model is made from it. Importing this needs no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from longanimation.errors import InputError

if TYPE_CHECKING:
    from longanimation.shot.window import WindowModel

_WEIGHTS = Path(__file__).parent / "weights"


@dataclass(frozen=True)
class Preset:
    """A model known by name. folder: where its weights are."""

    name: str
    description: str
    folder: Path

    @property
    def installed(self) -> bool:
        return (self.folder / "config.json").exists()

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())


PRESETS = {
    "mini": Preset("mini", "our own small weights, part of the package, any CPU", _WEIGHTS / "mini" / "correspondence"),
}


MADE_ON_THE_FLY = {"tiny": "the whole diffusion model at toy size with random weights, for trying things out"}
"""Presets without a folder."""


def find_model(model: str | Path) -> Path:
    """The folder of a preset or of a model folder; for a preset that is made on the fly, its name.

    Raises InputError naming what is known.
    """
    known = ", ".join(sorted({**PRESETS, **MADE_ON_THE_FLY}))
    if str(model) in MADE_ON_THE_FLY:
        return Path(str(model))
    if str(model) in PRESETS:
        preset = PRESETS[str(model)]
        if not preset.installed:
            raise InputError(
                f"the weights of {preset.name} are not installed ({preset.folder}); install the package anew"
            )
        return preset.folder
    folder = Path(model)
    if (folder / "config.json").is_file() or is_diffusion_model(folder):
        return folder
    if folder.is_dir():
        raise InputError(f"{folder} is not a model folder: it has neither config.json nor the parts of a video model")
    raise InputError(f"unknown model {str(model)!r}; known are {known}, or give a model folder")


def is_diffusion_model(model: str | Path) -> bool:
    """Whether a preset or folder is the video diffusion model, in our layout or the published one."""
    if str(model) in MADE_ON_THE_FLY:
        return True
    folder = Path(model)
    if not folder.is_dir() or (folder / "config.json").is_file():
        return False
    from longanimation.weights.model_folder import open_model_folder

    return bool({"transformer", "sketch_dit"} & open_model_folder(folder).parts.keys())


def load_window_model(model: str | Path = "mini", *, finish: str = "auto") -> WindowModel:
    """The window model of a preset or folder. finish: "auto", "cel" or "none". Raises InputError.

    A video model runs on the first GPU if there is one.
    """
    folder = find_model(model)
    if is_diffusion_model(folder):
        import torch

        from longanimation.pipeline.diffusion_window import DiffusionWindow
        from longanimation.pipeline.pipeline import LongAnimationPipeline

        pipeline = LongAnimationPipeline.from_pretrained(folder)
        return DiffusionWindow(pipeline.to("cuda" if torch.cuda.is_available() else "cpu"), finish=finish)
    from longanimation.pipeline.correspondence import CorrespondenceWindow

    return CorrespondenceWindow.from_pretrained(folder, finish=finish)
