"""Where training clips come from: every source of shots behind one small interface."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from longanimation.data.prepare import PreparedClips
from longanimation.data.synth import Scene
from longanimation.data.synth.scene import LOOKS
from longanimation.errors import InputError
from longanimation.lines.erase import erase_lines
from longanimation.media import read_image
from longanimation.media.atomic import atomic_path, make_folder, write_json
from longanimation.training.clip_store import FIRST_TEST_SEED, ClipStore

Pictures = tuple[np.ndarray, np.ndarray]
"""Coloured frames uint8 [F, H, W, 3] and their lines uint8 [F, H, W], 255 = paper."""


class Shots(ABC):
    """Coloured shots with their lines. Holds no open files, so that data loader workers can take it along."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def length(self, shot: int) -> int:
        """Frames of a shot."""

    @abstractmethod
    def read(self, shot: int, positions: Sequence[int]) -> Pictures:
        """The frames at these positions, in this order."""

    def prompts(self, shot: int) -> list[str]:
        """Sentences that say the same about the shot; none if nothing is known."""
        return []

    def sheets(self, shot: int) -> list[Pictures]:
        """Character sheets, each as one picture [1, H, W, 3] with its lines."""
        return []


class DrawnFolder(Shots):
    """What `longanimation data synth` wrote."""

    def __init__(self, folder: str | Path):
        self.folders = sorted(path.parent for path in Path(folder).glob("*/scene.json"))
        if not self.folders:
            raise InputError(f"{folder} holds no finished shot; run longanimation data synth again")
        self._scenes = [json.loads((path / "scene.json").read_text()) for path in self.folders]

    def __len__(self) -> int:
        return len(self.folders)

    def length(self, shot: int) -> int:
        return int(self._scenes[shot]["frames"])

    def prompts(self, shot: int) -> list[str]:
        scene = self._scenes[shot]
        return scene.get("prompts") or ([scene["prompt"]] if scene.get("prompt") else [])

    def read(self, shot: int, positions: Sequence[int]) -> Pictures:
        folder = self.folders[shot]
        colour = [read_image(folder / "colour" / f"{index:04d}.png")[..., :3] for index in positions]
        lines = [_grey(read_image(folder / "lines" / f"{index:04d}.png")) for index in positions]
        return np.stack(colour), np.stack(lines)

    def sheets(self, shot: int) -> list[Pictures]:
        found = []
        for entry in self._scenes[shot]["references"]:
            if entry["kind"] == "sheet":
                image = self.folders[shot] / entry["image"]
                lines = _grey(read_image(image.with_name(f"{image.stem}_lines.png")))
                found.append((read_image(image)[None, ..., :3], lines[None]))
        return found


class PreparedShots(Shots):
    """What `longanimation data prepare` wrote."""

    def __init__(self, folder: str | Path):
        self.clips = PreparedClips(folder)

    def __len__(self) -> int:
        return len(self.clips)

    def length(self, shot: int) -> int:
        return int(self.clips.entries[shot]["frames"])

    def prompts(self, shot: int) -> list[str]:
        caption = self.clips.entries[shot]["caption"]
        return [caption] if caption else []

    def read(self, shot: int, positions: Sequence[int]) -> Pictures:
        wanted = sorted(set(positions))
        runs = np.split(np.array(wanted), np.flatnonzero(np.diff(wanted) > 1) + 1)
        parts = [self.clips.frames(shot, int(run[0]), int(run[-1]) + 1) for run in runs]
        order = np.searchsorted(wanted, positions)
        return np.concatenate([p.colour for p in parts])[order], np.concatenate([p.lines for p in parts])[order]


