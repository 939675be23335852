"""Results as one flat row: the variables of films and of risk, and the forms that all of them stand in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from vascal.aac.classes import SCHEMES
from vascal.io.flat_fields import (
    CORONARY_FIELDS,
    FOUND_BY,
    SEXES,
    YEARS,
    FlatField,
    Read,
    Saved,
    at,
    list_codes,
    list_reasons,
    name_choices,
    quoted,
    read_day,
    unquoted,
)
from vascal.wall_levels import WALL_LEVELS


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatForm:
    """Variables that are filled from one file.

    Parameters
    ----------
    name, title
        For programs and for people.
    """

    name: str
    title: str
    fields: tuple[FlatField, ...]


def _points(name: str, label: str, high: int, *path: str) -> FlatField:
    return FlatField(name=name, label=label, kind="integer", low=0, high=high, read=quoted(at(*path)))


def _share(name: str, label: str, *path: str) -> FlatField:
    return FlatField(name=name, label=label, kind="number", low=0, high=1, read=quoted(at(*path)))


FILM_FIELDS: tuple[FlatField, ...] = (
    FlatField(name="aac_quotable", label="May the total be quoted as an AAC-24?", kind="yesno", read=at("is_quotable")),
    _points("aac24", "AAC-24 total", 24, "total", "aac24"),
    _points("aac24_anterior", "AAC-24, anterior wall", 12, "total", "anterior"),
    _points("aac24_posterior", "AAC-24, posterior wall", 12, "total", "posterior"),
    _points("aac24_low", "Lower limit of the total, 95 %", 24, "total", "interval", "low"),
    _points("aac24_high", "Upper limit of the total, 95 %", 24, "total", "interval", "high"),
    _points("aac8", "AAC-8 total", 8, "total", "aac8", "total"),
    _points("aac_affected_segments", "Affected segments", 4, "total", "affected_segments"),
    _points("aac_antero_posterior", "Antero-posterior severity", 8, "total", "antero_posterior"),
    _share("aac_zero_probability", "Probability that the total is 0", "total", "zero_probability"),
    *(FlatField(name=f"aac_class_{scheme.name.split('-')[0]}", label=f"AAC-24 class, {scheme.name}", kind="choice",
                choices=name_choices({name: f"{name} ({scheme.span_text(name)})" for name in scheme.classes}),
                read=quoted(at("total", "classes", scheme.name, "class")))
      for scheme in SCHEMES),
    *(_points(f"aac_{level.lower()}_{wall}", f"Grade of the {wall} wall at {level}", 3, "levels", level, wall, "grade")
      for level, wall in WALL_LEVELS),
    FlatField(name="aac_sum_not_a_score", label="Sum of grades, not an AAC-24", kind="integer", low=0, high=24,
              read=unquoted(at("total", "aac24")), note="Only where the total must not be quoted"),
    FlatField(name="aac_why_not_quotable", label="Why the total must not be quoted", kind="notes", read=list_reasons),
    FlatField(name="aac_found_by", label="Who graded the film", kind="choice", choices=FOUND_BY, read=at("found_by")),
    FlatField(name="aac_age", label="Age by the header, years", kind="number", low=0, high=YEARS,
              read=at("film", "patient", "age_years")),
    FlatField(name="aac_sex", label="Sex by the header", kind="choice", choices=SEXES,
              read=at("film", "patient", "sex")),
    FlatField(name="aac_film_date", label="Day of the film", kind="date", read=read_day("film"), is_identifying=True),
    FlatField(name="aac_study_uid", label="Study Instance UID", kind="text", is_identifying=True,
              read=at("film", "study_instance_uid")),
    FlatField(name="aac_film_uid", label="Film that was graded", kind="text", is_identifying=True,
              read=at("film", "key")),
    FlatField(name="aac_modality", label="Modality", kind="text", read=at("film", "modality")),
    FlatField(name="aac_reader", label="Reader", kind="text", read=at("reading", "reader")),
    FlatField(name="aac_caveats", label="Caveats", kind="notes", read=list_codes),
    FlatField(name="aac_vascal_version", label="Version of vascal", kind="text", read=at("provenance", "version")),
)  # fmt: skip
"""Of a `score.json` of kind ``aac``."""


def _first_percentile(*path: str) -> Read:
    def read(saved: Saved) -> object:
        return at(*path)(saved["percentiles"][0]) if saved["percentiles"] else None

    return read


def _estimate(start: str, years: int, outcome: str | None = None) -> Read:
    """Read the first probability of a formula; names of its variants begin alike."""

    def read(saved: Saved) -> object:
        for one in saved["estimates"]:
            is_meant = str(one["model"]).startswith(start) and one["horizon_years"] == years
            if is_meant and outcome in (None, one["outcome"]):
                return round(float(one["probability"]), 5)
        return None

    return read


def _chance(name: str, label: str, read: Read) -> FlatField:
    return FlatField(name=name, label=label, kind="number", low=0, high=1, read=read)


def _profile(name: str, label: str, high: float) -> FlatField:
    return FlatField(
        name=f"risk_{name}", label=label, kind="number", low=0, high=high, read=at("profile", name, "value")
    )


RISK_FIELDS: tuple[FlatField, ...] = (
    _profile("age_years", "Age, years", YEARS),
    FlatField(name="risk_sex", label="Sex", kind="choice", choices=SEXES, read=at("profile", "sex", "value")),
    FlatField(name="risk_percentile", label="Percentile of the calcium score", kind="number", low=0, high=100,
              read=_first_percentile("value")),
    FlatField(name="risk_percentile_reference", label="Reference of the percentile", kind="text",
              read=_first_percentile("reference", "name")),
    FlatField(name="risk_arterial_age", label="Arterial age, years", kind="number", low=0,
              read=at("arterial_age", "years")),
    _chance("risk_mesa_chd_10y", "MESA, 10 years, without calcium", _estimate("mesa-chd-2015", 10)),
    _chance("risk_mesa_chd_cac_10y", "MESA, 10 years, with calcium", _estimate("mesa-chd-cac", 10)),
    _chance("risk_prevent_ascvd_10y", "PREVENT ASCVD, 10 years", _estimate("prevent", 10, "ascvd")),
    _chance("risk_prevent_cvd_10y", "PREVENT CVD, 10 years", _estimate("prevent", 10, "cvd")),
    _chance("risk_prevent_ascvd_30y", "PREVENT ASCVD, 30 years", _estimate("prevent", 30, "ascvd")),
    _chance("risk_prevent_cvd_30y", "PREVENT CVD, 30 years", _estimate("prevent", 30, "cvd")),
    _chance("risk_pce_ascvd_10y", "Pooled cohort equations, 10 years", _estimate("pce-", 10)),
    _chance("risk_framingham_cvd_10y", "Framingham, 10 years", _estimate("framingham", 10)),
    _chance("risk_score2_cvd_10y", "SCORE2, 10 years", _estimate("score2", 10)),
    FlatField(name="risk_category_before", label="Risk category before calcium", kind="text",
              read=at("change", "category_before")),
    FlatField(name="risk_category_after", label="Risk category after calcium", kind="text",
              read=at("change", "category_after")),
    FlatField(name="risk_vascal_version", label="Version of vascal", kind="text", read=at("provenance", "version")),
)  # fmt: skip
"""Of a `risk.json`."""

FORMS: Mapping[str, FlatForm] = MappingProxyType(
    {
        "vascal.score/1": FlatForm(name="coronary_calcium", title="Coronary calcium", fields=CORONARY_FIELDS),
        "vascal.aac/1": FlatForm(name="aortic_calcification", title="Aortic calcification", fields=FILM_FIELDS),
        "vascal.risk/1": FlatForm(name="cardiovascular_risk", title="Cardiovascular risk", fields=RISK_FIELDS),
    }
)
"""By the layout of the file that fills it."""
