"""Saved folders as files for other systems: what is chosen, what a row holds, and what is refused."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.io.result_kinds import IDENTITY, KINDS, make_ct, make_enhanced_ct, make_graded_film, make_odd_ct
from vascal.errors import InputError, OutputError
from vascal.io.flat_forms import FORMS
from vascal.io.flat_tables import DICTIONARY_COLUMNS, write_dictionary
from vascal.io.risk_results import risk_to_json
from vascal.result_export import SendOptions, choose_results, export_results, read_results
from vascal.risk.facts import ImageFacts
from vascal.risk_study import ClinicalSources, assess

Row = Mapping[str, str]
NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
PLAIN = SendOptions()


def save(root: Path, saved: dict[str, Any], *, study: str = "1.2", key: str = "1.2.3") -> Path:
    where = "film" if saved["kind"] == "aac" else "series"
    saved[where] |= {"study_instance_uid": study, "key": key}
    folder = root / study / key
    folder.mkdir(parents=True)
    (folder / "score.json").write_text(json.dumps(saved), encoding="utf-8")
    return folder


def save_risk(folder: Path) -> None:
    sources = ClinicalSources(typed={"age_years": "60", "sex": "F"})
    assessed = assess(ImageFacts(agatston=12.5, vessels_with_calcium=2), sources)
    (folder / "risk.json").write_bytes(risk_to_json(assessed.found, assessed.provenance))


def read_rows(path: Path) -> list[Row]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def test_a_row_holds_scan_film_and_risk_of_a_record(tmp_path: Path) -> None:
    save_risk(save(tmp_path, make_ct()))
    save(tmp_path, make_graded_film(), study="1.9", key="1.9.1")
    found = read_results([tmp_path])
    options = SendOptions(records={"1.2": "17", "1.9": "17"})
    export_results(found.results, "redcap", tmp_path / "out", options)
    [row] = read_rows(tmp_path / "out" / "redcap.csv")
    assert row["record_id"] == "17"
    assert (row["cac_agatston"], row["cac_category"], row["cac_drs_a"], row["cac_drs_n"]) == ("12.5", "2", "1", "2")
    assert (row["cac_quotable"], row["cac_sex"], row["cac_found_by"], row["cac_gated"]) == ("1", "1", "3", "1")
    assert (row["cac_scan_date"], row["cac_sum_not_a_score"]) == ("2020-01-02", "")
    assert (row["aac24"], row["aac_l4_posterior"], row["aac_class_kidney"]) == ("13", "3", "1")
    assert (row["risk_age_years"], row["risk_sex"], row["risk_percentile_reference"]) == ("60.0", "1", "hoff-2001")
    assert {row[f"{form.name}_complete"] for form in FORMS.values()} == {"1"}


def test_risks_are_told_by_formula_horizon_and_outcome(tmp_path: Path) -> None:
    folder = save(tmp_path, make_ct())
    save_risk(folder)
    saved = json.loads((folder / "risk.json").read_text(encoding="utf-8"))
    saved["estimates"] = [
        {"model": "mesa-chd-2015", "horizon_years": 10, "outcome": "chd", "probability": 0.04},
        {"model": "prevent-base", "horizon_years": 10, "outcome": "ascvd", "probability": 0.0512345},
        {"model": "prevent-base", "horizon_years": 30, "outcome": "ascvd", "probability": 0.2},
    ]
    (folder / "risk.json").write_text(json.dumps(saved), encoding="utf-8")
    export_results(read_results([tmp_path]).results, "redcap", tmp_path / "out", PLAIN)
    [row] = read_rows(tmp_path / "out" / "redcap.csv")
    found = {name: cell for name, cell in row.items() if name.startswith("risk_") and name.endswith("0y") and cell}
    assert found == {
        "risk_mesa_chd_10y": "0.04", "risk_prevent_ascvd_10y": "0.05123", "risk_prevent_ascvd_30y": "0.2"
    }  # fmt: skip


def test_every_value_is_one_that_the_dictionary_takes(tmp_path: Path) -> None:
    for number, make in enumerate(KINDS.values()):
        save(tmp_path, make(), study=f"1.{number}", key=f"1.{number}.1")
    export_results(read_results([tmp_path]).results, "redcap", tmp_path / "out", PLAIN)
    rules = {row["Variable / Field Name"]: row for row in read_rows(tmp_path / "out" / "redcap_dictionary.csv")}
    rows = read_rows(tmp_path / "out" / "redcap.csv")
    assert len(rows) == len(KINDS)
    for row in rows:
        for name, cell in row.items():
            if cell and not name.endswith("_complete"):
                check(rules[name], cell)


def check(rule: Row, cell: str) -> None:
    """Check a cell as REDCap's import does."""
    kind, validation = rule["Field Type"], rule["Text Validation Type OR Show Slider Number"]
    if kind == "radio":
        choices = rule["Choices, Calculations, OR Slider Labels"].split("|")
        assert cell in [choice.split(",")[0].strip() for choice in choices]
    if kind == "yesno":
        assert cell in {"0", "1"}
    if validation == "integer":
        assert re.fullmatch(r"-?\d+", cell), rule
    if validation == "date_ymd":
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", cell)
    if validation in {"integer", "number"}:
        low, high = rule["Text Validation Min"] or "-inf", rule["Text Validation Max"] or "inf"
        assert float(low) <= float(cell) <= float(high)


