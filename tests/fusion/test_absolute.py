"""Risks from margins: hand arithmetic, recovery of what was drawn, and competing events."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifelines import CoxPHFitter

from tests.fusion.cohorts import noise
from vascal.errors import EvaluationError
from vascal.evaluate.survival import kaplan_meier, survival_at
from vascal.fusion.absolute import (
    Baseline,
    LogOdds,
    learn_baseline,
    learn_log_odds,
    risk_by_horizon,
    risk_of_odds,
)
from vascal.fusion.targets import Target


def follow(margin: np.ndarray, seed: int = 1, rate: float = 0.1) -> Target:
    rng = np.random.default_rng(seed)
    time, until = rng.exponential(1 / (rate * np.exp(margin))), rng.uniform(2, 12, len(margin))
    return Target(event=time <= until, time=np.minimum(time, until))


def test_slope_and_baseline_that_were_drawn_are_found() -> None:
    margin = noise(20_000)
    found = learn_baseline(margin, follow(0.5 * margin), 5.0)
    assert found.slope == pytest.approx(0.5, abs=0.02)
    assert found.hazard[-1] == pytest.approx(0.5, rel=0.04)
    assert found.years[-1] == 5.0
    risk = risk_by_horizon([found], [np.zeros(1)])
    assert risk[0] == pytest.approx(1 - np.exp(-found.hazard[-1]), abs=1e-12)


def test_the_baseline_agrees_with_lifelines() -> None:
    margin = noise(300, seed=4)
    target = follow(margin)
    assert target.time is not None
    table = pd.DataFrame({"time": target.time, "event": target.event, "margin": margin})
    other = CoxPHFitter().fit(table, "time", "event", fit_options={"precision": 1e-12})
    horizon = float(np.sort(target.time[target.event])[100])  # between events lifelines interpolates
    found = learn_baseline(margin, target, horizon)
    survival = other.predict_survival_function(pd.DataFrame({"margin": [0.7]}), times=[horizon]).to_numpy()[0, 0]
    assert found.slope == pytest.approx(other.params_["margin"], abs=1e-6)
    # lifelines takes Breslow's estimate; there are no ties here, so Efron's is the same.
    assert risk_by_horizon([found], [np.array([0.7])])[0] == pytest.approx(1 - survival, abs=1e-6)


@pytest.mark.parametrize("margin", [np.zeros(2000), -noise(2000)])
def test_margins_that_foretell_nothing_give_everybody_the_average(margin: np.ndarray) -> None:
    target = follow(noise(2000))
    assert target.time is not None
    found = learn_baseline(margin, target, 5.0)
    assert found.slope == 0
    risk = risk_by_horizon([found], [margin])
    observed = 1 - survival_at(kaplan_meier(target.time, target.event), 5.0).value
    assert risk == pytest.approx(observed, abs=0.01)


def test_without_events_there_is_no_hazard() -> None:
    found = learn_baseline(noise(20), Target(event=np.zeros(20, dtype=bool), time=np.ones(20)), 1.0)
    assert not found.hazard.any()
    assert not risk_by_horizon([found, found], [noise(20), noise(20)]).any()


def test_a_competing_event_takes_patients_away() -> None:
    years = np.linspace(0.01, 1, 100)
    event = Baseline(slope=1.0, years=years, hazard=0.5 * years)
    other = Baseline(slope=1.0, years=years, hazard=1.5 * years)
    found = risk_by_horizon([event, other], [np.zeros(1), np.zeros(1)])
    # Constant hazards: the event has a quarter of all that end.
    assert found[0] == pytest.approx(0.25 * (1 - np.exp(-2.0)), abs=1e-12)


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_a_higher_hazard_raises_its_own_risk_and_lowers_the_other_s(margin: float, other: float) -> None:
    years = np.linspace(0.1, 1, 10)
    baselines = [Baseline(slope=1.0, years=years, hazard=share * years) for share in (0.5, 1.5)]
    margins = [np.array([margin, margin + 0.5, margin]), np.array([other, other, other + 0.5])]
    base, more, less = risk_by_horizon(baselines, margins)
    assert less <= base <= more
    assert less >= 0
    assert more <= 1


def test_a_margin_for_each_cause_is_needed() -> None:
    with pytest.raises(EvaluationError, match="a margin for each cause"):
        risk_by_horizon([], [])


def test_intercept_and_slope_of_yes_or_no_are_found() -> None:
    margin = noise(20_000)
    event = np.random.default_rng(2).random(len(margin)) < 1 / (1 + np.exp(1.5 - 0.6 * margin))
    found = learn_log_odds(margin, Target(event=event))
    assert [found.intercept, found.slope] == pytest.approx([-1.5, 0.6], abs=0.05)
    assert risk_of_odds(found, margin).mean() == pytest.approx(event.mean(), abs=1e-4)
    assert learn_log_odds(-margin, Target(event=event)).slope == 0
    alone = learn_log_odds(np.ones(len(margin)), Target(event=event))
    assert risk_of_odds(alone, margin) == pytest.approx(event.mean())


def test_odds_by_hand() -> None:
    assert risk_of_odds(LogOdds(intercept=-1.0, slope=2.0), np.array([0.5, 1e9])) == pytest.approx([0.5, 1.0])
