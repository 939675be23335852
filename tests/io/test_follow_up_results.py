"""A comparison as `follow-up.json`, by its schema."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import jsonschema
import pytest

from tests.report.make_scans import make_scan
from tests.risk.lesion_sets import grow, make_lesions, move
from vascal.io.follow_up_results import follow_up_to_dict, follow_up_to_json, read_follow_up_schema
from vascal.report.follow_up import FollowUp, compare_scans


@pytest.fixture
def found(tmp_path: Path) -> FollowUp:
    lesions = make_lesions()[1:4]
    scans = [
        make_scan(lesions, tmp_path / "a", day="20190301", age=58.0, sex="M", bmi=27.0),
        make_scan(grow(move(lesions, (5.0, 5.0, 9.0)), 2.0), tmp_path / "b", day="20240301", age=63.0, sex="M"),
        make_scan(grow(move(lesions, (0.0, 5.0, 9.0)), 2.5), tmp_path / "c", day="20320301", age=71.0, sex="M"),
    ]
    return compare_scans(scans, version="0.1.0")


def test_the_file_satisfies_its_schema(found: FollowUp, tmp_path: Path) -> None:
    schema = read_follow_up_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(follow_up_to_json(found)), schema)
    empty = [make_scan([], tmp_path / day, day=day, age=None) for day in ("20190301", "20240301")]
    jsonschema.validate(json.loads(follow_up_to_json(compare_scans(empty, version="0.1.0"))), schema)


def test_the_file_holds_what_the_contract_names(found: FollowUp) -> None:
    saved = follow_up_to_dict(found)
    assert saved["kind"] == "follow-up"
    assert [scan["date"] for scan in saved["scans"]] == ["2019-03-01", "2024-03-01", "2032-03-01"]
    assert [scan["agatston"] for scan in saved["scans"]] == [170.0, 340.0, 425.0]
    # 0.17 * 170 + 4.89 * sqrt(170) + 0.44 * 27 - 10.84
    assert saved["overall"]["limit_95"] == pytest.approx(93.70, abs=0.01)
    assert saved["scans"][0]["chance_limit_95"] == saved["overall"]["limit_95"]
    assert saved["overall"]["direction"] == "increase"
    assert len(saved["steps"]) == 2
    assert saved["vessels"]["LAD"] == [170.0, 340.0, 425.0]
    assert saved["lesions"][0]["ids"] == ((2,), (2,), (2,))
    assert saved["course"]["later"][0]["pace"] in {"slow", "expected", "rapid"}
    assert saved["course"]["later"][1] is None
    assert saved["course"]["missing"] is None
    assert saved["overall"]["rules"][0]["source"].startswith("Chung")


def test_what_judges_is_null_where_scans_are_not_comparable(found: FollowUp) -> None:
    unlike = replace(found.scans[1], facts=replace(found.scans[1].facts, kvp=80.0))
    withheld = compare_scans([found.scans[0], unlike], version="0.1.0")
    saved = json.loads(follow_up_to_json(withheld))
    jsonschema.validate(saved, read_follow_up_schema())
    assert saved["is_comparable"] is False
    assert saved["overall"]["direction"] is saved["steps"][0]["direction"] is None
    assert {rule["direction"] for rule in saved["overall"]["rules"]} == {None}
    assert [later["pace"] for later in saved["course"]["later"]] == [None]
    assert saved["overall"]["agatston"] == 170.0


def test_a_short_time_has_no_rates_in_the_file(found: FollowUp) -> None:
    soon = replace(found.scans[1], on=date(2019, 3, 2), age_years=None)
    saved = json.loads(follow_up_to_json(compare_scans([found.scans[0], soon], version="0.1.0")))
    jsonschema.validate(saved, read_follow_up_schema())
    assert saved["overall"]["agatston_per_year"] is saved["overall"]["percent_per_year"] is None


def test_numbers_keep_full_precision_and_no_path_is_written(found: FollowUp, tmp_path: Path) -> None:
    saved = json.loads(follow_up_to_json(found))
    assert saved["overall"]["years"] == found.progression.overall.years
    assert str(tmp_path) not in follow_up_to_json(found).decode()
