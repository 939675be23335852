"""A data set of scans with labels: cases, the patients they are of, and how patients are split.

A patient is known by a pseudonym alone, and a patient, never a scan, is put into
training, validation or test: two scans of one heart on both sides of a split
make any network look better than it is.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from typing import Literal

from vascal.errors import InputError

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")

CORONARY = "coronary"
"""What a label is called whose source says that calcium is coronary, and not of which vessel."""
CORONARY_VALUES: Mapping[str, int] = MappingProxyType({"LM": 1, "LAD": 2, "LCX": 3, "RCA": 4, CORONARY: 5})
"""The values that coronary labels have in every label map written for a data set."""
FIRST_OTHER_VALUE = 6
"""Structures with another name are numbered from here."""

_PSEUDONYM_LETTERS = 16
"""64 bits: among a million patients, two share one with a chance below one in thirty million."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeakScores:
    """Scores of a case by its source, without the voxels they came from.

    Parameters
    ----------
    total
        Agatston score, or None where only vessels are given.
    vessels
        By vessel: LM, LAD, LCX, RCA; empty where only the total is given.
    """

    total: float | None = None
    vessels: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        given = [*self.vessels.values(), *([] if self.total is None else [self.total])]
        if not given or not all(0 <= value < float("inf") for value in given):
            raise InputError(f"scores are {given}; needed: at least one, finite and not below 0")
        object.__setattr__(self, "vessels", MappingProxyType(dict(self.vessels)))

    @property
    def agatston(self) -> float:
        """The total; where it is not given, the sum of the vessels."""
        return sum(self.vessels.values()) if self.total is None else self.total


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One scan of a data set.

    Parameters
    ----------
    case_id
        Names the case in its data set and its label file.
    patient_id
        Pseudonym of the patient.
    image
        Where the scan is, relative to the index: a DICOM folder or file, or a
        NIfTI, MetaImage or NRRD file.
    split
        On which side the patient stands.
    source
        What the case was imported from.
    sha256
        Hash of the scan's HU in the order (slice, row, column), see `hash_pixels`.
    series
        Key of the series, where more than one is at `image`.
    labels
        Label map in NIfTI on the scan's grid, relative to the index, or None.
    label_names
        What its values mean: LM, LAD, LCX, RCA, "coronary" or another structure.
    scores
        Weak labels, or None.
    is_gated
        Whether the scan was synchronised to the heart; None if nobody says.
    notes
        What a user of the case should know of it.
    """

    case_id: str
    patient_id: str
    image: str
    split: Split
    source: str
    sha256: str
    series: str | None = None
    labels: str | None = None
    label_names: Mapping[int, str] = field(default_factory=dict)
    scores: WeakScores | None = None
    is_gated: bool | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not all(1 <= value <= 255 for value in self.label_names):
            raise InputError(f"label values {sorted(self.label_names)}; needed: 1 to 255")
        object.__setattr__(self, "label_names", MappingProxyType(dict(self.label_names)))


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitPlan:
    """How patients are divided.

    Parameters
    ----------
    seed
        Another seed is another division.
    shares
        Of training, validation and test; they add up to 1.
    is_stratified
        Whether each category of score is divided in these shares.
    """

    seed: int = 0
    shares: tuple[float, float, float] = (0.70, 0.15, 0.15)
    is_stratified: bool = False

    def __post_init__(self) -> None:
        if not all(0 <= share <= 1 for share in self.shares) or abs(sum(self.shares) - 1) > 1e-6:
            raise InputError(f"shares {self.shares}; needed: three from 0 to 1 that add up to 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Cases and how their patients were divided.

    Parameters
    ----------
    cases
        In order of `case_id`, each once.
    plan
        Seed and shares of the division.
    """

    cases: tuple[Case, ...]
    plan: SplitPlan = field(default_factory=SplitPlan)

    def __post_init__(self) -> None:
        names = [case.case_id for case in self.cases]
        if len(set(names)) != len(names):
            raise InputError(f"{len(names) - len(set(names))} cases have the case_id of another; needed: one each")

    def of_split(self, split: Split) -> tuple[Case, ...]:
        """List the cases of one side."""
        return tuple(case for case in self.cases if case.split == split)


