"""Numbers of studies against published tables, hand arithmetic and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from vascal.errors import EvaluationError
from vascal.evaluate.sample_size import (
    icc_power,
    icc_width,
    kappa_power,
    kappa_width,
    limits_power,
    limits_width,
    studies_for_power,
    studies_for_width,
)

Z = 1.959963984540054


def test_walters_table_of_icc() -> None:
    # rho0 = 0.6, rho1 = 0.8, two readings, one-sided 5 %, power 80 %: 39 subjects
    assert studies_for_power(lambda n: icc_power(n, icc=0.8, null=0.6, readers=2), 0.8) == 39


@pytest.mark.parametrize(("icc", "null", "readers"), [(0.9, 0.8, 2), (0.7, 0.5, 3), (0.95, 0.9, 4)])
def test_exact_icc_power_is_close_to_walters_approximation(icc: float, null: float, readers: int) -> None:
    ratio = (1 + readers * null / (1 - null)) / (1 + readers * icc / (1 - icc))
    approximate = 1 + 2 * (norm.isf(0.05) + norm.isf(0.2)) ** 2 * readers / (math.log(ratio) ** 2 * (readers - 1))
    exact = studies_for_power(lambda n: icc_power(n, icc=icc, null=null, readers=readers), 0.8)
    assert exact == pytest.approx(approximate, abs=2.5)


def test_bonetts_number_of_studies_for_an_icc() -> None:
    # equation 3: n = 8 z^2 (1 - rho)^2 (1 + (k - 1) rho)^2 / (k (k - 1) w^2) + 1
    needed = 8 * Z**2 * 0.3**2 * (1 + 2 * 0.7) ** 2 / (3 * 2 * 0.2**2) + 1
    found = studies_for_width(lambda n: icc_width(n, icc=0.7, readers=3), 0.2)
    assert found == math.ceil(needed)


def test_donner_and_eliasziws_number_of_studies_for_a_kappa() -> None:
    # kappa 0.9 against 0.6 at 30 % prevalence, two-sided 5 %, power 80 %: 66 studies
    assert studies_for_power(lambda n: kappa_power(n, kappa=0.9, null=0.6, prevalence=0.3), 0.8) == 66


def test_kappa_that_is_the_null_is_found_as_often_as_alpha() -> None:
    assert kappa_power(100, kappa=0.6, null=0.6, prevalence=0.3, alpha=0.03) == 0.03
    assert kappa_power(100, kappa=0.60001, null=0.6, prevalence=0.3) == pytest.approx(0.05, abs=1e-4)


def test_the_width_of_kappa_by_hand() -> None:
    # no agreement beyond chance: the variance is 1 / n whatever the prevalence
    assert kappa_width(100, kappa=0.0, prevalence=0.2) == pytest.approx(2 * Z / 10)
    variance = 0.2 * (0.2 * -0.6 + 0.8 * 1.2 / 0.5) / 50
    assert kappa_width(50, kappa=0.8, prevalence=0.5) == pytest.approx(2 * Z * math.sqrt(variance))


def test_the_width_of_limits_of_agreement_by_hand() -> None:
    # R: 2 * qt(.975, 99) * sqrt(1 / 100 + qnorm(.975)^2 / (2 * 99))
    assert limits_width(100, sd=1.0) == pytest.approx(2 * 1.984216951587 * math.sqrt(0.01 + Z**2 / 198), abs=1e-9)
    assert limits_width(100, sd=20.0) == pytest.approx(20 * limits_width(100, sd=1.0))


def test_power_of_limits_of_agreement_is_that_of_simulated_pairs() -> None:
    rng = np.random.default_rng(0)
    drawn = rng.normal(0.3, 1.0, (20_000, 60))
    mean, half = drawn.mean(axis=1), Z * drawn.std(axis=1, ddof=1)
    outer = half + limits_width(60, sd=1.0) / 2 * drawn.std(axis=1, ddof=1)
    reached = np.mean((mean + outer < 2.9) & (mean - outer > -2.9))
    assert limits_power(60, bias=0.3, sd=1.0, allowed=2.9) == pytest.approx(reached, abs=0.03)


def test_power_of_limits_does_not_ask_for_a_side() -> None:
    one, other = (limits_power(80, bias=bias, sd=1.0, allowed=3.0) for bias in (0.4, -0.4))
    assert one == pytest.approx(other)


def test_limits_that_lie_outside_have_no_power() -> None:
    assert limits_power(50, bias=0.0, sd=1.0, allowed=1.9) == pytest.approx(0, abs=0.01)
    assert limits_power(50, bias=0.0, sd=1.0, allowed=1.0) == 0


@settings(max_examples=30)
@given(st.integers(2, 500), st.floats(0.05, 0.9), st.integers(2, 6))
def test_more_studies_and_more_readers_never_hurt(n: int, icc: float, readers: int) -> None:
    assert icc_width(n + 1, icc=icc, readers=readers) < icc_width(n, icc=icc, readers=readers)
    power = icc_power(n, icc=icc, null=icc / 2, readers=readers)
    assert icc_power(n + 1, icc=icc, null=icc / 2, readers=readers) >= power - 1e-12
    assert icc_power(n, icc=icc, null=icc / 2, readers=readers + 1) >= power - 1e-12


@settings(max_examples=30)
@given(st.floats(0.05, 0.95), st.integers(2, 5000))
def test_both_ways_agree(icc: float, n: int) -> None:
    width = icc_width(n, icc=icc, readers=2)
    assert studies_for_width(lambda size: icc_width(size, icc=icc, readers=2), width) == n


def test_what_no_number_of_studies_reaches_is_refused() -> None:
    with pytest.raises(EvaluationError, match="not reached by 10,000,000"):
        studies_for_power(lambda _: 0.5, 0.8)


@pytest.mark.parametrize("width", [0.0, math.nan])
def test_a_width_must_be_above_zero(width: float) -> None:
    with pytest.raises(EvaluationError, match="width above 0"):
        studies_for_width(lambda n: 1 / n, width)


def test_plans_out_of_range_are_refused() -> None:
    with pytest.raises(EvaluationError, match="power must lie"):
        studies_for_power(lambda _: 0.5, 1.0)
    with pytest.raises(EvaluationError, match="below the ICC of 0"):
        icc_power(10, icc=0.6, null=0.6, readers=2)
    with pytest.raises(EvaluationError, match="readers must be at least 2; 1 found"):
        icc_width(10, icc=0.6, readers=1)
    with pytest.raises(EvaluationError, match="a kappa from"):
        kappa_width(10, kappa=1.0, prevalence=0.5)
    with pytest.raises(EvaluationError, match="prevalence must lie"):
        kappa_power(10, kappa=0.8, null=0.6, prevalence=0.0)
    with pytest.raises(EvaluationError, match="standard deviation above 0"):
        limits_width(10, sd=0.0)
    with pytest.raises(EvaluationError, match="level must lie"):
        limits_power(10, bias=0.0, sd=1.0, allowed=3.0, level=1.0)
