"""`vascal demo`: write a simulated study as DICOM and score it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vascal.batch import BatchOptions
from vascal.cli.score import run_batch
from vascal.errors import VascalError
from vascal.io.ct_writer import CtDescription, write_ct_series
from vascal.pipeline import ScoreOptions
from vascal.simulate.ct.phantom import VESSELS, ThoraxPlan, simulate_thorax


def demo(
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the study and its results.")] = Path("demo"),
    seed: Annotated[int, typer.Option(help="Another seed is another simulated patient.", min=0)] = 0,
) -> None:
    """Write a simulated study as DICOM, score it, and say where the report is."""
    thorax = simulate_thorax(ThoraxPlan(seed=seed))
    mass_mg = sum(placed.plaque.mass_mg for placed in thorax.plaques if placed.plaque.vessel in VESSELS.values())
    try:
        files = write_ct_series(thorax.volume, out / "study", description=CtDescription(seed=seed))
    except VascalError as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(f"{len(files)} simulated slices with {mass_mg:g} mg of coronary calcium are in {out / 'study'}")
    options = BatchOptions(out=out / "results", score=ScoreOptions(), existing="overwrite")
    status = run_batch([out / "study"], options)
    for report in sorted((out / "results").glob("*/*/report.html")):
        typer.echo(f"Open {report}")
    raise typer.Exit(status)
