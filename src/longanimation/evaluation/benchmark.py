"""Runs the named sets of drawn test shots through methods or variants of models and writes one table."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from longanimation.evaluation.drawn_sets import SETS, DrawnSet, find_set
from longanimation.evaluation.methods import METHODS
from longanimation.evaluation.metric_networks import how_to_get, missing_metrics, read_metrics
from longanimation.evaluation.perceptual import distances
from longanimation.evaluation.plot import plot_color_error
from longanimation.evaluation.report import FrameScore, Report, markdown_table
from longanimation.evaluation.shot_scoring import LINES, TRUTH, ScoredShot, score_shot
from longanimation.evaluation.stored_shots import StoredShots
from longanimation.evaluation.strips import write_strips
from longanimation.evaluation.variants import Variant, variants_of
from longanimation.media.atomic import make_folder, write_bytes, write_json

__all__ = ["SETS", "BenchmarkResult", "run_benchmark"]


@dataclass
class BenchmarkResult:
    """shots: {seed: what was scored}, every variant in every shot. notes: what was left out and why."""

    drawn_set: DrawnSet
    variants: list[Variant]
    shots: dict[int, ScoredShot]
    notes: list[str] = field(default_factory=list)

    @property
    def reports(self) -> dict[str, dict[int, Report]]:
        """{variant: {seed: report}}."""
        return {
            v.name: {seed: shot.variants[v.name].report for seed, shot in self.shots.items()} for v in self.variants
        }

    def mean(self, name: str) -> Report:
        """Mean over the shots of one variant; segments pooled; FID and FVD of all shots together."""
        results = [shot.variants[name].features for shot in self.shots.values()]
        truths = [shot.truth for shot in self.shots.values()]
        together = {} if None in results or None in truths else distances(results, truths)
        return Report.mean(name, list(self.reports[name].values()), **together)

    def seconds(self, name: str) -> float:
        """Seconds a frame, mean over the shots."""
        return float(np.mean([shot.variants[name].seconds for shot in self.shots.values()]))

    def markdown(self) -> str:
        """The mean of each variant, then every shot of every variant."""
        chosen = self.drawn_set
        height, width = chosen.size
        lines = [
            f"# {chosen.name}",
            "",
            f"{len(chosen.seeds)} drawn test shots of {chosen.frames} frames, {width}x{height}.",
            *(f"{note}." for note in self.notes),
            "",
            markdown_table((self.mean(variant.name) for variant in self.variants), first_column="method"),
            "",
        ]
        for variant in self.variants:
            about = METHODS[variant.method].description
            lines += [f"## {variant.name}", ""]
            lines += [f"{variant.describe()}: {about}; {self.seconds(variant.name):.3f} s a frame.", ""]
            lines += [markdown_table(self.reports[variant.name].values()), ""]
        return "\n".join(lines)

    def as_dict(self) -> dict:
        """Plain numbers for JSON, every shot without its frames."""
        names = [variant.name for variant in self.variants]
        return {
            "set": self.drawn_set.name,
            "frames": self.drawn_set.frames,
            "size": list(self.drawn_set.size),
            "seeds": list(self.drawn_set.seeds),
            "scene": dict(self.drawn_set.scene),
            "variants": [variant.as_dict() for variant in self.variants],
            "notes": self.notes,
            "mean": {name: self.mean(name).as_dict(per_frame=False) for name in names},
            "seconds_per_frame": {name: self.seconds(name) for name in names},
            "shots": {
                name: {str(seed): report.as_dict(per_frame=False) for seed, report in sorted(shots.items())}
                for name, shots in self.reports.items()
            },
        }

    def curve(self, name: str) -> Report:
        """Colour error of each frame number, mean over the shots."""
        shots = [report.per_frame for report in self.reports[name].values()]
        frames = [
            FrameScore(index, 0.0, 0.0, 0.0, float(np.mean([shot[index].color_error for shot in shots])), (0, 0, 0, 0))
            for index in range(min(map(len, shots)))
        ]
        return Report.from_frames(name, frames)

    def write(self, folder: Path) -> None:
        """benchmark.json, benchmark.md, color_error.png, and strips/shot_NNNN.png for each shot."""
        write_json(folder / "benchmark.json", self.as_dict())
        write_bytes(folder / "benchmark.md", (self.markdown() + "\n").encode())
        names = [variant.name for variant in self.variants]
        plot_color_error(folder / "color_error.png", [self.curve(name) for name in names], title=self.drawn_set.name)
        for seed, shot in self.shots.items():
            rows = {name: shot.strips[name] for name in (LINES, TRUTH, *names) if name in shot.strips}
            if rows:
                make_folder(folder / "strips")
                write_strips(folder / "strips" / f"shot_{seed:04d}.png", rows, frames=self.drawn_set.frames)


def run_benchmark(
    name: str = "drawn-100",
    *,
    model: str | os.PathLike = "mini",
    methods: Sequence[str] | None = None,
    variants: Sequence[Variant] | None = None,
    metrics: Sequence[str] = (),
    seeds: Iterable[int] | None = None,
    shots: int | None = None,
    frames: int | None = None,
    size: tuple[int, int] | None = None,
    output: str | os.PathLike | None = None,
    resume: bool = False,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> BenchmarkResult:
    """Colours every shot of the set with every method, or every variant, and scores it.

    name: of `SETS`, or short or long. variants: in place of methods and model. metrics: "lpips", "fid", "fvd", "all";
    those whose weights are not there are left out, and `notes` says so. seeds, shots (only the first), frames, size: in
    place of the set's own. output: folder for what `BenchmarkResult.write` writes, and a folder `shots` with what was
    scored; with `resume`, what is there of the same variants, weights and options is not scored again. workers: shots
    scored at the same time. progress: called with (shots done, all). Raises InputError for an unknown set, method,
    metric or model, before anything is scored.
    """
    chosen = find_set(name, seeds=seeds, shots=shots, frames=frames, size=size)
    variants = list(variants) if variants is not None else variants_of(methods, model)
    for variant in variants:
        variant.check()
    wanted = read_metrics(metrics)
    missing = missing_metrics(wanted)
    wanted = tuple(metric for metric in wanted if metric not in missing)
    folder = make_folder(output) if output is not None else None
    stored = StoredShots(folder / "shots", chosen, wanted) if folder is not None else None
    found = {seed: ScoredShot({}, None, {}) for seed in chosen.seeds}
    if stored is not None and resume:
        found = {seed: stored.read(seed, variants) for seed in chosen.seeds}

    jobs = {seed: [v for v in variants if v.name not in shot.variants] for seed, shot in found.items()}
    jobs = {seed: lacking for seed, lacking in jobs.items() if lacking}
    done = len(chosen.seeds) - len(jobs)
    if progress is not None:
        progress(done, len(chosen.seeds))
    for seed, scored in _score_all(jobs, chosen, wanted, workers):
        if stored is not None:
            stored.write(seed, scored, variants)
        before = found[seed]
        found[seed] = ScoredShot(
            before.variants | scored.variants, scored.truth or before.truth, before.strips | scored.strips
        )
        done += 1
        if progress is not None:
            progress(done, len(chosen.seeds))
    result = BenchmarkResult(chosen, variants, found, [how_to_get(missing)] if missing else [])
    if folder is not None:
        result.write(folder)
    return result


def _score_all(
    jobs: dict[int, list[Variant]], chosen: DrawnSet, metrics: tuple[str, ...], workers: int
) -> Iterator[tuple[int, ScoredShot]]:
    if workers <= 1:
        for seed, variants in jobs.items():
            yield seed, score_shot(chosen, seed, variants, metrics)
        return
    context = multiprocessing.get_context("spawn")
    threads = max(1, (os.cpu_count() or 1) // workers)
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_limit_threads, initargs=(threads,)) as pool:
        waiting = {pool.submit(score_shot, chosen, seed, given, metrics): seed for seed, given in jobs.items()}
        for finished in as_completed(waiting):
            yield waiting[finished], finished.result()


def _limit_threads(threads: int) -> None:
    import cv2
    import torch

    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
