"""`vascal fuse`: models that combine calcium with clinical variables, fitted to a cohort and applied."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vascal.cli.progress import show_progress
from vascal.errors import VascalError

fuse = typer.Typer(
    help="Fit models that combine calcium with clinical variables, and apply them.", no_args_is_help=True
)

Cohort = Annotated[
    Path,
    typer.Argument(help="CSV or Parquet, one row a patient or visit.", exists=True, dir_okay=False, show_default=False),
]


@fuse.command("fit")
def fit(
    cohort: Cohort,
    *,
    config: Annotated[
        Path,
        typer.Option(
            help="Recipe (TOML): features, outcomes, kind of model; see recipes/fusion-example.toml.",
            exists=True,
            dir_okay=False,
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for model, card, numbers and figures.")],
) -> None:
    """Fit and validate a model for each outcome of a recipe.

    Nested cross-validation says how well it foretells patients it has not seen, with imaging and without. Writes
    model.json, card.md, metrics.json, importances.csv, ratios.csv and figures.
    """
    from vascal.fusion_study import fit_fusion
    from vascal.io.fusion_recipe import read_recipe

    try:
        with show_progress("fitting") as reporter:
            study = fit_fusion(cohort, read_recipe(config), out, report=reporter.reach)
    except VascalError as error:
        raise typer.BadParameter(str(error)) from error
    for one in study.outcomes:
        found = one.held_out.measures["concordance"]
        gain = "" if one.gain is None else f"; imaging changes it by {one.gain.value:+.3f}"
        typer.echo(
            f"{one.model.outcome.name}: {one.events} events in {one.rows} rows, held-out concordance {found.value:.3f}"
            f" ({found.low:.3f} to {found.high:.3f}){gain}"
        )
        for caution in one.cautions:
            typer.echo(f"  {caution}")
    typer.echo(f"The card is {out / 'card.md'}")


@fuse.command("apply")
def apply(
    model: Annotated[
        Path, typer.Argument(help="Folder that `vascal fuse fit` wrote.", exists=True, show_default=False)
    ],
    cohort: Cohort,
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="CSV of risks and caveats, a row a row.")],
    explain: Annotated[Path | None, typer.Option(help="CSV of what each feature adds to each row's score.")] = None,
) -> None:
    """Foretell the outcomes of patients with a fitted model.

    Columns that are missing, or seem to be in another unit, are refused; values that the training rows did not have
    become a caveat of their row.
    """
    from vascal.fusion_study import apply_fusion

    try:
        applied = apply_fusion(model, cohort, out, explain=explain)
    except VascalError as error:
        raise typer.BadParameter(str(error)) from error
    if applied.is_simulated:
        typer.echo("The model was fitted to SIMULATED patients: these risks are of nobody.", err=True)
    typer.echo(f"{applied.rows} rows, {applied.with_caveats} with caveats; see {out}")


@fuse.command("simulate")
def simulate(
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="CSV of the cohort; its true hazards go beside it.")],
    patients: Annotated[int, typer.Option(help="How many.", min=10, max=1_000_000)] = 4000,
    seed: Annotated[int, typer.Option(help="The same seed draws the same patients.", min=0)] = 0,
) -> None:
    """Write a simulated cohort with known hazards: for learning and tests, never for a patient."""
    from vascal.fusion.simulated_cohort import simulate_cohort
    from vascal.io.fusion_table import write_simulated_cohort

    try:
        truth = write_simulated_cohort(simulate_cohort(patients, seed), out)
    except VascalError as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(f"{patients} simulated patients in {out}, their true hazards in {truth}")
