"""A folder in, a folder out: names of files, what is left out, the report, and that no word is in it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import UID

from tests.io.deid.make_named import SECRET, SECRET_DAY, SECRET_ID, SECRET_UID, SHIFT, make_named, rules, to_bytes
from vascal.errors import InputError, OutputError
from vascal.io.deid.folder import Deidentified, deidentify_folder, write_mapping


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / SECRET / "study"
    folder.mkdir(parents=True)
    for index in range(3):
        (folder / f"{SECRET}-{index}.dcm").write_bytes(to_bytes(make_named(index)))
    report = make_named(7)
    report.SOPClassUID = report.file_meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.88.11")
    (folder / "report.dcm").write_bytes(to_bytes(report))
    (folder / "readme.txt").write_text(f"of {SECRET}")
    (folder / "DICOMDIR").write_bytes(to_bytes(make_named(8)))
    return tmp_path / SECRET


def run(source: Path, out: Path) -> Deidentified:
    return deidentify_folder(source, out, rules(SHIFT), version="0.0")


def test_files_and_folders_are_named_anew(source: Path, tmp_path: Path) -> None:
    done = run(source, tmp_path / "out")
    files = sorted((tmp_path / "out").rglob("*.dcm"))
    assert (done.report.found, done.report.written, done.report.other, len(done.report.left_out)) == (5, 3, 1, 1)
    assert (done.report.patients, done.report.studies) == (1, 1)
    assert len(files) == 3
    for path in files:
        one = pydicom.dcmread(path)
        place = (one.PatientID, one.StudyInstanceUID, one.SeriesInstanceUID, f"{one.SOPInstanceUID}.dcm")
        assert path.relative_to(tmp_path / "out").parts == place


def test_no_word_of_the_originals_is_in_any_file_or_name(source: Path, tmp_path: Path) -> None:
    done = run(source, tmp_path / "out")
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    for path in files:
        told = path.read_bytes() + str(path.relative_to(tmp_path / "out")).encode()
        assert not [word for word in (SECRET, SECRET_ID, SECRET_UID) if word.encode().lower() in told.lower()]
    assert SECRET not in repr(done)


def test_the_report_counts_by_attribute_and_says_why_a_file_is_missing(source: Path, tmp_path: Path) -> None:
    run(source, tmp_path / "out")
    report = json.loads((tmp_path / "out" / "deidentification.json").read_text())
    assert report["codes"] == ["113100", "113107"]
    assert {"attribute": "(0008,0020) Study Date", "done": "shifted", "count": 3} in report["attributes"]
    assert {"attribute": "private attributes", "done": "removed", "count": 9} in report["attributes"]
    (left,) = report["left_out"]
    assert left["file"] == 5
    assert "structured report" in left["reason"]
    text = (tmp_path / "out" / "deidentification.txt").read_text()
    assert "5 files found, 3 written (1 patient, 1 study), 1 left out, 1 not DICOM" in text
    assert SECRET_DAY not in text


def test_a_second_run_gives_the_same_files(source: Path, tmp_path: Path) -> None:
    run(source, tmp_path / "one")
    run(source, tmp_path / "two")
    one, two = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (tmp_path / "one", tmp_path / "two")
    )
    assert one == two


def test_an_archive_is_read_where_it_lies(source: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for path in source.rglob("*.dcm"):
            archive.write(path, path.relative_to(source))
    assert run(tmp_path / "a.zip", tmp_path / "out").report.written == 3


def test_a_folder_that_holds_something_is_not_written_to(source: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x").write_text("x")
    with pytest.raises(OutputError, match="holds files already"):
        run(source, tmp_path / "out")


def test_an_object_that_comes_twice_is_written_once_and_refused_if_it_differs(source: Path, tmp_path: Path) -> None:
    named = make_named(0)
    (source / "same.dcm").write_bytes(to_bytes(named))
    named.KVP = "100"
    (source / "zz-differs.dcm").write_bytes(to_bytes(named))
    done = run(source, tmp_path / "out")
    assert done.report.written == 3
    assert sum("other content" in one.reason for one in done.report.left_out) == 1


def test_nothing_to_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        run(tmp_path / "none", tmp_path / "out")


def test_the_mapping_says_what_became_of_every_file(source: Path, tmp_path: Path) -> None:
    done = run(source, tmp_path / "out")
    write_mapping(tmp_path / "m.csv", done.mapping)
    assert (tmp_path / "m.csv").stat().st_mode & 0o077 == 0
    lines = (tmp_path / "m.csv").read_text().splitlines()
    assert lines[0] == "old_file,new_file,old_patient,new_patient"
    assert len(lines) == 6
    assert sum(SECRET_ID in line for line in lines) == 3


def test_how_far_it_is_is_told_in_both_rounds(source: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    deidentify_folder(source, tmp_path / "out", rules(SHIFT), version="0.0", progress=lambda *said: told.append(said))
    assert told == [(done, number, 5) for done in ("looked at", "cleaned") for number in range(1, 6)]
