"""What a shot shows when: choosing its references, and finding colours that only its own past can tell.

A colour that no reference has cannot be known when it is first seen. An artist would correct that frame, and from
then on the history holds it. So: `key_events` are the frames whose truth is handed to the history, and `Reveal`s are
later stretches, after the colour had left the picture, in which a method with history can be right and one with
references alone cannot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_HEIGHT = 90  # rows of the small pictures in which colours are counted
_LEAST = 6e-4  # share of the picture that counts as seen
_AWAY = 5  # frames a colour must have been gone


@dataclass(frozen=True)
class Reveal:
    """Frames start <= frame < stop show `labels` (palette indices) again."""

    start: int
    stop: int
    labels: tuple[int, ...]


def _small(scene) -> tuple[int, int]:
    return _HEIGHT, max(8, round(_HEIGHT * scene.size[1] / scene.size[0]))


def _count(labels: np.ndarray, colours: int) -> np.ndarray:
    return np.bincount(labels.ravel(), minlength=colours)[:colours] / labels.size


def colour_shares(scene, frames) -> np.ndarray:
    """Share of the picture of each palette index in each of these frames, float [n, K]."""
    return np.stack([_count(scene.draw(int(i), size=_small(scene)).labels, len(scene.palette)) for i in frames])


def choose_references(scene) -> list[tuple[str, int]]:
    """Sheets of all actors and the background, if there is one; or one or two key frames that show much of the cast."""
    rng = np.random.default_rng([scene.seed, 11])
    if rng.random() < 0.35:
        behind = [("background", 0)] if scene.background else []
        return [("sheet", k) for k in range(len(scene.actors))] + behind
    candidates = np.unique(np.concatenate([[0], rng.integers(0, len(scene), 10)]))
    seen = (colour_shares(scene, candidates) > _LEAST).sum(1)
    good = candidates[seen >= 0.8 * seen.max()]
    first = int(good[0]) if rng.random() < 0.6 else int(rng.choice(good))
    plan = [("key_frame", first)]
    if rng.random() < 0.35 and len(good) > 1:
        other = int(rng.choice(good))
        if other != first:
            plan.append(("key_frame", other))
    return plan


def _runs(shown: np.ndarray) -> list[tuple[int, int]]:
    """Stretches of True that are at least _AWAY apart."""
    at = np.flatnonzero(shown)
    if len(at) == 0:
        return []
    cuts = np.flatnonzero(np.diff(at) > _AWAY)
    return [(int(a), int(b) + 1) for a, b in zip(at[np.r_[0, cuts + 1]], at[np.r_[cuts, len(at) - 1]], strict=True)]


def find_reveals(scene) -> tuple[list[Reveal], list[int]]:
    """(reveals in order, key events in order)."""
    shares = colour_shares(scene, range(len(scene)))
    known = np.zeros(len(scene.palette), bool)
    for kind, at in scene.reference_plan:
        draw = {"key_frame": scene.draw, "sheet": scene.draw_sheet, "background": scene.draw_empty}[kind]
        known |= _count(draw(at, size=_small(scene)).labels, len(known)) > 0
    stretches: dict[tuple[int, int], list[int]] = {}
    events = set()
    for label in np.flatnonzero(~known).tolist():
        runs = _runs(shares[:, label] > _LEAST)
        if len(runs) < 2:
            continue
        first = runs[0]
        events.add(first[0] + int(shares[first[0] : first[1], label].argmax()))
        for run in runs[1:]:
            stretches.setdefault(run, []).append(label)
    found = [Reveal(a, b, tuple(labels)) for (a, b), labels in sorted(stretches.items())]
    return found, sorted(events)
