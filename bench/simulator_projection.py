"""Speed and faithfulness of the simulator's projection path. Everything here is simulated.

python -m bench.simulator_projection

CPU seconds of one process and one core, warm (compiled once before), the least of
five runs; the figures of faithfulness follow from the same images.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from vascal.simulate.ct.attenuation import Spectrum, hu_per_mg_cm3, monochromatic, spectrum
from vascal.simulate.ct.projection import (
    BasisMaps,
    Exposure,
    FanGeometry,
    PointMasses,
    dual_source,
    full_turn,
    half_turn,
    measure_paths,
    trace_maps,
    view_times_s,
)
from vascal.simulate.ct.reconstruction import ImageField, SliceScan, reconstruct, scan_slice

PIXEL_MM = 0.8
GEOMETRY = FanGeometry()
RODS = {(60.0, 0.0): 100.0, (-60.0, 0.0): 200.0, (0.0, 60.0): 400.0}
TURNS = {"whole turn": full_turn, "half turn": half_turn, "two tubes": dual_source}


def scoring_mtf(frequency: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(-np.log(2) * np.square(frequency / 0.31)))


def phantom(half_width_mm: float, half_depth_mm: float, rods: dict[tuple[float, float], float]) -> BasisMaps:
    """Make an oval of water with rods of hydroxyapatite, 512 x 512 pixels."""
    axis = (np.arange(512) - 255.5) * PIXEL_MM
    reach = np.hypot(axis / half_width_mm, axis[:, None] / half_depth_mm)
    water = np.clip((1 - reach) * half_depth_mm / PIXEL_MM + 0.5, 0, 1).astype(np.float32)
    mineral = np.zeros_like(water)
    for (x, y), mg_cm3 in rods.items():
        mineral[np.hypot(axis - x, axis[:, None] - y) < 12.5] = mg_cm3
    return BasisMaps(water=water, hydroxyapatite=mineral, pixel_mm=PIXEL_MM)


def make_scan(turn: str, field: ImageField | None = None, mas: float = 60.0) -> SliceScan:
    sweeps = TURNS[turn](GEOMETRY, rotation_time_s=0.28)
    field = field or ImageField(shape=(512, 512), pixel_mm=0.6)
    return SliceScan(geometry=GEOMETRY, sweeps=sweeps, exposure=Exposure(mas=mas), field=field, mtf=scoring_mtf)


def cpu_s(work: Callable[[], object], runs: int = 5) -> float:
    work()
    spent = []
    for _ in range(runs):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return min(spent)


def inside(scan: SliceScan, x: float, y: float, radius_mm: float) -> np.ndarray:
    rows, columns = scan.field.axes_mm()
    return np.asarray(np.hypot(columns - x, rows[:, None] - y) < radius_mm)


def print_speed_of(turn: str, maps: BasisMaps, beam: Spectrum) -> None:
    scan = make_scan(turn)
    angles = scan.angles_rad()
    lines = trace_maps(maps, GEOMETRY, angles)
    rng = np.random.default_rng(0)
    paths = measure_paths(lines, beam, GEOMETRY, scan.exposure, rng)
    parts = (
        cpu_s(lambda: trace_maps(maps, GEOMETRY, angles)),
        cpu_s(lambda: measure_paths(lines, beam, GEOMETRY, scan.exposure, rng)),
        cpu_s(lambda: reconstruct(paths, GEOMETRY, scan.sweeps, scan.field, scan.mtf)),
    )
    whole = cpu_s(lambda: scan_slice([maps], scan, beam, rng=rng))
    print(f"| {turn} | {angles.size} | {parts[0]:.2f} | {parts[1]:.2f} | {parts[2]:.2f} | **{whole:.2f}** |")


def print_speed() -> None:
    print("| 512 x 512 slice, oval of 300 x 200 mm | views | rays traced | detector | image | all, CPU-s |")
    print("|---|---|---|---|---|---|")
    for turn in TURNS:
        print_speed_of(turn, phantom(150.0, 100.0, RODS), spectrum(120))


def print_water() -> None:
    print("\n| water of 20 cm and of 32 cm, noiseless | middle, HU | worst of 9 places, HU |\n|---|---|---|")
    for kvp in (70, 100, 120, 140):
        for radius in (100.0, 160.0):
            scan = make_scan("whole turn")
            image = scan_slice([phantom(radius, radius, {})], scan, spectrum(kvp))
            places = [(0.0, 0.0)] + [
                (r * radius * np.cos(a), r * radius * np.sin(a)) for r in (0.5, 0.85) for a in (0.3, 1.9, 3.4, 5.0)
            ]
            means = [float(image[inside(scan, x, y, 8.0)].mean()) for x, y in places]
            print(f"| {kvp} kVp, {radius / 5:.0f} cm | {means[0]:+.2f} | {max(means, key=abs):+.2f} |")


def print_rods() -> None:
    print(
        "\n| rod of 50 mg/cm3, 25 mm, middle of water | HU per mg/cm3 | first principles | ratio |\n|---|---|---|---|"
    )
    for kvp in (80, 100, 120, 140):
        for radius in (100.0, 160.0):
            scan = make_scan("whole turn")
            image = scan_slice([phantom(radius, radius, {(0.0, 0.0): 50.0})], scan, spectrum(kvp))
            slope = float(image[inside(scan, 0, 0, 7.0)].mean()) / 50
            expected = hu_per_mg_cm3(kvp, water_cm=radius / 5)
            print(f"| {kvp} kVp, {radius / 5:.0f} cm | {slope:.3f} | {expected:.3f} | {slope / expected:.3f} |")


def print_noise() -> None:
    print("\n| noise in the middle of 30 x 20 cm, 120 kVp, 3 mm, half at 0.31 per mm | SD, HU |\n|---|---|")
    for turn in TURNS:
        for mas in (30.0, 60.0, 120.0):
            scan = make_scan(turn, mas=mas)
            image = scan_slice([phantom(150.0, 100.0, {})], scan, spectrum(120), rng=np.random.default_rng(1))
            print(f"| {turn}, {mas:.0f} mAs a turn | {image[inside(scan, 0, 0, 40.0)].std():.1f} |")


def print_mass(beam: Spectrum) -> None:
    print("\n| plaque of 10 mg, 20 points, one energy, mass within 30 mm | mean | SD | worst |\n|---|---|---|---|")
    rng = np.random.default_rng(0)
    air = BasisMaps(water=np.zeros((4, 4), dtype=np.float32), pixel_mm=1.0)
    slope = beam.hu_per_unit("hydroxyapatite")
    for turn in TURNS:
        for speed in (0.0, 30.0, 100.0):
            ratios = []
            for _ in range(8):
                centre, way = rng.uniform(-60, 60, 2), rng.normal(size=2)
                field = ImageField(shape=(160, 160), pixel_mm=0.4, centre_mm=(float(centre[0]), float(centre[1])))
                scan = make_scan(turn, field)
                times = view_times_s(scan.sweeps)[:, None, None]
                position = centre + rng.normal(0, 0.7, (20, 2)) + speed * times * way / np.hypot(*way)
                points = PointMasses(position_mm=position, mg_per_mm=np.full((1, 20), 0.5 / 3))
                image = scan_slice([air], scan, beam, points=points).astype(float) + 1000
                hu_mm2 = image[inside(scan, centre[0], centre[1], 30.0)].sum() * field.pixel_mm**2
                ratios.append(hu_mm2 / slope * 3 / 1000 / 10)
            worst = max(ratios, key=lambda ratio: abs(ratio - 1))
            print(f"| {turn}, {speed:.0f} mm/s | {np.mean(ratios):.4f} | {np.std(ratios):.4f} | {worst:.4f} |")


def main() -> None:
    print_speed()
    print_water()
    print_rods()
    print_noise()
    print_mass(monochromatic(70.0))


if __name__ == "__main__":
    main()
