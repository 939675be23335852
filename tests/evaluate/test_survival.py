from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from lifelines.datasets import load_rossi, load_waltons
from lifelines.statistics import multivariate_logrank_test
from numpy import ndarray
from sksurv.compare import compare_survival
from sksurv.util import Surv

from vascal.errors import EvaluationError
from vascal.evaluate.survival import (
    kaplan_meier,
    log_rank,
    median_survival,
    numbers_at_risk,
    restricted_mean,
    restricted_mean_difference,
    split_strata,
    survival_at,
)

HAND_TIME = np.array([1.0, 2.0, 2.0, 3.0, 5.0])
HAND_EVENT = np.array([True, True, False, False, True])


@pytest.fixture(scope="module")
def rossi() -> tuple[ndarray, ndarray, ndarray]:
    frame = load_rossi()
    return frame["week"].to_numpy(float), frame["arrest"].to_numpy(bool), frame["fin"].to_numpy()


def draw(seed: int, n: int = 80, ties: bool = True) -> tuple[ndarray, ndarray, ndarray]:
    rng = np.random.default_rng(seed)
    time = rng.exponential(5, n)
    return np.ceil(time) if ties else time, rng.random(n) < 0.6, rng.integers(3, size=n)


def test_a_curve_by_hand() -> None:
    curve = kaplan_meier(HAND_TIME, HAND_EVENT)
    assert curve.time.tolist() == [1, 2, 3, 5]
    assert curve.at_risk.tolist() == [5, 4, 2, 1]
    assert curve.events.tolist() == [1, 1, 0, 1]
    assert curve.censored.tolist() == [0, 1, 1, 0]
    assert curve.survival == pytest.approx([0.8, 0.6, 0.6, 0])
    assert np.isnan(curve.low[-1])
    # R: summary(survfit(Surv(c(1,2,2,3,5), c(1,1,0,0,1)) ~ 1, conf.type = "log-log"))
    assert curve.low[:3] == pytest.approx([0.203809263268, 0.125730182994, 0.125730182994], abs=1e-10)
    assert curve.high[:3] == pytest.approx([0.969179788867, 0.881756407394, 0.881756407394], abs=1e-10)


def test_the_recidivism_study_is_met(rossi: tuple[ndarray, ndarray, ndarray]) -> None:
    time, event, fin = rossi
    found = survival_at(kaplan_meier(time, event), 52)
    assert (found.value, found.low, found.high) == pytest.approx((0.7361, 0.6919, 0.7751), abs=5e-5)
    test = log_rank(time, event, fin)
    assert (test.statistic, test.p_value) == pytest.approx((3.8376, 0.0501), abs=5e-5)
    assert test.observed.tolist() == [66, 48]
    assert test.freedom == 1


def test_the_waltons_study_is_met() -> None:
    frame = load_waltons()
    test = log_rank(frame["T"].to_numpy(float), frame["E"].to_numpy(bool), frame["group"].to_numpy(str))
    assert test.statistic == pytest.approx(122.249, abs=5e-4)
    assert test.groups.tolist() == ["control", "miR-137"]


@pytest.mark.parametrize("seed", range(4))
def test_curves_agree_with_lifelines(seed: int) -> None:
    time, event, _ = draw(seed)
    curve = kaplan_meier(time, event, level=0.9)
    other = KaplanMeierFitter(alpha=0.1).fit(time, event)
    inside = curve.survival > 0
    assert curve.survival == pytest.approx(other.survival_function_.to_numpy()[1:, 0], abs=1e-8)
    limits = other.confidence_interval_.to_numpy()[1:][inside]
    assert np.stack([curve.low, curve.high], axis=1)[inside] == pytest.approx(limits, abs=1e-8)
    assert median_survival(curve).value == other.median_survival_time_


@pytest.mark.parametrize("seed", range(4))
def test_log_rank_agrees_with_two_libraries(seed: int) -> None:
    time, event, group = draw(seed)
    found = log_rank(time, event, group)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = multivariate_logrank_test(time, group, event)
    statistic, p_value = compare_survival(Surv.from_arrays(event, time), group)
    assert found.freedom == 2
    assert found.statistic == pytest.approx(other.test_statistic, abs=1e-8)
    assert found.statistic == pytest.approx(statistic, abs=1e-8)
    assert found.p_value == pytest.approx(p_value, abs=1e-8)
    assert found.observed.sum() == pytest.approx(found.expected.sum())


def test_a_stratified_log_rank_agrees_with_r(rossi: tuple[ndarray, ndarray, ndarray]) -> None:
    # R: survdiff(Surv(week, arrest) ~ fin + strata(race), data = Rossi)
    frame = load_rossi()
    found = log_rank(*rossi, stratum=frame["race"].to_numpy())
    assert found.statistic == pytest.approx(4.04849659774, abs=1e-8)


