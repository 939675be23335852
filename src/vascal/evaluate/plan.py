"""What will be analysed, and how: written before the numbers are seen, and then followed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal

from vascal.errors import PlanError
from vascal.evaluate.bland_altman import SCALES, Scale
from vascal.evaluate.bootstrap import IntervalMethod, Resampling
from vascal.evaluate.icc import FORMS, IccForm
from vascal.evaluate.kappa import Weights

Incomplete = Literal["refuse", "drop"]
Limit = Literal["value", "low", "high"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """A number that must be reached for the study to count as a success.

    Parameters
    ----------
    table, statistic
        Where it stands: a table's key and a column's key, as in ``numbers.csv``.
    row
        Words of the row, as ``numbers.csv`` writes them; unless given, every row must reach it.
    limit
        Whether the estimate itself or a limit of its interval must reach it.
    at_least, at_most
        One of them.
    """

    table: str
    statistic: str
    row: str = ""
    limit: Limit = "value"
    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        if (self.at_least is None) == (self.at_most is None):
            name = f"{self.table}.{self.statistic}"
            raise PlanError(f"a criterion needs either at_least or at_most; {name} has both or none")

    def holds(self, number: float) -> bool:
        """Whether a number reaches it."""
        return number >= self.at_least if self.at_least is not None else number <= (self.at_most or 0.0)

    def describe(self) -> str:
        """Say it in words."""
        where = f" ({self.row})" if self.row else ""
        what = {"value": "", "low": "lower limit of ", "high": "upper limit of "}[self.limit]
        bound = f"at least {self.at_least:g}" if self.at_least is not None else f"at most {self.at_most:g}"
        return f"{what}{self.table}.{self.statistic}{where} {bound}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisPlan:
    """All choices of an evaluation.

    Parameters
    ----------
    study
        Column that identifies a study in both files.
    predicted, reference
        Column of the score in each file.
    unit
        Of the score, for axes and tables.
    readers
        Further score columns of the reference file, one a reader.
    set_by
        Column whose values (internal, external ...) get tables of their own.
    subgroups
        Columns to compare groups by; ``age:50,60,70`` cuts a number at its edges.
    site
        Column of the site, for site-wise and pooled results.
    category_edges, category_names
        Highest score of each category but the last, and all their names.
    tolerance
        Clinically acceptable error, in score units.
    bland_altman
        Scales of the Bland-Altman analysis.
    probability, target
        Column of a predicted probability (predicted file) and of the yes or no
        it foretells (reference file).
    baseline
        Column of the probability of an older or clinical model, to be improved upon.
    time, event
        Columns of follow-up (years) and what ended it: 0 censored, 1 event,
        2 competing event. In the reference file.
    group
        Column to compare outcomes by; the predicted category unless given.
    covariates
        Columns of the clinical model that the score is added to.
    horizon_years
        Follow-up at which risks are compared; the median follow-up unless given.
    incomplete
        Whether studies that lack a partner or a score refuse the run or are
        dropped, counted and listed.
    criteria
        What makes the study a success.
    """

    title: str = "Evaluation"
    kind: Literal["cac", "aac", "other"] = "other"
    study: str = "study"
    predicted: str = "score"
    reference: str = "score"
    unit: str = "score"
    readers: tuple[str, ...] = ()
    set_by: str | None = None
    subgroups: tuple[str, ...] = ()
    site: str | None = None
    category_edges: tuple[float, ...] = ()
    category_names: tuple[str, ...] = ()
    tolerance: float | None = None
    bland_altman: tuple[Scale, ...] = ("raw",)
    icc_form: IccForm = "2,1"
    kappa_weights: Weights = "linear"
    probability: str | None = None
    target: str | None = None
    baseline: str | None = None
    time: str | None = None
    event: str | None = None
    group: str | None = None
    covariates: tuple[str, ...] = ()
    horizon_years: float | None = None
    incomplete: Incomplete = "refuse"
    resamples: int = 1000
    seed: int = 0
    interval: IntervalMethod = "bca"
    level: float = 0.95
    criteria: tuple[Criterion, ...] = ()

    def __post_init__(self) -> None:
        if self.category_edges and len(self.category_names) != len(self.category_edges) + 1:
            raise PlanError(
                f"{len(self.category_edges)} edges make {len(self.category_edges) + 1} categories; "
                f"{len(self.category_names)} names were given"
            )
        if not 0.5 <= self.level < 1:
            raise PlanError(f"a confidence level lies between 0.5 and 1; found {self.level:g}")
        if (self.time is None) != (self.event is None):
            raise PlanError("outcomes need both a time and an event column")
        if (self.probability is None) != (self.target is None):
            raise PlanError("a probability needs its target column, and a target its probability")
        if self.baseline and not self.probability:
            raise PlanError("a baseline probability is compared with a probability; name that too")

    @property
    def resampling(self) -> Resampling:
        """How bootstrap intervals are made."""
        return Resampling(resamples=self.resamples, seed=self.seed, method=self.interval)

    @property
    def reference_columns(self) -> tuple[str, ...]:
        """Columns needed from the reference file besides the study and the score."""
        wanted = (
            *self.readers, self.set_by, *(name.split(":")[0] for name in self.subgroups), self.site,
            self.target, self.baseline, self.time, self.event, self.group, *self.covariates,
        )  # fmt: skip
        return tuple(dict.fromkeys(name for name in wanted if name))


CHOICES: Mapping[str, tuple[str, ...]] = {
    "kind": ("cac", "aac", "other"),
    "bland_altman": tuple(SCALES),
    "icc_form": tuple(FORMS),
    "kappa_weights": ("unweighted", "linear", "quadratic"),
    "interval": ("bca", "percentile"),
    "incomplete": ("refuse", "drop"),
    "limit": ("value", "low", "high"),
}
"""Entries of a plan or a criterion that know only these words."""


def require_known_words(entries: Mapping[str, object]) -> None:
    """Refuse words that an entry of a plan or a criterion does not know, before one is made of them.

    Raises
    ------
    PlanError
        Names the entry, what it knows and what was found.
    """
    for name in CHOICES.keys() & entries.keys():
        found = entries[name]
        for word in found if isinstance(found, list | tuple) else (found,):
            if word not in CHOICES[name]:
                raise PlanError(f"{name} is one of {', '.join(CHOICES[name])}; found {word!r}")


def describe_differences(written: AnalysisPlan, asked: AnalysisPlan) -> tuple[str, ...]:
    """Name every choice in which a run departs from its written plan.

    Returns
    -------
    tuple of str
        Such as ``level: the plan says 0.95, this run 0.9``; empty when it follows.
    """
    return tuple(
        f"{item.name}: the plan says {getattr(written, item.name)!r}, this run {getattr(asked, item.name)!r}"
        for item in fields(AnalysisPlan)
        if getattr(written, item.name) != getattr(asked, item.name)
    )
