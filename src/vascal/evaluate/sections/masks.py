"""How masks agree, structure by structure: overlap, volume and surfaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vascal.evaluate.estimate import Estimate
from vascal.evaluate.mask_study import ANY, MaskPlan, StudyMasks
from vascal.evaluate.overlap import OverlapSummary, summarise_overlap
from vascal.evaluate.result import Cell, Column, ForestPlot, Plot, ResultTable, ScatterPlot, Section
from vascal.evaluate.sections.agreement import STUDIES
from vascal.evaluate.study_means import Patients, StudyMean, study_means

LABEL = Column(key="label", title="Structure", style="text")
MOST_SCATTERS = 8
"""More structures than this would fill the report with plots of their volumes."""
WIDE_RANGE = 50.0
"""Volumes whose largest is more than this many times their median are drawn on a logarithmic axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Structure:
    """One structure over all studies."""

    overlap: OverlapSummary
    distances: Mapping[str, StudyMean]
    one_sided: int


def evaluate_masks(
    studies: Sequence[StudyMasks], names: Mapping[int, str], plan: MaskPlan, *, patients: Patients | None = None
) -> Section:
    """Say how masks agree.

    Parameters
    ----------
    studies
        All with the same labels (`fill_labels`).
    names
        Of each label, and of all together (`name_labels`).
    patients
        (study,) which patient each is of, when some have several studies.
    """
    found = {label: _summarise(studies, label, plan, patients) for label in names}
    return Section(
        key="masks",
        title="Agreement of masks",
        text=_text(found, names, plan),
        tables=(
            _overlap_table(found, names, plan),
            _volume_table(found, names, plan),
            _surface_table(found, names, plan),
        ),
        plots=tuple(_plots(studies, found, names)),
        methods=_methods(plan),
        cautions=tuple(_cautions(found, names, len(studies))),
    )


def name_labels(studies: Sequence[StudyMasks], names: Mapping[int, str]) -> dict[int, str]:
    """Name the labels of studies; all together first, where there is more than one.

    Examples
    --------
    >>> name_labels([], {1: "LM"})
    {1: 'LM'}
    """
    labels = sorted({label for study in studies for label in study.measures} - {ANY} | set(names))
    every = {ANY: "any structure"} if len(labels) != 1 else {}
    return {**every, **{label: names.get(label, f"label {label}") for label in labels}}


def _summarise(studies: Sequence[StudyMasks], label: int, plan: MaskPlan, patients: Patients | None) -> _Structure:
    overlap = summarise_overlap(
        [study.measures[label].overlap for study in studies],
        patients=patients,
        resampling=plan.resampling,
        level=plan.level,
    )
    kept = [place for place, study in enumerate(studies) if not study.measures[label].overlap.is_empty]
    chosen = [studies[place].measures[label] for place in kept]
    keys = ("hausdorff_mm", "hausdorff95_mm", "average_mm", "surface_dice")
    distances = study_means(
        {key: np.array([getattr(measures, key) for measures in chosen], dtype=float) for key in keys},
        patients=None if patients is None else patients[kept],
        resampling=plan.resampling,
        level=plan.level,
    )
    one_sided = sum(not (one.overlap.reference_voxels and one.overlap.predicted_voxels) for one in chosen)
    return _Structure(overlap=overlap, distances=distances, one_sided=one_sided)


