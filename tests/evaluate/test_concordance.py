from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines.datasets import load_rossi
from lifelines.utils import concordance_index
from numpy import ndarray
from sksurv.metrics import brier_score, concordance_index_censored, concordance_index_ipcw, cumulative_dynamic_auc
from sksurv.util import Surv

from vascal.errors import EvaluationError
from vascal.evaluate.concordance import auc_by_time, brier_at, concordance_influence, concordance_of, harrell_c, uno_c
from vascal.evaluate.cox import fit_cox


def draw(seed: int, n: int = 90, ties: bool = False, lost_after: float = 2.0) -> tuple[ndarray, ndarray, ndarray]:
    rng = np.random.default_rng(seed)
    score = rng.normal(size=n)
    failure, lost = rng.exponential(np.exp(-score)), rng.exponential(lost_after, n)
    time, event = np.minimum(failure, lost), failure <= lost
    return (np.ceil(4 * time), event, np.round(score)) if ties else (time, event, score)


@pytest.fixture(scope="module")
def rossi() -> tuple[ndarray, ndarray, ndarray]:
    frame = load_rossi()
    names = ("fin", "age", "race", "wexp", "mar", "paro", "prio")
    covariates = {name: frame[name].to_numpy(float) for name in names}
    time, event = frame["week"].to_numpy(float), frame["arrest"].to_numpy(bool)
    return time, event, fit_cox(time, event, covariates).linear_predictor(covariates)


def test_the_recidivism_study_is_met(rossi: tuple[ndarray, ndarray, ndarray]) -> None:
    assert harrell_c(*rossi).value == pytest.approx(0.64033, abs=5e-6)
    assert uno_c(*rossi, until=50).value == pytest.approx(0.63992, abs=5e-6)


def test_harrells_standard_error_agrees_with_r(rossi: tuple[ndarray, ndarray, ndarray]) -> None:
    # R: concordance(coxph(Surv(week, arrest) ~ ., Rossi))[c("concordance", "var")]
    value, influence = concordance_influence(*rossi)
    assert value == pytest.approx(0.6403292470997, abs=1e-8)
    assert float(np.sum(influence**2)) == pytest.approx(0.0007106555097615, abs=1e-10)


@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_harrell_agrees_with_two_libraries(seed: int, ties: bool) -> None:
    time, event, score = draw(seed, ties=ties)
    found = harrell_c(time, event, score).value
    assert concordance_of(time, event, score) == found
    assert found == pytest.approx(concordance_index_censored(event, time, score)[0], abs=1e-8)
    if not ties:
        assert found == pytest.approx(concordance_index(time, -score, event), abs=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_uno_agrees_with_a_library(seed: int) -> None:
    time, event, score = draw(seed)
    outcome = Surv.from_arrays(event, time)
    until = float(np.quantile(time, 0.8))
    found = uno_c(time, event, score, until=until).value
    assert found == pytest.approx(concordance_index_ipcw(outcome, outcome, score, tau=until)[0], abs=1e-8)


@pytest.mark.parametrize("ties", [True, False])
def test_auc_by_time_agrees_with_a_library(ties: bool) -> None:
    time, event, score = draw(4)
    score, at = np.round(score, 1) if ties else score, np.quantile(time, [0.2, 0.5, 0.8])
    # The library weighs the last study too, and can not when it was censored.
    event[np.argmax(time)] = True
    outcome = Surv.from_arrays(event, time)
    other = cumulative_dynamic_auc(outcome, outcome, score, at)[0]
    assert [estimate.value for estimate in auc_by_time(time, event, score, at)] == pytest.approx(other, abs=1e-8)


def test_the_brier_score_agrees_with_a_library() -> None:
    time, event, score = draw(5)
    event[np.argmax(time)] = True
    outcome, at, risk = Surv.from_arrays(event, time), float(np.quantile(time, 0.6)), 1 / (1 + np.exp(-score))
    other = brier_score(outcome, outcome, 1 - risk[:, None], at)[1][0]
    assert brier_at(time, event, risk, at).value == pytest.approx(other, abs=1e-8)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.booleans())
