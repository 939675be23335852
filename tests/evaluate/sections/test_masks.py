"""Tables of masks and lesions hold what the functions under them give, and say what they can not."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.evaluate.sections.test_sections import cell, estimate, table
from vascal.errors import EvaluationError
from vascal.evaluate.lesion_detection import SizeBand, score_detection
from vascal.evaluate.mask_study import ANY, MaskPlan, StudyMasks, fill_labels, measure_study
from vascal.evaluate.overlap import measure_overlap_by_label, summarise_overlap_by_label
from vascal.evaluate.result import ForestPlot, ScatterPlot
from vascal.evaluate.sections.lesions import evaluate_lesions, name_band
from vascal.evaluate.sections.masks import MOST_SCATTERS, evaluate_masks, name_labels
from vascal.evaluate.surface_distance import measure_surface_distances, summarise_surface_distances

SPACING = (3.0, 0.5, 0.4)
PLAN = MaskPlan(resamples=100, tolerance_mm=0.5, size_edges_mm3=(1.0, 3.0))
NAMES = {1: "LM", 2: "LAD"}


def draw_pairs(studies: int = 12) -> list[tuple[np.ndarray, np.ndarray]]:
    """Blocks of labels 1 and 2; every fourth study empty, every third without label 2 in the prediction."""
    rng = np.random.default_rng(5)
    pairs = []
    for study in range(studies):
        reference = np.zeros((6, 12, 12), dtype=np.uint8)
        for _ in range(0 if study % 4 == 3 else 5):
            z, y, x = rng.integers(0, (4, 8, 8))
            reference[z : z + 2, y : y + rng.integers(1, 4), x : x + 3] = rng.integers(1, 3)
        predicted = np.roll(reference, int(rng.integers(0, 2)), axis=2)
        predicted[rng.random(reference.shape) < 0.005] = 1
        if study % 3 == 0:
            predicted[predicted == 2] = 0
        pairs.append((reference, predicted) if study != 7 else (reference * 0, reference * 0))
    return pairs


def measure(pairs: Sequence[tuple[np.ndarray, np.ndarray]], plan: MaskPlan = PLAN) -> tuple[StudyMasks, ...]:
    return fill_labels([measure_study(f"s{k}", *pair, SPACING, plan) for k, pair in enumerate(pairs)], NAMES)


PAIRS = draw_pairs()
STUDIES = measure(PAIRS)
NAMED = name_labels(STUDIES, NAMES)


def test_overlap_and_volumes_are_those_of_the_summaries() -> None:
    section = evaluate_masks(STUDIES, NAMED, PLAN)
    overlaps = [measure_overlap_by_label(*pair, SPACING, [1, 2]) for pair in PAIRS]
    for row, summary in enumerate(summarise_overlap_by_label(overlaps, resampling=PLAN.resampling).values(), 1):
        assert estimate(section, "overlap", "dice_mean", row) == summary.dice.mean
        assert estimate(section, "overlap", "dice_median", row) == summary.dice.median
        assert estimate(section, "overlap", "iou_mean", row) == summary.iou.mean
        assert estimate(section, "overlap", "dice_pooled", row) == summary.pooled.dice
        assert cell(table(section, "overlap"), "n", row) == summary.studies
        assert cell(table(section, "overlap"), "both_empty", row) == summary.empty_studies > 0
        assert estimate(section, "volumes", "relative_median", row) == summary.relative_volume_difference.median
        assert estimate(section, "volumes", "difference_mean_mm3", row) == summary.volume_difference_mm3.mean
    assert [row[0] for row in table(section, "overlap").rows] == ["any structure", "LM", "LAD"]


def test_surfaces_are_those_of_the_summary() -> None:
    section = evaluate_masks(STUDIES, NAMED, PLAN)
    distances = [measure_surface_distances(one == 2, two == 2, SPACING) for one, two in PAIRS]
    summary = summarise_surface_distances(distances, tolerance_mm=0.5, resampling=PLAN.resampling)
    assert estimate(section, "surfaces", "hd95_mean_mm", 2) == summary.hausdorff95_mm.mean
    assert estimate(section, "surfaces", "average_median_mm", 2) == summary.average_mm.median
    assert estimate(section, "surfaces", "surface_dice", 2) == summary.surface_dice.mean
    assert cell(table(section, "overlap"), "one_empty", 2) == summary.undefined_studies > 0


def test_what_is_empty_is_counted_and_said() -> None:
    section = evaluate_masks(STUDIES, NAMED, PLAN)
    empty = sum(not (one.any() or two.any()) for one, two in PAIRS)
    assert f"Empty on both sides and in no mean, of 12 studies: any structure {empty}, " in section.cautions[0]
    assert "Empty on one side only" in section.cautions[1]
    assert "over" in section.text
    assert f"{12 - empty} studies" in section.text


def test_perfect_masks_need_no_caution_and_one_structure_no_sum() -> None:
    blocks = [np.pad(np.ones((2, 2, k + 1), dtype=np.uint8), 1) for k in range(3)]
    plan = MaskPlan(resamples=100)
    studies = fill_labels([measure_study("a", one, one, SPACING, plan) for one in blocks], [])
    named = name_labels(studies, {})
    assert named == {1: "label 1"}
    section = evaluate_masks(studies, named, plan)
    assert section.cautions == ()
    assert estimate(section, "overlap", "dice_mean").value == 1
    assert "surface_dice" not in [column.key for column in table(section, "surfaces").columns]
    assert "surface Dice" not in " ".join(section.methods)
    (dice, volume) = section.plots
    assert isinstance(dice, ForestPlot)
    assert isinstance(volume, ScatterPlot)
    np.testing.assert_allclose(volume.reference, [2.4, 4.8, 7.2])
    assert not volume.is_logarithmic
    lesions = evaluate_lesions(studies, named, plan)
    assert lesions.cautions == ()
    assert [row[0] for row in table(lesions, "lesions").rows][:2] == ["all lesions", "<10 mm³"]


def test_skewed_volumes_get_a_logarithmic_axis_and_many_structures_are_not_all_drawn() -> None:
    labels = np.zeros((2, 40, 40), dtype=np.uint8)
    labels[0, 0, :12] = range(1, 13)
    large = np.ones((2, 40, 40), dtype=np.uint8)
    plan = MaskPlan(resamples=100, with_lesions=False)
    studies = fill_labels([measure_study("a", one, one, SPACING, plan) for one in (labels, labels, large)], [])
    section = evaluate_masks(studies, name_labels(studies, {}), plan)
    volumes = [plot for plot in section.plots if isinstance(plot, ScatterPlot)]
    assert len(volumes) == MOST_SCATTERS
    assert [plot.is_logarithmic for plot in volumes[:3]] == [True, True, False]
    assert "not for label 8, label 9" in section.cautions[-1]


def test_nothing_anywhere_is_said_and_not_drawn() -> None:
    nothing = [(np.zeros((2, 3, 3), dtype=np.uint8),) * 2] * 3
    studies = measure(nothing)
    section = evaluate_masks(studies, NAMED, PLAN)
    assert section.text.startswith("No study has a labelled voxel")
    assert section.plots == ()
    assert np.isnan(estimate(section, "overlap", "dice_mean").value)
    lesions = evaluate_lesions(studies, NAMED, PLAN)
    assert lesions.text == "The reference has no lesion; 0 are predicted in 3 studies."
    assert lesions.plots == ()


def test_one_study_has_values_without_intervals() -> None:
    section = evaluate_masks(measure(PAIRS[:1]), NAMED, PLAN)
    assert "CI" not in section.text
    assert not any(isinstance(plot, ForestPlot) for plot in section.plots)


def test_a_prediction_without_any_voxel_has_no_distance_in_its_summary() -> None:
    section = evaluate_masks(measure([(one, one * 0) for one, _ in PAIRS]), NAMED, PLAN)
    assert "HD95" not in section.text
    assert "0.000" in section.text


def test_lesions_are_scored_all_together_by_structure_and_by_size() -> None:
    section = evaluate_lesions(STUDIES, NAMED, PLAN)
    matches = [study.lesions for study in STUDIES if study.lesions]
    groups = [row[0] for row in table(section, "lesions").rows]
    assert groups == ["all lesions", "LM", "LAD", "<1 mm³", "1 to <3 mm³", "≥3 mm³"]
    scores = [
        score_detection(matches, resampling=PLAN.resampling),
        score_detection(matches, vessel=1, resampling=PLAN.resampling),
        score_detection(matches, vessel=2, resampling=PLAN.resampling),
        score_detection(matches, size_band=SizeBand(low_mm3=0, high_mm3=1), resampling=PLAN.resampling),
    ]
    for row, score in enumerate(scores):
        assert repr(estimate(section, "lesions", "sensitivity", row)) == repr(score.sensitivity)
        assert repr(estimate(section, "lesions", "f1", row)) == repr(score.f1)
        assert repr(estimate(section, "lesion_volume", "volume_precision", row)) == repr(score.volume_precision)
        assert repr(estimate(section, "lesions_wilson", "sensitivity", row)) == repr(score.sensitivity_wilson)
        assert cell(table(section, "lesions"), "false_positives", row) == score.false_positives
        predicted = cell(table(section, "lesions"), "predicted", row)
        assert predicted == sum(
            lesion.vessel == row if row in {1, 2} else row == 0 or lesion.size_mm3 < 1
            for match in matches
            for lesion in match.predicted
        )
    assert f"Of {scores[0].true_positives + scores[0].false_negatives} lesions" in section.text
    assert "studies have no lesion in the reference" in section.cautions[0]


def test_patients_with_several_studies_are_drawn_whole() -> None:
    patients = np.arange(12) // 3
    alone, together = (evaluate_masks(STUDIES, NAMED, PLAN, patients=who) for who in (None, patients))
    one, two = (estimate(section, "overlap", "dice_mean") for section in (alone, together))
    assert one.value == two.value
    assert (one.low, one.high) != (two.low, two.high)
    lesions = evaluate_lesions(STUDIES, NAMED, PLAN, patients=patients)
    assert estimate(lesions, "lesions", "f1") != estimate(evaluate_lesions(STUDIES, NAMED, PLAN), "lesions", "f1")


def test_lesions_that_were_not_matched_are_refused() -> None:
    plan = MaskPlan(with_lesions=False)
    with pytest.raises(EvaluationError, match="12 are without"):
        evaluate_lesions(measure(PAIRS, plan), NAMED, plan)


def test_labels_without_names_are_numbered_and_bands_are_said() -> None:
    assert name_labels(STUDIES, {2: "LAD"}) == {ANY: "any structure", 1: "label 1", 2: "LAD"}
    assert name_band(SizeBand(low_mm3=0)) == "≥0 mm³"
