"""The list of prepared samples: which file is of which patient, and on which side of the split."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from vascal.dataset import Split, SplitPlan, draw_fraction, split_patients
from vascal.errors import TrainingError
from vascal.io.atomic import write_file

LIST_NAME = "samples.json"
ORIGIN_NAME = "origin.json"
SIMULATED = "simulated"
"""Source of samples that no scanner made."""


@runtime_checkable
class Progress(Protocol):
    """Told what happens while it happens."""

    def say(self, text: str) -> None:
        """Say one line."""

    def reach(self, done: int, total: int) -> None:
        """Say that `done` of `total` are finished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One prepared scan.

    Parameters
    ----------
    file
        Name of its ``.npz`` in the folder.
    patient
        Pseudonym, or the seed of a simulated one.
    source
        `SIMULATED`, or what the case was imported from.
    split
        The data set's; None leaves it to the training.
    """

    file: str
    patient: str
    source: str
    split: Split | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleList:
    """All samples of a folder, for one task.

    Parameters
    ----------
    task
        For which they were prepared.
    samples
        In order.
    skipped
        By reason: how many scans could not be used.
    origin
        What they were made from, so that a folder is not taken for another's.
    """

    task: str
    samples: tuple[Sample, ...]
    skipped: Mapping[str, int] = field(default_factory=dict)
    origin: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # A Counter can not be laid out as JSON.
        object.__setattr__(self, "skipped", dict(self.skipped))


def claim_folder(folder: Path, origin: Mapping[str, Any]) -> None:
    """Say what a folder's samples are made from, before the first of them; or see that it is the same as before.

    Parameters
    ----------
    folder
        Of the samples; made if need be.
    origin
        Whatever must be the same for samples to be the same.

    Raises
    ------
    TrainingError
        If samples in it were made from something else.
    """
    path, text = folder / ORIGIN_NAME, json.dumps(origin, indent=1, sort_keys=True) + "\n"
    if not path.exists():
        write_file(path, text.encode())
    elif path.read_text(encoding="utf-8") != text:
        raise TrainingError(
            f"the samples in {folder.name} were made from something else, or from the data set before it changed; "
            "choose another folder, or remove it to prepare anew"
        )


def write_samples(samples: SampleList, folder: Path) -> None:
    """Write the list; last of all, so that it stands for a folder that is complete.

    Raises
    ------
    OutputError
        If it can not be written.
    """
    write_file(folder / LIST_NAME, (json.dumps(asdict(samples), indent=1) + "\n").encode())


def has_samples(folder: Path) -> bool:
    """Tell whether a folder's samples are complete."""
    return (folder / LIST_NAME).is_file()


def read_samples(folder: Path, task: str) -> SampleList:
    """Read the list of prepared samples.

    Raises
    ------
    TrainingError
        If it is damaged, or the samples are another task's or not all there.
    """
    try:
        content = json.loads((folder / LIST_NAME).read_text(encoding="utf-8"))
        rows = tuple(Sample(**row) for row in content["samples"])
        found = SampleList(
            task=content["task"], samples=rows, skipped=content.get("skipped", {}), origin=content.get("origin", {})
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(
            f"{LIST_NAME} can not be read ({type(error).__name__}); remove it to prepare anew"
        ) from error
    if found.task != task:
        raise TrainingError(f"{folder.name} holds samples of task {found.task!r}; needed: {task!r}")
    missing = sum(not (folder / row.file).is_file() for row in rows)
    if missing:
        raise TrainingError(f"{missing} of {len(rows)} samples are missing; remove {LIST_NAME} to prepare anew")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Samples of the training, and those held back; test samples are in neither."""

    training: tuple[Sample, ...]
    validation: tuple[Sample, ...]
    test: int


def split_samples(
    samples: Sequence[Sample], *, seed: int, validation: float, fold: tuple[int, int] | None = None
) -> Sides:
    """Put each patient on one side.

    Parameters
    ----------
    samples
        Those with a split keep it; the others are divided by a hash of seed and patient.
    seed, validation
        Of that division; share that is held back.
    fold
        Hold back this one of so many parts instead: all but test samples are divided then.

    Raises
    ------
    TrainingError
        If a patient is on two sides, or a side that is needed is empty.
    """
    if fold is not None:
        samples = [
            row if row.split == "test" else replace(row, split=_side_of_fold(row, seed, fold)) for row in samples
        ]
    free = {row.patient: "" for row in samples if row.split is None}
    sides = split_patients(free, SplitPlan(seed=seed, shares=(1 - validation, validation, 0.0)))
    placed = [(row, row.split or sides[row.patient]) for row in samples]
    where: dict[str, Split] = {}
    for row, side in placed:
        if where.setdefault(row.patient, side) != side:
            raise TrainingError("a patient has samples on two sides of the split; see vascal data check")
    by_side = {name: tuple(row for row, side in placed if side == name) for name in ("train", "validation", "test")}
    for name in ("train", "validation"):
        if not by_side[name]:
            raise TrainingError(
                f"of {len(placed)} samples {len(by_side['train'])} are for training and "
                f"{len(by_side['validation'])} for validation; both need at least one"
            )
    return Sides(training=by_side["train"], validation=by_side["validation"], test=len(by_side["test"]))


def _side_of_fold(row: Sample, seed: int, fold: tuple[int, int]) -> Split:
    number, count = fold
    return "validation" if int(draw_fraction(row.patient, seed) * count) == number else "train"