def _overlap_table(found: Mapping[int, _Structure], names: Mapping[int, str], plan: MaskPlan) -> ResultTable:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            names[label], one.overlap.studies, one.overlap.empty_studies, one.one_sided,
            one.overlap.dice.mean, one.overlap.dice.median, one.overlap.iou.mean, one.overlap.sensitivity.mean,
            one.overlap.precision.mean, one.overlap.pooled.dice,
        )
        for label, one in found.items()
    )  # fmt: skip
    return ResultTable(
        key="overlap",
        title="Overlap of predicted and reference masks",
        columns=(
            LABEL,
            STUDIES,
            Column(key="both_empty", title="Empty on both sides", style="count"),
            Column(key="one_empty", title="Empty on one side", style="count"),
            Column(key="dice_mean", title="Dice, mean"),
            Column(key="dice_median", title="Dice, median"),
            Column(key="iou_mean", title="IoU, mean"),
            Column(key="voxel_sensitivity", title="Voxel sensitivity, mean"),
            Column(key="voxel_precision", title="Voxel precision, mean"),
            Column(key="dice_pooled", title="Dice, pooled"),
        ),
        rows=rows,
        note="Studies in which neither side has the structure are counted apart and are in no mean; where one side "
        "has it, Dice and IoU are 0. Pooled: all studies as if they were one, so that large structures weigh more; "
        f"its interval is a little too narrow where volumes are skewed. {_interval(plan)}",
    )


def _volume_table(found: Mapping[int, _Structure], names: Mapping[int, str], plan: MaskPlan) -> ResultTable:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            names[label], one.overlap.studies,
            one.overlap.volume_difference_mm3.mean, one.overlap.volume_difference_mm3.median,
            one.overlap.relative_volume_difference.mean.n,
            one.overlap.relative_volume_difference.mean, one.overlap.relative_volume_difference.median,
        )
        for label, one in found.items()
    )  # fmt: skip
    return ResultTable(
        key="volumes",
        title="Volume of predicted minus reference masks",
        columns=(
            LABEL,
            STUDIES,
            Column(key="difference_mean_mm3", title="Difference, mm³, mean"),
            Column(key="difference_median_mm3", title="Median"),
            Column(key="in_reference", title="Studies with it in the reference", style="count"),
            Column(key="relative_mean", title="Relative difference, mean", style="share"),
            Column(key="relative_median", title="Median", style="share"),
        ),
        rows=rows,
        note="Relative to the reference, where the reference has the structure. " + _interval(plan),
    )


def _surface_table(found: Mapping[int, _Structure], names: Mapping[int, str], plan: MaskPlan) -> ResultTable:
    columns = [
        LABEL,
        Column(key="n", title="Studies with it on both sides", style="count"),
        Column(key="hd95_mean_mm", title="HD95, mm, mean"),
        Column(key="hd95_median_mm", title="Median"),
        Column(key="average_mean_mm", title="Average distance, mm, mean"),
        Column(key="average_median_mm", title="Median"),
        Column(key="hausdorff_median_mm", title="Largest distance, mm, median"),
    ]
    if plan.tolerance_mm is not None:
        columns.append(Column(key="surface_dice", title=f"Surface Dice at {plan.tolerance_mm:g} mm, mean"))
    rows = []
    for label, one in found.items():
        hd95, average = one.distances["hausdorff95_mm"], one.distances["average_mm"]
        cells: list[Cell] = [names[label], hd95.mean.n, hd95.mean, hd95.median, average.mean, average.median]
        cells.append(one.distances["hausdorff_mm"].median)
        if plan.tolerance_mm is not None:
            cells.append(one.distances["surface_dice"].mean)
        rows.append(tuple(cells))
    dice = " Surface Dice is 0 there." if plan.tolerance_mm is not None else ""
    return ResultTable(
        key="surfaces",
        title="Distance between the surfaces of predicted and reference masks",
        columns=tuple(columns),
        rows=tuple(rows),
        note="Distances do not exist where one side is empty: such studies are left out, which flatters a method that "
        f"misses structures; read them with the overlap.{dice} {_interval(plan)}",
    )


def _plots(studies: Sequence[StudyMasks], found: Mapping[int, _Structure], names: Mapping[int, str]) -> list[Plot]:
    rows = tuple(
        (names[label], one.overlap.dice.mean)
        for label, one in found.items()
        if np.isfinite([one.overlap.dice.mean.value, one.overlap.dice.mean.low]).all()
    )
    plots: list[Plot] = []
    if rows:
        plots.append(ForestPlot(key="dice", title="Dice by structure", label="Mean Dice", rows=rows))
    drawn = [label for label, one in found.items() if one.overlap.studies]
    plots.extend(_volume_plot(studies, label, names[label]) for label in drawn[:MOST_SCATTERS])
    return plots


