"""Training material of the region matcher: drawn shots cut into closed regions, as `colorize` would cut them."""

import hashlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from longanimation.cel import segment
from longanimation.cel.read_palette import clear_of_lines
from longanimation.data.synth import Scene
from longanimation.data.synth.scene import SceneReference
from longanimation.lines import study_style
from longanimation.media.atomic import atomic_path
from longanimation.models.correspondence_memory import CorrespondenceMemory
from longanimation.models.memory_bank import KEY_FRAME, SHEET
from longanimation.pipeline.framing import frame_content
from longanimation.pipeline.region_view import lay_out, look_up
from longanimation.shot.drawings import read_drawing
from longanimation.training.clip_store import FIRST_TEST_SEED
from longanimation.training.episodes import apply_style, random_style

SIZES = ((288, 512), (360, 640), (360, 640), (432, 768))
MOMENTS = 3
"""Frames looked at of each shot, each with the frame before it."""

POINTS = 8
"""Most points of a region."""


def draw_region_clip(seed: int, *, split: str = "varied", frames: int = 100) -> dict[str, np.ndarray]:
    """One drawn shot as numpy arrays.

    Pictures are numbered: references first, then for each moment the frame before it and itself. For picture p:
    `look.p`, `places.p`, `owner.p`, `shape.p` and `touch.p` as in `RegionLayout`, `label.p` (the colour that most of
    each region has) and `area.p` in pixels. `kinds`: of the references, as in `memory_bank`; `empty`: whether they show
    the background alone; `planned`: those that the shot comes with, the others are there for variety (sheets and the
    background for a shot with key frames, a key frame for the rest).
    """
    rng = np.random.default_rng((seed, 77))
    size = SIZES[rng.integers(len(SIZES))]
    scene = Scene.random(seed, split=split, frames=frames, size=size)
    times = np.sort(rng.choice(np.arange(4, frames), MOMENTS, replace=False))
    shot = [scene.render(int(t)) for time in times for t in (_before(scene, int(time)), time)]
    style = study_style([frame.ink for frame in shot[::2]])
    planned = scene.references
    references = [*planned, *_further(scene, planned, rng)]
    references = [
        _annotated(r, scene.palette, rng) if r.kind == "sheet" and rng.random() < 0.25 else r for r in references
    ]
    # What `colorize` would see: lines read from the ink, or from a sheet as a coloured picture.
    pictures = [
        (
            read_drawing(r.image, "painted") if r.frame is None else read_drawing(scene.render(r.frame).ink, style),
            r.labels,
        )
        for r in references
    ] + [(read_drawing(frame.ink, style), frame.labels) for frame in shot]
    framing = frame_content([drawing.lines for drawing, _ in pictures[len(references) :]], side=512)
    result: dict[str, np.ndarray] = {}
    for name, (drawing, labels) in enumerate(pictures):
        regions = segment(drawing.lines)
        elsewhere = name < len(references) and references[name].frame is None
        own = frame_content([drawing.lines], side=512) if elsewhere else framing
        layout = lay_out(drawing.lines, regions, own, POINTS)
        clear = clear_of_lines(regions)
        pair = regions.ids[clear].astype(np.int64) * len(scene.palette) + labels[clear]
        counts = np.bincount(pair, minlength=regions.count * len(scene.palette))
        result[f"look.{name}"] = layout.look
        result[f"places.{name}"] = layout.places
        result[f"owner.{name}"] = layout.owner.astype(np.int16)
        result[f"shape.{name}"] = layout.shape
        result[f"touch.{name}"] = layout.touch.astype(np.float16)
        result[f"label.{name}"] = counts.reshape(regions.count, -1)[layout.regions].argmax(1).astype(np.uint8)
        result[f"area.{name}"] = regions.areas[layout.regions].astype(np.int32)
    return result | {
        "kinds": np.array([SHEET if reference.kind == "sheet" else KEY_FRAME for reference in references]),
        "empty": np.array([reference.kind == "background" for reference in references]),
        "planned": np.arange(len(references)) < len(planned),
    }


def disguise(clip: dict[str, np.ndarray], rng: np.random.Generator, *, pens: float = 0.6) -> None:
    """The same shot mirrored, bent, and drawn by another pen, in place: so that shapes are not learned by heart.

    clip: as `draw_region_clip` gives it, or some of its pictures. pens: how often the pen is another one.
    """
    mirrored, bent, pen = rng.random() < 0.5, rng.random() < 0.4, rng.random() < pens
    shot_style = random_style(rng)
    reference_style = random_style(rng) if rng.random() < 0.3 else shot_style
    for name in [name.removeprefix("look.") for name in clip if name.startswith("look.")]:
        look, places = clip[f"look.{name}"], clip[f"places.{name}"]
        if mirrored:
            look, places = look[:, ::-1], places * np.float32((1, -1)) + np.float32((0, 1))
            clip[f"shape.{name}"] = clip[f"shape.{name}"] * np.float32((-1, 1, 1, 1, 1))
        look = np.ascontiguousarray(look)
        if bent:
            look, places = _bent(look, places, rng)
        if pen:
            look = apply_style(look, reference_style if int(name) < len(clip["kinds"]) else shot_style, rng)
        clip[f"look.{name}"], clip[f"places.{name}"] = look, np.clip(places, 0, 1 - 1e-6)


