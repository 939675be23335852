"""Calcium among contrast agent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vascal.anatomy.segmenter import STRUCTURES, Anatomy
from vascal.calcium.contrast import contrast_rule
from vascal.calcium.rule import AGATSTON_1990
from vascal.volume import Grid, LabelMap

GRID = Grid.even((2, 4, 4), (3.0, 1.0, 1.0))
PLAIN = Anatomy(
    structures=LabelMap(labels=np.ones(GRID.shape, dtype=np.uint8), grid=GRID, names=STRUCTURES),
    finder="test",
    blood_hu=350.0,
    aorta_hu=400.0,
    noise_sd_hu=20.0,
)


def test_without_contrast_agent_the_rule_stays() -> None:
    assert contrast_rule(AGATSTON_1990, PLAIN) is AGATSTON_1990


def test_the_threshold_lies_three_deviations_above_the_brightest_blood() -> None:
    rule = contrast_rule(AGATSTON_1990, replace(PLAIN, is_contrast_enhanced=True))
    assert rule.threshold_hu == 400 + 3 * 20
    assert rule.name == "agatston-1990+contrast"


def test_the_threshold_is_never_below_300_hu() -> None:
    pale = replace(PLAIN, is_contrast_enhanced=True, blood_hu=110.0, aorta_hu=None, noise_sd_hu=None)
    assert contrast_rule(AGATSTON_1990, pale).threshold_hu == 300