def _volume_plot(studies: Sequence[StudyMasks], label: int, name: str) -> ScatterPlot:
    overlaps = [study.measures[label].overlap for study in studies]
    kept = [overlap for overlap in overlaps if not overlap.is_empty]
    reference = np.array([overlap.reference_voxels * overlap.voxel_mm3 for overlap in kept])
    predicted = np.array([overlap.predicted_voxels * overlap.voxel_mm3 for overlap in kept])
    both = np.concatenate([reference, predicted])
    return ScatterPlot(
        key=f"volume-{label}",
        title=f"Volume, {name}",
        reference=reference,
        measured=predicted,
        unit="mm³",
        is_logarithmic=bool(both.max() > WIDE_RANGE * np.median(both)),
    )


def _cautions(found: Mapping[int, _Structure], names: Mapping[int, str], studies: int) -> list[str]:
    both = {names[label]: one.overlap.empty_studies for label, one in found.items()}
    single = {names[label]: one.one_sided for label, one in found.items()}
    cautions = []
    if any(both.values()):
        cautions.append(f"Empty on both sides and in no mean, of {studies} studies: {_count(both)}.")
    if any(single.values()):
        cautions.append(f"Empty on one side only, so that Dice is 0 and distances do not exist: {_count(single)}.")
    if hidden := [names[label] for label, one in found.items() if one.overlap.studies][MOST_SCATTERS:]:
        cautions.append(f"Volumes are drawn for {MOST_SCATTERS} structures, not for {', '.join(hidden)}.")
    return cautions


def _count(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count)


def _interval(plan: MaskPlan) -> str:
    return f"{plan.level:.0%} intervals: {plan.resampling.describe()}, of patients."


def _text(found: Mapping[int, _Structure], names: Mapping[int, str], plan: MaskPlan) -> str:
    label, first = next(iter(found.items()))
    dice, hd95 = first.overlap.dice.mean, first.distances["hausdorff95_mm"].median
    if not first.overlap.studies:
        return "No study has a labelled voxel on either side: there is nothing to compare."
    distance = f", with a median HD95 of {hd95.value:.2g} mm" if np.isfinite(hd95.value) else ""
    return (
        f"Masks of {names[label]} share a mean Dice of {show_estimate(dice, plan)} over {first.overlap.studies} "
        f"studies{distance}."
    )


def show_estimate(found: Estimate, plan: MaskPlan) -> str:
    """Write a share with its interval for a sentence; without one where there is none."""
    if not np.isfinite(found.low):
        return f"{found.value:.3f}"
    return f"{found.value:.3f} ({plan.level:.0%} CI {found.low:.3f} to {found.high:.3f})"


def _methods(plan: MaskPlan) -> tuple[str, ...]:
    surface = (
        f" and surface Dice at {plan.tolerance_mm:g} mm (Nikolov et al., J Med Internet Res 2021;23:e26151)"
        if plan.tolerance_mm is not None
        else ""
    )
    return (
        "Masks were compared voxel by voxel on the reference's grid, without resampling, by Dice's coefficient "
        "(Ecology 1945;26:297-302), intersection over union and volume; every study weighs the same unless pooled. "
        "Studies in which neither side has a structure were left out of its means and counted (Maier-Hein et al., "
        "Nat Methods 2024;21:195-212).",
        "Surfaces were compared by the 95th percentile of distances (the larger of both directions), their largest, "
        f"the average symmetric distance between surface voxels{surface}, in millimetres of the patient (Reinke et "
        "al., Nat Methods 2024;21:182-194).",
        f"{plan.level:.0%} confidence intervals: {plan.resampling.describe()} (seed {plan.seed}), drawing patients "
        "whole.",
    )
