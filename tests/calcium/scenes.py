"""Small CTs whose score can be worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vascal.calcium.candidates import find_candidates
from vascal.calcium.lesions import Lesion, find_lesions
from vascal.calcium.mass import Calibration
from vascal.calcium.rule import AGATSTON_1990, AgatstonRule
from vascal.calcium.score import CalciumScore, score_calcium
from vascal.volume import Grid, LabelMap, Volume

Spacing = tuple[float, float, float]
THIN = (3.0, 0.5, 0.5)


def blank(shape: tuple[int, int, int] = (5, 16, 16), hu: int = 40) -> np.ndarray:
    """Give soft tissue: (slice, row, column), HU."""
    return np.full(shape, hu, dtype=np.int16)


def grid_of(hu: np.ndarray, spacing_mm: Spacing = THIN) -> Grid:
    slices, rows, columns = hu.shape
    return Grid.even((slices, rows, columns), spacing_mm)


def lesions_of(
    hu: np.ndarray,
    *,
    grid: Grid | None = None,
    labels: np.ndarray | None = None,
    names: Mapping[int, str] | None = None,
    rule: AgatstonRule = AGATSTON_1990,
) -> tuple[Volume, tuple[Lesion, ...]]:
    """Find lesions; without labels the whole image is one vessel, LAD."""
    volume = Volume(hu=hu, grid=grid or grid_of(hu))
    drawn = np.ones(hu.shape, dtype=np.uint8) if labels is None else labels
    region = LabelMap(labels=drawn, grid=volume.grid, names={1: "LAD"} if names is None else names)
    return volume, find_lesions(find_candidates(volume, region, rule), rule)


def score_of(
    hu: np.ndarray,
    *,
    spacing_mm: Spacing = THIN,
    grid: Grid | None = None,
    labels: np.ndarray | None = None,
    names: Mapping[int, str] | None = None,
    rule: AgatstonRule = AGATSTON_1990,
    calibration: Calibration | None = None,
) -> CalciumScore:
    """Score an image from beginning to end."""
    used = grid or grid_of(hu, spacing_mm)
    volume, lesions = lesions_of(hu, grid=used, labels=labels, names=names, rule=rule)
    return score_calcium(volume, lesions, rule=rule, calibration=calibration)


def agatston_of(hu: np.ndarray, spacing_mm: Spacing = THIN, rule: AgatstonRule = AGATSTON_1990) -> float:
    return score_of(hu, spacing_mm=spacing_mm, rule=rule).total.agatston
