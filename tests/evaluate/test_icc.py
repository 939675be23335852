import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vascal.errors import EvaluationError
from vascal.evaluate.icc import FORMS, IccForm, analyse_variance, icc, widen_ratings

SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float
)
PINGOUIN: dict[IccForm, str] = {
    "1,1": "ICC(1,1)",
    "2,1": "ICC(A,1)",
    "3,1": "ICC(C,1)",
    "1,k": "ICC(1,k)",
    "2,k": "ICC(A,k)",
}
PINGOUIN["3,k"] = "ICC(C,k)"


@pytest.mark.parametrize(
    ("form", "value"),
    [("1,1", 0.165742), ("2,1", 0.289764), ("3,1", 0.714841), ("1,k", 0.442797), ("2,k", 0.620051), ("3,k", 0.909316)],
)
def test_shrout_and_fleiss_example_is_met_to_six_digits(form: IccForm, value: float) -> None:
    assert icc(SHROUT_FLEISS, form).value == pytest.approx(value, abs=5e-7)


def test_shrout_and_fleiss_intervals_are_met() -> None:
    two, three = icc(SHROUT_FLEISS, "2,1"), icc(SHROUT_FLEISS, "3,1")
    assert (round(two.low, 2), round(two.high, 2)) == (0.02, 0.76)
    assert (round(three.low, 2), round(three.high, 2)) == (0.34, 0.95)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("readers", [2, 3, 5])
def test_every_form_equals_pingouin_on_random_ratings(seed: int, readers: int) -> None:
    pingouin = pytest.importorskip("pingouin")
    import pandas as pd

    rng = np.random.default_rng(seed)
    ratings = rng.normal(size=(30, 1)) * 3 + rng.normal(size=readers) + rng.normal(size=(30, readers))
    long = pd.DataFrame(
        {
            "study": np.repeat(np.arange(30), readers),
            "reader": np.tile(np.arange(readers), 30),
            "score": ratings.ravel(),
        }
    )
    pingouin.options["round"] = None
    theirs = pingouin.intraclass_corr(long, targets="study", raters="reader", ratings="score").set_index("Type")
    for form, name in PINGOUIN.items():
        ours = icc(ratings, form)
        assert ours.value == pytest.approx(theirs.loc[name, "ICC"], abs=1e-8)
        assert ours.p_value == pytest.approx(theirs.loc[name, "pval"], abs=1e-8)
        interval = theirs.loc[name, next(c for c in theirs.columns if c.startswith("CI95"))]
        assert [ours.low, ours.high] == pytest.approx(list(interval), abs=0.005001)  # printed with two digits


# R 4.2.2, psych 2.2.9: print(ICC(x, lmer = FALSE)$results, digits = 6)
@pytest.mark.parametrize(
    ("form", "low", "high", "p_value"),
    [
        ("1,1", -0.1329323, 0.722560, 0.164768808),
        ("2,1", 0.0187865, 0.761084, 0.000134567),
        ("3,1", 0.3424648, 0.945858, 0.000134567),
        ("1,k", -0.8844422, 0.912415, 0.164768808),
        ("2,k", 0.0711368, 0.927232, 0.000134567),
        ("3,k", 0.6756747, 0.985892, 0.000134567),
    ],
)
def test_intervals_equal_those_of_psych_in_r(form: IccForm, low: float, high: float, p_value: float) -> None:
    found = icc(SHROUT_FLEISS, form)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-6)
    assert found.p_value == pytest.approx(p_value, abs=1e-9)


def test_a_constant_difference_costs_agreement_and_not_consistency() -> None:
    first = np.array([1.0, 4, 6, 8, 13])
    ratings = np.stack([first, first + 3], axis=1)
    assert icc(ratings, "3,1").value == 1
    assert icc(ratings, "2,1").value < 0.9


def test_perfect_agreement_is_one_with_an_interval_of_no_width() -> None:
    column = np.array([0.0, 5, 9])
    for form in FORMS:
        found = icc(np.stack([column, column], axis=1), form)
        assert (found.value, found.low, found.high) == (1, 1, 1)


def test_scores_that_never_vary_have_no_correlation() -> None:
    assert all(np.isnan(icc(np.full((4, 2), 7.0), form).value) for form in FORMS)


def test_a_reliability_of_the_mean_that_does_not_exist_is_minus_infinity() -> None:
    # Readers who disagree as much as they can: ICC(3,1) is -1, two of them average to nothing.
    assert icc(np.array([[0.0, 1], [1, 0]]), "3,k").value == -np.inf


def test_rows_with_a_missing_rating_are_left_out_and_counted() -> None:
    ratings = np.vstack([SHROUT_FLEISS, [[np.nan, 1, 1, 1]]])
    assert analyse_variance(ratings).dropped == 1
    assert icc(ratings) == icc(SHROUT_FLEISS)


@pytest.mark.parametrize("ratings", [np.ones((1, 2)), np.ones((5, 1)), np.array([[1.0, np.inf], [1, 2]])])
def test_too_little_or_infinite_ratings_are_refused(ratings: np.ndarray) -> None:
    with pytest.raises(EvaluationError, match=r"needs two readers|finite"):
        icc(ratings)


def test_a_long_table_becomes_a_wide_one_with_holes() -> None:
    ratings, studies, readers = widen_ratings(["b", "a", "b"], ["r1", "r1", "r2"], np.array([1.0, 2, 3]))
    assert (studies, readers) == (("a", "b"), ("r1", "r2"))
    np.testing.assert_array_equal(ratings, [[2, np.nan], [1, 3]])


def test_a_study_scored_twice_by_one_reader_is_refused_by_name() -> None:
    with pytest.raises(EvaluationError, match="r1 scored b 2 times"):
        widen_ratings(["b", "b"], ["r1", "r1"], np.array([1.0, 2]))


@settings(deadline=None, max_examples=30)
@given(st.floats(0.1, 50), st.floats(-100, 100), st.permutations(range(4)))
def test_unit_offset_and_order_of_readers_do_not_matter(scale: float, shift: float, order: list[int]) -> None:
    changed = (SHROUT_FLEISS * scale + shift)[:, list(order)]
    for form in FORMS:
        assert icc(changed, form).value == pytest.approx(icc(SHROUT_FLEISS, form).value, abs=1e-9)


def test_few_readers_and_many_studies_need_the_generalised_interval() -> None:
    # Variances 4, 0.5 and 1; the F-based interval of three readers holds the truth in about 81 %.
    rng = np.random.default_rng(0)
    held = {"f": 0, "generalised": 0}
    for _ in range(120):
        ratings = rng.normal(0, 2, (200, 1)) + rng.normal(0, 0.5**0.5, 3) + rng.normal(0, 1, (200, 3))
        for interval in held:
            found = icc(ratings, "2,1", interval="f" if interval == "f" else "generalised")
            held[interval] += found.low <= 4 / 5.5 <= found.high
    assert held["f"] < 108
    assert held["generalised"] > 108


def test_the_generalised_interval_is_repeatable_and_of_agreement_only() -> None:
    wide = icc(SHROUT_FLEISS, "2,1", interval="generalised")
    assert wide == icc(SHROUT_FLEISS, "2,1", interval="generalised")
    assert wide.low < wide.value < wide.high
    assert icc(SHROUT_FLEISS, "3,1", interval="generalised") == icc(SHROUT_FLEISS, "3,1")
    assert np.isnan(icc(np.full((4, 2), 7.0), "2,1", interval="generalised").low)
