"""Numbers of studies for accuracy: hand arithmetic and other implementations."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vascal.errors import EvaluationError
from vascal.evaluate.proportion import wilson
from vascal.evaluate.sample_size import studies_for_power, studies_for_width
from vascal.evaluate.sample_size_accuracy import auc_power, auc_width, share_width

Z = 1.959963984540054


def test_hanley_and_mcneils_error_by_hand() -> None:
    q1, q2 = 0.8 / 1.2, 2 * 0.64 / 1.8
    variance = (0.8 * 0.2 + 29 * (q1 - 0.64) + 69 * (q2 - 0.64)) / (30 * 70)
    assert auc_width(100, auc=0.8, prevalence=0.3) == pytest.approx(2 * Z * math.sqrt(variance))


def test_the_power_is_half_where_the_difference_is_the_threshold() -> None:
    n = studies_for_power(lambda size: auc_power(size, auc=0.7, prevalence=0.5), 0.5)
    half = auc_width(n, auc=0.5, prevalence=0.5) / 2
    assert half == pytest.approx(0.2, abs=0.005)


@settings(max_examples=30)
@given(st.integers(50, 2000), st.floats(0.55, 0.98), st.floats(0.05, 0.95))
def test_more_studies_never_hurt(n: int, auc: float, prevalence: float) -> None:
    assert auc_width(n + 1, auc=auc, prevalence=prevalence) <= auc_width(n, auc=auc, prevalence=prevalence)
    assert auc_power(n + 1, auc=auc, prevalence=prevalence) >= auc_power(n, auc=auc, prevalence=prevalence) - 1e-12


@settings(max_examples=30)
@given(st.integers(0, 50), st.integers(1, 50))
def test_the_width_of_a_share_is_wilsons(hits: int, n: int) -> None:
    hits = min(hits, n)
    limits = wilson(hits, n)
    assert share_width(n, share=hits / n) == pytest.approx(limits.high - limits.low, abs=1e-12)


def test_a_sensitivity_needs_as_many_cases_whatever_the_prevalence() -> None:
    all_cases = studies_for_width(lambda n: share_width(n, share=0.9), 0.1)
    one_in_five = studies_for_width(lambda n: share_width(n, share=0.9, among=0.2), 0.1)
    assert 5 * all_cases - 5 < one_in_five <= 5 * all_cases


@pytest.mark.parametrize(("share", "among"), [(-0.1, 1.0), (1.1, 1.0), (0.5, 0.0), (0.5, 1.1)])
def test_a_share_out_of_range_is_refused(share: float, among: float) -> None:
    with pytest.raises(EvaluationError, match="a share of 0 to 1"):
        share_width(10, share=share, among=among)


def test_an_area_out_of_range_is_refused() -> None:
    with pytest.raises(EvaluationError, match="auc must lie"):
        auc_width(10, auc=1.0, prevalence=0.5)
    with pytest.raises(EvaluationError, match="alpha must lie"):
        auc_power(10, auc=0.8, prevalence=0.5, alpha=0.0)
