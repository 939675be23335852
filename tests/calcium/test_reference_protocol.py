"""Compensation: what each correction does, in numbers that can be checked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.calcium.reference_protocol import (
    CORRECTIONS,
    ScanFacts,
    average_to_three_mm,
    brightness,
    compensate,
    labels_to_three_mm,
    soften,
)
from vascal.calcium.rule import AGATSTON_1990
from vascal.errors import GeometryError, RuleError
from vascal.volume import Grid, LabelMap, Volume


def volume_of(slices: int, spacing: float) -> Volume:
    hu = np.arange(slices, dtype=np.int16)[:, None, None] * np.ones((1, 12, 12), np.int16) * 30
    return Volume(hu=hu, grid=Grid.even((slices, 12, 12), (spacing, 0.5, 0.5), origin_mm=(1.0, 2.0, 10.0)))


def test_the_reference_protocol_is_left_alone() -> None:
    volume = volume_of(8, 3.0)
    facts = ScanFacts(kvp=120.0, bmi=26.0, mtf50_per_mm=0.31)
    result = compensate(volume, facts)
    assert result.used == ()
    assert result.volume is volume
    assert result.rule == AGATSTON_1990


def test_nothing_known_corrects_nothing() -> None:
    assert compensate(volume_of(8, 3.0), ScanFacts()).used == ()


def test_low_voltage_raises_threshold_and_edges_and_a_heavy_patient_lowers_them() -> None:
    low = compensate(volume_of(4, 3.0), ScanFacts(kvp=80.0)).rule
    assert low.threshold_hu == pytest.approx(20 + 110 * 1.3628)
    assert low.weight_edges_hu == pytest.approx((20 + 180 * 1.3628, 20 + 280 * 1.3628, 20 + 380 * 1.3628))
    heavy = compensate(volume_of(4, 3.0), ScanFacts(kvp=120.0, bmi=38.0))
    assert heavy.rule.threshold_hu == pytest.approx(20 + 110 * (1 - 12 * 3 / 1200))
    assert heavy.used == ("voltage-and-size",)


@given(bmi=st.floats(17, 50), kvp=st.sampled_from([70.0, 80.0, 100.0, 120.0, 140.0]))
def test_calcium_is_darker_in_heavier_patients_at_any_voltage(bmi: float, kvp: float) -> None:
    assert brightness(ScanFacts(kvp=kvp, bmi=bmi + 1)) < brightness(ScanFacts(kvp=kvp, bmi=bmi))


def test_three_slices_of_one_millimetre_become_their_mean() -> None:
    thick = average_to_three_mm(volume_of(9, 1.0))
    assert thick.hu[:, 0, 0].tolist() == [30, 120, 210]
    assert thick.grid.slice_positions_mm == pytest.approx((11.0, 14.0, 17.0))
    assert thick.grid.origin_mm == pytest.approx((1.0, 2.0, 11.0))


def test_slices_that_straddle_a_border_are_shared() -> None:
    thick = average_to_three_mm(volume_of(6, 2.0))
    # 0-3 mm holds slice 0 and half of slice 1; 3-6 mm the other half and slice 2.
    assert thick.hu[:, 0, 0].tolist() == [10, 50, 100, 140]


@given(spacing=st.floats(0.4, 2.7), slices=st.integers(16, 60))
def test_averaging_keeps_a_flat_image_flat_and_the_length_to_a_slice(spacing: float, slices: int) -> None:
    grid = Grid.even((slices, 4, 4), (spacing, 1.0, 1.0))
    thick = average_to_three_mm(Volume(hu=np.full(grid.shape, 77, np.int16), grid=grid))
    assert np.all(thick.hu == 77)
    assert slices * spacing - 3 < len(thick.hu) * 3.0 <= slices * spacing + 0.01


def test_labels_follow_the_slices() -> None:
    volume = volume_of(9, 1.0)
    labels = np.zeros(volume.grid.shape, dtype=np.uint8)
    labels[4, 3, 3] = 2
    thick = labels_to_three_mm(LabelMap(labels=labels, grid=volume.grid, names={2: "LAD"}))
    assert np.argwhere(thick.labels).tolist() == [[1, 3, 3]]
    thick.grid.require_same(average_to_three_mm(volume).grid)


def test_softening_keeps_the_sum_and_lowers_the_peak() -> None:
    hu = np.zeros((2, 61, 61), dtype=np.int16)
    hu[0, 28:33, 28:33] = 3000
    soft = soften(Volume(hu=hu, grid=Grid.even((2, 61, 61), (3.0, 0.4, 0.4))), 0.62)
    assert soft.hu[0].sum() == pytest.approx(75_000, rel=0.01)
    assert soft.hu.max() < 2800
    assert not soft.hu[1].any()


def test_corrections_can_be_chosen_and_a_wrong_name_is_refused() -> None:
    facts = ScanFacts(kvp=80.0)
    assert compensate(volume_of(9, 1.0), facts, corrections=("three-millimetre",)).used == ("three-millimetre",)
    assert set(compensate(volume_of(9, 1.0), facts).used) < set(CORRECTIONS)
    with pytest.raises(GeometryError, match="no stack of 3 mm"):
        average_to_three_mm(volume_of(4, 1.0))
    with pytest.raises(RuleError, match="80 kVp"):
        compensate(volume_of(9, 1.0), facts, rule=replace(AGATSTON_1990, kvp=80.0))
