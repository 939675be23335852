"""Saved scores are read again, and damaged ones refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.report.make_report import make_report
from tests.report.make_scans import make_saved, write_saved
from tests.risk.lesion_sets import make_lesions
from vascal.errors import InputError
from vascal.io.results import read_schema, report_to_json
from vascal.io.saved_scores import MOST_BYTES, find_saved_score, read_saved_score


def test_a_score_that_vascal_saved_is_read_as_it_was(tmp_path: Path) -> None:
    report = make_report()
    path = tmp_path / "score.json"
    path.write_bytes(report_to_json(report))
    scan = read_saved_score(path)
    assert scan.on == date(2020, 1, 2)
    assert scan.agatston == report.score.total.agatston
    assert scan.volume_isotropic_mm3 == report.score.total.volume_isotropic_mm3
    assert [lesion.vessel for lesion in scan.lesions] == ["LM", "RCA"]
    assert scan.lesions[0].center_mm == report.score.lesions[0].center_mm
    assert (scan.vessels["RCA"].agatston, scan.vessels["LAD"].lesions) == (8.0, 0)
    assert (scan.age_years, scan.sex, scan.bmi) == (58.0, "F", None)
    assert (scan.is_quotable, scan.critical) == (True, ())
    facts = scan.facts
    assert (facts.kvp, facts.slice_thickness_mm, facts.kernels, facts.scanner) == (
        120.0,
        3.0,
        ("Qr36d",),
        "Maker Model",
    )
    assert (facts.is_gated, facts.found_by, facts.rule, facts.version) == (True, "labels", "agatston-1990", "0.1.0")
    assert facts.rule_numbers["threshold_hu"] == "130.0"


def test_the_saved_scores_of_these_tests_satisfy_the_schema() -> None:
    jsonschema.validate(make_saved(make_lesions()), read_schema())
    jsonschema.validate(make_saved([]), read_schema())


def test_a_score_that_is_not_quotable_says_why(tmp_path: Path) -> None:
    path = tmp_path / "score.json"
    path.write_bytes(report_to_json(make_report(quotable=False)))
    scan = read_saved_score(path)
    assert (scan.is_quotable, scan.critical, scan.risk_category) == (False, ("contrast",), None)


def test_what_headers_do_not_say_is_none(tmp_path: Path) -> None:
    saved = make_saved(make_lesions(), day="", age=None, sex="O")
    acquisition = saved["series"]["acquisition"]
    acquisition |= {"kvp": None, "manufacturer": None, "model": None, "slice_thickness_mm": None}
    acquisition["gating"]["is_gated"] = None
    saved["findings"]["is_contrast_enhanced"] = None
    saved["provenance"]["finder"] = "finder 1"
    saved["series"]["patient"]["size_m"] = 1.76
    scan = read_saved_score(write_saved(saved, tmp_path))
    assert scan.size_m == 1.76
    assert (scan.on, scan.age_years, scan.sex, scan.facts.kvp) == (None, None, None, None)
    assert (scan.facts.is_gated, scan.facts.scanner, scan.facts.is_contrast_enhanced) == (None, None, None)
    assert scan.facts.finder == "finder 1"


def test_the_body_mass_index_behind_the_limit_is_taken_over(tmp_path: Path) -> None:
    assert read_saved_score(write_saved(make_saved(make_lesions(), bmi=31.5), tmp_path)).bmi == 31.5


def put(*place: str | int, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(saved: dict[str, Any]) -> None:
        inner: Any = saved
        for name in place[:-1]:
            inner = inner[name]
        inner[place[-1]] = value

    return change


def drop(*place: str) -> Callable[[dict[str, Any]], None]:
    def change(saved: dict[str, Any]) -> None:
        inner: Any = saved
        for name in place[:-1]:
            inner = inner[name]
        del inner[place[-1]]

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (put("kind", value="aac"), "is of kind 'aac' .* needed: kind 'cac'"),
        (put("schema", value="vascal.score/2"), "is of kind 'cac' and another schema"),
        (drop("kind"), "is of an unknown kind"),
        (drop("total", "agatston"), "is damaged: it has no 'agatston'"),
        (drop("series", "patient"), "is damaged: it has no 'patient'"),
        (put("total", value=None), "is damaged"),
        (put("vessels", value=[]), "is damaged"),
        (put("total", "agatston", value=-1.0), "is damaged: -1 stands where a number of 0 or more is needed"),
        (put("total", "agatston", value="418"), "is damaged: str stands where a number is needed"),
        (put("total", "agatston", value=True), "is damaged: bool stands where a number is needed"),
        (put("total", "agatston", value=float("nan")), "is damaged: nan stands where a number is needed"),
        (put("total", "agatston", value=417.0), "its lesions add up to 418, its total is 417"),
        (put("is_quotable", value="yes"), "is damaged: str stands where true or false is needed"),
        (put("lesions", 0, "center_mm", value=[1.0, 2.0]), "is damaged"),
        (put("lesions", 0, "id", value=2), "is damaged: two lesions have one number"),
        (put("kind", value="DOE^JOHN"), "is of an unknown kind and that schema"),
        (put("found_by", value="DOE^JOHN"), "is damaged: who found the calcium is not known"),
        (put("lesions", 0, "id", value=10**400), "is damaged: a number beyond 1e.06 stands where"),
        (put("lesions", 0, "id", value=1.5), "is damaged: 1.5 stands where a whole number is needed"),
        (put("lesions", 0, "center_mm", value=[1e200, 0.0, 0.0]), "is damaged: a number beyond 100000 stands"),
        (put("total", "agatston", value=1e300), "is damaged: a number beyond 1e.06"),
        (put("total", "agatston", value=float("inf")), "is damaged: a number beyond 1e.06"),
        (put("vessels", "LAD", "agatston", value=171.0), "a vessel's total is not that of its lesions"),
        (put("vessels", "LAD", "volume_mm3", value=1.0), "a vessel's total is not that of its lesions"),
        (put("vessels", "RCA", "lesions", value=4), "a vessel's total is not that of its lesions"),
        (drop("vessels", "RCA"), "a vessel's total is not that of its lesions"),
        (put("lesions", 0, "vessel", value="RIM"), "a lesion is in a vessel that has no total"),
        (put("series", "acquisition", "kernels", value="Qr36d"), "no list of texts stands where one is needed"),
        (put("series", "acquisition", "kernels", value=[36]), "no list of texts stands where one is needed"),
    ],
)
def test_other_kinds_and_damaged_scores_are_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], words: str
) -> None:
    saved = make_saved(make_lesions())
    change(saved)
    with pytest.raises(InputError, match=words):
        read_saved_score(write_saved(saved, tmp_path))


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "is not JSON text"), (b"\xff\xfe", "is not JSON text"), (b"[1]", "holds no saved score"),
     (b"[" * 100_000, "is not JSON text")],
)  # fmt: skip
def test_files_that_are_no_saved_score_are_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "score.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words):
        read_saved_score(path)


def test_a_missing_or_huge_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can not be read"):
        read_saved_score(tmp_path / "score.json")
    huge = tmp_path / "huge.json"
    with huge.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(InputError, match="too large"):
        read_saved_score(huge)


def test_a_file_a_series_folder_and_a_folder_with_one_score_name_it(tmp_path: Path) -> None:
    path = write_saved(make_saved([]), tmp_path / "out" / "1.2" / "1.2.3")
    for given in (path, path.parent, tmp_path / "out"):
        assert find_saved_score(given) == path


def test_of_several_series_the_one_to_quote_is_meant(tmp_path: Path) -> None:
    first, second = (write_saved(make_saved([]), tmp_path / "1.2" / key) for key in ("1.2.3", "1.2.4"))
    with pytest.raises(InputError, match=r"holds 2 files score\.json; needed: one"):
        find_saved_score(tmp_path)
    table = tmp_path / "scores.csv"
    table.write_text("study,quote,folder\n1.2,no,1.2/1.2.3\n1.2,yes,1.2/1.2.4\n")
    assert find_saved_score(tmp_path) == second
    table.write_text("study,quote,folder\n1.2,yes,1.2/1.2.3\n1.2,yes,1.2/1.2.4\n")
    with pytest.raises(InputError, match="holds 2 files"):
        find_saved_score(tmp_path)
    table.write_text("study,quote\n1.2,yes\n")
    with pytest.raises(InputError, match="holds 2 files"):
        find_saved_score(tmp_path)
    assert find_saved_score(first.parent) == first


def test_a_folder_with_several_studies_is_refused_even_where_one_is_to_quote(tmp_path: Path) -> None:
    for study in ("1.2", "1.3"):
        write_saved(make_saved([]), tmp_path / study / f"{study}.3")
    (tmp_path / "scores.csv").write_text("study,quote,folder\n1.2,yes,1.2/1.2.3\n1.3,no,1.3/1.3.3\n")
    with pytest.raises(InputError, match=r"holds scores of 2 studies; needed: one"):
        find_saved_score(tmp_path)


def test_the_folder_one_stands_in_has_a_name_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=f"^{tmp_path.name} holds no score"):
        find_saved_score(Path())


def test_a_folder_without_a_score_and_half_written_ones_are_refused(tmp_path: Path) -> None:
    write_saved(make_saved([]), tmp_path / ".abc.part")
    with pytest.raises(InputError, match=r"holds no score\.json"):
        find_saved_score(tmp_path)


def test_messages_hold_nothing_of_the_content(tmp_path: Path) -> None:
    saved = make_saved(make_lesions())
    saved["total"]["agatston"] = "Doe^Jane"
    with pytest.raises(InputError) as error:
        read_saved_score(write_saved(saved, tmp_path))
    assert "Doe" not in str(error.value)
    assert json.loads((tmp_path / "score.json").read_text())["total"]["agatston"] == "Doe^Jane"
