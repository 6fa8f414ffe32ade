"""Runs the named sets of drawn test shots through every method and writes one table."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from longanimation import __version__
from longanimation.data.synth import Scene
from longanimation.errors import InputError
from longanimation.evaluation.drawn_shot import DrawnShot
from longanimation.evaluation.methods import METHODS, find_methods
from longanimation.evaluation.metrics import ShotScorer
from longanimation.evaluation.plot import plot_color_error
from longanimation.evaluation.report import FrameScore, Report, markdown_table
from longanimation.media.atomic import make_folder, write_bytes, write_json
from longanimation.presets import find_model


@dataclass(frozen=True)
class DrawnSet:
    """Drawn shots with seeds and families that training never sees. size: (height, width)."""

    name: str
    frames: int
    size: tuple[int, int]
    seeds: tuple[int, ...]


SETS = {
    "drawn-14": DrawnSet("drawn-14", 14, (540, 960), tuple(range(20))),
    "drawn-100": DrawnSet("drawn-100", 100, (540, 960), tuple(range(20))),
    "drawn-500": DrawnSet("drawn-500", 500, (540, 960), tuple(range(10))),
}


@dataclass
class BenchmarkResult:
    """reports and seconds (a frame): {method: {seed: value}}."""

    drawn_set: DrawnSet
    model: str
    reports: dict[str, dict[int, Report]] = field(default_factory=dict)
    seconds: dict[str, dict[int, float]] = field(default_factory=dict)

    def mean(self, method: str) -> Report:
        """Mean over the shots of one method; segments pooled."""
        return Report.mean(method, list(self.reports[method].values()))

    def markdown(self) -> str:
        """The mean of each method, then every shot of every method."""
        chosen = self.drawn_set
        height, width = chosen.size
        lines = [
            f"# {chosen.name}",
            "",
            f"{len(chosen.seeds)} drawn test shots of {chosen.frames} frames, {width}x{height}, model `{self.model}`.",
            "",
            markdown_table((self.mean(method) for method in self.reports), first_column="method"),
            "",
        ]
        for method, shots in self.reports.items():
            speed = np.mean(list(self.seconds[method].values()))
            lines += [f"## {method}", "", f"{METHODS[method].description}; {speed:.3f} s a frame.", ""]
            lines += [markdown_table(shots[seed] for seed in sorted(shots)), ""]
        return "\n".join(lines)

    def as_dict(self) -> dict:
        """Plain numbers for JSON, every shot without its frames."""
        return {
            "set": self.drawn_set.name,
            "frames": self.drawn_set.frames,
            "size": list(self.drawn_set.size),
            "seeds": list(self.drawn_set.seeds),
            "model": self.model,
            "mean": {method: self.mean(method).as_dict(per_frame=False) for method in self.reports},
            "seconds_per_frame": {method: float(np.mean(list(s.values()))) for method, s in self.seconds.items()},
            "shots": {
                method: {str(seed): report.as_dict(per_frame=False) for seed, report in sorted(shots.items())}
                for method, shots in self.reports.items()
            },
        }

    def curve(self, method: str) -> Report:
        """Colour error of each frame number, mean over the shots."""
        shots = [report.per_frame for report in self.reports[method].values()]
        frames = [
            FrameScore(index, 0.0, 0.0, 0.0, float(np.mean([shot[index].color_error for shot in shots])), (0, 0, 0, 0))
            for index in range(min(map(len, shots)))
        ]
        return Report.from_frames(method, frames)


def run_benchmark(
    name: str = "drawn-100",
    *,
    model: str | os.PathLike = "mini",
    methods: Sequence[str] | None = None,
    seeds: Iterable[int] | None = None,
    frames: int | None = None,
    size: tuple[int, int] | None = None,
    output: str | os.PathLike | None = None,
    resume: bool = False,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> BenchmarkResult:
    """Colours every shot of the set with every method and scores it.

    seeds, frames, size: in place of the set's own. output: folder for benchmark.json, benchmark.md, the plot of colour
    error over frames, and one JSON file for each shot; with `resume`, shots scored there before by the same methods and
    model are not scored again. workers: shots scored at the same time. progress: called with (shots done, all).
    Raises InputError for an unknown set, method or model.
    """
    chosen = _find_set(name, seeds, frames, size)
    names = [method.name for method in find_methods(methods)]
    folder = make_folder(Path(output) / "shots").parent if output is not None else None
    result = BenchmarkResult(chosen, str(model), {method: {} for method in names}, {method: {} for method in names})
    identity = {"version": __version__, "frames": chosen.frames, "size": list(chosen.size), "model": _weights(model)}
    found = {seed: _read_shot(folder, seed, identity) if resume else {} for seed in chosen.seeds}

    def keep(seed: int, scored: dict) -> None:
        found[seed] = {**found[seed], **scored}
        if folder is not None:
            write_json(folder / "shots" / f"shot_{seed:04d}.json", {"identity": identity, "methods": found[seed]})

    jobs = {seed: [method for method in names if method not in found[seed]] for seed in chosen.seeds}
    jobs = {seed: missing for seed, missing in jobs.items() if missing}
    done = len(chosen.seeds) - len(jobs)
    if progress is not None:
        progress(done, len(chosen.seeds))
    for seed, scored in _score_all(jobs, chosen, model, workers):
        keep(seed, scored)
        done += 1
        if progress is not None:
            progress(done, len(chosen.seeds))
    for seed in chosen.seeds:
        for method in names:
            entry = found[seed][method]
            result.reports[method][seed] = Report.from_dict(entry["report"])
            result.seconds[method][seed] = entry["seconds_per_frame"]
    if folder is not None:
        write_json(folder / "benchmark.json", result.as_dict())
        write_bytes(folder / "benchmark.md", (result.markdown() + "\n").encode())
        plot_color_error(folder / "color_error.png", [result.curve(method) for method in names], title=chosen.name)
    return result


def score_shot(seed: int, frames: int, size: tuple[int, int], methods: list[str], model: str) -> dict:
    """Scores one shot: {method: {"report", "seconds_per_frame"}}. Methods run side by side: a frame is drawn once."""
    shot = DrawnShot(Scene.random(seed, split="test", frames=frames, size=size))
    streams = {name: METHODS[name].frames(shot, model, 0) for name in methods}
    scorers = {name: ShotScorer() for name in methods}
    seconds = dict.fromkeys(methods, 0.0)
    for index in range(frames):
        for name, stream in streams.items():
            started = time.perf_counter()
            frame = next(stream)
            seconds[name] += time.perf_counter() - started
            truth = shot.truth(index)
            scorers[name].add(frame, truth.truth, inside=truth.inside, regions=truth.regions, tracks=truth.tracks)
    return {
        name: {
            "report": scorers[name].report(f"shot {seed}").as_dict(),
            "seconds_per_frame": round(seconds[name] / frames, 4),
        }
        for name in methods
    }


def _score_all(jobs: dict[int, list[str]], chosen: DrawnSet, model, workers: int):
    arguments = {seed: (seed, chosen.frames, chosen.size, missing, str(model)) for seed, missing in jobs.items()}
    if workers <= 1:
        for seed, given in arguments.items():
            yield seed, score_shot(*given)
        return
    context = multiprocessing.get_context("spawn")
    threads = max(1, (os.cpu_count() or 1) // workers)
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_limit_threads, initargs=(threads,)) as pool:
        waiting = {pool.submit(score_shot, *given): seed for seed, given in arguments.items()}
        for finished in as_completed(waiting):
            yield waiting[finished], finished.result()


def _limit_threads(threads: int) -> None:
    import cv2
    import torch

    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)


def _find_set(name: str, seeds, frames, size) -> DrawnSet:
    if name not in SETS:
        raise InputError(f"unknown benchmark {name!r}; known are {', '.join(SETS)}")
    chosen = SETS[name]
    return DrawnSet(
        name,
        chosen.frames if frames is None else frames,
        chosen.size if size is None else tuple(size),
        chosen.seeds if seeds is None else tuple(seeds),
    )


def _weights(model: str | os.PathLike) -> str:
    """A name for the exact weights: a hash of the model folder's files."""
    digest = hashlib.sha256()
    folder = find_model(model)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _read_shot(folder: Path | None, seed: int, identity: dict) -> dict:
    if folder is None:
        return {}
    try:
        stored = json.loads((folder / "shots" / f"shot_{seed:04d}.json").read_text())
    except (OSError, ValueError):
        return {}
    return stored["methods"] if stored.get("identity") == identity else {}
