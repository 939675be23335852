"""Choosing studies fairly: balanced samples, matched pairs, and how alike groups became."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64
from numpy import ndarray

from vascal.errors import EvaluationError
from vascal.evaluate.cases import require_both_groups, require_finite
from vascal.evaluate.estimate import Flags, Values, require_same_length
from vascal.evaluate.survival import Labels

NAN = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matches:
    """Cases and the controls found for them.

    Parameters
    ----------
    case, control
        Positions of the studies of each pair; a case with several controls is in several pairs.
    unmatched
        Positions of cases without a full set of controls; they are in no pair.
    """

    case: Int64[ndarray, " pair"]
    control: Int64[ndarray, " pair"]
    unmatched: Int64[ndarray, " left_out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """How far apart two groups are in one covariate.

    Parameters
    ----------
    case_mean, control_mean
        Before matching.
    before, after
        Standardised mean difference, cases less controls, in standard deviations
        before matching; within 0.1 is usually called balanced. NaN where the
        covariate does not vary within either group.
    matched_case_mean, matched_control_mean
        After matching.
    """

    case_mean: float
    control_mean: float
    before: float
    matched_case_mean: float
    matched_control_mean: float
    after: float


def sample_balanced(group: Labels, stratum: Labels, per_group: int, *, seed: int = 0) -> Int64[ndarray, " drawn"]:
    """Draw the same number of studies from each group, as evenly over strata as they allow.

    Parameters
    ----------
    group
        What is sampled equally: score category, for instance.
    stratum
        What each group's sample is spread over: centre, sex ...
    per_group
        Studies from each group.
    seed
        Of the random draw.

    Returns
    -------
    ndarray
        Positions of the studies drawn, rising.

    Raises
    ------
    EvaluationError
        If a group has fewer studies than asked for.

    Notes
    -----
    A stratum with too few gives all it has and the others share the rest; which
    strata give one more than others is random.
    """
    require_same_length(group=group, stratum=stratum)
    if per_group < 1:
        raise EvaluationError(f"at least 1 study per group is needed; {per_group} asked for")
    rng = np.random.default_rng(seed)
    drawn = [_draw_group(np.flatnonzero(group == label), stratum, per_group, rng) for label in np.unique(group)]
    return np.sort(np.concatenate(drawn)) if drawn else np.zeros(0, dtype=np.int64)


def match_nearest(
    is_case: Flags,
    near: Mapping[str, Values],
    calipers: Mapping[str, float],
    *,
    same: Mapping[str, Labels] | None = None,
    per_case: int = 1,
    seed: int = 0,
) -> Matches:
    """Find for each case the most similar controls, each used once.

    Parameters
    ----------
    is_case
        Cases, and controls to choose from.
    near
        Columns that must be close, by name.
    calipers
        How far apart each may be, in its own unit, inclusive: ``{"age": 2.0}``.
    same
        Columns that must be equal, by name: sex ...
    per_case
        Controls for each case; a case that finds fewer is left out.
    seed
        Of the random order in which cases choose.

    Returns
    -------
    Matches

    Raises
    ------
    EvaluationError
        If a group is empty, or columns and calipers do not fit each other.

    Notes
    -----
    Greedy: the distance is the root of the summed squares of differences in
    calipers; equal distances go to the control that comes first.

    References
    ----------
    Austin, Stat Med 2014;33:1057-1069, doi:10.1002/sim.6004.
    """
    keys = dict(same or {})
    require_same_length(is_case=is_case, **near, **keys)
    require_finite(**near)
    require_both_groups(is_case, "matching")
    if not near or near.keys() != calipers.keys() or not all(0 < width < math.inf for width in calipers.values()):
        raise EvaluationError(f"one caliper above 0 for each of {list(near)} is needed; {dict(calipers)} found")
    if per_case < 1:
        raise EvaluationError(f"at least 1 control per case is needed; {per_case} asked for")
    scaled = np.column_stack([column / calipers[name] for name, column in near.items()])
    block = _blocks(keys, len(is_case))
    controls = {key: np.flatnonzero(~is_case & (block == key)).tolist() for key in np.unique(block[is_case]).tolist()}
    pairs: list[tuple[int, int]] = []
    unmatched: list[int] = []
    for case in np.random.default_rng(seed).permutation(np.flatnonzero(is_case)).tolist():
        free = controls[int(block[case])]
        found = _nearest(scaled, case, np.array(free, dtype=np.int64), per_case)
        if len(found) < per_case:
            unmatched.append(case)
            continue
        for control in found:
            free.remove(control)
            pairs.append((case, control))
    chosen = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    return Matches(case=chosen[:, 0], control=chosen[:, 1], unmatched=np.sort(np.array(unmatched, dtype=np.int64)))


def compare_balance(is_case: Flags, covariates: Mapping[str, Values], matches: Matches) -> dict[str, Balance]:
    """Say for each covariate how far apart the groups were, and are after matching.

    Notes
    -----
    Standard deviation: root of the mean of both groups' variances before
    matching, so that the number can not fall because matching narrowed a group.

    References
    ----------
    Austin, Stat Med 2009;28:3083-3107, doi:10.1002/sim.3697.
    """
    require_same_length(is_case=is_case, **covariates)
    require_finite(**covariates)
    require_both_groups(is_case, "balance")
    return {name: _balance(column[is_case], column[~is_case], column, matches) for name, column in covariates.items()}


def standardised_difference(first: Float[ndarray, " a"], second: Float[ndarray, " b"]) -> float:
    """Give the difference of means, first less second, in root mean square standard deviations.

    Returns
    -------
    float
        NaN where neither group varies or one has fewer than two studies. For a
        0/1 covariate the variances are those of shares, times n / (n - 1).
    """
    spread = _pooled_spread(first, second)
    return float(first.mean() - second.mean()) / spread if spread > 0 else NAN


def _draw_group(members: ndarray, stratum: ndarray, wanted: int, rng: np.random.Generator) -> ndarray:
    if len(members) < wanted:
        raise EvaluationError(f"{wanted} studies of each group are needed; a group of {len(members)} found")
    labels, index = np.unique(stratum[members], return_inverse=True)
    sizes = _share_evenly(np.bincount(index), wanted, rng)
    drawn = [rng.choice(members[index == i], size=sizes[i], replace=False) for i in range(len(labels))]
    return np.concatenate(drawn)


def _share_evenly(capacity: ndarray, wanted: int, rng: np.random.Generator) -> ndarray:
    """Fill strata level by level until `wanted` are given."""
    given = np.zeros(len(capacity), dtype=np.int64)
    while (missing := wanted - int(given.sum())) > 0:
        open_strata = np.flatnonzero(given < capacity)
        rise = missing // len(open_strata)
        if rise == 0:
            given[rng.choice(open_strata, size=missing, replace=False)] += 1
        else:
            given[open_strata] = np.minimum(given[open_strata] + rise, capacity[open_strata])
    return given


def _blocks(keys: Mapping[str, Labels], n: int) -> ndarray:
    """Number the combinations of columns that must be equal."""
    block = np.zeros(n, dtype=np.int64)
    for column in keys.values():
        labels, index = np.unique(column, return_inverse=True)
        block = np.unique(block * len(labels) + index, return_inverse=True)[1]
    return block


def _nearest(scaled: ndarray, case: int, free: ndarray, wanted: int) -> list[int]:
    gaps = np.abs(scaled[free] - scaled[case])
    inside = np.flatnonzero((gaps <= 1 + 1e-9).all(axis=1))  # a caliper of 0.1 holds 0.3 - 0.2
    distance = (gaps[inside] ** 2).sum(axis=1)
    return [int(free[i]) for i in inside[np.argsort(distance, kind="stable")[:wanted]]]


def _pooled_spread(first: ndarray, second: ndarray) -> float:
    if min(len(first), len(second)) < 2:
        return NAN
    return math.sqrt((float(first.var(ddof=1)) + float(second.var(ddof=1))) / 2)


def _balance(cases: ndarray, controls: ndarray, column: ndarray, matches: Matches) -> Balance:
    spread = _pooled_spread(cases, controls)
    case, control = (float(column[chosen].mean()) if len(chosen) else NAN for chosen in (matches.case, matches.control))
    return Balance(
        case_mean=float(cases.mean()),
        control_mean=float(controls.mean()),
        before=standardised_difference(cases, controls),
        matched_case_mean=case,
        matched_control_mean=control,
        after=(case - control) / spread if spread > 0 else NAN,
    )
