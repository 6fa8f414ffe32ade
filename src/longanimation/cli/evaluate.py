"""`longanimation evaluate` and `longanimation benchmark`: how right are the colours."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from longanimation.cli.report import Report


def evaluate(
    result: Annotated[Path, Argument(help="Coloured frames: a folder or a video.")],
    truth: Annotated[Path, Argument(help="The right frames: a folder, a video, or one picture.")],
    lines: Annotated[Path | None, Option(help="The drawings, to score regions and pixels off the line.")] = None,
    output: Annotated[Path | None, Option("--output", "-o", help="JSON file for all numbers.")] = None,
    quiet: Annotated[bool, Option("--quiet", "-q", help="No progress.")] = False,
    json: Annotated[bool, Option("--json", help="One JSON object on stdout instead of a table.")] = False,
) -> None:
    """Compare two shots: PSNR, SSIM, right pixels, colour error, regions, drift, flicker."""
    from longanimation.evaluation.compare import evaluate as compare
    from longanimation.evaluation.report import markdown_table

    with Report(quiet=quiet) as progress:
        scores = compare(result, truth, lines, progress=lambda done, total: progress.progress("score", done, total))
    if output is not None:
        scores.write_json(output)
    if json:
        print(json_format.dumps(scores.as_dict(per_frame=False), ensure_ascii=False))
    else:
        print(markdown_table([scores]))
