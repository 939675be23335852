"""`vascal risk`: from saved scores and clinical variables to what they mean for a patient."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vascal.errors import VascalError
from vascal.render.risk_wording import say_assessment
from vascal.risk.facts import ImageFacts
from vascal.risk_study import (
    ClinicalSources,
    RiskTally,
    assess,
    assess_file,
    list_results,
    read_sources,
    row_of,
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
    typer.Option(help="CSV with a row a patient; its column `study` holds the Study Instance UID.", exists=True),
]
Fhir = Annotated[Path | None, typer.Option(help="FHIR R4 bundle of one patient, JSON.", exists=True, dir_okay=False)]
AbsentMeansNo = Annotated[
    bool,
    typer.Option("--absent-means-no", help="The bundle lists all diseases and drugs: what is not in it is not there."),
]
Percentiles = Annotated[
    list[Path] | None,
    typer.Option("--percentiles", help="CSV of a licensed percentile table, such as MESA's.", exists=True),
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
Bmi = Annotated[Text, _text("Body mass index, kg/m2.")]
Egfr = Annotated[Text, _text("eGFR, mL/min/1.73 m2.")]
CreatinineText = Annotated[Text, _text("Creatinine with its unit, where eGFR is not known.")]
Uacr = Annotated[Text, _text("Urine albumin-creatinine ratio with its unit.")]
Hba1c = Annotated[Text, _text('HbA1c with its unit: "6.5 %" or "48 mmol/mol".')]
Region = Annotated[Text, _text("SCORE2 risk region: low, moderate, high or very-high.")]
Valve = Annotated[Text, _text("Aortic valve calcium, Agatston units.")]
Fat = Annotated[Text, _text("Epicardial fat, ml.")]


def risk(  # noqa: PLR0917
    results: Results = None,
    clinical: Clinical = None,
    fhir: Fhir = None,
    absent_means_no: AbsentMeansNo = False,
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

    Writes risk.json beside each score.json, puts the section into its report.html, and says it here. Age and sex come
    from the images unless given. With --agatston instead of results, only says it. Exit status: 0 all assessed, 1 some
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
        sources = read_sources(
            given,
            clinical=clinical,
            bundle=fhir,
            absent_means_no=absent_means_no,
            percentiles=percentiles or (),
        )
        files = list_results(results or ())
        if bool(files) == (agatston is not None or aac24 is not None):
            raise typer.BadParameter("give result folders, or a score with --agatston or --aac24")
        if not files:
            facts = ImageFacts(agatston=agatston, aac24=aac24)
            typer.echo(say_assessment(assess(facts, sources).found))
            return
    except VascalError as error:
        raise typer.BadParameter(str(error)) from error
    raise typer.Exit(_assess_files(files, sources, results or []))


def _assess_files(files: tuple[Path, ...], sources: ClinicalSources, roots: list[Path]) -> int:
    """Assess every result, say what came out, write the table; give the exit status."""
    tally = RiskTally()
    for path in files:
        name = path.parent.name
        try:
            assessed = assess_file(path, sources)
        except VascalError as error:
            typer.echo(f"{name}: not assessed: {error}", err=True)
            tally.failed += 1
            continue
        if assessed is None:
            typer.echo(f"{name}: a result of a kind that risk has no use for; left as it is", err=True)
            continue
        typer.echo(f"{name}\n{say_assessment(assessed.found)}\n  {path.with_name('report.html')}")
        tally.rows.append(row_of(assessed, path))
    if len(roots) == 1 and roots[0].is_dir() and roots[0] != files[0].parent:
        try:
            write_table(tally, roots[0])
        except VascalError as error:
            typer.echo(str(error), err=True)
            return 1
    return 1 if tally.failed or not tally.rows else 0
