"""Vascular calcification on CT: measured, named, and reported with its limits.

>>> import vascal
>>> sorted(vascal.RULES)
['agatston-1990', 'agatston-kvp', 'four-pixels', 'orcascore']

Reading a study and scoring it takes two lines::

    result = vascal.score(vascal.read_study("folder-with-dicom"))
    print(result.best.score.total.agatston, result.choice.reason)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from vascal.anatomy.segmenter import Anatomy as Anatomy
    from vascal.anatomy.segmenter import Segmenter as Segmenter
    from vascal.aorta_scoring import score_aorta as score_aorta
    from vascal.calcium.lesions import Lesion as Lesion
    from vascal.calcium.mass import Calibration as Calibration
    from vascal.calcium.mass import Rod as Rod
    from vascal.calcium.rule import AGATSTON_1990 as AGATSTON_1990
    from vascal.calcium.rule import RULES as RULES
    from vascal.calcium.rule import AgatstonRule as AgatstonRule
    from vascal.calcium.score import CalciumScore as CalciumScore
    from vascal.calcium.score import LesionScore as LesionScore
    from vascal.calcium.score import VesselScore as VesselScore
    from vascal.errors import VascalError as VascalError
    from vascal.film_pipeline import ScoredFilm as ScoredFilm
    from vascal.film_pipeline import score_film as score_film
    from vascal.io.dicom import read_studies as read_studies
    from vascal.io.dicom import read_study as read_study
    from vascal.io.film_reading import read_films as read_films
    from vascal.io.reading import read_volume as read_volume
    from vascal.pipeline import ScoredSeries as ScoredSeries
    from vascal.pipeline import StudyResult as StudyResult
    from vascal.pipeline import score as score
    from vascal.pipeline import score_series as score_series
    from vascal.radiograph import Radiograph as Radiograph
    from vascal.report.caveats import Caveat as Caveat
    from vascal.report.report import Report as Report
    from vascal.risk.assessment import RiskAssessment as RiskAssessment
    from vascal.risk.assessment import assess_risk as assess_risk
    from vascal.risk.clinical_text import parse_profile as parse_profile
    from vascal.risk.facts import ImageFacts as ImageFacts
    from vascal.risk.profile import ClinicalProfile as ClinicalProfile
    from vascal.score_options import ScoreOptions as ScoreOptions
    from vascal.study import Acquisition as Acquisition
    from vascal.study import Gating as Gating
    from vascal.study import Patient as Patient
    from vascal.study import Refusal as Refusal
    from vascal.study import Series as Series
    from vascal.study import Study as Study
    from vascal.volume import Grid as Grid
    from vascal.volume import LabelMap as LabelMap
    from vascal.volume import Volume as Volume

_HOMES = {
    "AGATSTON_1990": "vascal.calcium.rule",
    "Acquisition": "vascal.study",
    "AgatstonRule": "vascal.calcium.rule",
    "Anatomy": "vascal.anatomy.segmenter",
    "CalciumScore": "vascal.calcium.score",
    "Calibration": "vascal.calcium.mass",
    "ClinicalProfile": "vascal.risk.profile",
    "Caveat": "vascal.report.caveats",
    "Gating": "vascal.study",
    "Grid": "vascal.volume",
    "ImageFacts": "vascal.risk.facts",
    "LabelMap": "vascal.volume",
    "Lesion": "vascal.calcium.lesions",
    "LesionScore": "vascal.calcium.score",
    "Patient": "vascal.study",
    "RULES": "vascal.calcium.rule",
    "Radiograph": "vascal.radiograph",
    "Refusal": "vascal.study",
    "Report": "vascal.report.report",
    "RiskAssessment": "vascal.risk.assessment",
    "Rod": "vascal.calcium.mass",
    "ScoreOptions": "vascal.score_options",
    "ScoredFilm": "vascal.film_pipeline",
    "ScoredSeries": "vascal.pipeline",
    "Segmenter": "vascal.anatomy.segmenter",
    "Series": "vascal.study",
    "Study": "vascal.study",
    "StudyResult": "vascal.pipeline",
    "VascalError": "vascal.errors",
    "VesselScore": "vascal.calcium.score",
    "Volume": "vascal.volume",
    "assess_risk": "vascal.risk.assessment",
    "parse_profile": "vascal.risk.clinical_text",
    "read_films": "vascal.io.film_reading",
    "read_studies": "vascal.io.dicom",
    "read_study": "vascal.io.dicom",
    "read_volume": "vascal.io.reading",
    "score": "vascal.pipeline",
    "score_aorta": "vascal.aorta_scoring",
    "score_film": "vascal.film_pipeline",
    "score_series": "vascal.pipeline",
}
"""Public names and their modules: loaded on first use, so that `import vascal` costs nothing."""

__all__ = ["__version__", *_HOMES]  # noqa: PLE0604


def __getattr__(name: str) -> object:
    """Load a public name from its module on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'vascal' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
