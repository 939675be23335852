"""Two spectra of one slice, and the images that are computed from them.

A pair of tube voltages tells iodine from water, but not iodine from calcium at
the same time: what a virtual non-contrast image keeps of calcium is what iodine
can not explain. It is about a third of its CT number at 120 kVp.

Everything is done in the image, as the vendors' two- and three-material methods
do; sources: Alvarez and Macovski, Phys Med Biol 1976;21:733 (two materials);
Liu et al., Med Phys 2009;36:1676 (three materials).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import numpy as np
from jaxtyping import Float, Float32

from vascal.errors import SimulationError
from vascal.simulate.ct.attenuation import (
    MEDIUM_WATER_CM,
    Spectrum,
    hu_per_mg_cm3,
    material_hu,
    monochromatic,
    spectrum,
)
from vascal.simulate.ct.projection import BasisMaps, PointMasses
from vascal.simulate.ct.reconstruction import HuPlane, SliceScan, image_of_lines, trace_slice

SecondMaterial = Literal["iodine", "hydroxyapatite"]
SoftLine = Literal["water", "fat_and_muscle"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beam:
    """A tube voltage and its tin filter.

    Parameters
    ----------
    kvp
        Peak tube voltage, kV.
    tin_mm
        Tin filter, mm.
    """

    kvp: float
    tin_mm: float = 0.0

    def spectrum(self) -> Spectrum:
        """Give the spectrum; raises SimulationError if it is not tabulated."""
        return spectrum(self.kvp, tin_mm=self.tin_mm)

    def slope(self, material: SecondMaterial, water_cm: float) -> float:
        """Give the CT number of one unit of a material, HU."""
        return hu_per_mg_cm3(self.kvp, material, water_cm=water_cm, tin_mm=self.tin_mm)


@dataclass(frozen=True, slots=True, kw_only=True)
class BeamPair:
    """The low and the high beam of a dual-energy scan."""

    low: Beam
    high: Beam


PAIRS = MappingProxyType(
    {
        "80/140": BeamPair(low=Beam(kvp=80), high=Beam(kvp=140)),
        "80/Sn140": BeamPair(low=Beam(kvp=80), high=Beam(kvp=140, tin_mm=0.4)),
        "70/Sn150": BeamPair(low=Beam(kvp=70), high=Beam(kvp=150, tin_mm=0.6)),
        "100/Sn150": BeamPair(low=Beam(kvp=100), high=Beam(kvp=150, tin_mm=0.6)),
    }
)
"""Pairs that scanners offer: two generations of dual source, and fast switching."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DualEnergyImages:
    """One slice at two spectra.

    Parameters
    ----------
    low_hu, high_hu
        (row, column), HU.
    pair
        The beams.
    water_cm
        Water path for which the materials' CT numbers are taken, cm.
    """

    low_hu: HuPlane
    high_hu: Float32[np.ndarray, "_ _"]
    pair: BeamPair
    water_cm: float = MEDIUM_WATER_CM

    def __post_init__(self) -> None:
        if self.low_hu.shape != self.high_hu.shape:
            raise SimulationError(f"two images of one slice differ in shape: {self.low_hu.shape}, {self.high_hu.shape}")
        for image in (self.low_hu, self.high_hu):
            image.setflags(write=False)


def scan_pair(
    maps: Sequence[BasisMaps],
    scan: SliceScan,
    pair: BeamPair,
    *,
    points: PointMasses | None = None,
    high_mas: float | None = None,
    rng: np.random.Generator | None = None,
    water_cm: float = MEDIUM_WATER_CM,
) -> DualEnergyImages:
    """Scan one slice with two beams at the same time.

    Parameters
    ----------
    maps, scan, points, rng
        As for `vascal.simulate.ct.reconstruction.scan_slice`; the scan's mAs are those of the low beam.
    pair
        The beams, for example ``PAIRS["80/140"]``.
    high_mas
        mAs of the high beam; as the low beam's where left out.
    water_cm
        Water path that the materials are later judged by, cm.

    Raises
    ------
    SimulationError
        If a beam is not tabulated, or as `scan_slice` does.
    """
    lines = trace_slice(maps, scan, points)
    images = []
    for beam, mas in ((pair.low, scan.exposure.mas), (pair.high, high_mas or scan.exposure.mas)):
        images.append(
            image_of_lines(lines, replace(scan, exposure=replace(scan.exposure, mas=mas)), beam.spectrum(), rng)
        )
    return DualEnergyImages(low_hu=images[0], high_hu=images[1], pair=pair, water_cm=water_cm)


def _solve(
    images: DualEnergyImages, first: tuple[float, float], second: tuple[float, float]
) -> tuple[Float32[np.ndarray, "row column"], Float32[np.ndarray, "row column"]]:
    """Amounts of two directions in the plane of low and high CT numbers."""
    inverse = np.linalg.inv(np.array((first, second)).T)
    a, b = (row[0] * images.low_hu + row[1] * images.high_hu for row in inverse.astype(np.float32))
    return a, b


