import numpy as np
import pytest

from vascal.errors import EvaluationError
from vascal.evaluate.cohort import Cohort, as_words, group_by


def make(**columns: np.ndarray) -> Cohort:
    scores = np.arange(float(len(next(iter(columns.values())))))
    return Cohort(predicted=scores, reference=scores, columns=columns, probability=scores / 100)


def test_a_cohort_without_studies_or_with_uneven_columns_is_refused() -> None:
    with pytest.raises(EvaluationError, match="with a study in them"):
        Cohort(predicted=np.array([]), reference=np.array([]))
    with pytest.raises(EvaluationError, match="one length"):
        Cohort(predicted=np.ones(2), reference=np.ones(2), columns={"sex": np.array(["F"])})


def test_sets_come_in_the_order_in_which_they_appear() -> None:
    parts = make(set=np.array(["internal", "external", "internal"])).split("set")
    assert list(parts) == ["internal", "external"]
    assert parts["internal"].predicted.tolist() == [0, 2]
    assert parts["internal"].probability is not None
    assert parts["internal"].probability.tolist() == [0, 0.02]
    assert list(make(x=np.ones(2)).split(None)) == ["all"]


def test_words_hide_needless_fractions_and_name_what_is_missing() -> None:
    assert as_words(np.array([120.0, 0.5, np.nan])).tolist() == ["120", "0.5", "not stated"]
    assert as_words(np.array(["F", ""])).tolist() == ["F", "not stated"]


def test_a_number_is_cut_at_edges_that_belong_to_the_band_above() -> None:
    name, names, words = group_by(make(age=np.array([49.0, 50, 69.9, 70, np.nan])), "age:50,70")
    assert (name, names) == ("age", ("<50", "50 to <70", ">=70", "not stated"))
    assert words.tolist() == ["<50", "50 to <70", "50 to <70", ">=70", "not stated"]


def test_bands_that_hold_nobody_are_left_out() -> None:
    assert group_by(make(age=np.array([10.0, 90])), "age:50,70")[1] == ("<50", ">=70")


def test_groups_of_numbers_are_in_their_order_and_words_follow() -> None:
    assert group_by(make(kvp=np.array([120.0, 80, 100, np.nan])), "kvp")[1] == ("80", "100", "120", "not stated")
    assert group_by(make(vendor=np.array(["B", "", "A"])), "vendor")[1] == ("A", "B", "not stated")


@pytest.mark.parametrize(
    ("subgroup", "message"),
    [("age", "say where to cut"), ("age:old", "must be numbers"), ("age:50,50", "must ascend")],
)
def test_subgroups_that_can_not_be_made_are_refused(subgroup: str, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        group_by(make(age=np.arange(20.0)), subgroup)


def test_a_column_of_words_is_no_number() -> None:
    with pytest.raises(EvaluationError, match="column sex must hold numbers"):
        make(sex=np.array(["F"])).number("sex")


def test_words_can_not_be_cut() -> None:
    with pytest.raises(EvaluationError, match="at most 12 groups"):
        group_by(make(operator=np.array([f"o{place}" for place in range(13)])), "operator")
