"""Results as one flat row: the variables of coronary calcium, by names that every statistics program takes.

Names are in lower case, begin with a letter and have at most 26 characters, as REDCap wants them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from vascal.calcium.lesions import UNASSIGNED, VESSELS
from vascal.io.coded_finding import tidy

Kind = Literal["text", "notes", "number", "integer", "date", "yesno", "choice"]
Saved = Mapping[str, Any]
"""Content of a `score.json` or `risk.json`."""
Read = Callable[[Saved], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatField:
    """One variable.

    Parameters
    ----------
    name
        Of the variable.
    label
        What it is, with its unit.
    kind
        Of its values.
    read
        Takes it out of a saved result; None where it is not known.
    choices
        By value: its number and what it is called.
    low, high
        Least and greatest value that can be true; None without such a limit.
    note
        What a person who looks at it should know.
    is_identifying
        Whether it may lead to a person, as days and unique identifiers may.
    """

    name: str
    label: str
    kind: Kind
    read: Read
    choices: Mapping[str, tuple[int, str]] | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""
    is_identifying: bool = False


def at(*path: str) -> Read:
    """Read what lies at a path; None as soon as a part of it is not there."""

    def read(saved: Saved) -> object:
        here: object = saved
        for name in path:
            here = here.get(name) if isinstance(here, Mapping) else None
        return tidy(here) if isinstance(here, float) else here

    return read


def quoted(read: Read) -> Read:
    """Read only where the total may be quoted."""
    return lambda saved: read(saved) if saved["is_quotable"] else None


def unquoted(read: Read) -> Read:
    """Read only where the total must not be quoted."""
    return lambda saved: None if saved["is_quotable"] else read(saved)


def name_choices(names: Mapping[str, str], first: int = 0) -> Mapping[str, tuple[int, str]]:
    """Number choices in their order."""
    return {value: (number, label) for number, (value, label) in enumerate(names.items(), start=first)}


def read_day(where: str) -> Read:
    """Read the day of the study; None if there is none."""

    def read(saved: Saved) -> object:
        try:
            day = datetime.strptime(str(saved[where]["study_date"]), "%Y%m%d")  # noqa: DTZ007 - a day has no time zone
        except ValueError:
            return None
        return day.date().isoformat()

    return read


def list_codes(saved: Saved) -> object:
    """List the codes of all caveats."""
    return " ".join(str(caveat["code"]) for caveat in saved["caveats"])


def list_reasons(saved: Saved) -> object:
    """Give the critical caveats in words."""
    return " ".join(str(one["message"]) for one in saved["caveats"] if one["severity"] == "critical") or None


SEXES = name_choices({"F": "Female", "M": "Male", "O": "Other"}, first=1)
FOUND_BY = name_choices(
    {"labels": "A person or another program", "rules": "Anatomy rules", "learned": "Networks"}, first=1
)
CATEGORIES = name_choices({name: name for name in ("0", "1-10", "11-100", "101-400", ">400")})
CAC_A = name_choices({name: name for name in ("A0", "A1", "A2", "A3")})
CAC_N = name_choices({name: name for name in ("N0", "N1", "N2", "N3", "N4")})
YEARS = 130


def _score(name: str, label: str, *path: str) -> FlatField:
    return FlatField(name=name, label=label, kind="number", read=quoted(at(*path)), low=0)


def _read_others(saved: Saved) -> object:
    named = (*VESSELS, UNASSIGNED)
    return tidy(sum(vessel["agatston"] for name, vessel in saved["vessels"].items() if name not in named))


def _read_kernels(saved: Saved) -> object:
    return "/".join(saved["series"]["acquisition"]["kernels"])


def _read_scanner(saved: Saved) -> object:
    acquisition = saved["series"]["acquisition"]
    return " ".join(str(part) for part in (acquisition["manufacturer"], acquisition["model"]) if part) or None


def _read_drs(place: int) -> Read:
    def read(saved: Saved) -> object:
        category = saved["interpretation"]["cac_drs"]
        return None if category is None else str(category).split("/")[place]

    return read


_DOUBT = ("interpretation", "uncertainty")
_SCAN = ("series", "acquisition")
CORONARY_FIELDS: tuple[FlatField, ...] = (
    FlatField(name="cac_quotable", label="May the total be quoted as a calcium score?", kind="yesno",
              read=at("is_quotable")),
    _score("cac_agatston", "Total Agatston score", "total", "agatston"),
    FlatField(name="cac_category", label="Category of the total", kind="choice", choices=CATEGORIES,
              read=quoted(at("interpretation", "risk_category"))),
    FlatField(name="cac_drs_a", label="CAC-DRS, by score", kind="choice", choices=CAC_A, read=quoted(_read_drs(0))),
    FlatField(name="cac_drs_n", label="CAC-DRS, by vessels", kind="choice", choices=CAC_N, read=quoted(_read_drs(1))),
    *(_score(f"cac_agatston_{name.lower()}", f"Agatston score of the {name}", "vessels", name, "agatston")
      for name in (*VESSELS, UNASSIGNED)),
    FlatField(name="cac_agatston_other", label="Agatston score of other vessels", kind="number", low=0,
              read=quoted(_read_others)),
    _score("cac_low", "Lower limit of the total, 95 %", *_DOUBT, "agatston_low"),
    _score("cac_high", "Upper limit of the total, 95 %", *_DOUBT, "agatston_high"),
    FlatField(name="cac_zero_probability", label="Probability that the total is 0", kind="number", low=0, high=1,
              read=quoted(at(*_DOUBT, "zero_probability"))),
    _score("cac_volume_mm3", "Calcium volume, mm3", "total", "volume_mm3"),
    _score("cac_volume_iso_mm3", "Calcium volume after interpolation, mm3", "total", "volume_isotropic_mm3"),
    _score("cac_mass_mg", "Calcium mass, mg", "total", "mass_mg"),
    _score("cac_density", "Calcium density, 1 to 4", "total", "density"),
    FlatField(name="cac_lesions", label="Lesions", kind="integer", low=0, read=quoted(at("total", "lesions"))),
    FlatField(name="cac_vessels", label="Coronary arteries with calcium", kind="integer", low=0, high=4,
              read=quoted(at("interpretation", "vessels_with_calcium"))),
    _score("cac_diffusivity", "Diffusivity index", "interpretation", "diffusivity"),
    FlatField(name="cac_sum_not_a_score", label="Sum of what was found, not an Agatston score", kind="number", low=0,
              read=unquoted(at("total", "agatston")), note="Only where the total must not be quoted"),
    FlatField(name="cac_why_not_quotable", label="Why the total must not be quoted", kind="notes", read=list_reasons),
    FlatField(name="cac_found_by", label="Who marked the calcium", kind="choice", choices=FOUND_BY,
              read=at("found_by")),
    FlatField(name="cac_age", label="Age by the header, years", kind="number", low=0, high=YEARS,
              read=at("series", "patient", "age_years")),
    FlatField(name="cac_sex", label="Sex by the header", kind="choice", choices=SEXES,
              read=at("series", "patient", "sex")),
    FlatField(name="cac_scan_date", label="Day of the scan", kind="date", read=read_day("series"), is_identifying=True),
    FlatField(name="cac_study_uid", label="Study Instance UID", kind="text", is_identifying=True,
              read=at("series", "study_instance_uid")),
    FlatField(name="cac_series_uid", label="Series that was scored", kind="text", is_identifying=True,
              read=at("series", "key")),
    FlatField(name="cac_series_number", label="Series number", kind="integer", read=at("series", "series_number")),
    FlatField(name="cac_gated", label="ECG-gated", kind="yesno", read=at(*_SCAN, "gating", "is_gated")),
    FlatField(name="cac_kvp", label="Tube voltage, kV", kind="number", low=0, read=at(*_SCAN, "kvp")),
    FlatField(name="cac_slice_mm", label="Slice thickness, mm", kind="number", low=0,
              read=at(*_SCAN, "slice_thickness_mm")),
    FlatField(name="cac_spacing_mm", label="Spacing between slices, mm", kind="number", low=0,
              read=at("series", "spacing_between_slices_mm")),
    FlatField(name="cac_kernel", label="Kernel", kind="text", read=_read_kernels),
    FlatField(name="cac_scanner", label="Scanner", kind="text", read=_read_scanner),
    FlatField(name="cac_rule", label="Scoring rule", kind="text", read=at("rule", "name")),
    FlatField(name="cac_finder", label="Finder and its weights", kind="text", read=at("provenance", "finder")),
    FlatField(name="cac_caveats", label="Caveats", kind="notes", read=list_codes),
    FlatField(name="cac_vascal_version", label="Version of vascal", kind="text", read=at("provenance", "version")),
)  # fmt: skip
"""Of a `score.json` of kind ``cac``."""
