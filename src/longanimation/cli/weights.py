"""`longanimation weights ...`: fetch, check and convert published weights, and see whether they fit."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Optional

import typer
from typer import Argument, Option

from longanimation.cli.report import Report
from longanimation.errors import InputError

app = typer.Typer(help="Fetch, check and convert published weights.", no_args_is_help=True)

Quiet = Annotated[bool, Option("--quiet", "-q", help="No progress.")]
Json = Annotated[bool, Option("--json", help="One JSON object on stdout.")]
Height = Annotated[int, Option(help="Height of the generated pictures.")]
Width = Annotated[int, Option(help="Width of the generated pictures.")]
Vram = Annotated[Optional[float], Option(help="GB of GPU memory that may be used (80, 48, 24, 16, 12); default: free.")]  # noqa: UP045


class Layout(str, Enum):
    ours = "ours"
    published = "published"


class Type(str, Enum):
    bf16 = "bf16"
    fp16 = "fp16"
    fp32 = "fp32"


@app.callback()
def _verbs() -> None:
    pass


@app.command()
def fetch(
    name: Annotated[str, Argument(help="What to fetch: 5b, or metrics (the networks of LPIPS, FID, FVD).")] = "5b",
    to: Annotated[Optional[Path], Option("--to", help="Folder; default: where --model NAME looks.")] = None,  # noqa: UP045
    only: Annotated[Optional[list[str]], Option(help="Only this release, for example video_xl; several times.")] = None,  # noqa: UP045
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Fetch published weights. Run again, it continues; every file is checked against its checksum if one is known."""
    from longanimation.weights.metric_files import NAME as METRICS

    if name == METRICS:
        return _fetch_metrics(to, only or (), Report(quiet=quiet, as_json=json))
    from longanimation.weights.check import check_folder
    from longanimation.weights.fetching import fetch as fetch_sources
    from longanimation.weights.sources import choose_sources, default_folder

    sources = choose_sources(name, only or ())
    folder = to or default_folder(name)
    with Report(quiet=quiet, as_json=json) as report:
        for source in sources:
            report.note(f"{source.name}: {source.repo}, about {source.bytes / 1e9:.1f} GB, licence: {source.licence}")
        _hub_bars(quiet)
        fetch_sources(folder, sources, progress=lambda phase, done, all_: report.progress(phase, done, all_, unit="MB"))
        found = check_folder(folder)
        _tell(report, found)
        report.done(f"fetched to {folder}", found.content())
    if not found.ok and not only:
        raise typer.Exit(2)


def _fetch_metrics(to: Path | None, only, report: Report) -> None:
    from longanimation.evaluation.metric_networks import load_metric_networks, read_metrics
    from longanimation.weights.file_fetching import fetch_files
    from longanimation.weights.metric_files import METRIC_FILES, NAME
    from longanimation.weights.sources import default_folder

    names = read_metrics(only or ["all"])
    folder = to or default_folder(NAME)
    files = [file for file in METRIC_FILES if set(file.metrics) & set(names)]
    with report:
        for file in files:
            report.note(f"{file.name}: {file.url}, about {file.bytes / 1e6:.1f} MB, licence: {file.licence}")
        fetch_files(folder, files, progress=lambda phase, done, all_: report.progress(phase, done, all_, unit="MB"))
        ready = load_metric_networks(names, folder=folder, device="cpu").names
        report.done(f"fetched to {folder}; ready: {', '.join(ready)}", {"folder": str(folder), "metrics": list(ready)})


