"""Scan one simulated patient: image, truth and labels on one grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vascal.errors import SimulationError
from vascal.simulate.ct.beam import measure_beam
from vascal.simulate.ct.burden import draw_plaques
from vascal.simulate.ct.calcium_layer import CalciumPatch, MovingPoints, centre_of, label_patches
from vascal.simulate.ct.coronaries import VESSELS
from vascal.simulate.ct.denoising import denoise
from vascal.simulate.ct.imaging import (
    Exam,
    Images,
    Organs,
    dual_energy_images,
    image_path,
    patches_of,
    projection_path,
)
from vascal.simulate.ct.organs import ORGAN_NAMES, STRUCTURE_NAMES, Organ, structures_of
from vascal.simulate.ct.patient import SimulatedPatient
from vascal.simulate.ct.phantom import Phantom, build_phantom
from vascal.simulate.ct.plaques import Plaque, plaque_points
from vascal.simulate.ct.protocol import REGIONS_MM, Protocol
from vascal.simulate.ct.scanner import to_stored_hu
from vascal.simulate.ct.sites import Place, find_place
from vascal.simulate.ct.territories import TERRITORY_NAMES, coronary_territories
from vascal.simulate.ct.timing import time_slices
from vascal.volume import Grid, LabelMap, Vector, Volume

MOST_PLAQUES = 255


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
    others
        More images of the same scan by name: low, high and virtual non-contrast of dual energy.
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
    others: Mapping[str, Volume]
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
    if len(plaques) > MOST_PLAQUES:
        raise SimulationError(f"found {len(plaques)} plaques; a scan holds at most {MOST_PLAQUES}")
    places = [find_place(phantom, plaque.site) for plaque in plaques]
    exam = _prepare(phantom, protocol, plaques, places, seed)
    images, organs = _expose(exam)
    return _collect(exam, images, organs, tuple(plaques), places)


def _prepare(
    phantom: Phantom, protocol: Protocol, plaques: Sequence[Plaque], places: Sequence[Place], seed: int
) -> Exam:
    grid = scan_grid(phantom, protocol)
    timing = time_slices(phantom.patient, protocol, grid, seed)
    calcium = tuple(
        MovingPoints(
            points=plaque_points(plaque, place.course),
            mass_mg=plaque.mass_mg,
            offset_mm=timing.offsets_mm(place.mover),
        )
        for plaque, place in zip(plaques, places, strict=True)
    )
    return Exam(
        phantom=phantom,
        protocol=protocol,
        grid=grid,
        timing=timing,
        beam=measure_beam(phantom, protocol, grid),
        calcium=calcium,
        patches=patches_of(calcium, grid, protocol),
        seed=seed,
    )


def _expose(exam: Exam) -> tuple[Mapping[str, Images], Organs]:
    """All images of a scan, the main one first."""
    if exam.protocol.dual_energy != "none":
        return dual_energy_images(exam)
    hu, organs = projection_path(exam) if exam.protocol.fidelity == "projection" else image_path(exam)
    protocol = exam.protocol
    if protocol.denoising != "none":
        sd = exam.beam.noise_sd_hu
        hu = denoise(hu, exam.grid, protocol.denoising, strength=protocol.denoising_strength, noise_sd_hu=sd)
    return {"": hu}, organs


def _collect(
    exam: Exam, images: Mapping[str, Images], organs: Organs, plaques: tuple[Plaque, ...], places: Sequence[Place]
) -> SimulatedScan:
    grid, phantom, beam = exam.grid, exam.phantom, exam.beam
    hu_per_mg = beam.calcium_hu * 1000 / (grid.pixel_area_mm2 * grid.spacing_between_slices_mm)
    lesions = label_patches(exam.patches, hu_per_mg, grid.shape)
    rows = zip(plaques, places, exam.calcium, exam.patches, strict=True)
    volumes = {name: Volume(hu=to_stored_hu(hu), grid=grid) for name, hu in images.items()}
    main, *others = volumes
    return SimulatedScan(
        volume=volumes[main],
        others={name: volumes[name] for name in others},
        patient=phantom.patient,
        protocol=exam.protocol,
        seed=exam.seed,
        organs=LabelMap(labels=organs, grid=grid, names=ORGAN_NAMES),
        vessels=LabelMap(labels=_vessels_of(lesions, places, organs), grid=grid, names=VESSELS),
        lesions=LabelMap(labels=lesions, grid=grid, names=_lesion_names(plaques)),
        territories=LabelMap(labels=coronary_territories(phantom, organs, grid), grid=grid, names=TERRITORY_NAMES),
        plaques=tuple(
            _truth(_Lesion(n, plaque, place, centre_of(points.points), patch), exam, hu_per_mg)
            for n, (plaque, place, points, patch) in enumerate(rows, start=1)
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


def _truth(lesion: _Lesion, exam: Exam, hu_per_mg: float) -> PlaqueTruth:
    number, plaque, place, centre, patch = lesion
    segment = None
    if place.vessel is not None:
        segment = next(b for b in exam.phantom.tree if b.name == plaque.site).segment_at(plaque.position)
    speed, path = exam.timing.speed_mm_s(place.mover, centre[2])
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
        contrast_to_noise=peak / exam.beam.noise_sd_hu if exam.beam.noise_sd_hu > 0 else float("inf"),
    )
