"""What other systems take of a result, by the whole command: valid, the same every time, nothing half-written."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pydicom
import pytest
from typer.testing import CliRunner, Result

from tests.aac.made_film import MadeUpReader
from tests.film_files import write_film, write_picture
from tests.simulated_study import PATIENT_ID, SimulatedStudy, make_study
from tests.validators import require_consistent, require_template, require_valid
from vascal.batch import BatchOptions, require_usable_output
from vascal.cli.main import app
from vascal.errors import InputError, OutputError
from vascal.io.image_facts import find_score_files
from vascal.io.nifti import write_label_map
from vascal.io.nifti_volume import write_volume
from vascal.io.objects.sr_reader import read_score_report
from vascal.io.reading import read_input, read_volume
from vascal.result_options import KINDS, OBJECT_FILES, ResultOptions, require_printer
from vascal.score_options import ScoreOptions
from vascal.volume import LabelMap

EVERYTHING = ("--dicom", "--pdf", "--fhir", "--hl7")
FILES = {"report.pdf", "fhir.json", "oru.hl7", *(f"dicom/{name}" for name in OBJECT_FILES.values())}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["score", *map(str, arguments)])


def only_folder(out: Path) -> Path:
    (path,) = out.glob("*/*/score.json")
    return path.parent


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def saved_in(folder: Path) -> dict[str, Any]:
    saved: dict[str, Any] = json.loads((folder / "score.json").read_text())
    return saved


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> SimulatedStudy:
    return make_study(tmp_path_factory.mktemp("simulated"))


@pytest.fixture(scope="module")
def written(study: SimulatedStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Score a study with everything that can be written."""
    out = tmp_path_factory.mktemp("everything") / "out"
    result = run(study.folder, "--out", out, "--labels", study.labels, *EVERYTHING)
    assert result.exit_code == 0, result.output
    assert PATIENT_ID not in result.output
    return only_folder(out)


def test_everything_is_written_and_valid(study: SimulatedStudy, written: Path) -> None:
    assert set(contents(written)) >= FILES
    objects = sorted((written / "dicom").iterdir())
    require_valid(*objects)
    require_consistent(*objects, *sorted(study.folder.iterdir()))
    require_template(written / "dicom" / "sr.dcm")


def test_the_same_input_gives_the_same_bytes(study: SimulatedStudy, written: Path, tmp_path: Path) -> None:
    assert run(study.folder, "--out", tmp_path, "--labels", study.labels, *EVERYTHING).exit_code == 0
    assert contents(only_folder(tmp_path)) == contents(written)


def test_another_language_or_layout_is_another_object(study: SimulatedStudy, written: Path, tmp_path: Path) -> None:
    result = run(study.folder, "--out", tmp_path, "--labels", study.labels, "--objects", "pdf,seg", "--language", "de",
                 "--seg-layout", "cropped")  # fmt: skip
    assert result.exit_code == 0, result.output
    folder = only_folder(tmp_path)
    assert '<html lang="de"' in (folder / "report.html").read_text()
    assert {path.name for path in (folder / "dicom").iterdir()} == {"report.dcm", "seg.dcm"}
    for name in ("report.dcm", "seg.dcm"):
        ours, other = pydicom.dcmread(folder / "dicom" / name), pydicom.dcmread(written / "dicom" / name)
        assert ours.SOPInstanceUID != other.SOPInstanceUID
        assert ours.StudyInstanceUID == other.StudyInstanceUID


@pytest.mark.parametrize("layout", ["full", "cropped", "deflated", "labelmap"])
def test_our_own_segmentation_gives_the_identical_score(
    study: SimulatedStudy, written: Path, tmp_path: Path, layout: str
) -> None:
    seg = written / "dicom" / "seg.dcm"
    if layout != "full":
        made = run(study.folder, "--out", tmp_path / "made", "--labels", study.labels, "--objects", "seg",
                   "--seg-layout", layout)  # fmt: skip
        assert made.exit_code == 0, made.output
        seg = only_folder(tmp_path / "made") / "dicom" / "seg.dcm"
    assert run(study.folder, "--out", tmp_path / "again", "--labels", seg).exit_code == 0
    ours, again = saved_in(written), saved_in(only_folder(tmp_path / "again"))
    assert ours["total"] == again["total"]
    assert ours["vessels"] == again["vessels"]
    assert [lesion["agatston"] for lesion in ours["lesions"]] == [lesion["agatston"] for lesion in again["lesions"]]


def test_the_structured_report_reads_back_as_the_score(written: Path) -> None:
    read, saved = read_score_report(written / "dicom" / "sr.dcm"), saved_in(written)
    assert read["total"] == saved["total"]
    for name, vessel in read["vessels"].items():
        assert vessel["agatston"] == saved["vessels"][name]["agatston"]