def test_a_group_that_left_before_any_event_is_not_compared() -> None:
    time, event = np.array([0.5, 1, 2, 3, 4.0]), np.array([False, True, True, True, False])
    found = log_rank(time, event, np.array([0, 1, 2, 1, 2]))
    assert found.freedom == 1
    assert found.expected[0] == 0


def test_too_little_to_compare_is_refused() -> None:
    ones = np.ones(3)
    with pytest.raises(EvaluationError, match="two groups"):
        log_rank(ones, np.zeros(3, dtype=bool), np.arange(3))
    with pytest.raises(EvaluationError, match="two groups"):
        log_rank(ones, np.ones(3, dtype=bool), np.zeros(3, dtype=int))
    with pytest.raises(EvaluationError, match="same times"):
        log_rank(ones, np.ones(3, dtype=bool), np.arange(3), stratum=np.arange(3))
    with pytest.raises(EvaluationError, match="stratum for each"):
        split_strata(np.arange(2), 3)


@pytest.mark.parametrize("bad", [np.array([1.0, -1.0]), np.array([1.0, np.nan]), np.array([])])
def test_follow_up_that_can_not_be_is_refused(bad: ndarray) -> None:
    with pytest.raises(EvaluationError):
        kaplan_meier(bad, np.zeros(len(bad), dtype=bool))


def test_survival_is_read_as_a_step() -> None:
    curve = kaplan_meier(HAND_TIME, HAND_EVENT)
    assert survival_at(curve, 0.0).low == survival_at(curve, 0.99).value == 1
    assert survival_at(curve, 1.0).value == survival_at(curve, 1.9).value == pytest.approx(0.8)
    assert survival_at(curve, 9.0).value == 0
    open_end = kaplan_meier(HAND_TIME[:4], HAND_EVENT[:4])
    assert math.isnan(survival_at(open_end, 3.1).value)
    assert math.isnan(survival_at(open_end, 3.1).low)
    with pytest.raises(EvaluationError, match="0 or more"):
        survival_at(curve, -1)


def test_a_median_nobody_reached_is_later_than_follow_up(rossi: tuple[ndarray, ndarray, ndarray]) -> None:
    assert median_survival(kaplan_meier(rossi[0], rossi[1])).value == math.inf
    found = median_survival(kaplan_meier(np.arange(1.0, 5), np.ones(4, dtype=bool)))
    assert (found.value, found.high) == (2.0, math.inf)


def test_a_median_agrees_with_r() -> None:
    # R: survfit(Surv(time, status) ~ 1, data = aml, conf.type = "log-log")
    time = np.array([9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161, 5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45], float)
    censored = np.array([0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], bool)
    found = median_survival(kaplan_meier(time, ~censored))
    assert (found.value, found.low, found.high) == (27.0, 13.0, 34.0)
    mean = restricted_mean(time, ~censored, 40.0)
    # R: survfit(...) with print(rmean = 40)
    assert (mean.value, (mean.high - mean.low) / 2 / 1.959963984540054) == pytest.approx(
        (25.23947550035, 2.69840254106), abs=1e-8
    )


def test_numbers_at_risk_count_those_not_yet_gone() -> None:
    assert numbers_at_risk(HAND_TIME, np.array([0.0, 1, 2, 2.5, 6])).tolist() == [5, 5, 4, 2, 0]


def test_a_restricted_mean_without_censoring_is_a_mean() -> None:
    time = np.array([1.0, 3, 4, 10])
    found = restricted_mean(time, np.ones(4, dtype=bool), 5.0)
    cut = np.minimum(time, 5)
    assert found.value == pytest.approx(cut.mean())
    assert found.high - found.value == pytest.approx(min(5 - cut.mean(), 1.959964 * cut.std() / 2), rel=1e-6)
    assert restricted_mean(time, np.ones(4, dtype=bool), 20.0).value == pytest.approx(4.5)


@given(st.integers(0, 10_000))
def test_restricted_means_of_two_groups_subtract(seed: int) -> None:
    time, event, _ = draw(seed, 30)
    first, second = (time[:15], event[:15]), (time[15:], event[15:])
    until = float(min(first[0].max(), second[0].max()))
    found = restricted_mean_difference(first, second, until)
    back = restricted_mean_difference(second, first, until)
    gap = restricted_mean(*first, until).value - restricted_mean(*second, until).value
    assert found.value == pytest.approx(gap) == pytest.approx(-back.value)
    assert found.low == pytest.approx(-back.high)
    assert found.p_value == pytest.approx(back.p_value)


def test_groups_without_events_have_no_test_of_their_means() -> None:
    group = (np.array([3.0, 4.0]), np.zeros(2, dtype=bool))
    assert restricted_mean_difference(group, group, 3.0).p_value is None


@pytest.mark.parametrize("until", [0.0, 4.0, math.inf])
def test_a_horizon_beyond_follow_up_is_refused(until: float) -> None:
    with pytest.raises(EvaluationError, match="horizon"):
        restricted_mean(HAND_TIME[:4], HAND_EVENT[:4], until)
