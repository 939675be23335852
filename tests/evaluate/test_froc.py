from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vascal.errors import EvaluationError
from vascal.evaluate.bootstrap import Resampling
from vascal.evaluate.froc import (
    RATES,
    Candidates,
    _order,
    _walk,
    find_froc_curve,
    gather_candidates,
    score_froc,
    score_froc_by_size,
    score_froc_by_vessel,
)
from vascal.evaluate.lesion_matching import LesionMatch, MatchedLesion

QUICK = Resampling(resamples=200, method="percentile")


def candidates(
    found: list[tuple[float, int, int]],
    lesion_scan: list[int],
    scans: int,
    vessels: list[int] | None = None,
    sizes: list[float] | None = None,
) -> Candidates:
    """Candidates as (score, scan, lesion)."""
    return Candidates(
        score=np.array([row[0] for row in found], dtype=float),
        scan=np.array([row[1] for row in found], dtype=np.int64),
        lesion=np.array([row[2] for row in found], dtype=np.int64),
        lesion_scan=np.array(lesion_scan, dtype=np.int64),
        scans=scans,
        lesion_vessel=np.array(vessels or [0] * len(lesion_scan), dtype=np.int64),
        lesion_size_mm3=np.array(sizes or [math.nan] * len(lesion_scan), dtype=float),
    )


def random_candidates(seed: int, scans: int = 6) -> Candidates:
    rng = np.random.default_rng(seed)
    lesion_scan = rng.integers(0, scans, rng.integers(1, 12))
    found = []
    for _ in range(rng.integers(0, 40)):
        lesion = int(rng.integers(-6, len(lesion_scan)))
        scan = int(rng.integers(0, scans)) if lesion < 0 else int(lesion_scan[lesion])
        found.append((float(rng.integers(0, 10)), scan, max(lesion, -1)))
    return candidates(found, lesion_scan.tolist(), scans)


FOUR_SCANS = candidates(
    [(0.9, 0, 0), (0.8, 1, -1), (0.7, 1, 1), (0.65, 1, 1), (0.6, 2, -1), (0.6, 2, 2), (0.5, 3, -1)],
    [0, 1, 2, 2],
    4,
)


def test_the_curve_done_by_hand_counts_a_second_hit_neither_way_and_equal_scores_together() -> None:
    curve = find_froc_curve(FOUR_SCANS)
    assert curve.threshold.tolist() == [math.inf, 0.9, 0.8, 0.7, 0.65, 0.6, 0.5]
    assert curve.false_positives_per_scan.tolist() == [0, 0, 0.25, 0.25, 0.25, 0.5, 0.75]
    assert curve.sensitivity.tolist() == [0, 0.25, 0.25, 0.5, 0.5, 0.75, 0.75]


def test_sensitivity_is_read_at_the_loosest_threshold_that_keeps_the_rate() -> None:
    found = score_froc(FOUR_SCANS, resampling=QUICK)
    assert [found.sensitivity[rate].value for rate in RATES] == [0.25, 0.5, 0.75, 0.75, 0.75, 0.75, 0.75]
    assert found.mean_sensitivity.value == pytest.approx((0.25 + 0.5 + 5 * 0.75) / 7)
    assert (found.lesions, found.scans, found.mean_sensitivity.n) == (4, 4, 4)


def test_a_line_between_thresholds_is_what_numpy_interpolates() -> None:
    found = score_froc(FOUR_SCANS, rates=(0.125, 0.375, 0.6, 9.0), between="line", resampling=QUICK)
    by_hand = [0.25, 0.5 + 0.5 * 0.25, 0.75, 0.75]
    assert [estimate.value for estimate in found.sensitivity.values()] == pytest.approx(by_hand)


@given(st.integers(0, 100_000))
def test_every_point_agrees_with_counting_at_its_threshold(seed: int) -> None:
    made = random_candidates(seed)
    curve = find_froc_curve(made)
    points = zip(curve.threshold, curve.false_positives_per_scan, curve.sensitivity, strict=True)
    for threshold, false_positives, sensitivity in points:
        proposed = made.score >= threshold
        hit = set(made.lesion[proposed].tolist()) - {-1}
        assert sensitivity == pytest.approx(len(hit) / len(made.lesion_scan))
        assert false_positives == pytest.approx(np.sum(made.lesion[proposed] == -1) / made.scans)
    assert len(curve.threshold) == 1 + len(set(made.score.tolist()))


