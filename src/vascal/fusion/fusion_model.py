"""A fusion model as it is kept: all outcomes, and what the training rows looked like."""

from __future__ import annotations

from dataclasses import dataclass, field

from vascal.fusion.encoding import FeatureCode
from vascal.fusion.features import Feature
from vascal.fusion.outcome_model import LearnerName, OutcomeModel


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FusionModel:
    """Models of several outcomes over the same features.

    Parameters
    ----------
    title
        Of the study.
    learner
        Kind of model.
    patient
        Column that names the patient.
    known
        Each feature with the range, or the words, that the cohort had.
    outcomes
        One model each.
    is_simulated
        Whether the patients were simulated: then it must not be used for any other.
    version
        Of vascal.
    """

    title: str
    learner: LearnerName
    patient: str
    known: tuple[FeatureCode, ...]
    outcomes: tuple[OutcomeModel, ...] = field(repr=False)
    is_simulated: bool
    version: str

    @property
    def features(self) -> tuple[Feature, ...]:
        """Columns that it needs."""
        return tuple(code.feature for code in self.known)
