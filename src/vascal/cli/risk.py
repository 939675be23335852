"""`vascal risk`: from saved scores and clinical variables to what they mean for a patient."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated

import typer

from vascal.errors import VascalError
from vascal.render.risk_wording import say_assessment, say_in_short
from vascal.risk.facts import ImageFacts
from vascal.risk_study import (
    Assessed,
    ClinicalSources,
    assess,
    assess_file,
    list_results,
    place_of,
    read_sources,
    require_one_patient,
    write_table,
)

Text = str | None


def _text(title: str) -> object:
    return typer.Option(help=title, rich_help_panel="What is known of the patient")


Results = Annotated[
    list[Path] | None,
    typer.Argument(help="Folders that `vascal score` wrote, or their score.json; none with --agatston.", exists=True),
]
Clinical = Annotated[
    Path | None,
    typer.Option(help="CSV with a row a study (docs/reference/clinical-input.md).", exists=True),
]
Fhir = Annotated[
    Path | None,
    typer.Option(help="FHIR R4 bundle of one patient, JSON. Needs vascal\\[fhir].", exists=True, dir_okay=False),
]
AbsentMeansNo = Annotated[
    bool,
    typer.Option("--absent-means-no", help="The bundle lists all diseases and drugs: what is not in it is not there."),
]
Percentiles = Annotated[
    list[Path] | None,
    typer.Option(help="CSV of a licensed percentile table, such as MESA's; may be repeated.", exists=True),
]
Day = Annotated[
    str | None, typer.Option("--date", help="Day of the scan, 2024-03-05, where the header's is missing or not real.")
]
Agatston = Annotated[float | None, typer.Option(help="A score measured elsewhere, without a result folder.", min=0)]
Aac24 = Annotated[int | None, typer.Option("--aac24", help="An AAC-24 total graded elsewhere.", min=0, max=24)]
Age = Annotated[Text, _text("Years.")]
Sex = Annotated[Text, _text("F or M.")]
Ethnicity = Annotated[Text, _text("white, black, hispanic, chinese, asian or other; only MESA and PCE ask.")]
Total = Annotated[Text, _text('Total cholesterol with its unit: "210 mg/dL" or "5.4 mmol/L".')]
Hdl = Annotated[Text, _text("HDL cholesterol with its unit.")]
Ldl = Annotated[Text, _text("LDL cholesterol with its unit.")]
Systolic = Annotated[Text, _text("Systolic blood pressure, mmHg.")]
OnBp = Annotated[Text, _text("Blood pressure treatment: yes or no.")]
OnLipid = Annotated[Text, _text("Lipid-lowering treatment: yes or no.")]
Diabetes = Annotated[Text, _text("yes or no.")]
Smoker = Annotated[Text, _text("Smokes now: yes or no.")]
Family = Annotated[Text, _text("Heart attack of a parent, sibling or child: yes or no.")]
Cvd = Annotated[Text, _text("Known cardiovascular disease: yes or no.")]
Dialysis = Annotated[Text, _text("Chronic dialysis: yes or no.")]
Bmi = Annotated[Text, _text("Body mass index, kg/m2.")]
Egfr = Annotated[Text, _text("eGFR, mL/min/1.73 m2.")]
CreatinineText = Annotated[Text, _text("Creatinine with its unit, where eGFR is not known.")]
Uacr = Annotated[Text, _text("Urine albumin-creatinine ratio with its unit.")]
Hba1c = Annotated[Text, _text('HbA1c with its unit: "6.5 %" or "48 mmol/mol".')]
Region = Annotated[Text, _text("SCORE2 risk region (low, moderate, high, very-high), or a country such as DE.")]
Valve = Annotated[Text, _text("Aortic valve calcium, Agatston units.")]
Fat = Annotated[Text, _text("Epicardial fat, ml.")]


def risk(  # noqa: PLR0917
    results: Results = None,
    clinical: Clinical = None,
    fhir: Fhir = None,
    absent_means_no: AbsentMeansNo = False,
    date: Day = None,
    percentiles: Percentiles = None,
    agatston: Agatston = None,
    aac24: Aac24 = None,
    age: Age = None,
    sex: Sex = None,
    ethnicity: Ethnicity = None,
    total_cholesterol: Total = None,
    hdl: Hdl = None,
    ldl: Ldl = None,
    systolic: Systolic = None,
    bp_treatment: OnBp = None,
    lipid_treatment: OnLipid = None,
    diabetes: Diabetes = None,
    smoker: Smoker = None,
    family_history: Family = None,
    known_cvd: Cvd = None,
    dialysis: Dialysis = None,
    bmi: Bmi = None,
    egfr: Egfr = None,
    creatinine: CreatinineText = None,
    uacr: Uacr = None,
    hba1c: Hba1c = None,
    region: Region = None,
    avc: Valve = None,
    epicardial_fat: Fat = None,
) -> None:
    """Say what a score means: percentile, arterial age, ten- and thirty-year risk before and after calcium.

    Writes risk.json beside each score.json, puts the section into its report.html, and says it here; for a folder with
    several results also risk.csv. Age and sex come from the images unless given. What is typed is one patient's; for a
    cohort give --clinical. With --agatston instead of results, only says it. Exit status: 0 all assessed, 1 some
    failed, 2 bad usage.
    """
    typed = {
        "age_years": age,
        "sex": sex,
        "ethnicity": ethnicity,
        "total_cholesterol": total_cholesterol,
        "hdl": hdl,
        "ldl": ldl,
        "systolic_mmhg": systolic,
        "on_bp_treatment": bp_treatment,
        "on_lipid_treatment": lipid_treatment,
        "has_diabetes": diabetes,
        "is_smoker": smoker,
        "has_family_history": family_history,
        "has_cvd": known_cvd,
        "on_dialysis": dialysis,
        "bmi": bmi,
        "egfr": egfr,
        "creatinine": creatinine,
        "uacr": uacr,
        "hba1c": hba1c,
        "score2_region": region,
        "avc_agatston": avc,
        "eat_ml": epicardial_fat,
    }
    given = {name: text for name, text in typed.items() if text is not None}
    try:
        files = list_results(results or ())
        if bool(files) == (agatston is not None or aac24 is not None):
            raise typer.BadParameter("give result folders, or a score with --agatston or --aac24, not both")
        if fhir is None and absent_means_no:
            raise typer.BadParameter("--absent-means-no is about a bundle; give one with --fhir")
        if not files and clinical is not None:
            raise typer.BadParameter("--clinical has a row a study; with --agatston or --aac24 type what is known")
        sources = read_sources(
            given,
            clinical=clinical,
            bundle=fhir,
            absent_means_no=absent_means_no,
            percentiles=percentiles or (),
            day=_read_day(date),
        )
        require_one_patient(files, sources)
        if not files:
            facts = ImageFacts(agatston=agatston, aac24=aac24)
            typer.echo(say_assessment(assess(facts, sources).found))
            return
    except VascalError as error:
        raise typer.BadParameter(str(error)) from error
    raise typer.Exit(_assess_files(files, sources, results or []))


def _read_day(text: str | None) -> datetime.date | None:
    try:
        return None if text is None else datetime.date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("--date needs a day as in 2024-03-05") from error


def _assess_files(files: tuple[Path, ...], sources: ClinicalSources, roots: list[Path]) -> int:
    """Assess every result, say what came out, write the table; give the exit status."""
    done: list[tuple[Path, Assessed]] = []
    failed = 0
    for path in files:
        try:
            assessed = assess_file(path, sources)
        except VascalError as error:
            typer.echo(f"{place_of(path)}: not assessed: {error}", err=True)
            failed += 1
            continue
        if assessed is None:
            typer.echo(f"{place_of(path)}: a result of a kind that risk has no use for; left as it is", err=True)
            continue
        typer.echo(_say(assessed, path, is_alone=len(files) == 1))
        done.append((path, assessed))
    if len(files) > 1:
        typer.echo(f"{len(done)} assessed, {failed} failed")
    if len(roots) == 1 and len(files) > 1:
        try:
            write_table(done, roots[0])
        except VascalError as error:
            typer.echo(str(error), err=True)
            return 1
    return 1 if failed else 0


def _say(assessed: Assessed, path: Path, *, is_alone: bool) -> str:
    report = path.with_name("report.html")
    lost = f"; no longer used: {', '.join(assessed.forgotten)}" if assessed.forgotten else ""
    if assessed.outdated:
        lost += f"; {' and '.join(assessed.outdated)} still show the report from before"
    if is_alone:
        return f"{say_assessment(assessed.found)}\n  {report}{lost}"
    return f"{place_of(path)}: {say_in_short(assessed.found)}; {report}{lost}"
