"""Compensation: what is done to image, rule and score, and that it undoes what it should."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.calcium.scenes import blank, grid_of, score_of
from vascal.calcium.compensation import (
    HARDENING_PER_BMI,
    KERNEL_BLUR_MM,
    TISSUE_HU,
    Compensation,
    ScanFacts,
    blur_slices,
    choose_compensations,
    compensate,
    thicken,
    thicken_labels,
)
from vascal.calcium.rule import AGATSTON_1990, adapt_rule
from vascal.errors import RuleError
from vascal.tube_voltage import calcium_hu_ratio
from vascal.volume import Grid, LabelMap, Volume

THIN = (1.0, 0.5, 0.5)


def volume_of(hu: np.ndarray, spacing_mm: tuple[float, float, float] = THIN) -> Volume:
    return Volume(hu=hu, grid=grid_of(hu, spacing_mm))


def test_without_compensation_nothing_changes() -> None:
    volume = volume_of(blank())
    done = compensate(volume, AGATSTON_1990, ())
    assert done.volume is volume
    assert done.rule == AGATSTON_1990
    assert (done.score_factor, done.names) == (1.0, ())


def test_threshold_and_edges_move_away_from_the_tissue() -> None:
    one = Compensation(name="70 kVp", kvp=70.0, calcium_scale=1.5, pivot_hu=20.0)
    rule = compensate(volume_of(blank()), AGATSTON_1990, (one,)).rule
    assert rule.threshold_hu == pytest.approx(20 + 110 * 1.5)
    assert rule.weight_edges_hu == pytest.approx((20 + 180 * 1.5, 20 + 280 * 1.5, 20 + 380 * 1.5))
    assert rule.kvp == 70.0


def test_brighter_calcium_in_unchanged_tissue_scores_the_same_after_compensation() -> None:
    ratio, tissue = calcium_hu_ratio(80), 20
    image = blank((5, 30, 30), tissue)
    image[2, 10:14, 10:14] = 250
    image[2, 20:24, 20:24] = 140
    brighter = np.round(tissue + (image - tissue) * ratio).astype(np.int16)
    one = Compensation(name="80 kVp", kvp=80.0, calcium_scale=ratio, pivot_hu=tissue)
    rule = compensate(volume_of(brighter), AGATSTON_1990, (one,)).rule
    assert score_of(brighter, rule=rule).total.agatston == score_of(image).total.agatston


def test_factors_multiply_and_names_are_kept_in_order() -> None:
    done = compensate(
        volume_of(blank()),
        AGATSTON_1990,
        (Compensation(name="a", score_factor=1.5), Compensation(name="b", score_factor=0.5, min_patch_mm2=2.0)),
    )
    assert (done.score_factor, done.names, done.rule.min_patch_mm2) == (0.75, ("a", "b"), 2.0)


def test_a_rule_that_holds_for_another_voltage_is_refused() -> None:
    with pytest.raises(RuleError, match="compensation starts from 120 kVp"):
        compensate(volume_of(blank()), adapt_rule(AGATSTON_1990, 80.0), ())


@pytest.mark.parametrize(
    "wrong",
    [{"calcium_scale": 0.1}, {"calcium_scale": float("nan")}, {"score_factor": 6.0}, {"blur_sd_mm": -0.1},
     {"slice_mm": 0.0}],
)  # fmt: skip
def test_an_impossible_compensation_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(RuleError, match="compensation odd"):
        Compensation(name="odd", **wrong)


def test_blur_keeps_the_sum_and_stays_within_its_slice() -> None:
    image = blank((3, 41, 41), 0)
    image[1, 20, 20] = 10000
    blurred = blur_slices(volume_of(image), 0.5).hu
    assert blurred[1].sum() == pytest.approx(10000, rel=0.01)
    assert blurred[1, 20, 20] == pytest.approx(10000 / (2 * np.pi), rel=0.05)
    assert not blurred[[0, 2]].any()
    assert image[1, 20, 20] == 10000


def test_no_blur_is_the_same_image() -> None:
    volume = volume_of(blank())
    assert blur_slices(volume, 0.0) is volume


def test_three_slices_of_1_mm_become_one_of_3_mm_in_their_middle() -> None:
    image = np.arange(6, dtype=np.int16)[:, None, None] * np.ones((6, 4, 4), dtype=np.int16)
    thick = thicken(volume_of(image), 3.0)
    assert thick.hu[:, 0, 0].tolist() == [1, 4]
    assert thick.grid.slice_positions_mm == pytest.approx((1.0, 4.0))
    assert thick.grid.origin_mm[2] == pytest.approx(1.0)


def test_slices_of_2_mm_share_out_what_lies_between() -> None:
    image = np.array([0, 90, 180], dtype=np.int16)[:, None, None] * np.ones((3, 4, 4), dtype=np.int16)
    thick = thicken(volume_of(image, (2.0, 0.5, 0.5)), 3.0)
    assert thick.hu[:, 0, 0].tolist() == [30, 150]


def test_what_is_left_over_at_the_far_end_is_dropped_so_that_old_slices_stay_whole() -> None:
    image = np.arange(8, dtype=np.int16)[:, None, None] * np.ones((8, 4, 4), dtype=np.int16)
    thick = thicken(volume_of(image), 3.0)
    assert thick.hu[:, 0, 0].tolist() == [1, 4]
    assert thick.grid.slice_positions_mm == pytest.approx((1.0, 4.0))


def test_thicker_slices_of_a_prone_patient_lie_where_the_thin_ones_did() -> None:
    grid = Grid(
        shape=(6, 4, 4), row_spacing_mm=0.5, column_spacing_mm=0.5,
        slice_positions_mm=tuple(-10.0 + k for k in range(6)), origin_mm=(20.0, 11.0, -10.0),
        row_axis=(0.0, -1.0, 0.0), column_axis=(-1.0, 0.0, 0.0),
    )  # fmt: skip
    thick = thicken(Volume(hu=blank((6, 4, 4)), grid=grid), 3.0).grid
    assert thick.index_to_mm(0, 1, 2) == pytest.approx(grid.index_to_mm(1, 1, 2))
    assert thick.index_to_mm(1, 0, 0) == pytest.approx(grid.index_to_mm(4, 0, 0))


def test_slices_are_never_made_thinner() -> None:
    with pytest.raises(RuleError, match="can not be made 3 mm thin"):
        thicken(volume_of(blank(), (5.0, 0.5, 0.5)), 3.0)


def test_a_scan_shorter_than_a_slice_is_refused() -> None:
    with pytest.raises(RuleError, match="too short"):
        thicken(volume_of(blank((5, 4, 4))), 3.0)


@given(level=st.integers(-1000, 3000), slices=st.integers(12, 20), thin_mm=st.sampled_from([0.5, 1.0, 1.5, 2.5, 3.0]))
def test_an_even_image_stays_even(level: int, slices: int, thin_mm: float) -> None:
    image = blank((slices, 3, 3), level)
    assert np.all(thicken(volume_of(image, (thin_mm, 0.5, 0.5)), 3.0).hu == level)


def test_a_plaque_that_fills_its_slices_scores_the_same_thick_or_thin() -> None:
    image = blank((9, 20, 20))
    image[3:6, 8:12, 8:12] = 350
    labels = LabelMap(labels=(image > 130).astype(np.uint8), grid=grid_of(image, THIN), names={1: "LAD"})
    thick, thick_labels = thicken(volume_of(image), 3.0), thicken_labels(labels, 3.0)
    thin_score = score_of(image, spacing_mm=THIN).total.agatston
    assert score_of(thick.hu, grid=thick.grid, labels=thick_labels.labels).total.agatston == pytest.approx(thin_score)


def test_a_label_in_any_slice_reaches_the_thick_one_and_the_larger_share_wins() -> None:
    labels = np.zeros((5, 3, 3), dtype=np.uint8)
    labels[0, 0, 0] = 1
    labels[1, 0, 0] = 2
    labels[4, 2, 2] = 1
    grid = grid_of(labels, (2.0, 0.5, 0.5))
    thick = thicken_labels(LabelMap(labels=labels, grid=grid, names={1: "LM", 2: "LAD"}), 3.0)
    assert thick.labels.shape == (3, 3, 3)
    assert thick.labels[0, 0, 0] == 1 or thick.labels[0, 0, 0] == 2
    assert thick.labels[2, 2, 2] == 1
    assert thick.grid == thicken(Volume(hu=blank(labels.shape), grid=grid), 3.0).grid


def test_the_reference_protocol_needs_nothing() -> None:
    assert choose_compensations(ScanFacts(kvp=120.0, slice_mm=3.0, kernel="Qr36", noise_sd_hu=18.0, bmi=26.0)) == ()
    assert choose_compensations(ScanFacts()) == ()


def test_each_fact_brings_its_own_compensation() -> None:
    (voltage,) = choose_compensations(ScanFacts(kvp=100.0))
    assert (voltage.kvp, voltage.pivot_hu) == (100.0, TISSUE_HU)
    assert voltage.calcium_scale == pytest.approx(calcium_hu_ratio(100.0))
    (kernel,) = choose_compensations(ScanFacts(kernel="Qr44"))
    assert kernel.blur_sd_mm == KERNEL_BLUR_MM["Qr44"]
    (thin,) = choose_compensations(ScanFacts(slice_mm=1.0))
    assert thin.slice_mm == 3.0
    (size,) = choose_compensations(ScanFacts(bmi=36.0))
    assert size.calcium_scale == pytest.approx(1 - 10 * HARDENING_PER_BMI)


def test_thick_slices_soft_kernels_and_denoising_lower_the_rule() -> None:
    for facts in (ScanFacts(slice_mm=5.0), ScanFacts(kernel="Qr32"), ScanFacts(denoising="deep")):
        (one,) = choose_compensations(facts)
        assert 0.85 < one.calcium_scale < 1
        assert (one.slice_mm, one.blur_sd_mm) == (None, 0.0)


def test_slices_of_2_and_a_half_mm_are_left_alone() -> None:
    assert choose_compensations(ScanFacts(slice_mm=2.5)) == ()


def test_noise_is_blurred_away_unless_something_else_does_so() -> None:
    blurs = [sum(c.blur_sd_mm for c in choose_compensations(ScanFacts(noise_sd_hu=sd))) for sd in (20.0, 30.0, 45.0)]
    assert blurs == [0.0, 0.2, 0.3]
    assert len(choose_compensations(ScanFacts(noise_sd_hu=45.0, slice_mm=1.0))) == 1
    assert len(choose_compensations(ScanFacts(noise_sd_hu=45.0, kernel="LUNG"))) == 1


def test_an_unknown_kernel_and_a_kvp_out_of_range_are_not_guessed() -> None:
    assert choose_compensations(ScanFacts(kernel="X99z")) == ()
    with pytest.raises(RuleError):
        choose_compensations(ScanFacts(kvp=60.0))
