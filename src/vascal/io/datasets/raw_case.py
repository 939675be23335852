"""What an importer finds before any voxel is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vascal.dataset import WeakScores
from vascal.study import Series
from vascal.volume import LabelMap, Volume


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawLabels:
    """Labels of a case as its source means them.

    Parameters
    ----------
    label_map
        On the scan's grid.
    notes
        What went into them that a user should know.
    """

    label_map: LabelMap
    notes: tuple[str, ...] = ()


LabelReader = Callable[[Series, Volume], RawLabels]
"""Reads a case's labels once its scan is there."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawCase:
    """A scan in its source, with what belongs to it.

    Parameters
    ----------
    name
        Names the case in its source, each once; a path in it, as a rule.
    image
        Where the scan is.
    series
        Key of the series, where several are at `image`.
    read_labels
        Reads its labels; None if the source has none.
    scores
        Weak labels, or None.
    patient
        What the source calls the patient; None leaves it to the DICOM header,
        and without one every scan is a patient of its own.
    is_gated
        What the source says of synchronisation to the heart.
    notes
        What a user of the case should know of it.
    """

    name: str
    image: Path
    series: str | None = None
    read_labels: LabelReader | None = None
    scores: WeakScores | None = None
    patient: str | None = None
    is_gated: bool | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """A case that can not be imported, known before its scan is read.

    Parameters
    ----------
    name
        As of `RawCase`.
    code
        `VascalError.code` of what refused it.
    message
        What was found and what is needed.
    """

    name: str
    code: str
    message: str


Found = Iterator[RawCase | Unusable]