def _bent(look: np.ndarray, places: np.ndarray, rng: np.random.Generator, most: float = 0.03):
    """A smooth displacement of up to `most` of the picture's longer side."""
    height, width = look.shape
    coarse = rng.uniform(-most, most, (4, 4, 2)).astype(np.float32)
    field = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) * max(height, width)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    look = cv2.remap(look, x + field[..., 0], y + field[..., 1], cv2.INTER_LINEAR, borderValue=255)
    size = np.array((height, width), np.float32)
    start = moved = places * size
    for _ in range(3):  # the point that the displacement takes to where it was
        at = np.clip(moved.astype(np.int64), 0, (height - 1, width - 1))
        moved = start - field[at[:, 0], at[:, 1]][:, ::-1]
    return look, moved / size


def _further(scene: Scene, planned: list[SceneReference], rng: np.random.Generator) -> list[SceneReference]:
    if planned[0].kind == "sheet":
        further = [("key_frame", int(rng.integers(len(scene))))]
    else:
        further = [("sheet", actor) for actor in range(len(scene.actors))]
        further += [("background", 0)] if scene.background else []
    return [scene.painted_reference(kind, at) for kind, at in further]


def _annotated(sheet: SceneReference, palette: np.ndarray, rng: np.random.Generator) -> SceneReference:
    """Names, swatches and pointing lines, as studios write them on a colour model."""
    image, labels = sheet.image.copy(), sheet.labels.copy()
    height, width = labels.shape
    paper, painted = labels[0, 0], np.flatnonzero(sheet.labels != sheet.labels[0, 0])
    pen = [int(level) for level in rng.choice([(230, 20, 20), (0, 0, 0), (20, 60, 200)])]
    unit = height / 360
    for _ in range(rng.integers(2, 9) if len(painted) else 0):
        side = int(rng.integers(12, 30) * unit)
        y, x = int(rng.integers(20 * unit, height - side - 2)), int(rng.integers(2, width - side - 2))
        box = np.s_[y - int(14 * unit) : y + side + 2, x - 2 : x + side + 2]
        if (labels[box] != paper).any():
            continue
        target = int(rng.choice(painted))
        if rng.random() < 0.7:
            cv2.line(image, (x + side // 2, y + side // 2), (target % width, target // width), pen, 1, cv2.LINE_AA)
        labels[y : y + side, x : x + side] = sheet.labels.ravel()[target]
        image[y : y + side, x : x + side] = palette[sheet.labels.ravel()[target]]
        cv2.rectangle(image, (x, y), (x + side, y + side), pen, max(1, round(unit)))
        word = "".join(rng.choice(list("ABCDEHKLMNORSTaeiouknrst"), rng.integers(3, 9)))
        size = rng.uniform(0.3, 0.5) * unit
        cv2.putText(image, word, (x, y - 3), cv2.FONT_HERSHEY_SIMPLEX, size, (0, 0, 0), 1, cv2.LINE_AA)
    return replace(sheet, image=image, labels=labels)


def _before(scene: Scene, time: int) -> int:
    """The last frame whose drawing differs (shots are often drawn on twos or threes)."""
    now = scene.render(time).lines
    for back in range(1, 5):
        if time - back >= 0 and not np.array_equal(scene.render(time - back).lines, now):
            return time - back
    return max(time - 1, 0)


def see(clip: dict[str, np.ndarray], memory: CorrespondenceMemory) -> dict[str, np.ndarray]:
    """The clip as `memory` sees it: `keys.p` float16 [P, memory.dim] at the points of picture p instead of `look.p`."""
    seen = {name: value for name, value in clip.items() if not name.startswith("look.")}
    for name in [name.removeprefix("look.") for name in clip if name.startswith("look.")]:
        seen[f"keys.{name}"] = look_up(memory, clip[f"look.{name}"], clip[f"places.{name}"]).half().numpy()
    return seen


class RegionClipStore:
    """Clip `seed` kept in a folder (None: nowhere), drawn on first use.

    With a `memory`, clips are kept as it sees them, training clips mirrored and bent: a memory that is not trained sees
    the same each time. What another memory saw is not touched.
    """

    def __init__(self, folder: str | Path | None, split: str, memory: CorrespondenceMemory | None = None):
        self.split, self.memory = split, memory
        name = split if memory is None else f"{split}-{fingerprint(memory)}"
        self.folder = None if folder is None else Path(folder) / name

    def get(self, seed: int) -> dict[str, np.ndarray]:
        path = self.folder and self.folder / f"{seed:06d}.npz"
        if path and path.exists():
            with np.load(path) as data:
                return {name: data[name] for name in data.files}
        clip = draw_region_clip(seed + (FIRST_TEST_SEED if self.split == "test" else 0), split=self.split)
        if self.memory is not None:
            if self.split != "test":
                disguise(clip, np.random.default_rng((seed, 99)), pens=0)
            clip = see(clip, self.memory)
        if path:
            self.folder.mkdir(parents=True, exist_ok=True)
            with atomic_path(path) as temporary, open(temporary, "wb") as file:
                np.savez(file, **clip)
        return clip


def fingerprint(memory: CorrespondenceMemory) -> str:
    """Eight letters that other weights do not have."""
    digest = hashlib.sha256()
    for value in memory.state_dict().values():
        digest.update(value.float().contiguous().numpy().tobytes())
    return digest.hexdigest()[:8]
