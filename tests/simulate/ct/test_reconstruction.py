"""CT numbers of the projection path against what went in."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from vascal.errors import SimulationError
from vascal.simulate.ct.attenuation import Spectrum, hu_per_mg_cm3, monochromatic, spectrum
from vascal.simulate.ct.projection import (
    BasisMaps,
    Exposure,
    FanGeometry,
    PointMasses,
    Sweep,
    dual_source,
    full_turn,
    half_turn,
    measure_paths,
    view_times_s,
)
from vascal.simulate.ct.reconstruction import (
    ImageField,
    SliceScan,
    filter_and_back_project,
    image_of_lines,
    rebin_to_parallel,
    reconstruct,
    scan_slice,
    trace_beating,
    trace_slice,
)

GEOMETRY = FanGeometry(views_per_turn=720, pitch_mm=0.8, field_mm=360.0)
TURNS = {"full": full_turn, "half": half_turn, "dual": dual_source}
ROD_MM = 12.0


def soft_mtf(frequency: np.ndarray) -> np.ndarray:
    """Fall to 50 % at 0.31 per mm, as a calcium scoring kernel does."""
    return np.asarray(np.exp(-np.log(2) * np.square(frequency / 0.31)))


def make_scan(sweeps: tuple[Sweep, ...] | None = None, field: ImageField | None = None) -> SliceScan:
    return SliceScan(
        geometry=GEOMETRY,
        sweeps=sweeps or full_turn(GEOMETRY),
        exposure=Exposure(),
        field=field or ImageField(shape=(256, 256), pixel_mm=1.0),
        mtf=soft_mtf,
    )


def around(scan: SliceScan, x: float, y: float, radius_mm: float) -> np.ndarray:
    rows, columns = scan.field.axes_mm()
    return np.asarray(np.hypot(rows[:, None] - y, columns - x) < radius_mm)


def water_with_rods(radius_mm: float, rods: dict[tuple[float, float], float]) -> BasisMaps:
    axis = (np.arange(400) - 199.5) * 0.75
    water = np.clip((radius_mm - np.hypot(axis[:, None], axis)) / 0.75 + 0.5, 0, 1).astype(np.float32)
    mineral = np.zeros_like(water)
    for (x, y), mg_cm3 in rods.items():
        mineral[np.hypot(axis[:, None] - y, axis - x) < ROD_MM] = mg_cm3
    return BasisMaps(water=water, hydroxyapatite=mineral, pixel_mm=0.75)


@lru_cache
def water_image(kvp: int, turn: str) -> tuple[SliceScan, np.ndarray]:
    scan = make_scan(TURNS[turn](GEOMETRY))
    return scan, scan_slice([water_with_rods(100.0, {})], scan, spectrum(kvp))


@pytest.mark.parametrize(("kvp", "turn"), [(70, "full"), (120, "full"), (120, "half"), (140, "dual")])
def test_water_is_nought_and_flat(kvp: int, turn: str) -> None:
    scan, image = water_image(kvp, turn)
    inside = image[around(scan, 0, 0, 90.0)]
    assert abs(inside.mean()) < 2
    for x, y in ((0, 0), (60, 0), (0, -60), (-50, 50), (0, 82)):
        assert abs(image[around(scan, x, y, 8.0)].mean()) < 2
    assert image[around(scan, 120, 0, 5.0)].mean() == pytest.approx(-1000, abs=5)


@pytest.mark.parametrize("kvp", [80, 100, 120, 140])
def test_a_rod_is_as_bright_as_first_principles_say(kvp: int) -> None:
    scan = make_scan()
    image = scan_slice([water_with_rods(100.0, {(0.0, 0.0): 50.0})], scan, spectrum(kvp))
    rod = image[around(scan, 0, 0, 7.0)].mean()
    assert rod / 50 == pytest.approx(hu_per_mg_cm3(kvp, water_cm=20.0), rel=0.03)


def test_a_dense_rod_hardens_its_own_beam() -> None:
    scan = make_scan()
    rods = {(50.0, 0.0): 100.0, (-50.0, 0.0): 800.0}
    image = scan_slice([water_with_rods(100.0, rods)], scan, spectrum(120))
    weak, strong = (image[around(scan, x, 0, 7.0)].mean() / mg for (x, _), mg in rods.items())
    assert 0.8 * weak < strong < 0.98 * weak


def weak_mass(scan: SliceScan, points: PointMasses, x: float, y: float, beam: Spectrum) -> float:
    nothing = BasisMaps(water=np.zeros((4, 4), dtype=np.float32), pixel_mm=1.0)
    image = scan_slice([nothing], scan, beam, points=points).astype(float) + 1000
    hu_mm2 = image[around(scan, x, y, 30.0)].sum() * scan.field.pixel_mm**2
    return float(hu_mm2 / beam.hu_per_unit("hydroxyapatite") / 1000)


CLOUD_MM = np.array([20.0, -30.5]) + np.random.default_rng(8).normal(0, 0.7, (1, 20, 2))
CLOUD = PointMasses(position_mm=CLOUD_MM, mg_per_mm=np.full((1, 20), 0.25))
CLOUD_FIELD = ImageField(shape=(200, 200), pixel_mm=0.4, centre_mm=(25.0, -30.0))


@pytest.mark.parametrize("turn", ["full", "half", "dual"])
def test_a_resting_plaque_keeps_its_mass(turn: str) -> None:
    scan = make_scan(TURNS[turn](GEOMETRY), CLOUD_FIELD)
    assert weak_mass(scan, CLOUD, 20.0, -30.5, monochromatic(70.0)) == pytest.approx(5.0, rel=1e-3)


# A point that moves while the tube goes round is seen at two places; the shorter the window, the less that matters.
@pytest.mark.parametrize(("turn", "tolerance"), [("full", 0.012), ("half", 0.008), ("dual", 0.002)])
@pytest.mark.parametrize("speed_mm_s", [30.0, 100.0])
def test_a_moving_plaque_keeps_its_mass(turn: str, tolerance: float, speed_mm_s: float) -> None:
    sweeps = TURNS[turn](GEOMETRY, rotation_time_s=0.28)
    way = speed_mm_s * view_times_s(sweeps)[:, None, None] * np.array([0.8, 0.6])
    points = PointMasses(position_mm=CLOUD_MM + way, mg_per_mm=CLOUD.mg_per_mm)
    mass = weak_mass(make_scan(sweeps, CLOUD_FIELD), points, 20.0, -30.5, monochromatic(70.0))
    assert mass == pytest.approx(5.0, rel=tolerance)


def test_a_shorter_window_blurs_a_moving_plaque_less() -> None:
    peaks = {}
    for turn, make in TURNS.items():
        sweeps = make(GEOMETRY, rotation_time_s=0.28)
        scan = make_scan(sweeps, ImageField(shape=(120, 120), pixel_mm=0.5))
        way = 60.0 * view_times_s(sweeps)[:, None, None] * np.array([1.0, 0.0])
        points = PointMasses(position_mm=way, mg_per_mm=np.array([[1.0]]))
        nothing = BasisMaps(water=np.zeros((4, 4), dtype=np.float32), pixel_mm=1.0)
        peaks[turn] = scan_slice([nothing], scan, monochromatic(70.0), points=points).max() + 1000
    assert peaks["full"] < peaks["half"] < peaks["dual"]


def test_the_image_is_as_sharp_as_asked() -> None:
    scan = make_scan(field=ImageField(shape=(256, 256), pixel_mm=0.4))
    nothing = BasisMaps(water=np.zeros((4, 4), dtype=np.float32), pixel_mm=1.0)
    points = PointMasses(position_mm=np.array([[[6.0, -4.0]]]), mg_per_mm=np.array([[3.0]]))
    image = scan_slice([nothing], scan, monochromatic(70.0), points=points) + 1000
    transfer = np.abs(np.fft.fft2(image))
    frequency = np.fft.fftfreq(256, 0.4)[1:60]
    for line in (transfer[0, 1:60], transfer[1:60, 0]):
        assert line / transfer[0, 0] == pytest.approx(soft_mtf(frequency), abs=0.03)


def test_noise_falls_with_the_square_root_of_the_dose_and_is_that_of_a_scanner() -> None:
    scan = make_scan(field=ImageField(shape=(200, 200), pixel_mm=0.6))
    lines = trace_slice([water_with_rods(140.0, {})], scan)
    sd = {}
    for mas in (20.0, 80.0):
        paths = measure_paths(lines, spectrum(120), GEOMETRY, Exposure(mas=mas), np.random.default_rng(3))
        image = reconstruct(paths, GEOMETRY, scan.sweeps, scan.field, scan.mtf)
        sd[mas] = float(image[around(scan, 0, 0, 40.0)].std())
    assert sd[20.0] / sd[80.0] == pytest.approx(2, rel=0.06)
    # A calcium scoring kernel shows 12 to 24 HU at about 80 mAs.
    assert 8 < sd[80.0] < 24


def test_a_second_map_lies_upon_the_first() -> None:
    scan = make_scan()
    body = water_with_rods(100.0, {(40.0, 0.0): 4.0})
    nothing = np.zeros_like(body.water)
    iodine = BasisMaps(water=nothing, iodine=body.hydroxyapatite, pixel_mm=body.pixel_mm)
    bright = scan_slice([replace(body, hydroxyapatite=None), iodine], scan, spectrum(100))
    assert bright[around(scan, 40, 0, 7.0)].mean() / 4 == pytest.approx(hu_per_mg_cm3(100, "iodine"), rel=0.05)


def test_moving_anatomy_is_smeared_and_anatomy_at_rest_is_not() -> None:
    scan = make_scan(full_turn(GEOMETRY, rotation_time_s=0.3), ImageField(shape=(160, 160), pixel_mm=1.0))
    body = water_with_rods(50.0, {})

    def beating(time_s: float) -> list[BasisMaps]:
        return [replace(body, centre_mm=(60.0 * time_s, 0.0))]

    beam = spectrum(120)
    still, again, moved = (
        image_of_lines(lines, scan, beam)
        for lines in (
            trace_slice([body], scan),
            trace_beating(lambda _: [body], scan),
            trace_beating(beating, scan),
        )
    )
    assert np.abs(still - again).max() < 0.01
    assert abs(moved[around(scan, 0, 0, 20.0)].mean()) < 10
    edge = around(scan, 50, 0, 4.0)
    assert moved[edge].std() < 0.9 * still[edge].std()


def test_pixels_outside_the_measured_field_do_no_harm() -> None:
    paths = np.zeros((720, GEOMETRY.gammas_rad.size), dtype=np.float32)
    views = rebin_to_parallel(paths, GEOMETRY, full_turn(GEOMETRY))
    image = filter_and_back_project(views, GEOMETRY, ImageField(shape=(64, 64), pixel_mm=10.0), soft_mtf)
    assert (image == 0).all()


def test_a_scan_that_is_too_short_is_refused() -> None:
    (sweep,) = half_turn(GEOMETRY)
    short = replace(sweep, view_count=300)
    with pytest.raises(SimulationError, match="unmeasured"):
        rebin_to_parallel(np.zeros((300, GEOMETRY.gammas_rad.size), dtype=np.float32), GEOMETRY, (short,))
    with pytest.raises(SimulationError, match="pixels"):
        ImageField(shape=(1, 5))