class DrawnShots(Shots):
    """Shots drawn when they are first asked for, each frame once if there is a cache folder. look: see `Scene`.
    line_free: the colours are the paint below the line, for a model that the artist's line is laid over."""

    def __init__(
        self,
        count: int,
        frames: int,
        size: tuple[int, int],
        split: str = "train",
        look: str = "flat",
        line_free: bool = False,
        cache=None,
    ):
        if look not in LOOKS:
            raise InputError(f"look is one of {', '.join(LOOKS)}, not {look!r}")
        self.count, self.frames, self.size, self.split, self.look = int(count), int(frames), tuple(size), split, look
        self.line_free = line_free
        name = f"shots-{split}-{self.size[0]}x{self.size[1]}x{frames}" + ("" if look == "flat" else f"-{look}")
        name += "-line-free" if line_free else ""
        self.cache = None if cache is None else Path(cache) / name

    def __len__(self) -> int:
        return self.count

    def length(self, shot: int) -> int:
        return self.frames

    def prompts(self, shot: int) -> list[str]:
        path = self.cache and self.cache / f"{shot:06d}" / "prompts.json"
        if path and path.exists():
            return json.loads(path.read_text())
        prompts = list(getattr(self._scene(shot), "prompts", []))
        if path:
            make_folder(path.parent)
            write_json(path, prompts)
        return prompts

    def read(self, shot: int, positions: Sequence[int]) -> Pictures:
        pictures = [self._frame(shot, int(index)) for index in positions]
        return np.stack([colour for colour, _ in pictures]), np.stack([lines for _, lines in pictures])

    def sheets(self, shot: int) -> list[Pictures]:
        found = [r for r in self._scene(shot).references if r.kind == "sheet"]
        images = [erase_lines(r.image, r.lines) if self.line_free else r.image for r in found]
        return [(image[None], r.lines[None]) for image, r in zip(images, found, strict=True)]

    def _scene(self, shot: int) -> Scene:
        seed = shot + (FIRST_TEST_SEED if self.split == "test" else 0)
        return _scene(seed, self.split, self.frames, self.size, self.look)

    def _frame(self, shot: int, index: int) -> Pictures:
        path = self.cache and self.cache / f"{shot:06d}" / f"{index:04d}.npz"
        if path and path.exists():
            with np.load(path) as data:
                return data["colour"], data["lines"]
        scene = self._scene(shot)
        drawn = scene.render(index)
        colour = scene.painted(drawn)
        if self.line_free:
            colour = scene.palette[drawn.labels] if drawn.colour is None else drawn.colour
        if path:
            make_folder(path.parent)
            with atomic_path(path) as temporary, open(temporary, "wb") as file:
                np.savez_compressed(file, colour=colour, lines=drawn.lines)
        return colour, drawn.lines


class DrawnClips(Shots):
    """The few far-apart frames of a `ClipStore` clip: stills for the autoencoder, not shots in motion."""

    def __init__(self, count: int, size: tuple[int, int], frames: int = 5, split: str = "train", cache=None):
        self.count, self.store = int(count), ClipStore(cache, split, tuple(size), frames)

    def __len__(self) -> int:
        return self.count

    def length(self, shot: int) -> int:
        return self.store.frames

    def read(self, shot: int, positions: Sequence[int]) -> Pictures:
        clip, chosen = self.store.get(shot), list(positions)
        lines = clip.lines[chosen]
        return (clip.palette[clip.labels[chosen]] * (lines[..., None] / 255.0)).astype(np.uint8), lines


class JoinedShots(Shots):
    """Several sources one after the other."""

    def __init__(self, sources: Sequence[Shots]):
        self.sources = list(sources)
        self._ends = np.cumsum([len(source) for source in self.sources])

    def __len__(self) -> int:
        return int(self._ends[-1])

    def _find(self, shot: int) -> tuple[Shots, int]:
        which = int(np.searchsorted(self._ends, shot, side="right"))
        return self.sources[which], shot - (int(self._ends[which - 1]) if which else 0)

    def length(self, shot: int) -> int:
        source, place = self._find(shot)
        return source.length(place)

    def prompts(self, shot: int) -> list[str]:
        source, place = self._find(shot)
        return source.prompts(place)

    def read(self, shot: int, positions: Sequence[int]) -> Pictures:
        source, place = self._find(shot)
        return source.read(place, positions)

    def sheets(self, shot: int) -> list[Pictures]:
        source, place = self._find(shot)
        return source.sheets(place)


def open_shots(sources: Sequence[str | dict], cache: str | Path | None = None) -> Shots:
    """The shots of all sources.

    A source is a folder of `data synth` or of `data prepare`, or what is to be drawn:
    `{shots: 1000, frames: 100, size: [144, 256], look: mixed}`, or `{clips: 8000, size: [144, 256]}`
    (stills of a `ClipStore`).
    cache: folder for what is drawn. Raises InputError for anything else.
    """
    if not sources:
        raise InputError("no training data named; give data, such as the folder of longanimation data prepare")
    return JoinedShots([_open(source, cache) for source in sources])


def _open(source: str | dict, cache) -> Shots:
    if isinstance(source, dict):
        options = dict(source)
        kind = DrawnShots if "shots" in options else DrawnClips
        options["count"] = options.pop("shots", None) or options.pop("clips", None)
        try:
            return kind(**options, cache=cache)
        except TypeError as error:
            raise InputError(f"data source {source} cannot be understood: {error}") from error
    folder = Path(source)
    if (folder / "dataset.json").is_file() or any(folder.glob("*/scene.json")):
        return DrawnFolder(folder)
    if (folder / "index.jsonl").is_file():
        return PreparedShots(folder)
    raise InputError(f"{folder} holds no training data; make it with longanimation data synth or data prepare")


@lru_cache(maxsize=32)
def _scene(seed: int, split: str, frames: int, size: tuple[int, int], look: str) -> Scene:
    return Scene.random(seed, split=split, frames=frames, size=size, look=look)


def _grey(picture: np.ndarray) -> np.ndarray:
    return picture if picture.ndim == 2 else np.ascontiguousarray(picture[..., 0])
