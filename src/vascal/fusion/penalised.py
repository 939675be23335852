"""Elastic-net regression: Cox where there is a follow-up, logistic where the outcome is yes or no.

Cox regression under a penalty: Simon et al., J Stat Softw 2011;39(5):1-13,
doi:10.18637/jss.v039.i05. Ties after Efron, as in `vascal.evaluate.cox`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy import ndarray

from vascal.evaluate.estimate import Values
from vascal.evaluate.risk_sets import Stratum
from vascal.fusion.elastic_net import Loss, Penalty, fit_path, strongest_penalty
from vascal.fusion.encoding import Design, Encoding, learn_encoding
from vascal.fusion.features import Feature, Patients
from vascal.fusion.learner import Contributions, Settings
from vascal.fusion.targets import Target

WEAKEST = 1e-3
"""Of the strongest penalty, the weakest that is tried."""
STRENGTHS = 20
BIG = 30.0
"""Log odds beyond which a probability is taken as it is there: exp overflows further out."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoxLoss:
    """Negative log partial likelihood, per row."""

    stratum: Stratum

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return int(self.stratum.x.shape[1])

    def value(self, beta: ndarray) -> float:
        """Loss."""
        return -self.stratum.likelihood(beta).log / len(self.stratum.x)

    def expand(self, beta: ndarray) -> tuple[ndarray, ndarray]:
        """Slope and curvature."""
        at, n = self.stratum.likelihood(beta), len(self.stratum.x)
        return -self.stratum.score(at) / n, self.stratum.information(at) / n


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LogisticLoss:
    """Negative log likelihood of yes or no, per row; the first coefficient is the intercept."""

    x: Design
    event: ndarray

    @property
    def size(self) -> int:
        """Number of coefficients, the intercept with them."""
        return int(self.x.shape[1]) + 1

    def value(self, beta: ndarray) -> float:
        """Loss."""
        margin = beta[0] + self.x @ beta[1:]
        return float(np.mean(np.logaddexp(0.0, margin) - self.event * margin))

    def expand(self, beta: ndarray) -> tuple[ndarray, ndarray]:
        """Slope and curvature."""
        columns = np.column_stack([np.ones(len(self.x)), self.x])
        risk = 1 / (1 + np.exp(-np.clip(columns @ beta, -BIG, BIG)))
        curvature = columns.T @ (columns * (risk * (1 - risk))[:, None]) / len(self.x)
        return columns.T @ (risk - self.event) / len(self.x), curvature


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinearScorer:
    """A fitted regression.

    Parameters
    ----------
    encoding
        Of the training rows.
    coefficients
        Log hazard, or odds, ratio for one standard deviation of each column.
    intercept
        Log odds of the average row; 0 for hazards.
    """

    encoding: Encoding
    coefficients: ndarray
    intercept: float = 0.0

    def margin(self, patients: Patients) -> Values:
        """Log hazard or log odds; each column at its training mean adds nothing."""
        return np.asarray(self.encoding.encode(patients) @ self.coefficients + self.intercept)

    def contributions(self, patients: Patients) -> Contributions:
        """Coefficient times distance from the training mean, summed over the columns of a feature: exact."""
        parts = self.encoding.encode(patients) * self.coefficients
        found = np.zeros((len(patients), len(self.encoding.codes)))
        np.add.at(found.T, self.encoding.owner, parts.T)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalised:
    """Elastic-net Cox or logistic regression.

    Parameters
    ----------
    features
        That it uses.
    l1_ratios
        Among which inner cross-validation chooses; 1 is the lasso.
    strengths
        How many penalties it chooses among, for each ratio.
    """

    features: tuple[Feature, ...]
    l1_ratios: tuple[float, ...] = (0.5,)
    strengths: int = STRENGTHS

    def propose(self, patients: Patients, target: Target) -> tuple[Settings, ...]:
        """Penalties from the one that leaves nothing down to a thousandth of it, evenly by logarithm."""
        loss, free = _make_loss(learn_encoding(patients, self.features).encode(patients), target)
        shares = np.geomspace(1.0, WEAKEST, self.strengths)
        tops = [strongest_penalty(loss, ratio, free) for ratio in self.l1_ratios]
        return tuple(
            {"l1_ratio": ratio, "strength": float(share * top)}
            for ratio, top in zip(self.l1_ratios, tops, strict=True)
            for share in shares
        )

    def fit_each(self, patients: Patients, target: Target, settings: Sequence[Settings]) -> Sequence[LinearScorer]:
        """Fit along the path of penalties."""
        encoding = learn_encoding(patients, self.features)
        loss, free = _make_loss(encoding.encode(patients), target)
        penalties = [Penalty(strength=one["strength"], l1_ratio=one["l1_ratio"], free=free) for one in settings]
        return [
            LinearScorer(encoding=encoding, coefficients=beta[free:], intercept=float(beta[0]) if free else 0.0)
            for beta in fit_path(loss, penalties)
        ]


def _make_loss(x: Design, target: Target) -> tuple[Loss, int]:
    """Give the loss of a target, and how many of its coefficients go free."""
    if target.time is None:
        return LogisticLoss(x=x, event=target.event.astype(float)), 1
    return CoxLoss(stratum=target.stratum(x)), 0
