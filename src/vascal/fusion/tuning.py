"""Inner cross-validation: which penalty, or which trees, foretell rows they were not fitted to.

Loss of a fold for hazards: log partial likelihood of all rows less that of the
training rows: Verweij & van Houwelingen, Stat Med 1993;12:2305-2314.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from vascal.evaluate.estimate import Values
from vascal.fusion.features import Patients, Rows
from vascal.fusion.folds import FoldOfRow
from vascal.fusion.learner import Learner, Scorer, Settings
from vascal.fusion.targets import Target


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tuned:
    """A model with the settings that served held-back rows best.

    Parameters
    ----------
    scorer
        Fitted to all rows.
    settings
        That were chosen.
    losses
        Of all settings proposed, mean over rows, in their order.
    held_out
        Margin of each row by the model of the fold that did not hold it (row,).
    """

    scorer: Scorer
    settings: Settings
    losses: Float[ndarray, " setting"]
    held_out: Values


def tune(learner: Learner, patients: Patients, target: Target, fold: FoldOfRow) -> Tuned:
    """Choose settings by cross-validation, then fit all rows with them.

    Parameters
    ----------
    learner
        What to fit.
    patients, target
        Training rows.
    fold
        Of each row.
    """
    settings = learner.propose(patients, target)
    losses, held_out = np.zeros(len(settings)), np.zeros((len(settings), len(patients)))
    for part in np.unique(fold):
        kept = fold != part
        scorers = learner.fit_each(patients.only(kept), target.only(kept), settings)
        margins = np.stack([scorer.margin(patients) for scorer in scorers])
        losses += _losses(margins, target, kept)
        held_out[:, ~kept] = margins[:, ~kept]
    best = int(np.argmin(losses))  # among equals the simplest
    return Tuned(
        scorer=learner.fit_each(patients, target, [settings[best]])[0],
        settings=settings[best],
        losses=losses / len(patients),
        held_out=held_out[best],
    )


def _losses(margins: Float[ndarray, "setting row"], target: Target, kept: Rows) -> Float[ndarray, " setting"]:
    """Loss on the rows held back, for each of the settings, summed."""
    if target.time is None:
        margin, event = margins[:, ~kept], target.event[~kept]
        return np.asarray((np.logaddexp(0.0, margin) - event * margin).sum(axis=1))
    whole, training = _log_likelihoods(target), _log_likelihoods(target.only(kept))
    return np.array([training(margin[kept]) - whole(margin) for margin in margins])


def _log_likelihoods(target: Target) -> Callable[[Values], float]:
    """Give the log partial likelihood as a function of margins; risk sets are found once."""
    sets = target.stratum(np.zeros((len(target.event), 1))).sets
    events, which = sets.event, sets.moment_of_event

    def log_likelihood(margin: Values) -> float:
        top = margin.max()
        at_risk = sets.sums(np.exp(margin - top)[:, None])[:, 0]
        return float(np.sum(margin[events] - top - np.log(at_risk[which])))

    return log_likelihood


def names_of(settings: Sequence[Settings]) -> tuple[str, ...]:
    """Say settings in words, such as ``depth 2, trees 100``."""
    return tuple(", ".join(f"{name.replace('_', ' ')} {value:.3g}" for name, value in one.items()) for one in settings)
