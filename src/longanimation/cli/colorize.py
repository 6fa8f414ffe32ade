"""`longanimation colorize`: a shot of line drawings to coloured frames."""

from __future__ import annotations

import shlex
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

from typer import Argument, Exit, Option

from longanimation.cli.report import Report, duration


class Finish(str, Enum):
    auto = "auto"
    cel = "cel"
    none = "none"


class Lines(str, Enum):
    auto = "auto"
    drawn = "drawn"
    extract = "extract"


class Traces(str, Enum):
    keep = "keep"
    paint = "paint"


def colorize(
    input: Annotated[Path, Argument(metavar="INPUT", help="Folder of numbered pictures, a video, or one picture.")],
    output: Annotated[
        Path, Option("--output", "-o", metavar="OUTPUT", help="Folder for PNG files, or a video name (.mp4, .mov).")
    ],
    reference: Annotated[
        list[str],
        Option(
            "--reference", "-r", metavar="REF", help="Coloured picture; PICTURE@FRAME if it is that frame. Repeatable."
        ),
    ],
    prompt: Annotated[str, Option(help="What the background shows.")] = "",
    model: Annotated[str, Option(help="mini, or a model folder.")] = "mini",
    seed: Annotated[int, Option(help="Same seed, same machine: same bytes.")] = 0,
    finish: Annotated[Finish, Option(help="Flat regions (cel) or the soft result (none).")] = Finish.auto,
    lines: Annotated[Lines, Option(help="Line drawings, or coloured frames to extract lines from.")] = Lines.auto,
    traces: Annotated[Traces, Option(help="Keep coloured trace lines, or paint over them.")] = Traces.keep,
    fps: Annotated[str | None, Option(help="Frame rate of a video result; default: the input's, else 24.")] = None,
    resume: Annotated[bool, Option("--resume", help="Go on with an interrupted shot.")] = False,
    overwrite: Annotated[bool, Option("--overwrite", help="Replace what the output holds.")] = False,
    quiet: Annotated[bool, Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    json: Annotated[bool, Option("--json", help="One JSON object on stdout at the end.")] = False,
) -> None:
    """Colour a shot: as many frames out as in, with their numbering and size.

    Exit code 0: every frame is written. 2: the input cannot be used (one line says why). 130: stopped, resumable.
    """
    from longanimation.lines import describe
    from longanimation.media import as_rate, open_sequence
    from longanimation.presets import find_model, load_window_model
    from longanimation.shot import Interrupted, ShotOutput, ShotSettings, read_references, run_shot
    from longanimation.shot.drawings import resolve_mode

    with Report(quiet=quiet, as_json=json) as report:
        sequence = open_sequence(input, fps=fps)
        ShotOutput(output, sequence).check(resume=resume, overwrite=overwrite)
        find_model(model)
        mode = resolve_mode(sequence, lines.value)
        notes: list[str] = []
        references = read_references(reference, sequence, mode=mode, notes=notes)
        report.note(f"{len(sequence)} frames of {sequence.width}x{sequence.height}")
        for note in [describe(mode), *sequence.notes, *notes]:
            report.note(note)
        settings = ShotSettings(mode, prompt, seed, traces.value, as_rate(fps))
        try:
            result = run_shot(
                sequence,
                references,
                load_window_model(model, finish=finish.value),
                output,
                settings,
                resume=resume,
                overwrite=overwrite,
                on_progress=report.progress,
                on_note=report.note,
            )
        except Interrupted as stopped:
            raise Exit(_say_how_to_go_on(stopped, report)) from None
        content = {
            "output": str(result.output),
            "frames": result.frames,
            "resumed_from": result.resumed_from,
            "coloured": result.coloured,
            "seconds": round(result.seconds, 3),
            "seconds_per_frame": round(result.seconds_per_frame, 4),
            "already_finished": result.already_finished,
            "width": sequence.width,
            "height": sequence.height,
            "missing": sequence.missing,
            "model": model,
            "lines": mode.mode,
            "finish": finish.value,
            "seed": seed,
        }
        report.done(_summary(result), content)


def _summary(result) -> str:
    if result.already_finished:
        return f"{result.output} is finished already: {result.frames} frames, nothing to do"
    times = f"{duration(result.seconds)}, {result.seconds_per_frame:.2f} s a frame"
    return f"{result.frames} frames in {result.output} ({times})"


def _say_how_to_go_on(stopped, report: Report) -> int:
    arguments = [word for word in sys.argv[1:] if word not in ("--resume", "--overwrite")]
    command = shlex.join(["longanimation", *arguments, "--resume"])
    report.stopped(f"stopped; go on with: {command}")
    return stopped.exit_code
