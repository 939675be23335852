"""A table that names lateral films with their AAC-24 totals or the grades of the eight walls.

Names of columns may be plain, or those of NHANES 2013-2014 (data file DXXAAC_H, whose
images its user has to name in a column of his own):
https://wwwn.cdc.gov/Nchs/Data/Nhanes/Public/2013/DataFiles/DXXAAC_H.htm
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
from jaxtyping import UInt8

from vascal.dataset import SPLITS, Split
from vascal.errors import GridMismatchError, InputError, LabelError, TableError
from vascal.io.evaluation_table import Table, read_table
from vascal.wall_levels import WALL_LEVELS

if TYPE_CHECKING:
    from vascal.radiograph import Radiograph

PLAIN_WALLS = tuple(f"{level}_{wall}".lower() for level, wall in WALL_LEVELS)
NHANES_WALLS = tuple(f"dxxa{level}{'an' if wall == 'anterior' else ''}".lower() for level, wall in WALL_LEVELS)
"""DXXAL1AN is the anterior wall of L1 and DXXAL1 its posterior one."""
NAMES: Mapping[str, tuple[str, ...]] = {
    "image": ("image", "film"),
    "patient": ("patient", "patient_id", "seqn"),
    "total": ("aac24", "total", "dxxaac24"),
    "vertebrae": ("vertebrae",),
    "walls": ("walls",),
    "spacing_mm": ("spacing_mm",),
    "facing": ("facing",),
    "split": ("split",),
    "status": ("dxdaacst",),
    **{plain: (plain, nhanes) for plain, nhanes in zip(PLAIN_WALLS, NHANES_WALLS, strict=True)},
}
"""By what is meant: names a column may have, in small letters."""
HIGHEST_TOTAL = 24
NOT_SCANNED = (3, 4, 5)
"""Values of DXDAACST: pregnancy, weight, another reason."""
NO_SCORE = "without a total and without all eight walls"
SHOWN = 8
_SAS_ZERO = 1e-6
"""Readers of SAS transport files give a zero as 5e-79."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmRow:
    """One film of a table.

    Parameters
    ----------
    line
        In the file; the header is line 1.
    image
        DICOM, PNG, JPEG or TIFF.
    patient
        Whatever tells patients apart; never shown.
    total
        AAC-24, 0 to 24; the sum of the walls where it is not given.
    grades
        Of the eight walls in the order of `WALL_LEVELS`; None where not given.
    vertebrae, walls
        Label maps on the film's pixels: 1 to 7 for T12 to S1; 1 anterior and 2 posterior wall,
        3 and 4 where they are calcified.
    spacing_mm
        Of pixels, where the image does not say.
    facing
        To which side of the film the patient looks.
    split
        Side that the table asks for.
    """

    line: int
    image: Path
    patient: str
    total: float | None
    grades: tuple[int | None, ...]
    vertebrae: Path | None = None
    walls: Path | None = None
    spacing_mm: float | None = None
    facing: Literal["left", "right"] | None = None
    split: Split | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmTable:
    """The films of a table that can be used.

    Parameters
    ----------
    name
        Of the file.
    rows
        In order.
    skipped
        By reason: how many rows name no film with a score, and are no mistake.
    """

    name: str
    rows: tuple[FilmRow, ...]
    skipped: Mapping[str, int] = field(default_factory=dict)


def read_film_table(path: Path, *, needs_score: bool = True) -> FilmTable:
    """Read which films there are and what they score.

    Parameters
    ----------
    path
        CSV with one row a film: ``image``, relative to the table; ``aac24`` or ``total``, or ``l1_anterior``,
        ``l1_posterior`` ... ``l4_posterior``, or both; and, where known, ``patient``, ``vertebrae``, ``walls``,
        ``spacing_mm``, ``facing`` (left, right) and ``split`` (train, validation, test). NHANES's names are
        known too: SEQN, DXDAACST, DXXAAC24, DXXAL1AN (anterior), DXXAL1 (posterior) ...
    needs_score
        Skip films without a score; without this they are wanted for their maps.

    Raises
    ------
    TableError
        If the table can not be read, lacks a column, or rows are wrong; each is named by its line.
    """
    table = read_table(path)
    columns = _find_columns(table)
    if "image" not in columns or (needs_score and not {"total", *PLAIN_WALLS} & columns.keys()):
        raise TableError(
            f"{path.name} has the columns {', '.join(table.columns)}; needed: image, and aac24 or {PLAIN_WALLS[0]}, "
            f"{PLAIN_WALLS[1]} ..."
        )
    rows: list[FilmRow] = []
    mistakes: list[str] = []
    skipped: Counter[str] = Counter()
    for place, line in enumerate(table.lines):
        cells = {meant: table.columns[name][place].strip() for meant, name in columns.items()}
        try:
            row = _read_row(path.parent, line, cells)
        except InputError as error:
            mistakes.append(f"line {line}: {error}")
            continue
        reason = _find_reason(row, cells, needs_score=needs_score)
        if reason:
            skipped[reason] += 1
        else:
            rows.append(row)
    if mistakes:
        more = f" and {len(mistakes) - SHOWN} more" if len(mistakes) > SHOWN else ""
        raise TableError(f"{path.name}, {'; '.join(mistakes[:SHOWN])}{more}")
    return FilmTable(name=path.name, rows=tuple(rows), skipped=dict(skipped))


