"""What every kind of model can do, so that tuning and validation need not know which it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from numpy import ndarray

from vascal.evaluate.estimate import Values
from vascal.fusion.features import Patients
from vascal.fusion.targets import Target

Settings = Mapping[str, float]
"""What is chosen by inner cross-validation: a penalty, a depth and a number of trees."""
Contributions = Float[ndarray, "row feature"]


@runtime_checkable
class Scorer(Protocol):
    """A fitted model of one cause."""

    def margin(self, patients: Patients) -> Values:
        """Log hazard, or log odds, of each row against the average training row."""

    def contributions(self, patients: Patients) -> Contributions:
        """What each feature adds to the margin of each row; they sum to the margin less a constant."""


@runtime_checkable
class Learner(Protocol):
    """A way to fit models of one cause."""

    def propose(self, patients: Patients, target: Target) -> tuple[Settings, ...]:
        """Settings to choose among, the simplest model first; from training rows alone."""

    def fit_each(self, patients: Patients, target: Target, settings: Sequence[Settings]) -> Sequence[Scorer]:
        """Fit a model for each of the settings."""
