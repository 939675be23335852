"""`vascal risk` as a user types it."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.report.make_report import make_images, make_report
from vascal.cli.main import app
from vascal.io.results import report_to_json
from vascal.render.page import draw_page

IMAGES = make_images()

KNOWN = [
    *("--ethnicity", "white", "--total-cholesterol", "210 mg/dL", "--hdl", "45 mg/dL", "--systolic", "140"),
    *(
        "--bp-treatment",
        "no",
        "--lipid-treatment",
        "no",
        "--diabetes",
        "no",
        "--smoker",
        "no",
        "--family-history",
        "no",
    ),
]


def run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "200", "TERM": "dumb"}).invoke(app, ["risk", *arguments])


def said(result: Result) -> str:
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", result.output).split())


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for name in ("one", "two"):
        folder = tmp_path / "results" / "1.2" / name
        folder.mkdir(parents=True)
        (folder / "score.json").write_bytes(report_to_json(make_report(key=name)))
        (folder / "report.html").write_text(draw_page(make_report(key=name), IMAGES), encoding="utf-8")
    return tmp_path / "results"


def test_a_score_measured_elsewhere_is_assessed_without_files() -> None:
    result = run("--agatston", "400", "--age", "65", "--sex", "M", *KNOWN)
    assert result.exit_code == 0, result.output
    assert "MESA, 10 years, coronary heart disease: 7.7 %, with calcium 13.8 %" in result.output
    assert "Not said: Framingham" not in result.output


def test_every_result_gets_its_risk_and_the_run_a_table(results: Path) -> None:
    result = run(str(results), *KNOWN)
    assert result.exit_code == 0, result.output
    for name in ("one", "two"):
        assert json.loads((results / "1.2" / name / "risk.json").read_text())["change"] is not None
    lines = (results / "risk.csv").read_text().splitlines()
    assert len(lines) == 3
    assert "1.2/one" in lines[1]
    assert "2 assessed, 0 failed" in result.output


def test_one_series_gets_no_table(results: Path) -> None:
    assert run(str(results / "1.2" / "one")).exit_code == 0
    assert list(results.rglob("risk.csv")) == []


def test_a_damaged_result_does_not_cost_the_others(results: Path) -> None:
    (results / "1.2" / "one" / "score.json").write_text("{")
    result = run(str(results))
    assert result.exit_code == 1
    assert "not assessed: score.json is damaged" in said(result)
    assert (results / "1.2" / "two" / "risk.json").exists()


def test_results_of_the_aorta_are_left_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "score.json"
    path.write_text('{"schema": "vascal.aorta/1"}')
    result = run(str(path))
    assert result.exit_code == 0
    assert "no use for" in said(result)


def test_what_is_typed_is_not_given_to_several_patients(results: Path) -> None:
    other = results / "9.9" / "three"
    other.mkdir(parents=True)
    report = make_report()
    stranger = replace(report, series=replace(report.series, study_instance_uid="9.9"))
    (other / "score.json").write_bytes(report_to_json(stranger))
    result = run(str(results), *KNOWN)
    assert result.exit_code == 2
    assert "results of 2 studies" in said(result)
    assert list(results.rglob("risk.json")) == []


def test_variables_that_are_no_longer_given_are_named(results: Path) -> None:
    one = str(results / "1.2" / "one")
    run(one, "--hdl", "50 mg/dL")
    assert "no longer used: HDL cholesterol" in said(run(one))


def test_a_table_is_for_results(tmp_path: Path) -> None:
    table = tmp_path / "clinical.csv"
    table.write_text("study,age_years\n1.2,60\n")
    result = run("--agatston", "50", "--clinical", str(table))
    assert result.exit_code == 2
    assert "--clinical has a row a study" in said(result)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--agatston", "1", "--total-cholesterol", "5.4"], "5.4 looks like mmol/L"),
        (["--agatston", "1", "--age", "12"], "adults"),
        (["--agatston", "1", "--hdl", "-40 mg/dL"], "HDL cholesterol (hdl) of -40 mg/dL; needed: 5"),
        (["--agatston", "1", "--smoker", "perhaps"], "needed: yes, no"),
        ([], "--agatston or --aac24"),
        (["--agatston", "99999"], "needed: 0 to 50000"),
        (["--agatston", "1", "--absent-means-no"], "give one with --fhir"),
        (["--agatston", "1", "--date", "5.3.2024"], "--date needs a day as in 2024-03-05"),
    ],
)
def test_bad_usage_is_said_with_the_likely_cause(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in said(result)


def test_results_and_a_typed_score_exclude_each_other(results: Path) -> None:
    assert run(str(results), "--agatston", "1").exit_code == 2


def test_a_licensed_table_goes_first(tmp_path: Path) -> None:
    table = tmp_path / "mesa.csv"
    head = "reference,sex,ethnicity,age_low,age_high,percentile,agatston\n"
    table.write_text(head + "".join(f"own,M,,60,69,{p},{s}\n" for p, s in ((25, 0), (50, 20), (75, 150), (90, 500))))
    result = run("--agatston", "150", "--age", "65", "--sex", "M", "--percentiles", str(table))
    assert result.exit_code == 0, result.output
    assert "lies at the 75th percentile (own; " in result.output
