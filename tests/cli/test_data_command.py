"""`vascal data import` and `vascal data check`, as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.io.datasets.scans import make_hu, make_labels, write_dicom
from tests.io.datasets.test_coca import write_chest, write_release
from tests.io.datasets.test_paired import save_nifti, write_orcascore, write_segments
from tests.io.test_labels import two_boxes, write_segmentation
from vascal.cli.data import data


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(data, list(arguments), env={"COLUMNS": "400", "NO_COLOR": "1"})
    return result.exit_code, result.output


def imported(kind: str, source: Path, *more: str) -> tuple[int, str, list[dict[str, object]]]:
    out = source.parent / "out"
    code, said = run("import", kind, str(source), "--out", str(out), *more)
    index = out / "dataset.json"
    return code, said, json.loads(index.read_text())["cases"] if index.exists() else []


def write_masks(folder: Path, count: int = 2) -> Path:
    for number in range(count):
        save_nifti(folder / "images" / f"{number}.nii.gz", make_hu(number))
        save_nifti(folder / "labels" / f"{number}.nii.gz", make_labels(1, 1))
    return folder


def test_it_is_a_command_of_vascal() -> None:
    from vascal.cli.main import app

    assert "data" in {group.name for group in app.registered_groups}


def test_coca_is_imported_and_checked(tmp_path: Path) -> None:
    write_release(tmp_path / "coca")
    write_chest(tmp_path / "coca")
    code, said, cases = imported("coca", tmp_path / "coca", "--absent-is-zero", "--shares", "1,0,0")
    assert code == 0, said
    assert "3 imported, 0 not" in said
    assert "now holds 3 train, 0 validation, 0 test" in said
    assert [case["case_id"] for case in cases] == ["gated-0", "gated-10", "nongated-1"]
    code, said = run("check", str(tmp_path / "out"))
    assert code == 0, said
    assert "the same scan, pixel for pixel, is given to two patients" in said
    assert "3 cases: 0 leaks, 0 errors, 1 warnings" in said


def test_orcascore_is_imported(tmp_path: Path) -> None:
    code, said, (case,) = imported("orcascore", write_orcascore(tmp_path / "Training Set", make_labels(1, 3)))
    assert code == 0, said
    assert case["label_names"] == {"2": "LAD", "3": "LCX", "4": "RCA", "5": "coronary"}
    assert case["is_gated"] is True


def test_masks_are_imported_by_pattern_and_need_names(tmp_path: Path) -> None:
    source = write_masks(tmp_path / "set")
    code, said, cases = imported("masks", source)
    assert code == 2
    assert "give it with --names" in said
    code, said, cases = imported("masks", source, "--names", "1=coronary", "--gated", "--stratify", "--seed", "3")
    assert code == 0, said
    assert len(cases) == 2
    assert "2 cases do not say whose scan they are" in said
    code, said, cases = imported("masks", source, "--names", "1=coronary")
    assert code == 2
    assert "--add" in said


def test_masks_are_imported_by_a_table_and_what_fails_is_said(tmp_path: Path) -> None:
    source = write_masks(tmp_path / "set")
    rows = [f"images/{n}.nii.gz,labels/{n}.nii.gz,p{n}" for n in range(14)]
    (source / "list.csv").write_text("image,labels,patient\n" + "\n".join(rows) + "\n")
    out = tmp_path / "out"
    code, said = run("import", "masks", str(source / "list.csv"), "-o", str(out), "--names", "1=coronary")
    assert code == 1
    assert "2 imported, 12 not" in said
    assert "images/2.nii.gz: not imported: no scan is at 2.nii.gz" in said
    assert "and 2 more" in said
    assert len((out / "failures.csv").read_text().splitlines()) == 13


def test_segmentations_of_dicom_and_slicer_are_imported(tmp_path: Path) -> None:
    (tmp_path / "a" / "set").mkdir(parents=True)
    write_segmentation(tmp_path / "a" / "set", two_boxes())
    code, said, (case,) = imported("seg", tmp_path / "a" / "set")
    assert code == 0, said
    assert case["label_names"] == {"2": "LAD", "4": "RCA"}
    write_dicom(tmp_path / "b" / "set" / "dicom")
    write_segments(tmp_path / "b" / "set" / "x.seg.nrrd")
    code, said, (case,) = imported("slicer", tmp_path / "b" / "set")
    assert code == 0, said
    assert case["label_names"] == {"2": "LAD", "4": "RCA"}


def test_scores_alone_are_imported(tmp_path: Path) -> None:
    write_dicom(tmp_path / "ct")
    table = tmp_path / "scores.csv"
    table.write_text("image,agatston,agatston_lad\nct,12,12\n")
    code, said, (case,) = imported("scores", table)
    assert code == 0, said
    assert case["scores"] == {"total": 12.0, "vessels": {"LAD": 12.0}}
    assert case["labels"] is None
    key = tmp_path / "key"
    key.write_text("k" * 32)
    code, said, _ = imported("scores", table, "--add", "--key", str(key), "--names", "1=LM")
    assert code == 0, said


@pytest.mark.parametrize("shares", ["70,30", "a,b,c", "70,20,20"])
def test_shares_are_three_numbers(tmp_path: Path, shares: str) -> None:
    code, said, _ = imported("masks", write_masks(tmp_path / "set", 1), "--shares", shares)
    assert code == 2
    assert "shares" in said


def test_a_leak_ends_with_status_1_and_an_unreadable_index_with_2(tmp_path: Path) -> None:
    source = write_masks(tmp_path / "set")
    save_nifti(source / "images" / "1.nii.gz", make_hu(0))
    imported("masks", source, "--names", "1=coronary")
    index = tmp_path / "out" / "dataset.json"
    content = json.loads(index.read_text())
    for case, split in zip(content["cases"], ("train", "test"), strict=True):
        case["split"] = split
    index.write_text(json.dumps(content))
    for more in ((), ("--quick",)):
        code, said = run("check", str(index), *more)
        assert code == 1
        assert "leak: " in said
        assert "stands in train and test" in said
    index.write_text("{}")
    code, said = run("check", str(index))
    assert code == 2
    assert "vascal-dataset-1" in said
