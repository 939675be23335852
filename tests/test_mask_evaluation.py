"""Two folders of label maps become a report, and every study a row of a table."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from tests.io.test_nifti import save
from vascal.errors import GridMismatchError, InputError, PlanError
from vascal.evaluate.estimate import Estimate
from vascal.evaluate.mask_study import MaskPlan, measure_study
from vascal.mask_evaluation import STUDY_COLUMNS, evaluate_folders, evaluate_studies, make_mask_plan, write_studies

PLAN = MaskPlan(resamples=100, incomplete="drop")


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Three studies: a block half found, a block missed, nothing on either side; and one file alone."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    block = np.zeros((4, 6, 8), dtype=np.uint8)
    block[1:3, 1:3, 1:5] = 1
    half = block.copy()
    half[1:3, 1:3, 1:3] = 0
    half[0, 5, 7] = 2
    for name, predicted, reference in (("a", half, block), ("b", block * 0, block), ("c", block * 0, block * 0)):
        save(ours / f"{name}.nii.gz", predicted.transpose(2, 1, 0))
        save(theirs / f"{name}.nii.gz", reference.transpose(2, 1, 0))
    save(ours / "alone.nii", block.transpose(2, 1, 0))
    (theirs / "labels.json").write_text(json.dumps({"LM": 1, "LAD": 2, "RCA": 4}))
    return ours, theirs


def rows_of(text: str) -> dict[tuple[str, str], dict[str, str]]:
    return {(row["study"], row["structure"]): row for row in csv.DictReader(io.StringIO(text))}


def test_every_study_is_a_row_for_each_structure(folders: tuple[Path, Path]) -> None:
    found = evaluate_folders(*folders, PLAN)
    text = write_studies(found)
    assert text.splitlines()[0].split(",") == list(STUDY_COLUMNS)
    rows = rows_of(text)
    assert len(rows) == 3 * 4
    half = rows["a", "LM"]
    assert float(half["dice"]) == pytest.approx(2 * 8 / (16 + 8), abs=1e-5)
    assert float(half["volume_difference_mm3"]) == pytest.approx(-float(half["reference_mm3"]) / 2, abs=1e-3)
    assert [half[key] for key in STUDY_COLUMNS[-4:]] == ["1", "1", "1", "0"]
    assert half["surface_dice"] == ""
    stray = rows["a", "LAD"]
    assert [stray[key] for key in ("dice", "sensitivity", "hausdorff95_mm", "relative_volume_difference")] == [
        "0", "", "", "",
    ]  # fmt: skip
    assert [stray[key] for key in STUDY_COLUMNS[-4:]] == ["0", "0", "1", "1"]
    assert rows["a", "any structure"]["label"] == "any"
    missed = rows["b", "LM"]
    assert [missed[key] for key in ("dice", "precision", "hausdorff_mm", "found_lesions")] == ["0", "", "", "0"]
    assert [rows["c", "LM"][key] for key in ("reference_mm3", "dice", "average_surface_distance_mm")] == ["0", "", ""]


def test_what_was_analysed_and_left_out_is_said(folders: tuple[Path, Path]) -> None:
    steps: list[tuple[int, int]] = []
    found = evaluate_folders(*folders, PLAN, report=lambda done, total: steps.append((done, total)))
    facts = dict(found.evaluation.facts)
    assert steps == [(1, 3), (2, 3), (3, 3)]
    assert facts["Studies analysed"] == "3"
    assert facts["Left out"] == "1 predicted without a reference"
    assert facts["Patients"] == "each study a patient of its own"
    assert found.evaluation.answers["results.flow"] == "3 studies analysed; left out: 1 predicted without a reference"
    assert [section.key for section in found.evaluation.sections] == ["masks", "lesions"]
    assert found.names == {0: "any structure", 1: "LM", 2: "LAD", 4: "RCA"}


def test_patients_come_from_a_table(folders: tuple[Path, Path], tmp_path: Path) -> None:
    table = tmp_path / "patients.csv"
    table.write_text("study,patient\na,P1\nb,P2\nc,P1\n")
    found = evaluate_folders(*folders, PLAN, patients=table)
    assert dict(found.evaluation.facts)["Patients"] == "2"


def test_files_without_a_partner_refuse_the_run_unless_dropped(folders: tuple[Path, Path]) -> None:
    with pytest.raises(InputError, match=r"1 label maps have no partner.*alone\.nii \(predicted\); --incomplete drop"):
        evaluate_folders(*folders, MaskPlan())
    for number in range(6):
        save(folders[1] / f"more{number}.nii", np.zeros((8, 6, 4), dtype=np.uint8))
    with pytest.raises(InputError, match=r"7 label maps .*more3\.nii \(reference\) and 2 more; "):
        evaluate_folders(*folders, MaskPlan())


def test_a_pair_on_two_grids_stops_the_run(folders: tuple[Path, Path]) -> None:
    save(folders[0] / "b.nii.gz", np.zeros((8, 6, 5), dtype=np.uint8))
    with pytest.raises(GridMismatchError, match=r"b\.nii\.gz"):
        evaluate_folders(*folders, PLAN)


def test_lesions_are_left_out_where_they_make_no_sense(folders: tuple[Path, Path]) -> None:
    found = evaluate_folders(*folders, make_mask_plan({"resamples": 100, "with_lesions": False, "incomplete": "drop"}))
    assert [section.key for section in found.evaluation.sections] == ["masks"]
    assert rows_of(write_studies(found))["a", "LM"]["found_lesions"] == ""
    assert "lesions" not in found.evaluation.answers["plan.metrics"]


def test_words_that_a_plan_does_not_know_are_refused() -> None:
    with pytest.raises(PlanError, match="interval is one of bca, percentile"):
        make_mask_plan({"interval": "exact"})


def test_identical_masks_agree_and_a_single_structure_owns_all_lesions() -> None:
    labels = np.zeros((3, 5, 5), dtype=np.uint8)
    labels[1, 2, 1:4] = 3
    studies = [measure_study(f"s{k}", labels, labels, (1.0, 1.0, 1.0), PLAN) for k in range(4)]
    found = evaluate_studies(studies, PLAN)
    assert found.names == {3: "label 3"}
    (row, *_) = rows_of(write_studies(found)).values()
    assert [row[key] for key in ("dice", "hausdorff_mm", "found_lesions", "wrong_lesions")] == ["1", "0", "1", "0"]
    numbers = {column.key: cell for _, column, cell in found.evaluation.tables[0].numbers()}
    dice = numbers["dice_mean"]
    assert isinstance(dice, Estimate)
    assert (dice.value, dice.low, dice.high) == (1, 1, 1)
