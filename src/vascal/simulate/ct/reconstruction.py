"""From measured water paths to CT numbers: filtered back-projection.

Fan views are sorted into parallel ones, filtered with a ramp and the modulation
transfer function that the image shall have, and smeared back.
Source: Kak and Slaney, Principles of Computerized Tomographic Imaging, 1988, ch. 3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32
from scipy import fft

from vascal.errors import SimulationError
from vascal.simulate.ct import rays
from vascal.simulate.ct.attenuation import BASES, Spectrum
from vascal.simulate.ct.projection import (
    BasisMaps,
    Exposure,
    FanGeometry,
    PointMasses,
    Sweep,
    WaterPaths,
    measure_paths,
    trace_maps,
    trace_points,
    view_angles_rad,
    view_times_s,
)

Frequencies = Float[np.ndarray, " frequency"]
Mtf = Callable[[Frequencies], Frequencies]
"""Modulation transfer in the image plane by spatial frequency per mm; 1 at 0."""
HuPlane = Float32[np.ndarray, "row column"]

LARGEST_BOOST = 8.0
"""How far the filter makes up for the width of the rays; beyond it there is only noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageField:
    """Where the reconstructed pixels lie.

    Parameters
    ----------
    shape
        Rows and columns.
    pixel_mm
        Side of a pixel, mm.
    centre_mm
        x and y of the middle of the image from the centre of rotation, mm.
    """

    shape: tuple[int, int] = (512, 512)
    pixel_mm: float = 0.488
    centre_mm: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        if min(self.shape) < 2 or self.pixel_mm <= 0:
            raise SimulationError(f"an image needs 2 x 2 pixels of positive size; found {self.shape}, {self.pixel_mm}")

    def axes_mm(self) -> tuple[Float[np.ndarray, " row"], Float[np.ndarray, " column"]]:
        """Place of each row (y) and of each column (x) from the centre of rotation, mm."""
        y, x = (
            (np.arange(count) - (count - 1) / 2) * self.pixel_mm + middle
            for count, middle in zip(self.shape, self.centre_mm[::-1], strict=True)
        )
        return y, x


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ParallelViews:
    """Water paths sorted into parallel rays.

    Parameters
    ----------
    paths_cm
        (angle, ray), cm of water.
    angles_rad
        Of the normal of the rays, radians, over half a turn.
    positions_mm
        Distance of each ray from the centre of rotation, mm.
    """

    paths_cm: Float32[np.ndarray, "angle ray"]
    angles_rad: Float[np.ndarray, " angle"]
    positions_mm: Float[np.ndarray, " ray"]


