"""`vascal score` with films as a user meets it; the networks' place is taken by a made-up reader."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from tests.aac.made_film import MadeUpReader
from tests.film_files import PATIENT_ID, write_film, write_picture
from tests.io.make_ct import write_series
from vascal.cli.main import app
from vascal.io.aac_results import read_aac_schema


@pytest.fixture(autouse=True)
def reader(monkeypatch: pytest.MonkeyPatch) -> MadeUpReader:
    made_up = MadeUpReader()
    monkeypatch.setattr("vascal.film_pipeline.name_reader", lambda _: made_up)
    monkeypatch.setattr("vascal.render.film_overlay.PANEL_HEIGHT", 300)
    return made_up


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["score", *map(str, arguments)])


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_film_gives_a_score_and_every_promised_file(tmp_path: Path) -> None:
    film, out = write_film(tmp_path / "film.dcm"), tmp_path / "out"
    result = run(film, "--out", out)
    assert result.exit_code == 0, result.output
    assert "AAC-24 13 (moderate), 95 % interval 9 to 16" in result.output
    assert result.output.rstrip().endswith("see " + str(out / "aac_scores.csv"))
    folder = out / "1.2.3" / "1.2.3.4.5"
    assert sorted(p.name for p in folder.iterdir()) == ["overlay.png", "report.html", "risk.json", "score.json"]
    saved = json.loads((folder / "score.json").read_text())
    jsonschema.validate(saved, read_aac_schema())
    assert saved["total"]["aac24"] == 13
    (row,) = table(out / "aac_scores.csv")
    assert (row["aac24"], row["quote"], row["quote_reason"]) == ("13", "yes", "the only film")
    assert table(out / "scores.csv") == table(out / "failures.csv") == []
    everything = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    assert PATIENT_ID.encode() not in everything
    assert b"Secret" not in everything
    assert PATIENT_ID not in result.output


def test_a_picture_needs_a_stated_spacing(tmp_path: Path) -> None:
    picture = write_picture(tmp_path / "film.png")
    refused = run(picture, "--out", tmp_path / "one")
    assert refused.exit_code == 1
    (failure,) = table(tmp_path / "one" / "failures.csv")
    assert failure["kind"] == "failed"
    assert failure["code"] != "not-an-image"
    result = run(picture, "--out", tmp_path / "two", "--film-spacing-mm", 1.4)
    assert result.exit_code == 0, result.output
    (row,) = table(tmp_path / "two" / "aac_scores.csv")
    assert (row["spacing_source"], row["row_spacing_mm"]) == ("stated", "1.4")
    absurd = run(picture, "--out", tmp_path / "three", "--film-spacing-mm", 50)
    assert absurd.exit_code == 2
    assert not (tmp_path / "three").exists()


def test_films_and_ct_may_lie_in_one_folder_and_each_failure_is_told_once(tmp_path: Path) -> None:
    study, out = tmp_path / "study", tmp_path / "out"
    write_film(study / "lateral.dcm")
    write_film(study / "frontal.dcm", uid="1.2.3.4.6", view="AP")
    write_series(study / "ct")
    result = run(study, "--out", out)
    assert result.exit_code == 1
    assert [row["film"] for row in table(out / "aac_scores.csv")] == ["1.2.3.4.5"]
    failures = table(out / "failures.csv")
    assert sorted(failure["code"] for failure in failures if failure["subject"] == "frontal.dcm") == ["not-lateral"]
    # The CT of 6 x 8 pixels shows no heart; the film's series is not refused for not being CT.
    assert len(failures) == 2
    assert not any("modality DX" in failure["message"] for failure in failures)


def test_a_reader_that_refuses_makes_a_failure_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vascal.film_pipeline.name_reader", lambda _: MadeUpReader(refused_view="RL"))
    study = tmp_path / "study"
    write_film(study / "a.dcm", uid="1.2.3.4.5")
    write_film(study / "b.dcm", uid="1.2.3.4.6", view="RL")
    result = run(study, "--out", tmp_path / "out")
    assert result.exit_code == 1
    (failure,) = table(tmp_path / "out" / "failures.csv")
    assert (failure["subject"], failure["study"], failure["code"]) == ("1.2.3.4.6", "1.2.3", "not-lateral")
    assert len(table(tmp_path / "out" / "aac_scores.csv")) == 1


def test_resume_keeps_films_made_the_same_way_and_overwrite_replaces_them(tmp_path: Path) -> None:
    film, out = write_film(tmp_path / "film.dcm"), tmp_path / "out"
    assert run(film, "--out", out).exit_code == 0
    (path,) = out.glob("*/*/score.json")
    before = path.stat().st_mtime_ns
    assert run(film, "--out", out).exit_code == 2
    assert run(film, "--out", out, "--resume").exit_code == 0
    assert path.stat().st_mtime_ns == before
    other = run(film, "--out", out, "--resume", "--film-spacing-mm", 1.0)
    assert other.exit_code == 1
    assert "other options" in other.output
    assert run(film, "--out", out, "--overwrite").exit_code == 0
    assert path.stat().st_mtime_ns != before


def test_a_film_given_twice_is_graded_once(tmp_path: Path) -> None:
    one = write_film(tmp_path / "a" / "film.dcm")
    two = write_film(tmp_path / "b" / "film.dcm")
    result = run(one, two, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    (failure,) = table(tmp_path / "out" / "failures.csv")
    assert (failure["code"], failure["kind"]) == ("duplicate", "skipped")
    assert "this film was already scored" in failure["message"]


def test_a_film_that_must_not_be_quoted_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "vascal.film_pipeline.name_reader", lambda _: MadeUpReader(changes={"lateral_probability": 0.1})
    )
    result = run(write_film(tmp_path / "film.dcm"), "--out", tmp_path / "out")
    assert "not quotable as an AAC-24 (view-in-doubt); grades add up to 13" in result.output
    (row,) = table(tmp_path / "out" / "aac_scores.csv")
    assert (row["quote"], row["class_masterplan"]) == ("no", "")
