"""Films with what is known of them, as files to train from: one ``.npz`` a film, and their list."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int8, UInt8, UInt16

from vascal.aac.film_region import Facing
from vascal.errors import TrainingError
from vascal.io.atomic import write_file

FILMS = "films"
"""Task of a list of whole films, from which the samples of every network for films can be made."""
UNKNOWN = -1
SCALES = {np.dtype(np.uint8): 255.0, np.dtype(np.uint16): 65535.0}
_WALLS = 8


def _no_grades() -> np.ndarray:
    return np.full(_WALLS, UNKNOWN, dtype=np.int8)


def _no_fractions() -> np.ndarray:
    return np.full(_WALLS, np.nan, dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FilmSample:
    """One film and its truth, as far as it is known.

    Parameters
    ----------
    image
        (row, column), bone bright.
    spacing_mm
        Between rows and between columns, mm.
    facing
        To which side of the film the patient looks.
    total
        AAC-24; not a number where unknown.
    grades
        (8,) of the walls in the order of `WALL_LEVELS`; -1 where unknown.
    fractions
        (8,) calcified share of each wall; not a number where unknown.
    vertebrae
        (row, column): 0, or 1 to 7 for T12 to S1; None where unknown.
    walls
        (row, column): 1 anterior, 2 posterior wall of the aorta, 3 and 4 where they are calcified; None where
        unknown.
    """

    image: UInt8[np.ndarray, "row column"] | UInt16[np.ndarray, "row column"]
    spacing_mm: tuple[float, float]
    facing: Facing = "left"
    total: float = float("nan")
    grades: Int8[np.ndarray, " 8"] = field(default_factory=_no_grades)
    fractions: Float32[np.ndarray, " 8"] = field(default_factory=_no_fractions)
    vertebrae: UInt8[np.ndarray, "_ _"] | None = None
    walls: UInt8[np.ndarray, "_ _"] | None = None

    def __post_init__(self) -> None:
        for name in ("vertebrae", "walls"):
            labels = getattr(self, name)
            if labels is not None and labels.shape != self.image.shape:
                raise TrainingError(f"{name} has {labels.shape} pixels and its film {self.image.shape}")

    @property
    def brightness(self) -> Float32[np.ndarray, "row column"]:
        """(row, column), 0 black to 1 white."""
        return self.image.astype(np.float32) / np.float32(SCALES[self.image.dtype])


def store_brightness(pixels: Float32[np.ndarray, "row column"]) -> UInt16[np.ndarray, "row column"]:
    """Turn brightness from 0 to 1 into what a sample keeps."""
    return np.round(pixels * 65535).astype(np.uint16)


def write_film_sample(sample: FilmSample, path: Path) -> None:
    """Write one film; it appears complete, or not at all.

    Raises
    ------
    OutputError
        If it can not be written.
    """
    maps = {name: getattr(sample, name) for name in ("vertebrae", "walls") if getattr(sample, name) is not None}
    write_arrays(
        path,
        image=sample.image,
        spacing_mm=np.array(sample.spacing_mm, dtype=np.float64),
        facing=np.array(sample.facing),
        total=np.array(sample.total, dtype=np.float64),
        grades=sample.grades,
        fractions=sample.fractions,
        **maps,
    )


def write_arrays(path: Path, **arrays: np.ndarray) -> None:
    """Write named arrays; they appear complete, or not at all.

    Raises
    ------
    OutputError
        If they can not be written.
    """
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    write_file(path, buffer.getvalue())


def read_film_sample(path: Path) -> FilmSample:
    """Read one film.

    Raises
    ------
    TrainingError
        If the file is damaged or holds something else.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            arrays = {name: data[name] for name in data.files}
        row, column = (float(value) for value in arrays["spacing_mm"])
        return FilmSample(
            image=arrays["image"],
            spacing_mm=(row, column),
            facing="right" if str(arrays["facing"]) == "right" else "left",
            total=float(arrays["total"]),
            grades=arrays["grades"],
            fractions=arrays["fractions"],
            vertebrae=arrays.get("vertebrae"),
            walls=arrays.get("walls"),
        )
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        if isinstance(error, TrainingError):
            raise
        raise TrainingError(f"{path.name} can not be read as a film ({type(error).__name__})") from error


def store_grades(grades: Sequence[int | None]) -> Int8[np.ndarray, " 8"]:
    """Turn grades that may be unknown into what a sample keeps."""
    return np.array([UNKNOWN if grade is None else grade for grade in grades], dtype=np.int8)
