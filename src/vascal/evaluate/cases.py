"""Studies with and without a condition: what their numbers must be before a statistic is made of them."""

from __future__ import annotations

import numpy as np
from numpy import ndarray
from scipy.stats import norm

from vascal.errors import EvaluationError
from vascal.evaluate.estimate import Flags, Values


def require_finite(**columns: ndarray) -> None:
    """Refuse columns that hold missing or infinite numbers.

    Raises
    ------
    EvaluationError
        Naming the column and how many of its values can not be used.
    """
    for name, column in columns.items():
        if unusable := int(np.sum(~np.isfinite(column))):
            raise EvaluationError(f"finite numbers are needed; {unusable} of {len(column)} in {name} are not")


def require_both_groups(is_case: Flags, statistic: str, each: int = 1) -> tuple[int, int]:
    """Give the number of cases and of controls, where there are enough of both.

    Raises
    ------
    EvaluationError
        If fewer than `each` studies have, or do not have, the condition.
    """
    cases = int(np.sum(is_case))
    controls = len(is_case) - cases
    if min(cases, controls) < each:
        found = f"{cases} with and {controls} without the condition found"
        raise EvaluationError(f"{statistic} needs at least {each} of both groups; {found}")
    return cases, controls


def require_probabilities(**columns: Values) -> None:
    """Refuse predicted risks outside [0, 1].

    Raises
    ------
    EvaluationError
        Naming the column and its range.
    """
    require_finite(**columns)
    for name, column in columns.items():
        if column.size and (column.min() < 0 or column.max() > 1):
            found = f"{name} runs from {column.min():g} to {column.max():g}"
            raise EvaluationError(f"probabilities between 0 and 1 are needed; {found}")


def normal_quantile(level: float) -> float:
    """Give the standard normal deviate of a two-sided interval.

    Raises
    ------
    EvaluationError
        If the level does not lie between 0 and 1.

    Examples
    --------
    >>> round(normal_quantile(0.95), 3)
    1.96
    """
    if not 0 < level < 1:
        raise EvaluationError(f"a confidence level between 0 and 1 is needed; {level:g} found")
    return float(norm.isf((1 - level) / 2))


def two_sided_p(statistic: float) -> float:
    """Give the two-sided p value of a standard normal statistic."""
    return float(2 * norm.sf(abs(statistic)))
