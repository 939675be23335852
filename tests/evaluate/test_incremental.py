from __future__ import annotations

import math

import numpy as np
import pytest
from lifelines.datasets import load_rossi
from numpy import ndarray

from vascal.errors import EvaluationError
from vascal.evaluate.bootstrap import Resampling
from vascal.evaluate.cox import fit_cox
from vascal.evaluate.incremental import compare_nested, estimate_added_value, log_cac

FEW = Resampling(resamples=100, method="percentile")


def draw(seed: int, effect: float, n: int = 70) -> tuple[ndarray, ndarray, dict[str, ndarray], dict[str, ndarray]]:
    rng = np.random.default_rng(seed)
    age, cac = rng.normal(size=n), np.where(rng.random(n) < 0.4, 0.0, rng.lognormal(4, 1.5, n))
    failure = rng.exponential(np.exp(-0.5 * age - effect * np.log1p(cac)))
    lost = rng.exponential(np.median(failure) * 2, n)
    return np.minimum(failure, lost), failure <= lost, {"age": age}, {"ln_cac": log_cac(cac)}


def test_the_likelihood_ratio_agrees_with_r() -> None:
    # R: anova(coxph(Surv(week, arrest) ~ fin + age, Rossi), coxph(Surv(week, arrest) ~ fin + age + prio, Rossi))
    frame = load_rossi()
    time, event = frame["week"].to_numpy(float), frame["arrest"].to_numpy(bool)
    small = {name: frame[name].to_numpy(float) for name in ("fin", "age")}
    large = {**small, "prio": frame["prio"].to_numpy(float)}
    found = compare_nested(fit_cox(time, event, small), fit_cox(time, event, large))
    assert (found.statistic, found.freedom, found.p_value) == pytest.approx(
        (10.7575833915, 1, 0.0010385289979), abs=1e-7
    )


def test_calcium_that_matters_raises_concordance() -> None:
    found = estimate_added_value(*draw(1, 0.3), resampling=FEW)
    assert found.likelihood_ratio.p_value < 1e-4
    assert found.apparent_change == pytest.approx(found.concordance_within.value - found.concordance_without.value)
    assert 0 < found.change.low < found.change.value < found.change.high
    assert found.within.hazard_ratios["ln_cac"].low > 1


def test_noise_adds_less_than_it_seems_to() -> None:
    time, event, clinical, _ = draw(2, 0.3)
    rng = np.random.default_rng(12)
    found = estimate_added_value(
        time, event, clinical, {f"noise {i}": rng.normal(size=70) for i in range(4)}, resampling=FEW
    )
    assert found.likelihood_ratio.freedom == 4
    assert found.change.value < found.apparent_change
    assert found.change.low < 0 < found.change.high


def test_without_a_model_in_most_resamples_there_is_no_change() -> None:
    time, event, clinical, _ = draw(3, 0.3, 40)
    rare = np.zeros(40)
    rare[np.flatnonzero(event)[:1]] = 1.0
    found = estimate_added_value(time, event, clinical, {"rare": rare}, resampling=FEW)
    assert math.isnan(found.change.value)
    assert math.isnan(found.change.low)


def test_models_that_are_not_nested_are_refused() -> None:
    time, event, clinical, added = draw(4, 0.3)
    one, other = fit_cox(time, event, clinical), fit_cox(time, event, added)
    with pytest.raises(EvaluationError, match="nested models"):
        compare_nested(one, other)
    with pytest.raises(EvaluationError, match="nested models"):
        compare_nested(one, fit_cox(time[:60], event[:60], {"age": clinical["age"][:60], "b": added["ln_cac"][:60]}))


def test_what_can_not_be_answered_is_refused() -> None:
    time, event, clinical, added = draw(4, 0.3)
    with pytest.raises(EvaluationError, match="are both"):
        estimate_added_value(time, event, clinical, clinical)
    with pytest.raises(EvaluationError, match="percentile"):
        estimate_added_value(time, event, clinical, added, resampling=Resampling())
    with pytest.raises(EvaluationError, match="0 and up"):
        log_cac(np.array([-1.0]))
    assert log_cac(np.array([])).size == 0
