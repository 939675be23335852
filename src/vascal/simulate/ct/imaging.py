"""From a phantom, its plaques and a protocol to the image: three ways.

The image path paints slices, blurs them and adds noise: seconds. The projection path
traces every ray, with plaques where they are in each view, and reconstructs: a
second a slice. Dual energy takes the image path twice and combines the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from jaxtyping import Float32, UInt8
from numpy.typing import NDArray

from vascal.simulate.ct.attenuation import spectrum
from vascal.simulate.ct.beam import Beam
from vascal.simulate.ct.calcium_layer import CalciumPatch, MovingPoints, image_plaque, slice_shares
from vascal.simulate.ct.dual_energy import PAIRS, DualEnergyImages, virtual_monoenergetic, virtual_non_contrast
from vascal.simulate.ct.noise import expected_noise_sd_hu
from vascal.simulate.ct.painting import SliceMotion, paint_slices, tissue_amounts, tissue_hu
from vascal.simulate.ct.phantom import Phantom
from vascal.simulate.ct.projection import BasisMaps, Exposure, FanGeometry, PointMasses, dual_source, half_turn
from vascal.simulate.ct.protocol import Protocol
from vascal.simulate.ct.reconstruction import ImageField, SliceScan, scan_slice
from vascal.simulate.ct.scanner import make_image, mtf, noise_gain
from vascal.simulate.ct.timing import Timing
from vascal.volume import Grid

Images = Float32[np.ndarray, "slice row column"]
Organs = UInt8[np.ndarray, "slice row column"]
BODY_PIXEL_MM = 1.0
BODY_MM = 500.0
MONO_KEV = 70.0
DOSE_SHARE = 0.095
"""What of a real scanner's dose the ideal one of the projection path needs for the same noise.

No scatter, full detection and perfect use of every view; measured once against the
noise that phantoms have on scanners (`vascal.simulate.ct.noise`).
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exam:
    """One scan about to be made.

    Parameters
    ----------
    phantom, protocol, grid, timing, beam
        Who, how, where, when and with what.
    calcium, patches
        Every plaque as points, and as what it adds to the image path; None is out of sight.
    seed
        Draws noise.
    """

    phantom: Phantom
    protocol: Protocol
    grid: Grid
    timing: Timing
    beam: Beam
    calcium: tuple[MovingPoints, ...]
    patches: tuple[CalciumPatch | None, ...]
    seed: int

    @property
    def motion(self) -> SliceMotion:
        """Breath and beat of what is painted."""
        return self.timing.slice_motion("heart")

    def rng(self, purpose: int) -> np.random.Generator:
        """Random numbers for one purpose."""
        return np.random.default_rng(np.random.SeedSequence((self.seed, purpose)))


def patches_of(calcium: tuple[MovingPoints, ...], grid: Grid, protocol: Protocol) -> tuple[CalciumPatch | None, ...]:
    """Give what every plaque adds to an image."""
    return tuple(image_plaque(one, grid, protocol.thickness_mm, protocol.convolution_kernel) for one in calcium)


def image_path(exam: Exam, *, purpose: int = 0x015E) -> tuple[Images, Organs]:
    """Paint, blur, add noise and calcium.

    Returns
    -------
    hu, organs
        (slice, row, column).
    """
    values = tissue_hu(exam.phantom.scene, exam.beam.calcium_hu, exam.beam.iodine_hu)
    planes, organs = paint_slices(
        exam.phantom.scene, exam.grid, exam.protocol.thickness_mm, values, body=exam.phantom.body, motion=exam.motion
    )
    hu = make_image(
        planes[0],
        exam.grid,
        exam.protocol.convolution_kernel,
        noise_sd_hu=exam.beam.noise_sd_hu,
        rng=exam.rng(purpose),
        slice_thickness_mm=exam.protocol.thickness_mm,
        noise_scale=exam.beam.noise_scale,
    )
    hu_per_mg = exam.beam.calcium_hu * 1000 / (exam.grid.pixel_area_mm2 * exam.grid.spacing_between_slices_mm)
    for patch in exam.patches:
        if patch is not None:
            hu[patch.where] += patch.mg * np.float32(hu_per_mg)
    return hu, organs


def dual_energy_images(exam: Exam) -> tuple[Mapping[str, Images], Organs]:
    """Scan with two spectra at once.

    Returns
    -------
    images, organs
        ``mono 70 keV`` (monoenergetic), ``low``, ``high``, ``vnc`` (virtual non-contrast), HU.
    """
    pair = PAIRS[exam.protocol.dual_energy]
    water_cm = exam.beam.water_mm / 10
    both = []
    for purpose, beam in ((0x10, pair.low), (0x11, pair.high)):
        seen = replace(
            exam.beam,
            calcium_hu=beam.slope("hydroxyapatite", water_cm),
            iodine_hu=beam.slope("iodine", water_cm),
        )
        hu, organs = image_path(replace(exam, beam=seen), purpose=purpose)
        both.append(hu)
    low, high = both
    slices = [
        DualEnergyImages(low_hu=a.copy(), high_hu=b.copy(), pair=pair, water_cm=water_cm)
        for a, b in zip(low, high, strict=True)
    ]
    mono = np.stack([virtual_monoenergetic(one, MONO_KEV) for one in slices])
    vnc = np.stack([virtual_non_contrast(one)[0] for one in slices])
    return {f"mono {MONO_KEV:g} keV": mono, "low": low, "high": high, "vnc": vnc}, organs


