from __future__ import annotations

from pathlib import Path

import pytest

from vascal.errors import TableError
from vascal.io.datasets.raw_case import RawCase, Unusable
from vascal.io.datasets.score_tables import find_listed


def write(folder: Path, text: str) -> Path:
    (folder / "list.csv").write_text(text)
    return folder / "list.csv"


def test_a_row_names_scan_patient_scores_and_gating(tmp_path: Path) -> None:
    table = write(
        tmp_path, "Image;Patient;Gated;Agatston;Agatston_LAD;RCA\nct/a;P1;yes;12.5;10;2.5\nct/b;;no;;3;\nct/c;;;;;\n"
    )
    first, second, third = find_listed(table)
    assert isinstance(first, RawCase)
    assert first.image == tmp_path / "ct" / "a"
    assert first.name == "ct/a"
    assert (first.patient, first.is_gated) == ("P1", True)
    assert first.scores is not None
    assert (first.scores.total, dict(first.scores.vessels)) == (12.5, {"LAD": 10, "RCA": 2.5})
    assert isinstance(second, RawCase)
    assert (second.patient, second.is_gated) == (None, False)
    assert second.scores is not None
    assert (second.scores.total, second.scores.agatston) == (None, 3)
    assert isinstance(third, RawCase)
    assert third.scores is None
    assert third.is_gated is None


def test_a_row_may_name_a_label_map_and_the_case(tmp_path: Path) -> None:
    table = write(tmp_path, "case,image,labels\nx,a.nii,a_mask.nii\ny,b.nii,\n")
    first, second = find_listed(table, {1: "coronary"}, needs_labels=True)
    assert isinstance(first, RawCase)
    assert first.name == "x"
    assert first.read_labels is not None
    assert isinstance(second, RawCase)
    assert second.read_labels is None


def test_rows_that_can_not_be_used_are_told_by_their_line(tmp_path: Path) -> None:
    table = write(tmp_path, "image,total,gated\n,1,\na,many,\na,-1,\na,1,perhaps\n")
    found = list(find_listed(table))
    assert [one.name for one in found] == [f"list.csv, line {line}" for line in (2, 3, 4, 5)]
    told = [one.message for one in found if isinstance(one, Unusable)]
    assert told[0] == "no image is named"
    assert "no number" in told[1]
    assert "not below 0" in told[2]
    assert "gated is 'perhaps'" in told[3]


@pytest.mark.parametrize(("header", "needs_labels"), [("image,x", False), ("total,x", False), ("image,total", True)])
def test_a_table_without_the_columns_it_needs_is_refused(tmp_path: Path, header: str, needs_labels: bool) -> None:
    with pytest.raises(TableError, match="needed: image and"):
        find_listed(write(tmp_path, f"{header}\n1,2\n"), needs_labels=needs_labels)
