"""Scan one simulated patient: image, truth and labels on one grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vascal.errors import SimulationError
from vascal.simulate.ct.attenuation import hu_per_mg_cm3
from vascal.simulate.ct.burden import draw_plaques
from vascal.simulate.ct.calcium_layer import CalciumPatch, MovingPoints, centre_of, image_plaque, label_patches
from vascal.simulate.ct.coronaries import VESSELS
from vascal.simulate.ct.noise import NoiseScale, estimate_noise_scale, expected_noise_sd_hu, water_diameter_mm
from vascal.simulate.ct.organs import ORGAN_NAMES, STRUCTURE_NAMES, Organ, structures_of
from vascal.simulate.ct.painting import at_rest, paint_slices, tissue_hu
from vascal.simulate.ct.patient import SimulatedPatient
from vascal.simulate.ct.phantom import Phantom, build_phantom
from vascal.simulate.ct.plaques import Plaque, plaque_points
from vascal.simulate.ct.protocol import REGIONS_MM, Protocol
from vascal.simulate.ct.scanner import calcium_slope_hu, make_image, noise_gain, to_stored_hu
from vascal.simulate.ct.sites import Place, find_place
from vascal.simulate.ct.territories import TERRITORY_NAMES, coronary_territories
from vascal.simulate.ct.timing import Timing, time_slices
from vascal.volume import Grid, LabelMap, Vector, Volume

SCOUT_PIXEL_MM = 8.0
AVERAGE_WATER_MM = 270.0
WATER_PER_MM = 0.0195
MOST_PLAQUES = 255
MODULATION = 0.5
"""Share of a patient's size that tube current modulation makes up for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaqueTruth:
    """Everything that is known about one plaque.

    Parameters
    ----------
    number
        Its value in the lesions' label map, from 1.
    plaque
        Mass, density, kind and place as ordered.
    vessel, segment
        LM, LAD, LCX or RCA, and SCCT segment 1 to 18; None outside the coronary arteries.
    centre_mm
        Centre of mass at rest, LPS, mm.
    mean_speed_mm_s, path_mm
        While its middle slice was scanned: mean speed, and way.
    seen_mg
        Mass inside the volume.
    peak_hu
        How far it rises above its surroundings, without noise, HU.
    contrast_to_noise
        `peak_hu` over the noise of one pixel there; 0 noise gives infinity.
    """

    number: int
    plaque: Plaque
    vessel: str | None
    segment: int | None
    centre_mm: Vector
    mean_speed_mm_s: float
    path_mm: float
    seen_mg: float
    peak_hu: float
    contrast_to_noise: float

    @property
    def is_in_field(self) -> bool:
        """Whether all of it was scanned."""
        return self.seen_mg > 0.999 * self.plaque.mass_mg


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedScan:
    """A simulated scan and its truth, all on one grid.

    Parameters
    ----------
    volume
        The scan, HU.
    patient, protocol, seed
        What was asked for.
    organs
        Every organ, see `vascal.simulate.ct.organs.Organ`.
    vessels
        LM 1, LAD 2, LCX 3, RCA 4: every voxel that a coronary plaque brightens,
        and its neighbours; never bone.
    lesions
        Number of the plaque that brightens a voxel most, for every plaque.
    territories
        Which coronary artery's plaque a voxel could hold.
    plaques
        Truth, in the order of their numbers.
    centrelines
        Coronary branches: (point, 3), LPS, mm.
    calcium_hu
        CT number of 1 mg/cm3 of hydroxyapatite in this scan, HU.
    noise_sd_hu
        Noise of one pixel in the middle of the patient, before denoising, HU.
    """

    volume: Volume
    patient: SimulatedPatient
    protocol: Protocol
    seed: int
    organs: LabelMap
    vessels: LabelMap
    lesions: LabelMap
    territories: LabelMap
    plaques: tuple[PlaqueTruth, ...]
    centrelines: Mapping[str, NDArray[np.float64]]
    calcium_hu: float
    noise_sd_hu: float

    @property
    def structures(self) -> LabelMap:
        """Coarse structures by the names that `vascal.anatomy` uses."""
        return LabelMap(labels=structures_of(self.organs.labels), grid=self.volume.grid, names=STRUCTURE_NAMES)

    def mass_mg(self, vessel: str | None = None) -> float:
        """Coronary mass inside the volume, mg; of one vessel if named."""
        return sum(t.seen_mg for t in self.plaques if t.vessel is not None and vessel in (None, t.vessel))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Beam:
    """What the patient's size makes of the beam.

    Parameters
    ----------
    calcium_hu, iodine_hu
        CT number of 1 mg/cm3 and of 1 mg/ml, HU.
    noise_sd_hu
        In the middle of the patient, HU.
    noise_scale
        How noise varies over the image.
    """

    calcium_hu: float
    iodine_hu: float
    noise_sd_hu: float
    noise_scale: NoiseScale | None


