"""Training material of the region matcher: drawn shots, seen through a trained correspondence memory."""

from pathlib import Path

import numpy as np
import torch

from longanimation.cel import segment
from longanimation.data.synth import Scene
from longanimation.media.atomic import atomic_path
from longanimation.models.correspondence_memory import CorrespondenceMemory
from longanimation.models.memory_bank import GLOBAL, KEY_FRAME, LOCAL, SHEET
from longanimation.pipeline.framing import frame_content
from longanimation.pipeline.region_view import match_regions, view_regions

SIZES = ((288, 512), (360, 640), (360, 640), (540, 960))
MOMENTS = 5
"""Frames looked at of each shot, each with the frame before it."""


def draw_region_clip(seed: int, memory: CorrespondenceMemory, *, split: str = "train", frames: int = 100) -> dict:
    """What the matcher sees of one drawn shot, as numpy arrays.

    Pictures are numbered: references first, then for each moment the frame before it and itself. For picture p:
    `appearance.p`, `shape.p`, `touch.p`, `label.p` (majority below each region), `area.p`; for a moment's pictures a
    and every reference r `match.a.r`; for every moment `match.b.a` with its frame before, and with every other moment.
    `kinds` of the references; `moments`.
    """
    rng = np.random.default_rng((seed, 77))
    size = SIZES[rng.integers(len(SIZES))]
    scene = Scene.random(seed, split=split, frames=frames, size=size)
    times = np.sort(rng.choice(np.arange(4, frames), MOMENTS, replace=False))
    shot = [scene.render(int(t)) for time in times for t in (_before(scene, int(time)), time)]
    framing = frame_content([frame.lines for frame in shot], side=512)
    result, views = {}, []
    references = scene.references
    for picture in [*references, *shot]:
        regions = segment(picture.lines)
        own = framing
        if getattr(picture, "kind", None) == "sheet":
            own = frame_content([picture.lines], side=512)
        view = view_regions(memory, picture.lines, regions, own, 12)
        name = len(views)
        views.append(view)
        counts = np.zeros((regions.count, len(scene.palette)), np.int64)
        inside = regions.inside
        np.add.at(counts, (regions.ids[inside], picture.labels[inside]), 1)
        result[f"appearance.{name}"] = view.appearance(memory.config.key_dim).numpy().astype(np.float16)
        result[f"shape.{name}"] = view.shape.numpy()
        result[f"touch.{name}"] = view.touch.numpy().astype(np.float16)
        result[f"label.{name}"] = counts[view.regions].argmax(1).astype(np.uint8)
        result[f"area.{name}"] = regions.areas[view.regions].astype(np.int32)
    kinds = [SHEET if reference.frame is None else KEY_FRAME for reference in references]

    def match(a, b, kind):
        values = match_regions(memory, views[a], views[b], kind).numpy()
        result[f"match.{a}.{b}"] = values.astype(np.float16)

    count = len(references)
    for moment in range(MOMENTS):
        before, now = count + 2 * moment, count + 2 * moment + 1
        for reference, kind in enumerate(kinds):
            match(before, reference, kind)
            match(now, reference, kind)
        match(now, before, LOCAL)
        for other in range(MOMENTS):
            if other != moment:
                match(now, count + 2 * other + 1, GLOBAL)
    return result | {"kinds": np.array(kinds), "moments": np.array(times), "colors": np.array(len(scene.palette))}


def _before(scene: Scene, time: int) -> int:
    """The last frame whose drawing differs (shots are often drawn on twos or threes)."""
    now = scene.render(time).lines
    for back in range(1, 5):
        if time - back >= 0 and not np.array_equal(scene.render(time - back).lines, now):
            return time - back
    return max(time - 1, 0)


class RegionClipStore:
    """Clip `seed` kept in a folder, drawn on first use. Clips belong to one set of memory weights: use a new folder
    for new ones."""

    def __init__(self, folder: str | Path, memory: CorrespondenceMemory, split: str):
        self.folder, self.memory, self.split = Path(folder) / split, memory, split

    def get(self, seed: int) -> dict:
        path = self.folder / f"{seed:06d}.npz"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            offset = 0 if self.split == "train" else 1_000_000_000
            with torch.inference_mode():
                clip = draw_region_clip(seed + offset, self.memory, split=self.split)
            with atomic_path(path) as temporary, open(temporary, "wb") as file:
                np.savez(file, **clip)
            return clip
        with np.load(path) as data:
            return {name: data[name] for name in data.files}
