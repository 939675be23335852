"""Scan the heart of a simulated patient, cut to where its calcium lies, and keep the scan on disk.

The image path of `vascal.simulate.ct.scan` step by step; only the field is cut, on
the same lattice of voxels, so that a scan costs a tenth of a second.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.accuracy.cases import MOTION_S, SET_VERSION, Case
from vascal.simulate.ct.beam import measure_beam
from vascal.simulate.ct.burden import draw_plaques
from vascal.simulate.ct.calcium_layer import MovingPoints, label_patches
from vascal.simulate.ct.coronaries import VESSELS
from vascal.simulate.ct.denoising import denoise
from vascal.simulate.ct.imaging import Exam, image_path, patches_of
from vascal.simulate.ct.organs import Organ
from vascal.simulate.ct.patient import SimulatedPatient
from vascal.simulate.ct.phantom import Phantom, build_phantom
from vascal.simulate.ct.plaques import Plaque, plaque_points
from vascal.simulate.ct.protocol import Protocol
from vascal.simulate.ct.scan import scan_grid
from vascal.simulate.ct.scanner import to_stored_hu
from vascal.simulate.ct.sites import Place, find_place
from vascal.simulate.ct.timing import time_slices
from vascal.volume import Grid, LabelMap, Volume

MARGIN_MM = 14.0
"""Around the calcium, in the slice."""
MARGIN_SLICES_MM = 9.0
WINDOW_MM = MARGIN_MM - 2.0
"""Calcium this close to the field is painted too."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CutScan:
    """A scan around the coronary calcium of one patient, and its truth.

    Parameters
    ----------
    volume, vessels, lesions
        CT, coronary vessels, and numbers of plaques, as `SimulatedScan` has them.
    mass_mg, volume_mm3, density_mg_cm3
        Of each coronary plaque, by the numbers in `lesions` from 1.
    plaque_vessel
        LM 1, LAD 2, LCX 3, RCA 4 of each.
    calcium_hu, noise_sd_hu, water_mm
        CT number of 1 mg/cm3; noise in the middle of the patient; water-equivalent diameter.
    """

    volume: Volume
    vessels: LabelMap
    lesions: LabelMap
    mass_mg: NDArray[np.float64]
    volume_mm3: NDArray[np.float64]
    density_mg_cm3: NDArray[np.float64]
    plaque_vessel: NDArray[np.int64]
    calcium_hu: float
    noise_sd_hu: float
    water_mm: float


@lru_cache(maxsize=12)
def phantom_of(patient: SimulatedPatient) -> Phantom:
    return build_phantom(patient)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calcium:
    """Plaques of one patient with where they lie: coronary ones first."""

    plaques: tuple[Plaque, ...]
    places: tuple[Place, ...]
    points: tuple[NDArray[np.float64], ...]
    coronary: int


@lru_cache(maxsize=12)
def find_plaques(patient: SimulatedPatient, agatston: float | None) -> Calcium:
    phantom = phantom_of(patient)
    drawn = draw_plaques(patient.seed, patient, tuple(b.name for b in phantom.tree), agatston=agatston)
    pairs = [(plaque, find_place(phantom, plaque.site)) for plaque in drawn]
    ordered = [p for p in pairs if p[1].vessel] + [p for p in pairs if not p[1].vessel]
    return Calcium(
        plaques=tuple(plaque for plaque, _ in ordered),
        places=tuple(place for _, place in ordered),
        points=tuple(plaque_points(plaque, place.course) for plaque, place in ordered),
        coronary=sum(place.vessel is not None for _, place in ordered),
    )


def cut_grid(full: Grid, points: Sequence[NDArray[np.float64]]) -> Grid:
    """Keep the voxels around points: the same lattice, fewer of them."""
    every = np.concatenate(points)
    lows, highs = every.min(axis=0), every.max(axis=0)
    step = (full.spacing_between_slices_mm, full.row_spacing_mm, full.column_spacing_mm)
    margins = (MARGIN_SLICES_MM, MARGIN_MM, MARGIN_MM)
    first, count = [], []
    for axis, (xyz, size) in enumerate(zip((2, 1, 0), full.shape, strict=True)):
        origin = full.origin_mm[xyz]
        low = int(np.floor((lows[xyz] - margins[axis] - origin) / step[axis]))
        high = int(np.ceil((highs[xyz] + margins[axis] - origin) / step[axis]))
        low, high = max(low, 0), min(high, size - 1)
        first.append(low)
        count.append(max(high - low + 1, 3))
    x, y, z = full.origin_mm
    origin_mm = (x + first[2] * step[2], y + first[1] * step[1], z + first[0] * step[0])
    return Grid.even((count[0], count[1], count[2]), step, origin_mm=origin_mm)


def scan_cut(patient: SimulatedPatient, case: Case, *, agatston: float | None = None) -> CutScan | None:
    """Scan one patient one way; None without coronary calcium."""
    phantom = phantom_of(patient)
    calcium = find_plaques(patient, agatston)
    if calcium.coronary == 0:
        return None
    protocol = replace(case.protocol, denoising="none", denoising_strength=0.0)
    grid = cut_grid(scan_grid(phantom, protocol), calcium.points[: calcium.coronary])
    # The reference is scanned twice: once more with other noise.
    seed = patient.seed + (500_000 if protocol.name == "repeat" else 0)
    exam = _prepare(phantom, protocol, calcium, grid, case, seed)
    hu, organs = image_path(exam)
    hu = denoise(
        hu, grid, case.protocol.denoising, strength=case.protocol.denoising_strength, noise_sd_hu=exam.beam.noise_sd_hu
    )
    return _collect(exam, calcium, hu, organs)


