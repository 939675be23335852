"""Composition root of an augmentation: a data set goes in; its calcium-free scans come out with known calcium."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from vascal.dataset import CORONARY_VALUES, SPLITS, Case, Dataset, Split, number_labels
from vascal.errors import InputError, VascalError
from vascal.io.atomic import write_file
from vascal.io.course_file import read_courses, write_courses
from vascal.io.dataset_index import (
    INDEX_NAME,
    find_index,
    hash_pixels,
    read_case_image,
    read_case_labels,
    read_dataset,
    write_dataset,
)
from vascal.io.nifti import write_label_map
from vascal.io.nifti_volume import write_volume
from vascal.models.anatomy_net import LearnedAnatomy
from vascal.models.course_lines import trace_courses
from vascal.models.course_net import map_courses
from vascal.models.runtime import load_network
from vascal.report.caveats import LEAST_AGREEMENT
from vascal.simulate.ct.coronaries import Branch, branch_along
from vascal.simulate.ct.insertion import HybridScan, draw_insertion, insert_plaques, time_ungated_scan
from vascal.simulate.ct.scan_matching import match_scan
from vascal.simulate.ct.scanner import Kernel
from vascal.study import Series
from vascal.volume import LabelMap, Volume

IMAGE_FOLDER, LABEL_FOLDER, COURSE_FOLDER, PLAQUES_NAME = "images", "labels", "courses", "plaques.csv"
NEEDED = ("LAD", "LCX", "RCA")
"""Arteries without which a found tree is not believed: plaques would go where they rarely are, or to a wrong place."""
LEAST_INSIDE = 0.5
RATE_BPM, RATE_SD_BPM = 66.0, 10.0
COLUMNS = (
    "case_id", "number", "site", "vessel", "segment", "kind", "mass_mg", "density_mg_cm3", "seen_mg", "peak_hu",
    "x_mm", "y_mm", "z_mm",
)  # fmt: skip


@runtime_checkable
class CourseFinder(Protocol):
    """Anything that knows where a patient's coronary arteries run."""

    def tell_origin(self) -> str:
        """Say how it knows, for the notes of a case."""
        ...

    def find_courses(self, case: Case, volume: Volume) -> Sequence[Branch]:
        """Give the arteries of a case, LPS, mm; `InputError` where they are not known."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseFolder:
    """Courses set by hand, one file a case.

    Parameters
    ----------
    path
        Folder with ``CASE_ID.json`` for each case, or one such file.
    """

    path: Path

    def tell_origin(self) -> str:
        """Name somebody's hand."""
        return "set by hand"

    def find_courses(self, case: Case, volume: Volume) -> Sequence[Branch]:  # noqa: ARG002 - by its name alone
        """Read the file of a case; a file of another name is of another patient."""
        name = f"{case.case_id}.json"
        file = self.path / name if self.path.is_dir() else self.path
        if file.name != name or not file.is_file():
            raise InputError(f"where its arteries run is not known; needed: their control points in {name}")
        return read_courses(file)


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseNetwork:
    """Courses found in each scan by the networks for anatomy and courses.

    Parameters
    ----------
    folder
        With other weights than the embedded ones.
    """

    folder: Path | None = None

    def tell_origin(self) -> str:
        """Name the networks by version and hash."""
        return f"found by {', '.join(load_network(name, self.folder).entry.label for name in ('anatomy', 'courses'))}"

    def find_courses(self, case: Case, volume: Volume) -> Sequence[Branch]:  # noqa: ARG002 - whoever it is
        """Trace the arteries; refuse a scan in which the heart or one of `NEEDED` is not clearly seen."""
        anatomy = LearnedAnatomy(folder=self.folder).find_anatomy(volume)
        if anatomy.regions is None or not (anatomy.regions.heart > 0.5).any():
            raise InputError("no heart was found, so nobody knows where its arteries run")
        if anatomy.agreement is not None and anatomy.agreement < LEAST_AGREEMENT:
            raise InputError(
                f"network and anatomy rules outline different hearts (overlap {anatomy.agreement:.2f}; needed: "
                f"{LEAST_AGREEMENT:g}), so nobody knows where its arteries run"
            )
        lines = trace_courses(volume, map_courses(volume, anatomy.regions, folder=self.folder))
        found = [line.name for line in lines]
        if not set(NEEDED) <= set(found):
            raise InputError(
                f"of its arteries {', '.join(found) or 'none'} could be followed; needed: {', '.join(NEEDED)}, or "
                "control points set by hand"
            )
        return [branch_along(line.name, line.points_mm) for line in lines]


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentOptions:
    """What an augmentation is asked for.

    Parameters
    ----------
    out
        Folder for images, label maps, courses, ``plaques.csv`` and the new index.
    copies
        Sets of plaques drawn for each scan.
    seed
        Another seed draws other plaques.
    splits
        Sides whose scans get plaques.
    agatston
        Score to aim at; drawn from a population's unless given.
    kernel, calcium_hu
        As in `match_scan`.
    """

    out: Path
    copies: int = 1
    seed: int = 0
    splits: tuple[Split, ...] = SPLITS
    agatston: float | None = None
    kernel: Kernel | None = None
    calcium_hu: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A case without copies, and why."""

    case_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentResult:
    """What came of an augmentation.

    Parameters
    ----------
    dataset
        The old cases and the new ones, as the new index has them.
    added
        How many are new.
    skipped
        Cases that got no plaques.
    """

    dataset: Dataset
    added: int
    skipped: tuple[Skipped, ...]


def _say_nothing(_done: int, _total: int) -> None:
    """Nobody listens."""


def augment_dataset(
    index: Path,
    courses: CourseFinder,
    options: AugmentOptions,
    *,
    report: Callable[[int, int], None] = _say_nothing,
) -> AugmentResult:
    """Put simulated plaques into each calcium-free scan of a data set.

    Parameters
    ----------
    index
        ``dataset.json`` or its folder.
    courses
        Where arteries run.
    options
        Where to, how many and which.
    report
        Called with cases done and cases in all.

    Returns
    -------
    AugmentResult
        Old cases stay where they are and are named by the new index too. A new case
        belongs to the patient of its scan, and so to the same side of the split.

    Raises
    ------
    InputError
        If the index can not be read, a data set is in `out`, or no case could be augmented.
    OutputError
        If `out` can not be written.
    """
    dataset, folder = read_dataset(index), find_index(index).parent
    if (options.out / INDEX_NAME).exists():
        raise InputError(f"a data set is in {options.out.name} already; needed: a folder without {INDEX_NAME}")
    wanted = [case for case in dataset.cases if case.split in options.splits]
    made: list[Case] = []
    rows: list[dict[str, Any]] = []
    skipped: list[Skipped] = []
    for done, case in enumerate(wanted, start=1):
        try:
            _augment(case, folder, courses, options, made, rows)
        except VascalError as error:
            if isinstance(error, OSError):
                raise
            skipped.append(Skipped(case_id=case.case_id, reason=str(error)))
        report(done, len(wanted))
    if not made:
        first = f"; the first of {len(skipped)}: {skipped[0].reason}" if skipped else ""
        raise InputError(f"no case could be augmented{first}")
    old = [_moved(case, folder, options.out) for case in dataset.cases]
    cases = tuple(sorted([*old, *made], key=lambda case: case.case_id))
    new = replace(dataset, cases=cases)
    write_file(options.out / PLAQUES_NAME, _to_csv(rows).encode())
    write_dataset(new, options.out / INDEX_NAME)
    return AugmentResult(dataset=new, added=len(made), skipped=tuple(skipped))


def require_calcium_free(case: Case, labels: LabelMap | None) -> None:
    """Refuse a scan that has coronary calcium, or of which nobody says that it has none.

    Raises
    ------
    InputError
        With what the case says.
    """
    if labels is not None:
        values = [value for value, name in labels.names.items() if name in CORONARY_VALUES]
        if np.isin(labels.labels, values).any():
            raise InputError("has labelled coronary calcium; needed: a scan without")
    elif case.scores is None:
        raise InputError("has neither labels nor a score, so nobody says that it is free of calcium")
    if case.scores is not None and case.scores.agatston > 0:
        raise InputError(f"has an Agatston score of {case.scores.agatston:g}; needed: 0")


def merge_labels(hybrid: HybridScan, before: LabelMap | None) -> LabelMap:
    """Join the plaques' vessels with what the scan's own label map names; plaques lie on top."""
    own = {} if before is None else dict(before.names)
    numbers = number_labels([*hybrid.vessels.names.values(), *own.values()])
    labels = np.zeros(hybrid.volume.grid.shape, dtype=np.uint8)
    for part in (before, hybrid.vessels):
        if part is None:
            continue
        table = np.zeros(256, dtype=np.uint8)
        for value, name in part.names.items():
            table[value] = numbers[name]
        known = table[part.labels]
        labels = np.where(known > 0, known, labels)
    return LabelMap(labels=labels, grid=hybrid.volume.grid, names={value: name for name, value in numbers.items()})


def _augment(
    case: Case,
    folder: Path,
    courses: CourseFinder,
    options: AugmentOptions,
    made: list[Case],
    rows: list[dict[str, Any]],
) -> None:
    """Make all copies of one case; nothing is added unless all of them could be made."""
    if Path(case.case_id).name != case.case_id:
        raise InputError("its case_id can not name a file")
    if case.scores is not None and case.labels is None:
        require_calcium_free(case, None)  # before its pixels are read
    series, volume = read_case_image(case, folder)
    before = read_case_labels(case, folder, volume.grid)
    require_calcium_free(case, before)
    branches = courses.find_courses(case, volume)
    _require_inside(branches, volume)
    copies = [_copy(case, series, volume, branches, options, number) for number in range(1, options.copies + 1)]
    for name, hybrid in copies:
        labels = merge_labels(hybrid, before)
        write_volume(hybrid.volume, options.out / IMAGE_FOLDER / f"{name}.nii.gz")
        write_label_map(labels, options.out / LABEL_FOLDER / f"{name}.nii.gz")
        made.append(_describe(case, name, hybrid, labels, courses.tell_origin()))
        rows.extend(_plaque_rows(name, hybrid))
    write_courses(branches, options.out / COURSE_FOLDER / f"{case.case_id}.json")


def _require_inside(branches: Sequence[Branch], volume: Volume) -> None:
    """Refuse courses of another scan: most of their points would lie beside this one."""
    corners = np.asarray(volume.grid.corners_mm())
    points = np.concatenate([branch.points for branch in branches])
    inside = np.all((points >= corners.min(axis=0)) & (points <= corners.max(axis=0)), axis=1)
    if inside.mean() < LEAST_INSIDE:
        raise InputError(
            f"{inside.mean():.0%} of its arteries' points lie in the scan; needed: {LEAST_INSIDE:.0%} or more, LPS, mm"
        )


def _copy(
    case: Case, series: Series, volume: Volume, branches: Sequence[Branch], options: AugmentOptions, number: int
) -> tuple[str, HybridScan]:
    seed = int.from_bytes(sha256(f"{options.seed}|{case.case_id}|{number}".encode()).digest()[:4])
    match = match_scan(volume, series.acquisition, kernel=options.kernel, calcium_hu=options.calcium_hu)
    # The header's gating may be silent where the index is not. A scan of which nothing is known moves, as chests do.
    is_gated = series.acquisition.gating.is_gated if case.is_gated is None else case.is_gated
    rate = float(np.clip(np.random.default_rng(seed).normal(RATE_BPM, RATE_SD_BPM), 45, 110))
    timing = None if is_gated else time_ungated_scan(volume.grid, heart_rate_bpm=rate, seed=seed)
    plaques = draw_insertion(seed, branches, agatston=options.agatston)
    return f"{case.case_id}-hybrid{number}", insert_plaques(volume, plaques, branches, match, timing=timing, seed=seed)


def _describe(case: Case, name: str, hybrid: HybridScan, labels: LabelMap, origin: str) -> Case:
    match = hybrid.match
    return replace(
        case,
        case_id=name,
        image=f"{IMAGE_FOLDER}/{name}.nii.gz",
        series=None,
        source=f"{case.source} + simulated plaques",
        sha256=hash_pixels(hybrid.volume),
        labels=f"{LABEL_FOLDER}/{name}.nii.gz",
        label_names=dict(labels.names),
        scores=None,
        notes=(
            *case.notes,
            f"{len(hybrid.plaques)} simulated plaques of {hybrid.mass_mg():.1f} mg in the scan of {case.case_id}, "
            f"as at {match.kvp:g} kVp with half contrast at {match.kernel.mtf50_per_mm:.2f} per mm",
            f"courses of its arteries: {origin}",
            *match.notes,
        ),
    )


def _moved(case: Case, old: Path, new: Path) -> Case:
    """Name the files of a case as seen from the new index."""

    def seen(path: str) -> str:
        return Path(os.path.relpath((old / path).resolve(), new.resolve())).as_posix()

    return replace(case, image=seen(case.image), labels=None if case.labels is None else seen(case.labels))


def _plaque_rows(name: str, hybrid: HybridScan) -> list[dict[str, Any]]:
    return [
        {
            "case_id": name,
            "number": truth.number,
            "site": truth.plaque.site,
            "vessel": truth.vessel,
            "segment": truth.segment,
            "kind": truth.plaque.kind,
            "mass_mg": truth.plaque.mass_mg,
            "density_mg_cm3": truth.plaque.density_mg_cm3,
            "seen_mg": round(truth.seen_mg, 4),
            "peak_hu": round(truth.peak_hu, 1),
            **dict(zip(("x_mm", "y_mm", "z_mm"), (round(v, 2) for v in truth.centre_mm), strict=True)),
        }
        for truth in hybrid.plaques
    ]


def _to_csv(rows: Sequence[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
