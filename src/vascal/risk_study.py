"""Composition root of risk: scores and clinical variables go in, `risk.json` and a section of the report come out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import vascal
from vascal.errors import ImpossibleInputError, InputError, RiskError
from vascal.io.atomic import write_file
from vascal.io.clinical_table import read_clinical_table
from vascal.io.image_facts import SavedFacts, facts_of, find_score_files, read_facts
from vascal.io.percentile_table import read_percentile_table
from vascal.io.risk_results import RiskProvenance, read_known, risk_row, risk_to_json, risks_to_csv
from vascal.render.risk_summary import put_risk
from vascal.reprint import find_outdated, print_again
from vascal.risk.assessment import RiskAssessment, assess_risk
from vascal.risk.clinical_text import parse_profile
from vascal.risk.facts import ImageFacts
from vascal.risk.model import TITLES
from vascal.risk.percentile_table import PercentileTable
from vascal.risk.profile import SPANS, ClinicalProfile, find_doubts
from vascal.study import Patient

UNDATED = "the day of the scan is not known: values of the bundle of any date were used; state it with --date"
_FIELDS = re.compile(r"\b(" + "|".join(name for name in TITLES if "_" in name or name == "bmi") + r")\b")
SHARED = frozenset({"score2_region"})
"""Typed variables that many patients may have in common."""
ADULT_YEARS = SPANS["age_years"].low
SAME_AGE_YEARS = 1.5
"""Ages further apart than rounding and a birthday explain are not one patient's at one time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicalSources:
    """Where clinical variables come from: typed ones go before a table's, those before a bundle's, all before headers.

    Parameters
    ----------
    typed
        By name of a `ClinicalProfile`'s field, as text.
    table
        A profile by Study Instance UID; None without a table.
    bundle
        A FHIR R4 bundle of one patient.
    absent_means_no
        Whether the bundle lists all diseases and drugs.
    percentile_tables
        Licensed tables of the user's.
    day
        Of the scan, where the header's is missing or not real.
    """

    typed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    table: Mapping[str, ClinicalProfile] | None = None
    bundle: Path | None = None
    absent_means_no: bool = False
    percentile_tables: tuple[PercentileTable, ...] = ()
    day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assessed:
    """One patient's assessment, and what made it.

    Parameters
    ----------
    forgotten
        Variables that only the assessment before it knew.
    outdated
        Files that still carry the page from before.
    """

    found: RiskAssessment
    provenance: RiskProvenance
    study: str = ""
    forgotten: tuple[str, ...] = ()
    outdated: tuple[str, ...] = ()


def read_sources(
    typed: Mapping[str, str],
    *,
    clinical: Path | None = None,
    bundle: Path | None = None,
    absent_means_no: bool = False,
    percentiles: Sequence[Path] = (),
    day: date | None = None,
) -> ClinicalSources:
    """Read tables, and check what was typed before any result is touched.

    Raises
    ------
    VascalError
        If a table can not be used, or a typed value can not be true.
    """
    parse_profile(typed)
    return ClinicalSources(
        typed=dict(typed),
        table=None if clinical is None else read_clinical_table(clinical),
        bundle=bundle,
        absent_means_no=absent_means_no,
        percentile_tables=tuple(read_percentile_table(path) for path in percentiles),
        day=day,
    )


def assess(facts: ImageFacts, sources: ClinicalSources, saved: SavedFacts | None = None) -> Assessed:
    """Put together what is known of a patient, and ask every formula.

    Parameters
    ----------
    facts
        What the images say.
    sources
        Of clinical variables.
    saved
        What the image header knows of the patient, and the study's name.
    """
    header, remarks = (ClinicalProfile(), ()) if saved is None else profile_of_header(saved.patient)
    profile, names, said = _join(header, sources, saved)
    provenance = RiskProvenance(software="vascal", version=vascal.__version__, sources=names, remarks=(*remarks, *said))
    study = "" if saved is None else saved.study
    withheld = _find_reason_to_withhold(header, profile, saved)
    if withheld:
        found = RiskAssessment(profile=profile, facts=facts, doubts=(withheld,), remarks=said)
        return Assessed(found=found, provenance=provenance, study=study)
    found = assess_risk(profile, facts, tables=sources.percentile_tables)
    found = replace(
        found,
        doubts=(*_doubt_age(header, profile), *(f"{one[0].upper()}{one[1:]}." for one in said if one == UNDATED)),
        notes=(*found.notes, *find_doubts(profile), *remarks),
        remarks=said,
    )
    return Assessed(found=found, provenance=provenance, study=study)


