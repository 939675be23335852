"""Do two readers, or a model and a reader, call categories equally often?

McNemar, Psychometrika 1947;12:153-157, doi:10.1007/BF02295996; Stuart, Biometrika
1955;42:412-416, doi:10.1093/biomet/42.3-4.412; Maxwell, Br J Psychiatry
1970;116:651-655, doi:10.1192/bjp.116.535.651; Bowker, J Am Stat Assoc
1948;43:572-574, doi:10.1080/01621459.1948.10483284. Interval of a paired
difference: Newcombe, Stat Med 1998;17:2635-2650 (method 10),
doi:10.1002/(SICI)1097-0258(19981130)17:22<2635::AID-SIM954>3.0.CO;2-C.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from vascal.errors import EvaluationError
from vascal.evaluate.estimate import LEVEL, Counts, Estimate
from vascal.evaluate.proportion import wilson


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginTest:
    """Test of equal margins or of symmetry.

    Parameters
    ----------
    statistic, degrees_of_freedom
        Chi-squared; for the exact test the smaller of the two discordant counts, and 0.
    """

    name: str
    statistic: float
    degrees_of_freedom: int
    p_value: float


def mcnemar(counts: Counts, *, exact: bool | None = None) -> MarginTest:
    """Test whether two yes-or-no measurements say yes equally often.

    Parameters
    ----------
    counts
        2 x 2, paired.
    exact
        Binomial test of the discordant pairs; unless given, below 25 of them.
        Otherwise chi-squared without continuity correction.
    """
    _require_square(counts, 2)
    only_first, only_second = int(counts[0, 1]), int(counts[1, 0])
    discordant = only_first + only_second
    if exact is None:
        exact = discordant < 25
    if exact or discordant == 0:
        p_value = float(stats.binomtest(only_first, discordant).pvalue) if discordant else 1.0
        return MarginTest(
            name="exact McNemar", statistic=min(only_first, only_second), degrees_of_freedom=0, p_value=p_value
        )
    statistic = (only_first - only_second) ** 2 / discordant
    return MarginTest(
        name="McNemar", statistic=statistic, degrees_of_freedom=1, p_value=float(stats.chi2.sf(statistic, 1))
    )


def paired_difference(counts: Counts, *, level: float = LEVEL) -> Estimate:
    """Difference of the shares that two paired measurements call yes, column minus row.

    Parameters
    ----------
    counts
        2 x 2: rows no, yes of the first; columns no, yes of the second.
    """
    _require_square(counts, 2)
    d, only_second, only_first, a = (int(count) for count in counts.ravel())
    n = a + d + only_first + only_second
    if n == 0:
        raise EvaluationError("a difference of shares needs a study")
    first, second = wilson(a + only_first, n, level=level), wilson(a + only_second, n, level=level)
    phi = _phi(a, only_second, only_first, d)
    value = second.value - first.value
    below = _newcombe(second.value - second.low, first.high - first.value, phi)
    above = _newcombe(second.high - second.value, first.value - first.low, phi)
    return Estimate(value=value, low=value - below, high=value + above, n=n, method="Newcombe, paired", level=level)


def stuart_maxwell(counts: Counts) -> MarginTest:
    """Test whether two measurements use all categories equally often.

    Notes
    -----
    Categories that neither used are left out; with two left it is McNemar's
    test. Where nothing is discordant, the margins are equal and p is 1.
    """
    _require_square(counts)
    used = (counts.sum(axis=0) + counts.sum(axis=1)) > 0
    table = counts[np.ix_(used, used)].astype(float)
    difference = (table.sum(axis=1) - table.sum(axis=0))[:-1]
    covariance = -(table + table.T)
    np.fill_diagonal(covariance, table.sum(axis=1) + table.sum(axis=0) - 2 * np.diag(table))
    covariance = covariance[:-1, :-1]
    rank = int(np.linalg.matrix_rank(covariance)) if covariance.size else 0
    if rank == 0:
        return MarginTest(name="Stuart-Maxwell", statistic=0.0, degrees_of_freedom=0, p_value=1.0)
    statistic = float(difference @ np.linalg.pinv(covariance, hermitian=True) @ difference)
    return MarginTest(
        name="Stuart-Maxwell",
        statistic=statistic,
        degrees_of_freedom=rank,
        p_value=float(stats.chi2.sf(statistic, rank)),
    )


def bowker(counts: Counts) -> MarginTest:
    """Test whether disagreements are as frequent in one direction as in the other."""
    _require_square(counts)
    upper = np.triu_indices(len(counts), 1)
    one, other = counts[upper], counts.T[upper]
    seen = (one + other) > 0
    statistic = float(np.sum((one[seen] - other[seen]) ** 2 / (one[seen] + other[seen])))
    pairs = int(seen.sum())
    p_value = float(stats.chi2.sf(statistic, pairs)) if pairs else 1.0
    return MarginTest(name="Bowker symmetry", statistic=statistic, degrees_of_freedom=pairs, p_value=p_value)


def _newcombe(near: float, far: float, phi: float) -> float:
    return float(np.sqrt(max(near**2 - 2 * phi * near * far + far**2, 0.0)))


def _phi(a: int, b: int, c: int, d: int) -> float:
    """Correlation of the two, corrected for continuity when positive as Newcombe asks."""
    margins = float(np.sqrt(float(a + b) * (c + d) * (a + c) * (b + d)))
    if margins == 0:
        return 0.0
    product = a * d - b * c
    n = a + b + c + d
    return (max(product - n / 2, 0.0) if product > 0 else product) / margins


def _require_square(counts: Counts, size: int | None = None) -> None:
    if counts.shape[0] != counts.shape[1] or (size is not None and counts.shape[0] != size):
        needed = "a square table" if size is None else f"a {size} x {size} table"
        raise EvaluationError(f"{needed} is needed; found {counts.shape[0]} x {counts.shape[1]}")