def scan_patient(
    patient: SimulatedPatient,
    protocol: Protocol | None = None,
    *,
    seed: int | None = None,
    plaques: Sequence[Plaque] | None = None,
    agatston: float | None = None,
) -> SimulatedScan:
    """Scan one patient.

    Parameters
    ----------
    patient
        Who is scanned.
    protocol
        How; gated calcium scoring unless given.
    seed
        Draws noise, field and plaques; the patient's own unless given. The same
        patient, protocol and seed give the same scan to the last bit.
    plaques
        Calcium; drawn to suit age and sex unless given.
    agatston
        Coronary score that drawn plaques aim at; drawn too unless given.

    Raises
    ------
    SimulationError
        If a plaque names a site the patient does not have, or there are more than 255.
    """
    protocol = protocol or Protocol()
    seed = patient.seed if seed is None else seed
    phantom = build_phantom(patient, protocol.blood)
    if plaques is None:
        plaques = draw_plaques(patient.seed, patient, tuple(b.name for b in phantom.tree), agatston=agatston)
    grid = scan_grid(phantom, protocol)
    timing = time_slices(patient, protocol, grid, seed)
    beam = measure_beam(phantom, protocol, grid)
    if len(plaques) > MOST_PLAQUES:
        raise SimulationError(f"found {len(plaques)} plaques; a scan holds at most {MOST_PLAQUES}")
    if protocol.fidelity == "projection":
        raise SimulationError("the projection path is not joined yet")
    values = tissue_hu(phantom.scene, beam.calcium_hu, beam.iodine_hu)
    planes, organs = paint_slices(
        phantom.scene, grid, protocol.thickness_mm, values, body=phantom.body, motion=timing.slice_motion("heart")
    )
    places = [find_place(phantom, plaque.site) for plaque in plaques]
    clouds = [plaque_points(plaque, place.course) for plaque, place in zip(plaques, places, strict=True)]
    patches = [
        image_plaque(
            MovingPoints(points=points, mass_mg=plaque.mass_mg, offset_mm=timing.offsets_mm(place.mover)),
            grid,
            protocol.thickness_mm,
            protocol.convolution_kernel,
        )
        for plaque, place, points in zip(plaques, places, clouds, strict=True)
    ]
    hu = _image(planes[0], patches, beam, protocol, grid, seed)
    hu_per_mg = beam.calcium_hu * 1000 / (grid.pixel_area_mm2 * grid.spacing_between_slices_mm)
    lesions = label_patches(patches, hu_per_mg, grid.shape)
    return SimulatedScan(
        volume=Volume(hu=to_stored_hu(hu), grid=grid),
        patient=patient,
        protocol=protocol,
        seed=seed,
        organs=LabelMap(labels=organs, grid=grid, names=ORGAN_NAMES),
        vessels=LabelMap(labels=_vessels_of(lesions, places, organs), grid=grid, names=VESSELS),
        lesions=LabelMap(labels=lesions, grid=grid, names=_lesion_names(plaques)),
        territories=LabelMap(labels=coronary_territories(phantom, organs, grid), grid=grid, names=TERRITORY_NAMES),
        plaques=tuple(
            _truth(_Lesion(n, plaque, place, centre_of(points), patch), timing, hu_per_mg, beam, phantom)
            for n, (plaque, place, points, patch) in enumerate(
                zip(plaques, places, clouds, patches, strict=True), start=1
            )
        ),
        centrelines={branch.name: phantom.body.to_patient(branch.points) for branch in phantom.tree},
        calcium_hu=beam.calcium_hu,
        noise_sd_hu=beam.noise_sd_hu,
    )