def test_resuming_makes_what_an_earlier_run_was_not_asked_for(study: SimulatedStudy, tmp_path: Path) -> None:
    arguments = (study.folder, "--out", tmp_path, "--labels", study.labels)
    assert run(*arguments).exit_code == 0
    folder = only_folder(tmp_path)
    assert not FILES & set(contents(folder))
    assert run(*arguments, "--resume", "--fhir", "--objects", "sr").exit_code == 0
    assert {"fhir.json", "dicom/sr.dcm"} <= set(contents(folder))
    before = (folder / "score.json").stat().st_mtime_ns
    assert run(*arguments, "--resume", "--fhir", "--objects", "sr").exit_code == 0
    assert (folder / "score.json").stat().st_mtime_ns == before
    refused = run(*arguments, "--resume", "--hl7", "--rule", "four-pixels")
    assert "an earlier run scored this series with other options" in " ".join(refused.output.split())
    assert (folder / "score.json").stat().st_mtime_ns == before


def test_resuming_makes_anew_what_is_asked_for_in_another_way(study: SimulatedStudy, tmp_path: Path) -> None:
    arguments = (study.folder, "--out", tmp_path, "--labels", study.labels, "--resume", "--objects", "seg")
    assert run(*arguments[:-2]).exit_code == 0
    assert run(*arguments).exit_code == 0
    seg = only_folder(tmp_path) / "dicom" / "seg.dcm"
    full = seg.stat().st_size
    assert run(*arguments, "--seg-layout", "cropped", "--language", "de").exit_code == 0
    assert seg.stat().st_size < full
    assert '<html lang="de"' in (only_folder(tmp_path) / "report.html").read_text()
    before = seg.stat().st_mtime_ns
    assert run(*arguments, "--seg-layout", "cropped", "--language", "de").exit_code == 0
    assert seg.stat().st_mtime_ns == before


def test_what_an_interrupted_run_left_is_no_result(written: Path, tmp_path: Path) -> None:
    part = tmp_path / "study" / ".0123456789abcdef.part"
    part.mkdir(parents=True)
    (part / "score.json").write_bytes((written / "score.json").read_bytes())
    with pytest.raises(InputError, match=r"holds no score\.json"):
        find_score_files(tmp_path)
    options = BatchOptions(out=tmp_path, score=ScoreOptions())
    require_usable_output(options)
    (tmp_path / "study" / "series").mkdir()
    (tmp_path / "study" / "series" / "score.json").write_bytes((written / "score.json").read_bytes())
    assert [path.parent.name for path in find_score_files(tmp_path)] == ["series"]
    with pytest.raises(OutputError, match="already holds results"):
        require_usable_output(options)


def test_no_two_objects_share_an_identifier(study: SimulatedStudy, written: Path, tmp_path: Path) -> None:
    """Archives keep the first object of an identifier, and drop another one in silence or refuse it."""
    seen = {path.name: pydicom.dcmread(path).SOPInstanceUID for path in (written / "dicom").iterdir()}
    for n, wanted in enumerate((("sr",), ("key-objects",), ("seg", "sr", "--seg-layout", "cropped"))):
        kinds = [one for one in wanted if one in KINDS]
        made = run(study.folder, "--out", tmp_path / str(n), "--labels", study.labels,
                   "--objects", ",".join(kinds), *wanted[len(kinds) :])  # fmt: skip
        assert made.exit_code == 0, made.output
        for path in (only_folder(tmp_path / str(n)) / "dicom").iterdir():
            assert path.read_bytes() != (written / "dicom" / path.name).read_bytes()
            assert pydicom.dcmread(path).SOPInstanceUID != seen[path.name]


def test_nothing_names_the_patient_unless_a_file_for_other_systems_is_asked_for(
    study: SimulatedStudy, written: Path, tmp_path: Path
) -> None:
    assert run(study.folder, "--out", tmp_path, "--labels", study.labels, "--pdf").exit_code == 0
    assert PATIENT_ID.encode() not in b"".join(contents(tmp_path).values())
    named = {name for name, data in contents(written).items() if PATIENT_ID.encode() in data}
    assert named == {"fhir.json", "oru.hl7", *(f"dicom/{name}" for name in OBJECT_FILES.values())}


def test_a_score_of_zero_has_no_segmentation_and_is_still_reported(study: SimulatedStudy, tmp_path: Path) -> None:
    vessels = study.thorax.vessels
    empty = LabelMap(labels=vessels.labels * 0, grid=vessels.grid, names=vessels.names)
    write_label_map(empty, tmp_path / "empty.nii.gz")
    result = run(study.folder, "--out", tmp_path / "out", "--labels", tmp_path / "empty.nii.gz", *EVERYTHING)
    assert result.exit_code == 0, result.output
    folder = only_folder(tmp_path / "out")
    assert set(contents(folder)) >= FILES - {"dicom/seg.dcm"}
    assert not (folder / "dicom" / "seg.dcm").exists()
    require_valid(*sorted((folder / "dicom").iterdir()))
    assert read_score_report(folder / "dicom" / "sr.dcm")["total"]["agatston"] == 0


