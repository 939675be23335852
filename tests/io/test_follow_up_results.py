"""A comparison as `follow-up.json`, by its schema."""

from __future__ import annotations

import json
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


def test_numbers_keep_full_precision_and_no_path_is_written(found: FollowUp, tmp_path: Path) -> None:
    saved = json.loads(follow_up_to_json(found))
    assert saved["overall"]["years"] == found.progression.overall.years
    assert str(tmp_path) not in follow_up_to_json(found).decode()
