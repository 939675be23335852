from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vascal.errors import EvaluationError
from vascal.evaluate.risk_sets import LateWeights, RiskSets, Stratum, _advance, maximise


def stratum_of(seed: int) -> Stratum:
    rng = np.random.default_rng(seed)
    time, event = np.ceil(6 * rng.random(30)), rng.random(30) < 0.6
    event[0] = True
    return Stratum(sets=RiskSets(time=time, event=event), x=rng.normal(size=(30, 2)), ties="efron")


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.booleans())
def test_sums_and_totals_are_those_of_a_plain_loop(seed: int, is_late: bool) -> None:
    rng = np.random.default_rng(seed)
    time, event = np.ceil(6 * rng.random(20)), rng.random(20) < 0.6
    moments = np.unique(time[event])
    late = LateWeights(of_time=rng.random(len(moments)), of_study=rng.random(20) * ~event) if is_late else None
    weight = (time[None] >= moments[:, None]).astype(float)
    if late is not None:
        weight += (time[None] < moments[:, None]) * late.of_time[:, None] * late.of_study[None]
    sets = RiskSets(time=time, event=event, late=late)
    values, changes = rng.normal(size=(20, 2)), rng.normal(size=(len(moments), 2))
    assert sets.sums(values) == pytest.approx(weight @ values)
    assert sets.totals(changes) == pytest.approx(weight.T @ changes)


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_slope_and_curvature_are_those_of_the_likelihood(seed: int) -> None:
    stratum, step = stratum_of(seed), 1e-5
    beta = np.random.default_rng(seed).normal(size=2) / 2
    at = stratum.likelihood(beta)
    for i, move in enumerate(np.eye(2) * step):
        ahead, behind = stratum.likelihood(beta + move), stratum.likelihood(beta - move)
        assert stratum.score(at)[i] == pytest.approx((ahead.log - behind.log) / (2 * step), abs=1e-5)
        bend = (stratum.score(behind) - stratum.score(ahead)) / (2 * step)
        assert stratum.information(at)[i] == pytest.approx(bend, abs=1e-5)
    assert stratum.residuals(at).sum(axis=0) == pytest.approx(stratum.score(at))


def test_too_long_a_step_is_halved_and_a_wrong_one_refused() -> None:
    stratum = stratum_of(1)
    beta, slope = np.zeros(2), stratum.score(stratum.likelihood(np.zeros(2)))
    log = stratum.likelihood(beta).log
    moved, _, reached = _advance([stratum], beta, 1e4 * slope, log)
    assert reached > log
    assert np.abs(moved).max() < np.abs(1e4 * slope).max()
    with pytest.raises(EvaluationError, match="disagree"):
        _advance([stratum], beta, -slope, log + 1.0)


def test_a_covariate_that_tells_the_events_has_no_finite_ratio() -> None:
    event = np.array([True, True, False, False])
    stratum = Stratum(sets=RiskSets(time=np.ones(4), event=event), x=event[:, None].astype(float), ties="breslow")
    with pytest.raises(EvaluationError, match="nor with the events"):
        maximise([stratum])


def test_a_fit_that_does_not_settle_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vascal.evaluate.risk_sets.MOST_STEPS", 1)
    with pytest.raises(EvaluationError, match="no finite hazard ratio"):
        maximise([stratum_of(2)])


def test_coefficients_beyond_all_numbers_are_as_unlikely_as_can_be() -> None:
    stratum = stratum_of(3)
    assert stratum.likelihood(np.array([1e5, 0.0])).log == -np.inf
