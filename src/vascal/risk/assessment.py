"""Everything that a patient's scores and clinical variables come to, by every formula that can answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from vascal.errors import MissingInputError, RiskError
from vascal.risk.aac_hazards import AacHazard, find_aac_hazards
from vascal.risk.arterial_age import ArterialAge, find_arterial_age
from vascal.risk.epicardial_fat import EpicardialFat, compare_epicardial_fat
from vascal.risk.facts import ImageFacts
from vascal.risk.framingham import estimate_framingham
from vascal.risk.guidelines import GuidelineStatement, find_statements
from vascal.risk.mesa_chd import MESA_CHD, estimate_mesa_chd
from vascal.risk.model import Outcome, RiskEstimate
from vascal.risk.pce import PCE, estimate_pce
from vascal.risk.percentile import Percentile
from vascal.risk.percentile_curves import PercentileCurve, find_curves
from vascal.risk.percentile_hnr import find_hnr_percentile
from vascal.risk.percentile_hoff import find_hoff_percentile
from vascal.risk.percentile_table import PercentileTable, find_table_percentile
from vascal.risk.percentile_young import TITLE as YOUNG_TITLE
from vascal.risk.percentile_young import YoungFinding, describe_young
from vascal.risk.prevent import estimate_prevent
from vascal.risk.prevent_coefficients import Horizon
from vascal.risk.profile import ClinicalProfile, Sex
from vascal.risk.reclassification import RiskChange, compare_risk
from vascal.risk.score2 import estimate_score2
from vascal.risk.valve_calcium import ValveFinding, grade_valve_calcium

NOT_QUOTABLE = "The scores must not be quoted, so nothing is said of what they mean."
NOT_GATED = (
    "The scan was not ECG-gated, but percentiles and formulas were made with gated scans. Without gating small "
    "calcifications are missed and scores are mostly lower; motion can also raise them."
)
GATING_UNKNOWN = "Percentiles and formulas were made with ECG-gated scans; nothing says whether this scan was gated."
UNSURE_ZERO = (
    "A score of 0 is sure only on a gated scan: calcium may have been missed, and a risk with calcium may be too low. "
    "No arterial age is given."
)
ON_DIALYSIS = (
    "The patient is on dialysis. The formulas were made with hardly anyone who is, and most likely say too low a risk."
)
KNOWN_CVD = (
    "Cardiovascular disease is known. Percentiles, formulas and guideline statements on calcium are for people "
    "without it; none is given."
)

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """Something that could not be said.

    Parameters
    ----------
    title
        What it would have been.
    code
        Of the error: ``missing-input`` or ``out-of-range``.
    message
        What was lacking, or the range.
    """

    title: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskAssessment:
    """What the scores of one patient mean.

    Parameters
    ----------
    profile, facts
        What it was made from.
    percentiles
        By each reference that covers the patient; a user's tables first.
    curves
        Of the first reference, for the drawing.
    young
        What is known of calcium before 45.
    arterial_age
        The coronary score as an age.
    estimates
        Of formulas that do not use calcium, and of MESA both without and with it.
    change
        Ten-year risk by MESA before and after calcium.
    span
        Ten-year risk by MESA at both ends of the score's interval.
    statements
        What guidelines say of the score.
    aac, valve, fat
        What abdominal aortic calcification, aortic valve calcium and epicardial fat mean.
    unanswered
        What could not be said, and why.
    doubts
        Whether these data are this patient's: to be seen before anything else.
    notes
        What a reader should know.
    remarks
        What was noted on reading the clinical variables.
    """

    profile: ClinicalProfile
    facts: ImageFacts
    percentiles: tuple[Percentile, ...] = ()
    curves: tuple[PercentileCurve, ...] = ()
    young: YoungFinding | None = None
    arterial_age: ArterialAge | None = None
    estimates: tuple[RiskEstimate, ...] = ()
    change: RiskChange | None = None
    span: tuple[float, float] | None = None
    statements: tuple[GuidelineStatement, ...] = ()
    aac: tuple[AacHazard, ...] = ()
    valve: ValveFinding | None = None
    fat: EpicardialFat | None = None
    unanswered: tuple[Unanswered, ...] = ()
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


PREVENT_OUTCOMES: tuple[Outcome, ...] = ("ascvd", "cvd", "hf")
PREVENT_YEARS: tuple[Horizon, ...] = (10, 30)
"""Outcomes and horizons that are reported."""


def assess_risk(
    profile: ClinicalProfile, facts: ImageFacts, *, tables: Sequence[PercentileTable] = ()
) -> RiskAssessment:
    """Ask every formula that is there.

    Parameters
    ----------
    profile
        What is known of the patient.
    facts
        What the images say.
    tables
        Percentile tables of the user's, such as a licensed one of MESA.

    Returns
    -------
    RiskAssessment
        With a reason for everything that could not be said. A score that must not be quoted is not interpreted.
    """
    asked = _Asked()
    estimates = _ask_formulas(profile, asked)
    score = facts.agatston if facts.is_quotable and not profile.has_cvd else None
    percentiles = () if score is None else tuple(_find_percentiles(profile, score, tables, asked))
    after = None if score is None else asked.about("MESA with calcium", lambda: estimate_mesa_chd(profile, score))
    before = next((one for one in estimates if one.model == MESA_CHD), None)
    return RiskAssessment(
        profile=profile,
        facts=facts,
        percentiles=percentiles,
        curves=_find_curves(profile, percentiles, tables),
        young=None if score is None else _describe_young(profile, score),
        arterial_age=None if score is None or _is_unsure_zero(facts) else find_arterial_age(score),
        estimates=estimates if after is None else (*estimates, after),
        change=None if before is None or after is None else compare_risk(before, after, profile),
        span=None if after is None else _find_span(profile, facts),
        statements=() if score is None else _find_statements(profile, facts, score, percentiles, estimates),
        aac=_find_hazards(profile, facts),
        valve=_grade_valve(profile, asked),
        fat=None if profile.eat_ml is None else compare_epicardial_fat(profile.eat_ml),
        unanswered=tuple(asked.unanswered),
        notes=tuple(_find_notes(profile, facts)),
    )


class _Asked:
    """Keeps what could not be answered, each reason once."""

    def __init__(self) -> None:
        self.unanswered: list[Unanswered] = []

    def about(self, title: str, ask: Callable[[], Answer]) -> Answer | None:
        """Ask, and note the reason where there is no answer."""
        try:
            return ask()
        except RiskError as error:
            if not any(one.title == title for one in self.unanswered):
                self.unanswered.append(Unanswered(title=title, code=error.code, message=str(error)))
            return None


def _ask_formulas(profile: ClinicalProfile, asked: _Asked) -> tuple[RiskEstimate, ...]:
    answers = [asked.about("MESA without calcium", lambda: estimate_mesa_chd(profile))]
    answers += [
        asked.about(f"PREVENT, {years} years", _prevent(profile, outcome, years))
        for years in PREVENT_YEARS
        for outcome in PREVENT_OUTCOMES
    ]
    answers.append(asked.about("Pooled cohort equations", lambda: estimate_pce(profile)))
    answers.append(asked.about("Framingham", lambda: estimate_framingham(profile)))
    answers.append(asked.about("SCORE2", lambda: estimate_score2(profile)))
    return tuple(answer for answer in answers if answer is not None)


def _prevent(profile: ClinicalProfile, outcome: Outcome, years: Horizon) -> Callable[[], RiskEstimate]:
    return lambda: estimate_prevent(profile, outcome, years)


def _find_percentiles(
    profile: ClinicalProfile, score: float, tables: Sequence[PercentileTable], asked: _Asked
) -> Iterator[Percentile]:
    age, sex = profile.age_years, profile.sex
    if age is None or sex is None:
        lacking = " and ".join(name for name, value in (("age", age), ("sex", sex)) if value is None)
        message = f"a percentile also needs {lacking}"
        asked.unanswered.append(Unanswered(title="Percentile", code=MissingInputError.code, message=message))
        return
    for table in tables:
        for name in table.references:
            found = asked.about(name, _in_table(table, name, score, profile))
            yield from () if found is None else (found,)
    for title, find in (("Hoff 2001", find_hoff_percentile), ("Heinz Nixdorf Recall", find_hnr_percentile)):
        found = asked.about(f"Percentile, {title}", _among_peers(find, score, age, sex))
        yield from () if found is None else (found,)


def _in_table(table: PercentileTable, name: str, score: float, profile: ClinicalProfile) -> Callable[[], Percentile]:
    return lambda: find_table_percentile(
        table,
        score,
        age_years=profile.age_years or 0.0,
        sex=profile.sex or "F",
        ethnicity=profile.ethnicity,
        reference=name,
    )


def _among_peers(
    find: Callable[[float, float, Sex], Percentile], score: float, age: float, sex: Sex
) -> Callable[[], Percentile]:
    return lambda: find(score, age, sex)


def _find_curves(
    profile: ClinicalProfile, percentiles: Sequence[Percentile], tables: Sequence[PercentileTable]
) -> tuple[PercentileCurve, ...]:
    if not percentiles or profile.sex is None:
        return ()
    return find_curves(percentiles[0].reference, profile.sex, ethnicity=profile.ethnicity, tables=tables)


def _describe_young(profile: ClinicalProfile, score: float) -> YoungFinding | None:
    if profile.age_years is None or profile.sex is None:
        return None
    return describe_young(score, profile.age_years, profile.sex, profile.ethnicity)


def _find_span(profile: ClinicalProfile, facts: ImageFacts) -> tuple[float, float] | None:
    if facts.interval is None:
        return None
    low, high = (estimate_mesa_chd(profile, score).probability for score in facts.interval)
    return low, high


def _find_statements(
    profile: ClinicalProfile,
    facts: ImageFacts,
    score: float,
    percentiles: Sequence[Percentile],
    estimates: Sequence[RiskEstimate],
) -> tuple[GuidelineStatement, ...]:
    """Say what guidelines say; below 46 years the finding of young adults goes before the percentile."""
    young = _describe_young(profile, score)
    surely, reference = (percentiles[0].low, percentiles[0].reference.title) if percentiles else (None, "")
    if young is not None and young.leads:
        surely, reference = young.percentile_low, YOUNG_TITLE
    vessels = facts.vessels_with_calcium
    found = find_statements(
        score,
        vessels or 0,
        surely,
        profile,
        is_gated=facts.is_gated,
        percentile_reference=reference,
        pce_risk=next((one.probability for one in estimates if one.model == PCE), None),
    )
    return tuple(one for one in found if vessels is not None or one.kind != "category")


def _find_hazards(profile: ClinicalProfile, facts: ImageFacts) -> tuple[AacHazard, ...]:
    if facts.aac24 is None or not facts.is_quotable:
        return ()
    return find_aac_hazards(facts.aac24, on_dialysis=profile.on_dialysis)


def _grade_valve(profile: ClinicalProfile, asked: _Asked) -> ValveFinding | None:
    if profile.avc_agatston is None:
        return None
    calcium, sex = profile.avc_agatston, profile.sex
    if sex is None:
        message = "its thresholds also need sex"
        asked.unanswered.append(Unanswered(title="Aortic valve calcium", code=MissingInputError.code, message=message))
        return None
    return grade_valve_calcium(calcium, sex)


def _is_unsure_zero(facts: ImageFacts) -> bool:
    return facts.agatston == 0 and facts.is_gated is not True


def _find_notes(profile: ClinicalProfile, facts: ImageFacts) -> Iterator[str]:
    if not facts.is_quotable:
        yield NOT_QUOTABLE
    elif profile.has_cvd:
        yield KNOWN_CVD
    elif facts.agatston is not None and facts.is_gated is not True:
        yield GATING_UNKNOWN if facts.is_gated is None else NOT_GATED
        if _is_unsure_zero(facts):
            yield UNSURE_ZERO
    if profile.on_dialysis and not profile.has_cvd:
        yield ON_DIALYSIS
