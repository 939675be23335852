"""A share of studies, with the interval that keeps its promise for few of them.

Wilson, J Am Stat Assoc 1927;22:209-212, doi:10.1080/01621459.1927.10502953.
"""

from __future__ import annotations

import math

from scipy import stats

from vascal.errors import EvaluationError
from vascal.evaluate.estimate import LEVEL, Estimate


def wilson(hits: int, n: int, *, level: float = LEVEL) -> Estimate:
    """Proportion with Wilson's score interval.

    Parameters
    ----------
    hits, n
        Studies that count, of how many; with none at all the share is NaN.

    Examples
    --------
    >>> share = wilson(81, 263)
    >>> round(share.low, 4), round(share.high, 4)
    (0.2553, 0.3662)
    """
    if not 0 <= hits <= n:
        raise EvaluationError(f"a share needs 0 <= hits <= n; {hits} of {n} were given")
    if n == 0:
        nan = float("nan")
        return Estimate(value=nan, low=nan, high=nan, n=0, method="Wilson score interval", level=level)
    z = float(stats.norm.ppf((1 + level) / 2))
    share, weight = hits / n, z**2 / n
    centre = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * math.sqrt(share * (1 - share) / n + weight / (4 * n))
    # At 0 and at n the limit is exact; rounding would leave a hair beside it.
    low = 0.0 if hits == 0 else centre - half
    high = 1.0 if hits == n else centre + half
    return Estimate(value=share, low=low, high=high, n=n, method="Wilson score interval", level=level)
