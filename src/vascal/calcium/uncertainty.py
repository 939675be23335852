"""How sure a total is: doubt about each lesion, and what a second scan would change.

Every candidate, accepted or rejected, is coronary calcium with its own
probability. Totals are drawn many times with and without each of them; on top
comes the variability between two scans of one patient (Chung et al., AJR
2008;190:W87-92, doi:10.2214/AJR.07.2726). What reaches no threshold is in neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from vascal.calcium.agatston import score_agatston
from vascal.calcium.categories import RiskCategory, find_risk_category, limit_of_repeat
from vascal.calcium.finding import Finding
from vascal.calcium.lesions import Lesion
from vascal.calcium.score import CalciumScore
from vascal.volume import Volume

LEAST_PROBABILITY = 0.01
"""Rejected candidates below this change nothing and are not measured."""
LEVEL = 0.95
DRAWS = 4000
CATEGORIES: tuple[RiskCategory, ...] = ("0", "1-10", "11-100", "101-400", ">400")
TWO_SCANS = 1.96 * np.sqrt(2.0)
"""From the 95 % limit of the difference of two scans to the standard deviation of one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TotalUncertainty:
    """What the total may be instead.

    Parameters
    ----------
    low, high
        Interval of the total Agatston score at `level`.
    level
        0.95.
    zero_probability
        That none of the candidates is coronary calcium.
    categories
        Probability of each risk category; they add up to 1.
    """

    low: float
    high: float
    level: float
    zero_probability: float
    categories: Mapping[RiskCategory, float]


def estimate_uncertainty(
    agatston: Sequence[float], probabilities: Sequence[float], *, bmi: float | None = None
) -> TotalUncertainty:
    """Estimate how far the total may be off.

    Parameters
    ----------
    agatston
        What each candidate adds, accepted or not, Agatston units.
    probabilities
        Probability that each is coronary calcium, 0 to 1.
    bmi
        Body mass index for the variability between scans, kg/m2.

    Returns
    -------
    TotalUncertainty
        The same input gives the same numbers: the draws are seeded.

    Examples
    --------
    >>> sure = estimate_uncertainty([], [])
    >>> sure.zero_probability, sure.high
    (1.0, 0.0)
    """
    score, chance = np.asarray(agatston, dtype=float), np.asarray(probabilities, dtype=float)
    rng = np.random.default_rng(0)
    totals = np.einsum("dc,c->d", rng.random((DRAWS, score.size)) < chance, score)
    known, where = np.unique(totals, return_inverse=True)
    spread = np.array([limit_of_repeat(total, bmi).agatston / TWO_SCANS for total in known])[where]
    # A scan without calcium stays without: noise below the threshold does not score.
    drawn = np.where(totals > 0, np.maximum(totals + spread * rng.standard_normal(DRAWS), 1e-9), 0.0)
    low, high = np.quantile(drawn, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    names = [find_risk_category(float(total)) for total in drawn]
    return TotalUncertainty(
        low=float(low),
        high=float(high),
        level=LEVEL,
        zero_probability=float(np.prod(1 - chance[score > 0])),
        categories=MappingProxyType({name: names.count(name) / DRAWS for name in CATEGORIES}),
    )


def doubt_total(
    volume: Volume, finding: Finding, score: CalciumScore, *, bmi: float | None = None
) -> TotalUncertainty | None:
    """Estimate how far the total of a finding may be off; None where the finder gives no probabilities.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    finding
        Lesions and rejected candidates with their probabilities.
    score
        Of these lesions.
    bmi
        Body mass index, kg/m2.
    """
    doubtful = [r for r in finding.rejected if r.probability is not None]
    if len(doubtful) < len(finding.rejected) or any(lesion.confidence is None for lesion in score.lesions):
        return None
    flat = volume.hu.reshape(-1)
    measured = [(s.agatston, s.confidence or 0.0) for s in score.lesions]
    for n, rejected in enumerate(doubtful):
        if (rejected.probability or 0.0) >= LEAST_PROBABILITY:
            index = rejected.candidate.index
            lesion = Lesion(id=n, vessel=rejected.reason, index=index, hu=flat[index])
            measured.append((score_agatston(lesion, volume.grid, score.rule).agatston, rejected.probability or 0.0))
    return estimate_uncertainty([a for a, _ in measured], [p for _, p in measured], bmi=bmi)
