"""`longanimation data ...`: training and test material."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Exit, Option

from longanimation.cli.report import Report

data = typer.Typer(help="Make training and test material.", no_args_is_help=True)


class Split(str, Enum):
    train = "train"
    varied = "varied"
    test = "test"


class Look(str, Enum):
    flat = "flat"
    painted = "painted"
    mixed = "mixed"


class Detector(str, Enum):
    adaptive = "adaptive"
    content = "content"
    none = "none"


class Bars(str, Enum):
    crop = "crop"
    drop = "drop"
    keep = "keep"


class Store(str, Enum):
    mp4 = "mp4"
    png = "png"


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
    split: Annotated[
        Split,
        Option(help="Test shots have shapes and motions that training lacks; varied: more to train on."),
    ] = Split.train,
    seed: Annotated[int, Option(help="Of the first shot; the next ones count up. Same seed, same bytes.")] = 0,
    look: Annotated[
        Look, Option(help="painted: painted backgrounds with a prompt, shaded characters; mixed: half of each.")
    ] = Look.flat,
    workers: Annotated[int, Option(help="Processes that draw.")] = 1,
    quiet: Annotated[bool, Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Draw cel animation with perfect ground truth: lines, colours, palette labels, parts, references;
    with --look painted also prompts, painted backgrounds and shading.

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
            look=look.value,
            workers=workers,
            progress=lambda done, total: report.progress("draw", done, total, unit="shots"),
        )


@data.command()
def prepare(
    inputs: Annotated[list[Path], Argument(help="Folders (with all they hold), videos, folders of pictures.")],
    output: Annotated[Path, Option("--output", "-o", help="Folder for clips, index and report.")],
    shortest: Annotated[int, Option(help="Frames a clip has at least.")] = 81,
    longest: Annotated[int, Option(help="Frames a clip has at most; longer shots are parted.")] = 1200,
    detector: Annotated[Detector, Option(help="How cuts are found; none: each input is one shot.")] = Detector.adaptive,
    cut_threshold: Annotated[float | None, Option(help="Lower finds more cuts (adaptive 3, content 27).")] = None,
    bars: Annotated[Bars, Option(help="Black bars: crop them, drop the clip, keep them.")] = Bars.crop,
    min_side: Annotated[int, Option(help="Pixels of the shorter side of a clip, at least.")] = 240,
    min_motion: Annotated[float, Option(help="Share of the picture that moves, at least.")] = 0.01,
    max_held: Annotated[float, Option(help="Share of frames that repeat the one before, at most.")] = 0.95,
    short_side: Annotated[int | None, Option(help="Scale larger clips down to this shorter side.")] = None,
    store: Annotated[Store, Option(help="mp4, or png: exact and about ten times larger.")] = Store.mp4,
    captions: Annotated[Path | None, Option(help="JSONL or CSV with path and caption; else .txt beside.")] = None,
    workers: Annotated[int, Option(help="Processes that read and draw.")] = 1,
    json: Annotated[bool, Option("--json", help="One JSON object on stdout.")] = False,
    quiet: Annotated[bool, Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Cut your own videos into training clips of one shot each, with their lines.

    Stopped at any time and run again, it goes on. report.md says what was dropped and why.
    """
    from longanimation.data.prepare import PrepareSettings
    from longanimation.data.prepare import prepare as run
    from longanimation.shot.interrupt import Interrupted

    settings = PrepareSettings(
        detector=detector.value,
        cut_threshold=cut_threshold,
        shortest=shortest,
        longest=longest,
        bars=bars.value,
        min_side=min_side,
        min_motion=min_motion,
        max_held=max_held,
        short_side=short_side,
        store=store.value,
    )
    with Report(quiet=quiet, as_json=json) as report:
        try:
            result = run(
                inputs,
                output,
                settings,
                captions=captions,
                workers=workers,
                progress=report.progress,
                note=report.note,
            )
        except Interrupted as stopped:
            report.stopped("stopped; run the same command again to go on")
            raise Exit(stopped.exit_code) from None
        summary = result.summary
        dropped = ", ".join(f"{count['pieces']} {reason}" for reason, count in summary["dropped"].items())
        kept = f"{result.clips} clips with {result.frames} of {summary['frames']} frames in {output}"
        report.done(
            f"{kept}; dropped: {dropped or 'nothing'}; see {output / 'report.md'}",
            {
                "output": str(output),
                "written": result.written,
                **{name: summary[name] for name in ("sources", "frames", "kept", "captioned_clips", "dropped")},
                "unreadable_sources": summary["unreadable_sources"],
            },
        )