def scan_grid(phantom: Phantom, protocol: Protocol) -> Grid:
    """Lay the field of view over the patient."""
    low, high, x, y = REGIONS_MM[protocol.region]
    sx, sy, sz = phantom.body.scale
    bottom = high - (high - low) * protocol.coverage
    slices = max(1, round((high - bottom) * sz / protocol.increment_mm))
    pixel = protocol.pixel_mm
    half = 0.5 * (protocol.matrix - 1) * pixel
    origin = (x * sx + protocol.shift_mm[0] - half, y * sy + protocol.shift_mm[1] - half, bottom * sz)
    return Grid.even(
        (slices, protocol.matrix, protocol.matrix), (protocol.increment_mm, pixel, pixel), origin_mm=origin
    )


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
    sd = _noise_sd(protocol, water_mm)
    scale = estimate_noise_scale(without_table, scout, grid, current_modulation=MODULATION) if sd > 0 else None
    return Beam(calcium_hu=calcium, iodine_hu=iodine, noise_sd_hu=sd, noise_scale=scale)


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
    count = max(2, min(12, round((grid.slice_positions_mm[-1] - grid.slice_positions_mm[0]) / 25)))
    heights = np.linspace(grid.slice_positions_mm[0], grid.slice_positions_mm[-1], count)
    spacing = max(float(heights[1] - heights[0]), 1.0)
    half = 36 * SCOUT_PIXEL_MM
    return Grid.even(
        (count, 64, 73), (spacing, SCOUT_PIXEL_MM, SCOUT_PIXEL_MM), origin_mm=(-half, -half + 40, float(heights[0]))
    )


def _image(
    unblurred: NDArray[np.float32],
    patches: Sequence[CalciumPatch | None],
    beam: Beam,
    protocol: Protocol,
    grid: Grid,
    seed: int,
) -> NDArray[np.float32]:
    hu = make_image(
        unblurred,
        grid,
        protocol.convolution_kernel,
        noise_sd_hu=beam.noise_sd_hu,
        rng=np.random.default_rng(np.random.SeedSequence((seed, 0x015E))),
        slice_thickness_mm=protocol.thickness_mm,
        noise_scale=beam.noise_scale,
    )
    hu_per_mg = beam.calcium_hu * 1000 / (grid.pixel_area_mm2 * grid.spacing_between_slices_mm)
    for patch in patches:
        if patch is not None:
            hu[patch.where] += patch.mg * np.float32(hu_per_mg)
    return hu


def _lesion_names(plaques: Sequence[Plaque]) -> dict[int, str]:
    return {number: f"{number} {plaque.site}" for number, plaque in enumerate(plaques, start=1)}


def _vessels_of(lesions: NDArray[np.uint8], places: Sequence[Place], organs: NDArray[np.uint8]) -> NDArray[np.uint8]:
    values = {name: value for value, name in VESSELS.items()}
    table = np.array([0, *(values.get(place.vessel, 0) if place.vessel else 0 for place in places)], dtype=np.uint8)
    vessels = table[lesions]
    vessels[organs == Organ.BONE] = 0
    return np.asarray(vessels)


class _Lesion(NamedTuple):
    """A plaque, where it came to lie, and what it adds to the image."""

    number: int
    plaque: Plaque
    place: Place
    centre_mm: Vector
    patch: CalciumPatch | None


def _truth(lesion: _Lesion, timing: Timing, hu_per_mg: float, beam: Beam, phantom: Phantom) -> PlaqueTruth:
    number, plaque, place, centre, patch = lesion
    segment = None
    if place.vessel is not None:
        segment = next(b for b in phantom.tree if b.name == plaque.site).segment_at(plaque.position)
    speed, path = timing.speed_mm_s(place.mover, centre[2])
    peak = 0.0 if patch is None else float(patch.mg.max(initial=0.0)) * hu_per_mg
    return PlaqueTruth(
        number=number,
        plaque=plaque,
        vessel=place.vessel,
        segment=segment,
        centre_mm=centre,
        mean_speed_mm_s=speed,
        path_mm=path,
        seen_mg=0.0 if patch is None else min(patch.seen_mg, plaque.mass_mg),
        peak_hu=peak,
        contrast_to_noise=peak / beam.noise_sd_hu if beam.noise_sd_hu > 0 else float("inf"),
    )
