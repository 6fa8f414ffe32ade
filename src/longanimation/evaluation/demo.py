"""The demo: draws a long cel shot and a short painted one, colours them, shows and scores the results."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from longanimation import __version__
from longanimation.data.synth import Scene, demo_scene
from longanimation.errors import InputError
from longanimation.evaluation.demo_files import DemoFiles
from longanimation.evaluation.drawn_shot import DrawnShot
from longanimation.evaluation.metrics import ShotScorer
from longanimation.evaluation.picture import write_picture
from longanimation.evaluation.plot import plot_color_error
from longanimation.evaluation.report import Report
from longanimation.evaluation.sheet import contact_sheet, write_png
from longanimation.media import encode_video, open_sequence
from longanimation.presets import find_model, is_diffusion_model, load_window_model
from longanimation.shot import ShotSettings, WindowModel, read_references, run_shot

MOMENTS = 6
PAINTED_SEED, PAINTED_FRAMES = 214, 49

OnProgress = Callable[[str, int, int], None]
"""Called with (phase, frames done, frames in all); phases "draw", "colour", "score", each of them for either shot."""


@dataclass(frozen=True)
class DemoReport:
    """What the demo made and how good it is. report: of the cel shot; painted: of the painted one, None if the model
    paints no backgrounds; seconds: of everything; seconds_per_frame: of colouring the cel shot; moments: its frames
    that are shown; peak_memory: bytes this process held at most, None where the system does not tell."""

    output: Path
    report: Report
    painted: Report | None
    seconds: float
    seconds_per_frame: float
    peak_memory: int | None
    moments: tuple[int, ...]

    def sentences(self) -> list[str]:
        """The figures in words."""
        found, soft = self.report, self.painted
        memory = "" if self.peak_memory is None else f", peak memory {self.peak_memory / 2**20:.0f} MB"
        return [
            f"pixels right (CIEDE2000 < 5, off the line): {100 * found.right:.2f} %",
            f"segment accuracy: {_percent(found.segment_accuracy)}, "
            f"over 10 pixels: {_percent(found.large_segment_accuracy)}",
            f"drift: {found.drift:.2f} (colour error {found.first_error:.2f} in the first {found.drift_frames} frames, "
            f"{found.last_error:.2f} in the last)",
            *([] if soft is None else [f"painted shot: PSNR {soft.psnr:.2f} dB, CIEDE2000 {soft.color_error:.2f}"]),
            f"{self.seconds_per_frame:.3f} s a frame to colour, {self.seconds:.0f} s in all{memory}",
        ]


def run_demo(
    output: str | os.PathLike,
    *,
    frames: int = 500,
    size: tuple[int, int] = (540, 960),
    seed: int = 0,
    model: str | os.PathLike | WindowModel = "mini",
    progress: OnProgress | None = None,
    say: Callable[[str], None] = print,
) -> DemoReport:
    """Draws, colours and scores the demo's shots into the folder `output`.

    Writes `lines/` and `references/` (what is given to the colouring), `coloured/` and `coloured.mp4` (the result),
    `contact_sheet.png`, `picture.png`, `color_error.png` and `report.json`, and the same into `painted/` for a shorter
    shot with soft shading, whose background only its prompt tells; says the figures. frames: of the cel shot; size:
    (height, width); seed: of the colouring; model: a preset, a model folder, or an open model, which colours the cel
    shot alone.
    Interrupted at any moment, the same call goes on where it stopped; when it had finished, it begins again.
    Raises InputError when the folder cannot be written; `longanimation.shot.Interrupted` after SIGINT or SIGTERM.
    """
    started = time.perf_counter()
    files = DemoFiles(Path(output))
    told = {"version": __version__, "frames": frames, "size": list(size), "seed": seed}
    cel = _Clip(DrawnShot(demo_scene(frames, size)), files, told, seed, progress or (lambda phase, done, total: None))
    report, seconds_per_frame, moments = cel.make(model)
    painted = None
    if isinstance(model, str | os.PathLike) and is_diffusion_model(find_model(model)):
        scene = Scene.random(PAINTED_SEED, split="test", frames=min(frames, PAINTED_FRAMES), size=size, look="painted")
        clip = replace(cel, shot=DrawnShot(scene), files=DemoFiles(files.folder / "painted"))
        painted, _, _ = clip.make(model)
        clip.files.finish(painted.as_dict())
    result = DemoReport(
        output=files.folder,
        report=report,
        painted=painted,
        seconds=time.perf_counter() - started,
        seconds_per_frame=seconds_per_frame,
        peak_memory=peak_memory(),
        moments=moments,
    )
    figures = {
        "seconds": round(result.seconds, 1),
        "seconds_per_frame": round(result.seconds_per_frame, 4),
        "peak_memory": result.peak_memory,
        "moments": list(moments),
    }
    files.finish({**figures, **report.as_dict()})
    for sentence in result.sentences():
        say(sentence)
    say(f"{files.folder}: coloured.mp4, coloured/, contact_sheet.png, color_error.png, report.json")
    if painted is not None:
        say(f"{files.folder / 'painted'}: the same of the painted shot")
    return result


@dataclass(frozen=True)
class _Clip:
    """One shot of the demo."""

    shot: DrawnShot
    files: DemoFiles
    told: dict
    seed: int
    progress: OnProgress

    def make(self, model: str | os.PathLike | WindowModel) -> tuple[Report, float, tuple[int, ...]]:
        """Draw, colour, score and show it: its figures, seconds a frame to colour, and the frames shown."""
        total = len(self.shot)
        resume = self.files.begin(self.told, self.shot)
        self.files.draw(self.shot, lambda done: self.progress("draw", done, total))
        seconds_per_frame = self._colour(model, resume)
        report, moments = self._score()
        _show(self.files, self.shot, report, moments)
        return report, seconds_per_frame, moments

    def _colour(self, model, resume: bool) -> float:
        if isinstance(model, str | os.PathLike):
            model = load_window_model(
                model, finish="none" if self.shot.is_painted else "cel", shot=self.shot.scene.size
            )
        sequence = open_sequence(self.files.lines)
        references = read_references(self.files.references, sequence, mode="drawn")
        settings = ShotSettings(mode="drawn", seed=self.seed, prompt=getattr(self.shot.scene, "prompt", None) or "")

        def colour(**how) -> float:
            done = run_shot(
                sequence, references, model, self.files.coloured, settings, on_progress=self.progress, **how
            )
            return done.seconds_per_frame

        if not resume:
            return colour(overwrite=True)
        try:
            return colour(resume=True)
        except InputError:  # begun by another model or version: nothing of it can be kept
            return colour(overwrite=True)

    def _score(self) -> tuple[Report, tuple[int, ...]]:
        """Reads the result once: scores it and encodes the video. Also chooses the moments shown: the richest drawing
        of each sixth of the shot."""
        scorer = ShotScorer()
        coloured = open_sequence(self.files.coloured)
        total = len(self.shot)
        best: dict[int, tuple[int, int]] = {}

        def scored() -> Iterator[np.ndarray]:
            for index in range(total):
                frame, truth = coloured[index], self.shot.truth(index)
                scorer.add(frame, truth.truth, inside=truth.inside, regions=truth.regions, tracks=truth.tracks)
                slot = index * MOMENTS // total
                best[slot] = max(best.get(slot, (-1, 0)), (int(truth.regions.max()), -index))
                yield frame

        fps, size = self.shot.drawings.fps, self.shot.scene.size
        encode_video(self.files.video, scored(), fps, size, lambda done: self.progress("score", done, total))
        return scorer.report("demo"), tuple(-index for _, index in (best[slot] for slot in sorted(best)))


def _show(files: DemoFiles, shot: DrawnShot, report: Report, moments: tuple[int, ...]) -> None:
    lines, coloured = open_sequence(files.lines), open_sequence(files.coloured)
    rows = [
        ("lines", [lines[index] for index in moments]),
        ("result", [coloured[index] for index in moments]),
        ("truth", [shot.truth(index).truth for index in moments]),
    ]
    references = [item.image for item in shot.scene.references]
    captions = [f"frame {index}" for index in moments]
    write_png(files.contact_sheet, contact_sheet(rows, captions=captions, references=references))
    write_picture(files.picture, references, rows[0][1], rows[1][1])
    plot_color_error(files.plot, [report], title=f"demo: {len(shot)} frames")


def peak_memory() -> int | None:
    """Bytes of memory this process has held at most, None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"
