"""Candidates for stage 3, from the simulator or from a data set with labelled calcium."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vascal.anatomy.confounders import Candidate
from vascal.anatomy.segmenter import Anatomy
from vascal.calcium.contrast import contrast_rule
from vascal.calcium.finding import collect_candidates
from vascal.calcium.rule import AGATSTON_1990
from vascal.dataset import CORONARY as CORONARY_NAME
from vascal.dataset import Case, Split
from vascal.errors import TrainingError, VascalError
from vascal.io.atomic import write_file
from vascal.io.dataset_index import find_index, read_case_image, read_case_labels, read_dataset
from vascal.models.anatomy_net import LearnedAnatomy
from vascal.models.course_net import SPACING_MM, CourseMap, map_courses
from vascal.models.division import divide
from vascal.models.lesion_inputs import KINDS, WHERE, Features, describe_candidates, describe_course
from vascal.models.lesion_net import choose_shown
from vascal.models.runtime import MANIFEST
from vascal.regions import COURSE_CLASSES
from vascal.train.config import TrainConfig, lay_out
from vascal.train.lesion_samples import (
    CORONARY,
    OTHER,
    LesionSamples,
    PlaqueLabels,
    is_coronary,
    label_plaques,
    name_candidate,
)
from vascal.train.samples import SIMULATED, Progress, Sample, SampleList, write_samples
from vascal.train.simulated_draws import draw_heart_protocol
from vascal.train.simulated_samples import simulate_clinic_scan, simulate_training_scan
from vascal.volume import LabelMap, Volume

MOST_NEGATIVES = 120
"""Candidates of one scan that are not coronary: beyond this, as many are left out at random."""
ASTRAY, ASTRAY_MM, FLATTENED = 3, 2.5, 1.0
"""Views with other courses; how far these are off (standard deviation along each axis), and the logarithm of the
largest temperature that makes them less sure."""
LEAST_LABELLED = 0.3
"""Share of a candidate's voxels that must be labelled coronary for it to be so."""
Truth = Callable[[Volume, Anatomy, Sequence[Candidate]], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scan:
    patient: str
    source: str
    split: Split | None
    make: Callable[[], LesionSamples]


def prepare_lesions(config: TrainConfig, folder: Path, progress: Progress) -> None:
    """Prepare candidates of simulated scans or of a data set; test cases are not opened.

    Raises
    ------
    TrainingError
        If no scan is of use.
    """
    skipped: Counter[str] = Counter()
    scans = list(_list_cases(config, skipped) if config.data.index is not None else _list_simulated(config))
    rows: list[Sample] = []
    for number, scan in enumerate(scans):
        name = f"{number:06d}.npz"
        try:
            if not (folder / name).exists():
                write_file(folder / name, _pack(scan.make()))
            rows.append(Sample(file=name, patient=scan.patient, source=scan.source, split=scan.split))
        except VascalError as error:
            skipped[f"not usable ({error.code})"] += 1
        progress.reach(number + 1, len(scans))
    rows = [row for row in rows if not _is_empty(folder / row.file, skipped)]
    if not rows:
        reasons = "; ".join(f"{count} {reason}" for reason, count in skipped.items())
        raise TrainingError(f"no scan can be trained on: {reasons or 'there are none'}")
    write_samples(SampleList(task="lesions", samples=tuple(rows), skipped=skipped, origin=lay_out(config.data)), folder)


def _is_empty(path: Path, skipped: Counter[str]) -> bool:
    """Tell, and count, a scan in which nothing is bright."""
    with np.load(path) as data:
        if data["kinds"].size:
            return False
    skipped["without anything bright"] += 1
    return True


def _pack(samples: LesionSamples) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer, patches=samples.patches.astype(np.float16), features=samples.features, kinds=samples.kinds,
        segments=samples.segments, weights=samples.weights,
    )  # fmt: skip
    return buffer.getvalue()


def _list_simulated(config: TrainConfig) -> Iterator[_Scan]:
    """List patients to learn from, and a clinic's to validate on: on these probabilities are calibrated."""
    first, count = config.data.seed, config.data.simulated or 0
    held = max(1, round(config.data.validation * count))
    for seed in range(first, first + count):
        is_clinic = seed >= first + count - held
        yield _Scan(
            patient=str(seed), source=SIMULATED, split="validation" if is_clinic else "train",
            make=lambda seed=seed, is_clinic=is_clinic: simulate_lesions(  # type: ignore[misc]
                seed, find_models(config), is_clinic=is_clinic
            ),
        )  # fmt: skip


def find_models(config: TrainConfig) -> Path | None:
    """Give the folder of finished models if earlier stages are there; else the embedded ones are used."""
    return config.models if (config.models / MANIFEST).exists() else None


def simulate_lesions(seed: int, folder: Path | None = None, *, is_clinic: bool = False) -> LesionSamples:
    """Scan the training patient of a seed, or a clinic's, and describe every candidate."""
    _, scan = (simulate_clinic_scan if is_clinic else simulate_training_scan)(seed, draw_heart_protocol(seed))
    kinds, segments = label_plaques([(t.vessel, t.segment, t.plaque.site) for t in scan.plaques])
    truth = PlaqueLabels(lesions=scan.lesions.labels, organs=scan.organs.labels, kinds=kinds, segments=segments)
    is_contrast = scan.protocol.blood.is_contrast

    def name(volume: Volume, _: Anatomy, candidates: Sequence[Candidate]) -> tuple[np.ndarray, np.ndarray]:
        pairs = [name_candidate(candidate, volume, truth, is_contrast=is_contrast) for candidate in candidates]
        return np.array([kind for kind, _ in pairs]), np.array([segment for _, segment in pairs])

    return collect_samples(scan.volume, name, seed=seed, folder=folder)


