"""What a score is called: risk category, CAC-DRS, and its repeatability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

RiskCategory = Literal["0", "1-10", "11-100", "101-400", ">400"]
CacDrsA = Literal["A0", "A1", "A2", "A3"]
CacDrsN = Literal["N0", "N1", "N2", "N3", "N4"]

MEAN_BMI = 28.0
"""Body mass index assumed where none is known, kg/m2 (about the MESA cohort's mean)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacDrs:
    """CAC-DRS modifiers of a gated scan.

    Source: Hecht et al., J Cardiovasc Comput Tomogr 2018;12:185-191,
    doi:10.1016/j.jcct.2018.03.008.
    """

    a: CacDrsA
    n: CacDrsN

    def __str__(self) -> str:
        """Write it as reports do: ``A2/N3``."""
        return f"{self.a}/{self.n}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatLimit:
    """How far a second scan of the same patient may differ, by chance alone.

    Parameters
    ----------
    agatston
        Upper 95 % limit of the absolute difference, Agatston units.
    bmi
        Body mass index used, kg/m2.
    bmi_is_assumed
        Whether the index is the cohort's mean for want of the patient's own.
    """

    agatston: float
    bmi: float
    bmi_is_assumed: bool


def find_risk_category(agatston: float) -> RiskCategory:
    """Name the usual category of a total Agatston score.

    The score is compared unrounded: any score above 0 is at least 1-10, and
    10.4 is 11-100. Source: Rumberger et al., Mayo Clin Proc 1999;74:243-252.

    Examples
    --------
    >>> [find_risk_category(a) for a in (0, 0.5, 10, 10.4, 100, 400, 400.1)]
    ['0', '1-10', '1-10', '11-100', '11-100', '101-400', '>400']
    """
    names: tuple[RiskCategory, ...] = ("0", "1-10", "11-100", "101-400", ">400")
    return names[int(np.searchsorted((0.0, 10.0, 100.0, 400.0), agatston, side="left"))]


def find_cac_drs(agatston: float, vessels: int) -> CacDrs:
    """Name the CAC-DRS category: A by score (0, 1-99, 100-299, 300 and more), N by vessels.

    Parameters
    ----------
    agatston
        Total score, compared unrounded; any score above 0 is at least A1.
    vessels
        How many of LM, LAD, LCX and RCA carry calcium.
    """
    a: tuple[CacDrsA, ...] = ("A1", "A2", "A3")
    n: tuple[CacDrsN, ...] = ("N0", "N1", "N2", "N3", "N4")
    grade: CacDrsA = "A0" if agatston == 0 else a[int(np.searchsorted((100.0, 300.0), agatston, side="right"))]
    return CacDrs(a=grade, n=n[vessels])


def limit_of_repeat(agatston: float, bmi: float | None = None) -> RepeatLimit:
    """Give the upper 95 % limit of interscan variability in MESA.

    0.17 A + 4.89 sqrt(A) + 0.44 BMI - 10.84, not below 0. Source: Chung et al.,
    AJR 2008;190:W87-92, doi:10.2214/AJR.07.2726 (PMID 18212206).

    Parameters
    ----------
    agatston
        Total score.
    bmi
        Body mass index, kg/m2; None takes 28 and says so.
    """
    used = MEAN_BMI if bmi is None else bmi
    limit = 0.17 * agatston + 4.89 * np.sqrt(agatston) + 0.44 * used - 10.84
    return RepeatLimit(agatston=max(0.0, float(limit)), bmi=used, bmi_is_assumed=bmi is None)


def find_diffusivity(agatston_by_vessel: tuple[float, ...]) -> float | None:
    """Give the diffusivity index: the share of calcium outside the worst vessel.

    1 - (highest vessel score) / (total). Source: Blaha et al., JACC Cardiovasc
    Imaging 2016;9:1407-1416, doi:10.1016/j.jcmg.2016.03.021. None without calcium.

    Examples
    --------
    >>> find_diffusivity((0.0, 60.0, 30.0, 10.0))
    0.4
    """
    total = sum(agatston_by_vessel)
    return 1.0 - max(agatston_by_vessel) / total if total > 0 else None
