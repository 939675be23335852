"""Simulated plaques of known mass in a real scan.

The scan stays as it is, with its noise, its motion and whatever else no simulator
draws; what is added is what a plaque of this mass would have added to it: shared
among slices and pixels without loss, blurred as this scan blurs, as bright as its
tube voltage and the patient's size make calcium, and rounded as it was stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from numpy.typing import NDArray

from vascal.errors import GeometryError, SimulationError
from vascal.simulate.ct.burden import BRANCH_SHARES, draw_agatston, draw_plaques
from vascal.simulate.ct.calcium_layer import CalciumPatch, MovingPoints, centre_of, image_plaque, label_patches
from vascal.simulate.ct.coronaries import VESSELS, Branch
from vascal.simulate.ct.patient import SimulatedPatient, draw_patient
from vascal.simulate.ct.plaques import Course, Plaque, plaque_points
from vascal.simulate.ct.protocol import PROTOCOLS
from vascal.simulate.ct.scan import MOST_PLAQUES, PlaqueTruth
from vascal.simulate.ct.scan_matching import ScanMatch
from vascal.simulate.ct.timing import Timing, time_slices
from vascal.volume import Grid, LabelMap, Volume

Added = Float32[np.ndarray, "slice row column"]
MOST_DRAWS = 200


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HybridScan:
    """A real scan with simulated plaques, and their truth, all on the scan's grid.

    Parameters
    ----------
    volume
        The scan with calcium, HU.
    vessels
        LM 1, LAD 2, LCX 3, RCA 4: every voxel that a plaque brightens, and its neighbours.
    lesions
        Number of the plaque that brightens a voxel most.
    plaques
        Truth, in the order of their numbers.
    match
        How the scan was taken to show calcium.
    """

    volume: Volume
    vessels: LabelMap
    lesions: LabelMap
    plaques: tuple[PlaqueTruth, ...]
    match: ScanMatch

    def mass_mg(self, vessel: str | None = None) -> float:
        """Mass inside the volume, mg; of one vessel if named."""
        return sum(t.seen_mg for t in self.plaques if vessel in (None, t.vessel))


def insert_plaques(
    volume: Volume,
    plaques: Sequence[Plaque],
    courses: Sequence[Branch],
    match: ScanMatch,
    *,
    timing: Timing | None = None,
    seed: int = 0,
) -> HybridScan:
    """Put simulated plaques into a real scan without coronary calcium.

    Parameters
    ----------
    volume
        The scan: (slice, row, column), HU. Calcium that it holds has no truth and stays.
    plaques
        What to add; each lies on the course that its site names.
    courses
        Coronary arteries of this patient, where the scan shows them, LPS, mm.
    match
        How this scan shows calcium, from `match_scan`.
    timing
        When each slice was scanned, from `time_ungated_scan`; None adds no blur by motion.
    seed
        Draws what rounding took from the scan; the same seed gives the same scan to the last bit.

    Raises
    ------
    SimulationError
        If a plaque's site has no course, or there are more than 255 plaques.
    GeometryError
        If the slices are unevenly spaced: their thickness would not be known.

    Notes
    -----
    Calcium is added to the tissue it lies in, whose place it does not take; the mass is that of
    hydroxyapatite on top of it, as in `Plaque`. It adds no noise: noise follows the number of photons
    along whole rays, and a few mm of calcium take a few percent of those that pass 250 mm of body,
    in few of the rays through a pixel.

    A course is where the scan shows a vessel, which is its mean place while a slice was scanned. So
    motion blurs a plaque about its course and does not move it.

    The scan's true CT numbers were lost within half a HU when it was stored. They are drawn anew
    before calcium is added and rounded again, so that faint edges of a plaque are kept on average;
    where nothing is added nothing changes.
    """
    if len(plaques) > MOST_PLAQUES:
        raise SimulationError(f"found {len(plaques)} plaques; a scan holds at most {MOST_PLAQUES}")
    if not volume.grid.is_even:
        raise GeometryError("plaques can not be inserted between unevenly spaced slices; needed: an even stack")
    branches = [_branch_of(plaque, courses) for plaque in plaques]
    grid = _upright(volume.grid)
    calcium = [_moving(plaque, branch, volume.grid, timing) for plaque, branch in zip(plaques, branches, strict=True)]
    patches = [image_plaque(one, grid, match.thickness_mm, match.kernel) for one in calcium]
    hu_per_mg = match.calcium_hu * 1000 / (grid.pixel_area_mm2 * grid.spacing_between_slices_mm)
    lesions = label_patches(patches, hu_per_mg, grid.shape)
    numbered = enumerate(zip(plaques, branches, patches, strict=True), start=1)
    return HybridScan(
        volume=_add(volume, patches, hu_per_mg, match, seed),
        vessels=_vessels(lesions, branches, volume.grid),
        lesions=LabelMap(
            labels=lesions, grid=volume.grid, names={n: f"{n} {plaque.site}" for n, plaque in enumerate(plaques, 1)}
        ),
        plaques=tuple(
            _truth(number, plaque, branch, patch, hu_per_mg, match, timing)
            for number, (plaque, branch, patch) in numbered
        ),
        match=match,
    )


def draw_insertion(seed: int, courses: Sequence[Branch], *, agatston: float | None = None) -> tuple[Plaque, ...]:
    """Draw the coronary calcium of someone who has some.

    Parameters
    ----------
    seed
        The same seed gives the same plaques.
    courses
        Where they may lie.
    agatston
        Score to aim at; drawn from a population's scores above 0 unless given.

    Raises
    ------
    SimulationError
        If no course is given on which calcium is ever drawn.
    """
    patient = draw_patient(seed)
    if agatston is None:
        rng = np.random.default_rng(np.random.SeedSequence((seed, 0x1C)))
        drawn = (draw_agatston(rng, patient) for _ in range(MOST_DRAWS))
        agatston = next((score for score in drawn if score > 0), 10.0)
    names = tuple(branch.name for branch in courses if branch.name in BRANCH_SHARES)
    if not names:
        raise SimulationError(
            f"no course to put plaques on is given; needed: one or more of {', '.join(BRANCH_SHARES)}"
        )
    return tuple(plaque for plaque in draw_plaques(seed, patient, names, agatston=agatston) if plaque.site in names)


def time_ungated_scan(grid: Grid, *, heart_rate_bpm: float, seed: int = 0) -> Timing:
    """Say when each slice of a scan without ECG was taken, as helical chest scans usually are.

    Parameters
    ----------
    grid
        Of the scan.
    heart_rate_bpm
        Beats per minute, 35 to 150.
    seed
        Draws the beat's first phase, and how this heart moves.
    """
    patient = SimulatedPatient(seed=seed, heart_rate_bpm=heart_rate_bpm)
    return time_slices(patient, PROTOCOLS["chest"], grid, seed)


def _branch_of(plaque: Plaque, courses: Sequence[Branch]) -> Branch:
    for branch in courses:
        if branch.name == plaque.site:
            return branch
    raise SimulationError(f"no course of {plaque.site!r} is given; there are {[branch.name for branch in courses]}")


def _axes(grid: Grid) -> NDArray[np.float64]:
    """Directions in which columns, rows and slices grow, as rows: the grid's own x, y, z."""
    return np.array((grid.column_axis, grid.row_axis, grid.slice_axis))


