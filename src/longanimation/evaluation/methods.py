"""The ways of colouring a drawn shot that a benchmark compares, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from longanimation import colorize
from longanimation.cel import composite
from longanimation.errors import InputError
from longanimation.evaluation.baselines import copy_reference, propagate
from longanimation.evaluation.color_error import JUST_RIGHT, ciede2000
from longanimation.evaluation.drawn_shot import DrawnShot


@dataclass(frozen=True)
class Method:
    """frames(shot, model, seed) yields the coloured frames, uint8 [H, W, 3], as many as the shot has."""

    name: str
    description: str
    frames: Callable[[DrawnShot, str | Path, int], Iterator[np.ndarray]]


def _correspondence(shot: DrawnShot, model, seed: int) -> Iterator[np.ndarray]:
    return colorize(shot.drawings, shot.references, model=model, seed=seed, lines_mode="drawn")


def _references_only(shot: DrawnShot, model, seed: int) -> Iterator[np.ndarray]:
    return colorize(shot.drawings, shot.references, model=model, seed=seed, lines_mode="drawn", memory=False)


def _copy(shot: DrawnShot, model, seed: int) -> Iterator[np.ndarray]:
    return _painted(shot, copy_reference(len(shot), shot.painted_drawings, shot.scene.size))


def _flow(*, vote: bool = False, sequential: bool = False):
    def frames(shot: DrawnShot, model, seed: int) -> Iterator[np.ndarray]:
        return _painted(shot, propagate(shot.lines, shot.painted_drawings, vote=vote, sequential=sequential))

    return frames


def _ceiling(shot: DrawnShot, model, seed: int) -> Iterator[np.ndarray]:
    palette = shot.scene.palette
    shown = np.unique(np.concatenate([item.values.ravel() for item in shot.painted_drawings]))
    known = (ciede2000(palette[:, None], palette[None, shown]) < JUST_RIGHT).any(1)
    best = np.where(known, np.arange(len(palette)), shown[0]).astype(np.uint8)
    return _painted(shot, (best[shot.frame(index).labels] for index in range(len(shot))))


def _painted(shot: DrawnShot, labels: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    for index, values in enumerate(labels):
        yield composite(shot.scene.palette[values], shot.frame(index).ink)


METHODS = {
    method.name: method
    for method in (
        Method("correspondence", "the shipped model through `longanimation.colorize`", _correspondence),
        Method("references only", "the same without coloured history in the bank", _references_only),
        Method("copy", "the nearest reference as it is", _copy),
        Method("flow", "optical flow from the nearest reference, tracked", _flow()),
        Method("flow + vote", "the same, majority per closed region", _flow(vote=True)),
        Method("sequential flow + vote", "flow frame by frame, majority per region", _flow(vote=True, sequential=True)),
        Method("ceiling", "the truth wherever any reference shows its colour: no copying can do better", _ceiling),
    )
}


def find_methods(names: list[str] | tuple[str, ...] | None) -> list[Method]:
    """Methods by name, all by default. Raises InputError naming the known ones."""
    unknown = [name for name in names or () if name not in METHODS]
    if unknown:
        raise InputError(f"unknown method {unknown[0]!r}; known are {', '.join(METHODS)}")
    return [METHODS[name] for name in names] if names else list(METHODS.values())
