"""`longanimation train STAGE`: training, one command a stage, each going on from its last checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer import Option

train = typer.Typer(help="Train a part of the model; run the same command again to go on.", no_args_is_help=True)


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
    limit_seconds: Annotated[float | None, Option(help="Save and stop after this long.")] = None,
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


def _print(step: int, steps: int, metrics: dict) -> None:
    figures = ", ".join(f"{name} {value:.4g}" for name, value in metrics.items() if isinstance(value, float))
    print(f"step {step}/{steps}: {figures}", flush=True)