def test_the_dictionary_is_as_redcap_wants_it() -> None:
    rows = list(csv.DictReader(io.StringIO(write_dictionary().decode())))
    names = [row["Variable / Field Name"] for row in rows]
    assert tuple(rows[0]) == DICTIONARY_COLUMNS
    assert len(DICTIONARY_COLUMNS) == 18
    assert names[0] == "record_id"
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,25}", name) and "__" not in name for name in names)
    assert {row["Field Type"] for row in rows} <= {"text", "notes", "radio", "yesno"}
    forms = [row["Form Name"] for row in rows]
    assert forms == sorted(forms, key=[form.name for form in FORMS.values()].index)
    assert {row["Variable / Field Name"] for row in rows if row["Identifier?"] == "y"} == {
        "cac_scan_date", "cac_study_uid", "cac_series_uid", "aac_film_date", "aac_study_uid", "aac_film_uid"
    }  # fmt: skip


def test_a_total_that_must_not_be_quoted_has_a_column_of_its_own(tmp_path: Path) -> None:
    save(tmp_path, make_enhanced_ct())
    export_results(read_results([tmp_path]).results, "redcap", tmp_path / "out", PLAIN)
    [row] = read_rows(tmp_path / "out" / "redcap.csv")
    assert (row["cac_quotable"], row["cac_sum_not_a_score"]) == ("0", "12.5")
    assert "contrast-enhanced" in row["cac_why_not_quotable"]
    numbers = ("agatston", "category", "drs_a", "agatston_lm", "agatston_other", "volume_mm3", "mass_mg", "vessels")
    assert not [name for name in numbers if row[f"cac_{name}"]]


def test_the_plain_table_has_words_and_a_list_of_its_columns(tmp_path: Path) -> None:
    save(tmp_path, make_odd_ct(), study="scan one", key="scan one")
    export_results(read_results([tmp_path]).results, "csv", tmp_path / "out", PLAIN)
    [row] = read_rows(tmp_path / "out" / "results.csv")
    assert (row["cac_quotable"], row["cac_category"], row["cac_sex"]) == ("yes", "11-100", "F")
    assert (row["cac_agatston_unassigned"], row["cac_agatston_other"], row["cac_scan_date"]) == ("4.5", "8.0", "")
    listed = [line["column"] for line in read_rows(tmp_path / "out" / "results_columns.csv")]
    assert listed == list(row)


def test_only_the_series_to_quote_is_taken_unless_all_are_asked_for(tmp_path: Path) -> None:
    save(tmp_path, make_enhanced_ct(), key="1.2.1")
    save(tmp_path, make_ct(), key="1.2.2")
    thin = make_ct()
    thin["series"]["spacing_between_slices_mm"] = 1.0
    save(tmp_path, thin, key="1.2.3")
    results = read_results([tmp_path]).results
    assert [one.key for one in choose_results(results)] == ["1.2.2"]
    assert len(choose_results(results, every_series=True)) == 3
    export_results(results, "redcap", tmp_path / "out", SendOptions(every_series=True))
    rows = read_rows(tmp_path / "out" / "redcap.csv")
    assert [row["redcap_repeat_instrument"] for row in rows] == ["coronary_calcium"] * 3
    assert [row["redcap_repeat_instance"] for row in rows] == ["1", "2", "3"]