def make_pseudonym(raw: str, key: bytes) -> str:
    """Replace whatever names a patient by a keyed hash (HMAC-SHA256).

    Parameters
    ----------
    raw
        The patient's number or name as the source gives it.
    key
        Without it, nobody can tell whether a pseudonym is of a given number:
        trying all numbers would, with a plain hash.

    Examples
    --------
    >>> make_pseudonym("4711", b"a"), make_pseudonym("4711", b"b")
    ('ba7c527347b7617d', 'e574dd490b01b6a2')
    """
    return hmac.new(key, raw.encode("utf-8"), sha256).hexdigest()[:_PSEUDONYM_LETTERS]


def draw_fraction(patient_id: str, seed: int) -> float:
    """Give a patient's own number from 0 to 1, which nothing but seed and pseudonym decide."""
    drawn = sha256(f"{seed}|{patient_id}".encode()).digest()
    return int.from_bytes(drawn[:8]) / 2**64


def split_patients(
    strata: Mapping[str, str], plan: SplitPlan, kept: Mapping[str, Split] = MappingProxyType({})
) -> dict[str, Split]:
    """Put each patient into training, validation or test.

    Parameters
    ----------
    strata
        Category of each patient, by pseudonym; of use only if the plan is stratified.
    plan
        Seed and shares.
    kept
        Patients that stand somewhere already; they stay there.

    Returns
    -------
    dict
        Side of every patient of `strata` and `kept`.

    Notes
    -----
    Without strata a patient's side follows from seed and pseudonym alone, so
    patients added later move nobody. With strata the side also depends on who
    is added with them: patients of an existing index (`kept`) stay, and new
    ones go, in the order of their numbers, where their stratum lacks most.
    """
    sides: dict[str, Split] = dict(kept)
    fresh = sorted((one for one in strata if one not in kept), key=lambda one: (draw_fraction(one, plan.seed), one))
    if not plan.is_stratified:
        return {**sides, **{one: _side_of(draw_fraction(one, plan.seed), plan.shares) for one in fresh}}
    counts: dict[str, list[int]] = {stratum: [0, 0, 0] for stratum in set(strata.values())}
    for patient in strata.keys() & kept.keys():
        counts[strata[patient]][SPLITS.index(kept[patient])] += 1
    for patient in fresh:
        here = counts[strata[patient]]
        lacks = [share * (sum(here) + 1) - count for share, count in zip(plan.shares, here, strict=True)]
        place = lacks.index(max(lacks))
        here[place] += 1
        sides[patient] = SPLITS[place]
    return sides


def _side_of(fraction: float, shares: tuple[float, float, float]) -> Split:
    if fraction < shares[0]:
        return "train"
    return "validation" if fraction < shares[0] + shares[1] else "test"


def name_vessel(text: str) -> str:
    """Give a vessel's short name, whatever program or person named it; other names as they are.

    Examples
    --------
    >>> [name_vessel(t) for t in ("Left Anterior Descending Artery", "lcx", "CAC_RCA", "left main", "aorta")]
    ['LAD', 'LCX', 'RCA', 'LM', 'aorta']
    """
    words = " ".join(text.lower().replace("_", " ").replace("-", " ").split())
    words = words.removesuffix(" calcification").removesuffix(" calcium").removesuffix(" coronary artery")
    words = words.removesuffix(" artery").removeprefix("cac ").removesuffix(" cac").removesuffix(" coronary")
    return _VESSEL_NAMES.get(words, text.strip())


_VESSEL_NAMES: Mapping[str, str] = MappingProxyType({
    alias: name
    for name, aliases in {
        "LM": ("lm", "lmca", "lms", "left main", "left main stem"),
        "LAD": ("lad", "left anterior descending"),
        "LCX": ("lcx", "cx", "circ", "circumflex", "left circumflex", "left circumflex branch"),
        "RCA": ("rca", "right"),
        CORONARY: ("coronary", "coronaries", "coronary arteries", "coronary artery", "cac", "calcium", "calcification"),
    }.items()
    for alias in aliases
})  # fmt: skip


def number_labels(names: Iterable[str]) -> dict[str, int]:
    """Give each structure the value it has in a data set's label maps.

    Coronary ones have `CORONARY_VALUES`; others are numbered by alphabet from `FIRST_OTHER_VALUE`.

    Raises
    ------
    InputError
        If there are more names than a label map can hold.
    """
    kinds = set(names)
    others = sorted(kinds - CORONARY_VALUES.keys())
    if len(others) > 255 - FIRST_OTHER_VALUE:
        raise InputError(f"{len(others)} structures have names; at most {255 - FIRST_OTHER_VALUE} can be kept")
    values = {name: value for name, value in CORONARY_VALUES.items() if name in kinds}
    return {**values, **{name: value for value, name in enumerate(others, start=FIRST_OTHER_VALUE)}}