@settings(max_examples=30)
@given(st.integers(0, 100_000), st.floats(0, 5))
def test_the_sensitivity_read_is_the_best_of_all_thresholds_that_keep_the_rate(seed: int, rate: float) -> None:
    made = random_candidates(seed)
    curve = find_froc_curve(made)
    step = score_froc(made, rates=(rate,), resampling=Resampling(resamples=100, method="percentile"))
    best = max(curve.sensitivity[curve.false_positives_per_scan <= rate * (1 + 1e-12)])
    assert step.sensitivity[rate].value == pytest.approx(best)
    line = score_froc(made, rates=(rate,), between="line", resampling=Resampling(resamples=100, method="percentile"))
    assert line.sensitivity[rate].value >= best - 1e-12


@given(st.integers(0, 100_000))
def test_only_the_order_of_scores_matters(seed: int) -> None:
    made = random_candidates(seed)
    moved = replace(made, score=np.exp(made.score / 3) - 7)
    one, two = find_froc_curve(made), find_froc_curve(moved)
    assert np.array_equal(one.sensitivity, two.sensitivity)
    assert np.array_equal(one.false_positives_per_scan, two.false_positives_per_scan)


@given(st.integers(0, 100_000), st.lists(st.integers(0, 3), min_size=6, max_size=6).filter(any))
def test_drawing_a_scan_twice_is_the_same_as_having_it_twice(seed: int, drawn: list[int]) -> None:
    made = random_candidates(seed)
    found: list[tuple[float, int, int]] = []
    lesion_scan: list[int] = []
    for copy, scan in enumerate(np.repeat(np.arange(6), drawn).tolist()):
        own = np.flatnonzero(made.lesion_scan == scan).tolist()
        for index in np.flatnonzero(made.scan == scan):
            lesion = int(made.lesion[index])
            found.append((float(made.score[index]), copy, -1 if lesion < 0 else len(lesion_scan) + own.index(lesion)))
        lesion_scan += [copy] * len(own)
    copied = find_froc_curve(candidates(found, lesion_scan, sum(drawn)))
    false_positives, sensitivity = _walk(_order(made), np.array(drawn, dtype=float))
    # Thresholds of scans that were not drawn change nothing.
    at = np.concatenate([[np.inf], np.unique(made.score)[::-1]])
    position = np.searchsorted(-copied.threshold, -at, side="right") - 1
    assert false_positives == pytest.approx(copied.false_positives_per_scan[position])
    assert sensitivity == pytest.approx(copied.sensitivity[position], nan_ok=True)


def test_scans_given_twice_change_no_value_and_no_interval_when_drawn_as_one_patient() -> None:
    made = random_candidates(3)
    twice = Candidates(
        score=np.tile(made.score, 2),
        scan=np.concatenate([made.scan, made.scan + made.scans]),
        lesion=np.concatenate([made.lesion, np.where(made.lesion < 0, -1, made.lesion + len(made.lesion_scan))]),
        lesion_scan=np.concatenate([made.lesion_scan, made.lesion_scan + made.scans]),
        scans=2 * made.scans,
        lesion_vessel=np.tile(made.lesion_vessel, 2),
        lesion_size_mm3=np.tile(made.lesion_size_mm3, 2),
    )
    one = score_froc(made, resampling=QUICK).mean_sensitivity
    two = score_froc(twice, resampling=QUICK, patients=np.tile(np.arange(made.scans), 2)).mean_sensitivity
    assert (two.value, two.low, two.high) == pytest.approx((one.value, one.low, one.high))


def test_a_perfect_detector_finds_all_without_a_false_positive() -> None:
    made = candidates([(1.0, 0, 0), (1.0, 1, 1)], [0, 1], 2)
    found = score_froc(made, rates=(0.0,), resampling=QUICK)
    assert (found.mean_sensitivity.value, found.mean_sensitivity.low) == (1, 1)


def test_no_candidates_find_nothing() -> None:
    found = score_froc(candidates([], [0, 1], 3), resampling=QUICK)
    assert found.mean_sensitivity.value == 0
    assert find_froc_curve(candidates([], [0], 1)).threshold.tolist() == [math.inf]


