"""What a CT scanner's detector sees of one slice, view by view.

The slice is given as maps of three bases (`vascal.simulate.ct.attenuation`). Rays
of a turning fan integrate each base; a spectrum turns the three lines into a
detector signal with noise, and the signal into the water path a scanner believes.
What moves is added as points that carry milligrams, at their own place in each
view: no mass is lost however they move.

Not simulated: scatter, afterglow, an extended focus, and the cone of the beam.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32
from numpy.typing import NDArray

from vascal.errors import SimulationError
from vascal.simulate.ct import rays
from vascal.simulate.ct.attenuation import BASES, Spectrum

BaseLines = Float32[np.ndarray, "base view detector"]
"""Integrals along rays: cm of water, mg/cm3 times cm of hydroxyapatite, mg/ml times cm of iodine."""
WaterPaths = Float32[np.ndarray, "view detector"]
"""Water path as a scanner believes it, cm."""

ENERGY_BINS = 24
LONGEST_WATER_CM = 60.0
POLYNOMIAL_DEGREE = 8
BOWTIE_STRENGTH_PER_CM = 0.12
"""How much the bowtie filter evens out, per cm of water: about two thirds of the body's own shadow."""
LEAST_WEIGHT = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class FanGeometry:
    """A third-generation scanner seen along its axis.

    Parameters
    ----------
    source_radius_mm
        From the focus to the centre of rotation, mm.
    pitch_mm
        Distance between neighbouring rays at the centre of rotation, mm.
    field_mm
        Diameter of the measured field, mm.
    views_per_turn
        Number of views in one rotation.
    """

    source_radius_mm: float = 570.0
    pitch_mm: float = 0.6
    field_mm: float = 500.0
    views_per_turn: int = 1152

    def __post_init__(self) -> None:
        if not 0 < self.field_mm < 1.9 * self.source_radius_mm or self.pitch_mm <= 0 or self.views_per_turn < 8:
            raise SimulationError(
                "a scanner needs a field smaller than its source's circle, a positive pitch and 8 views or more; "
                f"found {self.field_mm:g} mm in {self.source_radius_mm:g} mm, {self.pitch_mm:g} mm, "
                f"{self.views_per_turn} views"
            )

    @property
    def half_fan_rad(self) -> float:
        """Angle from the central to the outermost ray that the field needs, radians."""
        return float(np.arcsin(self.field_mm / 2 / self.source_radius_mm))

    @property
    def step_rad(self) -> float:
        """Turn between two views, radians."""
        return 2 * np.pi / self.views_per_turn

    @property
    def gammas_rad(self) -> Float[np.ndarray, " detector"]:
        """Fan angle of each detector, radians; shifted by a quarter so that opposite rays interleave."""
        step = self.pitch_mm / self.source_radius_mm
        half = int(np.ceil(self.half_fan_rad / step)) + 3
        return (np.arange(-half, half + 1) + 0.25) * step


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """One tube's way around the patient while it counts.

    Parameters
    ----------
    start_rad
        Source angle of the first view, radians.
    view_count
        Number of views, one geometry step apart.
    start_s, step_s
        Time of the first view and between views, seconds.
    feather_rad
        Arc at either end over which views fade in, radians: where two rays
        measure the same line, they share.
    """

    start_rad: float
    view_count: int
    start_s: float
    step_s: float
    feather_rad: float = 0.0

    def times_s(self) -> Float[np.ndarray, " view"]:
        """Time of each view, seconds."""
        return self.start_s + self.step_s * np.arange(self.view_count)

    def weights(self, step_rad: float) -> Float32[np.ndarray, " view"]:
        """How much each view counts where another measures the same line."""
        if self.feather_rad <= 0:
            return np.ones(self.view_count, dtype=np.float32)
        rank = np.arange(self.view_count)
        edge = np.minimum(rank, self.view_count - 1 - rank) * step_rad / self.feather_rad
        rise = np.square(np.sin(np.pi / 2 * np.clip(edge, 0, 1)))
        return np.asarray(LEAST_WEIGHT + (1 - LEAST_WEIGHT) * rise, dtype=np.float32)


