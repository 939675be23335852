"""Samples from the simulator: whole trunks for stage 1, hearts with their courses for stage 2."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vascal.anatomy.lattice import Lattice, sample_lattice
from vascal.io.atomic import write_file
from vascal.models.course_net import SPACING_MM
from vascal.train.config import TrainConfig, lay_out
from vascal.train.samples import SIMULATED, Progress, Sample, SampleList, write_samples
from vascal.train.simulated_draws import (
    draw_anatomy_protocol,
    draw_clinic_agatston,
    draw_heart_protocol,
    draw_training_patient,
    draw_training_plaques,
)
from vascal.volume import Grid

if TYPE_CHECKING:
    from vascal.simulate.ct.phantom import Phantom
    from vascal.simulate.ct.protocol import Protocol
    from vascal.simulate.ct.scan import SimulatedScan

Arrays = Mapping[str, np.ndarray]
FARTHEST_MM = 25.5
"""Distances from courses are kept in tenths of a mm, one byte each."""


def prepare_anatomy(config: TrainConfig, folder: Path, progress: Progress) -> None:
    """Simulate whole trunks with their regions."""
    prepare_simulated(config, folder, progress, simulate_anatomy)


def prepare_courses(config: TrainConfig, folder: Path, progress: Progress) -> None:
    """Simulate hearts with the courses of their arteries."""
    prepare_simulated(config, folder, progress, simulate_courses)


def prepare_simulated(config: TrainConfig, folder: Path, progress: Progress, make: Callable[[int], Arrays]) -> None:
    """Make one sample a seed; those that are there already are kept.

    Parameters
    ----------
    config
        How many, and from which seed on.
    folder
        Where to.
    progress
        Is told after each.
    make
        Makes the arrays of one seed.
    """
    count, first = config.data.simulated or 0, config.data.seed
    rows = []
    for seed in range(first, first + count):
        name = f"{seed:08d}.npz"
        if not (folder / name).exists():
            buffer = io.BytesIO()
            np.savez(buffer, **make(seed))  # type: ignore[arg-type]
            write_file(folder / name, buffer.getvalue())
        rows.append(Sample(file=name, patient=str(seed), source=SIMULATED))
        progress.reach(len(rows), count)
    write_samples(SampleList(task=config.task, samples=tuple(rows), origin=lay_out(config.data)), folder)


def simulate_training_scan(seed: int, protocol: Protocol) -> tuple[Phantom, SimulatedScan]:
    """Scan the training patient of a seed."""
    from vascal.simulate.ct.phantom import build_phantom
    from vascal.simulate.ct.scan import scan_patient

    patient = draw_training_patient(seed)
    phantom = build_phantom(patient, protocol.blood)
    plaques = draw_training_plaques(seed, patient, tuple(branch.name for branch in phantom.tree))
    return phantom, scan_patient(patient, protocol, plaques=plaques)


def simulate_clinic_scan(seed: int, protocol: Protocol) -> tuple[Phantom, SimulatedScan]:
    """Scan the clinic's patient of a seed."""
    from vascal.simulate.ct.patient import draw_patient
    from vascal.simulate.ct.phantom import build_phantom
    from vascal.simulate.ct.scan import scan_patient

    patient = draw_patient(seed)
    return build_phantom(patient, protocol.blood), scan_patient(patient, protocol, agatston=draw_clinic_agatston(seed))


def simulate_anatomy(seed: int) -> Arrays:
    """Make one sample of `vascal.train.anatomy_task.AnatomyTask`."""
    from vascal.simulate.ct.regions import find_regions

    phantom, scan = simulate_training_scan(seed, draw_anatomy_protocol(seed))
    regions = find_regions(phantom, scan.organs.labels, scan.volume.grid)
    return {"hu": scan.volume.hu, "regions": regions, "organs": scan.organs.labels}


def simulate_courses(seed: int) -> Arrays:
    """Make one sample of `vascal.train.course_task.CourseTask`."""
    from vascal.simulate.ct.organs import HEART_ORGANS
    from vascal.simulate.ct.regions import find_courses

    phantom, scan = simulate_training_scan(seed, draw_heart_protocol(seed))
    grid = scan.volume.grid
    lattice = cover(grid)
    courses = find_courses(phantom, _as_grid(lattice, grid))
    heart = np.argwhere(np.isin(scan.organs.labels[:, ::4, ::4], HEART_ORGANS)) * (1, 4, 4)
    points = (heart * np.asarray(grid.spacing_mm) - np.asarray(lattice.corner_mm)) / SPACING_MM
    return {
        "hu": sample_lattice(scan.volume, lattice).round().astype(np.int16),
        "nearest": courses.nearest,
        "distance": (10 * np.minimum(courses.distance_mm, FARTHEST_MM)).astype(np.uint8),
        "centre": points.mean(axis=0),
        "size": 2 * points.std(axis=0),
    }


def cover(grid: Grid) -> Lattice:
    """Lay a lattice over a whole scan: its points are the middles of cubes that fill the scan's extent."""
    counts = [max(1, round(n * s / SPACING_MM)) for n, s in zip(grid.shape, grid.spacing_mm, strict=True)]
    k, i, j = (SPACING_MM / 2 - s / 2 for s in grid.spacing_mm)
    return Lattice(corner_mm=(k, i, j), spacing_mm=SPACING_MM, shape=(counts[0], counts[1], counts[2]))


def _as_grid(lattice: Lattice, scanned: Grid) -> Grid:
    """Give the lattice of an upright simulated scan as a grid."""
    x, y, z = (origin + shift for origin, shift in zip(scanned.origin_mm, lattice.corner_mm[::-1], strict=True))
    return Grid.even(lattice.shape, (SPACING_MM,) * 3, origin_mm=(x, y, z))
