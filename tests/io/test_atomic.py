"""Results appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from vascal.errors import OutputError
from vascal.io.atomic import write_file, write_folder


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    write_file(tmp_path / "new" / "a.txt", b"one")
    write_file(tmp_path / "new" / "a.txt", b"two")
    assert (tmp_path / "new" / "a.txt").read_bytes() == b"two"
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["a.txt"]


def test_a_file_in_the_way_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("a file, not a folder")
    with pytest.raises(OutputError, match=r"can not write a\.txt"):
        write_file(tmp_path / "blocked" / "a.txt", b"one")
    with pytest.raises(OutputError, match="can not write results"):
        write_folder(tmp_path / "blocked" / "results", {"a": b"1"})


def test_a_folder_appears_complete_and_replaces_the_old_one(tmp_path: Path) -> None:
    write_folder(tmp_path / "study" / "series", {"a": b"1", "b": b"2"})
    write_folder(tmp_path / "study" / "series", {"c": b"3"})
    assert [p.name for p in (tmp_path / "study").iterdir()] == ["series"]
    assert {p.name: p.read_bytes() for p in (tmp_path / "study" / "series").iterdir()} == {"c": b"3"}


def test_a_failure_on_the_way_leaves_the_old_results_and_nothing_else(tmp_path: Path) -> None:
    write_folder(tmp_path / "series", {"a": b"1"})
    with pytest.raises(OutputError):
        write_folder(tmp_path / "series", {"a": b"2", "no/such/place": b"3"})
    assert (tmp_path / "series" / "a").read_bytes() == b"1"
    assert [p.name for p in tmp_path.iterdir()] == ["series"]
