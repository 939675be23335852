"""What to fit: features, outcomes, kind of model and how it is validated, as one frozen value."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from vascal.errors import EvaluationError
from vascal.fusion.boosting import Boosted, require_trees
from vascal.fusion.features import Feature
from vascal.fusion.learner import Learner
from vascal.fusion.nested import CrossValidation
from vascal.fusion.outcome_model import LearnerName
from vascal.fusion.penalised import Penalised
from vascal.fusion.targets import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One fusion study.

    Parameters
    ----------
    title
        Of the model card.
    features, outcomes
        Columns of the cohort.
    learner
        ``penalised``: elastic-net Cox, or logistic; ``boosted``: trees.
    l1_ratios
        Mixtures that ``penalised`` chooses among; 1 is the lasso, 0 is ridge.
    patient
        Column that names the patient; rows of one patient stay together.
    subgroups
        Features of kind category or yes-no by whose values performance is also told.
    validation
        Folds and seed.
    """

    features: tuple[Feature, ...]
    outcomes: tuple[Outcome, ...]
    title: str = "Calcium and clinical variables"
    learner: LearnerName = "penalised"
    l1_ratios: tuple[float, ...] = (0.5,)
    patient: str = "patient"
    subgroups: tuple[str, ...] = ()
    validation: CrossValidation = field(default_factory=CrossValidation)

    def __post_init__(self) -> None:
        if not self.features or not self.outcomes:
            raise EvaluationError("a recipe needs at least one feature and one outcome")
        if not self.l1_ratios or not all(0 <= ratio <= 1 for ratio in self.l1_ratios):
            raise EvaluationError(f"l1_ratio must lie between 0 and 1; found {list(self.l1_ratios)}")
        _require_apart(self)
        words = {one.name for one in self.features if one.kind in {"category", "yes-no"}}
        if odd := sorted(set(self.subgroups) - words):
            raise EvaluationError(f"subgroups must be features of kind category or yes-no; {odd[0]} is not")

    def make_learner(self, features: tuple[Feature, ...]) -> Learner:
        """Give the kind of model over some of the features.

        Raises
        ------
        MissingExtraError
            For trees without XGBoost.
        """
        if self.learner == "boosted":
            require_trees()
            return Boosted(features=features, seed=self.validation.seed)
        return Penalised(features=features, l1_ratios=self.l1_ratios)

    @property
    def clinical(self) -> tuple[Feature, ...]:
        """Features without imaging; empty where there is nothing to compare."""
        clinical = tuple(one for one in self.features if one.block == "clinical")
        return () if len(clinical) == len(self.features) else clinical


def _require_apart(recipe: Recipe) -> None:
    """Refuse names given twice, and outcomes among the features: a model would foretell what it was told."""
    for what, names in (
        ("feature", [one.name for one in recipe.features]),
        ("outcome", [one.name for one in recipe.outcomes]),
    ):
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise EvaluationError(f"{what} {twice[0]} is given twice")
    taken = {recipe.patient, *(one.event for one in recipe.outcomes), *(one.time for one in recipe.outcomes)}
    if leaks := [one.name for one in recipe.features if one.name in taken]:
        raise EvaluationError(f"column {leaks[0]} is a feature and also an outcome, a follow-up or the patient")