def _sweep(geometry: FanGeometry, start_rad: float, arc_rad: float, rotation_time_s: float, centre_s: float) -> Sweep:
    spare = 0 if arc_rad > 2 * np.pi - 1e-6 else 4  # interpolation needs neighbours at both ends
    count = round(arc_rad / geometry.step_rad) + spare
    step_s = rotation_time_s / geometry.views_per_turn
    return Sweep(
        start_rad=start_rad,
        view_count=count,
        start_s=centre_s - step_s * (count - 1) / 2,
        step_s=step_s,
        feather_rad=0.0 if arc_rad > 2 * np.pi - 1e-6 else 2 * geometry.half_fan_rad,
    )


def full_turn(
    geometry: FanGeometry, *, rotation_time_s: float = 0.5, centre_s: float = 0.0, start_rad: float = 0.0
) -> tuple[Sweep, ...]:
    """Count during one whole rotation around a point in time."""
    return (_sweep(geometry, start_rad, 2 * np.pi, rotation_time_s, centre_s),)


def half_turn(
    geometry: FanGeometry, *, rotation_time_s: float = 0.28, centre_s: float = 0.0, start_rad: float = 0.0
) -> tuple[Sweep, ...]:
    """Count during half a rotation and the fan angle: the gated scan of one tube."""
    return (_sweep(geometry, start_rad, np.pi + 2 * geometry.half_fan_rad, rotation_time_s, centre_s),)


def dual_source(
    geometry: FanGeometry, *, rotation_time_s: float = 0.25, centre_s: float = 0.0, start_rad: float = 0.0
) -> tuple[Sweep, ...]:
    """Count during a quarter of a rotation and the fan angle, with two tubes at right angles."""
    arc = np.pi / 2 + 2 * geometry.half_fan_rad
    return tuple(_sweep(geometry, start_rad + tube * np.pi / 2, arc, rotation_time_s, centre_s) for tube in range(2))


def view_times_s(sweeps: Sequence[Sweep]) -> Float[np.ndarray, " view"]:
    """Time of every view of all sweeps, in their order, seconds."""
    return np.concatenate([sweep.times_s() for sweep in sweeps])


