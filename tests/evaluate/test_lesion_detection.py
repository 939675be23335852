from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support
from statsmodels.stats.proportion import proportion_confint

from vascal.errors import EvaluationError
from vascal.evaluate.bootstrap import Resampling
from vascal.evaluate.lesion_detection import (
    SizeBand,
    count_detections,
    score_detection,
    score_detection_by_size,
    score_detection_by_vessel,
)
from vascal.evaluate.lesion_matching import LesionMatch, MatchedLesion, match_orcascore

QUICK = Resampling(resamples=200, method="percentile")


def lesion(
    number: int, size_mm3: float, matched: int | None = None, vessel: int = 0, matched_vessel: int = 0
) -> MatchedLesion:
    return MatchedLesion(
        lesion=number, vessel=vessel, size_mm3=size_mm3, matched=matched, matched_vessel=matched_vessel
    )


def study(reference: list[MatchedLesion], predicted: list[MatchedLesion], has_vessels: bool = False) -> LesionMatch:
    return LesionMatch(reference=tuple(reference), predicted=tuple(predicted), rule="by hand", has_vessels=has_vessels)


TWO_FOUND_OF_THREE = study(
    [lesion(1, 10.0, 1), lesion(2, 2.0, 2), lesion(3, 4.0)],
    [lesion(1, 8.0, 1), lesion(2, 2.0, 2), lesion(4, 5.0), lesion(5, 1.0)],
)


def test_shares_by_number_and_by_volume_are_those_done_by_hand() -> None:
    found = score_detection([TWO_FOUND_OF_THREE], resampling=QUICK)
    assert found.sensitivity.value == pytest.approx(2 / 3)
    assert found.precision.value == 0.5
    assert found.f1.value == pytest.approx(2 * 2 / (2 * 2 + 1 + 2))
    assert found.volume_sensitivity.value == pytest.approx(12 / 16)
    assert found.volume_precision.value == pytest.approx(10 / 16)
    assert found.volume_f1.value == pytest.approx(2 * 0.75 * 0.625 / 1.375)
    assert found.false_positives_per_study.value == 2
    assert (found.true_positives, found.false_negatives, found.false_positives) == (2, 1, 2)
    assert (found.sensitivity.n, found.precision.n, found.f1.n, found.volume_f1.n) == (3, 4, 7, 7)
    assert (found.volume_sensitivity.n, found.false_positives_per_study.n) == (3, 1)


def test_counts_name_true_and_false_positives_and_negatives() -> None:
    counts = count_detections(TWO_FOUND_OF_THREE)
    assert (counts.true_positives, counts.false_negatives, counts.false_positives) == (2, 1, 2)
    assert (counts.reference_mm3, counts.found_mm3, counts.predicted_mm3, counts.right_mm3) == (16, 12, 16, 10)


def test_wilson_limits_agree_with_statsmodels() -> None:
    found = score_detection([TWO_FOUND_OF_THREE] * 9, resampling=QUICK, level=0.9)
    for estimate, hits, n in ((found.sensitivity_wilson, 18, 27), (found.precision_wilson, 18, 36)):
        low, high = proportion_confint(hits, n, alpha=0.1, method="wilson")
        assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=1e-12)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_lesions_that_both_label_alike_score_as_in_scikit_learn(labelled: list[tuple[bool, bool]]) -> None:
    one, two = np.array(labelled).T
    scan = np.zeros((1, 1, 2 * len(labelled)), dtype=bool)
    scan[..., ::2] = True
    reference, predicted = np.zeros(scan.shape, dtype=np.int64), np.zeros(scan.shape, dtype=np.int64)
    reference[0, 0, ::2], predicted[0, 0, ::2] = one, two
    found = score_detection([match_orcascore(scan, reference, predicted, (1.0, 1.0, 1.0))], resampling=QUICK)
    precision, sensitivity, f1, _ = precision_recall_fscore_support(one, two, average="binary", zero_division=np.nan)
    assert found.sensitivity.value == pytest.approx(sensitivity, nan_ok=True)
    assert found.volume_sensitivity.value == pytest.approx(sensitivity, nan_ok=True)
    assert found.precision.value == pytest.approx(precision, nan_ok=True)
    if one.any() or two.any():
        assert found.f1.value == pytest.approx(f1)
    else:
        assert np.isnan(found.f1.value)


