"""Estimated glomerular filtration rate from creatinine, by the equation that does not ask for race.

Source: Inker et al., N Engl J Med 2021;385:1737-1749, doi:10.1056/NEJMoa2102953 (CKD-EPI 2021, creatinine).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from vascal.errors import OutOfRangeError
from vascal.risk.profile import SPANS, ClinicalProfile, Sex
from vascal.risk.quantity import Creatinine


@dataclass(frozen=True, slots=True, kw_only=True)
class CkdEpi:
    """CKD-EPI 2021 of one sex: scale * min(r, 1)^low * max(r, 1)^high * yearly^age; r = creatinine / knot."""

    scale: float
    knot_mg_dl: float
    low: float
    high: float = -1.200
    yearly: float = 0.9938


CKD_EPI_2021: Mapping[Sex, CkdEpi] = MappingProxyType(
    {
        "F": CkdEpi(scale=142 * 1.012, knot_mg_dl=0.7, low=-0.241),
        "M": CkdEpi(scale=142.0, knot_mg_dl=0.9, low=-0.302),
    }
)


def estimate_egfr(creatinine: Creatinine, age_years: float, sex: Sex) -> float:
    """Estimate how much the kidneys filter.

    Parameters
    ----------
    creatinine
        In serum, by an assay traceable to IDMS.
    age_years, sex
        Of an adult.

    Returns
    -------
    float
        mL/min/1.73 m2, unrounded.

    References
    ----------
    Inker et al., N Engl J Med 2021;385:1737-1749, doi:10.1056/NEJMoa2102953.

    Examples
    --------
    >>> round(estimate_egfr(Creatinine.of(85, "umol/L"), 65.0, "F"))
    66
    """
    rule = CKD_EPI_2021[sex]
    ratio = creatinine.mg_dl / rule.knot_mg_dl
    by_creatinine = math.pow(min(ratio, 1.0), rule.low) * math.pow(max(ratio, 1.0), rule.high)
    return rule.scale * by_creatinine * math.pow(rule.yearly, age_years)


def estimate_missing_egfr(profile: ClinicalProfile) -> ClinicalProfile:
    """Fill in the eGFR of a patient of whom only creatinine is known.

    Parameters
    ----------
    profile
        Of which creatinine, age and sex serve; an eGFR that is known stays as it is.

    Returns
    -------
    ClinicalProfile
        With an eGFR, or unchanged where one of the three is not known.

    Raises
    ------
    OutOfRangeError
        If so much or so little creatinine gives an eGFR that nobody alive has.
    """
    creatinine, age, sex = profile.creatinine, profile.age_years, profile.sex
    if profile.egfr is not None or creatinine is None or age is None or sex is None:
        return profile
    egfr, span = estimate_egfr(creatinine, age, sex), SPANS["egfr"]
    if not span.low <= egfr <= span.high:
        raise OutOfRangeError(
            f"creatinine of {creatinine.mg_dl:g} mg/dL, which gives an eGFR of {egfr:.3g} {span.unit}; "
            f"needed: an eGFR of {span.low:g} to {span.high:g} {span.unit}"
        )
    return replace(profile, egfr=egfr)
