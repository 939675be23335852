from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.io.datasets.scans import make_hu, make_labels, make_volume, write_dicom
from tests.io.datasets.test_paired import save_nifti
from vascal.dataset import Case, Dataset, Split, WeakScores
from vascal.dataset_check import Fault, check_dataset
from vascal.io.dataset_index import hash_pixels

TOTAL = 8 * 0.375 * 3 + 6 * 0.375
"""Agatston score of the plaques of `make_hu`."""


def case(folder: Path, name: str, seed: int, split: Split = "train", **fields: object) -> Case:
    """Write a scan with labels, and its entry of an index in `folder`."""
    save_nifti(folder / f"{name}.nii.gz", make_hu(seed))
    save_nifti(folder / f"{name}_labels.nii.gz", make_labels())
    made = Case(
        case_id=name,
        patient_id=f"p-{name}",
        image=f"{name}.nii.gz",
        split=split,
        source="masks",
        sha256=hash_pixels(make_volume(seed)),
        labels=f"{name}_labels.nii.gz",
        label_names={2: "LAD", 4: "RCA"},
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def check(folder: Path, *cases: Case, reads_pixels: bool = True) -> tuple[Fault, ...]:
    return check_dataset(Dataset(cases=cases), folder, reads_pixels=reads_pixels)


def told(faults: tuple[Fault, ...]) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(fault.severity, fault.code, fault.cases) for fault in faults]


def test_a_data_set_in_order_has_no_fault(tmp_path: Path) -> None:
    scores = WeakScores(total=TOTAL, vessels={"LAD": 9, "RCA": 2.25, "LM": 0})
    cases = case(tmp_path, "a", 1, scores=scores), case(tmp_path, "b", 2, "test"), case(tmp_path, "c", 3, labels=None)
    done: list[tuple[int, int]] = []
    dataset = Dataset(cases=cases)
    assert check_dataset(dataset, tmp_path, report=lambda count, total: done.append((count, total))) == ()
    assert done == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("reads_pixels", [True, False])
def test_a_patient_on_two_sides_is_a_leak(tmp_path: Path, reads_pixels: bool) -> None:
    cases = case(tmp_path, "a", 1, patient_id="p"), case(tmp_path, "b", 2, "test", patient_id="p")
    faults = check(tmp_path, *cases, reads_pixels=reads_pixels)
    assert told(faults) == [("leak", "patient-on-two-sides", ("a", "b"))]
    assert faults[0].message == "one patient's 2 cases stand in train and test"


def test_a_scan_saved_again_under_another_name_and_format_is_a_leak(tmp_path: Path) -> None:
    write_dicom(tmp_path / "dicom", make_hu(1))
    first = case(tmp_path, "a", 1)
    second = replace(case(tmp_path, "b", 1, "validation"), image="dicom", labels=None)
    assert told(check(tmp_path, first, second)) == [("leak", "scan-on-two-sides", ("a", "b"))]


def test_pixels_are_compared_as_they_are_and_not_as_the_index_says(tmp_path: Path) -> None:
    first, second = case(tmp_path, "a", 1), case(tmp_path, "b", 1, "test", sha256="other")
    assert check(tmp_path, first, second, reads_pixels=False) == ()
    assert told(check(tmp_path, first, second)) == [
        ("leak", "scan-on-two-sides", ("a", "b")),
        ("error", "scan-changed", ("b",)),
    ]


def test_a_scan_twice_on_one_side_is_worth_a_look(tmp_path: Path) -> None:
    one = case(tmp_path, "a", 1, patient_id="p")
    assert told(check(tmp_path, one, case(tmp_path, "b", 1, patient_id="p"))) == [("warning", "scan-twice", ("a", "b"))]
    assert told(check(tmp_path, one, case(tmp_path, "b", 1))) == [("warning", "scan-of-two-patients", ("a", "b"))]


def test_a_scan_that_is_gone_and_labels_that_do_not_fit_are_errors(tmp_path: Path) -> None:
    gone = case(tmp_path, "a", 1, image="absent.nii.gz")
    save_nifti(tmp_path / "small.nii.gz", np.zeros((4, 4, 4), dtype=np.uint8))
    misfit = case(tmp_path, "b", 2, labels="small.nii.gz")
    missing = case(tmp_path, "c", 3, labels="absent.nii.gz")
    unnamed = case(tmp_path, "d", 4, label_names={2: "LAD"})
    assert told(check(tmp_path, gone, misfit, missing, unnamed)) == [
        ("error", "labels-do-not-fit", ("b",)),
        ("error", "labels-do-not-fit", ("c",)),
        ("error", "labels-unnamed", ("d",)),
        ("error", "scan-unreadable", ("a",)),
    ]


def test_empty_labels_with_a_positive_score_are_worth_a_look(tmp_path: Path) -> None:
    empty = case(tmp_path, "a", 1, scores=WeakScores(total=80))
    save_nifti(tmp_path / "a_labels.nii.gz", make_labels(0, 0))
    (fault,) = check(tmp_path, empty)
    assert (fault.code, fault.message) == (
        "empty-labels",
        "its score is 80, but no voxel is labelled as coronary calcium",
    )
    elsewhere = replace(case(tmp_path, "b", 2, scores=WeakScores(total=80)), label_names={2: "aorta", 4: "valve"})
    assert told(check(tmp_path, elsewhere)) == [("warning", "empty-labels", ("b",))]
    save_nifti(tmp_path / "a_labels.nii.gz", make_labels(0, 0))
    assert check(tmp_path, replace(empty, scores=WeakScores(total=0))) == ()


def test_scores_that_disagree_with_the_labels_are_worth_a_look(tmp_path: Path) -> None:
    total = case(tmp_path, "a", 1, scores=WeakScores(total=60))
    (fault,) = check(tmp_path, total)
    assert (fault.code, fault.message) == ("score-disagrees", "its score is 60, its labels score 11.2")
    vessel = case(tmp_path, "b", 2, scores=WeakScores(total=TOTAL, vessels={"LAD": 9, "LCX": 30, "RCA": 2.25}))
    (fault,) = check(tmp_path, vessel)
    assert (fault.code, fault.message) == (
        "vessel-score-disagrees",
        "its score of the LCX is 30, its labels score 0.0",
    )
    whole = replace(vessel, label_names={2: "coronary", 4: "coronary"})
    assert check(tmp_path, whole) == ()
    assert check(tmp_path, replace(total, scores=WeakScores(total=TOTAL + 9.9))) == ()
