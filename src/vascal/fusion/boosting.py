"""Gradient-boosted trees: hazards where there is a follow-up, log odds where the outcome is yes or no.

Trees by XGBoost: Chen & Guestrin, KDD 2016:785-794, doi:10.1145/2939672.2939785. Shares of features by
TreeSHAP: Lundberg et al., Nat Mach Intell 2020;2:56-67, doi:10.1038/s42256-019-0138-9.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vascal.errors import MissingExtraError
from vascal.evaluate.estimate import Values
from vascal.fusion.encoding import Encoding, learn_encoding
from vascal.fusion.features import Feature, Patients
from vascal.fusion.learner import Contributions, Settings
from vascal.fusion.targets import Target

if TYPE_CHECKING:
    from xgboost import Booster, DMatrix

EXTRA = "boosted trees need an optional part: pip install 'vascal[fusion]'"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoostedScorer:
    """Fitted trees.

    Parameters
    ----------
    encoding
        Of the training rows.
    booster
        XGBoost's model.
    trees
        How many of its trees count.
    """

    encoding: Encoding
    booster: Booster
    trees: int

    def margin(self, patients: Patients) -> Values:
        """Log hazard, up to a constant, or log odds."""
        found = self.booster.predict(
            _matrix(self.encoding, patients), output_margin=True, iteration_range=(0, self.trees)
        )
        return np.asarray(found, dtype=float)

    def contributions(self, patients: Patients) -> Contributions:
        """TreeSHAP, summed over the columns of a feature."""
        found = self.booster.predict(
            _matrix(self.encoding, patients), pred_contribs=True, iteration_range=(0, self.trees)
        )
        parts = np.asarray(found, dtype=float)[:, :-1]  # the last column is the average margin
        owner = np.repeat(np.arange(len(self.encoding.codes)), [_width(code.levels) for code in self.encoding.codes])
        result = np.zeros((len(patients), len(self.encoding.codes)))
        np.add.at(result.T, owner, parts.T)
        return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Boosted:
    """Gradient-boosted trees.

    Parameters
    ----------
    features
        That they use; unknown values are sent the way that served training rows best.
    depths, trees
        Among which inner cross-validation chooses: questions in a row, and number of trees.
    learning_rate
        Share of each tree that is added.
    rows, columns
        Shares that each tree sees.
    fewest
        Curvature that a leaf must hold, in XGBoost's words ``min_child_weight``: with hazards, about events.
    seed
        Of those shares.
    """

    features: tuple[Feature, ...]
    depths: tuple[int, ...] = (1, 2, 3)
    trees: tuple[int, ...] = (25, 50, 100, 150, 200, 300)
    learning_rate: float = 0.05
    rows: float = 0.8
    columns: float = 0.8
    fewest: float = 2.0
    seed: int = 0

    def propose(self, patients: Patients, target: Target) -> tuple[Settings, ...]:  # noqa: ARG002 - the same for all
        """Every depth with every number of trees; the same for all cohorts."""
        return tuple({"depth": depth, "trees": trees} for depth in self.depths for trees in self.trees)

    def fit_each(self, patients: Patients, target: Target, settings: Sequence[Settings]) -> Sequence[BoostedScorer]:
        """Grow trees once a depth, and count as many as each of the settings says."""
        encoding = learn_encoding(patients, self.features)
        most = {one["depth"]: max(other["trees"] for other in settings if other["depth"] == one["depth"])
                for one in settings}  # fmt: skip
        grown = {depth: self._grow(encoding, patients, target, int(depth), int(trees)) for depth, trees in most.items()}
        return [
            BoostedScorer(encoding=encoding, booster=grown[one["depth"]], trees=int(one["trees"])) for one in settings
        ]

    def _grow(self, encoding: Encoding, patients: Patients, target: Target, depth: int, trees: int) -> Booster:
        from xgboost import train

        choices: dict[str, object] = {
            "objective": "binary:logistic" if target.time is None else "survival:cox",
            "base_score": float(target.event.mean()) if target.time is None else 1.0,
            "max_depth": depth,
            "learning_rate": self.learning_rate,
            "subsample": self.rows,
            "colsample_bytree": self.columns,
            "min_child_weight": self.fewest,
            "tree_method": "hist",
            "seed": self.seed,
            "nthread": 1,  # the same trees on any number of cores
            "verbosity": 0,
        }
        return train(choices, _matrix(encoding, patients, _labels(target)), num_boost_round=trees)


def load_booster(content: bytes) -> Booster:
    """Make trees of XGBoost's own JSON.

    Raises
    ------
    MissingExtraError
        Without XGBoost.
    """
    require_trees()
    from xgboost import Booster

    booster = Booster({"nthread": 1})
    booster.load_model(bytearray(content))
    return booster


def require_trees() -> None:
    """Refuse trees where XGBoost is not installed.

    Raises
    ------
    MissingExtraError
        With the command that installs it.
    """
    try:
        import xgboost  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(EXTRA) from error


def _width(levels: tuple[str, ...]) -> int:
    return max(1, len(levels))


def _labels(target: Target) -> Values:
    """What XGBoost calls labels: for hazards the time, below 0 where it ended without the event."""
    if target.time is None:
        return target.event.astype(float)
    return np.where(target.event, target.time, -target.time)


def _matrix(encoding: Encoding, patients: Patients, labels: Values | None = None) -> DMatrix:
    from xgboost import DMatrix

    return DMatrix(encoding.encode_with_gaps(patients), label=labels, nthread=1)
