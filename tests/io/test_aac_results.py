"""A film's results as files: JSON by its schema, and rows of the cohort's table."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import jsonschema
import pytest

from tests.aac.made_film import FACTS, SHARES, make_aac_report, make_film, make_reading
from vascal.io.aac_results import AAC_COLUMNS, aac_row, aac_scores_to_csv, aac_to_dict, aac_to_json, read_aac_schema
from vascal.wall_levels import WALL_LEVELS

GRAVE = make_reading(lateral_probability=0.2)


def test_score_json_of_a_film_satisfies_its_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(read_aac_schema())
    plain = make_film(facts=replace(FACTS, kvp=None, series_number=None, bits_stored=None, source_format="png"))
    reports = (
        make_aac_report(),
        make_aac_report(reading=GRAVE),
        make_aac_report(film=plain, reading=make_reading(level_confidence={}, obstacles={"hardware": 0.1})),
    )
    for report in reports:
        jsonschema.validate(json.loads(aac_to_json(report)), read_aac_schema())
        jsonschema.validate(
            json.loads(aac_to_json(replace(report, score=replace(report.score, aac8=None)))), read_aac_schema()
        )


def test_the_schema_refuses_a_grade_of_four_and_a_fifth_level() -> None:
    saved = json.loads(aac_to_json(make_aac_report()))
    saved["levels"]["L1"]["anterior"]["grade"] = 4
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(saved, read_aac_schema())
    saved["levels"]["L1"]["anterior"]["grade"] = 0
    saved["levels"]["L5"] = saved["levels"]["L1"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(saved, read_aac_schema())


def test_score_json_of_a_film_holds_what_the_contract_names() -> None:
    saved = json.loads(aac_to_json(make_aac_report()))
    assert (saved["schema"], saved["kind"], saved["is_quotable"]) == ("vascal.aac/1", "aac", True)
    # Grades 0 1 | 1 1 | 2 2 | 3 3.
    assert saved["total"]["aac24"] == 13
    assert (saved["total"]["anterior"], saved["total"]["posterior"]) == (6, 7)
    assert (saved["total"]["affected_segments"], saved["total"]["antero_posterior"]) == (4, 7)
    assert saved["total"]["classes"]["kidney-thirds"]["class"] == "moderate"
    assert saved["total"]["classes"]["kidney-thirds"]["span"] == "5-15"
    assert saved["total"]["interval"]["level"] == 0.95
    # 0.2 + 0.5 + 0.8 levels in front and 0.1 + 0.3 + 0.6 + 0.9 behind: begun heights 2 and 2.
    assert saved["total"]["aac8"] == {"anterior": 2, "posterior": 2, "unit": "level", "total": 4}
    assert saved["levels"]["L4"]["posterior"] == {
        "grade": 3,
        "fraction": 0.9,
        "probabilities": [0.04, 0.04, 0.04, 0.88],
    }
    assert saved["levels"]["L4"]["points"] == 6
    assert saved["levels"]["L1"]["confidence"] == 0.97
    assert saved["film"]["kvp"] == 85.0
    assert saved["reading"]["facing"] == "left"
    assert len(saved["reading"]["level_bounds"]) == 5


def test_a_total_that_must_not_be_quoted_has_no_class_and_no_interval() -> None:
    total = aac_to_dict(make_aac_report(reading=GRAVE))["total"]
    assert total["aac24"] == 13
    assert (total["classes"], total["interval"], total["expected"], total["zero_probability"]) == (None,) * 4


def test_a_row_of_the_table_holds_every_grade_and_why_it_is_quoted() -> None:
    saved = json.loads(aac_to_json(make_aac_report()))
    grave = json.loads(aac_to_json(make_aac_report(reading=GRAVE)))
    table = aac_scores_to_csv([aac_row(saved, "1.2.3/1.2.3.4.5", "the only film"), aac_row(grave, "a/b", None)])
    first, second = csv.DictReader(io.StringIO(table.decode()))
    assert list(first) == list(AAC_COLUMNS)
    assert [int(first[f"{level.lower()}_{wall}"]) for level, wall in WALL_LEVELS] == [0, 1, 1, 1, 2, 2, 3, 3]
    assert [float(first[f"{level.lower()}_{wall}_fraction"]) for level, wall in WALL_LEVELS] == list(SHARES)
    assert (first["aac24"], first["aac8"], first["class_kidney_thirds"]) == ("13", "4", "moderate")
    assert (first["quote"], first["quote_reason"], first["folder"]) == ("yes", "the only film", "1.2.3/1.2.3.4.5")
    assert (second["quote"], second["aac24_low"], second["class_population"]) == ("no", "", "")
    assert "view-in-doubt" in second["caveats"]
