"""Compare the CT numbers of calcium with those of an independent simulator.

Needs gecatsim (XCIST, BSD-3; `pip install --only-binary :all: gecatsim`), never a
dependency of vascal; says so and stops where it is absent. Run from an empty folder,
for gecatsim writes there.

A cylinder of water with a rod of hydroxyapatite in its middle is seen by one fan, with
gecatsim's own spectra, cross-sections, projector and detector. The middle ray tells
how much the rod adds, and two cylinders of slightly different size how much water does.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from vascal.simulate.ct.attenuation import HYDROXYAPATITE_MG_CM3, spectrum

VOLTAGES_KV = (80, 100, 120, 140)
RADII_MM = (100.0, 160.0)
ROD_MM, ROD_MG_CM3 = 10.0, 100.0
STEP_MM = 2.0
HYDROXYAPATITE = {1: 0.00201, 8: 0.41407, 15: 0.18498, 20: 0.39894}
WATER = {1: 0.111902, 8: 0.888098}
SCINTILLATOR = {8: 0.08453, 16: 0.08470, 64: 0.83077}


def write_material(name: str, density_g_cm3: float, elements: dict[int, float]) -> None:
    lines = "\n".join(f"{number}    {share:.6f}" for number, share in elements.items())
    Path(name).write_text(f"# elements\n{len(elements)}\n# density\n{density_g_cm3:.6f}\n# mass fractions\n{lines}\n")


def write_solution() -> None:
    """Hydroxyapatite in water, which leaves it room."""
    mineral = ROD_MG_CM3 / 1000
    water = 1 - ROD_MG_CM3 / HYDROXYAPATITE_MG_CM3
    density = mineral + water
    elements = {number: share * mineral / density for number, share in HYDROXYAPATITE.items()}
    for number, share in WATER.items():
        elements[number] = elements.get(number, 0.0) + share * water / density
    write_material("rod", density, elements)


def cylinder(index: int, radius_mm: float, material: int) -> str:
    fields = {
        "center": f"({index},:) = [0.0 0.0 0.0]",
        "half_axes": f"({index},:) = [{radius_mm:.6f} {radius_mm:.6f} 50.000000]",
        "euler_angs": f"({index},:) = [90.000000 0.000000 0.000000]",
        "density": f"({index}) = 1.000000",
        "type": f"({index}) = 2",
        "material": f"({index}) = {material}",
        "axial_lims": f"({index},:) = [0 0]",
        "shape": f"({index}) = 0",
        "clip": f"{{{index}}} = []",
    }
    return "\n".join(f"object.{name}{value};" for name, value in fields.items()) + "\n\n"


def their_ray(kvp: int, radius_mm: float, with_rod: bool) -> float:
    """Minus the logarithm of the signal of the middle detector."""
    gecatsim = importlib.import_module("gecatsim")  # absent for most

    parts = cylinder(1, radius_mm, 1) + (cylinder(2, ROD_MM, 2) if with_rod else "")
    Path("cylinder.ppm").write_text("materialList = {'water' 'rod' };\n\n" + parts)
    scan = gecatsim.CatSim()
    scan.phantom.callback, scan.phantom.projectorCallback = "Phantom_Analytic", "C_Projector_Analytic"
    scan.phantom.filename = "cylinder.ppm"
    scan.resultsName = "ray"
    scan.protocol.spectrumFilename = f"tungsten_tar7.0_{kvp}_filt.dat"
    scan.protocol.flatFilter, scan.protocol.bowtie = ["Al", 7.0], []
    scan.protocol.viewsPerRotation = scan.protocol.viewCount = 1
    scan.protocol.startViewId = scan.protocol.stopViewId = 0
    scan.scanner.detectorMaterial, scan.scanner.detectorDepth = "scintillator", 1.4 * 0.7
    scan.scanner.detectorPrefilter = []
    scan.scanner.detectorRowsPerMod = scan.scanner.detectorRowCount = 1
    scan.scanner.detectorColCount, scan.scanner.detectorColOffset = 3, 0.0
    scan.physics.energyCount = 60
    scan.physics.enableQuantumNoise = scan.physics.enableElectronicNoise = 0
    scan.run_all()
    return float(gecatsim.rawread("ray.prep", [1, 1, 3], "float")[0, 0, 1])


def our_ray(kvp: int, radius_mm: float, with_rod: bool) -> float:
    beam = spectrum(kvp)
    mineral = ROD_MG_CM3 * 2 * ROD_MM / 10 if with_rod else 0.0
    lines = np.array([2 * radius_mm / 10, mineral, 0.0])
    return float(-np.log(np.exp(-lines @ beam.bases_per_cm) @ beam.signal))


def slope(ray: Callable[[int, float, bool], float], kvp: int, radius_mm: float) -> float:
    """HU per mg/cm3 behind as much water as the cylinder is wide."""
    added = ray(kvp, radius_mm, True) - ray(kvp, radius_mm, False)
    water = ray(kvp, radius_mm + STEP_MM, False) - ray(kvp, radius_mm - STEP_MM, False)
    return 1000 * (added / (2 * ROD_MM)) / (water / (4 * STEP_MM)) / ROD_MG_CM3


def main() -> None:
    if importlib.util.find_spec("gecatsim") is None:
        sys.exit("gecatsim is not installed: nothing was compared")
    write_solution()
    write_material("scintillator", 7.3, SCINTILLATOR)
    print("| kVp, water | gecatsim, HU per mg/cm3 | vascal | ratio |\n|---|---|---|---|")
    for kvp in VOLTAGES_KV:
        for radius_mm in RADII_MM:
            theirs, ours = slope(their_ray, kvp, radius_mm), slope(our_ray, kvp, radius_mm)
            print(
                f"| {kvp} kVp, {radius_mm / 5:.0f} cm | {theirs:.3f} | {ours:.3f} | {ours / theirs:.3f} |", flush=True
            )


if __name__ == "__main__":
    main()
