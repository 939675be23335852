from pathlib import Path

import pytest

from vascal.errors import OutputError
from vascal.io.evaluation_folder import write_evaluation

FIRST = [("tables/icc.md", b"1"), ("tables/sites.md", b"1"), ("numbers.csv", b"1")]


def test_drawings_of_an_earlier_evaluation_do_not_stay(tmp_path: Path) -> None:
    write_evaluation(tmp_path, FIRST)
    (tmp_path / "tables" / "own.txt").write_text("mine")
    write_evaluation(tmp_path, [("tables/icc.md", b"2"), ("numbers.csv", b"2")])
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == ["icc.md", "own.txt"]
    assert (tmp_path / "tables" / "icc.md").read_bytes() == b"2"


def test_a_folder_that_held_no_evaluation_keeps_all_it_had(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "thesis.tex").write_text("mine")
    write_evaluation(tmp_path, FIRST)
    assert (tmp_path / "tables" / "thesis.tex").read_text() == "mine"


def test_a_file_where_a_folder_should_be_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("file")
    with pytest.raises(OutputError, match="can not write"):
        write_evaluation(tmp_path / "out", FIRST)


def test_what_can_not_be_removed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_evaluation(tmp_path, FIRST)

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(OutputError, match=r"sites\.md of an earlier evaluation"):
        write_evaluation(tmp_path, FIRST[:1] + FIRST[2:])
