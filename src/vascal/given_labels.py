"""Labels that a user gives: every one of them is scored, so every one must be a vessel, or be named by the user."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vascal.calcium.lesions import UNASSIGNED, VESSELS
from vascal.errors import LabelError
from vascal.io.labels import list_other_vessels, read_labels
from vascal.score_options import ScoreOptions
from vascal.study import Series
from vascal.volume import LabelMap


def read_given_labels(series: Series, chosen: ScoreOptions) -> LabelMap | None:
    """Read the labels that the user gave for a series; None if there are none.

    Raises
    ------
    LabelError
        If a value has no name, or a file's own name may be something else than coronary calcium.
    GridMismatchError
        If they are not on the series' voxels.
    """
    if chosen.labels is None:
        return None
    labels = read_labels(chosen.labels, series.grid, chosen.label_names)
    unnamed = sorted(set(np.flatnonzero(np.bincount(labels.labels.reshape(-1)))) - {0, *labels.names})
    if unnamed and chosen.label_names is None:
        values = ", ".join(map(str, unnamed))
        raise LabelError(f"label values {values} have no name; name them, or leave them out, with --label-names")
    if chosen.label_names is None:
        _require_vessels(labels, chosen.labels)
    return labels


def _require_vessels(labels: LabelMap, path: Path) -> None:
    """Refuse structures that a file names and that may be anything, such as bone: all that is labelled is scored."""
    found = np.flatnonzero(np.bincount(labels.labels.reshape(-1), minlength=256))
    strange = {labels.names[int(value)] for value in found if value} - {*VESSELS, UNASSIGNED}
    if strange and (strange := strange - list_other_vessels(path)):
        raise LabelError(
            f"{path.name} marks {', '.join(sorted(strange))}, which may be no coronary calcium; say with --label-names "
            'what to score, such as {"1": "LM", "2": "LAD", "5": "aortic valve"}; numbers left out are not scored'
        )
