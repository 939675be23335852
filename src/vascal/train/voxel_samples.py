"""Samples of labelled calcium: the heart of each scan on a 1.5 mm lattice, and what each point is."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from vascal.anatomy.lattice import Lattice, find_flips, sample_lattice
from vascal.anatomy.segmenter import Anatomy, Segmenter
from vascal.calcium.rule import AGATSTON_1990
from vascal.dataset import CORONARY as CORONARY_NAME
from vascal.dataset import Case, Split
from vascal.errors import TrainingError, VascalError
from vascal.io.atomic import write_file
from vascal.io.dataset_index import find_index, read_case_image, read_case_labels, read_dataset
from vascal.models.voxel_net import CLASSES, MODEL, lay_heart_box
from vascal.train.config import TrainConfig, lay_out
from vascal.train.losses import IGNORE
from vascal.train.samples import SIMULATED, Progress, Sample, SampleList, write_samples
from vascal.volume import LabelMap, Volume

CORONARY = 250
"""Coronary calcium of which nobody says in which artery it is."""
OTHER = CLASSES.index("other")
CLASS_OF_NAME: Mapping[str, int] = {**{name: CLASSES.index(name) for name in CLASSES[1:5]}, CORONARY_NAME: CORONARY}
Targets = UInt8[np.ndarray, "slice row column"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scan:
    """A scan with its truth; `labels` None means that nothing in it is coronary calcium."""

    patient: str
    source: str
    split: Split | None
    read: Callable[[], tuple[Volume, Anatomy, LabelMap | None]]


def prepare_voxels(config: TrainConfig, folder: Path, progress: Progress) -> None:
    """Prepare samples of a data set, or of simulated scans.

    A case is of use if its calcium is labelled, or if its score is 0. Test cases are not opened.

    Raises
    ------
    TrainingError
        If no case is of use.
    """
    skipped: Counter[str] = Counter()
    index = config.data.index
    scans = list(_list_simulated(config) if index is None else _list_cases(find_index(index), skipped))
    rows: list[Sample] = []
    for number, scan in enumerate(scans):
        name = f"{number:06d}.npz"
        try:
            if not (folder / name).exists():
                write_file(folder / name, _pack(make_sample(*scan.read())))
            rows.append(Sample(file=name, patient=scan.patient, source=scan.source, split=scan.split))
        except VascalError as error:
            skipped[f"not usable ({error.code})"] += 1
        progress.reach(number + 1, len(scans))
    if not rows:
        reasons = "; ".join(f"{count} {reason}" for reason, count in skipped.items())
        raise TrainingError(f"no scan can be trained on: {reasons or 'there are none'}")
    write_samples(SampleList(task=MODEL, samples=tuple(rows), skipped=skipped, origin=lay_out(config.data)), folder)


def _pack(arrays: Mapping[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def _list_cases(path: Path, skipped: Counter[str]) -> Iterator[_Scan]:
    segmenter = choose_segmenter()
    for case in read_dataset(path).cases:
        if case.split == "test":
            continue
        if case.labels is None and (case.scores is None or case.scores.agatston > 0):
            skipped["without labels"] += 1
            continue
        yield _Scan(
            patient=case.patient_id, source=case.source, split=case.split,
            read=lambda case=case: _read_case(case, path.parent, segmenter),  # type: ignore[misc]
        )  # fmt: skip


def _read_case(case: Case, folder: Path, segmenter: Segmenter) -> tuple[Volume, Anatomy, LabelMap | None]:
    _, volume = read_case_image(case, folder)
    return volume, segmenter.find_anatomy(volume), read_case_labels(case, folder, volume.grid)


def choose_segmenter() -> Segmenter:
    """Pick what finds the heart for training: the network that scoring will use, or rules where there is none."""
    from vascal.errors import ModelError
    from vascal.models.finder import choose_finder
    from vascal.models.runtime import read_manifest

    try:
        has_network = "anatomy" in read_manifest()
    except ModelError:
        has_network = False
    return choose_finder("learned" if has_network else "rules").segmenter


def _list_simulated(config: TrainConfig) -> Iterator[_Scan]:
    first = config.data.seed
    for seed in range(first, first + (config.data.simulated or 0)):
        yield _Scan(
            patient=str(seed), source=SIMULATED, split=None,
            read=lambda seed=seed: _simulate(seed),  # type: ignore[misc]
        )  # fmt: skip


def _simulate(seed: int) -> tuple[Volume, Anatomy, LabelMap | None]:
    from vascal.train.simulated_draws import draw_heart_protocol
    from vascal.train.simulated_samples import simulate_training_scan

    _, scan = simulate_training_scan(seed, draw_heart_protocol(seed))
    return scan.volume, Anatomy(structures=scan.structures, finder="truth"), scan.vessels


def make_sample(volume: Volume, anatomy: Anatomy, labels: LabelMap | None) -> dict[str, np.ndarray]:
    """Make one scan's sample.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    anatomy
        Of the same scan.
    labels
        Vessels of coronary calcium by name; None if there is none.

    Returns
    -------
    dict
        ``hu`` (int16) and ``labels`` on the lattice (slice, row, column), ``centre`` and ``size`` of the heart
        in its points.

    Raises
    ------
    TrainingError
        If the scan shows no heart.
    """
    box = lay_heart_box(volume, anatomy)
    if box is None:
        raise TrainingError("no heart was found in the scan")
    return {
        "hu": np.round(sample_lattice(volume, box.lattice)).astype(np.int16),
        "labels": paint_targets(volume, labels, box.lattice),
        "centre": box.centre,
        "size": box.size,
    }


def paint_targets(volume: Volume, labels: LabelMap | None, lattice: Lattice) -> Targets:
    """Say what each point of a lattice is.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    labels
        Vessels of coronary calcium by name; None if there is none.
    lattice
        Where the points lie.

    Returns
    -------
    numpy.ndarray
        Place in `CLASSES`; `CORONARY`; or `IGNORE` beyond the scan.

    Notes
    -----
    A voxel has a class if it reaches 130 HU, as in scoring. Each point takes the class of the
    nearest voxel, which fills what lies between thick slices; then each classified voxel is set at
    its nearest point, coronary ones last, so that a speck smaller than a step is not lost.
    """
    meanings = _class_table(labels)
    nearest = [_nearest_voxels(volume, lattice, axis) for axis in range(3)]
    inside = [(at >= 0) & (at < n) for at, n in zip(nearest, volume.grid.shape, strict=True)]
    at = np.ix_(*(np.clip(a, 0, n - 1) for a, n in zip(nearest, volume.grid.shape, strict=True)))
    here = meanings[labels.labels[at]] if labels is not None else np.full(lattice.shape, OTHER, dtype=np.uint8)
    bright = volume.hu[at] >= AGATSTON_1990.threshold_hu
    target = np.where(bright, here, 0).astype(np.uint8)
    _set_voxels(target, volume, labels, lattice, meanings)
    target[~(inside[0][:, None, None] & inside[1][None, :, None] & inside[2][None, None, :])] = IGNORE
    return target


def _class_table(labels: LabelMap | None) -> UInt8[np.ndarray, " 256"]:
    """Class of a bright voxel by its label: what has no vessel's name is another bright thing."""
    table = np.full(256, OTHER, dtype=np.uint8)
    for value, name in ({} if labels is None else labels.names).items():
        table[value] = CLASS_OF_NAME.get(name, OTHER)
    return table


def _nearest_voxels(volume: Volume, lattice: Lattice, axis: int) -> np.ndarray:
    """Index of the voxel nearest to each step of a lattice along one axis; may lie beyond the scan."""
    steps = lattice.corner_mm[axis] + np.arange(lattice.shape[axis]) * lattice.spacing_mm
    at = np.round(steps / volume.grid.spacing_mm[axis]).astype(int)
    return volume.grid.shape[axis] - 1 - at if find_flips(volume)[axis] else at


def _set_voxels(
    target: Targets, volume: Volume, labels: LabelMap | None, lattice: Lattice, meanings: np.ndarray
) -> None:
    index = np.flatnonzero(volume.hu.reshape(-1) >= AGATSTON_1990.threshold_hu)
    places = np.round(lattice.places_of(volume, index)).astype(int)
    inside = np.all((places >= 0) & (places < np.asarray(lattice.shape)[:, None]), axis=0)
    found = np.full(index.size, OTHER, dtype=np.uint8)
    if labels is not None:
        found = meanings[labels.labels.reshape(-1)[index]]
    for kind in (OTHER, CORONARY, 1, 2, 3, 4):
        target[tuple(places[:, inside & (found == kind)])] = kind
