from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vascal.evaluate.censoring import censoring_residuals, estimate_censoring, pull_of_later, weigh_by_censoring
from vascal.evaluate.survival import kaplan_meier

TIME, EVENT = np.array([1.0, 1, 2, 3]), np.array([True, False, True, False])


def test_an_event_leaves_before_a_censoring_at_the_same_time() -> None:
    censoring = estimate_censoring(TIME, EVENT)
    assert censoring.at_risk.tolist() == [3, 1]
    assert censoring.before(np.array([1.0, 1.5, 3.0])) == pytest.approx([1, 2 / 3, 2 / 3])
    assert censoring.after(np.array([0.5, 1.0, 3.0])) == pytest.approx([1, 2 / 3, 0])


def test_weights_stand_for_the_lost() -> None:
    censoring = estimate_censoring(TIME, EVENT)
    assert weigh_by_censoring(TIME, EVENT, censoring, math.inf) == pytest.approx([1, 0, 1.5, 0])
    assert weigh_by_censoring(TIME, EVENT, censoring, math.inf, power=2) == pytest.approx([1, 0, 2.25, 0])
    assert weigh_by_censoring(TIME, EVENT, censoring, 2.0) == pytest.approx([1, 0, 0, 0])


def test_terms_count_at_moments_before_their_own() -> None:
    terms = np.array([1.0, 2, 4, 8])
    assert pull_of_later(np.array([1.0, 3.0]), TIME, terms)[:, 0].tolist() == [12, 0]


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_residuals_of_all_studies_sum_to_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    time, event = np.ceil(8 * rng.random(30)), rng.random(30) < 0.5
    censoring = estimate_censoring(time, event)
    pull = rng.normal(size=(len(censoring.moments), 2))
    assert censoring_residuals(time, event, censoring, pull).sum(axis=0) == pytest.approx([0, 0], abs=1e-12)


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_the_shares_free_of_event_and_observed_make_up_the_followed(seed: int) -> None:
    rng = np.random.default_rng(seed)
    time, event = np.ceil(8 * rng.random(30)), rng.random(30) < 0.5
    curve, censoring = kaplan_meier(time, event), estimate_censoring(time, event)
    followed = (time[None] > curve.time[:, None]).mean(axis=1)
    assert curve.survival * censoring.after(curve.time) == pytest.approx(followed, abs=1e-12)