def _join(
    header: ClinicalProfile, sources: ClinicalSources, saved: SavedFacts | None
) -> tuple[ClinicalProfile, tuple[str, ...], tuple[str, ...]]:
    """Join profiles, the surer source over the other; also names of the sources, and remarks of the bundle."""
    profile, names = header, ["image header"] if header.known() else []
    remarks: tuple[str, ...] = ()
    if sources.bundle is not None:
        day = sources.day or (None if saved is None else saved.study_day)
        read, remarks = _read_bundle(sources.bundle, day, absent_means_no=sources.absent_means_no)
        profile = profile.updated_by(read)
        names.append("FHIR bundle")
    if sources.table is not None:
        if saved is None or saved.study not in sources.table:
            raise InputError(
                "the clinical table has no row for this study; its column `study` holds Study Instance UIDs"
            )
        profile = profile.updated_by(sources.table[saved.study])
        names.append("table")
    if sources.typed:
        profile = parse_profile(sources.typed, profile)
        names.append("typed")
    return profile, tuple(names), remarks


def _read_bundle(bundle: Path, day: date | None, *, absent_means_no: bool) -> tuple[ClinicalProfile, tuple[str, ...]]:
    from vascal.io.fhir_clinical import read_fhir_clinical

    read = read_fhir_clinical(bundle, day, absent_means_no=absent_means_no)
    unknown = (f"codes that are not known: {', '.join(read.unknown_codes)}",) if read.unknown_codes else ()
    nothing = () if read.profile.known() else ("the FHIR bundle gave nothing that could be used",)
    undated = () if day is not None else (UNDATED,)
    return read.profile, tuple(_with_titles(note) for note in (*nothing, *undated, *read.notes, *unknown))


def _with_titles(note: str) -> str:
    """Call variables what people call them."""
    return _FIELDS.sub(lambda found: TITLES[found[0]], note)


def profile_of_header(patient: Patient) -> tuple[ClinicalProfile, tuple[str, ...]]:
    """Take from an image header what can be true; also a remark for what can not."""
    profile, remarks = ClinicalProfile(), []
    wanted = {
        "age_years": patient.age_years,
        "sex": patient.sex if patient.sex in ("F", "M") else None,
        "bmi": patient.bmi,
    }
    for name, value in wanted.items():
        try:
            profile = profile if value is None else replace(profile, **{name: value})  # type: ignore[arg-type]
        except ImpossibleInputError as error:
            remarks.append(f"image header: {error}; it is not used")
    return profile, tuple(remarks)


def _find_reason_to_withhold(header: ClinicalProfile, used: ClinicalProfile, saved: SavedFacts | None) -> str:
    """Say why nothing may be said: a child, or most likely another patient's data; empty if there is no reason."""
    age = None if saved is None else saved.patient.age_years
    if age is not None and age < ADULT_YEARS:
        return (
            f"The image header says {age:.0f} years. Percentiles, formulas and guidelines are for adults: "
            "nothing is said of what the score means. If the header is wrong, assess the score with --agatston."
        )
    if header.sex is not None and used.sex != header.sex:
        return (
            f"The image header says sex {header.sex}, the clinical data {used.sex}. They may be another patient's: "
            "nothing is said of what the score means. If the header is wrong, assess the score with --agatston."
        )
    return ""


