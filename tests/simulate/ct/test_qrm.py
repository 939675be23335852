from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vascal.calcium.candidates import find_candidates
from vascal.calcium.lesions import find_lesions
from vascal.calcium.mass import Calibration, Rod, calibrate_from_rods
from vascal.calcium.rule import FOUR_PIXELS
from vascal.calcium.score import CalciumScore, score_calcium
from vascal.errors import SimulationError
from vascal.simulate.ct.qrm import (
    QrmPlan,
    SimulatedQrm,
    cover_disc,
    label_inserts,
    paint_qrm,
    place_inserts,
    simulate_qrm,
    vary_qrm,
)
from vascal.volume import Grid

SMALL = QrmPlan(reach_mm=(-12.0, 12.0))


def score(scan: SimulatedQrm, plan: QrmPlan) -> CalciumScore:
    lesions = find_lesions(find_candidates(scan.volume, scan.labels, FOUR_PIXELS), FOUR_PIXELS)
    rods = Calibration(factor_mg_cm3_per_hu=1 / plan.calcium_hu, source="rods", detail="")
    return score_calcium(scan.volume, lesions, rule=FOUR_PIXELS, calibration=rods)


def painted_mg(plan: QrmPlan) -> float:
    """All calcium in the picture: what is left after the same picture without any is taken away."""
    grid = plan.grid()
    bright, faint = (paint_qrm(replace(plan, calcium_hu=hu), grid).astype(np.float64) for hu in (2.0, 1.0))
    inside = label_inserts(place_inserts(plan), grid, margin_mm=1.5).labels.any(axis=0)
    return float((bright - faint)[:, inside].sum() * grid.pixel_area_mm2 * grid.spacing_between_slices_mm / 1000)


def test_the_nine_inserts_hold_what_the_phantom_is_known_for() -> None:
    inserts = {insert.name: insert for insert in place_inserts(QrmPlan())}
    assert [round(inserts[f"{size}-HD"].volume_mm3, 1) for size in ("large", "medium", "small")] == [98.2, 21.2, 0.8]
    assert inserts["large-HD"].mass_mg == pytest.approx(78.54, abs=0.01)
    assert sum(insert.mass_mg for insert in inserts.values()) == pytest.approx(168.2, abs=0.05)


@settings(max_examples=12, deadline=None)
@given(
    shift=st.tuples(*[st.floats(-1.5, 1.5)] * 3),
    spin=st.floats(-20, 20),
    tilt=st.tuples(*[st.floats(-2, 2)] * 2),
    pixels=st.sampled_from([200, 256, 333]),
    spacing=st.sampled_from([1.0, 2.5, 3.0]),
)
def test_mass_is_exact_wherever_voxels_lie(
    shift: tuple[float, float, float], spin: float, tilt: tuple[float, float], pixels: int, spacing: float
) -> None:
    plan = QrmPlan(
        shift_mm=shift, spin_degrees=spin, tilt_degrees=tilt, pixels=pixels, field_of_view_mm=120.0,
        spacing_between_slices_mm=spacing, slice_thickness_mm=spacing, reach_mm=(-15.0, 15.0),
    )  # fmt: skip
    assert painted_mg(plan) == pytest.approx(168.23, rel=2e-4)


def test_overlapping_slices_keep_the_mass_where_thickness_is_a_multiple_of_their_distance() -> None:
    plan = QrmPlan(spacing_between_slices_mm=1.5, pixels=256, field_of_view_mm=120.0, reach_mm=(-15, 15))
    assert painted_mg(plan) == pytest.approx(168.23, rel=2e-4)


def test_a_disc_covers_its_area_and_is_centred() -> None:
    grid = Grid.even((2, 64, 64), (3.0, 0.5, 0.7))
    rows, columns, cover = cover_disc(grid, (20.31, 14.17), 2.5)
    assert cover.sum() * grid.pixel_area_mm2 == pytest.approx(np.pi * 2.5**2, rel=1e-5)
    x = 0.7 * np.arange(columns.start, columns.stop)
    y = 0.5 * np.arange(rows.start, rows.stop)
    assert (cover.sum(axis=0) @ x) / cover.sum() == pytest.approx(20.31, abs=0.01)
    assert (cover.sum(axis=1) @ y) / cover.sum() == pytest.approx(14.17, abs=0.01)
    assert cover.min() >= 0
    assert cover.max() <= 1.001


