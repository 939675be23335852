"""Three small simulated chests as a data set on disk, shared by tests of whole trainings."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from tests.simulated_study import simulate_chest
from vascal.anatomy.segmenter import Anatomy
from vascal.dataset import Case, Dataset, Split, WeakScores
from vascal.io.dataset_index import hash_pixels, write_dataset
from vascal.io.nifti import write_label_map
from vascal.io.nifti_volume import write_volume
from vascal.simulate.ct.scan import SimulatedScan
from vascal.volume import LabelMap

SIDES: tuple[Split, ...] = ("train", "validation", "test")


@lru_cache(maxsize=1)
def chest() -> SimulatedScan:
    """Give the one chest all cases are made of."""
    return simulate_chest()


def true_anatomy() -> Anatomy:
    """Give its anatomy as it is."""
    return Anatomy(structures=chest().structures, finder="truth", blood_hu=45.0, aorta_hu=45.0, noise_sd_hu=10.0)


def write_index(folder: Path) -> Path:
    """Write a case for each side, one without labels, and one whose score of 0 is its label."""
    write_volume(chest().volume, folder / "scan.nii.gz")
    write_label_map(chest().vessels, folder / "vessels.nii.gz")
    names = dict(chest().vessels.names)
    cases = [make_case(side, side, labels="vessels.nii.gz", label_names=names) for side in SIDES]
    cases.append(make_case("unlabelled", "train", scores=WeakScores(total=5.0)))
    cases.append(make_case("zero", "train", scores=WeakScores(total=0.0)))
    cases.append(make_case("gone", "train", labels="nowhere.nii.gz", label_names=names))
    write_dataset(Dataset(cases=tuple(cases)), folder / "dataset.json")
    return folder / "dataset.json"


def make_case(name: str, side: Split, **more: object) -> Case:
    """Make a case of a patient of its own."""
    return Case(
        case_id=f"case-{name}", patient_id=f"patient-{name}", image="scan.nii.gz", split=side, source="made",
        sha256=hash_pixels(chest().volume), **more,  # type: ignore[arg-type]
    )  # fmt: skip


def empty_labels() -> LabelMap:
    """Give a label map in which nothing is labelled."""
    grid = chest().volume.grid
    return LabelMap(labels=np.zeros(grid.shape, dtype=np.uint8), grid=grid, names={})
