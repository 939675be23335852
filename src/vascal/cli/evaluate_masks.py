"""`vascal evaluate` of two folders of label maps."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from vascal.errors import InputError

SHARED = ("title", "tolerance", "incomplete", "resamples", "seed", "interval", "level")
"""Choices that label maps have in common with scores."""
_OPTIONS = {
    "predicted": "--predicted-column", "reference": "--reference-column", "readers": "--reader", "set_by": "--set",
    "subgroups": "--subgroup", "covariates": "--covariate", "category_edges": "--categories",
    "category_names": "--categories",
}  # fmt: skip
"""Options whose choice has another name."""


def are_folders(predicted: Path, reference: Path) -> bool:
    """Say whether both are folders.

    Raises
    ------
    InputError
        If only one is.
    """
    if predicted.is_dir() == reference.is_dir():
        return predicted.is_dir()
    folder, other = (predicted, reference) if predicted.is_dir() else (reference, predicted)
    what = "a file" if other.exists() else "not there"
    raise InputError(
        f"{folder} is a folder and {other} is {what}; needed: two folders of label maps, or two tables of scores"
    )


def require_mask_choices(choices: Mapping[str, Any]) -> None:
    """Refuse options that label maps have no use for.

    Raises
    ------
    InputError
        Names them.
    """
    useless = dict.fromkeys(_OPTIONS.get(name, f"--{name}") for name in choices if name not in SHARED)
    if useless:
        raise InputError(f"options for tables of scores, of no use for folders of label maps: {', '.join(useless)}")


def run_masks(
    predicted: Path, reference: Path, out: Path, choices: Mapping[str, Any], *, patients: Path | None, lesions: bool
) -> None:
    """Evaluate label maps and write the report, with every study in a table of its own."""
    from vascal.cli.progress import show_progress
    from vascal.io.atomic import write_file
    from vascal.mask_evaluation import evaluate_folders, make_mask_plan, write_studies
    from vascal.render.evaluation_files import draw_evaluation, require_drawing

    require_drawing()
    require_mask_choices(choices)
    asked = {{"tolerance": "tolerance_mm"}.get(name, name): value for name, value in choices.items()}
    plan = make_mask_plan({**asked, "with_lesions": lesions})
    with show_progress("comparing") as reporter:
        found = evaluate_folders(predicted, reference, plan, patients=patients, report=reporter.reach)
    for name, content in draw_evaluation(found.evaluation):
        write_file(out / name, content)
    write_file(out / "per_study.csv", write_studies(found).encode())
    for section in found.evaluation.sections:
        typer.echo(section.text)
    typer.echo(f"The report is {out / 'report.html'}; every study is in {out / 'per_study.csv'}")
