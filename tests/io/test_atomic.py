"""Results appear whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from vascal.errors import OutputError
from vascal.io.atomic import write_file, write_folder


@pytest.fixture
def _umask_of_a_group() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


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


def test_a_folder_may_hold_folders_of_its_own(tmp_path: Path) -> None:
    write_folder(tmp_path / "series", {"score.json": b"1", "dicom/sr.dcm": b"2"})
    assert (tmp_path / "series" / "dicom" / "sr.dcm").read_bytes() == b"2"


def test_a_failure_on_the_way_leaves_the_old_results_and_nothing_else(tmp_path: Path) -> None:
    write_folder(tmp_path / "series", {"a": b"1"})
    with pytest.raises(OutputError):
        write_folder(tmp_path / "series", {"a": b"2", "a/place": b"3"})
    assert (tmp_path / "series" / "a").read_bytes() == b"1"
    assert [p.name for p in tmp_path.iterdir()] == ["series"]


@pytest.mark.usefixtures("_umask_of_a_group")
def test_new_files_and_folders_are_as_open_as_the_user_wants_files_to_be(tmp_path: Path) -> None:
    write_file(tmp_path / "new" / "a.txt", b"one")
    assert mode_of(tmp_path / "new" / "a.txt") == 0o640
    write_folder(tmp_path / "series", {"report.html": b"one"})
    assert mode_of(tmp_path / "series") == 0o750
    assert mode_of(tmp_path / "series" / "report.html") == 0o640


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o664, 0o444])
@pytest.mark.usefixtures("_umask_of_a_group")
def test_who_may_read_a_file_or_folder_stays_when_it_is_replaced(tmp_path: Path, mode: int) -> None:
    write_file(tmp_path / "report.html", b"one")
    (tmp_path / "report.html").chmod(mode)
    write_file(tmp_path / "report.html", b"two")
    assert mode_of(tmp_path / "report.html") == mode
    write_folder(tmp_path / "series", {"report.html": b"one"})
    (tmp_path / "series" / "report.html").chmod(mode)
    (tmp_path / "series").chmod(0o755)
    write_folder(tmp_path / "series", {"report.html": b"two", "new.txt": b"2"})
    assert mode_of(tmp_path / "series" / "report.html") == mode
    assert mode_of(tmp_path / "series" / "new.txt") == 0o640
    assert mode_of(tmp_path / "series") == 0o755


def test_what_a_link_points_to_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    store, shown = tmp_path / "store", tmp_path / "shown"
    write_file(store / "a.txt", b"one")
    write_folder(store / "series", {"a": b"1"})
    shown.mkdir()
    (shown / "a.txt").symlink_to(Path("..") / "store" / "a.txt")
    (shown / "series").symlink_to(store / "series")
    write_file(shown / "a.txt", b"two")
    write_folder(shown / "series", {"b": b"2"})
    assert (shown / "a.txt").is_symlink()
    assert (store / "a.txt").read_bytes() == b"two"
    assert (shown / "series").is_symlink()
    assert [p.name for p in (store / "series").iterdir()] == ["b"]
    assert sorted(p.name for p in (*store.iterdir(), *shown.iterdir())) == ["a.txt", "a.txt", "series", "series"]


def test_a_link_to_nothing_yet_is_filled(tmp_path: Path) -> None:
    (tmp_path / "a.txt").symlink_to(tmp_path / "later.txt")
    write_file(tmp_path / "a.txt", b"one")
    assert (tmp_path / "later.txt").read_bytes() == b"one"
    assert (tmp_path / "a.txt").is_symlink()


def test_a_folder_in_place_of_a_file_is_left_and_nothing_stays_beside_it(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(OutputError, match=r"can not write a\.txt"):
        write_file(tmp_path / "a.txt", b"one")
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_that_replaces_a_file_can_be_entered(tmp_path: Path) -> None:
    (tmp_path / "series").write_text("a file")
    (tmp_path / "series").chmod(0o600)
    write_folder(tmp_path / "series", {"a": b"1"})
    assert mode_of(tmp_path / "series") & 0o700 == 0o700
