"""`vascal data augment`: simulated plaques in a data set's calcium-free scans."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from vascal.cli.progress import show_progress
from vascal.errors import VascalError

SHOWN = 10


class Side(StrEnum):
    """A side of the split, as typer wants its choices."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


def augment(
    index: Annotated[Path, typer.Argument(help="dataset.json, or its folder.", exists=True, show_default=False)],
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="New folder for images, label maps and the new index.")],
    courses: Annotated[
        Path | None,
        typer.Option(
            help="Where coronary arteries run: a folder with CASE_ID.json for each case, or one such file. "
            "Networks find them unless given.",
            exists=True,
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="Networks of your own, from vascal train, to find the arteries.", exists=True),
    ] = None,
    copies: Annotated[int, typer.Option("--copies", "-n", help="Sets of plaques drawn for each scan.", min=1)] = 1,
    seed: Annotated[int, typer.Option(help="Another seed draws other plaques.", min=0)] = 0,
    split: Annotated[
        list[Side] | None,
        typer.Option(help="Only scans of this side; again for another. All unless given."),
    ] = None,
    agatston: Annotated[
        float | None, typer.Option(help="Score to aim at; drawn as in a population unless given.", min=1)
    ] = None,
    mtf50: Annotated[
        float | None,
        typer.Option(
            help="Frequency of half contrast of the scans' kernel, per mm; by its name or noise unless given."
        ),
    ] = None,
    calcium_hu: Annotated[
        float | None,
        typer.Option(help="HU of 1 mg/cm3 hydroxyapatite at 120 kVp in 20 cm of water; by maker unless given."),
    ] = None,
) -> None:
    """Put simulated plaques of known mass into the scans of a data set that have no coronary calcium.

    A copy stays on its patient's side of the split. Labels are LM, LAD, LCX and RCA; plaques.csv has every plaque.
    Where the arteries were taken to run is in courses/: look, mend, and give the folder to --courses.
    """
    if courses is not None and model is not None:
        raise typer.BadParameter("arteries are either found (--model) or given (--courses); needed: one of the two")
    try:
        from vascal.dataset import SPLITS
        from vascal.dataset_augmentation import AugmentOptions, CourseFolder, CourseNetwork, augment_dataset
        from vascal.simulate.ct.noise_texture import gaussian_kernel

        finder = CourseNetwork(folder=model) if courses is None else CourseFolder(path=courses)
        options = AugmentOptions(
            out=out,
            copies=copies,
            seed=seed,
            splits=tuple(one.value for one in split) if split else SPLITS,
            agatston=agatston,
            kernel=None if mtf50 is None else gaussian_kernel("as stated", mtf50),
            calcium_hu=calcium_hu,
        )
        with show_progress("inserting plaques") as reporter:
            result = augment_dataset(index, finder, options, report=reporter.reach)
    except VascalError as error:
        raise typer.BadParameter(str(error)) from error
    for skipped in result.skipped[:SHOWN]:
        typer.echo(f"{skipped.case_id}: not augmented: {skipped.reason}", err=True)
    if len(result.skipped) > SHOWN:
        typer.echo(f"and {len(result.skipped) - SHOWN} more", err=True)
    typer.echo(f"{result.added} scans with plaques added; {out / 'dataset.json'} holds {len(result.dataset.cases)}")
