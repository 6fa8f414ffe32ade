"""Colours the four real clips with the shipped model, writes contact sheets to look at, and scores what has a truth.

    python benchmarks/samples.py SAMPLES --output runs/samples [--model FOLDER] [--clips smoke volleyball dog scene]

smoke: an earlier drawing is painted from the given painted last frame by optical flow and region votes; that painted
frame is the only reference, and the last frame of the result is compared with the given one. volleyball, dog: no truth,
look at the sheets. scene: lines are extracted from the coloured frames, coloured again from frame 0, and compared,
beside optical-flow propagation on the same lines.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from longanimation import colorize
from longanimation.cel import composite, extract_palette
from longanimation.evaluation.baselines import PaintedDrawing, propagate
from longanimation.evaluation.metrics import ShotScorer
from longanimation.evaluation.plot import plot_color_error
from longanimation.evaluation.regions import off_line
from longanimation.evaluation.report import Report, markdown_table
from longanimation.evaluation.sheet import contact_sheet, opaque, write_png
from longanimation.media import open_sequence, read_image
from longanimation.media.atomic import make_folder, write_bytes, write_json
from longanimation.shot.drawings import read_drawing, resolve_mode

PAINTED_FRAME = 24  # of smoke: painted from frame 26, differs from it in two blobs and every outline


def smoke(folder: Path, output: Path, model: str) -> dict:
    sequence = open_sequence(folder / "lines")
    last = len(sequence) - 1
    truth = opaque(read_image(folder / "reference_00026.png"))
    drawings = [read_drawing(sequence[index], "drawn") for index in range(PAINTED_FRAME, last + 1)]
    palette = extract_palette([truth], [drawings[-1].lines])
    painted = PaintedDrawing(drawings[-1].lines, palette.labels(truth), len(drawings) - 1)
    lines = [drawing.lines for drawing in drawings]
    labels = next(propagate(lines, [painted], vote=True, sequential=True))
    reference = composite(palette.colors[labels], drawings[0].ink)
    write_png(output / f"painted_{PAINTED_FRAME:05d}.png", reference)
    frames, seconds = _colour(sequence, [(reference, sequence.numbers[PAINTED_FRAME])], model)
    inside = off_line(drawings[-1].lines)
    scorer = ShotScorer()
    score = scorer.add(frames[last], truth, inside=inside, number=sequence.numbers[last])
    shown = [6, 12, 18, 22, 26]
    rows = [("lines", [sequence[i] for i in shown]), ("result", [frames[i] for i in shown])]
    rows.append(("truth (last frame)", [np.full_like(truth, 255)] * 4 + [truth]))
    _sheet(output, rows, shown, [reference])
    return {"right in the last frame": score.right, "psnr of the last frame": score.psnr, "seconds_per_frame": seconds}


def volleyball(folder: Path, output: Path, model: str) -> dict:
    return _without_truth(open_sequence(folder / "lines.mp4"), folder / "reference.png", output, model, 6)


def dog(folder: Path, output: Path, model: str) -> dict:
    return _without_truth(open_sequence(folder / "lines"), folder / "reference.png", output, model, 6)


def scene(folder: Path, output: Path, model: str) -> dict:
    sequence = open_sequence(folder / "colour")
    truth = [opaque(frame) for frame in sequence]
    results = {}
    results["correspondence"], seconds = _colour(sequence, [(truth[0], sequence.numbers[0])], model, mode="extract")
    lines = [read_drawing(frame, "extract").lines for frame in truth]
    painted = [PaintedDrawing(lines[0], truth[0], 0)]
    results["sequential flow"] = list(propagate(lines, painted, sequential=True))
    results["flow"] = list(propagate(lines, painted))
    reports = []
    for name, frames in results.items():
        scorer = ShotScorer()
        for frame, true_frame, drawing in zip(frames, truth, lines, strict=True):
            scorer.add(frame, true_frame, inside=off_line(drawing))
        reports.append(scorer.report(name))
    shown = np.linspace(0, len(truth) - 1, 6).round().astype(int).tolist()
    rows = [("lines", [lines[i] for i in shown])]
    rows += [(name, [frames[i] for i in shown]) for name, frames in results.items()]
    rows.append(("truth", [truth[i] for i in shown]))
    _sheet(output, rows, shown, [truth[0]])
    plot_color_error(output / "color_error.png", reports, title="scene")
    write_bytes(output / "scene.md", (markdown_table(reports, first_column="method") + "\n").encode())
    return {
        "psnr": {report.name: report.psnr for report in reports},
        "psnr of the last ten frames": {report.name: _last_ten(report) for report in reports},
        "pixels right": {report.name: report.right for report in reports},
        "seconds_per_frame": seconds,
    }


CLIPS = {"smoke": smoke, "volleyball": volleyball, "dog": dog, "scene": scene}


def _without_truth(sequence, reference: Path, output: Path, model: str, moments: int) -> dict:
    mode = resolve_mode(sequence, "auto")
    frames, seconds = _colour(sequence, [reference], model)
    shown = np.linspace(0, len(frames) - 1, moments).round().astype(int).tolist()
    rows = [("as given", [sequence[i] for i in shown])]
    rows.append(("lines as read", [read_drawing(sequence[i], mode).lines for i in shown]))
    rows.append(("result", [frames[i] for i in shown]))
    _sheet(output, rows, shown, [read_image(reference)], cell_width=480)
    return {"lines": str(getattr(mode, "mode", mode)), "seconds_per_frame": seconds}


def _colour(sequence, references, model: str, *, mode: str = "auto") -> tuple[list[np.ndarray], float]:
    started = time.perf_counter()
    frames = list(colorize(sequence, references, model=model, lines_mode=mode))
    return frames, round((time.perf_counter() - started) / len(frames), 3)


def _sheet(output: Path, rows, shown: Iterable[int], references, *, cell_width: int = 360) -> None:
    captions = [f"frame {index}" for index in shown]
    sheet = contact_sheet(rows, captions=captions, references=references, cell_width=cell_width)
    write_png(output / "sheet.png", sheet)


def _last_ten(report: Report) -> float:
    return float(np.mean([frame.psnr for frame in report.per_frame[-10:]]))


def _markdown(found: dict) -> str:
    lines = ["# Real clips", ""]
    for clip, figures in found.items():
        lines += [f"## {clip}", ""]
        for name, value in figures.items():
            listed = value.items() if isinstance(value, dict) else [("", value)]
            for of, number in listed:
                shown = f"{number:.4g}" if isinstance(number, float) else number
                lines.append(f"- {name}{f', {of}' if of else ''}: {shown}")
        lines += ["", f"![{clip}]({clip}/sheet.png)", ""]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("samples", type=Path, help="folder that holds smoke, volleyball, dog, scene")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--model", default="mini", help="mini, or a model folder")
    parser.add_argument("--clips", nargs="+", default=list(CLIPS), choices=list(CLIPS))
    given = parser.parse_args()
    found = {}
    for clip in given.clips:
        output = make_folder(given.output / clip)
        found[clip] = CLIPS[clip](given.samples / clip, output, given.model)
        print(clip, found[clip], flush=True)
    write_json(given.output / "samples.json", found)
    write_bytes(given.output / "samples.md", (_markdown(found) + "\n").encode())


if __name__ == "__main__":
    main()
