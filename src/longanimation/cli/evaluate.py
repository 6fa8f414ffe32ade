"""`longanimation evaluate` and `longanimation benchmark`: how right are the colours."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from longanimation.cli.report import Report
from longanimation.errors import InputError

Metrics = Annotated[
    list[str] | None,
    Option(metavar="NAMES", help="Further metrics: lpips, fid, fvd or all; with commas, or repeated."),
]


def _wanted(given: list[str] | None, report: Report) -> tuple[str, ...]:
    """The network metrics asked for whose weights are there; how to get the others is said."""
    if not given:
        return ()
    from longanimation.evaluation.metric_networks import how_to_get, missing_metrics, read_metrics

    names = read_metrics(given)
    missing = missing_metrics(names)
    if missing:
        report.note(how_to_get(missing))
    return tuple(name for name in names if name not in missing)


def evaluate(
    result: Annotated[Path, Argument(help="Coloured frames: a folder or a video.")],
    truth: Annotated[Path, Argument(help="The right frames: a folder, a video, or one picture.")],
    lines: Annotated[Path | None, Option(help="The drawings, to score regions and pixels off the line.")] = None,
    metrics: Metrics = None,
    output: Annotated[Path | None, Option("--output", "-o", help="JSON file for all numbers.")] = None,
    quiet: Annotated[bool, Option("--quiet", "-q", help="No progress.")] = False,
    json: Annotated[bool, Option("--json", help="One JSON object on stdout instead of a table.")] = False,
) -> None:
    """Compare two shots: PSNR, SSIM, right pixels, colour error, regions, drift, flicker; LPIPS, FID, FVD if wanted."""
    from longanimation.evaluation.compare import evaluate as compare
    from longanimation.evaluation.report import markdown_table

    with Report(quiet=quiet) as progress:
        names = _wanted(metrics, progress)
        scores = compare(
            result, truth, lines, metrics=names, progress=lambda done, total: progress.progress("score", done, total)
        )
    if output is not None:
        scores.write_json(output)
    if json:
        print(json_format.dumps(scores.as_dict(per_frame=False), ensure_ascii=False))
    else:
        print(markdown_table([scores]))


def benchmark(
    name: Annotated[
        str, Argument(metavar="[SET]", help="short (14 frames), long (500), drawn-14|100|500 or painted-14|500.")
    ] = "drawn-100",
    model: Annotated[str, Option(help="mini, or a model folder.")] = "mini",
    method: Annotated[list[str] | None, Option(help="Only this method; repeatable. Default: all.")] = None,
    variants: Annotated[
        Path | None, Option(help="YAML list of rows (name, method, model, options) in place of --method and --model.")
    ] = None,
    metrics: Metrics = None,
    shots: Annotated[int | None, Option(min=1, help="Only the first shots of the set.")] = None,
    frames: Annotated[int | None, Option(min=1, help="Frames of each shot in place of the set's own.")] = None,
    size: Annotated[str | None, Option(metavar="HEIGHTxWIDTH", help="Size of the drawings; default 540x960.")] = None,
    output: Annotated[
        Path | None, Option("--output", "-o", help="Folder for tables, numbers, the plot and strips of frames.")
    ] = None,
    resume: Annotated[bool, Option("--resume", help="Keep the shots scored in the output before.")] = False,
    workers: Annotated[int, Option(min=1, help="Shots scored at the same time.")] = 1,
    quiet: Annotated[bool, Option("--quiet", "-q", help="No progress.")] = False,
    json: Annotated[bool, Option("--json", help="One JSON object on stdout instead of tables.")] = False,
) -> None:
    """Colour a named set of drawn test shots with every method, or every variant of a file, and compare them."""
    from longanimation.evaluation.benchmark import run_benchmark
    from longanimation.evaluation.variants import read_variants
    from longanimation.model_options import ModelOptions

    if variants is not None and (method or model != "mini"):
        raise InputError("give --variants, or --method and --model, not both")
    rows = read_variants(variants) if variants is not None else None
    with Report(quiet=quiet) as report:
        result = run_benchmark(
            name,
            model=model,
            methods=method,
            variants=rows,
            metrics=metrics or (),
            shots=shots,
            frames=frames,
            size=ModelOptions(size=size).size,
            output=output,
            resume=resume,
            workers=workers,
            progress=lambda done, total: report.progress("score", done, total, unit="shots"),
        )
        for note in result.notes:
            report.note(note)
    print(json_format.dumps(result.as_dict(), ensure_ascii=False) if json else result.markdown())
