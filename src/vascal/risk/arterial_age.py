"""Arterial age: the age at which people of MESA had the coronary risk that goes with this score.

Source: McClelland et al., Am J Cardiol 2009;103:59-63, doi:10.1016/j.amjcard.2008.08.031.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from vascal.risk.percentile import AgeBand, require_score

SOURCE = "McClelland et al., Am J Cardiol 2009;103:59-63, doi:10.1016/j.amjcard.2008.08.031"
MESA_AGES = AgeBand(low=45, high=84)
YEARS_AT_ZERO, YEARS_PER_LOG = 39.1, 7.25
_SPREAD = (13.7, -6.5, 0.8)
"""Coefficients of 1, L and L^2 under the root of the uncertainty, L = ln(CAC + 1)."""
_HALF_DIGIT = 0.05
"""How far each of them may be from what was rounded."""
NO_UNCERTAINTY = (
    "No uncertainty is given near this score: the coefficients that are known have one decimal, "
    "and rounding alone could make it zero."
)
BELOW = "Younger than anyone in the cohort (45 to 84 years): read it as low."
ABOVE = "Older than anyone in the cohort (45 to 84 years): read it as high."


@dataclass(frozen=True, slots=True, kw_only=True)
class ArterialAge:
    """A score as an age.

    Parameters
    ----------
    years
        Arterial age, unrounded.
    uncertainty_years
        Uncertainty of the fitted line, years; None where it can not be told. Whether it is one standard error or
        half of a 95 % interval is not known: no interval should be printed from it without saying so.
    notes
        What a reader should know.
    source
        Paper with DOI.
    """

    years: float
    uncertainty_years: float | None
    notes: tuple[str, ...] = ()
    source: str = SOURCE

    @property
    def text(self) -> str:
        """The risk of the score as one sentence, in whole years and within the ages of the cohort."""
        who = f"of {round(self.years)} years in MESA"
        if _is_below(self.years):
            who = f"below {MESA_AGES.low} years, younger than anyone in MESA"
        elif _is_above(self.years):
            who = f"above {MESA_AGES.high} years, older than anyone in MESA"
        return f"The coronary risk is that of a person {who} (arterial age)."


def _is_below(years: float) -> bool:
    return round(years) < MESA_AGES.low


def _is_above(years: float) -> bool:
    return round(years) > MESA_AGES.high


def find_arterial_age(agatston: float) -> ArterialAge:
    """Turn a score into an arterial age: 39.1 + 7.25 ln(CAC + 1) years.

    Parameters
    ----------
    agatston
        Total Agatston score, 0 or more.

    Raises
    ------
    OutOfRangeError
        For a score that can not be.

    Notes
    -----
    The line is the paper's. The uncertainty sqrt(13.7 - 6.5 L + 0.8 L^2), L = ln(CAC + 1), was seen only in the code of
    a public calculator, where it is called a 95 % interval; its form is that of the standard error of a fitted line.
    It is positive for every score (its discriminant is -1.59), but smallest, 0.5 years^2, at a score of 57. There the
    coefficients, known to one decimal, matter most: from a score of about 30 to 199 the rounding of 0.05 in
    each could cancel it, so none is given.

    Examples
    --------
    >>> round(find_arterial_age(100).years, 2)
    72.56
    """
    require_score(agatston)
    log_score = math.log1p(agatston)
    years = YEARS_AT_ZERO + YEARS_PER_LOG * log_score
    uncertainty = _find_uncertainty(log_score)
    notes = []
    if _is_below(years):
        notes.append(BELOW)
    if _is_above(years):
        notes.append(ABOVE)
    if uncertainty is None:
        notes.append(NO_UNCERTAINTY)
    return ArterialAge(years=years, uncertainty_years=uncertainty, notes=tuple(notes))


def _find_uncertainty(log_score: float) -> float | None:
    """Evaluate the root where what is under it is larger than what rounding may have taken away."""
    powers = (1.0, log_score, log_score**2)
    variance = sum(coefficient * power for coefficient, power in zip(_SPREAD, powers, strict=True))
    return math.sqrt(variance) if variance > _HALF_DIGIT * sum(powers) else None
