"""Adjusted p values by hand, against statsmodels and R."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vascal.errors import EvaluationError
from vascal.evaluate.multiplicity import Adjustment, adjust_p_values

METHODS: list[Adjustment] = ["bonferroni", "holm", "benjamini-hochberg"]
ORACLE = {"bonferroni": "bonferroni", "holm": "holm", "benjamini-hochberg": "fdr_bh"}
MANY = st.lists(st.floats(0, 1), min_size=1, max_size=30)


# R 4.2.2: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), method)
@pytest.mark.parametrize(
    ("method", "adjusted"),
    [
        ("bonferroni", [0.05, 0.1, 0.15, 0.2, 0.25]),
        ("holm", [0.05, 0.08, 0.09, 0.09, 0.09]),
        ("benjamini-hochberg", [0.05, 0.05, 0.05, 0.05, 0.05]),
    ],
)
def test_five_p_values_by_hand(method: Adjustment, adjusted: list[float]) -> None:
    found = adjust_p_values(np.array([0.01, 0.02, 0.03, 0.04, 0.05]), method)
    assert found == pytest.approx(adjusted)


@settings(max_examples=30)
@given(MANY, st.sampled_from(METHODS))
def test_adjusted_values_are_those_of_statsmodels(p_values: list[float], method: Adjustment) -> None:
    from statsmodels.stats.multitest import multipletests

    expected = multipletests(p_values, method=ORACLE[method])[1]
    np.testing.assert_allclose(adjust_p_values(np.array(p_values), method), expected, atol=1e-12)


@settings(max_examples=30)
@given(MANY)
def test_holm_is_never_weaker_than_bonferroni_nor_stronger_than_benjamini_hochberg(p_values: list[float]) -> None:
    bonferroni, holm, hochberg = (adjust_p_values(np.array(p_values), method) for method in METHODS)
    assert np.all(hochberg <= holm + 1e-12)
    assert np.all(holm <= bonferroni + 1e-12)
    assert np.all(np.array(p_values) <= hochberg + 1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_a_test_that_was_not_defined_stays_so_and_is_not_counted(method: Adjustment) -> None:
    found = adjust_p_values(np.array([0.01, np.nan, 0.04]), method)
    assert np.isnan(found[1])
    np.testing.assert_array_equal(found[[0, 2]], adjust_p_values(np.array([0.01, 0.04]), method))


@pytest.mark.parametrize("method", METHODS)
def test_one_question_needs_no_adjustment_and_none_has_none(method: Adjustment) -> None:
    assert adjust_p_values(np.array([0.03]), method).tolist() == [0.03]
    assert adjust_p_values(np.array([]), method).size == 0
    assert np.isnan(adjust_p_values(np.array([np.nan]), method)).all()


@pytest.mark.parametrize("p_value", [-0.1, 1.1])
def test_a_p_value_outside_zero_to_one_is_refused(p_value: float) -> None:
    with pytest.raises(EvaluationError, match="between 0 and 1"):
        adjust_p_values(np.array([0.5, p_value]))
