"""An AAC-24 grading of a lateral film as coded findings.

No public coding scheme has a code for AAC-24 that could be found, so all its findings have codes of 99VASCAL.

References
----------
Kauppila et al., Atherosclerosis 1997;132:245-250, doi 10.1016/S0021-9150(97)00106-8 (AAC-24).
LOINC 18748-4 names any diagnostic imaging study; SNOMED CT 7832008 is the abdominal aorta.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from vascal.io.coded_coronary import FINDERS, KVP
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
from vascal.wall_levels import LEVELS, WALLS

PROCEDURE = Code(scheme="LN", value="18748-4", meaning="Diagnostic imaging study")
AORTA = Code(scheme="SCT", value="7832008", meaning="Abdominal aorta")
CLASSES: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("kidney-thirds", "none or mild"): "KIDNEY-MILD",
        ("kidney-thirds", "moderate"): "KIDNEY-MODERATE",
        ("kidney-thirds", "severe"): "KIDNEY-SEVERE",
        ("population", "low"): "POP-LOW",
        ("population", "moderate"): "POP-MODERATE",
        ("population", "high"): "POP-HIGH",
        ("masterplan", "below 4"): "MASTER-BELOW-4",
        ("masterplan", "4 or more"): "MASTER-4-OR-MORE",
    }
)
SCHEMES: Mapping[str, str] = MappingProxyType(
    {"kidney-thirds": "CLASS-KIDNEY", "population": "CLASS-POPULATION", "masterplan": "CLASS-MASTERPLAN"}
)


def code_film(saved: Mapping[str, Any]) -> CodedReport:
    """Code a `score.json` of kind ``aac``."""
    return CodedReport(
        title="Abdominal aortic calcification on a lateral film",
        procedure=PROCEDURE,
        section="RX",
        conclusion=_conclude(saved),
        caveats=list_caveats(saved),
        total=_code_total(saved) if saved["is_quotable"] else _code_sum(saved),
        source=make_source(saved, "film", str(saved["film"]["modality"]) or "OT"),
        maker=make_maker(saved, "AAC-24"),
    )


def _conclude(saved: Mapping[str, Any]) -> str:
    if not saved["is_quotable"]:
        return f"No AAC-24: the total must not be quoted. {name_reasons(saved)} {UNVERIFIED}"
    total = saved["total"]
    walls = f"anterior wall {total['anterior']}, posterior wall {total['posterior']}"
    said = f"AAC-24 total {total['aac24']} of 24 ({walls})"
    return f"{said}; {total['affected_segments']} of 4 levels with calcification. {UNVERIFIED}"


def _code_total(saved: Mapping[str, Any]) -> Finding:
    return Finding(
        key="total",
        codes=(private("AAC24"),),
        text="AAC-24 total",
        value=saved["total"]["aac24"],
        unit=SCORE,
        site=AORTA,
        site_text="Abdominal aorta, L1 to L4",
        method=private("AAC-METHOD"),
        interpretation=next(iter(_classes(saved["total"]))),
        parts=(*_add_up(saved["total"]), *_describe(saved)),
        members=tuple(_code_level(level, saved["levels"][level]) for level in LEVELS),
    )


def _code_sum(saved: Mapping[str, Any]) -> Finding:
    return Finding(
        key="total",
        codes=(private("AAC-SUM"),),
        text=private("AAC-SUM").meaning,
        value=saved["total"]["aac24"],
        unit=SCORE,
        site=AORTA,
        site_text="Abdominal aorta",
        parts=tuple(_describe(saved)),
    )


def _classes(total: Mapping[str, Any]) -> tuple[Code, ...]:
    return tuple(private(CLASSES[name, total["classes"][name]["class"]]) for name in SCHEMES)


def _add_up(total: Mapping[str, Any]) -> Iterator[Finding]:
    """Give the other sums, the interval and the classes."""
    interval, eight = total["interval"] or {}, total["aac8"] or {}
    yield from known_parts(
        {
            "AAC24-ANTERIOR": (total["anterior"], SCORE),
            "AAC24-POSTERIOR": (total["posterior"], SCORE),
            "AAC-SEGMENTS": (total["affected_segments"], ""),
            "AAC-AP": (total["antero_posterior"], ""),
            "AAC8": (eight.get("total"), SCORE),
            "AAC8-ANTERIOR": (eight.get("anterior"), SCORE),
            "AAC8-POSTERIOR": (eight.get("posterior"), SCORE),
            "INTERVAL-LOW": (interval.get("low"), SCORE),
            "INTERVAL-HIGH": (interval.get("high"), SCORE),
            "INTERVAL-LEVEL": (interval.get("level"), ONE),
            "AAC24-EXPECTED": (total["expected"], SCORE),
            "ZERO-PROBABILITY": (total["zero_probability"], ONE),
        }
    )
    if eight:
        yield part("AAC8-UNIT", private(f"HEIGHT-{str(eight['unit']).upper()}"))
    for scheme, name in zip(SCHEMES.values(), _classes(total), strict=True):
        yield part(scheme, name)


def _code_level(level: str, graded: Mapping[str, Any]) -> Finding:
    return Finding(
        key=level,
        codes=(private(f"AAC24-{level}"),),
        text=f"AAC-24 points at {level}",
        value=graded["points"],
        unit=SCORE,
        site=AORTA,
        site_text=f"Abdominal aorta at {level}",
        method=private("AAC-METHOD"),
        parts=(
            *(part(f"GRADE-{level}-{wall[:4].upper()}", graded[wall]["grade"], SCORE) for wall in WALLS),
            *(part(f"SHARE-{level}-{wall[:4].upper()}", tidy(graded[wall]["fraction"]), ONE) for wall in WALLS),
            *known_parts({"AAC-LEVEL-SURE": (graded["confidence"], ONE)}),
        ),
    )


def _describe(saved: Mapping[str, Any]) -> Iterator[Finding]:
    yield part("QUOTABLE", saved["is_quotable"])
    yield part("FOUND-BY", private(FINDERS[saved["found_by"]]))
    if saved["film"]["kvp"] is not None:
        yield part(KVP, tidy(saved["film"]["kvp"]), "kV")
