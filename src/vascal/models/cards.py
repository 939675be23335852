"""Model cards: what each network was trained on, how well it does, and where it must not be used."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from vascal.errors import ModelError
from vascal.models.runtime import WEIGHTS


def card_path(name: str) -> Path:
    """Give the place of an embedded model's card in the installed package.

    Raises
    ------
    ModelError
        If there is none.
    """
    path = Path(str(resources.files(WEIGHTS) / f"{name}.md"))
    if not path.is_file():
        raise ModelError(f"the model {name} has no card; reinstall vascal")
    return path


def read_card(name: str) -> str:
    """Read an embedded model's card, Markdown.

    Raises
    ------
    ModelError
        If there is none.
    """
    return card_path(name).read_text(encoding="utf-8")
