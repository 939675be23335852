from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.io.datasets.scans import LAD_ROI, RCA_ROI, make_labels, make_volume, write_dicom, write_xml
from vascal.errors import InputError, TableError
from vascal.io.dataset_index import choose_series
from vascal.io.datasets.coca import find_coca
from vascal.io.datasets.raw_case import RawCase, Unusable

SCORES = "filename,LCA,LAD,LCX,RCA,total\n"


def write_release(root: Path) -> Path:
    """Two gated patients, the first with outlines, as the release is laid out."""
    gated = root / "cocacoronarycalciumandchestcts-2" / "Gated_release_final"
    write_dicom(gated / "patient" / "0" / "Pro_Gated_CS_3.0_I30f_3_70%")
    write_dicom(gated / "patient" / "10" / "CorCalcium", series="1.2.9")
    (gated / "patient" / ".DS_Store").touch()
    write_xml(gated / "calcium_xml" / "0.xml", {1: [LAD_ROI], 3: [RCA_ROI]})
    return gated


def write_chest(root: Path, table: str | None = SCORES + "1A,1,20,0,3.5,24.5\n") -> Path:
    chest = root / "deidentified_nongated"
    write_dicom(chest / "1" / "1")
    if table is not None:
        (chest / "scores.csv").write_text(table)
    return chest


def cases(found: object) -> dict[str, RawCase]:
    return {one.name: one for one in found if isinstance(one, RawCase)}  # type: ignore[attr-defined]


def refused(found: object) -> dict[str, str]:
    return {one.name: one.message for one in found if isinstance(one, Unusable)}  # type: ignore[attr-defined]


def test_gated_scans_come_with_their_outlines(tmp_path: Path) -> None:
    write_release(tmp_path)
    found = cases(find_coca(tmp_path))
    assert list(found) == ["gated-0", "gated-10"]
    first, second = found.values()
    assert first.patient == "gated/0"
    assert first.is_gated
    assert first.read_labels is not None
    volume = make_volume()
    labels = first.read_labels(choose_series(first.image), volume)
    np.testing.assert_array_equal(labels.label_map.labels, make_labels())
    assert second.read_labels is None
    assert second.notes == ("the source has no outlines of this scan",)


def test_absent_outlines_may_stand_for_no_calcium(tmp_path: Path) -> None:
    second = cases(find_coca(write_release(tmp_path), absent_is_zero=True))["gated-10"]
    assert second.read_labels is not None
    label_map = second.read_labels(choose_series(second.image), make_volume()).label_map
    assert not label_map.labels.any()
    assert set(label_map.names.values()) == {"LM", "LAD", "LCX", "RCA"}


def test_outlines_of_an_absent_scan_are_told(tmp_path: Path) -> None:
    gated = write_release(tmp_path)
    write_xml(gated / "calcium_xml" / "7.xml", {})
    assert refused(find_coca(gated)) == {"7.xml": "outlines of a scan that is not there"}


def test_chest_scans_come_with_scores_of_vessels_and_left_coronary_is_the_left_main(tmp_path: Path) -> None:
    write_chest(tmp_path)
    (case,) = cases(find_coca(tmp_path)).values()
    assert case.scores is not None
    assert case.scores.total == 24.5
    assert dict(case.scores.vessels) == {"LM": 1, "LAD": 20, "LCX": 0, "RCA": 3.5}
    assert case.patient == "nongated/1"
    assert case.is_gated is False
    assert case.notes == ()


def test_both_parts_are_found_together_and_a_nested_folder_too(tmp_path: Path) -> None:
    write_release(tmp_path)
    write_chest(tmp_path / "deidentified_nongated")
    assert list(cases(find_coca(tmp_path))) == ["gated-0", "gated-10", "nongated-1"]
    assert list(cases(find_coca(tmp_path / "deidentified_nongated"))) == ["nongated-1"]


def test_rows_that_can_not_be_used_are_told_and_the_others_kept(tmp_path: Path) -> None:
    chest = write_chest(tmp_path, SCORES + "1A,0,0,0,0,7\n2A,0,0,0,,0\n3A,0,0,0,0,0\n")
    write_dicom(chest / "2" / "2")
    write_dicom(chest / "4" / "4")
    found = list(find_coca(chest))
    kept = cases(found)
    assert kept["nongated-1"].notes == ("the vessels' scores add up to 0, the total is 7",)
    assert kept["nongated-4"].notes == ("the source has no scores of this scan",)
    assert kept["nongated-4"].scores is None
    assert refused(found) == {
        "nongated-2": "scores.csv, line 3: scores are no numbers from 0 up",
        "nongated-3": "scores of a scan that is not there",
    }


def test_scores_may_be_absent_but_not_in_a_workbook_or_without_columns(tmp_path: Path) -> None:
    (case,) = cases(find_coca(write_chest(tmp_path / "a", None))).values()
    assert case.scores is None
    chest = write_chest(tmp_path / "b", None)
    (chest / "scores.xlsx").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"save its sheet as scores\.csv"):
        find_coca(chest)
    with pytest.raises(TableError, match="needed: LCA"):
        list(find_coca(write_chest(tmp_path / "c", "filename,score\n1A,3\n")))


def test_other_folders_are_no_coca(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither Gated_release_final"):
        find_coca(tmp_path)
    (tmp_path / "calcium_xml").mkdir()
    with pytest.raises(InputError, match="no folder patient"):
        list(find_coca(tmp_path))