def _find_columns(table: Table) -> dict[str, str]:
    """Name of each column that is known, by what is meant.

    Raises
    ------
    TableError
        If two columns mean the same.
    """
    given = {name.strip().lower(): name for name in table.columns}
    found = {meant: [given[name] for name in names if name in given] for meant, names in NAMES.items()}
    twice = next((names for names in found.values() if len(names) > 1), None)
    if twice:
        raise TableError(f"{table.name} has {' and '.join(twice)}, which mean the same; leave one out")
    return {meant: names[0] for meant, names in found.items() if names}


def _read_row(folder: Path, line: int, cells: Mapping[str, str]) -> FilmRow:
    if not cells["image"]:
        raise InputError("no image is named")
    grades = tuple(_read_grade(name, cells.get(name, "")) for name in PLAIN_WALLS)
    total = _read_number("the total", cells.get("total", ""), HIGHEST_TOTAL)
    known = [grade for grade in grades if grade is not None]
    whole = sum(known) if len(known) == len(grades) else None
    if total is not None and whole is not None and whole != total:
        raise InputError(f"the total is {total:g}, but the eight walls add up to {whole}")
    if total is not None and whole is None and known and sum(known) > total:
        raise InputError(f"the total is {total:g}, but the walls that are given add up to {sum(known)}")
    spacing = _read_number("spacing_mm", cells.get("spacing_mm", ""), 10)
    if spacing == 0:
        raise InputError("spacing_mm is 0; needed: more than 0")
    return FilmRow(
        line=line,
        image=folder / cells["image"],
        patient=cells.get("patient") or cells["image"],
        total=total if whole is None else float(whole),
        grades=grades,
        vertebrae=folder / cells["vertebrae"] if cells.get("vertebrae") else None,
        walls=folder / cells["walls"] if cells.get("walls") else None,
        spacing_mm=spacing,
        facing=cast("Literal['left', 'right'] | None", _read_word("facing", cells, ("left", "right"))),
        split=cast("Split | None", _read_word("split", cells, SPLITS)),
    )


def _find_reason(row: FilmRow, cells: Mapping[str, str], *, needs_score: bool) -> str:
    """Why a row that is no mistake is of no use; empty if it is of use."""
    status = _read_number("DXDAACST", cells.get("status", ""), max(NOT_SCANNED))
    if status in NOT_SCANNED:
        return "not scanned"
    return NO_SCORE if needs_score and row.total is None else ""


def _read_number(what: str, cell: str, most: float) -> float | None:
    if cell in {"", "."}:
        return None
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not 0 <= value <= most:
        raise InputError(f"{what} is {cell!r}; needed: a number from 0 to {most:g}")
    return 0.0 if value < _SAS_ZERO else value


def _read_grade(name: str, cell: str) -> int | None:
    value = _read_number(name, cell, 3)
    if value is not None and not value.is_integer():
        raise InputError(f"{name} is {cell!r}; needed: 0, 1, 2 or 3")
    return None if value is None else int(value)


def _read_word(name: str, cells: Mapping[str, str], known: tuple[str, ...]) -> str | None:
    word = cells.get(name, "").lower()
    if word and word not in known:
        raise InputError(f"{name} is {word!r}; needed: {', '.join(known)} or nothing")
    return word or None


def read_film_image(row: FilmRow) -> Radiograph:
    """Read the film of a row.

    Raises
    ------
    InputError
        If not exactly one film is at its place.
    VascalError
        Whatever makes it impossible to read.
    """
    from vascal.io.film_reading import read_films

    found = read_films(row.image, stated_spacing_mm=row.spacing_mm).films
    if len(found) != 1:
        raise InputError(f"{len(found)} films are where the image of line {row.line} should be; needed: one")
    return found[0].load()


def read_film_labels(path: Path, shape: tuple[int, int], most: int) -> UInt8[np.ndarray, "row column"]:
    """Read a label map that was drawn on a film.

    Parameters
    ----------
    path
        PNG or TIFF whose grey values, or places in its palette, are the labels.
    shape
        Rows and columns of the film.
    most
        Highest label.

    Raises
    ------
    InputError
        If it can not be read.
    GridMismatchError
        If it has another size than the film.
    LabelError
        If it has colours, or other values.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            mode, labels = image.mode, np.asarray(image)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"a label map can not be read as PNG or TIFF ({type(error).__name__})") from error
    if labels.ndim != 2:
        raise LabelError(f"a label map is stored as {mode}; needed: one grey value a pixel")
    if labels.shape != shape:
        raise GridMismatchError(f"a label map has {labels.shape} pixels and its film {shape}; needed: the same")
    if int(labels.max()) > most or int(labels.min()) < 0:
        raise LabelError(f"a label map has values from {labels.min()} to {labels.max()}; needed: 0 to {most}")
    return labels.astype(np.uint8)
