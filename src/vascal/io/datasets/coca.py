"""Stanford COCA: gated scans with outlines, and chest scans with scores alone.

.. code-block:: text

    Gated_release_final/patient/<n>/<series>/*.dcm
    Gated_release_final/calcium_xml/<n>.xml         outlines; not of every patient
    deidentified_nongated/<n>/<series>/*.dcm
    deidentified_nongated/scores.xlsx               save as scores.csv

The table's first column is the patient's number with an ``A`` behind it, then
LCA, LAD, LCX, RCA and total. The two parts are numbered on their own, and nothing
says whether they share patients.
Learnt from public readers of the data set; see `vascal.io.datasets.coca_rois`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from vascal.dataset import WeakScores
from vascal.errors import InputError, TableError
from vascal.io.datasets.coca_rois import VALUES, draw_rois, read_rois
from vascal.io.datasets.raw_case import Found, RawCase, RawLabels, Unusable
from vascal.io.evaluation_table import Table, read_table
from vascal.study import Series
from vascal.volume import LabelMap, Volume

GATED, CHEST = "Gated_release_final", "deidentified_nongated"
SEARCH_DEPTH = 3
"""Archives are unpacked into folders of their own name; so deep they are looked for."""
COLUMNS: Mapping[str, str] = {"lca": "LM", "lm": "LM", "lad": "LAD", "lcx": "LCX", "rca": "RCA"}
SUM_TOLERANCE = 1.0
"""How far a total may be from the sum of its vessels before it is remarked, Agatston units."""


def find_coca(source: Path, *, absent_is_zero: bool = False) -> Found:
    """List the cases of either part, or of both.

    Parameters
    ----------
    source
        The release, or one of its two folders.
    absent_is_zero
        Take a gated scan without a file of outlines for one without calcium.
        Otherwise it has no labels.

    Raises
    ------
    InputError
        If neither part is there, or scores are there as a workbook only.
    """
    gated, chest = find_folder(source, "calcium_xml"), find_folder(source, CHEST)
    if gated is None and chest is None:
        raise InputError(f"{source.name} holds neither {GATED} (patient, calcium_xml) nor {CHEST}")
    scores = None if chest is None else _read_scores(chest)
    return _list_parts(gated, chest, scores, absent_is_zero=absent_is_zero)


def find_folder(source: Path, name: str) -> Path | None:
    """Find the folder of a name at, or not far below, a place; of two nested ones the inner."""
    found = [source] if source.name == name else []
    for depth in range(SEARCH_DEPTH + 1):
        found += sorted(path for path in source.glob("/".join(["*"] * depth + [name])) if path.is_dir())
    return found[-1] if found else None


def _list_parts(gated: Path | None, chest: Path | None, scores: Table | None, *, absent_is_zero: bool) -> Found:
    if gated is not None:
        yield from _list_gated(gated, absent_is_zero=absent_is_zero)
    if chest is not None:
        yield from _list_chest(chest, scores)


def _list_gated(outlines: Path, *, absent_is_zero: bool) -> Found:
    patients = outlines.parent / "patient"
    if not patients.is_dir():
        raise InputError(f"{outlines.parent.name} holds calcium_xml, but no folder patient")
    folders = {folder.name: folder for folder in _folders(patients)}
    for number, folder in folders.items():
        path = outlines / f"{number}.xml"
        is_drawn = path.is_file()
        yield RawCase(
            name=f"gated-{number}",
            image=folder,
            read_labels=partial(_read_outlines, path) if is_drawn else _read_nothing if absent_is_zero else None,
            patient=f"gated/{number}",
            is_gated=True,
            notes=() if is_drawn else ("the source has no outlines of this scan",),
        )
    for path in sorted(outlines.glob("*.xml")):
        if path.stem not in folders and not path.name.startswith("."):
            yield Unusable(name=path.name, code=InputError.code, message="outlines of a scan that is not there")


def _folders(place: Path) -> list[Path]:
    folders = [folder for folder in place.iterdir() if folder.is_dir() and not folder.name.startswith(".")]
    return sorted(folders, key=lambda folder: (len(folder.name), folder.name))


def _read_outlines(path: Path, series: Series, volume: Volume) -> RawLabels:  # noqa: ARG001
    label_map, notes = draw_rois(read_rois(path), volume)
    return RawLabels(label_map=label_map, notes=notes)


def _read_nothing(series: Series, volume: Volume) -> RawLabels:  # noqa: ARG001
    empty = np.zeros(volume.grid.shape, dtype=np.uint8)
    names = {value: vessel for vessel, value in VALUES.items()}
    return RawLabels(label_map=LabelMap(labels=empty, grid=volume.grid, names=names))


def _read_scores(chest: Path) -> Table | None:
    path = chest / "scores.csv"
    if path.is_file():
        return read_table(path)
    if (chest / "scores.xlsx").is_file():
        raise InputError("scores.xlsx is an Excel workbook; open it and save its sheet as scores.csv (CSV UTF-8)")
    return None


def _list_chest(chest: Path, table: Table | None) -> Found:
    rows = {} if table is None else dict(_rows(table))
    folders = {folder.name: folder for folder in _folders(chest)}
    for number, folder in folders.items():
        row = rows.get(number)
        if isinstance(row, str):
            yield Unusable(name=f"nongated-{number}", code=TableError.code, message=row)
            continue
        yield RawCase(
            name=f"nongated-{number}",
            image=folder,
            scores=row,
            patient=f"nongated/{number}",
            is_gated=False,
            notes=_remarks(row),
        )
    for number in sorted(rows.keys() - folders.keys()):
        yield Unusable(name=f"nongated-{number}", code=InputError.code, message="scores of a scan that is not there")


def _remarks(scores: WeakScores | None) -> tuple[str, ...]:
    if scores is None:
        return ("the source has no scores of this scan",)
    together = sum(scores.vessels.values())
    if abs(together - scores.agatston) > SUM_TOLERANCE:
        return (f"the vessels' scores add up to {together:g}, the total is {scores.agatston:g}",)
    return ()


def _rows(table: Table) -> Iterator[tuple[str, WeakScores | str]]:
    """Give the scores of each row, or what is wrong with them."""
    columns = {name.strip().lower(): cells for name, cells in table.columns.items()}
    first = next(iter(table.columns.values()))
    if "total" not in columns or not set(columns) & set(COLUMNS):
        raise TableError(f"{table.name} has the columns {', '.join(table.columns)}; needed: LCA, LAD, LCX, RCA, total")
    for place, (number, line) in enumerate(zip(first, table.lines, strict=True)):
        try:
            vessels = {COLUMNS[name]: float(cells[place]) for name, cells in columns.items() if name in COLUMNS}
            scores: WeakScores | str = WeakScores(total=float(columns["total"][place]), vessels=vessels)
        except ValueError:
            scores = f"{table.name}, line {line}: scores are no numbers from 0 up"
        yield number.strip().removesuffix("A"), scores
