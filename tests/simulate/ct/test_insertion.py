"""Plaques of known mass in a scan that is there already."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vascal.errors import GeometryError, SimulationError
from vascal.simulate.ct.coronaries import Branch, branch_along
from vascal.simulate.ct.example import EXAMPLE_PATIENT
from vascal.simulate.ct.insertion import draw_insertion, insert_plaques, time_ungated_scan
from vascal.simulate.ct.phantom import build_phantom
from vascal.simulate.ct.plaques import Plaque, PlaqueKind
from vascal.simulate.ct.protocol import Protocol
from vascal.simulate.ct.scan import scan_patient
from vascal.simulate.ct.scan_matching import ScanMatch
from vascal.simulate.ct.scanner import KERNELS
from vascal.simulate.ct.sites import find_place
from vascal.volume import Grid, Volume

MATCH = ScanMatch(
    kernel=KERNELS["Qr36"], kernel_evidence="stated", thickness_mm=3.0, kvp=120.0, calcium_hu=1.25, water_mm=270.0,
    noise_sd_hu=20.0,
)  # fmt: skip
LAD = branch_along("LAD", np.array([[-10.0, -12.0, 24.0], [0.0, -4.0, 20.0], [6.0, 2.0, 12.0], [9.0, 8.0, 4.0]]))
RCA = branch_along("RCA", np.array([[-14.0, 0.0, 26.0], [-14.0, 6.0, 14.0], [-12.0, 12.0, 2.0]]))
PLAQUE = Plaque(site="LAD", mass_mg=20.0, density_mg_cm3=400.0, position=0.5, kind="nodular", angle_deg=30.0)


def scan(spacing_mm: tuple[float, float, float] = (3.0, 0.5, 0.5), *, noise: float = 20.0) -> Volume:
    """Noise in a box of 60 mm around the courses."""
    slices, rows, columns = (round(size / step) for size, step in zip((36.0, 60.0, 60.0), spacing_mm, strict=True))
    grid = Grid.even((slices, rows, columns), spacing_mm, origin_mm=(-30.0, -30.0, -3.0))
    hu = np.random.default_rng(1).normal(40, noise, grid.shape)
    return Volume(hu=np.rint(hu).astype(np.int16), grid=grid)


def mass_from_difference(before: Volume, after: Volume, match: ScanMatch = MATCH) -> float:
    difference = (after.hu.astype(float) - before.hu).sum()
    return float(difference * np.prod(before.grid.spacing_mm) / 1000 / match.calcium_hu)


@pytest.mark.parametrize("kind", ["spotty", "linear", "annular", "nodular"])
@pytest.mark.parametrize(
    ("spacing", "thickness"),
    [((3.0, 0.5, 0.5), 3.0), ((5.0, 0.84, 0.84), 5.0), ((1.0, 0.7, 0.6), 1.0), ((1.5, 0.6, 0.6), 3.0)],
)
def test_the_mass_comes_back_from_the_difference_of_stored_images(
    kind: PlaqueKind, spacing: tuple[float, float, float], thickness: float
) -> None:
    before, match = scan(spacing), replace(MATCH, thickness_mm=thickness)
    hybrid = insert_plaques(before, [replace(PLAQUE, kind=kind)], [LAD], match)
    assert mass_from_difference(before, hybrid.volume) == pytest.approx(20.0, rel=0.01)
    assert hybrid.mass_mg() == pytest.approx(20.0, rel=1e-5)


@settings(max_examples=12)
@given(
    slice_mm=st.floats(0.6, 6.0), pixel_mm=st.floats(0.35, 1.0), position=st.floats(0.3, 0.7), angle=st.floats(0, 360)
)
def test_the_mass_comes_back_at_any_spacing(slice_mm: float, pixel_mm: float, position: float, angle: float) -> None:
    before = scan((slice_mm, pixel_mm, pixel_mm))
    plaque = replace(PLAQUE, mass_mg=30.0, kind="spotty", position=position, angle_deg=angle)
    hybrid = insert_plaques(before, [plaque], [LAD], replace(MATCH, thickness_mm=slice_mm))
    assert mass_from_difference(before, hybrid.volume) == pytest.approx(30.0, rel=0.01)


def test_where_nothing_is_inserted_nothing_changes() -> None:
    before = scan()
    hybrid = insert_plaques(before, [], [LAD], MATCH)
    np.testing.assert_array_equal(hybrid.volume.hu, before.hu)
    assert not hybrid.vessels.labels.any()
    assert not hybrid.lesions.labels.any()
    assert hybrid.plaques == ()


def test_a_plaque_changes_only_its_surroundings_and_leaves_the_scan_it_was_given() -> None:
    before = scan()
    copy = before.hu.copy()
    after = insert_plaques(before, [PLAQUE], [LAD], MATCH).volume
    np.testing.assert_array_equal(before.hu, copy)
    k, i, j = np.nonzero(after.hu != copy)
    assert after.grid.index_to_mm(float(k.mean()), float(i.mean()), float(j.mean())) == pytest.approx(
        (3, -1, 16), abs=5
    )
    assert max(np.ptp(i), np.ptp(j)) * 0.5 < 40


def test_the_same_seed_gives_the_same_bits_and_another_rounds_otherwise() -> None:
    one, same, other = (insert_plaques(scan(), [PLAQUE], [LAD], MATCH, seed=seed).volume.hu for seed in (4, 4, 5))
    np.testing.assert_array_equal(one, same)
    assert 0 < np.abs(one.astype(int) - other).max() <= 1


def test_twice_the_mass_in_the_same_place_is_twice_as_bright() -> None:
    before = scan(noise=0.0)
    once, twice = (
        insert_plaques(before, [PLAQUE] * count, [LAD], MATCH).volume.hu.astype(float) - 40 for count in (1, 2)
    )
    assert np.abs(twice - 2 * once).max() <= 2.0
    assert twice.sum() == pytest.approx(2 * once.sum(), rel=0.01)


def test_a_faint_plaque_is_kept_on_average() -> None:
    before = scan(noise=0.0)
    faint = replace(PLAQUE, mass_mg=0.05, kind="spotty")
    found = [
        mass_from_difference(before, insert_plaques(before, [faint], [LAD], MATCH, seed=seed).volume)
        for seed in range(120)
    ]
    assert np.mean(found) == pytest.approx(0.05, abs=4 * np.std(found) / np.sqrt(120))
    assert np.std(found) / np.sqrt(120) < 0.005


def test_calcium_adds_no_noise_of_its_own() -> None:
    quiet, noisy = scan(noise=0.0), scan(noise=20.0)
    added = [insert_plaques(one, [PLAQUE], [LAD], MATCH).volume.hu.astype(int) - one.hu for one in (quiet, noisy)]
    np.testing.assert_array_equal(added[0], added[1])


def test_pixels_saturate_where_the_scans_do() -> None:
    before = scan()
    dense = replace(PLAQUE, mass_mg=300.0, density_mg_cm3=900.0)
    hybrid = insert_plaques(before, [dense], [LAD], replace(MATCH, highest_hu=500))
    assert hybrid.volume.hu.max() == 500


def test_labels_say_which_plaque_and_which_vessel() -> None:
    right = Plaque(site="RCA", mass_mg=15.0, position=0.5)
    hybrid = insert_plaques(scan(), [PLAQUE, right], [LAD, RCA], MATCH)
    assert dict(hybrid.lesions.names) == {1: "1 LAD", 2: "2 RCA"}
    np.testing.assert_array_equal(hybrid.lesions.labels == 1, hybrid.vessels.mask("LAD"))
    np.testing.assert_array_equal(hybrid.lesions.labels == 2, hybrid.vessels.mask("RCA"))
    bright = hybrid.volume.hu > 200
    assert hybrid.vessels.labels[bright].all()
    assert hybrid.mass_mg("RCA") == pytest.approx(15.0, rel=1e-4)
    assert hybrid.mass_mg("LM") == 0.0


def test_truth_is_what_was_ordered_and_how_it_shows() -> None:
    (truth,) = insert_plaques(scan(), [PLAQUE], [LAD], MATCH).plaques
    assert (truth.number, truth.vessel, truth.segment, truth.plaque) == (1, "LAD", 7, PLAQUE)
    assert truth.is_in_field
    assert truth.contrast_to_noise == pytest.approx(truth.peak_hu / 20.0)
    assert (truth.mean_speed_mm_s, truth.path_mm) == (0.0, 0.0)


def test_without_measured_noise_contrast_to_noise_is_infinite() -> None:
    (truth,) = insert_plaques(scan(), [PLAQUE], [LAD], replace(MATCH, noise_sd_hu=None)).plaques
    assert truth.contrast_to_noise == float("inf")


def test_a_plaque_beside_the_scan_is_out_of_sight() -> None:
    far = branch_along("LAD", LAD.points[::10] + np.array([500.0, 0.0, 0.0]))
    before = scan()
    hybrid = insert_plaques(before, [PLAQUE], [far], MATCH)
    np.testing.assert_array_equal(hybrid.volume.hu, before.hu)
    (truth,) = hybrid.plaques
    assert (truth.seen_mg, truth.peak_hu, truth.is_in_field) == (0.0, 0.0, False)


def test_a_scan_of_a_prone_patient_gets_the_plaque_at_the_same_place_in_the_patient() -> None:
    upright = scan(noise=0.0)
    grid = upright.grid
    last = grid.index_to_mm(0, grid.shape[1] - 1, grid.shape[2] - 1)
    turned_grid = replace(grid, origin_mm=last, row_axis=(0.0, -1.0, 0.0), column_axis=(-1.0, 0.0, 0.0))
    turned = Volume(hu=np.ascontiguousarray(upright.hu[:, ::-1, ::-1]), grid=turned_grid)
    there = insert_plaques(turned, [PLAQUE], [LAD], MATCH).volume.hu[:, ::-1, ::-1]
    here = insert_plaques(upright, [PLAQUE], [LAD], MATCH).volume.hu
    assert np.abs(there.astype(int) - here).max() <= 1


def test_slice_positions_may_count_from_anywhere() -> None:
    upright = scan(noise=0.0)
    shifted = replace(upright.grid, slice_positions_mm=tuple(z + 100 for z in upright.grid.slice_positions_mm))
    here = insert_plaques(upright, [PLAQUE], [LAD], MATCH).volume.hu
    there = insert_plaques(Volume(hu=upright.hu.copy(), grid=shifted), [PLAQUE], [LAD], MATCH).volume.hu
    np.testing.assert_array_equal(here, there)


def test_motion_blurs_a_plaque_about_its_course_and_does_not_move_it() -> None:
    before = scan(noise=0.0)
    timing = time_ungated_scan(before.grid, heart_rate_bpm=75.0, seed=3)
    right = Plaque(site="RCA", mass_mg=20.0, position=0.5, kind="spotty")
    still = insert_plaques(before, [right], [RCA], MATCH)
    moving = insert_plaques(before, [right], [RCA], MATCH, timing=timing)
    assert moving.plaques[0].mean_speed_mm_s > 5
    assert moving.plaques[0].peak_hu < still.plaques[0].peak_hu
    centres = []
    for hybrid in (still, moving):
        added = hybrid.volume.hu.astype(float) - 40
        centres.append([np.average(np.arange(n), weights=added.sum(axis=axes)) for n, axes in
                        zip(added.shape, ((1, 2), (0, 2), (0, 1)), strict=True)])  # fmt: skip
    np.testing.assert_allclose(np.multiply(centres[0], (3, 0.5, 0.5)), np.multiply(centres[1], (3, 0.5, 0.5)), atol=0.6)


def test_a_plaque_needs_a_course() -> None:
    with pytest.raises(SimulationError, match=r"no course of 'RCA' is given; there are \['LAD'\]"):
        insert_plaques(scan(), [Plaque(site="RCA", mass_mg=1.0)], [LAD], MATCH)


def test_more_plaques_than_labels_are_refused() -> None:
    with pytest.raises(SimulationError, match="found 256 plaques"):
        insert_plaques(scan(), [PLAQUE] * 256, [LAD], MATCH)


def test_uneven_slices_are_refused() -> None:
    before = scan()
    positions = (*before.grid.slice_positions_mm[:-1], before.grid.slice_positions_mm[-1] + 2)
    uneven = Volume(hu=before.hu.copy(), grid=replace(before.grid, slice_positions_mm=positions))
    with pytest.raises(GeometryError, match="even stack"):
        insert_plaques(uneven, [PLAQUE], [LAD], MATCH)


def test_drawn_plaques_lie_on_given_courses_and_repeat() -> None:
    drawn = draw_insertion(7, [LAD, RCA], agatston=300.0)
    assert drawn == draw_insertion(7, [LAD, RCA], agatston=300.0)
    assert {plaque.site for plaque in drawn} <= {"LAD", "RCA"}
    assert sum(plaque.mass_mg for plaque in drawn) == pytest.approx(109.1, rel=0.1)


@pytest.mark.parametrize("seed", range(6))
def test_without_a_score_to_aim_at_everybody_drawn_has_some_calcium(seed: int) -> None:
    assert draw_insertion(seed, [LAD])


def test_plaques_can_not_be_drawn_without_a_main_course() -> None:
    ramus = branch_along("ramus", LAD.points[::10])
    with pytest.raises(SimulationError, match="no course to put plaques on"):
        draw_insertion(0, [ramus])


def test_a_course_runs_through_its_control_points() -> None:
    control = np.array([[0.0, 0.0, 0.0], [10.0, 4.0, 0.0], [14.0, 12.0, -6.0]])
    branch: Branch = branch_along("OM1", control)
    assert (branch.vessel, branch.segment_at(0.5)) == ("LCX", 12)
    apart = np.linalg.norm(branch.points[:, None] - control, axis=2).min(axis=0)
    np.testing.assert_allclose(apart, 0, atol=1e-5)


@pytest.mark.parametrize(
    "points", [[[0.0, 0.0, 0.0]], [[0.0, 0.0], [1.0, 1.0]], [[0.0] * 3, [0.0] * 3], [[0.0] * 3, [np.nan, 1.0, 1.0]]]
)
def test_a_course_of_less_than_two_places_is_refused(points: list[list[float]]) -> None:
    with pytest.raises(SimulationError, match="two or more finite points"):
        branch_along("LAD", np.array(points))


def test_a_course_of_an_unknown_artery_is_refused() -> None:
    with pytest.raises(SimulationError, match="no coronary artery is called 'IVA'"):
        branch_along("IVA", LAD.points)


def test_a_plaque_put_into_a_finished_scan_looks_as_if_it_had_been_scanned() -> None:
    patient = replace(EXAMPLE_PATIENT, devices=())
    protocol = Protocol(matrix=96, field_mm=180.0, coverage=0.6, noise_sd_hu=15.0, is_moving=False)
    plaques = (
        Plaque(site="LAD", mass_mg=40.0, position=0.3, kind="linear"),
        Plaque(site="RCA", mass_mg=25.0, position=0.2, kind="nodular", angle_deg=120.0),
    )
    phantom = build_phantom(patient, protocol.blood)
    places = {site: find_place(phantom, site) for site in ("LAD", "RCA")}
    courses = [
        Branch(
            name=site, vessel=place.vessel or "LM", points=place.course.points.astype(np.float32),
            radii=place.course.radii.astype(np.float32), segments=((1, 1.0),),
        )
        for site, place in places.items()
    ]  # fmt: skip
    scanned = scan_patient(patient, protocol, seed=2, plaques=plaques)
    empty = scan_patient(patient, protocol, seed=2, plaques=())
    match = replace(MATCH, calcium_hu=scanned.calcium_hu, kernel=protocol.convolution_kernel)
    hybrid = insert_plaques(empty.volume, plaques, courses, match)
    assert np.abs(hybrid.volume.hu.astype(int) - scanned.volume.hu).max() <= 2
    assert np.abs(hybrid.volume.hu.astype(int) - empty.volume.hu).max() > 100
    np.testing.assert_array_equal(hybrid.lesions.labels, scanned.lesions.labels)
    for mine, theirs in zip(hybrid.plaques, scanned.plaques, strict=True):
        assert mine.centre_mm == pytest.approx(theirs.centre_mm, abs=0.01)
        assert mine.peak_hu == pytest.approx(theirs.peak_hu, rel=1e-3)
