"""Parts of a cohort for cross-validation: patients are never parted, events are spread evenly."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from vascal.errors import EvaluationError
from vascal.evaluate.estimate import Flags

FoldOfRow = Int64[ndarray, " row"]


def assign_folds(patient: Int64[ndarray, " row"], event: Flags, folds: int, seed: int) -> FoldOfRow:
    """Deal patients to folds, those with the event first, each kind in an order of chance.

    Parameters
    ----------
    patient
        Number of each row's patient.
    event
        Whether the row had the event; a patient did if any row did.
    folds
        How many, 2 at least.
    seed
        The same seed deals the same way.

    Returns
    -------
    numpy.ndarray
        Fold of each row, 0 and up (row,).

    Raises
    ------
    EvaluationError
        If there are fewer patients with the event, or without, than folds.
    """
    people, which = np.unique(patient, return_inverse=True)
    has_event = np.bincount(which, weights=event, minlength=len(people)) > 0
    cases = int(has_event.sum())
    if folds < 2 or min(cases, len(people) - cases) < folds:
        found = f"{cases} patients with and {len(people) - cases} without the event found"
        raise EvaluationError(
            f"{folds} folds need at least 2, and as many patients with and without the event; {found}"
        )
    order = np.random.default_rng(seed).permutation(len(people))
    dealt = order[np.argsort(~has_event[order], kind="stable")]
    fold = np.empty(len(people), dtype=np.int64)
    fold[dealt] = np.arange(len(people)) % folds
    return fold[which]
