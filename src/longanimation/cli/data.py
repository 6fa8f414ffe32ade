"""`longanimation data ...`: training and test material."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from longanimation.cli.report import Report

data = typer.Typer(help="Make training and test material.", no_args_is_help=True)


class Split(str, Enum):
    train = "train"
    test = "test"


@data.callback()
def _verbs() -> None:
    pass


@data.command()
def synth(
    output: Annotated[Path, Option("--output", "-o", help="Folder; each shot gets a folder in it.")],
    clips: Annotated[int, Option(help="Number of shots.")] = 10,
    frames: Annotated[int, Option(help="Frames of each shot.")] = 100,
    height: Annotated[int, Option()] = 540,
    width: Annotated[int, Option()] = 960,
    split: Annotated[Split, Option(help="Test shots have shapes and motions that training shots lack.")] = Split.train,
    seed: Annotated[int, Option(help="Of the first shot; the next ones count up. Same seed, same bytes.")] = 0,
    workers: Annotated[int, Option(help="Processes that draw.")] = 1,
    quiet: Annotated[bool, Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Draw cel animation with perfect ground truth: lines, colours, palette labels, parts, references.

    Run again, it writes only the shots that are not whole yet.
    """
    from longanimation.data.synth.dataset import write_dataset

    with Report(quiet=quiet) as report:
        write_dataset(
            output,
            clips=clips,
            frames=frames,
            size=(height, width),
            split=split.value,
            seed=seed,
            workers=workers,
            progress=lambda done, total: report.progress("draw", done, total, unit="shots"),
        )
