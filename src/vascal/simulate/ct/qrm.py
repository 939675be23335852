"""The QRM cardiac calcification phantom, drawn from its published dimensions.

A thorax of 300 x 200 mm with lungs and a spine, a bore of 100 mm for the heart
insert, and a fat-equivalent ring that makes it 400 x 300 mm. The insert holds
nine cylinders of hydroxyapatite, as long as wide (5, 3 and 1 mm; 800, 400 and
200 mg/cm3), in three arms 120 degrees apart, and above them rods of
water and of 200 mg/cm3. Source: van Praagh et al., Med Phys 2021,
doi:10.1002/mp.14912; places of the arms and rods follow a real scan.

Cylinders carry their mass exactly: along z by integration of the slice profile,
in plane by fine sampling that is scaled to the area of the disc.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from vascal.errors import SimulationError
from vascal.simulate.ct.qrm_thorax import Plastic, paint_thorax, pixel_places
from vascal.simulate.ct.scanner import QR36, Kernel, Planes, make_image, to_stored_hu
from vascal.volume import Grid, LabelMap, Vector, Volume

DIAMETER_MM: Mapping[str, float] = MappingProxyType({"large": 5.0, "medium": 3.0, "small": 1.0})
DENSITY_MG_CM3: Mapping[str, float] = MappingProxyType({"HD": 800.0, "MD": 400.0, "LD": 200.0})
ARM_MM: Mapping[str, float] = MappingProxyType({"large": 37.5, "medium": 25.0, "small": 12.5})
"""Distance of each size from the axis of the insert."""
ARM_DEGREES: Mapping[str, float] = MappingProxyType({"HD": 180.0, "MD": -60.0, "LD": 60.0})
"""Direction of each density from x (left) towards y (back)."""

CALCIUM_ROD_RADIUS_MM = 10.0
WATER_ROD_MM = (-11.3, -19.2, 10.0)
ROD_START_MM = 25.0
"""Rods begin this far above the middle of the inserts and reach the end of the phantom."""
END_MM = (-38.0, 47.0)

PARTS_PER_PIXEL = 17
"""Each pixel near a cylinder is sampled this many times along both directions."""
FWHM_PER_SD = 2.3548
LARGEST_TILT_DEGREES = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class QrmPlan:
    """How the phantom stands and how it is scanned.

    Parameters
    ----------
    has_ring
        Whether the ring that makes it 400 x 300 mm is on.
    field_of_view_mm, pixels
        Width of the square image, and pixels along it.
    spacing_between_slices_mm, slice_thickness_mm
        Along z, mm.
    slice_blur_fwhm_mm
        How soft the ends of the slice profile are, mm.
    reach_mm
        Lowest and highest slice position relative to the middle of the inserts, mm.
    shift_mm
        Of the axis of the insert and the middle of the inserts from the middle of the image
        and from a slice position, LPS, mm.
    spin_degrees
        Turn of the insert inside the bore.
    tilt_degrees
        Lean of that axis towards x and towards y.
    kernel, noise_sd_hu
        Resolution, texture and standard deviation of noise, HU.
    calcium_hu
        CT number of 1 mg/cm3 of hydroxyapatite, HU.
    tissue_hu
        True CT number of the insert's tissue-equivalent plastic.
    water_hu
        CT number that the scanner gives water inside this phantom; everything without calcium is off in
        proportion. Zero for a perfectly calibrated scanner.
    seed
        Of the noise.
    """

    has_ring: bool = False
    field_of_view_mm: float = 250.0
    pixels: int = 512
    spacing_between_slices_mm: float = 3.0
    slice_thickness_mm: float = 3.0
    slice_blur_fwhm_mm: float = 1.0
    reach_mm: tuple[float, float] = (-24.0, 39.0)
    shift_mm: Vector = (0.0, 0.0, 0.0)
    spin_degrees: float = 0.0
    tilt_degrees: tuple[float, float] = (0.0, 0.0)
    kernel: Kernel = QR36
    noise_sd_hu: float = 16.0
    calcium_hu: float = 1.30
    tissue_hu: float = 35.0
    water_hu: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        lengths = (self.field_of_view_mm, self.spacing_between_slices_mm, self.slice_thickness_mm)
        if min(*lengths, self.calcium_hu) <= 0 or self.pixels < 16:
            raise SimulationError("field of view, slices and calcium's CT number must be positive, pixels at least 16")
        if self.slice_blur_fwhm_mm < 0 or self.noise_sd_hu < 0 or self.reach_mm[0] >= self.reach_mm[1]:
            raise SimulationError("blur and noise can not be negative, and slices must reach from low to high")
        if max(np.abs(self.tilt_degrees)) > LARGEST_TILT_DEGREES:
            raise SimulationError(f"found a tilt of {self.tilt_degrees} degrees; at most {LARGEST_TILT_DEGREES:g}")

    def grid(self) -> Grid:
        """Lay the image around the insert; its z is zero in the middle of the inserts, before any shift."""
        pixel = self.field_of_view_mm / self.pixels
        corner = -pixel * (self.pixels - 1) / 2
        step = self.spacing_between_slices_mm
        low, high = (int(np.floor(mm / step)) for mm in self.reach_mm)
        shape = (max(high - low + 1, 2), self.pixels, self.pixels)
        return Grid.even(shape, (step, pixel, pixel), origin_mm=(corner, corner, low * step))


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert:
    """One cylinder of the phantom, with its true content.

    Parameters
    ----------
    name
        Size and density, like ``large-HD``.
    diameter_mm
        Also its length, mm.
    density_mg_cm3
        Hydroxyapatite, mg/cm3.
    center_mm
        LPS, mm.
    """

    name: str
    diameter_mm: float
    density_mg_cm3: float
    center_mm: Vector

    @property
    def volume_mm3(self) -> float:
        """Volume of the cylinder."""
        return float(np.pi / 4 * self.diameter_mm**3)

    @property
    def mass_mg(self) -> float:
        """Hydroxyapatite in the cylinder."""
        return self.volume_mm3 * self.density_mg_cm3 / 1000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedQrm:
    """A simulated scan and what is in it.

    Parameters
    ----------
    volume
        CT numbers as a scanner stores them.
    labels
        Insert of each voxel that its cylinder, widened by 2.5 mm and one slice, reaches.
    inserts
        Truth, in the order of the label values 1 to 9.
    water_rod_mm, calcium_rod_mm
        Middle of the rods, LPS, mm; they are `CALCIUM_ROD_RADIUS_MM` wide.
    """

    volume: Volume
    labels: LabelMap
    inserts: tuple[Insert, ...]
    water_rod_mm: Vector
    calcium_rod_mm: Vector


def vary_qrm(plan: QrmPlan, rng: np.random.Generator) -> dict[str, object]:
    """Draw how a phantom is set up again: moved within a voxel or a slice, turned and tilted a little.

    Returns
    -------
    dict
        Fields of `QrmPlan` for `dataclasses.replace`: shift, spin, tilt and seed.
    """
    pixel = plan.field_of_view_mm / plan.pixels
    step = plan.spacing_between_slices_mm
    shift = rng.uniform(-0.5, 0.5, 3) * (pixel, pixel, step)
    tilt = rng.normal(0.0, 0.5, 2)
    return {
        "shift_mm": tuple(float(mm) for mm in shift),
        "spin_degrees": float(rng.normal(0.0, 2.0)),
        "tilt_degrees": (float(tilt[0]), float(tilt[1])),
        "seed": int(rng.integers(2**31)),
    }


def simulate_qrm(plan: QrmPlan) -> SimulatedQrm:
    """Scan the phantom.

    Parameters
    ----------
    plan
        How it stands and how it is scanned.

    Returns
    -------
    SimulatedQrm
        The volume, where the inserts are, and what they hold.
    """
    grid = plan.grid()
    inserts = place_inserts(plan)
    hu = paint_qrm(plan, grid)
    image = make_image(
        hu,
        grid,
        plan.kernel,
        noise_sd_hu=plan.noise_sd_hu,
        rng=np.random.default_rng(plan.seed),
        slice_thickness_mm=plan.slice_thickness_mm,
        holds_pixel_means=True,
    )
    z = (ROD_START_MM + END_MM[1]) / 2 - 4.0
    return SimulatedQrm(
        volume=Volume(hu=to_stored_hu(image), grid=grid),
        labels=label_inserts(inserts, grid),
        inserts=inserts,
        water_rod_mm=_stand(plan, (WATER_ROD_MM[0], WATER_ROD_MM[1], z)),
        calcium_rod_mm=_stand(plan, (0.0, 0.0, z)),
    )


def place_inserts(plan: QrmPlan) -> tuple[Insert, ...]:
    """List the nine cylinders and where they stand."""
    inserts = []
    for density, size in product(DENSITY_MG_CM3, DIAMETER_MM):
        angle = np.radians(ARM_DEGREES[density])
        place = (ARM_MM[size] * float(np.cos(angle)), ARM_MM[size] * float(np.sin(angle)), 0.0)
        insert = Insert(
            name=f"{size}-{density}",
            diameter_mm=DIAMETER_MM[size],
            density_mg_cm3=DENSITY_MG_CM3[density],
            center_mm=_stand(plan, place),
        )
        inserts.append(insert)
    return tuple(inserts)


def _stand(plan: QrmPlan, place_mm: Vector) -> Vector:
    """Turn, tilt and shift a place from the phantom to the image; z keeps what the tilt of a few degrees takes."""
    spin, (lean_x, lean_y) = np.radians(plan.spin_degrees), np.tan(np.radians(plan.tilt_degrees))
    x = place_mm[0] * np.cos(spin) - place_mm[1] * np.sin(spin)
    y = place_mm[0] * np.sin(spin) + place_mm[1] * np.cos(spin)
    z = place_mm[2]
    shift = plan.shift_mm
    return (
        float(x + lean_x * z + shift[0]),
        float(y + lean_y * z + shift[1]),
        float(z - lean_x * x - lean_y * y + shift[2]),
    )


def label_inserts(inserts: tuple[Insert, ...], grid: Grid, margin_mm: float = 2.5) -> LabelMap:
    """Label what each cylinder reaches, blur included.

    Parameters
    ----------
    inserts
        Numbered from 1 in this order.
    grid
        Where to label.
    margin_mm
        In-plane distance from the cylinder that still belongs to it, mm; along z it is one slice spacing.
    """
    labels = np.zeros(grid.shape, dtype=np.uint8)
    z = np.asarray(grid.slice_positions_mm)
    x, y = pixel_places(grid)
    for value, insert in enumerate(inserts, start=1):
        radius = insert.diameter_mm / 2
        away = np.hypot(x[None, :] - insert.center_mm[0], y[:, None] - insert.center_mm[1])
        reach = radius + grid.spacing_between_slices_mm
        for k in np.flatnonzero(np.abs(z - insert.center_mm[2]) <= reach):
            labels[k][away <= radius + margin_mm] = value
    names = {value: insert.name for value, insert in enumerate(inserts, start=1)}
    return LabelMap(labels=labels, grid=grid, names=names)


def paint_qrm(plan: QrmPlan, grid: Grid) -> Planes:
    """Paint the phantom before the kernel blurs it: mean CT number of each voxel, HU."""
    body = _paint_body(plan, grid)
    rods = _paint_rods(plan, grid)
    z = np.asarray(grid.slice_positions_mm)
    whole = _share_of_slice(plan, z, END_MM[0] + plan.shift_mm[2], END_MM[1] + plan.shift_mm[2])
    with_rods = _share_of_slice(plan, z, ROD_START_MM + plan.shift_mm[2], END_MM[1] + plan.shift_mm[2])
    hu = np.full(grid.shape, -1000.0, dtype=np.float32)
    for k in range(grid.shape[0]):
        hu[k] += np.float32(whole[k]) * (body + 1000) + np.float32(with_rods[k]) * (rods - body)
    for insert in place_inserts(plan):
        _add_cylinder(hu, grid, plan, insert)
    return hu


def _share_of_slice(plan: QrmPlan, z_mm: np.ndarray, low_mm: float, high_mm: float) -> np.ndarray:
    """Weight that each slice's profile gives to what lies between two heights.

    The profile is a box as thick as the slice with ends softened by a Gaussian; its integral is exact, so what
    a stack of touching slices sees of a cylinder adds up to its length.
    """
    return np.asarray(_profile_below(plan, high_mm - z_mm) - _profile_below(plan, low_mm - z_mm))


def _profile_below(plan: QrmPlan, height_mm: np.ndarray) -> np.ndarray:
    half, sd = plan.slice_thickness_mm / 2, max(plan.slice_blur_fwhm_mm / FWHM_PER_SD, 1e-6)

    def ramp(u: np.ndarray) -> np.ndarray:
        return np.asarray(u * ndtr(u / sd) + sd * np.exp(-np.square(u / sd) / 2) / np.sqrt(2 * np.pi))

    return np.asarray((ramp(height_mm + half) - ramp(height_mm - half)) / plan.slice_thickness_mm)


def _add_cylinder(hu: Planes, grid: Grid, plan: QrmPlan, insert: Insert) -> None:
    """Add calcium to the voxels a cylinder touches; plastic keeps its place under it.

    The inserts' stated density is hydroxyapatite in tissue-equivalent resin.
    """
    z = np.asarray(grid.slice_positions_mm)
    half = insert.diameter_mm / 2
    share = _share_of_slice(plan, z, insert.center_mm[2] - half, insert.center_mm[2] + half)
    lean = np.tan(np.radians(plan.tilt_degrees))
    for k in np.flatnonzero(share > 1e-7):
        seen = np.clip(z[k], insert.center_mm[2] - half, insert.center_mm[2] + half) - insert.center_mm[2]
        center = (insert.center_mm[0] + lean[0] * seen, insert.center_mm[1] + lean[1] * seen)
        rows, columns, cover = cover_disc(grid, center, half)
        hu[k, rows, columns] += np.float32(share[k] * insert.density_mg_cm3 * plan.calcium_hu) * cover


def cover_disc(grid: Grid, center_mm: tuple[float, float], radius_mm: float) -> tuple[slice, slice, np.ndarray]:
    """Find how much of each pixel a disc covers, with its area kept exactly.

    Returns
    -------
    slice, slice, array
        Rows and columns of a small box, and the covered share of each of its pixels.

    Raises
    ------
    SimulationError
        If the disc is not wholly inside the grid.
    """
    boxes = []
    for axis, (origin, step) in enumerate(
        ((grid.origin_mm[1], grid.row_spacing_mm), (grid.origin_mm[0], grid.column_spacing_mm)), start=1
    ):
        middle = center_mm[2 - axis]
        low, high = (int(np.rint((middle + side - origin) / step)) for side in (-radius_mm, radius_mm))
        if low < 0 or high >= grid.shape[axis]:
            raise SimulationError("an insert lies outside the field of view; a larger field is needed")
        inside = (np.arange((high - low + 1) * PARTS_PER_PIXEL) + 0.5) / PARTS_PER_PIXEL - 0.5
        boxes.append((slice(low, high + 1), origin + step * (low + inside) - middle))
    (rows, y), (columns, x) = boxes
    # Signed distance over a sub-pixel's width: smooth in the centre's place.
    width = max(grid.row_spacing_mm, grid.column_spacing_mm) / PARTS_PER_PIXEL
    fine = np.clip(0.5 + (radius_mm - np.hypot(x[None, :], y[:, None])) / width, 0, 1)
    shape = (rows.stop - rows.start, PARTS_PER_PIXEL, columns.stop - columns.start, PARTS_PER_PIXEL)
    cover = fine.reshape(shape).mean(axis=(1, 3))
    cover *= np.pi * radius_mm**2 / grid.pixel_area_mm2 / cover.sum()
    return rows, columns, np.asarray(cover, dtype=np.float32)


def _paint_body(plan: QrmPlan, grid: Grid) -> NDArray[np.float64]:
    plastic = Plastic(tissue_hu=plan.tissue_hu, water_hu=plan.water_hu, calcium_hu=plan.calcium_hu)
    return paint_thorax(grid, plan.shift_mm[:2], plastic, has_ring=plan.has_ring)


def _paint_rods(plan: QrmPlan, grid: Grid) -> np.ndarray:
    """Paint the slice that holds the rods: (row, column), HU."""
    hu = _paint_body(plan, grid)
    z = (ROD_START_MM + END_MM[1]) / 2
    water, calcium = _stand(plan, (WATER_ROD_MM[0], WATER_ROD_MM[1], z)), _stand(plan, (0.0, 0.0, z))
    rows, columns, cover = cover_disc(grid, water[:2], WATER_ROD_MM[2])
    hu[rows, columns] += cover * (plan.water_hu - hu[rows, columns])
    rows, columns, cover = cover_disc(grid, calcium[:2], CALCIUM_ROD_RADIUS_MM)
    hu[rows, columns] += cover * (plan.water_hu + 200.0 * plan.calcium_hu - hu[rows, columns])
    return hu
