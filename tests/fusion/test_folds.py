"""Folds never part a patient, and spread events evenly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.errors import EvaluationError
from vascal.fusion.folds import assign_folds


@given(st.integers(0, 1000), st.integers(2, 6), st.integers(60, 200))
def test_rows_of_a_patient_share_a_fold_and_events_are_spread(seed: int, folds: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    patient = rng.integers(0, rows // 2, rows)
    event = np.arange(rows) % 4 == 0
    fold = assign_folds(patient, event, folds, seed)
    for one in np.unique(patient):
        assert len(np.unique(fold[patient == one])) == 1
    cases = {one: fold[patient == one][0] for one in np.unique(patient[event])}
    counts = np.bincount(list(cases.values()), minlength=folds)
    assert counts.max() - counts.min() <= 1
    people = np.bincount([fold[patient == one][0] for one in np.unique(patient)], minlength=folds)
    assert people.max() - people.min() <= 1


def test_the_same_seed_deals_the_same_way_and_another_does_not() -> None:
    patient, event = np.arange(100), np.arange(100) < 30
    first, again, other = (assign_folds(patient, event, 5, seed) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(("events", "folds"), [(3, 5), (97, 5), (30, 1)])
def test_too_few_of_either_kind_are_refused(events: int, folds: int) -> None:
    with pytest.raises(EvaluationError, match="patients with and without the event"):
        assign_folds(np.arange(100), np.arange(100) < events, folds, 0)
