"""`vascal demo`: write a simulated study as DICOM and score it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the study and its results.")] = Path("demo"),
) -> None:
    """Write a simulated study as DICOM, score it, and say where the report is."""
    typer.echo(f"{out}")
