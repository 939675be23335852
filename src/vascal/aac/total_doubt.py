"""How sure an AAC-24 total is: what it may be instead, and in which class.

Readers of films do not agree to the point either: between two of them the limits of
agreement are 4.7 to 9.4 points wide, at an intraclass correlation of .91 to .93.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from vascal.aac.classes import MOST_AAC24, SCHEMES, ClassScheme
from vascal.errors import EvaluationError

LEVEL = 0.95
READERS_WIDTH = (4.7, 9.4)
"""Width of the 95 % limits of agreement between two readers of one film, points of AAC-24."""
SUM_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TotalDoubt:
    """What an AAC-24 total may be instead.

    Parameters
    ----------
    low, high
        Both ends belong to an interval that holds at least `level`.
    level
        0.95.
    expected
        Mean of the distribution, points.
    zero_probability
        That nothing is calcified.
    classes
        By scheme, the probability of each class; they add up to 1.
    """

    low: int
    high: int
    level: float
    expected: float
    zero_probability: float
    classes: Mapping[str, Mapping[str, float]]


def doubt_aac24(probabilities: Float[np.ndarray, " total"]) -> TotalDoubt:
    """Describe a distribution over totals.

    Parameters
    ----------
    probabilities
        (25,): of the totals 0 to 24; the sum is 1.

    Returns
    -------
    TotalDoubt
        The interval leaves at most 2.5 % below it and at most 2.5 % above it.

    Raises
    ------
    EvaluationError
        If these are not 25 probabilities that add up to 1.

    Examples
    --------
    >>> sure = doubt_aac24(np.eye(25)[7])
    >>> sure.low, sure.high, sure.expected, sure.classes["kidney-thirds"]["moderate"]
    (7, 7, 7.0, 1.0)
    """
    chances = np.asarray(probabilities, dtype=float)
    if chances.shape != (MOST_AAC24 + 1,) or not (chances >= 0).all() or abs(chances.sum() - 1) > SUM_TOLERANCE:
        raise EvaluationError(
            f"{chances.size} probabilities that add up to {chances.sum():.4g}; needed: 25 of the totals 0 to 24, sum 1"
        )
    chances = chances / chances.sum()
    tail = (1 - LEVEL) / 2 + 1e-12
    return TotalDoubt(
        low=int(np.count_nonzero(np.cumsum(chances) <= tail)),
        high=MOST_AAC24 - int(np.count_nonzero(np.cumsum(chances[::-1]) <= tail)),
        level=LEVEL,
        expected=float(chances @ np.arange(MOST_AAC24 + 1)),
        zero_probability=float(chances[0]),
        classes=MappingProxyType({scheme.name: _by_class(chances, scheme) for scheme in SCHEMES}),
    )


def _by_class(chances: Float[np.ndarray, " total"], scheme: ClassScheme) -> Mapping[str, float]:
    spans = zip(scheme.classes, scheme.spans, strict=True)
    return MappingProxyType({name: float(chances[low : high + 1].sum()) for name, (low, high) in spans})
