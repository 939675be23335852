"""A simulated chest CT with coronary plaques of exactly known mass.

Small and fast: for demonstrations, tests and continuous integration. Nothing
made here shows a person, and everything made here says that it is simulated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from vascal.errors import GeometryError
from vascal.simulate.ct.acquisition import blur_in_plane, calcium_slope_hu, noise_hu, to_stored_hu
from vascal.simulate.ct.heart import AORTIC_VALVE, BONE, STRUCTURE_NAMES, coronary_courses, heart_parts, make_heart
from vascal.simulate.ct.plaques import PlacedPlaque, Plaque, plaque_points, point_on_course, share_mass
from vascal.simulate.ct.shapes import Part, Reals, paint_plane
from vascal.simulate.ct.thorax import (
    abdomen_parts,
    bone_parts,
    lung_vessel_parts,
    make_build,
    mediastinum_parts,
    table_parts,
    wall_parts,
)
from vascal.volume import Grid, LabelMap, Vector, Volume

VESSELS = {1: "LM", 2: "LAD", 3: "LCX", 4: "RCA"}
OTHER_SITES: Mapping[str, tuple[Vector, Vector]] = {
    "AORTIC_VALVE": (AORTIC_VALVE, (1.0, 0.3, 0.0)),
    "DESCENDING_AORTA": ((34.5, 42.0, 18.0), (0.0, 0.1, 1.0)),
    "AORTIC_ARCH": ((30.0, 11.0, 97.0), (0.6, 0.8, 0.0)),
    "COSTAL_CARTILAGE": ((-48.0, -89.0, 6.0), (1.0, 0.2, -0.3)),
}
"""Calcium outside the coronary arteries: centre and direction."""
FIELD_CENTRE_MM: Mapping[str, Vector] = {"cardiac": (14.0, -22.0, 2.0), "chest": (0.0, 4.0, 10.0)}
PLAQUE_ASIDE_MM = 0.6
VISIBLE_HU = 3.0
"""A voxel that a plaque brightens by this much, or more, belongs to its vessel."""
SUPERSAMPLE_MM = 2.4
PAINT_PIXEL_MM = 0.85

DEFAULT_PLAQUES = (
    Plaque(vessel="LM", mass_mg=6.0, density_mg_cm3=350.0, position=0.75),
    Plaque(vessel="LAD", mass_mg=24.0, density_mg_cm3=500.0, position=0.12),
    Plaque(vessel="LAD", mass_mg=10.0, density_mg_cm3=400.0, position=0.32),
    Plaque(vessel="LCX", mass_mg=8.0, density_mg_cm3=400.0, position=0.35),
    Plaque(vessel="RCA", mass_mg=15.0, density_mg_cm3=450.0, position=0.22),
    Plaque(vessel="RCA", mass_mg=4.0, density_mg_cm3=400.0, position=0.6, shape="spot"),
    Plaque(vessel="DESCENDING_AORTA", mass_mg=30.0, density_mg_cm3=400.0),
    Plaque(vessel="AORTIC_ARCH", mass_mg=25.0, density_mg_cm3=400.0),
    Plaque(vessel="COSTAL_CARTILAGE", mass_mg=20.0, density_mg_cm3=300.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThoraxPlan:
    """What to simulate.

    Parameters
    ----------
    seed
        Draws build, heart, lung vessels and noise; the same seed gives the same scan.
    shape
        Slices, rows, columns.
    spacing_mm
        Distance between slices, rows, columns, mm.
    thickness_mm
        Slice thickness, mm; the distance between slices unless it is more.
    field
        ``cardiac`` centres the field of view on the heart, ``chest`` on the chest.
    centre_shift_mm
        Moves the field of view, LPS, mm.
    kvp
        Tube voltage, 70 to 150 kV: calcium and bone are brighter at low voltage.
    noise_sd_hu
        Standard deviation of the noise of one pixel, HU.
    psf_fwhm_mm
        Width of the point spread function in the slice, mm.
    blood_hu
        CT number of blood: 45 without contrast agent, 250 to 450 with.
    plaques
        Calcium to place.
    """

    seed: int = 0
    shape: tuple[int, int, int] = (60, 512, 512)
    spacing_mm: Vector = (3.0, 0.39, 0.39)
    thickness_mm: float | None = None
    field: Literal["cardiac", "chest"] = "cardiac"
    centre_shift_mm: Vector = (0.0, 0.0, 0.0)
    kvp: float = 120.0
    noise_sd_hu: float = 18.0
    psf_fwhm_mm: float = 1.45
    blood_hu: float = 45.0
    plaques: tuple[Plaque, ...] = DEFAULT_PLAQUES

    def __post_init__(self) -> None:
        if self.thickness_mm is not None and self.thickness_mm < self.spacing_mm[0]:
            raise GeometryError(
                f"slices of {self.thickness_mm:g} mm every {self.spacing_mm[0]:g} mm leave gaps; "
                "the simulator needs slices at least as thick as they are apart"
            )
        if min(self.noise_sd_hu, self.psf_fwhm_mm) < 0:
            raise GeometryError("noise and point spread function can not be negative")

    @property
    def slice_thickness_mm(self) -> float:
        """Thickness of a slice, mm."""
        return self.spacing_mm[0] if self.thickness_mm is None else self.thickness_mm

    @property
    def grid(self) -> Grid:
        """Where the voxels lie; the origin is the midline at mid-heart."""
        x, y, z = np.add(FIELD_CENTRE_MM[self.field], self.centre_shift_mm)
        half = [0.5 * (n - 1) * s for n, s in zip(self.shape, self.spacing_mm, strict=True)]
        origin = (float(x - half[2]), float(y - half[1]), float(z - half[0]))
        return Grid.even(self.shape, self.spacing_mm, origin_mm=origin)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedThorax:
    """A simulated scan and its truth.

    Parameters
    ----------
    volume
        The scan, HU.
    structures
        ``heart`` (pericardial sac), ``aorta``, ``lungs``, ``airway``, ``bone``, ``body``, ``table``.
    vessels
        LM 1, LAD 2, LCX 3, RCA 4: every voxel that a coronary plaque brightens,
        and its neighbours; never bone.
    plaques
        Each plaque, its exact mass and its place.
    centrelines
        Course of each coronary artery from the ostium: (point, 3), LPS, mm.
    """

    volume: Volume
    structures: LabelMap
    vessels: LabelMap
    plaques: tuple[PlacedPlaque, ...]
    centrelines: Mapping[str, Reals]

    def mass_mg(self, vessel: str) -> float:
        """Mass of all plaques of one vessel that lie inside the volume, mg."""
        return sum(p.plaque.mass_mg for p in self.plaques if p.plaque.vessel == vessel and p.is_in_field)


def simulate_thorax(plan: ThoraxPlan) -> SimulatedThorax:
    """Simulate a chest CT with calcium of known mass.

    Parameters
    ----------
    plan
        Field of view, scanner and plaques.

    Returns
    -------
    SimulatedThorax
        Scan and truth on one grid.

    Raises
    ------
    GeometryError
        If a plaque names an unknown vessel, or the tube voltage is unknown.
    """
    slope_hu = calcium_slope_hu(plan.kvp)
    anatomy_seed, noise_seed = np.random.SeedSequence(plan.seed).spawn(2)
    rng = np.random.default_rng(anatomy_seed)
    heart = make_heart(rng)
    courses = coronary_courses(heart)
    build = make_build(rng)
    mineral = slope_hu / calcium_slope_hu(120.0)
    parts = [
        *(table_parts() if plan.field == "chest" else ()),
        *wall_parts(build),
        *lung_vessel_parts(rng, plan.blood_hu),
        *abdomen_parts(build),
        *mediastinum_parts(),
        *bone_parts(build, mineral),
        *heart_parts(heart, courses, plan.blood_hu),
    ]
    hu, structures = _paint(parts, plan)
    placed = tuple(_place(plaque, courses, plan.grid) for plaque in plan.plaques)
    vessels = _add_calcium(hu, placed, plan, slope_hu)
    vessels[structures == BONE] = 0
    hu = blur_in_plane(hu, plan.grid, plan.psf_fwhm_mm)
    draws = np.random.default_rng(noise_seed)
    hu += noise_hu(plan.grid, plan.noise_sd_hu, plan.slice_thickness_mm, plan.psf_fwhm_mm, draws)
    return SimulatedThorax(
        volume=Volume(hu=to_stored_hu(hu), grid=plan.grid),
        structures=LabelMap(labels=structures, grid=plan.grid, names=STRUCTURE_NAMES),
        vessels=LabelMap(labels=vessels, grid=plan.grid, names=VESSELS),
        plaques=placed,
        centrelines=courses,
    )


def _paint(parts: list[Part], plan: ThoraxPlan) -> tuple[Reals, NDArray[np.uint8]]:
    """Average an odd number of planes over each slice; labels are those of the middle one.

    Small pixels are painted on a coarser lattice, still finer than the point
    spread function, and interpolated.
    """
    grid = plan.grid
    step = max(1, int(PAINT_PIXEL_MM / min(grid.row_spacing_mm, grid.column_spacing_mm)))
    x = _coarse_axis(grid.origin_mm[0], grid.column_spacing_mm, grid.shape[2], step)
    y = _coarse_axis(grid.origin_mm[1], grid.row_spacing_mm, grid.shape[1], step)
    count = 2 * int(np.ceil(max(plan.slice_thickness_mm / SUPERSAMPLE_MM - 1, 0) / 2)) + 1
    heights = plan.slice_thickness_mm * ((np.arange(count) + 0.5) / count - 0.5)
    hu = np.empty(grid.shape, dtype=np.float32)
    structures = np.empty(grid.shape, dtype=np.uint8)
    for k, middle in enumerate(grid.slice_positions_mm):
        planes = [paint_plane(parts, x, y, float(middle + height)) for height in heights]
        mean = np.asarray(np.mean([plane for plane, _ in planes], axis=0, dtype=np.float32))
        hu[k] = _refine(_refine(mean, step, grid.shape[1]).T, step, grid.shape[2]).T
        structures[k] = planes[count // 2][1].repeat(step, 0).repeat(step, 1)[: grid.shape[1], : grid.shape[2]]
    return hu, structures


def _coarse_axis(start: float, spacing: float, count: int, step: int) -> Reals:
    """Every `step`-th pixel centre, and one beyond the last."""
    return (start + spacing * step * np.arange((count - 1) // step + 2)).astype(np.float32)


def _refine(rows: Reals, step: int, count: int) -> Reals:
    """Interpolate `count` rows from every `step`-th one."""
    if step == 1:
        return rows[:count]
    low, rest = np.divmod(np.arange(count), step)
    weight = (rest / step).astype(np.float32)[:, None]
    return np.asarray(rows[low] * (1 - weight) + rows[low + 1] * weight)


def _place(plaque: Plaque, courses: Mapping[str, Reals], grid: Grid) -> PlacedPlaque:
    if plaque.vessel in courses:
        centre, direction = point_on_course(courses[plaque.vessel], plaque.position, PLAQUE_ASIDE_MM)
    elif plaque.vessel in OTHER_SITES:
        centre, direction = OTHER_SITES[plaque.vessel]
    else:
        raise GeometryError(f"no vessel is called {plaque.vessel!r}; there are {sorted([*courses, *OTHER_SITES])}")
    points = plaque_points(plaque, centre, direction)
    low, high = np.asarray(grid.corners_mm()[0]), np.asarray(grid.corners_mm()[-1])
    inside = bool(np.all(points.min(axis=0) >= low) and np.all(points.max(axis=0) <= high))
    return PlacedPlaque(plaque=plaque, centre_mm=centre, direction=direction, is_in_field=inside)


def _add_calcium(hu: Reals, placed: tuple[PlacedPlaque, ...], plan: ThoraxPlan, slope_hu: float) -> NDArray[np.uint8]:
    """Add every plaque to the unblurred picture, in place; give the vessels' labels."""
    grid = plan.grid
    vessels = np.zeros(grid.shape, dtype=np.uint8)
    values = {name: value for value, name in VESSELS.items()}
    hu_per_mg = slope_hu * 1000 / (grid.pixel_area_mm2 * grid.spacing_between_slices_mm)
    for one in placed:
        points = plaque_points(one.plaque, one.centre_mm, one.direction)
        slices, mass = share_mass(points, one.plaque.mass_mg, grid, plan.slice_thickness_mm)
        added = (mass * hu_per_mg).astype(np.float32)
        hu[slices] += added
        if one.plaque.vessel in values:
            blurred = blur_in_plane(added, grid, plan.psf_fwhm_mm) > VISIBLE_HU
            grown = ndimage.binary_dilation(blurred, iterations=1) if blurred.size else blurred
            vessels[slices][grown] = values[one.plaque.vessel]
    return vessels
