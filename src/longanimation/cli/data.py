"""`longanimation data ...`: training and test material."""

from __future__ import annotations

import typer

data = typer.Typer(help="Make training and test material.", no_args_is_help=True)


@data.callback()
def _verbs() -> None:
    pass


@data.command()
def synth() -> None:
    """Draw cel animation with perfect ground truth."""
