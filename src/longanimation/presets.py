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


def find_model(model: str | Path) -> Path:
    """The folder of a preset or of a model folder. Raises InputError naming what is known."""
    known = ", ".join(sorted(PRESETS))
    if str(model) in PRESETS:
        preset = PRESETS[str(model)]
        if not preset.installed:
            raise InputError(
                f"the weights of {preset.name} are not installed ({preset.folder}); install the package anew"
            )
        return preset.folder
    folder = Path(model)
    if (folder / "config.json").is_file():
        return folder
    if folder.is_dir():
        raise InputError(f"{folder} is not a model folder: it has no config.json")
    raise InputError(f"unknown model {str(model)!r}; known are {known}, or give a model folder")


def load_window_model(model: str | Path = "mini", *, finish: str = "auto") -> WindowModel:
    """The window model of a preset or folder. finish: "auto", "cel" or "none". Raises InputError."""
    folder = find_model(model)
    from longanimation.pipeline.correspondence import CorrespondenceWindow

    return CorrespondenceWindow.from_pretrained(folder, finish=finish)