def _doubt_age(header: ClinicalProfile, used: ClinicalProfile) -> tuple[str, ...]:
    """Ask whether clinical variables are those of the patient on the images."""
    if header.age_years is None or used.age_years is None or abs(header.age_years - used.age_years) <= SAME_AGE_YEARS:
        return ()
    return (
        f"The image header says {header.age_years:.0f} years, the clinical data {used.age_years:.0f}: "
        "is it the same patient, and the age at the scan?",
    )


def lay_out_risk(assessed: Assessed, page: str) -> dict[str, bytes]:
    """Make `risk.json`, and the report's page with what it means, in the language of the page."""
    return {
        "risk.json": risk_to_json(assessed.found, assessed.provenance),
        "report.html": put_risk(page, assessed.found).encode(errors="xmlcharrefreplace"),
    }


def add_risk(saved: Mapping[str, Any], page: str) -> dict[str, bytes]:
    """Assess a result that is being written, from what its header knows.

    Parameters
    ----------
    saved
        Content of its `score.json`.
    page
        Of its report.

    Returns
    -------
    dict
        Content of ``risk.json`` and ``report.html``; only the page where risk has no use for the result.
    """
    alone = {"report.html": page.encode(errors="xmlcharrefreplace")}
    try:
        read = facts_of(saved)
        return alone if read is None else lay_out_risk(assess(read.facts, ClinicalSources(), read), page)
    except RiskError:  # what a score means must never cost the score
        return alone


def assess_file(path: Path, sources: ClinicalSources) -> Assessed | None:
    """Assess one `score.json`, write `risk.json` beside it and the section into its report.

    Returns
    -------
    Assessed or None
        None where risk has no use for the result, such as the aorta on CT.

    Raises
    ------
    VascalError
        If it is damaged, clinical variables can not be used, or nothing can be written.
    """
    saved = read_facts(path)
    if saved is None:
        return None
    assessed = assess(saved.facts, sources, saved)
    earlier = read_known(path.with_name("risk.json"))
    forgotten = tuple(TITLES[name] for name in earlier if name not in assessed.found.profile.known())
    report = path.with_name("report.html")
    try:
        page = report.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError("report.html beside score.json can not be read; score again with --overwrite") from error
    made = lay_out_risk(assessed, page)
    printed = print_again(path.parent, made["report.html"].decode())
    for name, content in (made | printed).items():
        write_file(path.parent / name, content)
    return replace(assessed, forgotten=forgotten, outdated=find_outdated(path.parent, printed))


def list_results(paths: Sequence[Path]) -> tuple[Path, ...]:
    """List every `score.json` of the given folders, each once."""
    return tuple(dict.fromkeys(file for path in paths for file in find_score_files(path)))


def require_one_patient(files: Sequence[Path], sources: ClinicalSources) -> None:
    """Refuse to give what is known of one patient to several.

    Raises
    ------
    InputError
        If variables were typed, or a bundle given, for results of more than one study.
    """
    is_personal = sources.bundle is not None or any(name not in SHARED for name in sources.typed)
    if is_personal and len(files) > 1:
        studies = {saved.study for saved in map(_read_if_whole, files) if saved is not None}
        if len(studies) > 1:
            raise InputError(
                f"these are results of {len(studies)} studies, and what was typed or in the bundle is one patient's; "
                "needed: results of one study, or a table with --clinical"
            )


def _read_if_whole(path: Path) -> SavedFacts | None:
    try:
        return read_facts(path)
    except InputError:
        return None


def write_table(assessed: Sequence[tuple[Path, Assessed]], folder: Path) -> None:
    """Write `risk.csv`, a row a result."""
    rows = [risk_row(one.found, one.study, place_of(path)) for path, one in assessed]
    write_file(folder / "risk.csv", risks_to_csv(rows))


def place_of(path: Path) -> str:
    """Name a result by its study's folder and its own."""
    return "/".join(path.parent.parts[-2:])