def rebin_to_parallel(paths: WaterPaths, geometry: FanGeometry, sweeps: Sequence[Sweep]) -> ParallelViews:
    """Sort fan views into parallel rays; lines measured twice are averaged.

    Near the ends of a short scan the average is weighted so that no view comes in
    abruptly: what Parker weights do (Med Phys 1982;9:254).

    Parameters
    ----------
    paths
        (view, detector), views of all sweeps in their order.
    geometry, sweeps
        The scan.

    Raises
    ------
    SimulationError
        If the sweeps leave a line unmeasured.
    """
    angles = np.arange(geometry.views_per_turn // 2) * (np.pi / (geometry.views_per_turn // 2))
    half = int(geometry.field_mm / geometry.pitch_mm)
    positions = np.arange(-half, half + 1) * (geometry.pitch_mm / 2)
    total = np.zeros((angles.size, positions.size), dtype=np.float32)
    weight = np.zeros_like(total)
    gammas, first = geometry.gammas_rad, 0
    detectors = (float(gammas[0]), float(gammas[1] - gammas[0]), float(geometry.source_radius_mm))
    for sweep in sweeps:
        views = paths[first : first + sweep.view_count]
        first += sweep.view_count
        turns = int(np.ceil(sweep.view_count * geometry.step_rad / (2 * np.pi)))
        turning = (float(sweep.start_rad), geometry.step_rad, turns)
        rays.rebin(views, sweep.weights(geometry.step_rad), turning, detectors, angles, positions, total, weight)
    if not weight.all():
        raise SimulationError(f"the scan leaves {np.mean(weight == 0):.1%} of all lines unmeasured; widen its sweeps")
    return ParallelViews(paths_cm=total / weight, angles_rad=angles, positions_mm=positions)


def _keys_response(cycles: Frequencies) -> Frequencies:
    """Transfer of cubic interpolation by frequency in cycles per sample."""
    x = np.linspace(0, 2, 801)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    kernel = np.where(x < 1, near, far)
    return np.asarray(2 * np.trapezoid(kernel * np.cos(2 * np.pi * cycles[:, None] * x), x, axis=1))


def _filter(count: int, geometry: FanGeometry, mtf: Mtf) -> Float[np.ndarray, " frequency"]:
    """Ramp times the wanted transfer over the transfer of rays and interpolation, per mm."""
    spacing = geometry.pitch_mm / 2
    offset = np.minimum(np.arange(count), count - np.arange(count))
    ramp = np.where(offset % 2 == 1, -1 / np.square(np.pi * np.maximum(offset, 1) * spacing), 0.0)
    ramp[0] = 1 / (4 * spacing**2)
    frequency = np.fft.rfftfreq(count, spacing)
    # Rays are two detectors wide; sorting and back-projection interpolate once each.
    rays_blur = np.sinc(frequency * geometry.pitch_mm) ** 2 * _keys_response(frequency * geometry.pitch_mm)
    blur = rays_blur * np.sinc(frequency * spacing) ** 2
    boost = 1 / np.maximum(blur, 1 / LARGEST_BOOST)
    return np.asarray(np.fft.rfft(ramp).real * spacing * boost * mtf(frequency))


def filter_and_back_project(
    views: ParallelViews, geometry: FanGeometry, field: ImageField, mtf: Mtf
) -> Float32[np.ndarray, "row column"]:
    """Reconstruct an image from parallel views.

    Parameters
    ----------
    views
        From `rebin_to_parallel`.
    geometry
        The scanner.
    field
        The pixels wanted; 0 outside the measured field.
    mtf
        Transfer that the image shall have; 1 at frequency 0 keeps every mass.

    Returns
    -------
    array
        (row, column), relative to water.
    """
    rows, columns = field.axes_mm()
    spacing = geometry.pitch_mm / 2
    reach = np.hypot(np.abs(rows).max(), np.abs(columns).max())
    margin = max(0, int(np.ceil(reach / spacing)) + 3 - views.positions_mm.size // 2)
    count = fft.next_fast_len(2 * views.positions_mm.size + 2 * margin, real=True)
    transfer = _filter(count, geometry, mtf).astype(np.float32)
    filtered = fft.irfft(fft.rfft(views.paths_cm, count, axis=1) * transfer, count, axis=1)
    # The response left of the first ray stands at the end of the period.
    filtered = np.roll(filtered, margin, axis=1)[:, : views.positions_mm.size + 2 * margin]
    # Paths are in cm and the filter in mm.
    filtered *= np.float32(10 * np.pi / views.angles_rad.size)
    image = np.zeros(field.shape, dtype=np.float32)
    first = float(views.positions_mm[0] - margin * spacing)
    rays.back_project(np.ascontiguousarray(filtered), views.angles_rad, first, spacing, columns, rows, image)
    return image


def reconstruct(
    paths: WaterPaths, geometry: FanGeometry, sweeps: Sequence[Sweep], field: ImageField, mtf: Mtf
) -> HuPlane:
    """Reconstruct CT numbers from measured water paths.

    Returns
    -------
    array
        (row, column), HU.

    Raises
    ------
    SimulationError
        If the sweeps leave a line unmeasured.
    """
    relative = filter_and_back_project(rebin_to_parallel(paths, geometry, sweeps), geometry, field, mtf)
    return np.asarray(1000 * (relative - 1), dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceScan:
    """Everything about a scan but the patient.

    Parameters
    ----------
    geometry, sweeps, exposure
        Scanner, movement of the tubes, dose.
    field, mtf
        Pixels and sharpness of the image.
    """

    geometry: FanGeometry
    sweeps: tuple[Sweep, ...]
    exposure: Exposure
    field: ImageField
    mtf: Mtf

    def angles_rad(self) -> Float[np.ndarray, " view"]:
        """Source angle of every view, radians."""
        return view_angles_rad(self.geometry, self.sweeps)

    def times_s(self) -> Float[np.ndarray, " view"]:
        """Time of every view, seconds."""
        return view_times_s(self.sweeps)


def trace_slice(
    maps: Sequence[BasisMaps], scan: SliceScan, points: PointMasses | None = None
) -> Float32[np.ndarray, "base view detector"]:
    """Integrate maps that add up, and points, along every ray of a scan.

    Returns
    -------
    array
        (base, view, detector), as `trace_maps` gives them; they serve any number of spectra.
    """
    return trace_beating(lambda _: maps, scan, points, steps=1)


def trace_beating(
    maps_at: Callable[[float], Sequence[BasisMaps]],
    scan: SliceScan,
    points: PointMasses | None = None,
    *,
    steps: int = 12,
) -> Float32[np.ndarray, "base view detector"]:
    """Integrate anatomy that moves while the scan counts.

    Parameters
    ----------
    maps_at
        Gives the maps, which add up, at a time in seconds from the middle of the scan.
    scan
        The scan.
    points
        Plaques, in their own place in each view.
    steps
        How many times the anatomy is drawn; views between share one drawing.

    Returns
    -------
    array
        (base, view, detector), as `trace_maps` gives them.
    """
    angles, times = scan.angles_rad(), scan.times_s()
    lines = np.zeros((len(BASES), angles.size, scan.geometry.gammas_rad.size), dtype=np.float32)
    part = (times - times.min()) / np.ptp(times)
    step_of_view = np.minimum((part * steps).astype(int), steps - 1)
    for step in range(steps):
        views = np.flatnonzero(step_of_view == step)
        for plane in maps_at(float(times[views].mean())) if views.size else ():
            lines[:, views] += trace_maps(plane, scan.geometry, angles[views])
    if points is not None:
        lines[1] += trace_points(points, scan.geometry, angles)
    return lines


def image_of_lines(
    lines: Float32[np.ndarray, "base view detector"],
    scan: SliceScan,
    spectrum: Spectrum,
    rng: np.random.Generator | None = None,
) -> HuPlane:
    """Measure traced lines with a spectrum, and reconstruct.

    Parameters
    ----------
    lines
        From `trace_slice` or `trace_beating`.
    scan, spectrum
        Scanner, dose, image; beam.
    rng
        Source of noise; None leaves it out.

    Returns
    -------
    array
        (row, column), HU.

    Raises
    ------
    SimulationError
        If the sweeps leave a line unmeasured.
    """
    paths = measure_paths(lines, spectrum, scan.geometry, scan.exposure, rng)
    return reconstruct(paths, scan.geometry, scan.sweeps, scan.field, scan.mtf)


def scan_slice(
    maps: Sequence[BasisMaps],
    scan: SliceScan,
    spectrum: Spectrum,
    *,
    points: PointMasses | None = None,
    rng: np.random.Generator | None = None,
) -> HuPlane:
    """Scan and reconstruct one slice.

    Parameters
    ----------
    maps
        What stands still; several maps add up.
    scan
        Scanner, dose, image.
    spectrum
        The beam, from `vascal.simulate.ct.attenuation.spectrum`.
    points
        Plaques, which may move.
    rng
        Source of noise; None leaves it out.

    Returns
    -------
    array
        (row, column), HU.

    Raises
    ------
    SimulationError
        If points were given for another number of views, or the sweeps leave a line unmeasured.
    """
    return image_of_lines(trace_slice(maps, scan, points), scan, spectrum, rng)
