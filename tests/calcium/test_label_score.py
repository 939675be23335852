from __future__ import annotations

import pytest

from tests.io.datasets.scans import GRID, make_labels, make_volume
from vascal.calcium.label_score import score_label_map
from vascal.volume import LabelMap


def test_coronary_labels_are_scored_by_hand_arithmetic_and_others_left_out() -> None:
    labels = make_labels(2, 6)
    labels[2] = 2  # soft tissue, below the threshold
    score = score_label_map(make_volume(), LabelMap(labels=labels, grid=GRID, names={2: "LAD", 6: "aorta"}))
    assert score.total.agatston == pytest.approx(8 * 0.5 * 0.75 * 3)  # 320 HU weighs 3
    assert score.vessels["LAD"].agatston == score.total.agatston
    assert "aorta" not in score.vessels


def test_calcium_whose_vessel_is_not_told_counts_too() -> None:
    score = score_label_map(make_volume(), LabelMap(labels=make_labels(5, 5), grid=GRID, names={5: "coronary"}))
    assert score.total.agatston == pytest.approx(8 * 0.375 * 3 + 6 * 0.375)