def _upright(grid: Grid) -> Grid:
    """The same voxels in the grid's own x, y, z, where it lies upright."""
    x, y, _ = (_axes(grid) @ np.asarray(grid.origin_mm)).tolist()
    return Grid.even(grid.shape, grid.spacing_mm, origin_mm=(x, y, grid.slice_positions_mm[0]))


def _moving(plaque: Plaque, branch: Branch, grid: Grid, timing: Timing | None) -> MovingPoints:
    course = Course(points=branch.points.astype(float), radii=branch.radii.astype(float))
    offsets = np.zeros((1, 1, 3)) if timing is None else _about_the_mean(timing.beats_mm(branch.vessel))
    axes = _axes(grid)
    # Positions of slices count from the grid's own zero, which need not be the patient's.
    zero = np.array((0.0, 0.0, grid.slice_positions_mm[0] - float(axes[2] @ np.asarray(grid.origin_mm))))
    return MovingPoints(
        points=plaque_points(plaque, course) @ axes.T + zero, mass_mg=plaque.mass_mg, offset_mm=offsets @ axes.T
    )


def _about_the_mean(offsets: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(offsets - offsets.mean(axis=1, keepdims=True))


def _add(
    volume: Volume, patches: Sequence[CalciumPatch | None], hu_per_mg: float, match: ScanMatch, seed: int
) -> Volume:
    seen = [patch for patch in patches if patch is not None]
    if not seen:
        return volume
    box = tuple(
        slice(min(patch.where[axis].start for patch in seen), max(patch.where[axis].stop for patch in seen))
        for axis in range(3)
    )
    first = np.array([side.start for side in box])
    added: Added = np.zeros([side.stop - side.start for side in box], dtype=np.float32)
    for patch in seen:
        place = tuple(slice(s.start - f, s.stop - f) for s, f in zip(patch.where, first, strict=True))
        added[place] += patch.mg * np.float32(hu_per_mg)
    hu = volume.hu.copy()
    rng = np.random.default_rng(np.random.SeedSequence((seed, 0xD17)))
    lost = rng.random(added.shape, dtype=np.float32) - np.float32(0.5)
    brighter = np.clip(np.rint(hu[box] + (added + lost)), np.iinfo(np.int16).min, match.highest_hu)
    hu[box] = np.where(added == 0, hu[box], brighter.astype(np.int16))
    return Volume(hu=hu, grid=volume.grid)


def _vessels(lesions: NDArray[np.uint8], branches: Sequence[Branch], grid: Grid) -> LabelMap:
    values = {name: value for value, name in VESSELS.items()}
    table = np.array([0, *(values[branch.vessel] for branch in branches)], dtype=np.uint8)
    return LabelMap(labels=table[lesions], grid=grid, names=VESSELS)


def _truth(
    number: int,
    plaque: Plaque,
    branch: Branch,
    patch: CalciumPatch | None,
    hu_per_mg: float,
    match: ScanMatch,
    timing: Timing | None,
) -> PlaqueTruth:
    course = Course(points=branch.points.astype(float), radii=branch.radii.astype(float))
    centre = centre_of(plaque_points(plaque, course))
    speed, path = (0.0, 0.0) if timing is None else timing.speed_mm_s(branch.vessel, centre[2])
    peak = 0.0 if patch is None else float(patch.mg.max(initial=0.0)) * hu_per_mg
    return PlaqueTruth(
        number=number,
        plaque=plaque,
        vessel=branch.vessel,
        segment=branch.segment_at(plaque.position),
        centre_mm=centre,
        mean_speed_mm_s=speed,
        path_mm=path,
        seen_mg=0.0 if patch is None else min(patch.seen_mg, plaque.mass_mg),
        peak_hu=peak,
        contrast_to_noise=peak / match.noise_sd_hu if match.noise_sd_hu else float("inf"),
    )
