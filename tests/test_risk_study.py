"""From saved scores and clinical variables to risk.json and a section of the report."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import jsonschema
import pytest

from tests.aac.made_film import make_aac_report
from tests.io.fhir_bundles import whole
from tests.report.make_report import make_images, make_report
from vascal.errors import ImpossibleInputError, InputError, OutOfRangeError
from vascal.io.aac_results import aac_to_dict, aac_to_json
from vascal.io.image_facts import facts_of, find_score_files, read_facts
from vascal.io.results import report_to_dict, report_to_json
from vascal.io.risk_results import RISK_COLUMNS, read_risk_schema, risk_row, risk_to_json, risks_to_csv
from vascal.render.page import draw_page
from vascal.render.risk_section import list_remarks
from vascal.report.report import Report
from vascal.risk.facts import ImageFacts
from vascal.risk_study import (
    ClinicalSources,
    add_risk,
    assess,
    assess_file,
    list_results,
    profile_of_header,
    read_sources,
    require_one_patient,
)
from vascal.study import Patient

IMAGES = make_images()

TYPED = {
    "ethnicity": "white",
    "total_cholesterol": "5.4 mmol/L",
    "hdl": "1.3 mmol/L",
    "systolic_mmhg": "130",
    "on_bp_treatment": "no",
    "on_lipid_treatment": "no",
    "has_diabetes": "no",
    "is_smoker": "no",
    "has_family_history": "no",
    "bmi": "26",
    "egfr": "88",
    "score2_region": "low",
}


def save(folder: Path, report: Report | None = None) -> Path:
    report = report or make_report()
    folder.mkdir(parents=True)
    (folder / "score.json").write_bytes(report_to_json(report))
    (folder / "report.html").write_text(draw_page(report, IMAGES), encoding="utf-8")
    return folder / "score.json"


def of_patient(patient: Patient) -> Report:
    report = make_report()
    return replace(report, series=replace(report.series, patient=patient))


def test_risk_json_satisfies_its_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(read_risk_schema())
    saved = facts_of(report_to_dict(make_report()))
    assert saved is not None
    for facts, typed in (
        (saved.facts, TYPED),
        (saved.facts, {}),
        (replace(saved.facts, is_quotable=False), TYPED),
        (replace(saved.facts, interval=(10.0, 40.0)), {**TYPED, "avc_agatston": "1300", "eat_ml": "120"}),
        (ImageFacts(aac24=7), {"age_years": "38"}),
        (saved.facts, {**TYPED, "age_years": "41"}),
    ):
        assessed = assess(facts, ClinicalSources(typed=typed), saved)
        written = json.loads(risk_to_json(assessed.found, assessed.provenance))
        jsonschema.validate(written, read_risk_schema())


def test_a_scored_series_is_assessed_from_its_header() -> None:
    report = make_report()
    files = add_risk(report_to_dict(report), draw_page(report, IMAGES))
    written = json.loads(files["risk.json"])
    assert written["profile"] == {"age_years": {"value": 58.0, "unit": "years"}, "sex": {"value": "F", "unit": None}}
    assert written["provenance"]["sources"] == ["image header"]
    assert written["facts"]["agatston"] == report.score.total.agatston
    assert b"What it means for this patient" in files["report.html"]


def test_a_film_is_assessed_by_its_total() -> None:
    report = make_aac_report()
    saved = facts_of(aac_to_dict(report))
    assert saved is not None
    assert saved.facts == ImageFacts(aac24=report.score.aac24, is_quotable=report.is_quotable)


def test_results_of_other_kinds_are_left_as_they_are(tmp_path: Path) -> None:
    assert add_risk({"schema": "vascal.aorta/1"}, "<p>page</p>") == {"report.html": b"<p>page</p>"}
    path = tmp_path / "score.json"
    path.write_text('{"schema": "vascal.aorta/1"}')
    assert assess_file(path, ClinicalSources()) is None


def test_what_is_typed_is_written_beside_the_score_and_into_the_page(tmp_path: Path) -> None:
    path = save(tmp_path / "study" / "series")
    assessed = assess_file(path, read_sources(TYPED))
    assert assessed is not None
    assert assessed.found.change is not None
    written = json.loads((path.parent / "risk.json").read_text())
    assert written["change"]["before"] == "mesa-chd-2015"
    assert written["provenance"]["sources"] == ["image header", "typed"]
    page = (path.parent / "report.html").read_text()
    assert "Pooled cohort equations" in page
    assess_file(path, ClinicalSources())
    assert "Pooled cohort equations, ASCVD" not in (path.parent / "report.html").read_text()


def test_typed_values_go_before_the_table_and_it_before_the_header(tmp_path: Path) -> None:
    table = tmp_path / "clinical.csv"
    table.write_text("study,age_years,bmi\n1.2,57,31\n")
    saved = facts_of(report_to_dict(make_report()))
    assert saved is not None
    assessed = assess(saved.facts, read_sources({"bmi": "26"}, clinical=table), saved)
    profile = assessed.found.profile
    assert (profile.age_years, profile.sex, profile.bmi) == (57, "F", 26)
    assert assessed.provenance.sources == ("image header", "table", "typed")


def test_a_bundle_is_read_as_of_the_day_of_the_scan(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.json"
    bundle.write_text(whole(), encoding="utf-8")
    saved = facts_of(report_to_dict(make_report()))
    assert saved is not None
    later = replace(saved, study_date="20210301")
    assessed = assess(later.facts, read_sources({}, bundle=bundle), later)
    assert assessed.provenance.sources == ("image header", "FHIR bundle")
    assert assessed.found.profile.has_diabetes is True
    assert assessed.found.change is not None
    assert any("718-7" in remark for remark in assessed.provenance.remarks)
    assert any("718-7" in remark for remark in list_remarks(assessed.found))
    bundle.write_text('{"resourceType": "Bundle", "type": "collection"}')
    empty = assess(later.facts, read_sources({}, bundle=bundle), later)
    assert "The FHIR bundle gave nothing that could be used." in list_remarks(empty.found)
    bundle.write_text(whole(), encoding="utf-8")
    undated = assess(saved.facts, read_sources({}, bundle=bundle), replace(saved, study_date="?"))
    assert undated.found.profile.age_years == 58  # the header's: without a day the bundle has no age
    assert any("values of the bundle of any date were used" in doubt for doubt in undated.found.doubts)
    assert any(remark.startswith("age: no day was given") for remark in undated.provenance.remarks)
    stated = assess(saved.facts, read_sources({}, bundle=bundle, day=date(2021, 3, 1)), replace(saved, study_date="?"))
    assert stated.found.profile.age_years == 60


def test_a_study_that_the_table_lacks_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "clinical.csv"
    table.write_text("study,age_years\n9.9,57\n")
    saved = facts_of(report_to_dict(make_report()))
    assert saved is not None
    with pytest.raises(InputError, match="no row for this study"):
        assess(saved.facts, read_sources({}, clinical=table), saved)


def test_another_sex_or_age_than_the_headers_is_questioned() -> None:
    saved = facts_of(report_to_dict(make_report()))
    assert saved is not None
    same = assess(saved.facts, ClinicalSources(typed={"age_years": "59"}), saved)
    assert same.found.notes == ()
    older = assess(saved.facts, ClinicalSources(typed={"age_years": "61"}), saved)
    assert older.found.doubts == (
        "The image header says 58 years, the clinical data 61: is it the same patient, and the age at the scan?",
    )
    assert older.found.percentiles
    other = assess(saved.facts, ClinicalSources(typed={"sex": "M"}), saved)
    (doubt,) = other.found.doubts
    assert doubt.startswith("The image header says sex F, the clinical data M.")
    assert (other.found.percentiles, other.found.estimates, other.found.statements) == ((), (), ())


def test_a_childs_score_is_not_interpreted() -> None:
    saved = facts_of(report_to_dict(of_patient(Patient(age_years=3.0, sex="F"))))
    assert saved is not None
    assessed = assess(saved.facts, ClinicalSources(typed=TYPED), saved)
    assert "says 3 years" in assessed.found.doubts[0]
    assert assessed.found.arterial_age is None
    assert assess(saved.facts, ClinicalSources(typed={"age_years": "33"}), saved).found.percentiles == ()


def test_what_the_header_says_in_vain_and_what_is_odd_are_notes() -> None:
    saved = facts_of(report_to_dict(of_patient(Patient(age_years=60.0, sex="F", size_m=1.9, weight_kg=400.0))))
    assert saved is not None
    notes = assess(saved.facts, ClinicalSources(typed={"hba1c": "9 %", "has_diabetes": "no"}), saved).found.notes
    assert any("image header: body mass index of 110.8" in note for note in notes)
    assert any("HbA1c" in note for note in notes)


def test_a_header_that_can_not_be_true_is_not_used() -> None:
    profile, remarks = profile_of_header(Patient(age_years=4.0, sex="O", size_m=1.8, weight_kg=80.0))
    assert profile.known() == ("bmi",)
    assert remarks == (
        "image header: age of 4 years; needed: 18 to 110 years (these formulas are for adults; is it a year of birth?)"
        "; it is not used",
    )


def test_what_is_known_of_one_patient_is_not_given_to_several(tmp_path: Path) -> None:
    report = make_report()
    reports = {n: replace(report, series=replace(report.series, study_instance_uid=n)) for n in ("1.1", "1.2")}
    files = [save(tmp_path / study, one) for study, one in reports.items()]
    with pytest.raises(InputError, match="results of 2 studies"):
        require_one_patient(files, ClinicalSources(typed={"hdl": "50 mg/dL"}))
    with pytest.raises(InputError, match="results of 2 studies"):
        require_one_patient(files, ClinicalSources(bundle=tmp_path / "bundle.json"))
    require_one_patient(files, ClinicalSources(typed={"score2_region": "low"}))
    require_one_patient(files[:1], ClinicalSources(typed={"hdl": "50 mg/dL"}))
    files[1].write_text("{")
    require_one_patient(files, ClinicalSources(typed={"hdl": "50 mg/dL"}))


def test_what_only_the_assessment_before_knew_is_named(tmp_path: Path) -> None:
    path = save(tmp_path / "study" / "series")
    first = assess_file(path, ClinicalSources(typed={"hdl": "50 mg/dL"}))
    again = assess_file(path, ClinicalSources())
    assert first is not None
    assert again is not None
    assert (first.forgotten, again.forgotten) == ((), ("HDL cholesterol",))
    path.with_name("risk.json").write_text("[]")
    broken = assess_file(path, ClinicalSources())
    assert broken is not None
    assert broken.forgotten == ()


def test_what_a_score_means_never_costs_the_score(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OutOfRangeError("no")

    monkeypatch.setattr("vascal.risk_study.assess_risk", refuse)
    assert set(add_risk(report_to_dict(make_report()), "<p>page</p>")) == {"report.html"}


def test_typed_values_are_checked_before_any_result_is_touched() -> None:
    with pytest.raises(ImpossibleInputError, match="looks like mmol/L"):
        read_sources({"total_cholesterol": "5.4"})


def test_results_are_found_wherever_they_lie(tmp_path: Path) -> None:
    path = save(tmp_path / "study" / "series")
    for given in (path, path.parent, path.parent.parent, tmp_path):
        assert find_score_files(given) == (path,)
    assert list_results([path, tmp_path]) == (path,)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty holds no score\.json"):
        find_score_files(tmp_path / "empty")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema": "vascal.score/1"}', '{"schema": []}'])
def test_a_damaged_result_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "score.json"
    path.write_text(content)
    with pytest.raises(InputError, match="damaged"):
        read_facts(path)


def test_a_result_that_can_not_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can not read"):
        read_facts(tmp_path / "nothing.json")


def test_a_missing_report_is_refused_and_nothing_written(tmp_path: Path) -> None:
    path = save(tmp_path / "study" / "series")
    path.with_name("report.html").unlink()
    with pytest.raises(InputError, match=r"report.html beside score.json can not be read"):
        assess_file(path, ClinicalSources())
    assert not path.with_name("risk.json").exists()


def test_a_row_of_the_table_holds_every_column(tmp_path: Path) -> None:
    saved = facts_of(report_to_dict(make_report()))
    assert saved is not None
    full = risk_row(assess(saved.facts, ClinicalSources(typed=TYPED), saved).found, "1.2", "folder")
    assert set(full) == set(RISK_COLUMNS)
    assert all(full[name] is not None for name in RISK_COLUMNS if name not in {"aac24"})
    bare = risk_row(assess(ImageFacts(aac24=3), ClinicalSources()).found, "", "x")
    assert bare["percentile_reference"] is None
    lines = risks_to_csv([full, bare]).decode().splitlines()
    assert lines[0] == ",".join(RISK_COLUMNS)
    assert len(lines) == 3


def test_results_of_films_are_read_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "score.json"
    path.write_bytes(aac_to_json(make_aac_report()))
    saved = read_facts(path)
    assert saved is not None
    assert saved.facts.agatston is None


def test_a_clinician_sees_no_half_of_a_report_when_text_is_odd() -> None:
    report = of_patient(Patient(age_years=58.0, sex="F"))
    odd = replace(report, series=replace(report.series, series_description="\udce9"))
    files = add_risk(report_to_dict(odd), draw_page(odd, IMAGES))
    assert b"</html>" in files["report.html"]
