"""What an AAC-24 total went along with in published cohorts: hazard ratios, by class scheme.

The cohorts differ in whom they followed and how the films were graded (bone densitometry, or plain films),
and a ratio is not a risk: it says nothing without the risk of the reference class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from vascal.aac.classes import KIDNEY, MASTERPLAN, POPULATION, ClassScheme, find_class

Ratio = tuple[float, tuple[float, float] | None]
"""Hazard ratio and its 95 % interval; None where the interval could not be read."""
Population = Literal["general", "kidney disease", "dialysis"]
"""Who was followed: people whatever their kidneys, or only patients with kidney disease, or on dialysis."""
ORDER: tuple[Population, ...] = ("general", "kidney disease", "dialysis")
"""For a patient who is not known to be on dialysis; the other way round for one who is."""
RATIO_IS_NO_RISK = "A hazard ratio compares groups; it is not this patient's risk."


@dataclass(frozen=True, slots=True, kw_only=True)
class AacStudy:
    """One outcome of one cohort.

    Parameters
    ----------
    scheme
        Classes of the total; the first is the reference.
    ratios
        By class.
    outcome
        What happened.
    population, cohort, n
        Who was followed, and how many.
    adjustment
        What the ratio was adjusted for; None where it could not be read.
    source
        Paper with DOI.
    """

    scheme: ClassScheme
    ratios: Mapping[str, Ratio]
    outcome: str
    population: Population
    cohort: str
    n: int
    adjustment: str | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AacHazard:
    """What one cohort says of a total.

    Parameters
    ----------
    scheme, class_name, reference_class
        Name of the class scheme, the total's class in it, and the class it is compared with.
    hazard_ratio, interval
        With its 95 % interval; None where the class is the reference, the interval also where it could not be read.
    outcome, population, cohort, n, adjustment, source
        As in `AacStudy`.
    """

    scheme: str
    class_name: str
    reference_class: str
    hazard_ratio: float | None
    interval: tuple[float, float] | None
    outcome: str
    population: Population
    cohort: str
    n: int
    adjustment: str | None
    source: str

    @property
    def ratio_text(self) -> str:
        """The ratio for a table: ``2.05 (1.40 to 3.00)``, ``2.87``, or ``reference``."""
        return "reference" if self.hazard_ratio is None else f"{self.hazard_ratio:.2f}{self._interval_text()}"

    @property
    def text(self) -> str:
        """The ratio in words."""
        if self.hazard_ratio is None:
            return f"{self.outcome}: {self.class_name} is the class of comparison ({self.cohort}, n = {self.n})"
        return (
            f"{self.outcome}: hazard ratio {self.hazard_ratio:.2f}{self._interval_text('95 % interval ')}, "
            f"{self.class_name} against {self.reference_class} ({self.cohort}, n = {self.n})"
        )

    def _interval_text(self, name: str = "") -> str:
        return "" if self.interval is None else f" ({name}{self.interval[0]:.2f} to {self.interval[1]:.2f})"


_MANITOBA = "Manitoba bone density registry, graded by a network"
_MANITOBA_SOURCE = "Sharif et al., eBioMedicine 2023;94:104676, doi:10.1016/j.ebiom.2023.104676, table 2, model 2"
_MANITOBA_RATIOS: dict[str, tuple[Ratio, Ratio]] = {
    "major adverse cardiovascular event": ((1.54, (1.31, 1.80)), (2.06, (1.75, 2.42))),
    "death of any cause": ((1.45, (1.21, 1.73)), (2.01, (1.68, 2.41))),
    "myocardial infarction": ((2.05, (1.40, 3.00)), (2.79, (1.88, 4.15))),
    "cerebrovascular disease": ((1.71, (1.15, 2.54)), (2.15, (1.44, 3.21))),
}
"""Moderate and high against low; low is below 2, moderate 2 to 5, high 6 and more."""

STUDIES: tuple[AacStudy, ...] = (
    AacStudy(
        scheme=KIDNEY,
        ratios=MappingProxyType({"moderate": (3.7, None), "severe": (8.6, None)}),
        outcome="death or cardiovascular event within two years",
        population="dialysis",
        cohort="dialysis patients of 47 European centres (CORD)",
        n=1084,
        adjustment=None,
        source="Verbeke et al., Clin J Am Soc Nephrol 2011;6:153-159, doi:10.2215/CJN.05120610, abstract",
    ),
    *(
        AacStudy(
            scheme=POPULATION,
            ratios=MappingProxyType({"moderate": moderate, "high": high}),
            outcome=outcome,
            population="general",
            cohort=_MANITOBA,
            n=8565,
            adjustment="multiple covariates",
            source=_MANITOBA_SOURCE,
        )
        for outcome, (moderate, high) in _MANITOBA_RATIOS.items()
    ),
    AacStudy(
        scheme=POPULATION,
        ratios=MappingProxyType({"high": (2.87, None)}),
        outcome="atherosclerotic cardiovascular disease",
        population="general",
        cohort="UK Biobank imaging study, bone densitometry graded by a network",
        n=53611,
        adjustment=None,
        source="Sim et al., JACC Adv 2026, doi:10.1016/j.jacadv.2025.102570 (PMC12874814)",
    ),
    AacStudy(
        scheme=POPULATION,
        ratios=MappingProxyType({"high": (1.75, (1.13, 2.71))}),
        outcome="death of any cause",
        population="general",
        cohort="NHANES 2013-2014, 40 years and older, bone densitometry",
        n=2962,
        adjustment=None,
        source="Orces, J Bone Metab 2024;31:236-245, doi:10.11005/jbm.2024.31.3.236, abstract",
    ),
    AacStudy(
        scheme=MASTERPLAN,
        ratios=MappingProxyType({"4 or more": (5.5, (1.2, 24.8))}),
        outcome="cardiovascular event",
        population="kidney disease",
        cohort="chronic kidney disease without dialysis (MASTERPLAN), plain films",
        n=280,
        adjustment="matched by propensity score",
        source="Peeters et al., J Nephrol 2017;30:109-118, doi:10.1007/s40620-015-0260-7, abstract",
    ),
)


def find_aac_hazards(aac24: int, *, on_dialysis: bool | None = None) -> tuple[AacHazard, ...]:
    """Find what published cohorts say of a total.

    Parameters
    ----------
    aac24
        Total, 0 to 24.
    on_dialysis
        Whether the patient is; None if it is not known.

    Returns
    -------
    tuple of AacHazard
        One for each study whose numbers for the total's class are known, or for which that class is the reference.
        Those of people like the patient go first; cohorts of kidney patients are left out for one who is known not
        to be on dialysis.

    Raises
    ------
    EvaluationError
        If there is no such total.

    Examples
    --------
    >>> [hazard.hazard_ratio for hazard in find_aac_hazards(16) if hazard.scheme == "kidney-thirds"]
    [8.6]
    """
    found = (_compare(study, find_class(aac24, study.scheme)) for study in STUDIES)
    known = [one for one in found if one is not None and (on_dialysis is not False or one.population == "general")]
    order = ORDER[::-1] if on_dialysis else ORDER
    return tuple(sorted(known, key=lambda one: order.index(one.population)))


def _compare(study: AacStudy, class_name: str) -> AacHazard | None:
    reference = study.scheme.classes[0]
    if class_name != reference and class_name not in study.ratios:
        return None
    ratio, interval = study.ratios.get(class_name, (None, None))
    return AacHazard(
        scheme=study.scheme.name,
        class_name=class_name,
        reference_class=reference,
        hazard_ratio=ratio,
        interval=interval,
        outcome=study.outcome,
        population=study.population,
        cohort=study.cohort,
        n=study.n,
        adjustment=study.adjustment,
        source=study.source,
    )
