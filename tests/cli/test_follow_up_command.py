"""`vascal follow-up` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import typer
from typer.testing import CliRunner

from tests.report.make_scans import make_saved, write_saved
from tests.risk.lesion_sets import grow, make_lesions, move
from vascal.cli.follow_up import follow_up
from vascal.io.follow_up_results import read_follow_up_schema

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
app.command("follow-up")(follow_up)
app.command("other")(lambda: None)


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["follow-up", *arguments], env={"COLUMNS": "400", "NO_COLOR": "1"})
    return result.exit_code, result.output


@pytest.fixture
def results(tmp_path: Path) -> tuple[str, str]:
    """Folders of two earlier runs of `vascal score`."""
    later = grow(move(make_lesions(), (12.0, -8.0, 140.0)), 1.5)
    first = write_saved(make_saved(make_lesions(), day="20190301", age=58.0), tmp_path / "2019" / "1.2" / "1.2.3")
    write_saved(make_saved(later, day="20240301", age=63.0), tmp_path / "2024" / "1.2" / "1.2.3")
    return str(first), str(tmp_path / "2024")


def test_two_results_in_any_order_make_a_page_and_numbers(results: tuple[str, str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, said = run(*results[::-1], "--out", str(out))
    assert code == 0, said
    assert "Calcium has increased beyond chance. Agatston score 418 at first, 627 after 5.0 years" in said
    assert f"The report is {out / 'follow-up.html'}" in said
    saved = json.loads((out / "follow-up.json").read_text())
    jsonschema.validate(saved, read_follow_up_schema())
    assert [scan["date"] for scan in saved["scans"]] == ["2019-03-01", "2024-03-01"]
    assert "<svg" in (out / "follow-up.html").read_text()


def test_the_same_command_gives_the_same_files(results: tuple[str, str], tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert run(*results, "--out", str(tmp_path / name))[0] == 0
    for file in ("follow-up.json", "follow-up.html"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_an_earlier_comparison_is_kept_unless_told_otherwise(results: tuple[str, str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "follow-up.json").write_text("mine")
    code, said = run(*results, "--out", str(out))
    assert code == 2
    assert "holds follow-up.json already; --overwrite replaces it" in said
    assert (out / "follow-up.json").read_text() == "mine"
    assert run(*results, "--out", str(out), "--overwrite")[0] == 0
    assert json.loads((out / "follow-up.json").read_text())["kind"] == "follow-up"


def test_days_age_sex_and_body_mass_index_can_be_stated(results: tuple[str, str], tmp_path: Path) -> None:
    stated = ["--dates", "2019-03-01, 2025-03-01", "--age", "50", "--sex", "M", "--bmi", "33"]
    code, said = run(*results, "--out", str(tmp_path / "out"), *stated)
    assert code == 0, said
    saved = json.loads((tmp_path / "out" / "follow-up.json").read_text())
    assert saved["patient"] == {"age_years": 50.0, "sex": "M"}
    assert saved["overall"]["years"] == pytest.approx(6.0, abs=0.01)
    assert (saved["overall"]["bmi"], saved["overall"]["bmi_is_assumed"]) == (33.0, False)


def test_scans_that_were_made_differently_are_said_to_be_not_comparable(
    results: tuple[str, str], tmp_path: Path
) -> None:
    saved = make_saved(make_lesions(), day="20260301", age=65.0)
    saved["series"]["acquisition"]["kvp"] = 80.0
    third = write_saved(saved, tmp_path / "2026")
    code, said = run(*results, str(third), "--out", str(tmp_path / "out"))
    assert code == 0
    assert "Not comparable: Scanned at different tube voltages (120 kVp, 80 kVp)" in said


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--dates", "2019-03-01"], "--dates names 1 for 2 scans; needed: one for each, in their order"),
        (["--dates", "2019-03-01,March"], "--dates has 'March'; needed: days as in 2020-01-31"),
        (["--dates", "2019-03-01,2019-03-01", "--age", "58"], "scans of different days"),
        (["--dates", "2009-03-01,2024-03-01"], "If the headers' ages or dates are not real, state them"),
        (["--dates", "2019-03-01,2999-03-01", "--age", "58"], "scan 2 is of a day to come"),
        (["--age", "7"], "Invalid value for '--age'"),
    ],
)
def test_mistakes_are_said_in_one_line(
    results: tuple[str, str], tmp_path: Path, extra: list[str], message: str
) -> None:
    code, said = run(*results, "--out", str(tmp_path / "out"), *extra)
    assert code == 2
    assert message in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_a_score_without_a_date_asks_for_it(results: tuple[str, str], tmp_path: Path) -> None:
    undated = write_saved(make_saved(make_lesions(), day="", age=None), tmp_path / "undated")
    code, said = run(results[0], str(undated), "--out", str(tmp_path / "out"))
    assert code == 2
    assert "scan 2 has no study date" in said


def test_one_scan_and_a_damaged_one_are_refused(results: tuple[str, str], tmp_path: Path) -> None:
    assert "two scans or more; found 1" in run(results[0], "--out", str(tmp_path / "out"))[1]
    (tmp_path / "score.json").write_text("{")
    code, said = run(results[0], str(tmp_path / "score.json"), "--out", str(tmp_path / "out"))
    assert code == 2
    assert "score.json is not JSON text" in said


def test_a_page_that_can_not_be_written_leaves_no_numbers_of_another(results: tuple[str, str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(*results, "--out", str(out))[0] == 0
    (out / "follow-up.html").unlink()
    (out / "follow-up.html").mkdir()  # so that writing fails half-way
    code, said = run(*results, "--out", str(out), "--overwrite")
    assert code == 1
    assert "can not write follow-up.html" in said
    assert not (out / "follow-up.json").exists()


def test_numbers_that_can_not_be_removed_are_said_to_be_so(results: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "out" / "follow-up.json").mkdir(parents=True)
    code, said = run(*results, "--out", str(tmp_path / "out"), "--overwrite")
    assert code == 1
    assert "can not replace follow-up.json" in said


def test_results_that_are_there_already_are_named_in_the_help() -> None:
    assert "or results are there already" in " ".join(run("--help")[1].split())


def test_a_stated_sex_keeps_the_doubt(results: tuple[str, str], tmp_path: Path) -> None:
    third = write_saved(make_saved(make_lesions(), day="20250301", age=64.0, sex="M"), tmp_path / "2025")
    code, said = run(*results, str(third), "--out", str(tmp_path / "out"))
    assert (code, "sex differs between the scans" in said) == (2, True)
    assert run(*results, str(third), "--out", str(tmp_path / "out"), "--sex", "M")[0] == 0
    saved = json.loads((tmp_path / "out" / "follow-up.json").read_text())
    assert "sex-differs" in {caveat["code"] for caveat in saved["caveats"]}


def test_a_folder_that_can_not_be_written_is_an_error_of_its_own(results: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("a file, not a folder")
    code, said = run(*results, "--out", str(tmp_path / "blocked"))
    assert code == 1
    assert "can not write follow-up.html" in said
