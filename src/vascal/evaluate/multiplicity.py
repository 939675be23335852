"""p values of many questions asked of the same data."""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from vascal.errors import EvaluationError

Adjustment = Literal["bonferroni", "holm", "benjamini-hochberg"]
"""The first two bound the chance of one false finding, the last the share of false findings."""
PValues = Float[ndarray, " question"]
"""One p value for each question."""


def adjust_p_values(p_values: PValues, method: Adjustment = "holm") -> PValues:
    """Adjust p values for the number of questions asked.

    Parameters
    ----------
    p_values
        One for each question; NaN where a test was not defined.
    method
        "holm" bounds the chance of any false finding and is never weaker than
        "bonferroni"; "benjamini-hochberg" bounds the expected share of false
        ones among the findings, for independent or positively related tests.

    Returns
    -------
    ndarray
        Adjusted p values in the order given, at most 1; hold them against the
        level that would have served for one question. NaN stays NaN.

    Raises
    ------
    EvaluationError
        If a p value lies outside 0 to 1.

    Notes
    -----
    A question without a p value does not count among the questions asked: if it
    was planned and only failed to run, give it 1 instead of NaN.

    References
    ----------
    Holm, Scand J Stat 1979;6:65-70. Benjamini & Hochberg, J R Stat Soc B
    1995;57:289-300, doi:10.1111/j.2517-6161.1995.tb02031.x.

    Examples
    --------
    >>> adjust_p_values(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    asked = ~np.isnan(p_values)
    given = p_values[asked].astype(float)
    if given.size and (given.min() < 0 or given.max() > 1):
        raise EvaluationError(f"p values between 0 and 1 are needed; {given.min():g} to {given.max():g} found")
    adjusted = np.full(p_values.shape, np.nan)
    adjusted[asked] = np.minimum(_ADJUST[method](given), 1.0)
    return adjusted


def _bonferroni(p_values: PValues) -> PValues:
    return p_values * p_values.size


def _holm(p_values: PValues) -> PValues:
    """Multiply the smallest by all questions, the next by one fewer; order is never turned."""
    order = np.argsort(p_values)
    stepped = p_values[order] * np.arange(p_values.size, 0, -1)
    return _in_place(np.maximum.accumulate(stepped), order)


def _benjamini_hochberg(p_values: PValues) -> PValues:
    order = np.argsort(p_values)[::-1]
    stepped = p_values[order] * (p_values.size / np.arange(p_values.size, 0, -1))
    return _in_place(np.minimum.accumulate(stepped), order)


def _in_place(stepped: PValues, order: ndarray) -> PValues:
    adjusted = np.empty(stepped.size)
    adjusted[order] = stepped
    return adjusted


_ADJUST = {"bonferroni": _bonferroni, "holm": _holm, "benjamini-hochberg": _benjamini_hochberg}
