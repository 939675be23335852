"""What is foretold: outcomes of a cohort, and one cause of them as a model is fitted to it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int64
from numpy import ndarray

from vascal.errors import EvaluationError
from vascal.evaluate.competing_risks import Causes
from vascal.evaluate.estimate import Flags, Values
from vascal.evaluate.risk_sets import RiskSets, Stratum
from vascal.fusion.features import Rows

FEWEST_EVENTS = 20
"""Fewer events, or fewer rows without, support no model that could be checked."""
SHORTEST = 1e-6
"""Follow-up of nothing, in years: trees need a time above 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One outcome that is foretold.

    Parameters
    ----------
    name
        Short, such as ``mi``.
    event
        Column: 0 without, 1 with the event, 2 a competing event such as death; 0 and 1 alone without `time`.
    time
        Column of follow-up in years; None for an outcome that is yes or no.
    horizon_years
        By when the event is foretold; None without `time`.
    """

    name: str
    event: str
    time: str | None = None
    horizon_years: float | None = None

    def __post_init__(self) -> None:
        if (self.time is None) != (self.horizon_years is None):
            raise EvaluationError(f"outcome {self.name}: time and horizon_years go together; one is missing")
        if self.horizon_years is not None and not 0 < self.horizon_years < 200:
            raise EvaluationError(f"outcome {self.name}: a horizon above 0 years is needed; {self.horizon_years} found")

    @property
    def is_timed(self) -> bool:
        """Whether there is a follow-up."""
        return self.time is not None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Target:
    """One cause, as a model is fitted to it.

    Parameters
    ----------
    event
        Whether it happened (row,).
    time
        Follow-up in years (row,); None where the outcome is yes or no.
    """

    event: Flags
    time: Values | None = None

    def only(self, rows: Rows | Int64[ndarray, " chosen"]) -> Target:
        """Keep rows."""
        return Target(event=self.event[rows], time=None if self.time is None else self.time[rows])

    @property
    def years(self) -> Values:
        """Follow-up, where there must be one."""
        if self.time is None:
            raise EvaluationError("times of follow-up are needed; this outcome is yes or no")
        return self.time

    def stratum(self, x: Float[ndarray, "row column"]) -> Stratum:
        """Give the partial likelihood over columns; only where there is a follow-up."""
        return Stratum(sets=RiskSets(time=self.years, event=self.event), x=x, ties="efron")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ends:
    """How rows ended.

    Parameters
    ----------
    causes
        0 none, 1 the event, 2 a competing one (row,).
    time
        Follow-up in years (row,); None where the outcome is yes or no.
    """

    causes: Causes
    time: Values | None = None

    @property
    def target(self) -> Target:
        """The event itself; a competing one ends the follow-up."""
        return self.of_cause(1)

    @property
    def has_competing(self) -> bool:
        """Whether some had a competing event."""
        return bool((self.causes == 2).any())

    def of_cause(self, cause: int) -> Target:
        """One cause; the others end the follow-up."""
        time = None if self.time is None else np.maximum(self.time, SHORTEST)
        return Target(event=np.asarray(self.causes == cause), time=time)

    def only(self, rows: Rows | Int64[ndarray, " chosen"]) -> Ends:
        """Keep rows."""
        return Ends(causes=self.causes[rows], time=None if self.time is None else self.time[rows])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutcomeData:
    """An outcome with how every row of the cohort ended.

    Parameters
    ----------
    rows
        Which rows have the outcome recorded.
    ends
        Of those rows.
    """

    outcome: Outcome
    rows: Rows
    ends: Ends = field(repr=False)


def require_events(data: OutcomeData) -> None:
    """Refuse an outcome that no model could be checked on.

    Raises
    ------
    EvaluationError
        With too few events, too few rows without, or a horizon that nobody was followed to.
    """
    name, ends = data.outcome.name, data.ends
    events = int((ends.causes == 1).sum())
    if min(events, len(ends.causes) - events) < FEWEST_EVENTS:
        raise EvaluationError(
            f"outcome {name} has {events} events in {len(ends.causes)} rows; at least {FEWEST_EVENTS} with and "
            f"{FEWEST_EVENTS} without are needed"
        )
    if ends.time is None or data.outcome.horizon_years is None:
        return
    lasting = int((ends.time > data.outcome.horizon_years).sum())
    if lasting < FEWEST_EVENTS:
        raise EvaluationError(
            f"outcome {name}: {lasting} rows are followed beyond the horizon of {data.outcome.horizon_years:g} years; "
            f"at least {FEWEST_EVENTS} are needed: shorten it"
        )
    if int(((ends.causes == 1) & (ends.time <= data.outcome.horizon_years)).sum()) < FEWEST_EVENTS:
        raise EvaluationError(
            f"outcome {name} has fewer than {FEWEST_EVENTS} events by {data.outcome.horizon_years:g} years; lengthen it"
        )