def projection_path(exam: Exam) -> tuple[Images, Organs]:
    """Trace, measure and reconstruct every slice; plaques move from view to view.

    Returns
    -------
    hu, organs
        (slice, row, column).
    """
    wide = _body_grid(exam)
    scene, body, thickness = exam.phantom.scene, exam.phantom.body, exam.protocol.thickness_mm
    maps, _ = paint_slices(scene, wide, thickness, tissue_amounts(scene), body=body, motion=exam.motion)
    values = tissue_hu(scene, exam.beam.calcium_hu, exam.beam.iodine_hu)
    _, organs = paint_slices(scene, exam.grid, thickness, values, body=body, motion=exam.motion)
    scan, beam = _slice_scan(exam), spectrum(exam.protocol.kvp, tin_mm=exam.protocol.tin_mm)
    rng = exam.rng(0x9A) if exam.beam.noise_sd_hu > 0 else None
    hu = np.empty(exam.grid.shape, dtype=np.float32)
    for k in range(len(hu)):
        water, mineral, iodine = maps[:, k]
        still = BasisMaps(
            water=water, hydroxyapatite=mineral, iodine=iodine if iodine.any() else None, pixel_mm=wide.row_spacing_mm
        )
        hu[k] = scan_slice([still], scan, beam, points=_points_in(exam, k, scan.times_s()), rng=rng)
    return hu, organs


def _body_grid(exam: Exam) -> Grid:
    """The whole patient around the centre of rotation, which is the midline."""
    count = int(BODY_MM / BODY_PIXEL_MM)
    half = 0.5 * (count - 1) * BODY_PIXEL_MM
    grid = exam.grid
    origin = (-half, -half, grid.slice_positions_mm[0])
    spacing = (grid.spacing_between_slices_mm, BODY_PIXEL_MM, BODY_PIXEL_MM)
    return Grid.even((grid.shape[0], count, count), spacing, origin_mm=origin)


def _slice_scan(exam: Exam) -> SliceScan:
    protocol, grid = exam.protocol, exam.grid
    geometry = FanGeometry()
    sweep = dual_source if protocol.is_dual_source else half_turn
    middle = [grid.origin_mm[axis] + 0.5 * (protocol.matrix - 1) * protocol.pixel_mm for axis in (0, 1)]
    return SliceScan(
        geometry=geometry,
        sweeps=sweep(geometry, rotation_time_s=protocol.rotation_s),
        exposure=Exposure(mas=_tube_load_mas(exam), slice_mm=protocol.thickness_mm),
        field=ImageField(
            shape=(protocol.matrix, protocol.matrix), pixel_mm=protocol.pixel_mm, centre_mm=(middle[0], middle[1])
        ),
        mtf=partial(mtf, protocol.convolution_kernel),
    )


def _tube_load_mas(exam: Exam) -> float:
    """Dose that leaves the noise that was asked for."""
    protocol = exam.protocol
    if protocol.tube_load_mas is not None:
        return DOSE_SHARE * protocol.tube_load_mas
    at_one = expected_noise_sd_hu(
        gain=noise_gain(protocol.convolution_kernel),
        tube_load_mas=1.0,
        slice_thickness_mm=protocol.thickness_mm,
        water_diameter_mm=exam.beam.water_mm,
        kvp=protocol.kvp,
    )
    return float(DOSE_SHARE * (at_one / max(exam.beam.noise_sd_hu, 0.5)) ** 2)


def _points_in(exam: Exam, k: int, times_s: NDArray[np.float64]) -> PointMasses | None:
    """All plaques' points near one slice, where they are in each view."""
    thickness = exam.protocol.thickness_mm
    middle = exam.grid.slice_positions_mm[k]
    positions, weights = [], []
    for one in exam.calcium:
        offsets = one.offset_mm[min(k, len(one.offset_mm) - 1)]
        way = np.linspace(times_s.min(), times_s.max(), len(offsets))
        moved = np.stack([np.interp(times_s, way, offsets[:, axis]) for axis in range(3)], axis=1)
        low, high = one.points[:, 2].min() + moved[:, 2].min(), one.points[:, 2].max() + moved[:, 2].max()
        if high < middle - thickness / 2 or low > middle + thickness / 2:
            continue
        z = one.points[None, :, 2] + moved[:, None, 2]
        share = slice_shares(exam.grid, thickness, k, z)
        positions.append(one.points[None, :, :2] + moved[:, None, :2])
        weights.append(share * (one.mass_mg / len(one.points) / exam.grid.spacing_between_slices_mm))
    if not positions:
        return None
    return PointMasses(position_mm=np.concatenate(positions, axis=1), mg_per_mm=np.concatenate(weights, axis=1))