def _prepare(phantom: Phantom, protocol: Protocol, calcium: Calcium, grid: Grid, case: Case, seed: int) -> Exam:
    timing = time_slices(phantom.patient, protocol, grid, phantom.patient.seed)
    moving = []
    for plaque, place, points in zip(calcium.plaques, calcium.places, calcium.points, strict=True):
        offset = timing.offsets_mm(place.mover)
        if case.speed_mm_s is not None and place.vessel is not None:
            offset = straight_offsets_mm(case.speed_mm_s, int(plaque.angle_deg * 10))
        moving.append(MovingPoints(points=points, mass_mg=plaque.mass_mg, offset_mm=offset))
    return Exam(
        phantom=phantom, protocol=protocol, grid=grid, timing=timing, beam=measure_beam(phantom, protocol, grid),
        calcium=tuple(moving), patches=patches_of(tuple(moving), grid, protocol), seed=seed,
    )  # fmt: skip


def straight_offsets_mm(speed_mm_s: float, seed: int) -> NDArray[np.float64]:
    """(1, instant, 3): a straight way in any direction, centred on the rest."""
    direction = np.random.default_rng(seed).standard_normal(3)
    way = np.linspace(-0.5, 0.5, 9) * speed_mm_s * MOTION_S
    return np.asarray((way[:, None] * direction / np.linalg.norm(direction))[None])


def _collect(exam: Exam, calcium: Calcium, hu: NDArray[np.float32], organs: NDArray[np.uint8]) -> CutScan:
    grid = exam.grid
    hu_per_mg = exam.beam.calcium_hu * 1000 / (grid.pixel_area_mm2 * grid.spacing_between_slices_mm)
    lesions = label_patches(exam.patches, hu_per_mg, grid.shape)
    lesions[lesions > calcium.coronary] = 0
    lesions[organs == Organ.BONE] = 0
    values = {name: value for value, name in VESSELS.items()}
    vessel = np.array([values[p.vessel] for p in calcium.places if p.vessel], dtype=np.int64)
    vessels = np.append(0, vessel).astype(np.uint8)[lesions]
    coronary = calcium.plaques[: calcium.coronary]
    return CutScan(
        volume=Volume(hu=to_stored_hu(hu), grid=grid),
        vessels=LabelMap(labels=vessels, grid=grid, names=VESSELS),
        lesions=LabelMap(labels=lesions, grid=grid, names={n + 1: str(n + 1) for n in range(len(coronary))}),
        mass_mg=np.array([p.mass_mg for p in coronary]),
        volume_mm3=np.array([p.volume_mm3 for p in coronary]),
        density_mg_cm3=np.array([p.density_mg_cm3 for p in coronary]),
        plaque_vessel=vessel,
        calcium_hu=exam.beam.calcium_hu,
        noise_sd_hu=exam.beam.noise_sd_hu,
        water_mm=exam.beam.water_mm,
    )


def load_or_scan(patient_seed: int, case: Case, cache: Path | None) -> CutScan | None:
    """Take a scan from disk, or make and keep it."""
    if cache is None:
        return scan_cut(case.patient(patient_seed), case)
    name = case.name.replace("/", "-").replace(",", "").replace(" ", "_")
    path = cache / f"v{SET_VERSION}" / name / f"{patient_seed}.npz"
    if not path.exists():
        scan = scan_cut(case.patient(patient_seed), case)
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(scan, path)
        return scan
    return _read(path)


def _write(scan: CutScan | None, path: Path) -> None:
    if scan is None:
        np.savez(path, nothing=np.zeros(0))
        return
    grid = scan.volume.grid
    facts = {
        "spacing_mm": grid.spacing_mm, "origin_mm": grid.origin_mm, "calcium_hu": scan.calcium_hu,
        "noise_sd_hu": scan.noise_sd_hu, "water_mm": scan.water_mm,
    }  # fmt: skip
    np.savez(
        path, hu=scan.volume.hu, vessels=scan.vessels.labels, lesions=scan.lesions.labels, mass_mg=scan.mass_mg,
        volume_mm3=scan.volume_mm3, density_mg_cm3=scan.density_mg_cm3, plaque_vessel=scan.plaque_vessel,
        facts=np.array(json.dumps(facts)),
    )  # fmt: skip


def _read(path: Path) -> CutScan | None:
    with np.load(path) as kept:
        if "nothing" in kept:
            return None
        facts = json.loads(str(kept["facts"]))
        grid = Grid.even(kept["hu"].shape, tuple(facts["spacing_mm"]), origin_mm=tuple(facts["origin_mm"]))
        names = {n + 1: str(n + 1) for n in range(len(kept["mass_mg"]))}
        return CutScan(
            volume=Volume(hu=kept["hu"], grid=grid),
            vessels=LabelMap(labels=kept["vessels"], grid=grid, names=VESSELS),
            lesions=LabelMap(labels=kept["lesions"], grid=grid, names=names),
            mass_mg=kept["mass_mg"],
            volume_mm3=kept["volume_mm3"],
            density_mg_cm3=kept["density_mg_cm3"],
            plaque_vessel=kept["plaque_vessel"],
            calcium_hu=facts["calcium_hu"],
            noise_sd_hu=facts["noise_sd_hu"],
            water_mm=facts["water_mm"],
        )
