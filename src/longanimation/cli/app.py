"""All commands together. Each command imports what it needs when it runs, so that --help is quick."""

from __future__ import annotations

import typer

from longanimation import __version__
from longanimation.cli.colorize import colorize
from longanimation.cli.data import data
from longanimation.cli.demo import demo
from longanimation.cli.evaluate import benchmark, evaluate
from longanimation.cli.info import info
from longanimation.cli.train import train
from longanimation.cli.weights import app as weights

app = typer.Typer(
    help="Colour long sequences of line drawings from one or a few coloured references.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"longanimation {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Show the version."),
) -> None:
    pass


app.command()(colorize)
app.command()(demo)
app.command()(info)
app.command()(evaluate)
app.command()(benchmark)
app.add_typer(data, name="data")
app.add_typer(train, name="train")
app.add_typer(weights, name="weights")
