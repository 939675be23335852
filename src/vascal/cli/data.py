"""`vascal data`: scans and labels that researchers have, as one data set; and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vascal.cli.data_augment import augment
from vascal.cli.progress import show_progress
from vascal.errors import VascalError

if TYPE_CHECKING:
    from vascal.dataset_import import ImportOptions, ImportResult
    from vascal.io.datasets.raw_case import Found

data = typer.Typer(help="Make a data set of labelled scans, and check it.", no_args_is_help=True)
importer = typer.Typer(
    help="Import scans with their labels or scores. Scans stay where they are.", no_args_is_help=True
)
data.add_typer(importer, name="import")
data.command()(augment)

SHOWN = 10
"""Failures told on the screen; all are in failures.csv."""

Source = Annotated[Path, typer.Argument(help="Where the scans are.", exists=True, show_default=False)]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for dataset.json, labels and failures.csv.")]
Seed = Annotated[int, typer.Option(help="Another seed divides patients otherwise.", min=0)]
Shares = Annotated[str, typer.Option(help="Shares of training, validation and test.")]
Stratify = Annotated[bool, typer.Option("--stratify", help="Divide each category of calcium score in these shares.")]
Add = Annotated[bool, typer.Option("--add", help="Add to the data set in OUT; its patients stay where they are.")]
Key = Annotated[
    Path | None,
    typer.Option(help="Secret that patients' numbers are hashed with; OUT/pseudonym.key unless given.", exists=True),
]
Names = Annotated[
    str | None, typer.Option(help="What label values mean: 1=LM,2=LAD, or a JSON file. Needed for plain masks.")
]
Gated = Annotated[bool | None, typer.Option("--gated/--no-gated", help="Say that all scans are, or are not, gated.")]


@importer.command("coca")
def import_coca(
    source: Source,
    *,
    out: Out,
    absent_is_zero: Annotated[
        bool, typer.Option("--absent-is-zero", help="A gated scan without outlines has no calcium; else no labels.")
    ] = False,
    seed: Seed = 0,
    shares: Shares = "70,15,15",
    stratify: Stratify = False,
    add: Add = False,
) -> None:
    """Import Stanford COCA: gated scans with outlines, chest scans with scores.csv."""
    from vascal.io.datasets.coca import find_coca

    options = _options("coca", out, seed, shares, stratify, add, public=True)
    _run(lambda: find_coca(source, absent_is_zero=absent_is_zero), options)


@importer.command("orcascore")
def import_orcascore(
    source: Source,
    *,
    out: Out,
    seed: Seed = 0,
    shares: Shares = "70,15,15",
    stratify: Stratify = False,
    add: Add = False,
) -> None:
    """Import the training set of the orCaScore challenge: MetaImage scans and reference standard."""
    from vascal.io.datasets.paired import find_orcascore

    _run(lambda: find_orcascore(source), _options("orcascore", out, seed, shares, stratify, add, public=True))


@importer.command("masks")
def import_masks(
    source: Source,
    *,
    out: Out,
    images: Annotated[str, typer.Option(help="Where scans are, with {case} in it.")] = "images/{case}.nii.gz",
    labels: Annotated[str, typer.Option(help="Where label maps are, with {case} in it.")] = "labels/{case}.nii.gz",
    names: Names = None,
    gated: Gated = None,
    seed: Seed = 0,
    shares: Shares = "70,15,15",
    stratify: Stratify = False,
    add: Add = False,
    key: Key = None,
) -> None:
    """Import scans with label maps: a folder and two patterns, or a CSV with image and labels columns."""
    from vascal.io.datasets.paired import find_pairs, read_names
    from vascal.io.datasets.score_tables import find_listed

    def find() -> Found:
        meanings = None if names is None else read_names(names)
        if source.is_file():
            return find_listed(source, meanings, needs_labels=True)
        return find_pairs(source, images, labels, meanings, is_gated=gated)

    _run(find, _options("masks", out, seed, shares, stratify, add, key=key))


@importer.command("seg")
def import_seg(
    source: Source,
    *,
    out: Out,
    seed: Seed = 0,
    shares: Shares = "70,15,15",
    stratify: Stratify = False,
    add: Add = False,
    key: Key = None,
) -> None:
    """Import DICOM Segmentations with the CT series they refer to."""
    from vascal.io.datasets.dicom_seg import find_segmentations

    _run(lambda: find_segmentations(source), _options("seg", out, seed, shares, stratify, add, key=key))


@importer.command("slicer")
def import_slicer(
    source: Source,
    *,
    out: Out,
    seed: Seed = 0,
    shares: Shares = "70,15,15",
    stratify: Stratify = False,
    add: Add = False,
    key: Key = None,
) -> None:
    """Import 3D Slicer segmentations (.seg.nrrd) with the scan beside each."""
    from vascal.io.datasets.paired import find_slicer

    _run(lambda: find_slicer(source), _options("slicer", out, seed, shares, stratify, add, key=key))


@importer.command("scores")
def import_scores(
    source: Source,
    *,
    out: Out,
    names: Names = None,
    seed: Seed = 0,
    shares: Shares = "70,15,15",
    stratify: Stratify = False,
    add: Add = False,
    key: Key = None,
) -> None:
    """Import scans with scores alone: a CSV with image, agatston, agatston_lad ... columns."""
    from vascal.io.datasets.paired import read_names
    from vascal.io.datasets.score_tables import find_listed

    def find() -> Found:
        return find_listed(source, None if names is None else read_names(names))

    _run(find, _options("scores", out, seed, shares, stratify, add, key=key))


def _options(
    source: str,
    out: Path,
    seed: int,
    shares: str,
    stratify: bool,
    add: bool,
    *,
    public: bool = False,
    key: Path | None = None,
) -> ImportOptions:
    from vascal.dataset import SplitPlan
    from vascal.dataset_import import ImportOptions

    try:
        plan = SplitPlan(seed=seed, shares=_read_shares(shares), is_stratified=stratify)
    except VascalError as error:
        raise typer.BadParameter(str(error)) from error
    return ImportOptions(source=source, out=out, plan=plan, is_public=public, key_file=key, is_adding=add)


def _run(find: Callable[[], Found], options: ImportOptions) -> None:
    """Import what is found, say what came of it, and end with the exit status."""
    from vascal.dataset_import import import_cases

    try:
        cases = list(find())
        with show_progress("importing") as reporter:
            result = import_cases(cases, options, report=lambda: reporter.step(len(cases)))
    except VascalError as error:
        raise typer.BadParameter(str(error)) from error
    _tell(result, options.out)
    raise typer.Exit(1 if result.failures else 0)


def _read_shares(text: str) -> tuple[float, float, float]:
    """Read three shares that add up to 1 or to 100."""
    try:
        first, second, third = (float(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(f"shares {text!r}; needed: three numbers, such as 70,15,15") from None
    whole = 100.0 if first + second + third > 1.5 else 1.0
    return (first / whole, second / whole, third / whole)


def _tell(result: ImportResult, out: Path) -> None:
    from vascal.dataset import SPLITS
    from vascal.dataset_import import NO_PATIENT

    for failure in result.failures[:SHOWN]:
        typer.echo(f"{failure.name}: not imported: {failure.message}", err=True)
    if len(result.failures) > SHOWN:
        typer.echo(f"and {len(result.failures) - SHOWN} more", err=True)
    sides = ", ".join(f"{len(result.dataset.of_split(split))} {split}" for split in SPLITS)
    typer.echo(f"{result.imported} imported, {len(result.failures)} not; {out / 'dataset.json'} now holds {sides}")
    alone = sum(NO_PATIENT in case.notes for case in result.dataset.cases)
    if alone:
        typer.echo(f"{alone} cases do not say whose scan they are; each counts as a patient of its own")


@data.command("check")
def check(
    index: Annotated[Path, typer.Argument(help="dataset.json, or its folder.", exists=True, show_default=False)],
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Judge by the index alone; read no scan.")] = False,
) -> None:
    """Look for patients and scans on two sides of the split, and labels and scores that do not fit.

    Exit status: 0 without leaks and errors (there may be warnings), 1 with, 2 for an index that can not be read.
    """
    from vascal.dataset_check import check_dataset
    from vascal.io.dataset_index import find_index, read_dataset

    try:
        dataset = read_dataset(index)
        with show_progress("checking") as reporter:
            folder = find_index(index).parent
            faults = check_dataset(dataset, folder, reads_pixels=not quick, report=reporter.reach)
    except VascalError as error:
        raise typer.BadParameter(str(error)) from error
    for fault in faults:
        typer.echo(f"{fault.severity}: {', '.join(fault.cases)}: {fault.message}")
    counts = [sum(fault.severity == kind for fault in faults) for kind in ("leak", "error", "warning")]
    typer.echo(f"{len(dataset.cases)} cases: {counts[0]} leaks, {counts[1]} errors, {counts[2]} warnings")
    raise typer.Exit(1 if counts[0] or counts[1] else 0)
