"""What a patient's size makes of the beam: how bright calcium and iodine are, and how noisy the image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vascal.simulate.ct.attenuation import hu_per_mg_cm3
from vascal.simulate.ct.noise import NoiseScale, estimate_noise_scale, expected_noise_sd_hu, water_diameter_mm
from vascal.simulate.ct.painting import at_rest, paint_slices, tissue_hu
from vascal.simulate.ct.phantom import Phantom
from vascal.simulate.ct.protocol import Protocol
from vascal.simulate.ct.scanner import calcium_slope_hu, noise_gain
from vascal.volume import Grid

SCOUT_PIXEL_MM = 8.0
AVERAGE_WATER_MM = 270.0
WATER_PER_MM = 0.0195
MODULATION = 0.5
"""Share of a patient's size that tube current modulation makes up for."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Beam:
    """What the patient's size makes of the beam.

    Parameters
    ----------
    calcium_hu, iodine_hu
        CT number of 1 mg/cm3 and of 1 mg/ml, HU.
    noise_sd_hu
        In the middle of the patient, HU.
    water_mm
        Diameter of the cylinder of water that attenuates as the patient does, mm.
    noise_scale
        How noise varies over the image.
    """

    calcium_hu: float
    iodine_hu: float
    noise_sd_hu: float
    water_mm: float
    noise_scale: NoiseScale | None


def measure_beam(phantom: Phantom, protocol: Protocol, grid: Grid) -> Beam:
    """Find how much patient is in the way, and what that does to CT numbers and noise."""
    scout = _scout_grid(grid)
    values = tissue_hu(phantom.scene, 1.3, 26.0)
    body, _ = paint_slices(phantom.scene, scout, 1.0, values, body=phantom.body, motion=at_rest(scout))
    without_table = np.where(body[0] < -600, -1000, np.minimum(body[0], 1500))
    water_mm = water_diameter_mm(body[0], scout.pixel_area_mm2)
    calcium = calcium_slope_hu(protocol.scanner, protocol.kvp, water_mm)
    iodine = hu_per_mg_cm3(protocol.kvp, "iodine", water_cm=water_mm / 10)
    if protocol.tin_mm:
        plain = hu_per_mg_cm3(protocol.kvp, water_cm=water_mm / 10)
        calcium *= hu_per_mg_cm3(protocol.kvp, water_cm=water_mm / 10, tin_mm=protocol.tin_mm) / plain
        iodine = hu_per_mg_cm3(protocol.kvp, "iodine", water_cm=water_mm / 10, tin_mm=protocol.tin_mm)
    if protocol.fidelity == "projection":
        # What comes out of rays is physics, whatever a vendor's calibration says.
        calcium = hu_per_mg_cm3(protocol.kvp, water_cm=water_mm / 10, tin_mm=protocol.tin_mm)
    sd = _noise_sd(protocol, water_mm)
    scale = estimate_noise_scale(without_table, scout, grid, current_modulation=MODULATION) if sd > 0 else None
    return Beam(calcium_hu=calcium, iodine_hu=iodine, noise_sd_hu=sd, water_mm=water_mm, noise_scale=scale)


def _noise_sd(protocol: Protocol, water_mm: float) -> float:
    if protocol.tube_load_mas is not None:
        return expected_noise_sd_hu(
            gain=noise_gain(protocol.convolution_kernel),
            tube_load_mas=protocol.tube_load_mas,
            slice_thickness_mm=protocol.thickness_mm,
            water_diameter_mm=water_mm,
            kvp=protocol.kvp,
        )
    return float(protocol.noise_sd_hu * np.exp((1 - MODULATION) * WATER_PER_MM * (water_mm - AVERAGE_WATER_MM) / 2))


def _scout_grid(grid: Grid) -> Grid:
    """A coarse look at the whole patient at a few heights of the scan."""
    count = max(2, min(10, round((grid.slice_positions_mm[-1] - grid.slice_positions_mm[0]) / 40)))
    heights = np.linspace(grid.slice_positions_mm[0], grid.slice_positions_mm[-1], count)
    spacing = max(float(heights[1] - heights[0]), 1.0)
    half = 36 * SCOUT_PIXEL_MM
    return Grid.even(
        (count, 64, 73), (spacing, SCOUT_PIXEL_MM, SCOUT_PIXEL_MM), origin_mm=(-half, -half + 40, float(heights[0]))
    )
