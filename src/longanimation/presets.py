"""The models by name: what exists, and how a shot's window model is made from it. Importing this needs no torch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from longanimation.errors import InputError
from longanimation.model_options import ModelOptions
from longanimation.weights.sources import MODELS, default_folder

if TYPE_CHECKING:
    from longanimation.shot.window import Reference, WindowModel

_MINI = Path(__file__).parent / "weights" / "mini"


def correspondence_folder() -> Path:
    """The correspondence memory of the package."""
    return _MINI / "correspondence"


@dataclass(frozen=True)
class Preset:
    """A model known by name. folder: where its weights are; None: made on the fly."""

    name: str
    description: str
    folder: Path | None

    @property
    def installed(self) -> bool:
        """Whether the weights are there, whole."""
        return not self.lacks

    @property
    def lacks(self) -> str:
        """What is missing, in one line; empty if nothing is."""
        if self.folder is None:
            return ""
        if self.name not in MODELS:
            whole = (self.folder / "config.json").is_file() or is_diffusion_model(self.folder)
            return "" if whole else f"not installed ({self.folder})"
        if not self.folder.is_dir():
            return f"not fetched yet ({self.folder})"
        from longanimation.weights.model_folder import OPTIONAL, PARTS, open_model_folder

        try:
            have = open_model_folder(self.folder).parts
        except InputError as error:
            return f"not whole ({error})"
        missing = [part for part in PARTS if part not in {*have, *OPTIONAL}]
        return f"not whole ({self.folder} lacks {', '.join(missing)})" if missing else ""

    @property
    def remedy(self) -> str:
        """What to do when weights are missing."""
        if self.name not in MODELS:
            return "install the package anew"
        size = sum(source.bytes for source in MODELS[self.name]) / 1e9
        return f"run: longanimation weights fetch {self.name} (about {size:.0f} GB)"

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        if self.folder is None:
            return 0
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())


def presets() -> dict[str, Preset]:
    """All models that have a name. Where fetched ones are depends on the environment of the moment."""
    mini = _MINI if (_MINI / "sketch_dit").is_dir() else correspondence_folder()
    found = (
        Preset("mini", "our own small weights, part of the package, any CPU", mini),
        Preset("5b", "the published LongAnimation on CogVideoX1.5-5B-I2V, for a GPU", default_folder("5b")),
        Preset("tiny", "the whole video model at toy size with random weights, to try every path", None),
    )
    return {preset.name: preset for preset in found}


def find_model(model: str | Path) -> Path:
    """The folder of a preset or of a model folder; for a preset that is made on the fly, its name.

    Raises InputError: for an unknown name, naming what is known; for missing weights, saying what to run.
    """
    known, folder = presets(), Path(model)
    if str(model) in known:  # a folder of that name is ./NAME
        preset = known[str(model)]
        if not preset.installed:
            other = "" if preset.name == "mini" else ", or use --model mini"
            raise InputError(f"the weights of {preset.name} are {preset.lacks}; {preset.remedy}{other}")
        return preset.folder or Path(preset.name)
    if (folder / "config.json").is_file() or is_diffusion_model(folder):
        return folder
    if folder.is_dir():
        raise InputError(f"{folder} is not a model folder: it has neither config.json nor the parts of a video model")
    raise InputError(f"unknown model {str(model)!r}; known are {', '.join(known)}, or give a model folder")


def is_diffusion_model(model: str | Path) -> bool:
    """Whether a preset or folder is the video diffusion model, in our layout or the published one."""
    folder = Path(model)
    if str(model) == "tiny":
        return True
    if not folder.is_dir() or (folder / "config.json").is_file():
        return False
    from longanimation.weights.model_folder import open_model_folder

    return bool({"transformer", "sketch_dit"} & open_model_folder(folder).parts.keys())


def load_window_model(
    model: str | Path = "mini",
    *,
    finish: str = "auto",
    options: ModelOptions | None = None,
    shot: tuple[int, int] | None = None,
    references: Sequence[Reference] = (),
    extracted: bool = False,
) -> WindowModel:
    """The window model of a preset or folder. Raises InputError, before anything large is read.

    finish: "auto", "cel" or "none". options: what the user asks for; the model's `notes` say what it has no use for.
    shot: (height, width) of the drawings, which decides whether a video model fits. It runs on the GPU if there is one.
    references, extracted (lines taken from coloured pictures): what "auto" decides by. A folder with a region matcher
    colours cel shots with that and its correspondence memory alone, and uses its video model for painted ones.
    """
    options = options or ModelOptions()
    folder = find_model(model)
    if (folder / "region_matcher").is_dir() and _wants_cel(finish, references, extracted):
        folder = folder / "correspondence"
    if is_diffusion_model(folder):
        from longanimation.pipeline.open_window import open_diffusion_window

        return open_diffusion_window(folder, finish=finish, options=options, shot=shot)
    from longanimation.pipeline.correspondence import CorrespondenceWindow

    settings = {} if options.memory is None else {"history": options.memory}
    window = CorrespondenceWindow.from_pretrained(folder, finish=finish, **settings)
    window.ignored = without_use(options.given, has_use=("memory",))
    return window


def _wants_cel(finish: str, references: Sequence[Reference], extracted: bool) -> bool:
    from longanimation.cel import extract_palette
    from longanimation.shot.finish import choose_finish

    if finish != "auto" or not references:
        return finish != "none"
    palette = extract_palette([r.image for r in references], [r.drawing.lines for r in references])
    return choose_finish(finish, palette, extracted=extracted) == "cel"


def without_use(given: Iterable[str], *, has_use: Iterable[str]) -> tuple[str, ...]:
    """The options that were given and that a model does nothing with, in words."""
    words = {"prompts": "prompt"}
    return tuple(words.get(name, name) for name in given if name not in has_use)
