"""`longanimation demo`: draws a shot, colours it, shows and scores the result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option


def demo(
    output: Annotated[Path, Option("--output", "-o", help="Folder for the result.")] = Path("demo"),
    frames: Annotated[int, Option(min=1, help="Length of the drawn shot.")] = 500,
) -> None:
    """Draw a two-character shot, colour it from two references, and show lines, result and truth side by side."""
    from longanimation.evaluation.demo import run_demo

    run_demo(output, frames=frames)
