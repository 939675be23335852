import numpy as np
import pytest
from scipy import stats

from vascal.errors import EvaluationError
from vascal.evaluate import bootstrap as module
from vascal.evaluate.bootstrap import (
    CountStatistics,
    Resampling,
    bootstrap,
    bootstrap_counts,
    refit_bootstrap,
    sum_drawn,
)


def mean_of(values: np.ndarray) -> CountStatistics:
    return lambda counts: {"mean": sum_drawn(counts, values[:, None])[0] / counts.sum(axis=1)}


def test_bca_is_that_of_scipy_but_for_the_draws() -> None:
    values = np.random.default_rng(0).lognormal(size=80)
    ours = bootstrap_counts(mean_of(values), 80, resampling=Resampling(resamples=20_000))["mean"]
    theirs = stats.bootstrap((values,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(1))
    interval = theirs.confidence_interval
    assert (ours.low, ours.high) == pytest.approx((interval.low, interval.high), rel=0.01)


def test_percentile_interval_is_the_percentiles_of_the_draws() -> None:
    values = np.arange(10.0)
    found = bootstrap_counts(mean_of(values), 10, resampling=Resampling(method="percentile", resamples=5000))["mean"]
    assert found.value == 4.5
    assert (found.low, found.high) == pytest.approx((2.8, 6.2), abs=0.15)
    assert found.method == "percentile bootstrap, 5,000 resamples"


def test_the_same_seed_gives_the_same_interval_on_any_number_of_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).normal(size=300)
    first = bootstrap_counts(mean_of(values), 300)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert bootstrap_counts(mean_of(values), 300) == first
    assert bootstrap_counts(mean_of(values), 300, resampling=Resampling(seed=1)) != first


def test_copying_rows_and_counting_draws_agree() -> None:
    values = np.random.default_rng(2).gamma(2.0, size=60)
    copied, counted = bootstrap(lambda v: float(v.mean()), values), bootstrap_counts(mean_of(values), 60)["mean"]
    assert (copied.low, copied.value, copied.high) == pytest.approx((counted.low, counted.value, counted.high))


def test_a_grouped_jackknife_finds_the_acceleration_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).lognormal(size=6000)
    grouped = bootstrap_counts(mean_of(values), 6000, resampling=Resampling(resamples=2000))["mean"]
    monkeypatch.setattr(module, "JACKKNIFE_ALONE", 6000)
    whole = bootstrap_counts(mean_of(values), 6000, resampling=Resampling(resamples=2000))["mean"]
    assert (grouped.low, grouped.high) == pytest.approx((whole.low, whole.high), abs=0.1 * (whole.high - whole.low))


def test_patients_are_drawn_whole() -> None:
    # Ten films of each of 20 patients that all read alike: the interval is that of 20 numbers, not 200.
    patient = np.repeat(np.arange(20), 10)
    values = np.random.default_rng(5).normal(size=20)
    alone = bootstrap_counts(mean_of(values), 20)["mean"]
    together = bootstrap_counts(mean_of(values[patient]), 200, clusters=patient)["mean"]
    assert (together.low, together.high) == pytest.approx((alone.low, alone.high))
    assert together.n == 200


def test_a_statistic_that_never_varies_has_an_interval_of_no_width() -> None:
    found = bootstrap_counts(mean_of(np.full(30, 2.0)), 30)["mean"]
    assert (found.low, found.value, found.high) == (2, 2, 2)


def test_a_statistic_that_is_often_undefined_has_no_interval() -> None:
    def rarely(counts: np.ndarray) -> dict[str, np.ndarray]:
        return {"it": np.where(counts[:, 0] > 0, 1.0, np.nan)}

    found = bootstrap_counts(rarely, 10)["it"]
    assert found.value == 1
    assert np.isnan(found.low)


def test_progress_is_told_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    bootstrap_counts(mean_of(np.arange(50.0)), 50, report=lambda *step: told.append(step))
    assert told[-1] == (1050, 1050)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_too_few_resamples_are_refused() -> None:
    with pytest.raises(EvaluationError, match="at least 100"):
        Resampling(resamples=99)


def test_retraining_on_resampled_patients_shows_how_much_the_training_set_matters() -> None:
    rng = np.random.default_rng(0)
    x, test_x = rng.normal(size=200), rng.normal(size=50)
    y, test_y = 2 * x + rng.normal(size=200), 2 * test_x + rng.normal(size=50)

    def fit_predict(index: np.ndarray) -> np.ndarray:
        return np.polyval(np.polyfit(x[index], y[index], 1), test_x)

    found = refit_bootstrap(fit_predict, lambda predicted: float(np.abs(predicted - test_y).mean()), 200)
    assert found.low <= found.value <= found.high
    assert found.n == 50
    assert found.high - found.low < 0.1  # the test set's own chance, about 0.35, stays outside
