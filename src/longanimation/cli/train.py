"""`longanimation train STAGE`: training, one command a stage, each going on from its last checkpoint."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

train = typer.Typer(help="Train a part of the model; run the same command again to go on.", no_args_is_help=True)


Limit = Annotated[float | None, Option(help="Save and stop so many seconds after this start, resumed or not.")]
Quiet = Annotated[bool, Option("--quiet", "-q")]


@train.callback()
def _stages() -> None:
    pass


@train.command()
def correspondence(
    output: Annotated[Path, Option("--output", "-o", help="Run folder: checkpoints, pictures, curves.")],
    steps: Annotated[int, Option(min=1, help="Optimizer steps in all.")] = 20000,
    batch_size: Annotated[int, Option(min=1)] = 8,
    learning_rate: Annotated[float, Option(min=0)] = 8e-4,
    clips: Annotated[int, Option(min=1, help="Distinct drawn clips.")] = 8000,
    cache: Annotated[Path | None, Option(help="Folder to keep drawn clips in.")] = None,
    start_from: Annotated[Path | None, Option(help="Model folder to start from.")] = None,
    device: Annotated[str, Option(help="auto, cpu or cuda.")] = "auto",
    precision: Annotated[str, Option(help="auto, bf16 or float32.")] = "auto",
    workers: Annotated[int, Option(min=0, help="Processes that draw.")] = 1,
    seed: Annotated[int, Option()] = 0,
    limit_seconds: Limit = None,
    quiet: Annotated[bool, Option("--quiet", "-q")] = False,
) -> None:
    """Train the correspondence memory on drawn scenes."""
    from longanimation.training.correspondence import CorrespondenceTrainConfig
    from longanimation.training.correspondence import train as run

    config = CorrespondenceTrainConfig(
        output=str(output),
        steps=steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        clips=clips,
        cache=None if cache is None else str(cache),
        start_from=None if start_from is None else str(start_from),
        device=device,
        precision=precision,
        workers=workers,
        seed=seed,
        limit_seconds=limit_seconds,
    )
    run(config, progress=None if quiet else lambda step, metrics: _print(step, steps, metrics))


@train.command()
def regions(
    output: Annotated[Path, Option("--output", "-o", help="Run folder: checkpoints, curves, model.")],
    memory: Annotated[Path, Option(help="Folder of the trained correspondence memory.")],
    cache: Annotated[Path | None, Option(help="Folder to keep drawn shots in.")] = None,
    start_from: Annotated[Path | None, Option(help="Folder of a region matcher to start from.")] = None,
    clips: Annotated[int, Option(min=1, help="Distinct drawn shots.")] = 2000,
    reuse: Annotated[int, Option(min=1, help="Uses of a shot before the next one is drawn.")] = 8,
    steps: Annotated[int, Option(min=1, help="Optimizer steps in all.")] = 4000,
    batch_size: Annotated[int, Option(min=1)] = 8,
    learning_rate: Annotated[float, Option(min=0)] = 1e-3,
    memory_learning_rate: Annotated[
        float,
        Option(min=0, help="Rate for the memory, which is trained along. 0: it stays as it is, which is far faster."),
    ] = 4e-4,
    device: Annotated[str, Option(help="auto, cpu or cuda.")] = "auto",
    workers: Annotated[int, Option(min=0, help="Processes that draw.")] = 1,
    seed: Annotated[int, Option()] = 0,
    limit_seconds: Limit = None,
    quiet: Quiet = False,
) -> None:
    """Train the region matcher, and the correspondence memory along with it."""
    from longanimation.training.regions import RegionTrainConfig, train_regions

    config = RegionTrainConfig(
        output=str(output),
        memory=str(memory),
        cache=None if cache is None else str(cache),
        start_from=None if start_from is None else str(start_from),
        clips=clips,
        reuse=reuse,
        steps=steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        memory_learning_rate=memory_learning_rate,
        device=device,
        workers=workers,
        seed=seed,
        limit_seconds=limit_seconds,
    )
    train_regions(config, progress=None if quiet else lambda step, metrics: _print(step, steps, metrics))


Recipe = Annotated[
    str,
    Option("--config", "-c", help="Recipe: a file (YAML or JSON), a preset (debug, mini, 5b, 5b-lora), a config.json."),
]
Output = Annotated[Path | None, Option("--output", "-o", help="Run folder: checkpoints, pictures, curves, model.")]
StartFrom = Annotated[str | None, Option(help="Model folder to start from, such as the model/ of the stage before.")]
Data = Annotated[
    list[Path] | None, Option(help="Folder of data synth or data prepare; may be repeated. Replaces the recipe's.")
]
Steps = Annotated[int | None, Option(min=1, help="Optimizer steps in all.")]
Tracker = Annotated[
    list[str] | None,
    Option(help="Where curves go besides log.jsonl: tensorboard (default), wandb, ...; may be repeated."),
]
Settings = Annotated[list[str] | None, Option("--set", help="Any other setting: NAME=VALUE; may be repeated.")]
Estimate = Annotated[bool, Option("--estimate", help="Print the memory estimate and stop.")]


STAGES = {
    "autoencoder": "Train a video autoencoder of our own (mini; 5b keeps the published one).",
    "text": "Train a text encoder of our own to know the colours of sentences (mini).",
    "sketch": "Train SketchDiT: lines, a reference and text to the control of the video transformer.",
    "memory": "Train the global-local memory on histories of random length.",
    "reward": "Refine with the Colour Consistency Reward.",
}
"""The stages of the video model, which all take the same options."""


def _add_stage(name: str, summary: str) -> None:
    @train.command(name, help=summary)
    def command(
        config: Recipe,
        output: Output = None,
        start_from: StartFrom = None,
        data: Data = None,
        steps: Steps = None,
        tracker: Tracker = None,
        settings: Settings = None,
        limit_seconds: Limit = None,
        estimate: Estimate = False,
        quiet: Quiet = False,
    ) -> None:
        _run(name, config, output, start_from, data, steps, tracker, settings, limit_seconds, estimate, quiet)


for _name, _summary in STAGES.items():
    _add_stage(_name, _summary)


def _run(
    stage: str, recipe, output, start_from, data, steps, tracker, settings, limit_seconds, estimate: bool, quiet: bool
) -> None:
    from longanimation.training.recipes import parse_changes, read_recipe

    changes = {
        "output": None if output is None else str(output),
        "start_from": start_from,
        "data": tuple(map(str, data)) if data else None,
        "steps": steps,
        "trackers": tuple(tracker) if tracker else None,
        "limit_seconds": limit_seconds,
    }
    config = read_recipe(stage, recipe, **parse_changes(settings or []) | {k: v for k, v in changes.items() if v})
    main = int(os.environ.get("RANK", 0)) == 0
    if main and (estimate or not quiet):
        from longanimation.training.memory_estimate import estimate_memory

        print(estimate_memory(stage, config, processes=int(os.environ.get("WORLD_SIZE", 1))).describe(), flush=True)
    if estimate:
        return
    from longanimation.training.run_stage import run_stage

    _quiet_libraries()

    try:
        run_stage(stage, config, progress=None if quiet else lambda step, values: _print(step, config.steps, values))
    finally:
        _leave_processes()


def _quiet_libraries() -> None:
    """No bars for every saved file, no note that tied weights are saved once."""
    import logging

    from diffusers.utils.logging import disable_progress_bar as diffusers_bar
    from transformers.utils.logging import disable_progress_bar as transformers_bar

    diffusers_bar()
    transformers_bar()
    logging.getLogger("accelerate.utils.other").setLevel(logging.ERROR)


def _leave_processes() -> None:
    import torch

    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def _print(step: int, steps: int, metrics: dict) -> None:
    figures = ", ".join(f"{name} {value:.4g}" for name, value in metrics.items() if isinstance(value, float))
    print(f"step {step}/{steps}: {figures}", flush=True)
