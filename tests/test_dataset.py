from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.dataset import (
    SPLITS,
    Case,
    Dataset,
    SplitPlan,
    WeakScores,
    draw_fraction,
    make_pseudonym,
    name_vessel,
    number_labels,
    split_patients,
)
from vascal.errors import InputError

CASE = Case(case_id="a", patient_id="p", image="a.nii.gz", split="train", source="masks", sha256="0")
PATIENTS = {f"p{number}": "all" for number in range(2000)}

names = st.sets(st.text("abcdef0123456789", min_size=4, max_size=8), max_size=60)


@given(names, names, st.integers(0, 5))
def test_patients_added_later_move_nobody(first: set[str], later: set[str], seed: int) -> None:
    plan = SplitPlan(seed=seed)
    before = split_patients(dict.fromkeys(first, "x"), plan)
    after = split_patients(dict.fromkeys(first | later, "y"), plan)
    assert {one: after[one] for one in first} == before


@given(names, names)
def test_patients_that_stand_somewhere_stay_there_when_strata_are_divided(first: set[str], later: set[str]) -> None:
    plan = SplitPlan(is_stratified=True)
    before = split_patients(dict.fromkeys(first, "x"), plan)
    after = split_patients(dict.fromkeys(first | later, "x"), plan, before)
    assert {one: after[one] for one in first} == before
    assert after.keys() == first | later


def test_shares_are_kept_about_and_another_seed_divides_otherwise() -> None:
    sides = split_patients(PATIENTS, SplitPlan())
    counts = [sum(side == split for side in sides.values()) for split in SPLITS]
    assert counts[0] == pytest.approx(1400, abs=60)
    assert counts[1] == pytest.approx(300, abs=50)
    assert sides != split_patients(PATIENTS, SplitPlan(seed=1))
    assert set(split_patients(PATIENTS, SplitPlan(shares=(0.0, 0.0, 1.0))).values()) == {"test"}


def test_strata_are_divided_in_these_shares_to_the_patient() -> None:
    strata = {f"p{number}": "0" if number % 4 else ">400" for number in range(80)}
    sides = split_patients(strata, SplitPlan(shares=(0.5, 0.25, 0.25), is_stratified=True))
    for stratum, wanted in (("0", [30, 15, 15]), (">400", [10, 5, 5])):
        here = [sides[patient] for patient, own in strata.items() if own == stratum]
        assert [here.count(split) for split in SPLITS] == wanted


def test_a_stratum_that_is_full_on_one_side_goes_to_the_others() -> None:
    strata = dict.fromkeys(("a", "b", "c"), "x")
    sides = split_patients(strata, SplitPlan(shares=(0.5, 0.0, 0.5), is_stratified=True), {"a": "train", "b": "train"})
    assert sides == {"a": "train", "b": "train", "c": "test"}


def test_a_fraction_lies_from_0_to_1_and_is_the_patients_own() -> None:
    drawn = [draw_fraction(patient, 0) for patient in PATIENTS]
    assert 0 <= min(drawn) < 0.01
    assert 0.99 < max(drawn) < 1
    assert len(set(drawn)) == len(drawn)


def test_a_pseudonym_tells_nothing_without_its_key() -> None:
    assert make_pseudonym("4711", b"key") == make_pseudonym("4711", b"key")
    assert len({make_pseudonym("4711", b"key"), make_pseudonym("4711", b"other"), make_pseudonym("4712", b"key")}) == 3
    assert "4711" not in make_pseudonym("4711", b"key")


@pytest.mark.parametrize("shares", [(0.5, 0.5, 0.5), (1.2, -0.1, -0.1), (0.7, 0.2, 0.0)])
def test_shares_add_up_to_one(shares: tuple[float, float, float]) -> None:
    with pytest.raises(InputError, match="add up to 1"):
        SplitPlan(shares=shares)


def test_scores_are_finite_not_negative_and_at_least_one() -> None:
    assert WeakScores(vessels={"LAD": 3.0, "RCA": 4.5}).agatston == 7.5
    assert WeakScores(total=8.0, vessels={"LAD": 3.0}).agatston == 8.0
    for bad in ({}, {"total": -1.0}, {"total": float("nan")}, {"vessels": {"LAD": float("inf")}}):
        with pytest.raises(InputError, match="at least one"):
            WeakScores(**bad)


def test_labels_of_a_case_go_from_1_to_255() -> None:
    with pytest.raises(InputError, match="1 to 255"):
        replace(CASE, label_names={0: "LAD"})


def test_a_data_set_names_each_case_once_and_gives_its_sides() -> None:
    other = replace(CASE, case_id="b", split="test")
    assert Dataset(cases=(CASE, other)).of_split("test") == (other,)
    with pytest.raises(InputError, match="1 cases have the case_id of another"):
        Dataset(cases=(CASE, CASE))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Left Main", "LM"),
        ("LM calcification", "LM"),
        ("Left anterior descending coronary artery", "LAD"),
        ("left_circumflex", "LCX"),
        ("Cx", "LCX"),
        ("Right coronary artery", "RCA"),
        ("coronary calcium", "coronary"),
        ("CAC", "coronary"),
        ("Coronary Artery", "coronary"),
        (" Aortic valve ", "Aortic valve"),
        ("left coronary artery", "left coronary artery"),
    ],
)
def test_vessels_are_known_by_their_usual_names_and_the_whole_left_tree_is_no_vessel(text: str, name: str) -> None:
    assert name_vessel(text) == name


def test_coronary_labels_have_fixed_values_and_others_follow_by_alphabet() -> None:
    assert number_labels(["RCA", "valve", "aorta", "coronary"]) == {"RCA": 4, "coronary": 5, "aorta": 6, "valve": 7}
    with pytest.raises(InputError, match="at most"):
        number_labels(f"s{number}" for number in range(250))
