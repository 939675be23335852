"""How sure a total is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.anatomy.confounders import Candidate
from vascal.calcium.candidates import find_candidates
from vascal.calcium.finding import Finding, Rejected
from vascal.calcium.lesions import Lesion, find_lesions
from vascal.calcium.rule import AGATSTON_1990
from vascal.calcium.score import score_calcium
from vascal.calcium.uncertainty import TotalUncertainty, doubt_total, estimate_uncertainty
from vascal.volume import Grid, LabelMap, Volume

GRID = Grid.even((3, 20, 20), (3.0, 0.5, 0.5))


def test_sure_lesions_leave_only_what_two_scans_differ_by() -> None:
    doubt = estimate_uncertainty([100.0], [1.0], bmi=28.0)
    # 0.17 * 100 + 4.89 * 10 + 0.44 * 28 - 10.84 = 67.38; a scan's own share is that over root 2.
    half = 67.38 / np.sqrt(2)
    assert doubt.low == pytest.approx(100 - half, abs=4)
    assert doubt.high == pytest.approx(100 + half, abs=4)
    assert doubt.zero_probability == 0
    assert doubt.categories["11-100"] + doubt.categories["101-400"] == pytest.approx(1)


def test_without_candidates_the_total_is_zero_for_sure() -> None:
    doubt = estimate_uncertainty([], [])
    assert (doubt.low, doubt.high, doubt.zero_probability) == (0, 0, 1)
    assert doubt.categories["0"] == 1


def test_zero_is_as_likely_as_no_candidate_being_calcium() -> None:
    doubt = estimate_uncertainty([20.0, 5.0], [0.1, 0.5])
    assert doubt.zero_probability == pytest.approx(0.9 * 0.5)
    assert doubt.categories["0"] == pytest.approx(0.45, abs=0.03)


def test_what_scores_nothing_can_not_take_zero_away() -> None:
    assert estimate_uncertainty([0.0], [0.9]).zero_probability == 1


@given(
    st.lists(st.tuples(st.floats(0.1, 2000), st.floats(0, 1)), max_size=8),
)
def test_shares_are_shares_and_the_interval_is_ordered(rows: list[tuple[float, float]]) -> None:
    doubt = estimate_uncertainty([a for a, _ in rows], [p for _, p in rows])
    assert sum(doubt.categories.values()) == pytest.approx(1)
    assert 0 <= doubt.low <= doubt.high
    assert 0 <= doubt.zero_probability <= 1
    again = estimate_uncertainty([a for a, _ in rows], [p for _, p in rows])
    assert (again.low, again.high) == (doubt.low, doubt.high)


def _scan() -> tuple[Volume, np.ndarray]:
    hu = np.full(GRID.shape, 40, dtype=np.int16)
    hu[1, 2:6, 2:6] = 300
    hu[1, 12:16, 12:16] = 250
    labels = np.zeros(GRID.shape, dtype=np.uint8)
    labels[1, 2:6, 2:6] = 1
    return Volume(hu=hu, grid=GRID), labels


def _doubt(probability: float | None, confidence: float | None = 0.9) -> TotalUncertainty | None:
    volume, labels = _scan()
    region = LabelMap(labels=labels, grid=GRID, names={1: "LAD"})
    found = find_lesions(find_candidates(volume, region, AGATSTON_1990), AGATSTON_1990)
    lesions = tuple(
        Lesion(id=one.id, vessel=one.vessel, index=one.index, hu=one.hu, confidence=confidence) for one in found
    )
    index = np.flatnonzero((volume.hu == 250).reshape(-1))
    candidate = Candidate(
        index=index, peak_hu=250.0, volume_mm3=12.0, center_mm=(0.0, 0.0, 0.0), center_index=(1.0, 13.5, 13.5)
    )
    finding = Finding(
        lesions=lesions, rejected=(Rejected(reason="noise", candidate=candidate, probability=probability),)
    )
    return doubt_total(volume, finding, score_calcium(volume, lesions))


def test_a_rejected_candidate_may_still_count() -> None:
    # The lesion scores 16 pixels * 0.25 mm2 * 3 = 12, the rejected one 4 mm2 * 2 = 8.
    likely, unlikely = _doubt(0.4), _doubt(0.0)
    assert likely is not None
    assert unlikely is not None
    assert likely.zero_probability == pytest.approx(0.1 * 0.6)
    assert unlikely.zero_probability == pytest.approx(0.1)
    assert likely.high > unlikely.high


def test_without_probabilities_nothing_is_said() -> None:
    assert _doubt(None) is None
    assert _doubt(0.3, confidence=None) is None
