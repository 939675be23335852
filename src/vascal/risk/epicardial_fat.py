"""How a volume of epicardial fat compares with published ones.

An upper limit of normal is known for the volume over body surface only: 68.1 ml/m2, the 95th percentile of 226 healthy
people (Shmilovich 2011). Plain volumes of patients are given as comparisons, without a threshold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from vascal.errors import OutOfRangeError

UPPER_NORMAL_ML_M2 = 68.1
SOURCE = "Shmilovich et al., Am J Cardiol 2011;108:1680-1685 (226 healthy people; median 33.3 ml/m2)"
SURFACES_M2 = (1.0, 3.5)
"""What the body surface of an adult may be."""
VOLUMES_ML = (1.0, 1000.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FatCohort:
    """Epicardial fat of a published group on CT without contrast agent: mean and standard deviation, ml."""

    mean_ml: float
    sd_ml: float
    n: int
    population: str
    source: str


COHORTS: tuple[FatCohort, ...] = (
    FatCohort(
        mean_ml=126.2,
        sd_ml=56.3,
        n=192,
        population="patients sent for coronary CT",
        source="Tran et al., Eur Heart J Cardiovasc Imaging 2014;15:423-430, doi:10.1093/ehjci/jet175",
    ),
    FatCohort(
        mean_ml=103.62,
        sd_ml=50.97,
        n=30,
        population="patients with suspected coronary disease",
        source="Computer-assisted epicardial fat volume on calcium scans and coronary CT, 2017, PMC5537129",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EpicardialFat:
    """A volume of epicardial fat beside published ones.

    Parameters
    ----------
    volume_ml
        As measured.
    indexed_ml_m2
        Over body surface; None where that is not known.
    is_above_normal
        Whether it is above the upper limit of normal, which exists over body surface only; None without.
    cohorts
        For comparison; sick people, so no limit of normal.
    """

    volume_ml: float
    indexed_ml_m2: float | None
    is_above_normal: bool | None
    cohorts: tuple[FatCohort, ...] = COHORTS
    source: str = SOURCE

    @property
    def text(self) -> str:
        """The comparison in words."""
        if self.indexed_ml_m2 is None:
            return (
                f"Epicardial fat of {self.volume_ml:.0f} ml. An upper limit of normal is published over body surface "
                f"only, which is not known; {self.cohorts[0].n} patients sent for coronary CT had "
                f"{self.cohorts[0].mean_ml:.0f} ml (SD {self.cohorts[0].sd_ml:.0f})."
            )
        side = "above" if self.is_above_normal else "not above"
        return (
            f"Epicardial fat of {self.volume_ml:.0f} ml, {self.indexed_ml_m2:.1f} ml/m2: {side} the upper limit of "
            f"normal of {UPPER_NORMAL_ML_M2} ml/m2 (95th percentile of 226 healthy people)."
        )


def compare_epicardial_fat(volume_ml: float, body_surface_m2: float | None = None) -> EpicardialFat:
    """Compare a volume of epicardial fat with published ones.

    Parameters
    ----------
    volume_ml
        Within the pericardium, on CT without contrast agent.
    body_surface_m2
        Of the patient; without it there is no limit of normal.

    Raises
    ------
    OutOfRangeError
        For a volume or a surface that can not be.

    Examples
    --------
    >>> compare_epicardial_fat(140, 2.0).is_above_normal, compare_epicardial_fat(140).is_above_normal
    (True, None)
    """
    _require("epicardial fat", volume_ml, VOLUMES_ML, "ml")
    if body_surface_m2 is None:
        return EpicardialFat(volume_ml=volume_ml, indexed_ml_m2=None, is_above_normal=None)
    _require("body surface", body_surface_m2, SURFACES_M2, "m2")
    indexed = volume_ml / body_surface_m2
    return EpicardialFat(volume_ml=volume_ml, indexed_ml_m2=indexed, is_above_normal=indexed > UPPER_NORMAL_ML_M2)


def _require(title: str, value: float, span: tuple[float, float], unit: str) -> None:
    if not (math.isfinite(value) and span[0] <= value <= span[1]):
        raise OutOfRangeError(f"{title} of {value:g} {unit}; needed: {span[0]:g} to {span[1]:g} {unit}")
