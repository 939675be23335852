"""What one unit of each feature goes with, others held: hazard ratios without a penalty, from complete rows.

A penalty pulls coefficients to 0 and leaves them without honest limits, and a median in the place of
an unknown value biases those of all its neighbours. So the table for readers is
fitted once more, unpenalised, to rows in which nothing is unknown: unbiased as long as being
unknown does not depend on the outcome. White & Carlin, Stat Med 2010;29:2920-2931, doi:10.1002/sim.3944.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from vascal.errors import EvaluationError
from vascal.evaluate.cases import normal_quantile, two_sided_p
from vascal.evaluate.cox import fit_cox
from vascal.evaluate.estimate import LEVEL, Estimate, Values
from vascal.fusion.elastic_net import Penalty, minimise_penalised
from vascal.fusion.encoding import FeatureCode, learn_encoding
from vascal.fusion.features import Feature, Patients, Rows, is_blank
from vascal.fusion.penalised import LogisticLoss
from vascal.fusion.targets import Ends, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """One line of the table.

    Parameters
    ----------
    name
        Of the column, such as ``kidney: dialysis``.
    per
        What one unit is; a level is against the commonest.
    estimate
        Hazard ratio, or odds ratio, of one unit, with its interval.
    spread
        Standard deviation of a number among complete rows, in such units; 1 for yes or no and for levels.
    """

    name: str
    per: str
    estimate: Estimate
    spread: float = 1.0

    @property
    def per_spread(self) -> Estimate:
        """Ratio of one standard deviation, so that features can be compared."""
        value, low, high = (
            limit**self.spread for limit in (self.estimate.value, self.estimate.low, self.estimate.high)
        )
        return replace(self.estimate, value=value, low=low, high=high)


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioTable:
    """Ratios of one outcome.

    Parameters
    ----------
    rows, events
        Complete rows, and events among them.
    ratios
        In the order of the features; none where no model fits.
    caution
        Why there are none.
    """

    rows: int
    events: int
    ratios: tuple[Ratio, ...]
    caution: str = ""


def estimate_ratios(patients: Patients, ends: Ends, features: tuple[Feature, ...]) -> RatioTable:
    """Fit cause-specific Cox, or logistic, regression without a penalty to complete rows.

    Parameters
    ----------
    patients, ends
        Rows with the outcome.
    features
        Of the table.
    """
    complete = find_complete(patients, features)
    target = ends.target.only(complete)
    counts = int(complete.sum()), int(target.event.sum())
    if counts[1] < 2:
        return RatioTable(rows=counts[0], events=counts[1], ratios=(), caution="too few events in complete rows")
    columns = _columns(patients.only(complete), features)
    try:
        found = _fit(target, {name: values for name, (values, _) in columns.items()})
    except (EvaluationError, np.linalg.LinAlgError) as error:
        return RatioTable(rows=counts[0], events=counts[1], ratios=(), caution=str(error))
    ratios = tuple(
        Ratio(name=name, per=code.per, estimate=estimate, spread=_spread(code, columns[name][0]))
        for name, estimate in found.items()
        for code in (columns[name][1],)
    )
    return RatioTable(rows=counts[0], events=counts[1], ratios=ratios)


def find_complete(patients: Patients, features: tuple[Feature, ...]) -> Rows:
    """Mark rows in which nothing is unknown; what is not applicable is not unknown."""
    unknown = [is_blank(patients.columns[one.name]) for one in features if one.blank == "unknown"]
    return np.asarray(~np.any([np.zeros(len(patients), dtype=bool), *unknown], axis=0))


def _columns(patients: Patients, features: tuple[Feature, ...]) -> dict[str, tuple[Values, FeatureCode]]:
    """Give the columns that vary, in the units of the features, by name."""
    encoding = learn_encoding(patients, features)
    x = encoding.encode(patients) * encoding.scale
    found = zip(encoding.names, x.T, (encoding.codes[owner] for owner in encoding.owner), strict=True)
    return {name: (values, code) for name, values, code in found if np.ptp(values) > 0}


def _spread(code: FeatureCode, values: Values) -> float:
    return float(values.std()) if code.feature.kind in {"number", "score"} else 1.0


def _fit(target: Target, columns: dict[str, Values]) -> dict[str, Estimate]:
    if target.time is not None:
        return dict(fit_cox(target.time, target.event, columns).hazard_ratios)
    x = np.column_stack(list(columns.values()))
    scale = x.std(axis=0)
    loss = LogisticLoss(x=x / scale, event=target.event.astype(float))
    beta = minimise_penalised(loss, Penalty(strength=0.0, l1_ratio=0.0, free=1), np.zeros(loss.size))
    covariance = np.linalg.inv(loss.expand(beta)[1] * len(x))
    errors, z = np.sqrt(np.diag(covariance))[1:] / scale, normal_quantile(LEVEL)
    return {
        name: Estimate(
            value=math.exp(one),
            low=math.exp(one - z * error),
            high=math.exp(one + z * error),
            n=len(x),
            method="logistic regression, Wald",
            p_value=two_sided_p(one / error),
        )
        for name, one, error in zip(columns, beta[1:] / scale, errors, strict=True)
    }
