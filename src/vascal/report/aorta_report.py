"""What is said of the aorta of one CT series, with the pixels and regions it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vascal.aac.aac24 import Aac24Score, WallLevel
from vascal.aac.ct_grades import WallProjection
from vascal.aac.lateral_projection import LateralProjection, project_laterally
from vascal.anatomy.aorta_parts import AortaFound
from vascal.calcium.aorta import AorticBlood
from vascal.calcium.lesions import Lesion
from vascal.calcium.rule import AgatstonRule
from vascal.calcium.score import CalciumScore, VesselScore
from vascal.report.caveats import Caveat
from vascal.report.provenance import Provenance
from vascal.study import Series
from vascal.types import MaskArray
from vascal.volume import LabelMap, Volume


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AortaReport:
    """Calcium of the aorta on one CT series.

    Parameters
    ----------
    series
        What was scored.
    blood
        Of the aorta, with its phase.
    rules
        For the thoracic and the abdominal aorta.
    score
        Agatston, volume and mass, in total, by lesion and by part (as its `vessels`).
    parts
        Parts that are in the scan, from the heart on, with their scores.
    projection
        Both walls on the lateral projection.
    fractions
        Calcified share of each wall-level in the scan.
    grades
        AAC-24 as on a film; None unless all of L1 to L4 are in the scan.
    found
        Vessels and levels.
    volume
        The CT, turned.
    regions
        Aorta with its wall by part, and iliac arteries.
    lesions, rejected
        Voxel by voxel.
    caveats
        What a reader must know.
    provenance
        Software and inputs.
    """

    series: Series
    blood: AorticBlood
    rules: Mapping[str, AgatstonRule]
    score: CalciumScore
    parts: Mapping[str, VesselScore]
    projection: WallProjection
    fractions: Mapping[WallLevel, float]
    grades: Aac24Score | None
    found: AortaFound
    volume: Volume
    regions: LabelMap
    lesions: tuple[Lesion, ...]
    rejected: tuple[tuple[str, np.ndarray], ...]
    caveats: tuple[Caveat, ...]
    provenance: Provenance


def mark_scored(report: AortaReport) -> MaskArray:
    """Mark the voxels that were scored: (slice, row, column)."""
    scored = np.zeros(report.volume.grid.shape, dtype=bool)
    for lesion in report.lesions:
        scored.reshape(-1)[lesion.index] = True
    return scored


def project_report(report: AortaReport) -> LateralProjection:
    """Give the line integrals of the CT's own lateral film; iodine in the aorta counts as blood without.

    Raises
    ------
    GeometryError
        If slices are unevenly spaced.
    """
    is_enhanced = report.blood.phase != "none"
    soft = (report.regions.labels > 0) & ~mark_scored(report) if is_enhanced else None
    return project_laterally(report.volume, soft=soft, is_enhanced=is_enhanced)
