"""Drawn shots as files: what `longanimation data synth` writes."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import cv2
import numpy as np

from longanimation.data.synth.families import chosen_families
from longanimation.data.synth.painted_scene import PaintedScene
from longanimation.data.synth.scene import LOOKS, Scene
from longanimation.errors import InputError
from longanimation.media.atomic import make_folder, write_bytes, write_json

_FORMAT = 1


def write_scene(folder: str | Path, scene: Scene) -> None:
    """One shot as files.

    lines/ (grey, 255 = paper), ink/ (the line as drawn, RGBA), colour/ (painted, lines on top),
    labels/ (palette index),
    parts/ (16 bit), each NNNN.png from 0000; references/N.png with N_lines.png; scene.json, written last: seed, size,
    palette, line style, families, references with their frames, reveals and key events. A painted scene also has its
    prompt, the same in other words (prompts), what the background is, and the finish of its characters.
    """
    folder = make_folder(folder)
    for name in ("lines", "ink", "colour", "labels", "parts", "references"):
        make_folder(folder / name)
    for index in range(len(scene)):
        drawn = scene.render(index)
        pictures = {"lines": drawn.lines, "ink": drawn.ink, "colour": scene.painted(drawn)}
        for name, picture in (pictures | {"labels": drawn.labels, "parts": drawn.parts}).items():
            _write_png(folder / name / f"{index:04d}.png", picture)
    references = []
    for k, reference in enumerate(scene.references):
        _write_png(folder / "references" / f"{k}.png", reference.image)
        _write_png(folder / "references" / f"{k}_lines.png", reference.lines)
        references.append({"image": f"references/{k}.png", "kind": reference.kind, "frame": reference.frame})
    painted = {}
    if isinstance(scene, PaintedScene):
        behind = scene.backdrop
        painted = {
            "look": "painted",
            "prompt": scene.prompt,
            "prompts": scene.prompts,
            "background": {"place": behind.place, "light": behind.light.name, "weather": behind.weather.kind},
            "finish": scene.finish,
            "camera": scene.moves.move,
        }
    write_json(
        folder / "scene.json",
        {
            "format": _FORMAT,
            "seed": scene.seed,
            "frames": len(scene),
            "size": list(scene.size),
            "line_style": scene.style.name,
            "families": chosen_families(scene),
            "palette": scene.palette.tolist(),
            "references": references,
            "reveals": [{"start": r.start, "stop": r.stop, "labels": list(r.labels)} for r in scene.reveals],
            "key_events": list(scene.key_events),
        }
        | painted,
    )


def write_dataset(
    output_folder: str | Path,
    *,
    clips: int,
    frames: int,
    size: tuple[int, int],
    split: str = "train",
    seed: int = 0,
    look: str = "flat",
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """`clips` random shots of `frames` frames at size (height, width), in output_folder/00000, 00001, ...

    Shot k has seed `seed + k`; look: see `Scene.random`.
    Run again, it writes only the shots that are not whole yet; a folder begun with other
    settings is refused (InputError). progress: called with (shots done, all).
    """
    settings = {"format": _FORMAT, "frames": frames, "size": list(size), "split": split, "seed": seed}
    if look not in LOOKS:
        raise InputError(f"look is one of {', '.join(LOOKS)}, not {look!r}")
    if look != "flat":
        settings["look"] = look
    for name, value in (
        ("clips", clips),
        ("frames", frames),
        ("workers", workers),
        ("height", size[0]),
        ("width", size[1]),
    ):
        if value < 1:
            raise InputError(f"{name} is {value}; it must be at least 1")
    folder = make_folder(output_folder)
    _claim(folder, settings)
    jobs = [(folder / f"{k:05d}", seed + k, split, frames, tuple(size), look) for k in range(clips)]
    jobs = [job for job in jobs if not (job[0] / "scene.json").exists()]
    done = clips - len(jobs)
    if workers == 1:
        for job in jobs:
            _write_one(job)
            done += 1
            if progress is not None:
                progress(done, clips)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for future in as_completed([pool.submit(_write_one, job) for job in jobs]):
            future.result()
            done += 1
            if progress is not None:
                progress(done, clips)


def _write_one(job: tuple) -> None:
    folder, seed, split, frames, size, look = job
    cv2.setNumThreads(1)
    write_scene(folder, Scene.random(seed, split=split, frames=frames, size=size, look=look))


def _claim(folder: Path, settings: dict) -> None:
    """Marks the folder as this data set's; refuses one that holds something else."""
    mark = folder / "dataset.json"
    if not mark.exists():
        if any(folder.iterdir()):
            raise InputError(f"{folder} is not empty and holds no drawn data set; choose an empty folder")
        write_json(mark, settings)
        return
    try:
        found = json.loads(mark.read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{mark} cannot be read ({error}); choose an empty folder") from error
    if found != settings:
        raise InputError(f"{folder} holds a data set made with other settings ({mark.name}); choose another folder")


def _write_png(path: Path, picture: np.ndarray) -> None:
    """uint8 or uint16 [H, W], RGB or RGBA."""
    if picture.ndim == 3:
        picture = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR if picture.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
    done, data = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 2])
    if not done:
        raise RuntimeError(f"no PNG of a picture {picture.shape} {picture.dtype}")
    write_bytes(path, data.tobytes())
