from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy import ndarray
from sksurv.nonparametric import cumulative_incidence_competing_risks

from vascal.errors import EvaluationError
from vascal.evaluate.competing_risks import (
    cumulative_incidence,
    fit_cause_specific,
    incidence_at,
    incidence_by_group,
)
from vascal.evaluate.cox import fit_cox
from vascal.evaluate.survival import kaplan_meier


def draw(seed: int, n: int = 80, ties: bool = True) -> tuple[ndarray, ndarray]:
    rng = np.random.default_rng(seed)
    time = rng.exponential(5, n)
    return np.ceil(time) if ties else time, rng.integers(3, size=n)


def test_an_incidence_by_hand() -> None:
    curve = cumulative_incidence(np.array([1.0, 2, 3, 4]), np.array([1, 2, 1, 0]), 1)
    assert curve.incidence == pytest.approx([0.25, 0.25, 0.5, 0.5])
    other = cumulative_incidence(np.array([1.0, 2, 3, 4]), np.array([1, 2, 1, 0]), 2)
    assert other.incidence == pytest.approx([0, 0.25, 0.25, 0.25])
    assert other.low[0] == other.high[0] == 0


@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_incidences_agree_with_a_library(seed: int, ties: bool) -> None:
    time, causes = draw(seed, ties=ties)
    order = np.argsort(time)
    causes[order[-1]], time[order[-1]] = 0, time.max() + 1  # the library divides by 0 where nobody is left
    _, other, limits = cumulative_incidence_competing_risks(
        causes, time, conf_level=0.9, conf_type="log-log", var_type="Dinse_Approx"
    )
    for cause in (1, 2):
        curve = cumulative_incidence(time, causes, cause, level=0.9)
        shown = curve.incidence > 0
        assert curve.incidence == pytest.approx(other[cause], abs=1e-8)
        assert curve.low[shown] == pytest.approx(limits[cause, 0][shown], abs=1e-8)
        assert curve.high[shown] == pytest.approx(limits[cause, 1][shown], abs=1e-8)


def test_incidences_agree_with_r() -> None:
    # R: i <- 1:80; t <- round(10*((i*0.6180339887)%%1)+0.3*(i%%7)+0.001*i, 4); e <- (i*i+i%/%5)%%3
    #    cmprsk::timepoints(cmprsk::cuminc(t, e), c(3, 6, 9))$est
    i = np.arange(1, 81)
    time, causes = np.round(10 * ((i * 0.6180339887) % 1) + 0.3 * (i % 7) + 0.001 * i, 4), (i * i + i // 5) % 3
    wanted = {
        1: [0.0944599438985771, 0.221945783203021, 0.378947321586466],
        2: [0.0800743731967309, 0.189058989685746, 0.265657884275804],
    }
    # cuminc's variance, Aalen's, is a little larger in small studies.
    variance = {1: [0.00117854700975732, 0.00265882320217753, 0.00423073811300045]}
    for cause, values in wanted.items():
        curve = cumulative_incidence(time, causes, cause)
        assert [incidence_at(curve, at).value for at in (3.0, 6.0, 9.0)] == pytest.approx(values, abs=1e-12)
    curve = cumulative_incidence(time, causes, 1)
    steps = np.searchsorted(curve.time, [3.0, 6.0, 9.0], side="right") - 1
    assert curve.variance[steps] == pytest.approx(variance[1], rel=0.05)


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_causes_and_survivors_are_everybody(seed: int) -> None:
    time, causes = draw(seed, 30)
    parts = [cumulative_incidence(time, causes, cause).incidence for cause in (1, 2)]
    assert sum(parts) + kaplan_meier(time, causes > 0).survival == pytest.approx(1)


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_a_single_cause_is_one_less_kaplan_meier_with_greenwoods_variance(seed: int) -> None:
    time, causes = draw(seed, 30)
    causes = np.minimum(causes, 1)
    curve, other = cumulative_incidence(time, causes, 1), kaplan_meier(time, causes > 0)
    assert curve.incidence == pytest.approx(1 - other.survival)
    terms = np.cumsum(other.events / np.maximum(other.at_risk * (other.at_risk - other.events), 1e-9))
    left = other.survival > 0
    assert curve.variance[left] == pytest.approx((other.survival**2 * terms)[left], abs=1e-12)


def test_everybody_has_had_it_in_the_end() -> None:
    curve = cumulative_incidence(np.array([1.0, 2]), np.array([1, 1]), 1)
    assert curve.incidence[-1] == 1
    assert math.isnan(curve.low[-1])


def test_an_incidence_is_read_as_a_step() -> None:
    curve = cumulative_incidence(np.array([1.0, 2]), np.array([1, 0]), 1)
    assert incidence_at(curve, 0.5).high == 0
    assert incidence_at(curve, 1.5).value == incidence_at(curve, 2.0).value == 0.5
    assert math.isnan(incidence_at(curve, 2.5).value)
    with pytest.raises(EvaluationError, match="0 or more"):
        incidence_at(curve, -1)


def test_groups_are_estimated_apart() -> None:
    time, causes = draw(1)
    group = np.where(np.arange(80) < 30, "CAC 0", "CAC 1+")
    found = incidence_by_group(time, causes, 2, group)
    assert list(found) == ["CAC 0", "CAC 1+"]
    assert found["CAC 0"].incidence.tolist() == cumulative_incidence(time[:30], causes[:30], 2).incidence.tolist()
    assert found["CAC 1+"].n == 50


def test_a_cause_specific_hazard_censors_other_causes() -> None:
    time, causes = draw(2)
    covariates = {"x": np.random.default_rng(2).normal(size=80)}
    found = fit_cause_specific(time, causes, 2, covariates)
    assert found.coefficients == pytest.approx(fit_cox(time, causes == 2, covariates).coefficients)


@pytest.mark.parametrize(("causes", "cause"), [(np.array([-1, 1]), 1), (np.array([0, 1]), 0)])
def test_impossible_causes_are_refused(causes: ndarray, cause: int) -> None:
    with pytest.raises(EvaluationError, match="1 and up"):
        cumulative_incidence(np.array([1.0, 2]), causes, cause)
