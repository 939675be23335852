"""Ways to find coronary calcium, by name: a segmenter and a judge that belong together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vascal.anatomy.segmenter import Segmenter
from vascal.anatomy.thorax import ThoraxRules
from vascal.calcium.finding import Judge, judge_by_rules
from vascal.models.anatomy_net import LearnedAnatomy
from vascal.models.lesion_net import LearnedJudge
from vascal.models.runtime import read_manifest
from vascal.models.voxel_net import VoxelJudge, has_voxel_model

FinderName = Literal["learned", "rules"]
FINDERS: tuple[FinderName, ...] = ("learned", "rules")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finder:
    """One way to find coronary calcium.

    Parameters
    ----------
    name
        ``learned`` or ``rules``.
    segmenter
        Finds heart and surroundings.
    judge
        Tells coronary calcium from the rest.
    models
        Name, version and start of the hash of every network it runs.
    """

    name: FinderName
    segmenter: Segmenter
    judge: Judge
    models: tuple[str, ...] = ()


DEFAULT_FINDER: FinderName = "rules"
FILM_PREFIX = "film-"
"""Names of networks for lateral films begin so; they find nothing on CT."""


def choose_finder(name: FinderName = DEFAULT_FINDER, folder: Path | None = None) -> Finder:
    """Pick a finder.

    Parameters
    ----------
    name
        Networks trained on simulated scans, or anatomy rules.
    folder
        With other networks than the embedded ones; see `vascal train`.
    """
    if name == "rules":
        return Finder(name=name, segmenter=ThoraxRules(), judge=judge_by_rules)
    judge = VoxelJudge(folder=folder) if folder and has_voxel_model(folder) else LearnedJudge(folder=folder)
    return Finder(name=name, segmenter=LearnedAnatomy(folder=folder), judge=judge, models=name_models(folder))


def name_models(folder: Path | None = None) -> tuple[str, ...]:
    """Name the networks for CT that a folder holds, and the embedded ones it does not replace."""
    known = dict(read_manifest()) | (dict(read_manifest(folder)) if folder else {})
    return tuple(known[name].label for name in sorted(known) if not name.startswith(FILM_PREFIX))
