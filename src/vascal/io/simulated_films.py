"""A table of simulated films: one row a film, with the names of columns that reading films for training knows."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vascal.io.atomic import write_file
from vascal.io.film_writer import WritableFilm, name_of
from vascal.wall_levels import WALL_LEVELS

WALL_COLUMNS = tuple(f"{level}_{wall}".lower() for level, wall in WALL_LEVELS)
VISIBLE_COLUMNS = tuple(f"visible_{name}" for name in WALL_COLUMNS)
FACT_COLUMNS = ("style", "is_shifted", "seed")
MASK_COLUMNS = ("vertebrae", "walls")
COLUMNS = (
    "image", "patient", "aac24", *WALL_COLUMNS, "visible_aac24", *VISIBLE_COLUMNS, "facing", "modality", "kvp",
    *FACT_COLUMNS, *MASK_COLUMNS,
)  # fmt: skip


def film_row(film: WritableFilm, written: Sequence[Path]) -> dict[str, Any]:
    """Sum up one film that was written.

    Parameters
    ----------
    film
        Simulated.
    written
        What `write_film` gave: the image first.
    """
    truth = film.truth_dict()
    image = written[0]
    masks = {name: path.name for name in MASK_COLUMNS for path in written if path.name == f"{image.stem}.{name}.png"}
    return {
        "image": image.name,
        "patient": name_of(film),
        "aac24": truth["aac24"],
        "visible_aac24": truth["visible_aac24"],
        **_grades(truth, "grade", WALL_COLUMNS),
        **_grades(truth, "visible_grade", VISIBLE_COLUMNS),
        "facing": film.facing,
        "modality": film.modality,
        "kvp": round(film.kvp, 2),
        **{name: truth.get(name, film.seed if name == "seed" else "") for name in FACT_COLUMNS},
        **masks,
    }


def _grades(truth: Mapping[str, Any], kind: str, columns: Sequence[str]) -> dict[str, int]:
    values = (truth["levels"][level][wall][kind] for level, wall in WALL_LEVELS)
    return dict(zip(columns, values, strict=True))


def write_film_table(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write the rows of all films as one CSV table, in the order of their images.

    Raises
    ------
    OutputError
        If it can not be written.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: str(row["image"])))
    write_file(path, text.getvalue().encode())