def collect_samples(volume: Volume, truth: Truth, *, seed: int = 0, folder: Path | None = None) -> LesionSamples:
    """Find the candidates of one scan as scoring would, and describe them.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    truth
        Gives kinds and segments of candidates.
    seed
        Draws which of very many candidates that are not coronary are left out.
    folder
        With networks of stages 1 and 2; the embedded ones where it has none.

    Raises
    ------
    AnatomyError
        If no heart is found.
    """
    anatomy = LearnedAnatomy(folder=folder).find_anatomy(volume)
    found = collect_candidates(volume, anatomy, contrast_rule(AGATSTON_1990, anatomy))
    if anatomy.regions is None:
        raise ValueError("regions are needed")
    courses = map_courses(volume, anatomy.regions, folder=folder)
    parts, _ = divide(volume, courses, [found[n] for n in choose_shown(anatomy, found)])
    kinds, segments = truth(volume, anatomy, parts) if parts else (np.zeros(0, int), np.zeros(0, int))
    rng = np.random.default_rng(seed)
    kept = thin(np.asarray(kinds), rng)
    shown = [parts[n] for n in kept]
    inputs = describe_candidates(volume, anatomy, courses, shown, crowd=len(parts))
    astray = [lead_astray(volume, courses, shown, inputs.features, rng) for _ in range(ASTRAY)]
    own = is_coronary(kinds)
    others = np.sum(~own) / np.maximum(1, np.sum(~own[kept]))
    return LesionSamples(
        patches=inputs.patches,
        features=np.stack([inputs.features, *astray]),
        kinds=np.asarray(kinds[kept], dtype=np.int64),
        segments=np.asarray(segments[kept], dtype=np.int64),
        weights=np.where(own[kept], 1.0, others).astype(np.float32),
    )


def lead_astray(
    volume: Volume, courses: CourseMap, candidates: Sequence[Candidate], features: Features, rng: np.random.Generator
) -> Features:
    """Describe candidates as if stage 2 had been less sure and a little off, as it is on hearts unlike simulated ones.

    Parameters
    ----------
    volume, courses, candidates, features
        As of `describe_candidates`, and what it gave.
    rng
        Draws how far.
    """
    shift = rng.normal(0, ASTRAY_MM, 3)
    share = courses.share ** np.float32(np.exp(-rng.uniform(0, FLATTENED)))
    share /= share.sum(axis=0)
    corner = np.asarray(courses.lattice.corner_mm) + shift
    lattice = replace(courses.lattice, corner_mm=(float(corner[0]), float(corner[1]), float(corner[2])))
    other = replace(courses, lattice=lattice, share=share)
    changed = features.copy()
    for row, candidate in zip(changed, candidates, strict=True):
        row[: 2 * COURSE_CLASSES] = describe_course(other, lattice.places_of(volume, candidate.index))
    changed[:, WHERE] += (rng.normal(0, 0.06, 3) - shift / SPACING_MM / courses.size).astype(np.float32)
    return changed


def thin(kinds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Give the places of all coronary candidates and of at most `MOST_NEGATIVES` others, ascending."""
    own = is_coronary(kinds)
    other = np.flatnonzero(~own)
    if other.size > MOST_NEGATIVES:
        other = rng.choice(other, MOST_NEGATIVES, replace=False)
    return np.asarray(np.sort(np.concatenate([np.flatnonzero(own), other])), dtype=np.intp)


def _list_cases(config: TrainConfig, skipped: Counter[str]) -> Iterator[_Scan]:
    if config.data.index is None:
        return
    path = find_index(config.data.index)
    for case in read_dataset(path).cases:
        if case.split == "test":
            continue
        if case.labels is None and (case.scores is None or case.scores.agatston > 0):
            skipped["without labels"] += 1
            continue
        yield _Scan(
            patient=case.patient_id, source=case.source, split=case.split,
            make=lambda case=case: _read_case(case, path.parent, find_models(config)),  # type: ignore[misc]
        )  # fmt: skip


def _read_case(case: Case, folder: Path, models: Path | None) -> LesionSamples:
    _, volume = read_case_image(case, folder)
    labels = read_case_labels(case, folder, volume.grid)

    def name(_: Volume, __: Anatomy, candidates: Sequence[Candidate]) -> tuple[np.ndarray, np.ndarray]:
        return name_by_labels(candidates, labels)

    return collect_samples(volume, name, folder=models)


def name_by_labels(candidates: Sequence[Candidate], labels: LabelMap | None) -> tuple[np.ndarray, np.ndarray]:
    """Give kinds of candidates by a reader's labels; None means that nothing is coronary calcium.

    Returns
    -------
    kinds, segments
        Place in `KINDS`, `CORONARY` or `OTHER`; segments are unknown, 0.
    """
    kinds = np.full(len(candidates), OTHER)
    if labels is not None:
        table = np.full(256, OTHER)
        for value, name in labels.names.items():
            table[value] = KINDS.index(name) if name in KINDS[:4] else CORONARY if name == CORONARY_NAME else OTHER
        for n, candidate in enumerate(candidates):
            found = table[labels.labels.reshape(-1)[candidate.index]]
            named = found[found != OTHER]
            if named.size >= LEAST_LABELLED * found.size:
                values, counts = np.unique(named, return_counts=True)
                kinds[n] = values[np.argmax(counts)]
    return kinds, np.zeros(len(candidates), dtype=int)
