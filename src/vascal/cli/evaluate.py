"""`vascal evaluate`: scores against a reference, with every table that a paper prints."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer

from vascal.cli.evaluate_masks import are_folders, run_masks
from vascal.errors import InputError, VascalError


def evaluate(
    predicted: Annotated[
        Path,
        typer.Argument(help="Measured scores: CSV or Parquet, one row a study; or a folder of NIfTI label maps."),
    ],
    reference: Annotated[
        Path,
        typer.Argument(
            help="Reference scores, readers, covariates and outcomes; or a folder of label maps of the same names."
        ),
    ],
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the report, tables, figures and numbers.csv.")],
    kind: Annotated[
        str | None, typer.Option(help="cac, aac or other: usual columns, categories and scales. cac unless given.")
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            help="Analysis plan (TOML): followed if the file is there; else written, and nothing is computed."
        ),
    ] = None,
    title: Annotated[str | None, typer.Option(help="Of the report.")] = None,
    study: Annotated[
        str | None, typer.Option(help="Column that names a study in both files; study unless given.")
    ] = None,
    predicted_column: Annotated[str | None, typer.Option(help="Column of the measured score.")] = None,
    reference_column: Annotated[str | None, typer.Option(help="Column of the reference score.")] = None,
    reader: Annotated[
        list[str] | None, typer.Option(help="Column of a reader's score in the reference file; again for more.")
    ] = None,
    set_by: Annotated[
        str | None, typer.Option("--set", help="Column whose values get tables of their own: internal, external.")
    ] = None,
    subgroup: Annotated[
        list[str] | None, typer.Option(help="Column to compare groups by; age:50,60,70 cuts a number.")
    ] = None,
    site: Annotated[str | None, typer.Option(help="Column of the site: site by site, and pooled.")] = None,
    categories: Annotated[
        str | None, typer.Option(help="Highest score of each category but the last: 0,10,100,400.")
    ] = None,
    tolerance: Annotated[
        float | None, typer.Option(help="Error that does not matter clinically: score units; mm for label maps.")
    ] = None,
    probability: Annotated[str | None, typer.Option(help="Column of a predicted probability; needs --target.")] = None,
    target: Annotated[
        str | None, typer.Option(help="Column of what it foretells, 0 or 1, in the reference file.")
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(help="Column of an older model's probability, to say what the new one improves.")
    ] = None,
    time: Annotated[str | None, typer.Option(help="Column of follow-up in years; needs --event.")] = None,
    event: Annotated[
        str | None, typer.Option(help="Column of how it ended: 0 censored, 1 event, 2 competing event.")
    ] = None,
    group: Annotated[str | None, typer.Option(help="Column to compare outcomes by; the category unless given.")] = None,
    covariate: Annotated[list[str] | None, typer.Option(help="Column of the clinical model; again for more.")] = None,
    incomplete: Annotated[
        str | None, typer.Option(help="refuse, or drop studies without partner or score and count them.")
    ] = None,
    resamples: Annotated[int | None, typer.Option(help="Bootstrap resamples; 1,000 unless given.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the bootstrap.")] = None,
    interval: Annotated[str | None, typer.Option(help="bca or percentile.")] = None,
    level: Annotated[float | None, typer.Option(help="Of confidence intervals; 0.95 unless given.")] = None,
    patients: Annotated[
        Path | None, typer.Option(help="Label maps: table with columns study and patient, if patients have several.")
    ] = None,
    lesions: Annotated[bool, typer.Option(help="Label maps: whether connected parts are lesions to be found.")] = True,
) -> None:
    """Evaluate scores against a reference: agreement, categories, readers, subgroups, outcomes.

    Two folders of label maps instead of two tables: overlap, surfaces and lesions.
    Writes report.html and report.pdf, every table as Markdown and LaTeX, every
    figure as SVG and PDF, every number to numbers.csv, and the methods paragraph.
    """
    choices = {
        "title": title, "study": study, "predicted": predicted_column, "reference": reference_column,
        "readers": _several(reader), "set_by": set_by, "subgroups": _several(subgroup), "site": site,
        "tolerance": tolerance, "probability": probability, "target": target,
        "baseline": baseline, "time": time, "event": event,
        "group": group, "covariates": _several(covariate), "incomplete": incomplete, "resamples": resamples,
        "seed": seed, "interval": interval, "level": level, **_categories(categories),
    }  # fmt: skip
    chosen = {name: value for name, value in choices.items() if value is not None}
    try:
        if are_folders(predicted, reference):
            files = {name: value for name, value in (("plan", plan), ("kind", kind)) if value is not None}
            run_masks(predicted, reference, out, {**files, **chosen}, patients=patients, lesions=lesions)
            return
        if patients or not lesions:
            raise InputError("--patients and --no-lesions are for folders of label maps; two tables were given")
        _run(predicted, reference, out, plan, kind, chosen)
    except VascalError as error:
        raise typer.BadParameter(str(error)) from error


def _run(
    predicted: Path, reference: Path, out: Path, plan_file: Path | None, kind: str | None, choices: dict[str, Any]
) -> None:
    from vascal.cli.progress import show_progress
    from vascal.evaluation import evaluate_files, make_plan, require_followed
    from vascal.io.analysis_plan import read_plan, write_plan
    from vascal.io.evaluation_folder import write_evaluation
    from vascal.render.evaluation_files import draw_evaluation, require_drawing

    require_drawing()

    if plan_file and not plan_file.exists():
        write_plan(make_plan(kind or "cac", choices), plan_file, is_before=True)
        typer.echo(
            f"The plan is written to {plan_file}; nothing was computed. Add success criteria there if you like, "
            "and run the same command to follow it."
        )
        return
    digest = ""
    if plan_file:
        plan, digest = read_plan(plan_file)
        require_followed(plan, kind, choices)
    else:
        plan = make_plan(kind or "cac", choices)
    with show_progress("resampling") as reporter:
        found = evaluate_files(predicted, reference, plan, plan_digest=digest, report=reporter.reach)
    write_evaluation(out, draw_evaluation(found))
    write_plan(plan, out / "plan.toml", is_before=False)
    left_out = dict(found.facts)["Left out"]
    if left_out != "none":
        typer.echo(f"Left out: {left_out}")
    for criterion in found.criteria:
        said = {True: "met", False: "NOT met", None: "not defined"}[criterion.is_met]
        typer.echo(f"{criterion.criterion}: {criterion.found}, {said}")
    for section in found.sections:
        if section.text:
            typer.echo(section.text)
    typer.echo(f"The report is {out / 'report.html'}")


def _several(values: list[str] | None) -> tuple[str, ...] | None:
    return tuple(values) if values else None


def _categories(edges: str | None) -> dict[str, Any]:
    """Read category edges, and name the categories by them."""
    if edges is None:
        return {}
    try:
        numbers = tuple(float(edge) for edge in edges.split(","))
    except ValueError as error:
        raise typer.BadParameter(f"--categories needs numbers, as in 0,10,100,400; found {edges!r}") from error
    shown = [f"{number:g}" for number in numbers]
    middle = [f">{low} to {high}" for low, high in pairwise(shown)]
    first = shown[0] if numbers[0] == 0 else f"up to {shown[0]}"
    return {"category_edges": numbers, "category_names": (first, *middle, f">{shown[-1]}")}