def test_a_study_of_which_nothing_may_be_quoted_is_not_lost(tmp_path: Path) -> None:
    save(tmp_path, make_enhanced_ct(), key="1.2.1")
    save(tmp_path, make_enhanced_ct(), key="1.2.2")
    save(tmp_path, KINDS["refused film"](), study="1.3", key="1.3.1")
    assert [one.key for one in choose_results(read_results([tmp_path]).results)] == ["1.2.1", "1.3.1"]


def test_two_studies_of_one_record_need_repeated_forms(tmp_path: Path) -> None:
    save(tmp_path, make_ct(), study="1.1")
    save(tmp_path, make_ct(), study="1.2")
    results = read_results([tmp_path]).results
    with pytest.raises(InputError, match="a record has two results"):
        export_results(results, "redcap", tmp_path / "out", SendOptions(records={"1.1": "SECRET", "1.2": "SECRET"}))
    assert not (tmp_path / "out").exists()
    repeated = SendOptions(records={"1.1": "5", "1.2": "5"}, every_series=True)
    export_results(results, "redcap", tmp_path / "out", repeated)
    assert [row["redcap_repeat_instance"] for row in read_rows(tmp_path / "out" / "redcap.csv")] == ["1", "2"]


@pytest.mark.parametrize(("target", "name"), [("fhir", "fhir.json"), ("hl7", "oru.hl7")])
def test_a_message_a_study_names_its_patient(tmp_path: Path, target: Any, name: str) -> None:
    folder = save(tmp_path, make_ct())
    (folder / "report.pdf").write_bytes(b"%PDF-1.7")
    options = SendOptions(identities={"1.2": IDENTITY}, with_pdf=True, written_at=NOW)
    [path] = export_results(read_results([tmp_path]).results, target, tmp_path / "out", options)
    assert path == tmp_path / "out" / "1.2" / "1.2.3" / name
    content = path.read_text(encoding="utf-8")
    assert "Müller" in content
    assert "JVBERi0xLjc=" in content


def test_a_study_without_a_row_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    save(tmp_path, make_ct())
    save(tmp_path, make_ct(), study="1.4")
    results = read_results([tmp_path]).results
    with pytest.raises(InputError, match="1 studies have no patient in the table"):
        export_results(results, "fhir", tmp_path / "out", SendOptions(identities={"1.2": IDENTITY}))
    with pytest.raises(InputError, match=r"no report\.pdf"):
        export_results(results, "fhir", tmp_path / "out", SendOptions(with_pdf=True))
    assert not (tmp_path / "out").exists()


def test_the_same_series_in_two_folders_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "a", make_ct())
    save(tmp_path / "b", make_ct())
    results = read_results([tmp_path / "a", tmp_path / "b"]).results
    with pytest.raises(InputError, match="each series once"):
        export_results(results, "hl7", tmp_path / "out", SendOptions(every_series=True))


def test_damaged_results_are_named_and_others_passed_over(tmp_path: Path) -> None:
    save(tmp_path, make_ct())
    for name, text in (("bad", "{"), ("list", "[]"), ("half", '{"schema": "vascal.score/1", "kind": "cac"}')):
        (tmp_path / "x" / name).mkdir(parents=True)
        (tmp_path / "x" / name / "score.json").write_text(text, encoding="utf-8")
    (tmp_path / "x" / "other").mkdir()
    (tmp_path / "x" / "other" / "score.json").write_text('{"schema": "vascal.aorta/1"}', encoding="utf-8")
    found = read_results([tmp_path])
    assert (len(found.results), found.passed_over) == (1, 1)
    assert [fault.split(":")[0] for fault in found.damaged] == ["x/bad", "x/half", "x/list"]


def test_nothing_to_send_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no result that can be sent"):
        export_results((), "csv", tmp_path / "out", PLAIN)


def test_a_damaged_assessment_is_refused(tmp_path: Path) -> None:
    folder = save(tmp_path, make_ct())
    for text in ("{", '{"schema": "vascal.risk/1"}', '{"schema": "other"}'):
        (folder / "risk.json").write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match="damaged"):
            export_results(read_results([tmp_path]).results, "csv", tmp_path / "out", PLAIN)


def test_a_folder_that_can_not_be_written_is_an_output_error(tmp_path: Path) -> None:
    save(tmp_path, make_ct())
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    with pytest.raises(OutputError):
        export_results(read_results([tmp_path]).results, "csv", tmp_path / "out", PLAIN)