def view_angles_rad(geometry: FanGeometry, sweeps: Sequence[Sweep]) -> Float[np.ndarray, " view"]:
    """Source angle of every view of all sweeps, in their order, radians."""
    return np.concatenate([s.start_rad + geometry.step_rad * np.arange(s.view_count) for s in sweeps])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BasisMaps:
    """One slice of what stands still, as three bases.

    Parameters
    ----------
    water
        (row, column), relative to water; 0 is a vacuum.
    hydroxyapatite, iodine
        (row, column), mg/cm3 and mg/ml; nothing where left out.
    pixel_mm
        Side of a square pixel, mm.
    centre_mm
        x and y of the middle of the map from the centre of rotation, mm.
    """

    water: Float[np.ndarray, "row column"]
    hydroxyapatite: Float[np.ndarray, "_ _"] | None = None
    iodine: Float[np.ndarray, "_ _"] | None = None
    pixel_mm: float
    centre_mm: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        others = [plane.shape for plane in (self.hydroxyapatite, self.iodine) if plane is not None]
        if any(shape != self.water.shape for shape in others) or self.pixel_mm <= 0:
            raise SimulationError(
                f"maps of one slice need one shape and a positive pixel; found {self.water.shape}, {others}, "
                f"{self.pixel_mm:g} mm"
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PointMasses:
    """Hydroxyapatite in points that may be elsewhere in each view.

    Parameters
    ----------
    position_mm
        (view, point, 2): x and y from the centre of rotation, mm; one view stands for all.
    mg_per_mm
        (view, point): what of a point's mass lies in the slice, over the slice's
        thickness, mg/mm; one view stands for all.
    """

    position_mm: Float[np.ndarray, "_ _ 2"]
    mg_per_mm: Float[np.ndarray, "_ _"]

    def __post_init__(self) -> None:
        views = {self.position_mm.shape[0], self.mg_per_mm.shape[0]} - {1}
        if len(views) > 1 or self.position_mm.shape[1:] != (self.mg_per_mm.shape[1], 2):
            raise SimulationError(
                "points need (view, point, 2) positions and (view, point) masses; "
                f"found {self.position_mm.shape} and {self.mg_per_mm.shape}"
            )


def _box(plane: NDArray[np.float32]) -> NDArray[np.int64] | None:
    """First and last row and column (exclusive) of what is not zero."""
    rows, columns = np.flatnonzero(plane.any(axis=1)), np.flatnonzero(plane.any(axis=0))
    if not rows.size:
        return None
    return np.array((rows[0], rows[-1] + 1, columns[0], columns[-1] + 1))


def _trace_plane(
    plane: NDArray[np.float32], maps: BasisMaps, geometry: FanGeometry, angles: Float[np.ndarray, " view"], out: object
) -> None:
    padded = np.pad(np.asarray(plane, dtype=np.float32), 2)
    box = _box(padded)
    if box is not None:
        turned = np.ascontiguousarray(padded.T)
        pixel = float(maps.pixel_mm)
        corner = (middle - (count - 1) / 2 * pixel for middle, count in zip(maps.centre_mm, turned.shape, strict=True))
        gammas, radius = geometry.gammas_rad, float(geometry.source_radius_mm)
        rays.trace(padded, turned, box, (*corner, pixel), angles, gammas, radius, out)


def trace_maps(maps: BasisMaps, geometry: FanGeometry, angles_rad: Float[np.ndarray, " view"]) -> BaseLines:
    """Integrate the bases along every ray.

    Maps beside or upon each other (a coarse body and a fine heart, each zero where
    the other holds) are traced one by one and their lines added up.

    Parameters
    ----------
    maps
        One slice.
    geometry
        The scanner.
    angles_rad
        Source angle of each view; see `view_angles_rad`.

    Returns
    -------
    array
        (base, view, detector) in the order of `BASES`: cm of water, mg/cm3 times cm, mg/ml times cm.

    Notes
    -----
    Lines through a pixelled map are interpolated as by Joseph (IEEE Trans Med Imaging 1982;1:192).
    """
    lines = np.zeros((len(BASES), angles_rad.size, geometry.gammas_rad.size), dtype=np.float32)
    for plane, out in zip((maps.water, maps.hydroxyapatite, maps.iodine), lines, strict=True):
        if plane is not None:
            _trace_plane(plane, maps, geometry, angles_rad, out)
    return lines


def trace_points(
    points: PointMasses, geometry: FanGeometry, angles_rad: Float[np.ndarray, " view"]
) -> Float32[np.ndarray, "view detector"]:
    """Integrate points of hydroxyapatite along every ray, in mg/cm3 times cm.

    Each point fades linearly over one detector to either side: the width of detector
    and focus. The sum over a view is exactly its mass, up to the field's edge.

    Raises
    ------
    SimulationError
        If the points were given for another number of views.
    """
    given = max(points.position_mm.shape[0], points.mg_per_mm.shape[0])
    if given not in (1, angles_rad.size):
        raise SimulationError(f"points of {given} views in a scan of {angles_rad.size}")
    gammas = geometry.gammas_rad
    lines = np.zeros((angles_rad.size, gammas.size), dtype=np.float32)
    position, mass = (np.ascontiguousarray(a, dtype=np.float64) for a in (points.position_mm, points.mg_per_mm))
    step, radius = float(gammas[1] - gammas[0]), float(geometry.source_radius_mm)
    rays.splat(position, mass, angles_rad, radius, float(gammas[0]), step, lines)
    return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """How much radiation a slice gets.

    Parameters
    ----------
    mas
        Tube current times rotation time, mAs.
    slice_mm
        Thickness of the slice, mm.
    electronic_photons
        Noise of the electronics, as photons of mean energy.
    bowtie_cm
        Diameter of the water cylinder that the bowtie filter is made for, cm; 0 for none.
    """

    mas: float = 60.0
    slice_mm: float = 3.0
    electronic_photons: float = 8.0
    bowtie_cm: float = 32.0

    def __post_init__(self) -> None:
        if min(self.mas, self.slice_mm) <= 0 or min(self.electronic_photons, self.bowtie_cm) < 0:
            raise SimulationError(f"mAs and slice thickness must be positive; found {self.mas:g}, {self.slice_mm:g}")

    def photons_in_air(self, spectrum: Spectrum, geometry: FanGeometry) -> Float[np.ndarray, " detector"]:
        """Photons that each detector counts in one view with nothing in the way."""
        gammas = geometry.gammas_rad
        beside_cm = geometry.source_radius_mm * np.sin(gammas) / 10
        radius = self.bowtie_cm / 2
        chord = 2 * np.sqrt(np.maximum(radius**2 - np.square(beside_cm), 0))
        bowtie = np.exp(BOWTIE_STRENGTH_PER_CM * (chord - 2 * radius))
        at_one_metre = spectrum.photons_per_mas_mm2 * self.mas / geometry.views_per_turn
        area = geometry.pitch_mm * self.slice_mm * (1000 / geometry.source_radius_mm) ** 2
        return np.asarray(at_one_metre * area * bowtie)


def water_polynomial(spectrum: Spectrum) -> tuple[Float[np.ndarray, " power"], float]:
    """Fit the water path, cm, as a polynomial of minus the logarithm of the signal.

    Returns
    -------
    coefficients, limit
        From power 0 up, power 0 being 0; and the value at 60 cm, beyond which the
        way goes on straight.
    """
    water_cm = LONGEST_WATER_CM * np.linspace(0, 1, 400)[1:] ** 2
    weights = np.exp(-np.outer(water_cm, spectrum.bases_per_cm[0]))
    p = -np.log(weights @ spectrum.signal)
    scaled = (p / p[-1])[:, None] ** np.arange(POLYNOMIAL_DEGREE)
    # Per unit of p, so that near 0, where most rays of a lung pass, the slope is right.
    fit = np.linalg.lstsq(scaled, water_cm / p, rcond=None)[0]
    coefficients = np.append(0.0, fit / p[-1] ** np.arange(POLYNOMIAL_DEGREE))
    return coefficients, float(p[-1])


def measure_paths(
    lines: BaseLines,
    spectrum: Spectrum,
    geometry: FanGeometry,
    exposure: Exposure,
    rng: np.random.Generator | None = None,
) -> WaterPaths:
    """Measure the water path of every ray, corrected for beam hardening in water.

    Parameters
    ----------
    lines
        From `trace_maps` and `trace_points`.
    spectrum
        The beam.
    geometry, exposure
        Scanner and dose: they only matter for noise.
    rng
        Source of quantum and electronic noise; None measures without.

    Returns
    -------
    array
        (view, detector), cm of water. Water alone is exact at any thickness;
        bone beside it leaves the streaks that scanners leave.

    Notes
    -----
    The detector sums energy, so that its variance is the sum of squared energies.
    """
    beam = spectrum.in_bins(ENERGY_BINS)
    polynomial, limit = water_polynomial(beam)
    noise = np.empty((0, 0), dtype=np.float32)
    if rng is not None:
        noise = rng.standard_normal(lines.shape[1:], dtype=np.float32)
    paths = np.empty(lines.shape[1:], dtype=np.float32)
    numbers = (beam.signal, beam.energy_kev, beam.bases_per_cm, exposure.photons_in_air(spectrum, geometry))
    small = [np.asarray(number, dtype=np.float32) for number in numbers]
    electronic = np.float32(exposure.electronic_photons)
    way = (np.asarray(polynomial, np.float32), np.float32(limit))
    rays.detect(lines, tuple(small[:3]), small[3], electronic, noise, *way, paths)
    return paths
