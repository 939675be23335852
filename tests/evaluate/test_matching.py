from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vascal.errors import EvaluationError
from vascal.evaluate.matching import compare_balance, match_nearest, sample_balanced, standardised_difference


def test_a_small_stratum_gives_all_it_has_and_others_the_rest() -> None:
    group = np.repeat(["0", "1-99"], 20)
    stratum = np.tile(np.repeat(["a", "b", "c"], [2, 9, 9]), 2)
    drawn = sample_balanced(group, stratum, 12)
    for label in ("0", "1-99"):
        counts = [int(np.sum((group[drawn] == label) & (stratum[drawn] == name))) for name in "abc"]
        assert counts == [2, 5, 5]


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_samples_are_even_repeatable_and_without_repeats(seed: int) -> None:
    rng = np.random.default_rng(seed)
    group, stratum = np.arange(60) % 2, rng.integers(4, size=60)
    wanted = int(rng.integers(1, 31))
    drawn = sample_balanced(group, stratum, wanted, seed=seed)
    assert np.array_equal(drawn, sample_balanced(group, stratum, wanted, seed=seed))
    assert len(np.unique(drawn)) == len(drawn) == 2 * wanted
    for label in (0, 1):
        taken = np.bincount(stratum[drawn][group[drawn] == label], minlength=4)
        there = np.bincount(stratum[group == label], minlength=4)
        assert taken.max() - taken[taken < there].min(initial=int(taken.max())) <= 1


def test_another_seed_draws_others() -> None:
    group, stratum = np.zeros(100), np.zeros(100)
    assert not np.array_equal(sample_balanced(group, stratum, 9), sample_balanced(group, stratum, 9, seed=1))
    assert sample_balanced(group[:0], stratum[:0], 9).size == 0


def test_too_small_a_group_is_refused() -> None:
    with pytest.raises(EvaluationError, match="a group of 2"):
        sample_balanced(np.zeros(2), np.zeros(2), 3)
    with pytest.raises(EvaluationError, match="at least 1 study"):
        sample_balanced(np.zeros(2), np.zeros(2), 0)


def test_pairs_by_hand() -> None:
    is_case = np.array([True, True, False, False, False, False])
    age = np.array([50.0, 60.0, 51.0, 52.0, 62.0, 60.0])
    sex = np.array(["f", "m", "f", "f", "m", "f"])
    found = match_nearest(is_case, {"age": age}, {"age": 2.0}, same={"sex": sex})
    assert found.case.tolist() == [0, 1]
    assert found.control.tolist() == [2, 4]
    assert found.unmatched.size == 0
    two = match_nearest(is_case, {"age": age}, {"age": 2.0}, same={"sex": sex}, per_case=2)
    assert two.case.tolist() == [0, 0]
    assert two.unmatched.tolist() == [1]


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_pairs_keep_calipers_and_keys_and_use_a_control_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    is_case = np.arange(60) < 20
    age, bmi, sex = rng.normal(60, 8, 60), rng.normal(27, 4, 60), rng.integers(2, size=60)
    found = match_nearest(
        is_case, {"age": age, "bmi": bmi}, {"age": 5.0, "bmi": 3.0}, same={"sex": sex, "site": sex * 0}, seed=seed
    )
    assert np.all(np.abs(age[found.case] - age[found.control]) <= 5)
    assert np.all(np.abs(bmi[found.case] - bmi[found.control]) <= 3)
    assert np.all(sex[found.case] == sex[found.control])
    assert len(np.unique(found.control)) == len(found.control)
    assert not is_case[found.control].any()
    assert sorted([*found.case, *found.unmatched]) == list(range(20))


def test_matching_on_age_balances_age() -> None:
    rng = np.random.default_rng(1)
    is_case = np.arange(600) < 100
    age = np.where(is_case, rng.normal(65, 6, 600), rng.normal(60, 8, 600))
    found = match_nearest(is_case, {"age": age}, {"age": 1.0})
    table = compare_balance(is_case, {"age": age}, found)["age"]
    assert table.before > 0.5
    assert abs(table.after) < 0.05
    assert table.matched_case_mean - table.matched_control_mean == pytest.approx(
        table.after * math.sqrt((age[is_case].var(ddof=1) + age[~is_case].var(ddof=1)) / 2)
    )


def test_a_standardised_difference_by_hand() -> None:
    assert standardised_difference(np.array([2.0, 4]), np.array([1.0, 3])) == pytest.approx(1 / math.sqrt(2))
    assert math.isnan(standardised_difference(np.ones(2), np.ones(2)))
    assert math.isnan(standardised_difference(np.ones(1), np.array([1.0, 2])))


def test_without_pairs_there_is_no_balance_after() -> None:
    is_case = np.array([True, True, False, False])
    age = np.array([1.0, 2, 30, 31])
    found = match_nearest(is_case, {"age": age}, {"age": 1.0})
    table = compare_balance(is_case, {"age": age, "one": np.ones(4)}, found)
    assert table["age"].before < -10
    assert math.isnan(table["age"].after)
    assert math.isnan(table["one"].after)


def test_calipers_that_do_not_fit_are_refused() -> None:
    is_case, age = np.array([True, False]), np.array([1.0, 2.0])
    for calipers in ({}, {"bmi": 1.0}, {"age": 0.0}):
        with pytest.raises(EvaluationError, match="one caliper"):
            match_nearest(is_case, {"age": age}, calipers)
    with pytest.raises(EvaluationError, match="at least 1 control"):
        match_nearest(is_case, {"age": age}, {"age": 1.0}, per_case=0)
    with pytest.raises(EvaluationError, match="both groups"):
        match_nearest(~is_case | is_case, {"age": age}, {"age": 1.0})
