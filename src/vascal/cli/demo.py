"""`vascal demo`: write a simulated study as DICOM and score it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from vascal.batch import BatchOptions
from vascal.cli.score import run_batch
from vascal.errors import VascalError
from vascal.io.ct_writer import CtDescription, write_ct_series
from vascal.score_options import ScoreOptions


def demo(
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the study and its results.")] = Path("demo"),
    seed: Annotated[int, typer.Option(help="Another seed is another simulated patient.", min=0)] = 0,
) -> None:
    """Write a simulated study as DICOM, score it, and say where the report is."""
    try:
        from vascal.simulate.ct.example import EXAMPLE_PATIENT, EXAMPLE_PLAQUES
        from vascal.simulate.ct.scan import scan_patient

        scan = scan_patient(replace(EXAMPLE_PATIENT, seed=seed), plaques=EXAMPLE_PLAQUES)
        files = write_ct_series(scan.volume, out / "study", description=CtDescription(seed=seed))
    except VascalError as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(f"{len(files)} simulated slices with {scan.mass_mg():.3g} mg of coronary calcium are in {out / 'study'}")
    options = BatchOptions(out=out / "results", score=ScoreOptions(), existing="overwrite")
    status = run_batch([out / "study"], options)
    for report in sorted((out / "results").glob("*/*/report.html")):
        typer.echo(f"Open {report}")
    raise typer.Exit(status)
