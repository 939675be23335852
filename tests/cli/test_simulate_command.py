"""`vascal simulate ct`: what lands on disk, that it can be scored, and that it is the same every time."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from typer.testing import CliRunner

from vascal.cli.main import app
from vascal.io.plan_csv import read_plan

PLAN = (
    "patient_id,series_number,seed,protocol,matrix,field_mm,thickness_mm,increment_mm,region,agatston\n"
    "SIM7,1,7,gated,96,220,6,6,heart,300\n"
    "SIM7,2,7,low-dose,96,360,10,10,heart,300\n"
    "SIM8,1,8,ccta,64,200,12,12,heart,50\n"
)
RUN = CliRunner()


def run(folder: Path, *more: str) -> None:
    plan = folder / "in.csv"
    plan.parent.mkdir(parents=True, exist_ok=True)
    plan.write_text(PLAN)
    result = RUN.invoke(app, ["simulate", "ct", "--out", str(folder / "out"), "--plan", str(plan), *more])
    assert result.exit_code == 0, result.output


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated")
    run(folder, "--jobs", "1")
    return folder / "out"


def test_series_of_one_patient_are_one_study(simulated: Path) -> None:
    first, second, other = (
        pydicom.dcmread(next(simulated.glob(place))) for place in ("SIM7/01*/ct/*", "SIM7/02*/ct/*", "SIM8/01*/ct/*")
    )
    assert first.StudyInstanceUID == second.StudyInstanceUID != other.StudyInstanceUID
    assert first.SeriesInstanceUID != second.SeriesInstanceUID
    assert str(first.PatientName).startswith("SIM^")
    assert "SIMULATED" in first.ImageType
    assert "ContrastBolusAgent" in other
    assert "ContrastBolusAgent" not in first


def test_truth_fits_the_labels_and_names_segments(simulated: Path) -> None:
    truth = json.loads((simulated / "SIM7/01-gated/truth/truth.json").read_text())
    stored = nibabel.load(simulated / "SIM7/01-gated/truth/lesions.nii.gz")
    labels = np.asarray(stored.dataobj)  # type: ignore[attr-defined]
    seen = [lesion["number"] for lesion in truth["lesions"] if lesion["peak_hu"] > 40 and lesion["is_in_field"]]
    assert seen
    assert np.all(np.isin(seen, labels))
    assert all(1 <= lesion["segment"] <= 18 for lesion in truth["lesions"] if lesion["vessel"])
    assert truth["notice"].startswith("SIMULATED")
    assert truth["coronary_mass_mg"]["total"] == pytest.approx(
        sum(lesion["seen_mg"] for lesion in truth["lesions"] if lesion["vessel"]), abs=0.01
    )


def test_segmentations_hold_the_labels(simulated: Path) -> None:
    hd = pytest.importorskip("highdicom")
    folder = simulated / "SIM7/01-gated/truth"
    stored = nibabel.load(folder / "territories.nii.gz")
    labels = np.asarray(stored.dataobj).transpose(2, 1, 0)  # type: ignore[attr-defined]
    seg = hd.seg.segread(folder / "territories.seg.dcm")
    assert {seg.get_segment_description(n).segment_label for n in seg.segment_numbers} == {"LM", "LAD", "LCX", "RCA"}
    frames = sum(int(seg.pixel_array[k].sum()) for k in range(seg.NumberOfFrames))
    assert frames == np.count_nonzero(labels)
    organs = hd.seg.segread(folder / "organs.seg.dcm")
    assert organs.SegmentationType == "LABELMAP"
    assert str(organs.PatientName).startswith("SIM^")


def test_tables_list_plan_and_lesions(simulated: Path) -> None:
    assert [scan.patient_id for scan in read_plan(simulated / "plan.csv")] == ["SIM7", "SIM7", "SIM8"]
    rows = (simulated / "lesions.csv").read_text().splitlines()
    assert rows[0].startswith("patient_id,series_number,protocol,number,site,vessel,segment,mass_mg")
    assert len(rows) > 10


def test_the_same_plan_gives_the_same_bytes_on_one_core_and_on_two(simulated: Path, tmp_path: Path) -> None:
    run(tmp_path, "--jobs", "2", "--no-seg")
    again = digests(tmp_path / "out")
    first = digests(simulated)
    assert again == {name: first[name] for name in again}


def test_a_simulated_scan_can_be_scored(simulated: Path, tmp_path: Path) -> None:
    scan = simulated / "SIM7/01-gated"
    labels = str(scan / "truth/vessels.nii.gz")
    result = RUN.invoke(app, ["score", str(scan / "ct"), "--labels", labels, "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("arguments", [["--protocol", "x"], ["--plan", "none.csv"]])
def test_a_wrong_request_is_said_without_a_traceback(arguments: list[str], tmp_path: Path) -> None:
    result = RUN.invoke(app, ["simulate", "ct", "--out", str(tmp_path / "out"), *arguments])
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_the_qrm_phantom_is_simulated_with_its_inserts(tmp_path: Path) -> None:
    result = RUN.invoke(app, ["simulate", "ct", "--out", str(tmp_path), "--protocol", "qrm", "--protocol", "qrm-large"])
    assert result.exit_code == 0, result.output
    truth = json.loads((tmp_path / "QRM00000L/truth/truth.json").read_text())
    assert sum(insert["mass_mg"] for insert in truth["inserts"]) == pytest.approx(168.2, abs=0.3)
    assert pydicom.dcmread(next((tmp_path / "QRM00000S/ct").iterdir())).Modality == "CT"


def test_dual_energy_writes_every_image_of_the_scan(tmp_path: Path) -> None:
    plan = tmp_path / "plan.csv"
    plan.write_text("patient_id,protocol,matrix,thickness_mm,increment_mm\nDE,dual-energy,64,20,20\n")
    result = RUN.invoke(app, ["simulate", "ct", "--out", str(tmp_path / "out"), "--plan", str(plan)])
    assert result.exit_code == 0, result.output
    folders = {path.name for path in (tmp_path / "out/DE/01-dual-energy").iterdir()}
    assert folders == {"ct", "ct-low", "ct-high", "ct-vnc", "truth"}
    series = {
        pydicom.dcmread(next(path.iterdir())).SeriesInstanceUID
        for path in (tmp_path / "out/DE/01-dual-energy").glob("ct*")
    }
    assert len(series) == 4
