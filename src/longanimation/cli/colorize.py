"""`longanimation colorize`: a shot of line drawings to coloured frames."""

from __future__ import annotations

import shlex
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

from typer import Argument, Exit, Option

from longanimation.cli.processes import how_launched, share_window_model
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


class Compat(str, Enum):
    paper = "paper"


class Parallel(str, Enum):
    auto = "auto"
    guidance = "guidance"
    ulysses = "ulysses"


class Type(str, Enum):
    bf16 = "bf16"
    fp32 = "fp32"


def colorize(
    input: Annotated[Path, Argument(metavar="INPUT", help="Folder of numbered pictures, a video, or one picture.")],
    output: Annotated[
        Path, Option("--output", "-o", metavar="OUTPUT", help="Folder for PNG files, or a video name (.mp4, .mov).")
    ],
    reference: Annotated[
        list[str],
        Option(
            "--reference",
            "-r",
            metavar="REF",
            help="Coloured picture; PICTURE@FRAME if it is that frame, PICTURE@background if it is what lies behind "
            "the characters in the first frame. Repeatable.",
        ),
    ],
    model: Annotated[str, Option(help="mini, 5b, or a model folder (ours or as published).")] = "mini",
    seed: Annotated[int, Option(help="Same seed, same machine: same bytes.")] = 0,
    finish: Annotated[Finish, Option(help="Flat regions (cel) or the soft result (none).")] = Finish.auto,
    lines: Annotated[Lines, Option(help="Line drawings, or coloured frames to extract lines from.")] = Lines.auto,
    traces: Annotated[Traces, Option(help="Keep coloured trace lines, or paint over them.")] = Traces.keep,
    prompt: Annotated[
        list[str] | None,
        Option(help="What the background shows; 1-120:TEXT for some frames, by their numbers. Repeatable."),
    ] = None,
    prompt_file: Annotated[Path | None, Option(help="Text file of prompts, one a line, as for --prompt.")] = None,
    vram: Annotated[str, Option(metavar="GB", help="GPU memory to use: 80, 48, 24, 16, 12... or auto.")] = "auto",
    steps: Annotated[int | None, Option(help="Denoising steps (5b: 50).")] = None,
    guidance: Annotated[float | None, Option(help="Weight of the prompt (5b: 6); 1 is faster and without.")] = None,
    size: Annotated[
        str | None, Option(metavar="HEIGHTxWIDTH", help="Working size, such as 576x1024 or 768x1360.")
    ] = None,
    memory: Annotated[bool | None, Option("--memory/--no-memory", help="Remember colours of earlier frames.")] = None,
    dtype: Annotated[Type | None, Option(help="Number format of the weights; default: as stored.")] = None,
    compat: Annotated[Compat | None, Option(help="paper: the published inference, quirks included.")] = None,
    parallel: Annotated[
        Parallel, Option(help="With torchrun: guidance halves on different GPUs, or a window in slices (ulysses).")
    ] = Parallel.auto,
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
    from longanimation.media import as_rate, frame_count, open_sequence
    from longanimation.model_options import ModelOptions
    from longanimation.presets import find_model, is_diffusion_model, load_window_model
    from longanimation.shot import Interrupted, ShotOutput, ShotSettings, read_prompts, read_references, run_shot
    from longanimation.shot.disk_space import check_disk_space
    from longanimation.shot.drawings import resolve_mode
    from longanimation.shot.prompts import describe_prompts, read_prompt_file
    from longanimation.shot.stream import plan_for

    with Report(quiet=quiet, as_json=json) as report:
        sequence = open_sequence(input, fps=fps)
        ShotOutput(output, sequence).check(resume=resume, overwrite=overwrite)
        find_model(model)
        prompts = read_prompts([*(prompt or []), *(read_prompt_file(prompt_file) if prompt_file else [])], sequence)
        options = ModelOptions(
            steps, guidance, size, compat and compat.value, memory, dtype and dtype.value, vram, prompts.changes
        )
        shot = sequence.height, sequence.width
        room = [] if resume or overwrite else check_disk_space(output, frames=len(sequence), size=shot)
        mode = resolve_mode(sequence, lines.value)
        notes: list[str] = []
        references = read_references(reference, sequence, mode=mode, notes=notes)
        report.note(f"{frame_count(len(sequence))} of {sequence.width}x{sequence.height}")
        for note in [describe(mode), *sequence.notes, *notes, *room]:
            report.note(note)
        settings = ShotSettings(mode, prompts.whole, seed, traces.value, as_rate(fps))
        if is_diffusion_model(find_model(model)):
            report.note(f"loading {model}")  # it can take minutes
        window = load_window_model(
            model, finish=finish.value, options=options, shot=shot,
            references=references, extracted=mode.mode == "extract",
        )  # fmt: skip
        for note in share_window_model(window, find_model(model), parallel.value):
            report.note(note)
        for note in describe_prompts(prompts, plan_for(window, len(sequence)), sequence.numbers, window):
            report.note(note)
        try:
            result = run_shot(
                sequence,
                references,
                window,
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
    from longanimation.media import frame_count

    frames = frame_count(result.frames)
    if result.already_finished:
        return f"{result.output} is finished already: {frames}, nothing to do"
    times = f"{duration(result.seconds)}, {result.seconds_per_frame:.2f} s a frame"
    return f"{frames} in {result.output} ({times})"


def _say_how_to_go_on(stopped, report: Report) -> int:
    arguments = [word for word in sys.argv[1:] if word not in ("--resume", "--overwrite")]
    command = shlex.join([*how_launched(), *arguments, "--resume"])
    report.stopped(f"stopped; go on with: {command}")
    return stopped.exit_code
