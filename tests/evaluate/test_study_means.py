from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from vascal.errors import EvaluationError
from vascal.evaluate.bootstrap import Resampling
from vascal.evaluate.study_means import all_of, mean_of, ratio_of_sums, resample_patients, study_means

QUICK = Resampling(resamples=200, method="percentile")


def test_a_mean_leaves_out_studies_in_which_the_number_does_not_exist() -> None:
    found = study_means({"dice": np.array([0.5, np.nan, 1.0])}, resampling=QUICK)["dice"]
    assert found.mean.value == 0.75
    assert found.median.value == 0.75
    assert found.mean.n == found.median.n == 2


def test_drawing_a_study_twice_is_the_same_as_having_it_twice() -> None:
    values = np.array([1.0, 4.0, np.nan, 10.0])
    counts = np.array([[2.0, 1.0, 3.0, 0.0], [0.0, 0.0, 4.0, 0.0]])
    assert mean_of(values)(counts) == pytest.approx([2.0, np.nan], nan_ok=True)
    assert ratio_of_sums(values[:2], np.array([1.0, 0.0]))(counts[:, :2]) == pytest.approx([3.0, np.nan], nan_ok=True)


def test_the_interval_of_a_mean_agrees_with_the_bootstrap_of_scipy() -> None:
    values = np.random.default_rng(1).beta(8, 2, 60)
    mine = study_means({"dice": values}, resampling=Resampling(resamples=20_000, method="percentile"))["dice"]
    for estimate, statistic in ((mine.mean, np.mean), (mine.median, np.median)):
        theirs = stats.bootstrap((values,), statistic, n_resamples=20_000, method="percentile", rng=2)
        assert estimate.value == pytest.approx(statistic(values))
        assert estimate.low == pytest.approx(theirs.confidence_interval.low, abs=3e-3)
        assert estimate.high == pytest.approx(theirs.confidence_interval.high, abs=3e-3)


def test_copies_of_a_patient_do_not_narrow_the_interval_when_patients_are_drawn_whole() -> None:
    values = np.random.default_rng(2).normal(size=30)
    once = study_means({"x": values}, resampling=QUICK)["x"].mean
    copied = study_means({"x": np.repeat(values, 4)}, patients=np.repeat(np.arange(30) * 7, 4), resampling=QUICK)["x"]
    assert (copied.mean.low, copied.mean.high) == pytest.approx((once.low, once.high))


def test_one_patient_gives_a_value_without_an_interval() -> None:
    found = study_means({"x": np.array([1.0, 3.0])}, patients=np.array([5, 5]))["x"].mean
    assert found.value == 2
    assert np.isnan([found.low, found.high]).all()
    assert "fewer than two patients" in found.method


def test_no_studies_give_nan() -> None:
    found = study_means({"x": np.empty(0)})["x"]
    assert np.isnan([found.mean.value, found.median.value]).all()
    assert found.mean.n == 0


def test_patients_must_be_given_for_every_study() -> None:
    with pytest.raises(EvaluationError, match="2 patients, 3 studies"):
        resample_patients(all_of({"x": mean_of(np.ones(3))}), 3, patients=np.array([1, 2]))
