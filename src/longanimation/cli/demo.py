"""`longanimation demo`: draws a shot, colours it, shows and scores the result."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated

from typer import Exit, Option

from longanimation.cli.report import Report


def demo(
    output: Annotated[Path, Option("--output", "-o", help="Folder for the result.")] = Path("demo"),
    frames: Annotated[int, Option(min=1, help="Length of the drawn shot.")] = 500,
    height: Annotated[int, Option(min=16)] = 540,
    width: Annotated[int, Option(min=16)] = 960,
    seed: Annotated[int, Option(help="Another seed, another shot.")] = 0,
    model: Annotated[str, Option(help="mini, or a model folder.")] = "mini",
    quiet: Annotated[bool, Option("--quiet", "-q", help="No progress, no figures.")] = False,
    json: Annotated[bool, Option("--json", help="The figures as one JSON object on stdout.")] = False,
) -> None:
    """Draw a two-character shot, colour it from two references, and show lines, result and truth side by side.

    Stopped at any moment, the same command goes on.
    """
    from longanimation.evaluation.demo import run_demo
    from longanimation.shot import Interrupted

    with Report(quiet=quiet, as_json=json) as report:
        try:
            result = run_demo(
                output,
                frames=frames,
                size=(height, width),
                seed=seed,
                model=model,
                progress=report.progress,
                say=lambda sentence: report.say(sentence),
            )
        except Interrupted as stopped:
            report.stopped("stopped; the same command goes on")
            raise Exit(stopped.exit_code) from None
    if json:
        figures = {"output": str(result.output), "seconds": round(result.seconds, 1)}
        figures |= {"seconds_per_frame": round(result.seconds_per_frame, 4), "peak_memory": result.peak_memory}
        print(json_format.dumps(figures | result.report.as_dict(per_frame=False), ensure_ascii=False))
