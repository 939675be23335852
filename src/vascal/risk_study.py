"""Composition root of risk: scores and clinical variables go in, `risk.json` and a section of the report come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import vascal
from vascal.errors import ImpossibleInputError, InputError
from vascal.io.atomic import write_file
from vascal.io.clinical_table import read_clinical_table
from vascal.io.image_facts import SavedFacts, facts_of, find_score_files, read_facts
from vascal.io.percentile_table import read_percentile_table
from vascal.io.risk_results import RiskProvenance, risk_row, risk_to_json, risks_to_csv
from vascal.render.risk_section import draw_risk_section, replace_section
from vascal.risk.assessment import RiskAssessment, assess_risk
from vascal.risk.clinical_text import parse_profile
from vascal.risk.facts import ImageFacts
from vascal.risk.percentile_table import PercentileTable
from vascal.risk.profile import ClinicalProfile
from vascal.study import Patient

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
    """

    typed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    table: Mapping[str, ClinicalProfile] | None = None
    bundle: Path | None = None
    absent_means_no: bool = False
    percentile_tables: tuple[PercentileTable, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assessed:
    """One patient's assessment, and what made it."""

    found: RiskAssessment
    provenance: RiskProvenance
    study: str = ""


def read_sources(
    typed: Mapping[str, str],
    *,
    clinical: Path | None = None,
    bundle: Path | None = None,
    absent_means_no: bool = False,
    percentiles: Sequence[Path] = (),
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
    found = assess_risk(profile, facts, tables=sources.percentile_tables)
    doubts = compare_with_header(header, profile)
    return Assessed(
        found=replace(found, notes=(*doubts, *found.notes)),
        provenance=RiskProvenance(
            software="vascal", version=vascal.__version__, sources=names, remarks=(*remarks, *said, *doubts)
        ),
        study="" if saved is None else saved.study,
    )


def _join(
    header: ClinicalProfile, sources: ClinicalSources, saved: SavedFacts | None
) -> tuple[ClinicalProfile, tuple[str, ...], tuple[str, ...]]:
    """Join profiles, the surer source over the other; also names of the sources, and remarks of the bundle."""
    profile, names = header, ["image header"] if header.known() else []
    remarks: tuple[str, ...] = ()
    if sources.bundle is not None:
        bundle, remarks = _read_bundle(sources, saved)
        profile = profile.updated_by(bundle)
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


def _read_bundle(sources: ClinicalSources, saved: SavedFacts | None) -> tuple[ClinicalProfile, tuple[str, ...]]:
    from vascal.io.fhir_clinical import read_fhir_clinical

    if sources.bundle is None:
        return ClinicalProfile(), ()
    at = None if saved is None else _date(saved.study_date)
    read = read_fhir_clinical(sources.bundle, at, absent_means_no=sources.absent_means_no)
    unknown = (f"codes that are not known: {', '.join(read.unknown_codes)}",) if read.unknown_codes else ()
    return read.profile, (*read.notes, *unknown)


def _date(text: str) -> date | None:
    return date.fromisoformat(text) if len(text) == 8 and text.isdigit() else None


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


def compare_with_header(header: ClinicalProfile, used: ClinicalProfile) -> tuple[str, ...]:
    """Ask whether clinical variables are those of the patient on the images."""
    doubts = []
    if header.sex is not None and used.sex != header.sex:
        doubts.append(f"The image header says sex {header.sex}, the clinical data {used.sex}: is it the same patient?")
    if header.age_years is not None and used.age_years is not None:
        gap = abs(header.age_years - used.age_years)
        if gap > SAME_AGE_YEARS:
            doubts.append(
                f"The image header says {header.age_years:.0f} years, the clinical data {used.age_years:.0f}: "
                "is it the same patient, and the age at the scan?"
            )
    return tuple(doubts)


def lay_out_risk(assessed: Assessed, page: str) -> dict[str, bytes]:
    """Make `risk.json`, and the report's page with its section."""
    section = draw_risk_section(assessed.found)
    return {
        "risk.json": risk_to_json(assessed.found, assessed.provenance),
        "report.html": replace_section(page, section).encode(errors="xmlcharrefreplace"),
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
    read = facts_of(saved)
    if read is None:
        return {"report.html": page.encode(errors="xmlcharrefreplace")}
    return lay_out_risk(assess(read.facts, ClinicalSources(), read), page)


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
    report = path.with_name("report.html")
    try:
        page = report.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError("report.html beside score.json can not be read; score again with --overwrite") from error
    for name, content in lay_out_risk(assessed, page).items():
        write_file(path.with_name(name), content)
    return assessed


@dataclass(slots=True, kw_only=True)
class RiskTally:
    """What a run has come to: rows of its table, and how many results failed."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    failed: int = 0


def list_results(paths: Sequence[Path]) -> tuple[Path, ...]:
    """List every `score.json` of the given folders, each once."""
    return tuple(dict.fromkeys(file for path in paths for file in find_score_files(path)))


def write_table(tally: RiskTally, folder: Path) -> None:
    """Write `risk.csv`."""
    write_file(folder / "risk.csv", risks_to_csv(tally.rows))


def row_of(assessed: Assessed, path: Path) -> dict[str, Any]:
    """Lay one assessment out as a row of `risk.csv`."""
    return risk_row(assessed.found, assessed.study, "/".join(path.parent.parts[-2:]))