def test_without_lesions_there_is_no_sensitivity() -> None:
    made = candidates([(1.0, 0, -1), (0.5, 1, -1)], [], 2)
    for between in ("step", "line"):
        assert np.isnan(score_froc(made, between=between, resampling=QUICK).mean_sensitivity.value)
    curve = find_froc_curve(made)
    assert curve.false_positives_per_scan.tolist() == [0, 0.5, 1]
    assert np.isnan(curve.sensitivity).all()


def test_one_scan_has_a_curve_and_no_interval() -> None:
    found = score_froc(candidates([(1.0, 0, 0)], [0, 0], 1)).mean_sensitivity
    assert found.value == 0.5
    assert np.isnan(found.low)


def test_hits_on_lesions_of_another_vessel_or_size_are_no_false_positives() -> None:
    made = candidates(
        [(0.9, 0, 0), (0.8, 0, 1), (0.7, 0, -1), (0.6, 1, 2)], [0, 0, 1], 2, vessels=[1, 2, 1], sizes=[1.0, 5.0, 9.0]
    )
    by_vessel = score_froc_by_vessel(made, [1, 2], resampling=QUICK)
    assert by_vessel[1].sensitivity[0.125].value == 0.5
    assert by_vessel[1].sensitivity[0.5].value == 1.0
    assert by_vessel[2].sensitivity[0.125].value == 1.0
    assert (by_vessel[1].lesions, by_vessel[2].lesions) == (2, 1)
    by_size = score_froc_by_size(made, [5.0], resampling=QUICK)
    assert [(band.low_mm3, score.lesions) for band, score in by_size.items()] == [(0.0, 1), (5.0, 2)]
    assert [score.sensitivity[0.125].value for score in by_size.values()] == [1.0, 0.5]


def test_candidates_come_from_matched_lesions_and_their_scores() -> None:
    def row(number: int, matched: int | None, vessel: int = 0) -> MatchedLesion:
        return MatchedLesion(lesion=number, vessel=vessel, size_mm3=2.0 * number, matched=matched)

    first = LesionMatch(reference=(row(1, 4, 3), row(2, None)), predicted=(row(4, 1),), rule="", has_vessels=True)
    second = LesionMatch(reference=(row(2, 8),), predicted=(row(7, None), row(8, 2)), rule="", has_vessels=True)
    made = gather_candidates([first, second], [{4: 0.9}, {7: 0.8, 8: 0.7}])
    assert made.lesion.tolist() == [0, -1, 2]
    assert made.scan.tolist() == [0, 1, 1]
    assert made.lesion_scan.tolist() == [0, 0, 1]
    assert made.lesion_vessel.tolist() == [3, 0, 0]
    assert made.lesion_size_mm3.tolist() == [2.0, 4.0, 4.0]
    with pytest.raises(EvaluationError, match="2 have none"):
        gather_candidates([first, second], [{}, {7: 0.8}])
    with pytest.raises(EvaluationError, match="2 scans and 1 scores"):
        gather_candidates([first, second], [{}])


@pytest.mark.parametrize(
    ("found", "lesion_scan", "said"),
    [
        ([(math.nan, 0, -1)], [0], "finite scores"),
        ([(1.0, 2, -1)], [0], "scans of candidates from 0 to 1"),
        ([(1.0, 0, -1)], [-1], "scans of lesions"),
        ([(1.0, 0, 1)], [0], "lesions of candidates from -1 to 0"),
        ([(1.0, 1, 0)], [0], "1 hit another scan's"),
    ],
)
def test_candidates_that_can_not_be_are_refused(
    found: list[tuple[float, int, int]], lesion_scan: list[int], said: str
) -> None:
    with pytest.raises(EvaluationError, match=said):
        candidates(found, lesion_scan, 2)


def test_a_curve_needs_a_scan_and_a_rate() -> None:
    for call in (find_froc_curve, score_froc):
        with pytest.raises(EvaluationError, match="at least 1 scan"):
            call(candidates([], [], 0))
    for rates in ((), (-1.0,), (math.nan,)):
        with pytest.raises(EvaluationError, match="0 or more are needed"):
            score_froc(FOUR_SCANS, rates=rates)