@app.command()
def check(
    model: Annotated[str, Argument(help="Model folder, ours or as published, or 5b.")] = "5b",
    values: Annotated[bool, Option("--values", help="Also read every number and look for NaN.")] = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Compare every tensor name, shape and config value with what it must be. Exit code 2 if anything is wrong."""
    from longanimation.weights.check import check_folder

    folder = _folder(model)
    with Report(quiet=quiet, as_json=json) as report:
        found = check_folder(
            folder,
            values=values,
            progress=lambda phase, done, total: report.progress(f"read {phase}", done, total, unit="tensors"),
        )
        if not found.parts:
            raise InputError(f"{folder} has no part of a model")
        _tell(report, found)
        wrong = sum(len(part.problems) for part in found.parts) + len(found.missing)
        report.done(f"{folder}: {'all is well' if found.ok else f'{wrong} things are wrong'}", found.content())
    if not found.ok:
        raise typer.Exit(2)


@app.command()
def convert(
    source: Annotated[str, Argument(help="Model folder, ours or as published, or 5b.")],
    destination: Annotated[Path, Argument(help="New folder.")],
    layout: Annotated[
        Layout, Option("--to", help="ours: a subfolder per part; published: control and memory files of the release.")
    ] = Layout.ours,
    dtype: Annotated[Optional[Type], Option(help="Type of the weights; default: as they are.")] = None,  # noqa: UP045
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Write published weights in our layout, or our trained ones as published. Whole or not at all."""
    import torch

    from longanimation.weights.conversion import convert as to_ours
    from longanimation.weights.conversion import to_published

    types = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32, None: None}
    folder = _folder(source)
    torch_dtype = types[dtype.value if dtype else None]
    with Report(quiet=quiet, as_json=json) as report:
        if layout is Layout.published:
            written = to_published(folder, destination, torch_dtype=torch_dtype)
        else:
            progress = lambda phase, done, total: report.progress(phase, done, total, unit="parts")  # noqa: E731
            written = [to_ours(folder, destination, torch_dtype=torch_dtype, progress=progress)]
        names = [str(path) for path in written]
        report.done(f"wrote {', '.join(names)}", {"written": names})


@app.command()
def fit(
    model: Annotated[str, Argument(help="Model folder, or 5b (which need not be fetched).")] = "5b",
    height: Height = 576,
    width: Width = 1024,
    vram: Vram = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Show how much GPU memory and RAM a model needs, and how it would be placed. Loads nothing.

    With --vram: exit code 2 if it does not fit.
    """
    from longanimation.weights.memory_plan import VRAM_SIZES, first_fitting, free_ram, free_vram, gb, memory_plans

    _quiet_libraries()
    plans = memory_plans(model, size=(height, width))
    have = free_vram()
    with Report(quiet=quiet, as_json=json) as report:
        for plan in plans:
            report.say(
                f"{plan.placement.name:24} {gb(plan.vram):>8} GPU {gb(plan.ram):>8} RAM   {plan.placement.describe()}"
            )
        for size in VRAM_SIZES:
            fitting = [plan.placement.name for plan in plans if plan.vram <= size * 2**30]
            report.say(f"GPU of {size} GB: {fitting[0] if fitting else 'too small'}")
        content = {"model": model, "placements": [plan.content() for plan in plans], "chosen": None}
        if vram is not None or have is not None:
            chosen = first_fitting(plans, model, vram=vram)
            content["chosen"] = chosen.placement.name
            report.done(f"chosen: {chosen.placement.describe()}", content)
        else:
            report.done(f"this machine has no GPU; {gb(free_ram())} of RAM are free", content)


def _folder(model: str) -> Path:
    from longanimation.weights.sources import MODELS, default_folder

    if model in MODELS and not Path(model).exists():
        folder = default_folder(model)
        if not folder.is_dir():
            raise InputError(f"{model} is not fetched yet ({folder}); run: longanimation weights fetch {model}")
        return folder
    return Path(model)


def _tell(report: Report, found) -> None:
    from longanimation.weights.memory_plan import gb

    for part in found.parts:
        size = f"{part.parameters / 1e6:.1f} M, {gb(part.bytes)} {'/'.join(part.types)}" if part.bytes else ""
        report.say(f"{'ok   ' if part.ok else 'WRONG'} {part.part:15} {size:32} {part.path}")
        for problem in part.problems:
            report.say(f"      {problem}")
    for part in found.missing:
        report.say(f"WRONG {part:15} is not there")


def _hub_bars(quiet: bool) -> None:
    from huggingface_hub.utils import disable_progress_bars, enable_progress_bars

    (disable_progress_bars if quiet else enable_progress_bars)()


def _quiet_libraries() -> None:
    from diffusers.utils import logging

    logging.set_verbosity_error()
