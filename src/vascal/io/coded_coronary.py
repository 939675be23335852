"""A coronary calcium score as coded findings.

A total that must not be quoted is never coded as a calcium score: it gets a code of its own, as do volume and mass,
and neither arteries nor category are given, so that no program takes it for one.

References
----------
DICOM PS3.16 CID 3016, 6140, 6142. SNOMED CT 450734004 is the observable entity that FHIR profiles use (HL7 Lithuania,
CoronaryCalciumScoreLtCvd); 450360000 is the code of DICOM's CID 6142. LOINC 36934-8 names the procedure; LOINC has no
code for the Agatston score itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from vascal.calcium.lesions import UNASSIGNED
from vascal.io.coded_finding import (
    ONE,
    SCORE,
    UNVERIFIED,
    Code,
    CodedReport,
    Finding,
    known_parts,
    list_caveats,
    make_maker,
    make_source,
    name_reasons,
    part,
    private,
    tidy,
)

PROCEDURE = Code(scheme="LN", value="36934-8", meaning="CT Heart for calcium scoring")
CALCIUM_SCORE = (
    Code(scheme="SCT", value="450734004", meaning="Coronary artery calcium score"),
    Code(scheme="SCT", value="450360000", meaning="Coronary artery calcium score"),
)
METHOD = Code(scheme="DCM", value="112055", meaning="Agatston scoring method")
VOLUME = Code(scheme="DCM", value="112197", meaning="Volume of Vascular Calcification")
MASS = Code(scheme="DCM", value="112199", meaning="Mass of Vascular Calcification")
KVP = Code(scheme="DCM", value="113733", meaning="KVP")
CORONARY = Code(scheme="SCT", value="41801008", meaning="Coronary artery")
ARTERIES: Mapping[str, Code] = MappingProxyType(
    {
        "LM": Code(scheme="SCT", value="3227004", meaning="Left main coronary artery"),
        "LAD": Code(scheme="SCT", value="59438005", meaning="Left anterior descending coronary artery"),
        "LCX": Code(scheme="SCT", value="57396003", meaning="Circumflex coronary artery"),
        "RCA": Code(scheme="SCT", value="13647002", meaning="Right coronary artery"),
    }
)
CATEGORIES: Mapping[str, str] = MappingProxyType(
    {"0": "CAC-0", "1-10": "CAC-1-10", "11-100": "CAC-11-100", "101-400": "CAC-101-400", ">400": "CAC-ABOVE-400"}
)
FINDERS: Mapping[str, str] = MappingProxyType({"labels": "BY-LABELS", "rules": "BY-RULES", "learned": "BY-LEARNED"})


def code_coronary(saved: Mapping[str, Any]) -> CodedReport:
    """Code a `score.json` of kind ``cac``."""
    return CodedReport(
        title="Coronary calcium on CT",
        procedure=PROCEDURE,
        section="CT",
        conclusion=_conclude(saved),
        caveats=list_caveats(saved),
        total=_code_total(saved) if saved["is_quotable"] else _code_sum(saved),
        source=make_source(saved, "series", "CT"),
        maker=make_maker(saved, str(saved["rule"]["name"])),
    )


def _conclude(saved: Mapping[str, Any]) -> str:
    meaning = saved["interpretation"]
    if not saved["is_quotable"]:
        return f"No calcium score: the total must not be quoted. {name_reasons(saved)} {UNVERIFIED}"
    return (
        f"Total Agatston score {tidy(saved['total']['agatston']):g} (category {meaning['risk_category']}, "
        f"CAC-DRS {meaning['cac_drs']}); calcium in {meaning['vessels_with_calcium']} of 4 coronary arteries. "
        + UNVERIFIED
    )


def _code_total(saved: Mapping[str, Any]) -> Finding:
    meaning = saved["interpretation"]
    return Finding(
        key="total",
        codes=CALCIUM_SCORE,
        text="Total Agatston score",
        value=tidy(saved["total"]["agatston"]),
        unit=SCORE,
        site=CORONARY,
        site_text="All coronary arteries",
        method=METHOD,
        interpretation=private(CATEGORIES[meaning["risk_category"]]),
        parts=(*_measure(saved["total"]), *_interpret(meaning), *_describe(saved)),
        members=tuple(_code_vessel(name, vessel) for name, vessel in saved["vessels"].items()),
    )


def _code_sum(saved: Mapping[str, Any]) -> Finding:
    return Finding(
        key="total",
        codes=(private("CALCIUM-SUM"),),
        text=private("CALCIUM-SUM").meaning,
        value=tidy(saved["total"]["agatston"]),
        unit=SCORE,
        site=CORONARY,
        site_text="All coronary arteries",
        parts=(
            part("VOLUME-SUM", tidy(saved["total"]["volume_mm3"]), "mm3"),
            part("MASS-SUM", tidy(saved["total"]["mass_mg"]), "mg"),
            part("LESIONS", saved["total"]["lesions"]),
            *_describe(saved),
        ),
    )


def _code_vessel(name: str, vessel: Mapping[str, Any]) -> Finding:
    site, site_text = _place(name)
    return Finding(
        key=name,
        codes=CALCIUM_SCORE,
        text=f"Agatston score: {site_text}",
        value=tidy(vessel["agatston"]),
        unit=SCORE,
        site=site,
        site_text=site_text,
        method=METHOD,
        parts=_measure(vessel),
        flat=_name_alone(name, site_text),
    )


def _name_alone(name: str, place: str) -> Code:
    """Give the code of an artery's score; one code stands for all other names, which its meaning then tells."""
    if name in ARTERIES:
        return private(f"AGATSTON-{name}")
    return replace(private("AGATSTON-OTHER"), meaning=f"Agatston score: {place}")


