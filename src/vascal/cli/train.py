"""`vascal train`: train the networks of the learned finder, or fine-tune them on own scans."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vascal.cli.progress import show_progress
from vascal.errors import VascalError

train = typer.Typer(help="Train or fine-tune the networks that find calcium, on CT and on films.", no_args_is_help=True)


@train.callback()
def _group() -> None:
    """Train or fine-tune the networks that find calcium, on CT and on films."""


@train.command("cac")
def train_cac_command(
    config: Annotated[
        Path, typer.Option(help="TOML file: task, data, network, schedule.", exists=True, dir_okay=False)
    ],
) -> None:
    """Train a network for coronary calcium, or go on with a training that was stopped.

    Writes weights, log.csv, the model in ONNX with its manifest, and model-card.md into the folder that the file names
    as out; `vascal score --model` takes that folder. Paths in the file are relative to the current folder.
    """
    _run("train_cac", config)


@train.command("aac")
def train_aac_command(
    config: Annotated[
        Path,
        typer.Option(help="TOML file: task, data, schedule; see recipes/shao-2025.toml.", exists=True, dir_okay=False),
    ],
    fold: Annotated[
        int | None, typer.Option(help="Which fold to hold back, where the file has data.fold.", min=0)
    ] = None,
) -> None:
    """Train a network for lateral films of the lumbar spine, or go on with a training that was stopped.

    Tasks: film-totals (one AAC-24 total for a film) and film-vertebrae (where the vertebral bodies are). Films come
    from a CSV table that names images and their totals or the grades of the eight walls, or from the simulator.
    """
    _run("train_aac", config, **({} if fold is None else {"fold": fold}))


def _run(name: str, config: Path, **options: int) -> None:
    try:
        from vascal.train import run
        from vascal.train.config import read_config

        chosen = read_config(config)
        with show_progress("training") as progress:
            trained = getattr(run, name)(chosen, progress, **options)
    except VascalError as error:
        raise typer.BadParameter(str(error)) from error
    except KeyboardInterrupt:
        typer.echo("interrupted; the same command goes on from the last validation", err=True)
        raise typer.Exit(130) from None
    best = trained.outcome.best
    typer.echo(
        f"{trained.entry.label}: best loss {best['loss']:.4g} at step {best.get('step', 0):g}, "
        f"{trained.outcome.seconds / 60:.1f} minutes on {trained.outcome.device}"
    )
    typer.echo(f"the model is in {trained.folder}, its card is {trained.card}")
