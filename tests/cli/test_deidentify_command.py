"""`vascal deidentify` and its check as a user types them, on a simulated study that is scored before and after."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import UID
from typer.testing import CliRunner, Result

import vascal
from tests.simulated_study import PATIENT_ID, SimulatedStudy, make_study
from vascal.cli.main import app
from vascal.io.ct_writer import CtDescription
from vascal.io.seg_writer import write_seg
from vascal.score_options import ScoreOptions


def run(*arguments: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "200", "TERM": "dumb"}).invoke(app, [str(one) for one in arguments])


def said(result: Result) -> str:
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", result.output).split())


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> SimulatedStudy:
    return make_study(tmp_path_factory.mktemp("simulated"))


@pytest.fixture(scope="module")
def with_seg(study: SimulatedStudy) -> Path:
    files = sorted(study.folder.glob("*.dcm"))
    description = CtDescription(seed=0, patient_id=PATIENT_ID, body_part="CHEST")
    path = study.folder / "vessels.seg.dcm"
    write_seg(study.thorax.vessels, files, path, description=description, title="vessels", series_number=9)
    return study.folder


@pytest.fixture(scope="module")
def cleaned(with_seg: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cleaned")
    places = ("--out", folder / "out", "--key-file", folder / "key", "--mapping", folder / "map.csv")
    options = ("--make-key", "--dates", "shift", "--retain", "patient", "--pixels", "reviewed")
    result = run("deidentify", with_seg, *places, *options)
    assert result.exit_code == 0, result.output
    assert "files written: 1 patient, 1 study; 0 not DICOM" in result.output
    assert PATIENT_ID not in result.output
    assert PATIENT_ID in (folder / "map.csv").read_text()
    return folder / "out"


def test_a_cleaned_study_has_the_same_score(with_seg: Path, cleaned: Path) -> None:
    before, after = (vascal.score(vascal.read_study(folder)).best for folder in (with_seg, cleaned))
    assert before is not None
    assert after is not None
    assert repr(after.score) == repr(before.score)  # arrays in it are compared by identity
    assert after.series.study_date != before.series.study_date


def test_segments_still_lie_on_their_images(with_seg: Path, cleaned: Path) -> None:
    objects = [pydicom.dcmread(path) for path in cleaned.rglob("*.dcm")]
    (seg,) = [one for one in objects if one.Modality == "SEG"]
    images = {one.SOPInstanceUID for one in objects if one.Modality == "CT"}
    referenced = {item.ReferencedSOPInstanceUID for item in seg.ReferencedSeriesSequence[0].ReferencedInstanceSequence}
    assert referenced <= images
    assert referenced
    assert {one.StudyInstanceUID for one in objects} == {seg.StudyInstanceUID}
    assert seg.FrameOfReferenceUID == next(one for one in objects if one.Modality == "CT").FrameOfReferenceUID
    before = vascal.score(vascal.read_study(with_seg), ScoreOptions(labels=with_seg / "vessels.seg.dcm")).best
    seg_file = next(path for path in cleaned.rglob("*.dcm") if pydicom.dcmread(path).Modality == "SEG")
    after = vascal.score(vascal.read_study(cleaned), ScoreOptions(labels=seg_file)).best
    assert before is not None
    assert after is not None
    assert repr(after.score) == repr(before.score)  # arrays in it are compared by identity


def test_pixels_are_the_same_bytes(with_seg: Path, cleaned: Path) -> None:
    before, after = (
        sorted(pydicom.dcmread(path).PixelData for path in folder.rglob("*.dcm")) for folder in (with_seg, cleaned)
    )
    assert before == after


def test_the_check_finds_nothing_and_then_a_name(with_seg: Path, cleaned: Path, tmp_path: Path) -> None:
    shutil.copytree(cleaned, tmp_path / "out")
    result = run("deidentify-check", tmp_path / "out", "--against", with_seg)
    assert result.exit_code == 0, result.output
    assert "nothing left that this check knows" in result.output
    path = next((tmp_path / "out").rglob("*.dcm"))
    ds = pydicom.dcmread(path)
    ds.PatientComments = f"{PATIENT_ID} came late"
    ds.save_as(path)
    result = run("deidentify-check", tmp_path / "out", "--against", with_seg)
    assert result.exit_code == 1
    assert "Patient Comments: should be gone, 1 file" in result.output
    assert PATIENT_ID not in result.output


def test_cleaned_files_are_as_valid_as_before(with_seg: Path, cleaned: Path) -> None:
    checker = shutil.which("dciodvfy")
    if checker is None:
        if os.environ.get("VASCAL_REQUIRE_TOOLS"):
            pytest.fail("dciodvfy of dicom3tools is needed here and is not installed")
        pytest.skip("dciodvfy (Debian: dicom3tools) is not installed")
    for modality in ("CT", "SEG"):
        errors = [_errors(checker, _first(folder, modality)) for folder in (with_seg, cleaned)]
        assert errors[1] <= errors[0]


def _first(folder: Path, modality: str) -> Path:
    return next(path for path in sorted(folder.rglob("*.dcm")) if pydicom.dcmread(path).Modality == modality)


def _errors(checker: str, path: Path) -> set[str]:
    told = subprocess.run([checker, str(path)], capture_output=True, text=True, check=False)
    return {line for line in (told.stdout + told.stderr).splitlines() if line.startswith("Error")}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (("--key-file", "{out}/key"), "must not lie in the folder"),
        (("--key-file", "{tmp}/none"), "there is no key file none; --make-key makes one"),
        (("--key-file", "{tmp}/short"), "needed are 16"),
        (("--key-file", "{tmp}/key", "--mapping", "{out}/m.csv"), "must not lie in the folder"),
        (("--key-file", "{tmp}/key", "--make-key"), "leave out --make-key to use it"),
        (("--key-file", "{tmp}/key", "--retain", "patient,devices"), "is none of device, institution, patient, uids"),
        (("--key-file", "{tmp}/key", "--keep-text", "Series"), "there are SeriesDescription"),
    ],
)
def test_keys_and_mappings_are_kept_apart(
    study: SimulatedStudy, tmp_path: Path, more: tuple[str, ...], expected: str
) -> None:
    (tmp_path / "short").write_text("abc")
    (tmp_path / "key").write_text("0123456789abcdef")
    arguments = [one.format(out=tmp_path / "out", tmp=tmp_path) for one in more]
    result = run("deidentify", study.folder, "--out", tmp_path / "out", *arguments)
    assert result.exit_code == 2
    assert expected in said(result)
    assert not (tmp_path / "out").exists()


def test_what_is_left_out_is_said_and_is_a_failure(study: SimulatedStudy, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    ds = pydicom.dcmread(next(study.folder.glob("CT*.dcm")))
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.7")
    ds.save_as(tmp_path / "in" / "a.dcm")
    (tmp_path / "key").write_text("0123456789abcdef")
    result = run("deidentify", tmp_path / "in", "--out", tmp_path / "out", "--key-file", tmp_path / "key")
    assert result.exit_code == 1
    assert "left out, 1 file: is a secondary capture" in result.output


def test_lists_with_commas_are_taken_and_it_is_said_how_far_it_is(study: SimulatedStudy, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    shutil.copy(next(study.folder.glob("CT*.dcm")), tmp_path / "in" / "named-miller.dcm")
    (tmp_path / "key").write_text("0123456789abcdef")
    places = ("--out", tmp_path / "out", "--key-file", tmp_path / "key")
    texts = ("--keep-text", "SeriesDescription, StudyDescription")
    result = run("deidentify", tmp_path / "in", *places, "--retain", "patient,device", *texts)
    assert result.exit_code == 0, result.output
    assert "1 of 1 file looked at" in result.stderr
    assert "1 of 1 file cleaned" in result.stderr
    assert "miller" not in result.output
    report = json.loads((tmp_path / "out" / "deidentification.json").read_text())
    assert report["codes"] == ["113100", "113108", "113109"]
    assert report["texts_kept"] == ["SeriesDescription", "StudyDescription"]
