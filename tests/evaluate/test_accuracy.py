import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vascal.errors import EvaluationError
from vascal.evaluate.accuracy import accuracy, accuracy_statistics, within_tolerance
from vascal.evaluate.repeatability import beyond_repeat_limit, interscan_variability, repeatability


def test_errors_by_hand() -> None:
    found = accuracy(np.array([1.0, 4, 6, 13]), np.array([2.0, 4, 4, 10]))
    assert found["bias"].value == pytest.approx(1)
    assert found["mae"].value == pytest.approx(1.5)
    assert found["mse"].value == pytest.approx(3.5)
    assert found["rmse"].value == pytest.approx(np.sqrt(3.5))
    assert found["median_absolute_error"].value == pytest.approx(1.5)
    assert found["r2"].value == pytest.approx(1 - 14 / 36)


def test_r2_against_a_reference_that_never_varies_does_not_exist() -> None:
    assert np.isnan(accuracy(np.array([1.0, 2, 3]), np.full(3, 5.0))["r2"].value)


values = hnp.arrays(np.float64, 20, elements=st.integers(0, 50).map(float))


@settings(deadline=None, max_examples=60)
@given(values, values, hnp.arrays(np.int64, 20, elements=st.integers(0, 3)))
def test_counting_how_often_a_study_is_drawn_equals_repeating_it(
    x: np.ndarray, y: np.ndarray, times: np.ndarray
) -> None:
    if times.sum() < 2:
        return
    found = {name: v[0] for name, v in accuracy_statistics(x, y)(times[None].astype(float)).items()}
    rows = np.repeat(np.arange(20), times)
    error = x[rows] - y[rows]
    assert found["mae"] == pytest.approx(np.abs(error).mean())
    assert found["rmse"] == pytest.approx(np.sqrt((error**2).mean()))
    assert found["median_absolute_error"] == pytest.approx(np.median(np.abs(error)))
    if np.ptp(y[rows]) > 0:
        assert found["r2"] == pytest.approx(1 - (error**2).sum() / ((y[rows] - y[rows].mean()) ** 2).sum(), abs=1e-6)


def test_tolerance_includes_its_limit_in_spite_of_rounding() -> None:
    assert within_tolerance(np.array([0.3, 0.31]), np.array([0.2, 0.2]), 0.1).value == 0.5
    assert within_tolerance(np.array([5.0, 12]), np.array([1.0, 6]), np.array([4.0, 5])).value == 0.5


def test_two_studies_are_too_few_for_an_interval() -> None:
    with pytest.raises(EvaluationError, match="at least 3"):
        accuracy(np.ones(2), np.ones(2))


def test_repeatability_of_two_repeats_is_the_spread_of_their_differences() -> None:
    repeats = np.array([[10.0, 12], [20, 19], [30, 33], [5, np.nan]])
    found = repeatability(repeats)
    sd = np.sqrt((4 + 1 + 9) / 6)
    assert found.within_sd.value == pytest.approx(sd)
    assert found.coefficient.value == pytest.approx(1.959964 * np.sqrt(2) * sd)
    assert found.within_cv == pytest.approx(sd / (124 / 6))
    assert found.within_sd.low < sd < found.within_sd.high
    # R: sd * sqrt(3 / qchisq(c(.975, .025), 3))
    assert (found.within_sd.low, found.within_sd.high) == pytest.approx((sd * 0.5664901, sd * 3.728541), rel=1e-5)


def test_repeats_around_zero_have_no_coefficient_of_variation() -> None:
    assert np.isnan(repeatability(np.array([[-1.0, 1], [1, -1]])).within_cv)


def test_interscan_variability_leaves_out_patients_without_calcium() -> None:
    found = interscan_variability(np.array([0.0, 10, 100, 300]), np.array([0.0, 30, 100, 100]))
    assert found.value == pytest.approx((100 + 0 + 100) / 3)
    assert found.n == 3
    with pytest.raises(EvaluationError, match="below zero"):
        interscan_variability(np.array([-1.0, 1, 1]), np.array([1.0, 1, 1]))


def test_differences_beyond_what_repeating_explains_are_counted() -> None:
    assert beyond_repeat_limit(np.array([10.0, 100]), np.array([20.0, 200]), np.array([18.6, 67.4])).value == 0.5
