"""The Agatston score of a label map: its coronary labels, nothing else."""

from __future__ import annotations

from vascal.calcium.candidates import find_candidates
from vascal.calcium.lesions import find_lesions
from vascal.calcium.rule import AGATSTON_1990, AgatstonRule
from vascal.calcium.score import CalciumScore, score_calcium
from vascal.dataset import CORONARY_VALUES
from vascal.volume import LabelMap, Volume


def score_label_map(volume: Volume, labels: LabelMap, *, rule: AgatstonRule = AGATSTON_1990) -> CalciumScore:
    """Score the labelled voxels that are coronary and reach the rule's threshold.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    labels
        On the same grid. Labels that are no coronary vessel are left out.
    rule
        The convention to score by.

    Raises
    ------
    GridMismatchError
        If the grids differ.
    """
    names = {value: name for value, name in labels.names.items() if name in CORONARY_VALUES}
    coronary = LabelMap(labels=labels.labels, grid=labels.grid, names=names)
    return score_calcium(volume, find_lesions(find_candidates(volume, coronary, rule), rule), rule=rule)