def test_turning_the_score_turns_the_statistic(seed: int, ties: bool) -> None:
    time, event, score = draw(seed, 25, ties)
    for statistic in (harrell_c, uno_c):
        forth, back = statistic(time, event, score), statistic(time, event, -score)
        assert forth.value == pytest.approx(1 - back.value, nan_ok=True)
        assert forth.low == pytest.approx(1 - back.high, nan_ok=True)
        again = statistic(time, event, np.exp(score))
        assert again.value == pytest.approx(forth.value, nan_ok=True)


@pytest.mark.parametrize("statistic", ["harrell", "uno", "auc", "brier"])
def test_influence_is_what_one_copy_of_a_study_more_or_less_does(statistic: str) -> None:
    # Of many copies of each study one is left out, or one more put in:
    # a derivative, free of what n = 60 does to a whole one.
    time, event, score = draw(6, 60, lost_after=0.4)
    at, copies = float(np.quantile(time, 0.9)), 60
    every = np.tile(np.arange(60), copies)

    def width(keep: ndarray) -> tuple[float, float, float]:
        columns = time[keep], event[keep], score[keep]
        risk = 1 / (1 + np.exp(-columns[2]))
        found = {
            "harrell": lambda: harrell_c(*columns),
            "uno": lambda: uno_c(*columns, until=at),
            "auc": lambda: auc_by_time(*columns, np.array([at]))[0],
            "brier": lambda: brier_at(columns[0], columns[1], risk, at),
        }[statistic]()
        return found.value, found.low, found.high

    value, low, high = width(np.arange(60))
    same = width(every)[0]
    assert same == pytest.approx(value)
    with_and_without = [(width(np.append(every, i))[0], width(np.delete(every, i))[0]) for i in range(60)]
    changes = copies * np.diff(with_and_without)[:, 0] / 2
    slope = 1.0 if statistic == "brier" else 1 / (value * (1 - value))
    if statistic != "brier":
        low, high = (math.log(limit / (1 - limit)) for limit in (low, high))
    assert (high - low) / 2 / 1.959964 / slope == pytest.approx(math.sqrt(np.sum(changes**2)), rel=1e-4)


def test_without_censoring_auc_and_brier_are_the_plain_ones() -> None:
    time, event, score = draw(7)
    event[:] = True
    at = float(np.median(time))
    case, risk = time <= at, 1 / (1 + np.exp(-score))
    pairs = score[case][:, None] > score[~case][None]
    assert auc_by_time(time, event, score, np.array([at]))[0].value == pytest.approx(pairs.mean())
    found = brier_at(time, event, risk, at)
    assert found.value == pytest.approx(np.mean((risk - case) ** 2))
    assert found.high - found.value == pytest.approx(1.959964 * np.std((risk - case) ** 2) / math.sqrt(90), rel=1e-6)
    assert uno_c(time, event, score).value == pytest.approx(harrell_c(time, event, score).value)


def test_an_event_and_a_censoring_at_the_same_time_are_a_pair_but_two_events_are_not() -> None:
    score = np.array([2.0, 1.0])
    assert harrell_c(np.ones(2), np.array([True, False]), score).value == 1
    assert math.isnan(harrell_c(np.ones(2), np.array([True, True]), score).value)


def test_perfect_order_has_no_interval() -> None:
    found = harrell_c(np.arange(4.0), np.ones(4, dtype=bool), -np.arange(4.0))
    assert found.value == 1
    assert math.isnan(found.low)


def test_what_is_not_defined_is_nan() -> None:
    time, event, score = np.array([1.0, 2, 3]), np.array([False, True, False]), np.arange(3.0)
    for found in auc_by_time(time, event, score, np.array([1.5, 3.0])):
        assert math.isnan(found.value)
    assert math.isnan(brier_at(time, event, np.full(3, 0.5), 3.0).value)
    assert math.isnan(uno_c(time, ~event & False, score).value)


def test_what_can_not_be_used_is_refused() -> None:
    time, event = np.array([1.0, 2]), np.array([True, False])
    with pytest.raises(EvaluationError, match="finite"):
        harrell_c(time, event, np.array([1.0, np.nan]))
    with pytest.raises(EvaluationError, match="horizon"):
        uno_c(time, event, time, until=0)
    with pytest.raises(EvaluationError, match="probabilities"):
        brier_at(time, event, time, 1.0)
