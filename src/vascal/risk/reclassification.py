"""What calcium changed: the category of ten-year risk before and after, and the score at which it would be another.

Categories: low below 5 %, borderline to below 7.5 %, intermediate to below 20 %, high from there on. Source: Grundy
et al. (AHA/ACC cholesterol guideline 2018), Circulation 2019;139:e1082-e1143, doi:10.1161/CIR.0000000000000625.
They were made for ASCVD by the Pooled Cohort Equations; with any other formula or outcome the same edges are for
orientation only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vascal.errors import OutOfRangeError
from vascal.risk.mesa_chd import MESA_CHD_CAC, find_mesa_score_for
from vascal.risk.model import RiskEstimate
from vascal.risk.profile import ClinicalProfile

TenYearCategory = Literal["low", "borderline", "intermediate", "high"]
CATEGORIES: tuple[TenYearCategory, ...] = ("low", "borderline", "intermediate", "high")
EDGES = (0.05, 0.075, 0.2)
"""Lowest probability of each category but the first."""
ORIENTATION = (
    "The categories were made for ASCVD by the Pooled Cohort Equations; "
    "with another formula they are for orientation only."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryEdge:
    """Where a category of risk begins, in calcium.

    Parameters
    ----------
    category
        That begins there.
    probability
        Its lowest ten-year risk.
    agatston
        Score at which the MESA risk with calcium reaches it; None if it is reached without any calcium.
    """

    category: TenYearCategory
    probability: float
    agatston: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskChange:
    """Ten-year risk before and after calcium.

    Parameters
    ----------
    before, after
        Estimates without and with calcium.
    category_before, category_after
        Their categories.
    edges
        Where the other categories begin, in calcium; empty unless `after` is the MESA risk with calcium.
    notes
        What a reader should know.
    """

    before: RiskEstimate
    after: RiskEstimate
    category_before: TenYearCategory
    category_after: TenYearCategory
    edges: tuple[CategoryEdge, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def steps(self) -> int:
        """Categories up (above 0) or down (below 0)."""
        return CATEGORIES.index(self.category_after) - CATEGORIES.index(self.category_before)


def find_ten_year_category(probability: float) -> TenYearCategory:
    """Name the category of a ten-year risk, compared unrounded.

    Parameters
    ----------
    probability
        0 to 1.

    Raises
    ------
    OutOfRangeError
        If it is none.

    Examples
    --------
    >>> [find_ten_year_category(p) for p in (0.0499, 0.05, 0.075, 0.2)]
    ['low', 'borderline', 'intermediate', 'high']
    """
    if not 0 <= probability <= 1:
        raise OutOfRangeError(f"a probability of {probability:g}; needed: 0 to 1")
    return CATEGORIES[sum(probability >= edge for edge in EDGES)]


def compare_risk(before: RiskEstimate, after: RiskEstimate, profile: ClinicalProfile) -> RiskChange:
    """Compare ten-year risk without and with calcium.

    Parameters
    ----------
    before, after
        Estimates over ten years, without and with calcium.
    profile
        Of the patient, for the scores at which the MESA risk reaches the other categories.

    Raises
    ------
    OutOfRangeError
        If an estimate is not over ten years.
    """
    for estimate in (before, after):
        if estimate.model.horizon_years != 10:
            title, years = estimate.model.title, estimate.model.horizon_years
            raise OutOfRangeError(f"{title} foretells {years} years; needed: 10")
    is_made_for = all(estimate.model.name.startswith("pce-") for estimate in (before, after))
    return RiskChange(
        before=before,
        after=after,
        category_before=find_ten_year_category(before.probability),
        category_after=find_ten_year_category(after.probability),
        edges=_find_edges(profile) if after.model == MESA_CHD_CAC else (),
        notes=() if is_made_for else (ORIENTATION,),
    )


def _find_edges(profile: ClinicalProfile) -> tuple[CategoryEdge, ...]:
    return tuple(
        CategoryEdge(category=category, probability=edge, agatston=find_mesa_score_for(profile, edge))
        for category, edge in zip(CATEGORIES[1:], EDGES, strict=True)
    )
