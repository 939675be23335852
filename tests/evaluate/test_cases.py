"""What numbers must be before a statistic is made of them."""

from __future__ import annotations

import numpy as np
import pytest

from vascal.errors import EvaluationError
from vascal.evaluate.cases import (
    normal_quantile,
    require_both_groups,
    require_finite,
    require_probabilities,
    two_sided_p,
)


def test_missing_and_infinite_numbers_are_counted_and_named() -> None:
    with pytest.raises(EvaluationError, match="2 of 3 in score"):
        require_finite(score=np.array([1.0, np.nan, np.inf]))


def test_a_group_that_is_too_small_is_refused() -> None:
    assert require_both_groups(np.array([True, False, False]), "an AUC") == (1, 2)
    with pytest.raises(EvaluationError, match="an AUC needs at least 2 of both groups; 1 with and 2 without"):
        require_both_groups(np.array([True, False, False]), "an AUC", each=2)


@pytest.mark.parametrize("values", [[-0.1, 0.5], [0.5, 1.1]])
def test_a_risk_outside_zero_to_one_is_refused(values: list[float]) -> None:
    with pytest.raises(EvaluationError, match="between 0 and 1"):
        require_probabilities(risk=np.array(values))


def test_risks_at_the_ends_are_probabilities_and_so_are_none_at_all() -> None:
    require_probabilities(risk=np.array([0.0, 1.0]))
    require_probabilities(risk=np.array([]))


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_level_outside_zero_to_one_is_refused(level: float) -> None:
    with pytest.raises(EvaluationError, match="confidence level"):
        normal_quantile(level)


def test_both_tails_count() -> None:
    assert two_sided_p(-1.959963984540054) == pytest.approx(0.05)
    assert two_sided_p(0.0) == 1.0