def test_shares_that_do_not_exist_are_nan_and_f1_is_zero_when_only_one_side_has_lesions() -> None:
    nothing, missed, wrong = study([], []), study([lesion(1, 1.0)], []), study([], [lesion(1, 1.0)])
    none = score_detection([nothing, nothing], resampling=QUICK)
    assert np.isnan([none.sensitivity.value, none.precision.value, none.f1.value, none.sensitivity_wilson.value]).all()
    assert none.false_positives_per_study.value == 0
    all_missed = score_detection([missed, nothing], resampling=QUICK)
    assert (all_missed.sensitivity.value, all_missed.f1.value) == (0, 0)
    assert np.isnan(all_missed.precision.value)
    all_wrong = score_detection([wrong, nothing], resampling=QUICK)
    assert (all_wrong.precision.value, all_wrong.f1.value) == (0, 0)
    assert np.isnan(all_wrong.sensitivity.value)


def test_no_studies_have_no_score() -> None:
    found = score_detection([])
    assert np.isnan([found.sensitivity.value, found.false_positives_per_study.value]).all()


def test_a_single_study_has_wilson_limits_and_none_by_patient() -> None:
    found = score_detection([TWO_FOUND_OF_THREE])
    assert np.isnan(found.sensitivity.low)
    assert 0 < found.sensitivity_wilson.low < found.sensitivity_wilson.high < 1


def test_lesions_of_one_patient_widen_the_interval_beyond_that_of_strangers() -> None:
    rng = np.random.default_rng(5)
    outcomes = rng.random(60) < 0.5
    matches = [study([lesion(n, 1.0, n if hit else None) for n in range(8)], []) for hit in outcomes]
    found = score_detection(matches)
    by_patient = found.sensitivity.high - found.sensitivity.low
    of_strangers = found.sensitivity_wilson.high - found.sensitivity_wilson.low
    # Eight lesions that share their fate are one: the root of 8.
    assert by_patient / of_strangers == pytest.approx(math.sqrt(8), rel=0.15)


def test_a_lesion_in_the_wrong_vessel_is_missed_in_one_and_wrong_in_the_other() -> None:
    both = study([lesion(1, 2.0, 1, 1, 3)], [lesion(1, 2.0, 1, 3, 1)], has_vessels=True)
    assert count_detections(both).true_positives == 1
    lad, rca = count_detections(both, vessel=1), count_detections(both, vessel=3)
    assert (lad.true_positives, lad.false_negatives, lad.false_positives) == (0, 1, 0)
    assert (rca.true_positives, rca.false_negatives, rca.false_positives) == (0, 0, 1)
    scores = score_detection_by_vessel([both], [1, 3], resampling=QUICK)
    assert scores[1].sensitivity.value == scores[3].precision.value == 0


def test_a_vessel_can_not_be_scored_when_lesions_have_none() -> None:
    with pytest.raises(EvaluationError, match="without vessels"):
        count_detections(TWO_FOUND_OF_THREE, vessel=1)


def test_each_lesion_falls_in_one_band_of_size_with_the_lower_edge_inside() -> None:
    bands = score_detection_by_size([TWO_FOUND_OF_THREE] * 2, [2.0, 5.0], resampling=QUICK)
    assert [(band.low_mm3, band.high_mm3) for band in bands] == [(0, 2), (2, 5), (5, math.inf)]
    small, middle, large = bands.values()
    assert (small.sensitivity.n, middle.sensitivity.n, large.sensitivity.n) == (0, 4, 2)
    assert (small.precision.n, middle.precision.n, large.precision.n) == (2, 2, 4)
    assert middle.sensitivity.value == 0.5
    assert large.precision.value == 0.5
    for low, high in ((2.0, 2.0), (-1.0, 2.0), (float("nan"), 2.0)):
        with pytest.raises(EvaluationError, match="0 <= low < high"):
            SizeBand(low_mm3=low, high_mm3=high)
