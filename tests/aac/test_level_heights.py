"""Lengths of levels in vertebral heights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.aac.made_film import BODY, make_reading
from vascal.aac.level_heights import measure_level_heights
from vascal.wall_levels import LEVELS


def test_a_level_is_as_many_heights_long_as_it_was_drawn() -> None:
    heights = measure_level_heights(make_reading(800), (0.5, 0.5))
    assert heights is not None
    assert list(heights) == list(LEVELS)
    # The spine's curve makes a level a little longer than the body below it is high.
    assert list(heights.values()) == pytest.approx([1 / BODY] * 4, rel=0.05)


def test_only_the_ratio_of_the_spacings_matters() -> None:
    reading = make_reading(400)
    assert measure_level_heights(reading, (0.5, 0.5)) == pytest.approx(measure_level_heights(reading, (2.0, 2.0)))


def test_without_an_outline_nothing_is_measured() -> None:
    reading = make_reading()
    assert measure_level_heights(replace(reading, vertebrae=np.zeros_like(reading.vertebrae)), (1.0, 1.0)) is None
    no_l3 = np.where(reading.vertebrae == 4, 0, reading.vertebrae).astype(np.uint8)
    assert measure_level_heights(replace(reading, vertebrae=no_l3), (1.0, 1.0)) is None


def test_a_height_that_no_vertebra_has_is_not_used() -> None:
    reading = make_reading()
    rows = np.arange(160)[:, None]
    flat = np.where(reading.vertebrae == 3, np.where(rows % 160 < 62, 3, 0), reading.vertebrae).astype(np.uint8)
    assert measure_level_heights(replace(reading, vertebrae=flat), (1.0, 1.0)) is None


def test_borders_that_fall_together_measure_nothing() -> None:
    reading = make_reading()
    assert measure_level_heights(replace(reading, level_bounds=np.zeros((5, 2, 2))), (1.0, 1.0)) is None