def test_a_film_has_the_same_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vascal.film_pipeline.name_reader", lambda _: MadeUpReader())
    film = write_film(tmp_path / "film.dcm")
    result = run(film, "--out", tmp_path / "out", *EVERYTHING)
    assert result.exit_code == 0, result.output
    folder = only_folder(tmp_path / "out")
    assert set(contents(folder)) >= FILES
    require_valid(*sorted((folder / "dicom").iterdir()))
    require_template(folder / "dicom" / "sr.dcm")
    assert read_score_report(folder / "dicom" / "sr.dcm")["total"]["aac24"] == saved_in(folder)["total"]["aac24"]


def test_images_that_are_not_dicom_have_messages_but_no_objects(
    study: SimulatedStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (read,) = read_input(study.folder)
    write_volume(read_volume(read.series[0]), tmp_path / "ct.nii.gz")
    arguments = (tmp_path / "ct.nii.gz", "--labels", study.labels, "--kvp", 120)
    plain = run(*arguments, "--out", tmp_path / "plain", "--fhir", "--hl7", "--pdf")
    assert plain.exit_code == 0, plain.output
    assert {"fhir.json", "oru.hl7", "report.pdf"} <= set(contents(only_folder(tmp_path / "plain")))
    refused = run(*arguments, "--out", tmp_path / "refused", "--dicom")
    assert refused.exit_code == 1
    assert "DICOM results need DICOM images" in " ".join(refused.output.split())
    assert not list((tmp_path / "refused").glob("*/*"))
    monkeypatch.setattr("vascal.film_pipeline.name_reader", lambda _: MadeUpReader())
    picture = write_picture(tmp_path / "film.png")
    assert run(picture, "--out", tmp_path / "film", "--film-spacing-mm", 1.4, "--fhir").exit_code == 0


def test_options_that_contradict_each_other_are_refused_before_any_scan_is_read(
    study: SimulatedStudy, tmp_path: Path
) -> None:
    wrongs = (
        ("--objects", "sr,rubbish"), ("--objects", " "), ("--seg-layout", "labelmap"), ("--language", "fr"),
        ("--saliency",),
    )  # fmt: skip
    for wrong in wrongs:
        assert run(study.folder, "--out", tmp_path / "out", *wrong).exit_code == 2
    assert not (tmp_path / "out").exists()


def test_a_missing_printer_is_named_with_what_works_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vascal.result_options.find_spec", lambda _: None)
    with pytest.raises(ImportError, match=r"vascal\[pdf\].*--objects seg,sr,capture,key-objects"):
        require_printer(ResultOptions(objects=KINDS))
    require_printer(ResultOptions(objects=("seg", "sr")))


def test_a_disk_that_fills_up_leaves_no_part_of_a_result(study: SimulatedStudy, tmp_path: Path) -> None:
    """A limit on the size of files stands for a full disk: the system refuses to write on in the middle of one."""
    out = tmp_path / "out"
    paths = (study.folder, "--out", out, "--labels", study.labels)
    command = [sys.executable, "-m", "vascal", "score", *map(str, paths), "--dicom"]

    def limit() -> None:
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))

    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit, check=False)
    assert done.returncode == 1
    assert "can not write" in " ".join((done.stdout + done.stderr).split())
    assert "Traceback" not in done.stdout + done.stderr
    assert [path.name for path in out.rglob("*") if path.is_file()] == ["scores.csv", "failures.csv"]


def test_earlier_results_stay_whole_when_new_ones_can_not_be_written(study: SimulatedStudy, tmp_path: Path) -> None:
    arguments = (study.folder, "--out", tmp_path, "--labels", study.labels)
    assert run(*arguments).exit_code == 0
    before = contents(only_folder(tmp_path))
    assert run(*arguments, "--dicom").exit_code == 2  # results are there, and nobody said to replace them
    assert contents(only_folder(tmp_path)) == before


def test_what_was_printed_follows_the_page_when_risk_is_told(study: SimulatedStudy, tmp_path: Path) -> None:
    made = run(study.folder, "--out", tmp_path, "--labels", study.labels, "--pdf", "--objects", "pdf,sr", "--fhir")
    assert made.exit_code == 0, made.output
    folder, smoker = only_folder(tmp_path), ("--age", "60", "--sex", "M", "--smoker", "yes")
    before = contents(folder)
    told = CliRunner().invoke(app, ["risk", str(tmp_path), *smoker])
    assert told.exit_code == 0, told.output
    assert "fhir.json still show the report from before" in " ".join(told.output.split())
    after = contents(folder)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"report.html", "risk.json", "report.pdf", "dicom/report.dcm"}
    document = pydicom.dcmread(folder / "dicom" / "report.dcm")
    assert document.EncapsulatedDocument.startswith(after["report.pdf"])
    require_valid(folder / "dicom" / "report.dcm")
    assert CliRunner().invoke(app, ["risk", str(tmp_path), *smoker]).exit_code == 0
    assert contents(folder) == after
