"""The ways of colouring a drawn shot that a benchmark compares, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from longanimation import colorize
from longanimation.cel import composite
from longanimation.errors import InputError
from longanimation.evaluation.baselines import PaintedDrawing, copy_reference, majority, propagate
from longanimation.evaluation.color_error import JUST_RIGHT, ciede2000
from longanimation.evaluation.drawn_shot import DrawnShot, cut_together
from longanimation.model_options import ModelOptions
from longanimation.presets import find_model, is_diffusion_model, load_window_model

if TYPE_CHECKING:
    from longanimation.shot.window import WindowModel

_TOGETHER = 24
"""Frames whose drawings are cut into regions together, as `colorize` does."""


@dataclass(frozen=True)
class Method:
    """frames(shot, model, seed, **options) yields the coloured frames, uint8 [H, W, 3], as many as the shot has.

    options: what a `Variant` asks of the model; methods without a model take none. uses_model: whether the model that
    was asked for has a say.
    """

    name: str
    description: str
    frames: Callable[..., Iterator[np.ndarray]]
    uses_model: bool = False


def _model(shot: DrawnShot, model: str | Path, seed: int, **options) -> Iterator[np.ndarray]:
    options.setdefault("finish", "none" if shot.is_painted else "auto")
    window = open_window(model, shot=shot.scene.size, **options)
    prompt = getattr(shot.scene, "prompt", "") if is_diffusion_model(find_model(model)) else ""
    return colorize(shot.drawings, shot.references, prompt or "", model=window, seed=seed, lines_mode="drawn")


def _local_paradigm(shot: DrawnShot, model: str | Path, seed: int, **options) -> Iterator[np.ndarray]:
    return _model(shot, model, seed, **{**options, "memory": False, "fusion": False, "follow": False})


def _correspondence(shot: DrawnShot, model: str | Path, seed: int, **options) -> Iterator[np.ndarray]:
    return _model(shot, correspondence_of(model), seed, **options)


def correspondence_of(model: str | Path) -> Path:
    """The correspondence memory that goes with a model: itself, the one in its folder, or else that of mini."""
    for name in (model, "mini"):
        folder = find_model(name)
        if not is_diffusion_model(folder):
            return folder
        if (folder / "correspondence" / "config.json").is_file():
            return folder / "correspondence"
    raise InputError(f"{model} has no correspondence memory")


def open_window(
    model: str | Path,
    *,
    shot: tuple[int, int] | None = None,
    finish: str = "auto",
    fusion: bool = True,
    follow: bool = True,
    **options,
) -> WindowModel:
    """A window model with options by name: those of `ModelOptions`, finish, fusion (blending of the windows), and
    follow (a window's drafts carry on the result of the window before).

    shot: (height, width). Raises InputError.
    """
    window = load_window_model(model, finish=finish, options=ModelOptions(**options), shot=shot)
    pipeline = getattr(window, "pipeline", None)
    if pipeline is not None:
        settings = pipeline.settings
        denoising = settings.denoising if fusion else replace(settings.denoising, fusion=None)
        pipeline.settings = replace(settings, denoising=denoising, follow=settings.follow and follow)
    return window


def _copy(shot: DrawnShot, model=None, seed: int = 0) -> Iterator[np.ndarray]:
    return _painted(shot, copy_reference(len(shot), _paints(shot), shot.scene.size))


def _flow(*, vote: bool = False, sequential: bool = False):
    def frames(shot: DrawnShot, model=None, seed: int = 0) -> Iterator[np.ndarray]:
        painted = shot.painted_drawings if vote else _paints(shot)
        return _painted(shot, propagate(shot.lines, painted, vote=vote, sequential=sequential))

    return frames


def _ceiling(shot: DrawnShot, model=None, seed: int = 0) -> Iterator[np.ndarray]:
    show = _only_known(shot)

    def frame(index: int) -> np.ndarray:
        drawn = shot.frame(index)
        return show(drawn.labels, shot.scene.palette[drawn.labels] if drawn.colour is None else drawn.colour)

    return _painted(shot, map(frame, range(len(shot))))


def _cel_ceiling(shot: DrawnShot, model=None, seed: int = 0) -> Iterator[np.ndarray]:
    show = _only_known(shot)

    def frames() -> Iterator[np.ndarray]:
        for start in range(0, len(shot), _TOGETHER):
            indices = range(start, min(start + _TOGETHER, len(shot)))
            for index, cut in zip(indices, cut_together(shot, indices), strict=True):
                labels = majority(shot.frame(index).labels, cut)
                yield show(labels, shot.scene.palette[labels])

    return _painted(shot, frames())


def _only_known(shot: DrawnShot) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """What replaces, in a picture with these labels, all that no reference shows by something that one does."""
    palette = shot.scene.palette
    shown = np.unique(np.concatenate([item.values.ravel() for item in shot.painted_drawings]))
    known = (ciede2000(palette[:, None], palette[None, shown]) < JUST_RIGHT).any(1)
    return lambda labels, picture: np.where(known[labels][..., None], picture, palette[shown[0]]).astype(np.uint8)


def _paints(shot: DrawnShot) -> list[PaintedDrawing]:
    """References as labels, or as colours where those are more than the labels' (flow may blend them then)."""
    return shot.painted_pictures if shot.is_painted else shot.painted_drawings


def _painted(shot: DrawnShot, paint: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """paint: labels uint8 [H, W] or colours uint8 [H, W, 3] of each frame."""
    for index, values in enumerate(paint):
        colours = shot.scene.palette[values] if values.ndim == 2 else values
        yield composite(colours, shot.frame(index).ink)


METHODS = {
    method.name: method
    for method in (
        Method("model", "the model through `longanimation.colorize`", _model, True),
        Method(
            "local paradigm",
            "the same weights, every window by itself: no memory, no fusion (without windows: references only)",
            _local_paradigm,
            True,
        ),
        Method("correspondence", "the correspondence memory of the model, or else of mini", _correspondence, True),
        Method("copy", "the nearest reference as it is", _copy),
        Method("flow", "optical flow from the nearest reference, tracked", _flow()),
        Method("sequential flow", "optical flow frame by frame, each from the result before", _flow(sequential=True)),
        Method("flow + vote", "the same, majority per closed region", _flow(vote=True)),
        Method("sequential flow + vote", "flow frame by frame, majority per region", _flow(vote=True, sequential=True)),
        Method("ceiling", "the truth wherever any reference shows its colour: no copying can do better", _ceiling),
        Method(
            "cel ceiling",
            "the same, one colour for each closed region of the drawing: no cel finish can do better",
            _cel_ceiling,
        ),
    )
}


def find_methods(names: list[str] | tuple[str, ...] | None, model: str | Path = "mini") -> list[Method]:
    """Methods by name, all by default. Raises InputError naming the known ones.

    For a model that is a correspondence memory itself, "model" would be the same row twice and is left out of all.
    """
    unknown = [name for name in names or () if name not in METHODS]
    if unknown:
        raise InputError(f"unknown method {unknown[0]!r}; known are {', '.join(METHODS)}")
    if names:
        return [METHODS[name] for name in names]
    twice = not is_diffusion_model(find_model(model))
    return [method for method in METHODS.values() if not (twice and method.name == "model")]
