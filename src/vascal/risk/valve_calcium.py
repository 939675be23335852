"""What calcium of the aortic valve says of aortic stenosis, by sex.

Source: Vahanian et al. (ESC/EACTS valve guidelines 2021), Eur Heart J 2022;43:561-632, doi:10.1093/eurheartj/ehab395,
The thresholds were read in reviews that quote the guideline. The best ones of 918 patients of eight centres, 2,062
for men and 1,377 for women, lie near them (Pawade et al., Circ Cardiovasc Imaging 2018;11:e007146).
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from vascal.risk.percentile import require_score
from vascal.risk.profile import Sex

Likelihood = Literal["unlikely", "undecided", "likely", "very likely"]
SOURCE = "Vahanian et al. (ESC/EACTS 2021), Eur Heart J 2022;43:561-632, doi:10.1093/eurheartj/ehab395"
CAVEATS = (
    "Severity of aortic stenosis is told by echocardiography; calcium decides where its measures disagree.",
    "With low flow and a low gradient the score tells severe from moderate stenosis poorly.",
    "The thresholds are for gated scans without contrast agent, and do not tell two cusps from three.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValveThresholds:
    """Agatston units of the aortic valve: severe stenosis is unlikely below the first, likely and very likely from."""

    unlikely_below: float
    likely_from: float
    very_likely_from: float


THRESHOLDS: MappingProxyType[Sex, ValveThresholds] = MappingProxyType(
    {
        "M": ValveThresholds(unlikely_below=1600.0, likely_from=2000.0, very_likely_from=3000.0),
        "F": ValveThresholds(unlikely_below=800.0, likely_from=1200.0, very_likely_from=1600.0),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValveFinding:
    """How likely severe aortic stenosis is by the calcium of the valve.

    Parameters
    ----------
    likelihood
        As the guideline words it; ``undecided`` between its thresholds.
    thresholds
        Those of the patient's sex.
    text
        For the page.
    caveats
        What limits it.
    source
        Guideline with DOI.
    """

    likelihood: Likelihood
    thresholds: ValveThresholds
    text: str
    caveats: tuple[str, ...] = CAVEATS
    source: str = SOURCE


def grade_valve_calcium(agatston: float, sex: Sex) -> ValveFinding:
    """Grade the calcium of the aortic valve.

    Parameters
    ----------
    agatston
        Agatston score of the aortic valve alone, 0 or more.
    sex
        F or M: the same stenosis goes with less calcium in women.

    Raises
    ------
    OutOfRangeError
        For a score that can not be.

    Examples
    --------
    >>> grade_valve_calcium(1300, "F").likelihood, grade_valve_calcium(1300, "M").likelihood
    ('likely', 'unlikely')
    """
    require_score(agatston)
    limits = THRESHOLDS[sex]
    likelihood = _grade(agatston, limits)
    return ValveFinding(likelihood=likelihood, thresholds=limits, text=_write(agatston, likelihood, limits))


def _grade(agatston: float, limits: ValveThresholds) -> Likelihood:
    if agatston < limits.unlikely_below:
        return "unlikely"
    if agatston < limits.likely_from:
        return "undecided"
    return "likely" if agatston < limits.very_likely_from else "very likely"


def _write(agatston: float, likelihood: Likelihood, limits: ValveThresholds) -> str:
    if likelihood == "undecided":
        return (
            f"Valve calcium of {agatston:.0f} lies between {limits.unlikely_below:.0f} and {limits.likely_from:.0f}: "
            "it neither supports nor speaks against severe aortic stenosis."
        )
    return f"Valve calcium of {agatston:.0f}: severe aortic stenosis is {likelihood} by this measure."
