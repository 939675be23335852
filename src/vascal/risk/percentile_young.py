"""What is known of calcium before the age of 45 (Javaid 2022): a few numbers, no table.

Source: Javaid et al., J Am Coll Cardiol 2022;79:1873-1886, doi:10.1016/j.jacc.2022.02.051: 19,725 asymptomatic
Black and White Americans of 30 to 45 years (CARDIA, CAC Consortium, Walter Reed), each cohort weighted alike.
The percentiles themselves are in the authors' calculator and are not held here.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from vascal.risk.percentile import GROUPS, AgeBand, require_score
from vascal.risk.profile import Ethnicity, Sex

TITLE = "Javaid 2022"
SOURCE = "Javaid et al., J Am Coll Cardiol 2022;79:1873-1886, doi:10.1016/j.jacc.2022.02.051"
YOUNG_AGES = AgeBand(low=30, high=45)
_Group = tuple[Sex, Ethnicity]
SHARE_WITH_CALCIUM: MappingProxyType[_Group, float] = MappingProxyType(
    {("M", "white"): 0.26, ("M", "black"): 0.16, ("F", "white"): 0.10, ("F", "black"): 0.07}
)
"""Share of each group with a score above 0, all ages of 30 to 45 together."""
OLDEST_AT_90TH: MappingProxyType[_Group, int] = MappingProxyType(
    {("M", "white"): 34, ("M", "black"): 37, ("F", "white"): 45, ("F", "black"): 45}
)
"""Highest age in years at which any calcium at all is at the 90th percentile or above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class YoungFinding:
    """What can be said of a score before the age of 45.

    Parameters
    ----------
    share_with_calcium
        Of the same sex and ethnicity, 30 to 45 years, 0 to 1; None where the group was not studied.
    percentile_low
        Percentile that the score surely reaches; None where the printed numbers do not tell.
    text
        For the page.
    source
        Paper with DOI.
    """

    share_with_calcium: float | None
    percentile_low: float | None
    text: str
    source: str = SOURCE

    @property
    def leads(self) -> bool:
        """Whether it tells a percentile, and so goes before older tables that would place the score elsewhere."""
        return self.percentile_low is not None


def describe_young(
    agatston: float, age_years: float, sex: Sex, ethnicity: Ethnicity | None = None
) -> YoungFinding | None:
    """Say what is known of a calcium score before the age of 45.

    Parameters
    ----------
    agatston
        Total Agatston score, 0 or more.
    age_years
        The study covered 30 to 45.
    sex, ethnicity
        The study covered Black and White people; None takes what holds for both.

    Returns
    -------
    YoungFinding or None
        None outside 30 to 45 years.

    Raises
    ------
    OutOfRangeError
        For a score that can not be.

    Examples
    --------
    >>> describe_young(3, 41, "F").percentile_low
    90.0
    """
    require_score(agatston)
    if not YOUNG_AGES.covers(age_years):
        return None
    groups = [group for group in SHARE_WITH_CALCIUM if group[0] == sex and ethnicity in (group[1], None)]
    low = 90.0 if agatston > 0 and _is_at_90th(groups, age_years) else None
    share = SHARE_WITH_CALCIUM[groups[0]] if len(groups) == 1 else None
    return YoungFinding(share_with_calcium=share, percentile_low=low, text=_write(groups, sex, agatston, low))


def _is_at_90th(groups: list[_Group], age_years: float) -> bool:
    """Tell whether any calcium is at the 90th percentile or above in every group that may be the patient's."""
    return bool(groups) and all(age_years < OLDEST_AT_90TH[group] + 1 for group in groups)


def _write(groups: list[_Group], sex: Sex, agatston: float, low: float | None) -> str:
    if not groups:
        return (
            f"Percentiles before the age of 45 were published for Black and White {GROUPS[sex]} only. "
            "In any young adult calcium is early."
        )
    shares = " and ".join(
        f"{100 * SHARE_WITH_CALCIUM[group]:.0f} % of {group[1].title()} {GROUPS[sex]}" for group in groups
    )
    said = f"At 30 to 45 years {shares} had any coronary calcium."
    if agatston == 0:
        return f"{said} A score of 0 is what most have, and does not rule out plaque without calcium."
    if low is not None:
        return f"{said} At this age any score above 0 is at the {low:.0f}th percentile or above."
    return f"{said} The percentile of this score is in the authors' calculator, not here."
