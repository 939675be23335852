"""The `vascal` command: one file a subcommand, all of them thin."""

from __future__ import annotations

import signal
from typing import Annotated

import typer

import vascal
from vascal.cli.aorta import aorta
from vascal.cli.data import data
from vascal.cli.deidentify import deidentify, deidentify_check
from vascal.cli.demo import demo
from vascal.cli.evaluate import evaluate
from vascal.cli.export import export
from vascal.cli.follow_up import follow_up
from vascal.cli.fuse import fuse
from vascal.cli.models import models
from vascal.cli.risk import risk
from vascal.cli.rules import rules
from vascal.cli.score import score
from vascal.cli.simulate import simulate
from vascal.cli.simulate_xray import simulate_xray
from vascal.cli.train import train

app = typer.Typer(
    name="vascal",
    help="Measure vascular calcification on CT. For research; not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command()(score)
app.command()(aorta)
app.command()(risk)
app.command("follow-up")(follow_up)
app.command()(export)
app.command()(rules)
app.command()(models)
app.command()(deidentify)
app.command("deidentify-check")(deidentify_check)
app.command()(demo)
app.command()(evaluate)
simulate.command("xray")(simulate_xray)
app.add_typer(simulate, name="simulate")
app.add_typer(data, name="data")
app.add_typer(train, name="train")
app.add_typer(fuse, name="fuse")


def _print_version(value: bool | None) -> None:
    if value:
        typer.echo(f"vascal {vascal.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool | None,
        typer.Option("--version", help="Print the version and stop.", callback=_print_version, is_eager=True),
    ] = None,
) -> None:
    """Measure vascular calcification on CT. For research; not a medical device."""


def main() -> None:
    """Run the command line. A request to terminate ends it as an interrupt does: tables written, resumable."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    app()
