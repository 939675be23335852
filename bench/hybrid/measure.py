"""Put plaques into a real scan, find them, and compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from vascal.calcium.finding import Finding
from vascal.calcium.lesions import Lesion
from vascal.calcium.rule import AGATSTON_1990
from vascal.calcium.score import score_calcium
from vascal.io.nifti import read_nifti
from vascal.io.nifti_volume import write_volume
from vascal.models.finder import Finder
from vascal.pipeline import find_labelled, score_series
from vascal.simulate.ct.coronaries import Branch
from vascal.simulate.ct.insertion import HybridScan, draw_insertion, insert_plaques, time_ungated_scan
from vascal.simulate.ct.scan_matching import ScanMatch
from vascal.volume import Volume

COURSES = Path(__file__).parent / "chest_thick_courses.json"
FOLDERS = ("chest-thick/soft", "chest-thick/sharp")
Find = Callable[[Volume], Finding]
CALCIUM_HU = 50.0
"""A lesion no voxel of which calcium brightens this much is noise above 130 HU that lies beside a plaque."""

LOG_AGATSTON = (1.0, 3.0)
"""Scores aimed at, 10 to 1000 on slices of 3 mm: evenly spread, since most people's plaques would be too small to see
on 5 mm."""


@dataclass(frozen=True, kw_only=True)
class FoundLesion:
    """A true lesion above the threshold, and what the finder made of it."""

    kernel: str
    draw: int
    vessel: str
    diameter_mm: float
    agatston: float
    found_as: str | None


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One set of plaques in one scan."""

    kernel: str
    draw: int
    mass_mg: float
    plaques: int
    hidden: int
    agatston_true: float
    agatston_found: float
    false_lesions: int
    false_agatston: float
    lesions: tuple[FoundLesion, ...]


def find_with(finder: Finder) -> Find:
    """What `vascal score` finds with a finder, on a scan without ECG."""

    def find(volume: Volume) -> Finding:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "scan.nii"
            write_volume(volume, path)
            series, _ = read_nifti(path, kvp=120.0, is_gated=False, slice_thickness_mm=volume.grid.spacing_mm[0])
            return score_series(series, finder=finder).finding

    return find


def agatston(volume: Volume, lesions: Sequence[Lesion]) -> float:
    return score_calcium(volume, tuple(lesions)).total.agatston


def run_draws(
    kernel: str, volume: Volume, courses: Sequence[Branch], match: ScanMatch, find: Find, draws: range
) -> Iterator[Drawn]:
    for draw in draws:
        rng = np.random.default_rng(draw)
        heart_rate = float(np.clip(rng.normal(66, 10), 45, 110))
        timing = time_ungated_scan(volume.grid, heart_rate_bpm=heart_rate, seed=draw)
        plaques = draw_insertion(draw, courses, agatston=float(10 ** rng.uniform(*LOG_AGATSTON)))
        hybrid = insert_plaques(volume, plaques, courses, match, timing=timing, seed=draw)
        yield compare(kernel, draw, volume, hybrid, find(hybrid.volume))


def compare(kernel: str, draw: int, before: Volume, hybrid: HybridScan, finding: Finding) -> Drawn:
    volume = hybrid.volume
    added = (volume.hu - before.hu).reshape(-1)
    true = find_labelled(volume, hybrid.vessels, AGATSTON_1990).lesions
    calcified = [lesion for lesion in true if added[lesion.index].max() >= CALCIUM_HU]
    labels = hybrid.vessels.labels.reshape(-1)
    false = [lesion for lesion in finding.lesions if not labels[lesion.index].any()]
    shown = np.unique(hybrid.lesions.labels.reshape(-1)[np.concatenate([[0], *(one.index for one in calcified)])])
    return Drawn(
        kernel=kernel,
        draw=draw,
        mass_mg=hybrid.mass_mg(),
        plaques=len(hybrid.plaques),
        hidden=len(hybrid.plaques) - int(np.count_nonzero(shown)),
        agatston_true=agatston(volume, true),
        agatston_found=agatston(volume, finding.lesions),
        false_lesions=len(false),
        false_agatston=agatston(volume, false),
        lesions=tuple(
            FoundLesion(
                kernel=kernel,
                draw=draw,
                vessel=lesion.vessel,
                diameter_mm=diameter_mm(volume, lesion),
                agatston=agatston(volume, [lesion]),
                found_as=vessel_found(lesion, finding.lesions),
            )
            for lesion in calcified
        ),
    )


def diameter_mm(volume: Volume, lesion: Lesion) -> float:
    """Of a ball of the lesion's volume above the threshold."""
    return float((6 * lesion.index.size * np.prod(volume.grid.spacing_mm) / np.pi) ** (1 / 3))


def vessel_found(lesion: Lesion, found: Sequence[Lesion]) -> str | None:
    """Vessel of the found lesion that covers most of a true one."""
    shared = [(np.intersect1d(lesion.index, other.index).size, other.vessel) for other in found]
    most = max(shared, default=(0, ""))
    return most[1] if most[0] else None