def _slopes(images: DualEnergyImages, material: SecondMaterial) -> tuple[float, float]:
    low, high = (beam.slope(material, images.water_cm) for beam in (images.pair.low, images.pair.high))
    return low, high


def decompose(
    images: DualEnergyImages, second: SecondMaterial = "iodine"
) -> tuple[Float32[np.ndarray, "row column"], Float32[np.ndarray, "row column"]]:
    """Split a slice into water and one other material.

    Parameters
    ----------
    images
        A slice at two spectra.
    second
        The other material.

    Returns
    -------
    water, second
        (row, column): relative to water; and mg/ml of iodine or mg/cm3 of hydroxyapatite.

    Notes
    -----
    A third material appears as a mixture of the two: with iodine, calcium is seen
    partly as iodine and partly as water.
    """
    thousand = (1000.0, 1000.0)
    water, amount = _solve(images, thousand, _slopes(images, second))
    return 1 + water, amount


def virtual_monoenergetic(images: DualEnergyImages, energy_kev: float) -> HuPlane:
    """Compute the image that photons of one energy would give.

    Parameters
    ----------
    images
        A slice at two spectra.
    energy_kev
        Photon energy, usually 40 to 140 keV.

    Returns
    -------
    array
        (row, column), HU.

    Raises
    ------
    SimulationError
        For an energy outside 15.5 to 149.5 keV.
    """
    water, iodine = decompose(images)
    slope = monochromatic(energy_kev).hu_per_unit("iodine", images.water_cm)
    return np.asarray(1000 * (water - 1) + slope * iodine, dtype=np.float32)


def _soft_hu(images: DualEnergyImages, soft: SoftLine) -> tuple[Float[np.ndarray, " beam"], Float[np.ndarray, " beam"]]:
    """CT numbers at low and high of one soft tissue, and the way from fat to it."""
    if soft == "water":
        return np.zeros(2), np.full(2, 1000.0)
    beams = (images.pair.low, images.pair.high)
    fat, muscle = (
        np.array([material_hu(name, b.kvp, water_cm=images.water_cm, tin_mm=b.tin_mm) for b in beams])
        for name in ("adipose", "muscle")
    )
    return muscle, muscle - fat


def virtual_non_contrast(
    images: DualEnergyImages, soft: SoftLine = "water"
) -> tuple[HuPlane, Float32[np.ndarray, "row column"]]:
    """Take iodine out of a slice.

    Every pixel is a point in the plane of low and high CT numbers; going along the
    direction of iodine until the line of soft tissues is met gives both.

    Parameters
    ----------
    images
        A slice at two spectra.
    soft
        The line of soft tissues: ``water`` is water of any density, ``fat_and_muscle``
        goes through both, so that fat keeps its CT number.

    Returns
    -------
    hu, iodine
        (row, column): HU, the mean of both spectra; and mg/ml.

    Notes
    -----
    Calcium loses most of its CT number, whatever the pair: 32 to 35 % of that at
    120 kVp are left along the line of water behind 20 cm, 38 to 40 % behind 32 cm;
    along the line of fat and muscle 47 to 50 % and 51 to 55 %.
    """
    base, way = _soft_hu(images, soft)
    shifted = replace(
        images,
        low_hu=images.low_hu - np.float32(base[0]),
        high_hu=images.high_hu - np.float32(base[1]),
    )
    along, iodine = _solve(shifted, (float(way[0]), float(way[1])), _slopes(images, "iodine"))
    hu = np.float32(base.mean()) + np.float32(way.mean()) * along
    return np.asarray(hu, dtype=np.float32), iodine


def calcium_left(pair: BeamPair, soft: SoftLine = "water", *, water_cm: float = MEDIUM_WATER_CM) -> float:
    """Give the share of its CT number at 120 kVp that calcium keeps in a virtual non-contrast image.

    Examples
    --------
    >>> 0.3 < calcium_left(PAIRS["80/140"]) < 0.37
    True
    """
    low, high = (beam.slope("hydroxyapatite", water_cm) for beam in (pair.low, pair.high))
    pixel = DualEnergyImages(
        low_hu=np.full((1, 1), 100 * low, dtype=np.float32),
        high_hu=np.full((1, 1), 100 * high, dtype=np.float32),
        pair=pair,
        water_cm=water_cm,
    )
    base = replace(pixel, low_hu=np.zeros((1, 1), dtype=np.float32), high_hu=np.zeros((1, 1), dtype=np.float32))
    left = virtual_non_contrast(pixel, soft)[0] - virtual_non_contrast(base, soft)[0]
    return float(left[0, 0]) / (100 * hu_per_mg_cm3(120, water_cm=water_cm))