def _place(name: str) -> tuple[Code, str]:
    if name in ARTERIES:
        return ARTERIES[name], ARTERIES[name].meaning
    if name == UNASSIGNED:
        return private("UNASSIGNED"), "a coronary artery, uncertain which"
    return private("OTHER-VESSEL"), name


def _measure(sums: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Give what was measured besides the Agatston score."""
    return (
        part(VOLUME, tidy(sums["volume_mm3"]), "mm3"),
        part(MASS, tidy(sums["mass_mg"]), "mg"),
        *known_parts(
            {
                "VOLUME-ISO": (sums["volume_isotropic_mm3"], "mm3"),
                "MASS-INTEGRATED": (sums["mass_integrated_mg"], "mg"),
                "MASS-FRACTION": (sums["mass_volume_fraction_mg"], "mg"),
                "DENSITY": (sums["density"], ONE),
                "LESIONS": (sums["lesions"], ""),
            }
        ),
    )


def _interpret(meaning: Mapping[str, Any]) -> Iterator[Finding]:
    grade, vessels = str(meaning["cac_drs"]).split("/")
    doubt = meaning["uncertainty"] or {}
    yield part("CAC-CATEGORY", private(CATEGORIES[meaning["risk_category"]]))
    yield part("CAC-DRS-A", private(grade))
    yield part("CAC-DRS-N", private(vessels))
    yield from known_parts(
        {
            "VESSELS": (meaning["vessels_with_calcium"], ""),
            "DIFFUSIVITY": (meaning["diffusivity"], ONE),
            "REPEAT-LIMIT": (meaning["repeat_limit_95"]["agatston"], SCORE),
            "INTERVAL-LOW": (doubt.get("agatston_low"), SCORE),
            "INTERVAL-HIGH": (doubt.get("agatston_high"), SCORE),
            "INTERVAL-LEVEL": (doubt.get("level"), ONE),
            "ZERO-PROBABILITY": (doubt.get("zero_probability"), ONE),
        }
    )


def _describe(saved: Mapping[str, Any]) -> Iterator[Finding]:
    """Say how the scan was made and who marked the calcium."""
    acquisition = saved["series"]["acquisition"]
    yield part("QUOTABLE", saved["is_quotable"])
    yield part("FOUND-BY", private(FINDERS[saved["found_by"]]))
    yield part("SCORING-RULE", str(saved["rule"]["name"]))
    yield from known_parts({"GATED": (acquisition["gating"]["is_gated"], "")})
    if acquisition["kvp"] is not None:
        yield part(KVP, tidy(acquisition["kvp"]), "kV")
