"""Order, error and calibration of risks: by hand, by brute force and on risks that are true."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vascal.errors import EvaluationError
from vascal.evaluate.estimate import Values
from vascal.fusion.concordance import compare_concordance, estimate_concordance, quick_concordance
from vascal.fusion.performance import judge, observed_expected, risk_groups
from vascal.fusion.targets import Ends

HORIZON = 5.0


def draw_true(rows: int, seed: int = 0, *, competing: bool, censored: bool = True) -> tuple[Ends, Values]:
    """Constant hazards, and the true risk of the event by the horizon."""
    rng = np.random.default_rng(seed)
    hazard = 0.05 * np.exp(rng.normal(0, 0.8, rows))
    other = np.full(rows, 0.06 if competing else 1e-12)
    ended = rng.exponential(1 / (hazard + other))
    cause = np.where(rng.random(rows) < hazard / (hazard + other), 1, 2)
    until = rng.uniform(2, 12, rows) if censored else np.full(rows, 50.0)
    causes = np.where(ended <= until, cause, 0)
    risk = hazard / (hazard + other) * -np.expm1(-(hazard + other) * HORIZON)
    return Ends(causes=causes, time=np.minimum(ended, until)), risk


def pairs(ends: Ends, score: Values) -> float:
    """Wolbers' concordance by looking at every pair."""
    assert ends.time is not None
    right, total = 0.0, 0
    for first in np.flatnonzero(ends.causes == 1):
        later = (ends.time > ends.time[first]) | (ends.causes == 2)
        later |= (ends.time == ends.time[first]) & (ends.causes == 0)
        later[first] = False
        total += int(later.sum())
        right += float((score[later] < score[first]).sum() + 0.5 * (score[later] == score[first]).sum())
    return right / total if total else math.nan


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_concordance_with_competing_events_counts_every_pair(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ends = Ends(causes=rng.integers(0, 3, 40), time=rng.integers(1, 15, 40).astype(float))
    score = rng.integers(0, 8, 40).astype(float)
    found = quick_concordance(ends, score)
    assert found == pytest.approx(pairs(ends, score), nan_ok=True)
    if not math.isnan(found):
        assert estimate_concordance(ends, score).value == pytest.approx(found)


@pytest.mark.parametrize("competing", [False, True])
def test_true_risks_are_judged_calibrated(competing: bool) -> None:
    ends, risk = draw_true(20_000, seed=3, competing=competing)
    found = judge(ends, risk, HORIZON).measures
    assert found["observed_expected"].value == pytest.approx(1.0, abs=0.04)
    assert found["calibration_slope"].value == pytest.approx(1.0, abs=0.05)
    assert found["calibration_slope"].low < 1 < found["calibration_slope"].high
    assert found["brier"].value == pytest.approx(float(np.mean(risk * (1 - risk))), abs=0.004)
    assert found["scaled_brier"].value > 0.02
    assert ("uno_c" in found) is not competing
    assert ("auc_at_horizon" in found) is not competing


@pytest.mark.parametrize("competing", [False, True])
def test_risks_that_are_too_high_and_too_spread_out_are_seen(competing: bool) -> None:
    ends, risk = draw_true(8000, competing=competing)
    high = judge(ends, np.clip(1.5 * risk, 0, 0.999), HORIZON).measures
    assert high["observed_expected"].value == pytest.approx(1 / 1.5, abs=0.05)
    steep = 1 - np.exp(-np.exp(2 * np.log(-np.log1p(-risk)) + 1.2))
    assert judge(ends, steep, HORIZON).measures["calibration_slope"].value == pytest.approx(0.5, abs=0.06)


def test_without_censoring_the_brier_score_is_the_mean_square() -> None:
    ends, risk = draw_true(400, competing=True, censored=False)
    assert ends.time is not None
    had = (ends.causes == 1) & (ends.time <= HORIZON)
    found = judge(ends, risk, HORIZON).measures["brier"]
    assert found.value == pytest.approx(float(np.mean((risk - had) ** 2)), abs=1e-12)
    assert found.low < found.value < found.high


def test_observed_over_expected_by_hand() -> None:
    # 4 patients: event at 1, death at 2, event at 3, alive at 9. Incidence by 5: 1/4 + 2/4 * 1/2 = 1/2.
    ends = Ends(causes=np.array([1, 2, 1, 0]), time=np.array([1.0, 2.0, 3.0, 9.0]))
    found = observed_expected(ends, np.array([0.1, 0.2, 0.3, 0.4]), HORIZON)
    assert found.value == pytest.approx(0.5 / 0.25)


def test_groups_of_like_risk_follow_the_diagonal_where_risks_are_true() -> None:
    ends, risk = draw_true(20_000, competing=True)
    groups = risk_groups(ends, risk, HORIZON)
    assert len(groups) == 10
    assert [one.predicted for one in groups] == sorted(one.predicted for one in groups)
    inside = sum(one.observed.low <= one.predicted <= one.observed.high for one in groups)
    assert inside >= 8


def test_groups_that_were_not_followed_long_enough_are_left_out() -> None:
    ends, risk = draw_true(200, competing=False)
    years = ends.target.years
    short = Ends(causes=ends.causes, time=np.where(risk > np.median(risk), np.minimum(years, 3.0), years))
    assert 0 < len(risk_groups(short, risk, HORIZON)) < 6


@pytest.mark.parametrize("competing", [False, True])
def test_equal_risks_have_no_slope_and_no_order(competing: bool) -> None:
    ends, _ = draw_true(500, competing=competing)
    found = judge(ends, np.full(500, 0.2), HORIZON).measures
    assert "calibration_slope" not in found
    assert found["concordance"].value == 0.5


def test_risks_that_part_events_from_all_others_have_no_slope() -> None:
    time = np.concatenate([np.arange(1.0, 31.0), np.full(60, 9.0)])
    ends = Ends(causes=np.repeat([1, 0], [30, 60]), time=time)
    found = judge(ends, np.concatenate([np.linspace(0.9, 0.5, 30), np.full(60, 0.1)]), HORIZON).measures
    assert "calibration_slope" not in found
    assert found["concordance"].value == 1.0


def test_yes_or_no_is_judged_as_a_probability() -> None:
    rng = np.random.default_rng(3)
    risk = rng.beta(1.5, 4, 5000)
    ends = Ends(causes=(rng.random(5000) < risk).astype(np.int64))
    found = judge(ends, risk, None)
    assert found.measures["calibration_slope"].value == pytest.approx(1.0, abs=0.1)
    assert found.measures["brier"].value == pytest.approx(float(np.mean((risk - ends.causes) ** 2)))
    assert len(found.bins) == 10
    assert "calibration_slope" not in judge(ends, np.full(5000, 0.3), None).measures
    assert math.isnan(quick_concordance(Ends(causes=np.zeros(5, dtype=np.int64)), risk[:5]))


@pytest.mark.parametrize("kind", ["timed", "competing", "yes-no"])
def test_a_better_score_is_told_from_a_worse_one(kind: str) -> None:
    ends, risk = draw_true(3000, competing=kind == "competing")
    if kind == "yes-no":
        ends = Ends(causes=(ends.causes == 1).astype(np.int64))
    worse = np.random.default_rng(9).normal(np.log(risk), 1.0)
    found = compare_concordance(ends, worse, risk)
    expected = quick_concordance(ends, risk) - quick_concordance(ends, worse)
    assert found.value == pytest.approx(expected)
    assert 0 < found.low < found.value < found.high
    assert compare_concordance(ends, risk, risk).value == 0


def test_nobody_to_compare_is_refused() -> None:
    ends = Ends(causes=np.zeros(3, dtype=np.int64), time=np.ones(3))
    with pytest.raises(EvaluationError, match="none found"):
        compare_concordance(ends, np.arange(3.0), np.arange(3.0))
