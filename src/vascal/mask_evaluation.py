"""An evaluation of masks, from two folders of label maps to a report's content."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from vascal.errors import InputError
from vascal.evaluate.lesion_detection import count_detections
from vascal.evaluate.mask_study import ANY, MaskPlan, StudyMasks, fill_labels, measure_study
from vascal.evaluate.plan import require_known_words
from vascal.evaluate.result import Evaluation
from vascal.evaluate.sections.lesions import evaluate_lesions
from vascal.evaluate.sections.masks import evaluate_masks, name_labels
from vascal.evaluate.study_means import Patients
from vascal.io.mask_pairs import SHOWN, MaskFiles, MaskFolders, digest_of, pair_masks, read_mask_pair, read_patients

Report = Callable[[int, int], None]
"""Told how many studies are done, and of how many."""
STUDY_COLUMNS = (
    "study", "label", "structure", "reference_mm3", "predicted_mm3", "volume_difference_mm3",
    "relative_volume_difference", "dice", "iou", "sensitivity", "precision", "hausdorff_mm", "hausdorff95_mm",
    "average_surface_distance_mm", "surface_dice", "reference_lesions", "found_lesions", "predicted_lesions",
    "wrong_lesions",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskEvaluation:
    """An evaluation of masks.

    Parameters
    ----------
    evaluation
        The report's content; it names no study.
    studies
        What was measured of each, all with the same labels.
    names
        Of each label, and of all together.
    """

    evaluation: Evaluation
    studies: tuple[StudyMasks, ...]
    names: Mapping[int, str]


def make_mask_plan(choices: Mapping[str, Any]) -> MaskPlan:
    """Make a plan from what was chosen; the rest is usual.

    Raises
    ------
    PlanError
        If a choice can not be used.
    """
    require_known_words(choices)
    return MaskPlan(**choices)


def evaluate_folders(
    predicted: Path, reference: Path, plan: MaskPlan, *, patients: Path | None = None, report: Report | None = None
) -> MaskEvaluation:
    """Evaluate the label maps of one folder against those of another, a pair at a time.

    Parameters
    ----------
    predicted, reference
        Folders of NIfTI label maps; maps of one study have one name.
    patients
        Table with the columns ``study`` and ``patient``, where patients have
        several studies; each study is a patient of its own unless given.
    report
        Told about the progress.

    Raises
    ------
    InputError
        If studies can not be paired, or a file can not be read.
    GridMismatchError
        If the label maps of a study do not lie on the same voxels.
    LabelError
        If labels, their names or the patients' table can not be used.
    """
    folders = pair_masks(predicted, reference)
    _require_partners(folders, plan)
    studies = [files.study for files in folders.pairs]
    of_patient = None if patients is None else _number(read_patients(patients, studies))
    measured = []
    for done, files in enumerate(folders.pairs, 1):
        measured.append(_measure(files, plan))
        if report:
            report(done, len(folders.pairs))
    found = evaluate_studies(measured, plan, names=folders.names, patients=of_patient)
    facts = _facts(folders, plan, None if of_patient is None else len(np.unique(of_patient)))
    return MaskEvaluation(
        evaluation=Evaluation(
            title=plan.title, sections=found.evaluation.sections, facts=facts, answers=_answers(plan, dict(facts))
        ),
        studies=found.studies,
        names=found.names,
    )


def evaluate_studies(
    measured: Sequence[StudyMasks],
    plan: MaskPlan,
    *,
    names: Mapping[int, str] | None = None,
    patients: Patients | None = None,
) -> MaskEvaluation:
    """Evaluate studies that were measured before.

    Parameters
    ----------
    names
        What labels mean, where it is known.
    patients
        (study,) which patient each is of, when some have several studies.
    """
    studies = fill_labels(measured, names or ())
    named = name_labels(studies, names or {})
    sections = [evaluate_masks(studies, named, plan, patients=patients)]
    if plan.with_lesions:
        sections.append(evaluate_lesions(studies, named, plan, patients=patients))
    return MaskEvaluation(
        evaluation=Evaluation(title=plan.title, sections=tuple(sections)), studies=studies, names=named
    )


def write_studies(found: MaskEvaluation) -> str:
    """Give every study's numbers as CSV, a line for each structure; what does not exist is left empty.

    Notes
    -----
    Studies are named as their files are: this table may hold patients' numbers,
    the report does not.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, STUDY_COLUMNS, lineterminator="\n", restval="")
    writer.writeheader()
    for study in found.studies:
        for label, name in found.names.items():
            row = {"study": study.study, "label": label or "any", "structure": name, **_numbers(study, label)}
            writer.writerow(row | _lesion_counts(study, label, is_only=ANY not in found.names))
    return out.getvalue()


