"""Features as columns, by what training rows alone say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fusion.cohorts import FEATURES, draw, patients_of
from vascal.errors import EvaluationError, TableError
from vascal.fusion.encoding import learn_code, learn_encoding, round_outwards
from vascal.fusion.features import Feature, Patients, require_usable

NAN = float("nan")
AGE = Feature(name="age", kind="number", block="clinical", unit="years")
SCORE = Feature(name="agatston", kind="score", block="imaging")
DENSITY = Feature(name="density", kind="number", block="imaging", blank="not-applicable")
KIDNEY = Feature(name="kidney", kind="category", block="clinical")
SMOKER = Feature(name="smoker", kind="yes-no", block="clinical")


def table(**columns: list[float] | list[str]) -> Patients:
    found = {name: np.array(column) for name, column in columns.items()}
    return Patients(columns=found, patient=np.arange(len(next(iter(found.values())))))


def test_scores_are_used_as_logarithms_and_gaps_get_the_training_median() -> None:
    code = learn_code(SCORE, np.array([0.0, np.e - 1, np.e**3 - 1, NAN]))
    assert code.filled(np.array([np.e**2 - 1, NAN]))[:, 0] == pytest.approx([2.0, 1.0])
    assert code.names == ("agatston",)


def test_being_unknown_gets_a_column_where_enough_rows_say_so() -> None:
    column = np.concatenate([np.arange(40.0), np.full(20, NAN)])
    code = learn_code(AGE, column)
    assert code.names == ("age", "age: unknown")
    assert code.filled(np.array([NAN, 3.0])).tolist() == [[19.5, 1.0], [3.0, 0.0]]
    assert learn_code(AGE, column[:-1]).names == ("age",)


def test_what_is_not_applicable_gets_the_mean_and_no_column_of_its_own() -> None:
    code = learn_code(DENSITY, np.concatenate([np.full(50, NAN), [1.0, 2.0, 6.0] * 10]))
    assert code.names == ("density",)
    assert code.filled(np.array([NAN]))[0, 0] == pytest.approx(3.0)


def test_words_are_compared_with_the_commonest() -> None:
    code = learn_code(KIDNEY, np.array(["none", "ckd", "none", "dialysis", ""]))
    assert (code.reference, code.levels) == ("none", ("ckd", "dialysis"))
    assert code.names == ("kidney: ckd", "kidney: dialysis")
    assert code.filled(np.array(["dialysis", "none", "", "other"])).tolist() == [[0, 1], [0, 0], [0, 0], [0, 0]]
    assert np.isnan(code.values(np.array(["", "ckd"]))).tolist() == [[True, True], [False, False]]


def test_a_fold_without_a_feature_s_values_has_nothing_to_say_of_it() -> None:
    empty = table(density=[NAN, NAN, NAN], kidney=["none", "none", "none"])
    encoding = learn_encoding(empty, (DENSITY, KIDNEY))
    assert encoding.names == ("density",)
    assert encoding.encode(empty).tolist() == [[0.0], [0.0], [0.0]]
    assert learn_code(KIDNEY, np.array(["", ""])).levels == ()


def test_columns_are_standardised_by_training_rows_and_trees_see_gaps() -> None:
    patients = patients_of(draw())
    encoding = learn_encoding(patients, FEATURES)
    x = encoding.encode(patients)
    assert x.mean(axis=0) == pytest.approx(0.0, abs=1e-9)
    assert x.std(axis=0) == pytest.approx(1.0)
    assert len(encoding.names) == x.shape[1] == len(encoding.owner)
    with_gaps = encoding.encode_with_gaps(patients)
    ldl = [one.name for one in FEATURES].index("ldl_mg_dl")
    assert np.isnan(with_gaps[:, ldl + 0]).sum() == np.isnan(patients.columns["ldl_mg_dl"]).sum()


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_a_range_is_widened_to_two_digits(low: float, width: float) -> None:
    found = round_outwards(low, low + width)
    assert found[0] <= low + 1e-9 * abs(low) + 1e-12
    assert found[1] >= (low + width) - 1e-9 * abs(low + width) - 1e-12
    assert found[0] >= low - 0.11 * abs(low) - 1e-12


@pytest.mark.parametrize(("value", "expected"), [(0.0, (0.0, 0.0)), (97.3, (97.0, 98.0)), (0.0123, (0.012, 0.013))])
def test_ranges_by_hand(value: float, expected: tuple[float, float]) -> None:
    assert round_outwards(value, value) == expected


@pytest.mark.parametrize(
    ("feature", "column", "what"),
    [
        (AGE, [NAN, NAN, 3.0], "has 1 values"),
        (AGE, [60.0, 60.0, NAN], "the same in every row"),
        (SCORE, [0.0, -1.0, 3.0], "must be 0 or more; -1"),
        (SMOKER, [0.0, 1.0, 2.0], "must say yes or no"),
        (KIDNEY, ["", "none", "none"], "the same in every row"),
    ],
)
def test_columns_that_tell_nobody_apart_are_refused(
    feature: Feature, column: list[float] | list[str], what: str
) -> None:
    with pytest.raises(TableError, match=what):
        require_usable(table(**{feature.name: column}), (feature,))


def test_a_constant_that_is_not_always_applicable_is_kept() -> None:
    require_usable(table(density=[NAN, 2.0, 2.0]), (DENSITY,))


def test_columns_of_other_lengths_are_refused() -> None:
    with pytest.raises(EvaluationError, match="columns of 2 rows"):
        Patients(columns={"age": np.zeros(3)}, patient=np.arange(2))


def test_units_are_said_in_words() -> None:
    assert SCORE.scale == "ln(1 + x)"
    assert Feature(name="a", kind="score", block="imaging", unit="AU").scale == "ln(1 + AU)"
    assert (SMOKER.scale, AGE.scale, DENSITY.scale) == ("yes against no", "years", "1")
    assert learn_code(KIDNEY, np.array(["none", "ckd", "none"])).per == "against none"
