"""`vascal export`: files, exit status, and options that contradict each other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tests.io.result_kinds import make_ct
from tests.test_result_export import save
from vascal.cli.export import export

app = typer.Typer()
app.command()(export)
run = CliRunner(env={"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "200"})


@pytest.fixture
def results(tmp_path: Path) -> Path:
    save(tmp_path / "results", make_ct())
    return tmp_path / "results"


def test_without_a_place_files_lie_beside_the_results(results: Path) -> None:
    done = run.invoke(app, [str(results), "--to", "redcap"])
    assert done.exit_code == 0, done.output
    assert {path.name for path in (results / "export").iterdir()} == {"redcap.csv", "redcap_dictionary.csv"}
    assert "preliminary until a person verifies them" in done.output


def test_an_export_is_no_result(results: Path) -> None:
    for _ in range(2):
        done = run.invoke(app, [str(results), "--to", "fhir"])
        assert done.exit_code == 0, done.output
    assert "1 file from 1 result" in done.output


def test_a_message_with_patient_route_and_moment(results: Path, tmp_path: Path) -> None:
    ids = tmp_path / "ids.csv"
    ids.write_text("study,patient_id,name,id_system\n1.2,77,Doe^Jane,urn:oid:1.3\n", encoding="utf-8")
    common = ["--patient-ids", str(ids), "--into", str(tmp_path / "out")]
    done = run.invoke(app, [str(results), "--to", "hl7", *common, "--receiver", "RIS, Ward", "--processing", "T"])
    assert done.exit_code == 0, done.output
    message = (tmp_path / "out" / "1.2" / "1.2.3" / "oru.hl7").read_text(encoding="utf-8")
    assert "|VASCAL||RIS|Ward|20200102000000||" in message
    assert "|T|2.5.1|" in message
    assert "77" not in done.output.replace(str(tmp_path), "")
    done = run.invoke(app, [str(results), "--to", "fhir", "--transaction", *common])
    assert done.exit_code == 0, done.output
    bundle = json.loads((tmp_path / "out" / "1.2" / "1.2.3" / "fhir.json").read_text(encoding="utf-8"))
    assert bundle["type"] == "transaction"
    assert "timestamp" in bundle


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--to", "redcap", "--transaction"], "--transaction has no meaning with --to redcap"),
        (["--to", "hl7", "--transaction"], "--transaction has no meaning with --to hl7"),
        (["--to", "csv", "--pdf"], "--pdf has no meaning with --to csv"),
        (["--to", "excel"], "excel"),
        (["--to", "fhir", "--pdf"], "no report.pdf"),
    ],
)
def test_what_makes_no_sense_is_bad_usage(results: Path, options: list[str], said: str) -> None:
    done = run.invoke(app, [str(results), *options])
    assert done.exit_code == 2
    assert said in " ".join(done.output.split())


def test_tables_are_refused_where_they_have_no_use(results: Path, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("study,patient_id,record_id\n1.2,77,5\n", encoding="utf-8")
    for target, option in (("redcap", "--patient-ids"), ("fhir", "--record-ids")):
        done = run.invoke(app, [str(results), "--to", target, option, str(table)])
        assert done.exit_code == 2
    done = run.invoke(app, [str(results), "--to", "csv", "--record-ids", str(table)])
    assert done.exit_code == 0, done.output
    assert "\n5," in (results / "export" / "results.csv").read_text(encoding="utf-8")


def test_damaged_and_other_results_are_said_and_the_rest_is_written(results: Path) -> None:
    for name, text in (("bad", "{"), ("other", '{"schema": "vascal.aorta/1"}')):
        (results / "x" / name).mkdir(parents=True)
        (results / "x" / name / "score.json").write_text(text, encoding="utf-8")
    done = run.invoke(app, [str(results), "--to", "csv"])
    assert done.exit_code == 1
    assert "not written: x/bad" in done.output
    assert "1 results of other kinds were left out" in done.output
    assert (results / "export" / "results.csv").is_file()


def test_a_place_that_can_not_be_written_is_exit_one(results: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = run.invoke(app, [str(results), "--to", "csv", "--into", str(tmp_path / "file")])
    assert done.exit_code == 1


def test_a_run_in_which_nothing_could_be_scored_stops_no_cohort(results: Path, tmp_path: Path) -> None:
    failed = tmp_path / "failed"
    failed.mkdir()
    (failed / "failures.csv").write_text("input\n", encoding="utf-8")
    done = run.invoke(app, [str(results), str(failed), "--to", "csv"])
    assert done.exit_code == 0, done.output
    alone = run.invoke(app, [str(failed), "--to", "csv"])
    assert alone.exit_code == 2
    assert "nothing could be scored in any of these folders" in alone.output