def _numbers(study: StudyMasks, label: int) -> dict[str, str]:
    measures = study.measures[label]
    overlap = measures.overlap
    numbers = {
        "reference_mm3": overlap.reference_voxels * overlap.voxel_mm3,
        "predicted_mm3": overlap.predicted_voxels * overlap.voxel_mm3,
        "volume_difference_mm3": overlap.volume_difference_mm3,
    }
    # Agreement about nothing is counted in the report and is no number of a study.
    if not overlap.is_empty:
        numbers |= {
            "relative_volume_difference": overlap.relative_volume_difference,
            "dice": overlap.dice,
            "iou": overlap.iou,
            "sensitivity": overlap.sensitivity,
            "precision": overlap.precision,
            "hausdorff_mm": measures.hausdorff_mm,
            "hausdorff95_mm": measures.hausdorff95_mm,
            "average_surface_distance_mm": measures.average_mm,
            "surface_dice": measures.surface_dice,
        }
    return {key: f"{number:.6g}" for key, number in numbers.items() if math.isfinite(number)}


def _lesion_counts(study: StudyMasks, label: int, *, is_only: bool) -> dict[str, int]:
    if study.lesions is None:
        return {}
    counts = count_detections(study.lesions, vessel=None if label == ANY or is_only else label)
    return {
        "reference_lesions": counts.reference,
        "found_lesions": counts.found,
        "predicted_lesions": counts.predicted,
        "wrong_lesions": counts.false_positives,
    }


def _measure(files: MaskFiles, plan: MaskPlan) -> StudyMasks:
    pair = read_mask_pair(files)
    return measure_study(files.study, pair.reference, pair.predicted, pair.grid.spacing_mm, plan)


def _number(patients: Sequence[str]) -> np.ndarray:
    return np.unique(np.array(patients), return_inverse=True)[1].astype(np.int64)


def _require_partners(folders: MaskFolders, plan: MaskPlan) -> None:
    alone = len(folders.only_predicted) + len(folders.only_reference)
    if not alone or plan.incomplete == "drop":
        return
    named = [f"{name} (predicted)" for name in folders.only_predicted]
    named += [f"{name} (reference)" for name in folders.only_reference]
    more = f" and {alone - SHOWN} more" if alone > SHOWN else ""
    raise InputError(
        f"{alone} label maps have no partner of the same name: {', '.join(named[:SHOWN])}{more}; "
        "--incomplete drop leaves them out and counts them"
    )


def _facts(folders: MaskFolders, plan: MaskPlan, patients: int | None) -> tuple[tuple[str, str], ...]:
    dropped = {
        "predicted without a reference": len(folders.only_predicted),
        "reference without a prediction": len(folders.only_reference),
    }
    left_out = ", ".join(f"{count} {what}" for what, count in dropped.items() if count)
    said = "each study a patient of its own" if patients is None else f"{patients:,}"
    return (
        ("Studies analysed", f"{len(folders.pairs):,}"),
        ("Patients", said),
        ("Left out", left_out or "none"),
        ("Predicted label maps", f"SHA-256 {digest_of([files.predicted for files in folders.pairs])}"),
        ("Reference label maps", f"SHA-256 {digest_of([files.reference for files in folders.pairs])}"),
        ("Intervals", f"{plan.level:.0%}, {plan.resampling.describe()}, seed {plan.seed}"),
        ("Software", f"vascal {version('vascal')}"),
        ("Date", datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")),
    )


def _answers(plan: MaskPlan, facts: Mapping[str, str]) -> dict[str, str]:
    """Answer what is known of the reporting checklists, by their keys."""
    lesions = "; 'lesions' and 'lesion_volume' for detection" if plan.with_lesions else ""
    return {
        "plan.metrics": "Dice, IoU, volume difference, HD95 and average surface distance" + lesions,
        "plan.statistics": f"{facts['Intervals']}, drawing patients; methods.md",
        "plan.missing_data": f"label maps without a partner were left out: {facts['Left out']}",
        "results.flow": f"{facts['Studies analysed']} studies analysed; left out: {facts['Left out']}",
        "results.performance": f"tables 'overlap', 'volumes' and 'surfaces'{lesions}; each with intervals",
        "results.failures": "studies with a structure on one side only are counted; every study is in per_study.csv",
        "provenance.software": facts["Software"],
    }
