"""Results as files: JSON by its schema, CSV that a spreadsheet can open safely."""

from __future__ import annotations

import csv
import io
import json

import jsonschema
import pytest

from tests.report.make_report import describe_as, make_report
from vascal.io.results import (
    FAILURE_COLUMNS,
    LESION_COLUMNS,
    SCORE_COLUMNS,
    Failure,
    failures_to_csv,
    lesions_to_csv,
    read_schema,
    report_to_dict,
    report_to_json,
    score_row,
    scores_to_csv,
)
from vascal.study import Refusal


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_score_json_satisfies_its_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(read_schema())
    for report in (make_report(), make_report(quotable=False)):
        jsonschema.validate(json.loads(report_to_json(report)), read_schema())


def test_score_json_holds_what_the_contract_names() -> None:
    saved = json.loads(report_to_json(make_report()))
    # LM: 9 px * 0.25 mm2 * weight 2 = 4.5; RCA: 8 px * 0.25 mm2 * weight 4 = 8; spacing 3 mm.
    assert saved["total"]["agatston"] == pytest.approx(12.5)
    assert saved["vessels"]["LM"]["agatston"] == pytest.approx(4.5)
    assert saved["vessels"]["RCA"]["volume_mm3"] == pytest.approx(6.0)
    assert [lesion["vessel"] for lesion in saved["lesions"]] == ["LM", "RCA"]
    assert saved["lesions"][0]["slices"] == [2, 2]
    assert saved["lesions"][0]["center_mm"] == pytest.approx([-4.5, -4.5, 106.0])
    assert saved["interpretation"]["risk_category"] == "11-100"
    assert saved["rule"]["threshold_hu"] == 130.0
    assert "not-a-medical-device" in {caveat["code"] for caveat in saved["caveats"]}


def test_numbers_keep_full_precision() -> None:
    report = make_report()
    saved = json.loads(report_to_json(report))
    assert saved["total"]["mass_mg"] == report.score.total.mass_mg
    assert saved["total"]["mass_integrated_mg"] == report.score.total.mass_integrated_mg


def test_a_score_that_must_not_be_quoted_has_no_category() -> None:
    saved = report_to_dict(make_report(quotable=False))
    assert saved["is_quotable"] is False
    assert saved["interpretation"]["risk_category"] is None
    assert saved["interpretation"]["cac_drs"] is None
    assert saved["caveats"][0]["code"] == "contrast"


def test_lesions_csv_has_one_row_a_lesion() -> None:
    table = rows(lesions_to_csv(make_report()))
    assert list(table[0]) == list(LESION_COLUMNS)
    assert [row["vessel"] for row in table] == ["LM", "RCA"]
    assert float(table[1]["agatston"]) == pytest.approx(8.0)
    assert table[0]["confidence"] == ""


def test_scores_csv_says_what_to_quote_and_why() -> None:
    saved = report_to_dict(make_report())
    table = rows(scores_to_csv([score_row(saved, "1.2/1.2.3", "ECG-gated"), score_row(saved, "1.2/1.2.4", None)]))
    assert list(table[0]) == list(SCORE_COLUMNS)
    assert (table[0]["quote"], table[0]["quote_reason"]) == ("yes", "ECG-gated")
    assert (table[1]["quote"], table[1]["quote_reason"]) == ("no", "")
    assert float(table[0]["agatston_rca"]) == pytest.approx(8.0)
    assert table[0]["kernel"] == "Qr36d"
    assert table[0]["is_gated"] == "yes"
    by_vessel = [f"agatston_{v}" for v in ("lm", "lad", "lcx", "rca", "unassigned", "other")]
    assert sum(float(table[0][name]) for name in by_vessel) == pytest.approx(float(table[0]["agatston"]))


@pytest.mark.parametrize("text", ["=1+1", "+A1", "-A1", "@x", "\tx"])
def test_text_that_a_spreadsheet_would_run_is_disarmed(text: str) -> None:
    saved = report_to_dict(describe_as(make_report(), text))
    assert rows(scores_to_csv([score_row(saved, "f", None)]))[0]["series_description"] == f"'{text}"


def test_failures_csv_names_subject_code_and_message() -> None:
    refusal = Refusal(subject="1.2.9", code="missing-slice", message='gap, at "12" mm', study_instance_uid="1.2")
    table = rows(failures_to_csv([Failure(input="study", refusal=refusal, kind="failed")]))
    assert list(table[0]) == list(FAILURE_COLUMNS)
    assert table[0] == {
        "input": "study",
        "study": "1.2",
        "subject": "1.2.9",
        "kind": "failed",
        "code": "missing-slice",
        "message": 'gap, at "12" mm',
    }