def test_the_rods_give_back_the_slope_and_the_water_of_the_plan() -> None:
    plan = QrmPlan(calcium_hu=1.35, water_hu=20.0, noise_sd_hu=5.0, reach_mm=(24.0, 45.0), pixels=256)
    scan = simulate_qrm(plan)
    water = Rod(center_mm=scan.water_rod_mm, radius_mm=7, length_mm=7, density_mg_cm3=0)
    calcium = Rod(center_mm=scan.calcium_rod_mm, radius_mm=7, length_mm=7, density_mg_cm3=200)
    assert 1 / calibrate_from_rods(scan.volume, water, calcium).factor_mg_cm3_per_hu == pytest.approx(1.35, rel=0.01)


def test_integrated_mass_finds_the_truth_of_the_large_inserts() -> None:
    """It loses 7 % of the faintest one, whose ends stay below the threshold and outside the halo."""
    scan = simulate_qrm(replace(SMALL, noise_sd_hu=3.0))
    seen = score(scan, SMALL)
    for insert in scan.inserts:
        if insert.name.startswith("large"):
            assert seen.vessels[insert.name].mass_integrated_mg == pytest.approx(
                insert.mass_mg, rel=0.08 if insert.name.endswith("LD") else 0.03
            )


def test_a_scan_on_a_siemens_scanner_scores_as_published() -> None:
    """652 +- 24 Agatston and 157.6 mg: van Praagh et al. 2021, five scans without the ring."""
    rng = np.random.default_rng(1)
    plan = replace(SMALL, calcium_hu=1 / 0.771)
    varied = [replace(plan, **vary_qrm(plan, rng)) for _ in range(4)]  # type: ignore[arg-type]
    scores = [score(simulate_qrm(again), again).total for again in varied]
    assert np.mean([total.agatston for total in scores]) == pytest.approx(652, rel=0.06)
    assert np.mean([total.mass_mg for total in scores]) == pytest.approx(157.6, rel=0.06)


def test_labels_name_the_inserts_around_their_true_centres() -> None:
    plan = replace(SMALL, shift_mm=(0.2, -0.1, 0.7), spin_degrees=5)
    inserts, grid = place_inserts(plan), plan.grid()
    labels = label_inserts(inserts, grid)
    for insert in inserts:
        k, i, j = np.nonzero(labels.mask(insert.name))
        center = grid.index_to_mm(float(k.mean()), float(i.mean()), float(j.mean()))
        np.testing.assert_allclose(center[:2], insert.center_mm[:2], atol=0.1)
        assert abs(center[2] - insert.center_mm[2]) <= 1.5


def test_a_plan_gives_the_same_scan_twice_and_another_seed_another() -> None:
    first, again = simulate_qrm(SMALL), simulate_qrm(SMALL)
    np.testing.assert_array_equal(first.volume.hu, again.volume.hu)
    assert np.any(first.volume.hu != simulate_qrm(replace(SMALL, seed=1)).volume.hu)


def test_varying_stays_within_a_voxel() -> None:
    for seed in range(5):
        shift = vary_qrm(SMALL, np.random.default_rng(seed))["shift_mm"]
        assert isinstance(shift, tuple)
        assert np.all(np.abs(shift) <= (0.25, 0.25, 1.5))


def test_impossible_plans_are_refused() -> None:
    for bad in ({"pixels": 4}, {"noise_sd_hu": -1.0}, {"tilt_degrees": (20.0, 0.0)}, {"reach_mm": (3.0, -3.0)}):
        with pytest.raises(SimulationError):
            replace(SMALL, **bad)
    with pytest.raises(SimulationError, match="field of view"):
        simulate_qrm(replace(SMALL, field_of_view_mm=60.0))


@pytest.mark.data
def test_the_public_scan_looks_like_its_simulation(shared_data: Path) -> None:
    """Mean CT numbers of tissue, lung, wall and rods, read at the same places."""
    from vascal.io.dicom import read_studies, read_volume

    real = read_volume(read_studies(shared_data / "qrm-phantom" / "dicom")[0].series[0])
    plan = QrmPlan(
        has_ring=True, calcium_hu=1.373, water_hu=35.2, tissue_hu=36.5, noise_sd_hu=21.2, reach_mm=(-3.0, 33.0),
        field_of_view_mm=512 * 0.488, shift_mm=(0.92, -18.48, -0.56),
    )  # fmt: skip
    simulated = simulate_qrm(plan).volume
    levels = ((22, 1), (32, 11))
    places = {"tissue": (216, 300), "lung": (250, 80), "wall": (75, 256), "ring": (30, 256), "rod": (217, 257)}
    for name, (row, column) in places.items():
        k_real, k = levels[name == "rod"]
        box = np.s_[row - 6 : row + 6, column - 6 : column + 6]
        assert simulated.hu[k][box].mean() == pytest.approx(real.hu[k_real][box].mean(), abs=20), name
