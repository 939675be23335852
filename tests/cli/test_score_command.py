"""`vascal score` as a user meets it: files, exit status, and nothing lost."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from tests.simulated_study import PATIENT_ID, SimulatedStudy, make_study
from vascal.cli.main import app
from vascal.io.nifti import write_label_map
from vascal.io.results import read_schema
from vascal.pipeline import ScoredSeries, score_series


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> SimulatedStudy:
    return make_study(tmp_path_factory.mktemp("simulated"))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["score", *map(str, arguments)])


def saved_in(out: Path) -> dict[str, Any]:
    (path,) = out.glob("*/*/score.json")
    saved: dict[str, Any] = json.loads(path.read_text())
    return saved


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_labels_give_a_score_and_every_promised_file(study: SimulatedStudy, tmp_path: Path) -> None:
    result = run(study.folder, "--out", tmp_path / "out", "--labels", study.labels, "--anatomy")
    assert result.exit_code == 0, result.output
    (folder,) = (tmp_path / "out").glob("*/*/")
    assert sorted(p.name for p in folder.iterdir()) == [
        "anatomy.json",
        "anatomy.nii.gz",
        "lesions.csv",
        "overlay.png",
        "report.html",
        "risk.json",
        "score.json",
    ]
    saved = saved_in(tmp_path / "out")
    jsonschema.validate(saved, read_schema())
    assert saved["found_by"] == "labels"
    assert saved["total"]["agatston"] > 0
    assert saved["total"]["agatston"] == pytest.approx(sum(v["agatston"] for v in saved["vessels"].values()))
    (row,) = table(tmp_path / "out" / "scores.csv")
    assert (row["quote"], row["quote_reason"]) == ("yes", "the only series")
    assert float(row["agatston"]) == saved["total"]["agatston"]
    assert table(tmp_path / "out" / "failures.csv") == []


def test_without_labels_the_finder_scores_and_says_so(study: SimulatedStudy, tmp_path: Path) -> None:
    result = run(study.folder, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    saved = saved_in(tmp_path / "out")
    assert saved["found_by"] == "rules"
    assert "found-automatically" in {caveat["code"] for caveat in saved["caveats"]}
    assert all(0 <= lesion["confidence"] <= 1 for lesion in saved["lesions"])


def test_a_folder_without_networks_is_bad_usage_before_anything_is_read(study: SimulatedStudy, tmp_path: Path) -> None:
    result = run(study.folder, "--out", tmp_path / "out", "--model", tmp_path)
    assert result.exit_code == 2
    assert "manifest.json" in result.output
    assert not (tmp_path / "out").exists()
    both = run(study.folder, "--out", tmp_path / "out", "--model", tmp_path, "--finder", "rules")
    assert both.exit_code == 2
    assert "leave one out" in both.output


def test_results_are_not_touched_unless_asked(study: SimulatedStudy, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(study.folder, "--out", out, "--labels", study.labels).exit_code == 0
    (path,) = out.glob("*/*/score.json")
    before = path.stat().st_mtime_ns
    refused = run(study.folder, "--out", out, "--labels", study.labels)
    assert refused.exit_code == 2
    assert "--resume" in refused.output
    assert run(study.folder, "--out", out, "--labels", study.labels, "--resume").exit_code == 0
    assert path.stat().st_mtime_ns == before
    assert run(study.folder, "--out", out, "--labels", study.labels, "--overwrite").exit_code == 0
    assert path.stat().st_mtime_ns != before


def test_resuming_with_other_options_mixes_nothing(study: SimulatedStudy, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(study.folder, "--out", out, "--labels", study.labels).exit_code == 0
    before = saved_in(out)
    result = run(study.folder, "--out", out, "--labels", study.labels, "--resume", "--threshold-hu", 150)
    assert result.exit_code == 1
    assert "other options" in result.output
    assert saved_in(out) == before


def test_overrides_reach_the_rule_and_the_report(study: SimulatedStudy, tmp_path: Path) -> None:
    result = run(
        study.folder, "--out", tmp_path / "out", "--labels", study.labels, "--threshold-hu", 150, "--min-area-mm2", 0,
        "--kvp", 100, "--gated", "--calibration", 0.7,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    saved = saved_in(tmp_path / "out")
    assert saved["rule"]["name"] == "agatston-kvp"
    assert saved["rule"]["threshold_hu"] == 150
    assert saved["rule"]["changed"] == ["threshold_hu", "min_patch_mm2"]
    assert saved["calibration"] == {
        "factor_mg_cm3_per_hu": 0.7,
        "source": "stated",
        "detail": "0.7 mg/cm3 per HU",
    }
    assert saved["series"]["acquisition"]["gating"]["evidence"] == "stated"
    assert {"rule-changed"} <= {caveat["code"] for caveat in saved["caveats"]}


@pytest.mark.parametrize(
    "wrong",
    [
        ["--rule", "agatston-1889"],
        ["--resume", "--overwrite"],
        ["--calibration", "much"],
        ["--jobs", "-1"],
        ["--labels", "missing.nii.gz"],
    ],
)
def test_bad_usage_ends_with_status_2_and_writes_nothing(
    study: SimulatedStudy, tmp_path: Path, wrong: list[str]
) -> None:
    result = run(study.folder, "--out", tmp_path / "out", *wrong)
    assert result.exit_code == 2
    assert not list(tmp_path.glob("out/*"))


def test_a_missing_input_is_bad_usage(tmp_path: Path) -> None:
    assert run(tmp_path / "nowhere", "--out", tmp_path / "out").exit_code == 2


def test_an_output_that_can_not_be_made_is_bad_usage(study: SimulatedStudy, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = run(study.folder, "--out", tmp_path / "file" / "out")
    assert result.exit_code == 2
    assert "can not make the folder" in " ".join(result.output.split())


def test_an_input_without_images_is_a_failure_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = run(tmp_path / "empty", "--out", tmp_path / "out")
    assert result.exit_code == 1
    (row,) = table(tmp_path / "out" / "failures.csv")
    assert (row["kind"], row["code"]) == ("failed", "not-an-image")


def test_one_broken_study_does_not_cost_the_others(study: SimulatedStudy, tmp_path: Path) -> None:
    broken = make_study(tmp_path / "other", seed=1)
    sorted(broken.folder.iterdir())[20].unlink()
    result = run(broken.folder, study.folder, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert len(table(tmp_path / "out" / "scores.csv")) == 1
    (row,) = table(tmp_path / "out" / "failures.csv")
    assert row["code"] == "missing-slice"
    accepted = run(broken.folder, "--out", tmp_path / "out2", "--accept-uneven", "--labels", study.labels)
    assert accepted.exit_code == 1
    accepted = run(broken.folder, "--out", tmp_path / "out3", "--accept-uneven")
    assert accepted.exit_code == 0, accepted.output
    assert "gaps" in {caveat["code"] for caveat in saved_in(tmp_path / "out3")["caveats"]}


def test_two_processes_give_what_one_gives(study: SimulatedStudy, tmp_path: Path) -> None:
    other = make_study(tmp_path / "other", seed=1)
    one = run(study.folder, other.folder, "--out", tmp_path / "one")
    two = run(study.folder, other.folder, "--out", tmp_path / "two", "--jobs", 2)
    assert (one.exit_code, two.exit_code) == (0, 0), two.output
    paths = [{p.relative_to(tmp_path / n) for p in (tmp_path / n).glob("*/*/*")} for n in ("one", "two")]
    assert paths[0] == paths[1]
    for path in paths[0]:
        assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes()


def test_an_interrupted_run_keeps_what_is_finished_and_resumes(
    study: SimulatedStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_study(tmp_path / "other", seed=1)
    inputs = (study.folder, other.folder)
    calls: list[int] = []

    def impatient(*arguments: Any, **options: Any) -> ScoredSeries:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return score_series(*arguments, **options)

    monkeypatch.setattr("vascal.batch.score_series", impatient)
    assert run(*inputs, "--out", tmp_path / "out").exit_code == 130
    assert len(table(tmp_path / "out" / "scores.csv")) == 1
    assert run(*inputs, "--out", tmp_path / "out", "--resume").exit_code == 0
    assert len(calls) == 3
    assert len(table(tmp_path / "out" / "scores.csv")) == 2
    assert not list((tmp_path / "out").rglob("*.part"))


def test_an_unexpected_error_fails_one_series_without_telling_what_it_read(
    study: SimulatedStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> ScoredSeries:
        raise ValueError(f"bad header of {PATIENT_ID}")

    monkeypatch.setattr("vascal.batch.score_series", broken)
    result = run(study.folder, "--out", tmp_path / "out")
    assert result.exit_code == 1
    (row,) = table(tmp_path / "out" / "failures.csv")
    assert row["code"] == "internal"
    assert "ValueError at test_score_command.py" in row["message"]
    assert PATIENT_ID not in row["message"] + result.output


def test_nothing_written_or_printed_names_the_patient(study: SimulatedStudy, tmp_path: Path) -> None:
    result = run(study.folder, "--out", tmp_path / "out")
    assert result.exit_code == 0
    texts = [p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()] + [result.output.encode()]
    assert not any(PATIENT_ID.encode() in text for text in texts)
    assert not any(b"SIM^" in text for text in texts)


def test_labels_of_another_grid_are_refused(study: SimulatedStudy, tmp_path: Path) -> None:
    nib = pytest.importorskip("nibabel")
    image = nib.Nifti1Image(np.ones((10, 10, 10), dtype=np.uint8), np.eye(4))
    nib.save(image, tmp_path / "labels.nii.gz")
    result = run(study.folder, "--out", tmp_path / "out", "--labels", tmp_path / "labels.nii.gz")
    assert result.exit_code == 1
    (row,) = table(tmp_path / "out" / "failures.csv")
    assert row["code"] == "grid-mismatch"


def test_the_same_series_given_twice_is_scored_once(study: SimulatedStudy, tmp_path: Path) -> None:
    shutil.copytree(study.folder, tmp_path / "copy")
    result = run(study.folder, tmp_path / "copy", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    (row,) = table(tmp_path / "out" / "failures.csv")
    assert (row["kind"], row["code"]) == ("skipped", "duplicate")


def test_rules_and_version_are_printed() -> None:
    listed = CliRunner().invoke(app, ["rules"])
    assert listed.exit_code == 0
    assert "agatston-1990" in listed.output
    assert "vascal 0" in CliRunner().invoke(app, ["--version"]).output


def test_resuming_with_changed_labels_keeps_no_stale_score(study: SimulatedStudy, tmp_path: Path) -> None:
    labels = tmp_path / "labels.nii.gz"
    shutil.copy(study.labels, labels)
    assert run(study.folder, "--out", tmp_path / "out", "--labels", labels).exit_code == 0
    write_label_map(replace(study.thorax.vessels, labels=np.zeros_like(study.thorax.vessels.labels)), labels)
    result = run(study.folder, "--out", tmp_path / "out", "--labels", labels, "--resume")
    assert result.exit_code == 1
    assert "other options, labels, images" in " ".join(result.output.split())


def test_resuming_over_a_damaged_result_says_so(study: SimulatedStudy, tmp_path: Path) -> None:
    assert run(study.folder, "--out", tmp_path / "out", "--labels", study.labels).exit_code == 0
    (path,) = (tmp_path / "out").glob("*/*/score.json")
    path.write_text("{")
    result = run(study.folder, "--out", tmp_path / "out", "--labels", study.labels, "--resume")
    assert result.exit_code == 1
    assert "is damaged; use --overwrite" in " ".join(result.output.split())


def test_other_images_of_one_name_are_a_failure_and_not_a_duplicate(study: SimulatedStudy, tmp_path: Path) -> None:
    nib = pytest.importorskip("nibabel")
    for name, shift in (("a", 0), ("b", 1)):
        (tmp_path / name).mkdir()
        pixels = np.full((20, 20, 6), -50 + shift, dtype=np.int16)
        pixels[0] = 40
        nib.save(nib.Nifti1Image(pixels, np.diag([1.0, 1.0, 3.0, 1.0])), tmp_path / name / "ct.nii.gz")
    result = run(tmp_path / "a" / "ct.nii.gz", tmp_path / "b" / "ct.nii.gz", "--out", tmp_path / "out")
    assert result.exit_code == 1
    codes = {row["code"] for row in table(tmp_path / "out" / "failures.csv")}
    assert "name-collision" in codes


def test_label_values_without_a_name_are_refused_unless_names_are_given(study: SimulatedStudy, tmp_path: Path) -> None:
    labels = study.thorax.vessels.labels.copy()
    labels[labels > 0] = 60
    write_label_map(replace(study.thorax.vessels, labels=labels, names={60: "x"}), tmp_path / "l.nii.gz")
    result = run(study.folder, "--out", tmp_path / "out", "--labels", tmp_path / "l.nii.gz")
    assert result.exit_code == 1
    (row,) = table(tmp_path / "out" / "failures.csv")
    assert row["code"] == "labels"
    assert "60" in row["message"]
