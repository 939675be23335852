"""Which lesions a method finds, of all, by structure and by size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from vascal.errors import EvaluationError
from vascal.evaluate.lesion_detection import (
    DetectionScore,
    SizeBand,
    score_detection,
    score_detection_by_size,
    score_detection_by_vessel,
)
from vascal.evaluate.lesion_matching import LesionMatch
from vascal.evaluate.mask_study import ANY, MaskPlan, StudyMasks
from vascal.evaluate.result import Cell, Column, ForestPlot, ResultTable, Section
from vascal.evaluate.sections.masks import show_estimate
from vascal.evaluate.study_means import Patients

GROUP = Column(key="lesions", title="Lesions", style="text")
ALL = "all lesions"


def evaluate_lesions(
    studies: Sequence[StudyMasks], names: Mapping[int, str], plan: MaskPlan, *, patients: Patients | None = None
) -> Section:
    """Say which lesions are found, missed and wrongly predicted.

    Parameters
    ----------
    studies
        With their lesions matched.
    names
        Of each label, and of all together (`name_labels`).
    patients
        (study,) which patient each is of, when some have several studies.

    Raises
    ------
    EvaluationError
        If lesions of a study were not matched.
    """
    matches = [study.lesions for study in studies if study.lesions is not None]
    if len(matches) != len(studies):
        raise EvaluationError(f"lesions of every study are needed; {len(studies) - len(matches)} are without")
    by_group = _score(matches, names, plan, patients)
    return Section(
        key="lesions",
        title="Detection of lesions",
        text=_text(by_group[ALL], len(studies), plan),
        tables=(_number_table(by_group, plan), _volume_table(by_group, plan), _wilson_table(by_group, plan)),
        plots=_plots(by_group),
        methods=_methods(plan, matches),
        cautions=tuple(_cautions(matches)),
    )


def _score(
    matches: Sequence[LesionMatch], names: Mapping[int, str], plan: MaskPlan, patients: Patients | None
) -> dict[str, DetectionScore]:
    """Score all lesions, those of each structure where there are several, and those of each band of size."""
    resampling, level = plan.resampling, plan.level
    structures = [label for label in names if label != ANY]
    by_vessel = score_detection_by_vessel(
        matches, structures if len(structures) > 1 else [], patients=patients, resampling=resampling, level=level
    )
    by_size = score_detection_by_size(
        matches, plan.size_edges_mm3, patients=patients, resampling=resampling, level=level
    )
    return {
        ALL: score_detection(matches, patients=patients, resampling=resampling, level=level),
        **{names[label]: score for label, score in by_vessel.items()},
        **{name_band(band): score for band, score in by_size.items()},
    }


def name_band(band: SizeBand) -> str:
    """Say which sizes a band holds.

    Examples
    --------
    >>> name_band(SizeBand(low_mm3=10, high_mm3=50))
    '10 to <50 mm³'
    """
    if math.isinf(band.high_mm3):
        return f"≥{band.low_mm3:g} mm³"
    return f"{band.low_mm3:g} to <{band.high_mm3:g} mm³" if band.low_mm3 else f"<{band.high_mm3:g} mm³"


def _number_table(scores: Mapping[str, DetectionScore], plan: MaskPlan) -> ResultTable:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            group, score.true_positives + score.false_negatives, score.true_positives, score.precision.n,
            score.false_positives, score.sensitivity, score.precision, score.f1, score.false_positives_per_study,
        )
        for group, score in scores.items()
    )  # fmt: skip
    return ResultTable(
        key="lesions",
        title="Lesions found, by number",
        columns=(
            GROUP,
            Column(key="reference", title="In the reference", style="count"),
            Column(key="found", title="Found", style="count"),
            Column(key="predicted", title="Predicted", style="count"),
            Column(key="false_positives", title="Wrongly predicted", style="count"),
            Column(key="sensitivity", title="Sensitivity", style="share"),
            Column(key="precision", title="Precision", style="share"),
            Column(key="f1", title="F1"),
            Column(key="false_positives_per_study", title="Wrong per study"),
        ),
        rows=rows,
        note=f"Lesions match when they share a voxel. {_groups_note()} {_interval(plan)}",
    )


def _volume_table(scores: Mapping[str, DetectionScore], plan: MaskPlan) -> ResultTable:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (group, score.volume_sensitivity, score.volume_precision, score.volume_f1) for group, score in scores.items()
    )
    return ResultTable(
        key="lesion_volume",
        title="Lesions found, by volume",
        columns=(
            GROUP,
            Column(key="volume_sensitivity", title="Sensitivity", style="share"),
            Column(key="volume_precision", title="Precision", style="share"),
            Column(key="volume_f1", title="F1"),
        ),
        rows=rows,
        note=f"Each lesion weighs its own whole volume, also where only a part of it is shared. {_groups_note()} "
        f"{_interval(plan)}",
    )


def _wilson_table(scores: Mapping[str, DetectionScore], plan: MaskPlan) -> ResultTable:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (group, score.sensitivity_wilson, score.precision_wilson) for group, score in scores.items()
    )
    return ResultTable(
        key="lesions_wilson",
        title="Lesions found, by number, as if lesions of one patient were strangers",
        columns=(
            GROUP,
            Column(key="sensitivity", title="Sensitivity", style="share"),
            Column(key="precision", title="Precision", style="share"),
        ),
        rows=rows,
        note=f"{plan.level:.0%} intervals by Wilson's score, which many papers print: too narrow where a patient has "
        "several lesions, but with a width where all or none are found, and where resampled patients have none.",
    )


def _plots(scores: Mapping[str, DetectionScore]) -> tuple[ForestPlot, ...]:
    rows = tuple((group, score.sensitivity) for group, score in scores.items() if np.isfinite(score.sensitivity.low))
    if not rows:
        return ()
    return (ForestPlot(key="lesion-sensitivity", title="Lesions found", label="Sensitivity by number", rows=rows),)


def _groups_note() -> str:
    return (
        "In a row of one structure a lesion counts as found only by a lesion of the same structure; in a row of sizes "
        "lesions of the reference and predicted ones count in the band of their own size."
    )


def _interval(plan: MaskPlan) -> str:
    return f"{plan.level:.0%} intervals: {plan.resampling.describe()}, of patients, who are drawn with all lesions."


def _cautions(matches: Sequence[LesionMatch]) -> list[str]:
    without = sum(not match.reference for match in matches)
    clean = sum(not match.reference and not match.predicted for match in matches)
    if not without:
        return []
    return [
        f"{without} of {len(matches)} studies have no lesion in the reference; in {clean} of them none is predicted "
        "either. They count for wrong lesions per study and for precision, not for sensitivity."
    ]


def _text(score: DetectionScore, studies: int, plan: MaskPlan) -> str:
    lesions = score.true_positives + score.false_negatives
    if not lesions:
        return f"The reference has no lesion; {score.false_positives} are predicted in {studies} studies."
    return (
        f"Of {lesions} lesions {score.true_positives} are found: a sensitivity of "
        f"{show_estimate(score.sensitivity, plan)}, with "
        f"{score.false_positives_per_study.value:.2g} wrongly predicted lesions a study."
    )


def _methods(plan: MaskPlan, matches: Sequence[LesionMatch]) -> tuple[str, ...]:
    edges = ", ".join(f"{edge:g}" for edge in plan.size_edges_mm3)
    return (
        "A lesion is a group of labelled voxels connected through faces in three dimensions, whatever their labels; it "
        "belongs to the structure of most of its voxels, the lower label on a tie (orCaScore: Wolterink et al., Med "
        f"Phys 2016;43:2361-2373). Matching: {matches[0].rule}; several lesions may share a partner. Sizes are "
        f"divided at {edges} mm³.",
        "Sensitivity, precision and F1 pool the lesions of all studies; as lesions of one patient are alike, their "
        f"intervals draw patients ({plan.resampling.describe()}, seed {plan.seed}).",
    )
