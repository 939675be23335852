"""`vascal models`: the networks that come along, their hashes and their cards."""

from __future__ import annotations

from typing import Annotated

import typer

from vascal.errors import ModelError
from vascal.models.cards import card_path, read_card
from vascal.models.runtime import read_manifest, read_weights


def models(
    name: Annotated[str | None, typer.Argument(help="Print the card of this model; list all unless given.")] = None,
) -> None:
    """List the networks with version, SHA-256 and model card, or print one card.

    Each file is read and its hash checked: what is listed is what would run.
    """
    try:
        if name is None:
            _list_all()
            return
        entry, _ = read_weights(name)
        typer.echo(read_card(entry.name), nl=False)
    except ModelError as error:
        raise typer.BadParameter(str(error)) from error


def _list_all() -> None:
    for name in sorted(read_manifest()):
        entry, weights = read_weights(name)
        typer.echo(f"{name}, version {entry.version}, {len(weights) / 1e6:.1f} MB")
        typer.echo(f"  SHA-256 {entry.sha256}")
        typer.echo(f"  card    {card_path(name)}")
