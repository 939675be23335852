"""What published guidelines say of a coronary calcium score, as information for the treating clinician.

Nothing here is an order, and none of it knows the patient: each statement carries whom it is for
and where it was published. They are for adults without symptoms and without known cardiovascular disease.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from vascal.calcium.categories import CacDrs, CacDrsA, find_cac_drs
from vascal.errors import OutOfRangeError
from vascal.risk.percentile import require_score
from vascal.risk.profile import ClinicalProfile

CHOLESTEROL_2018 = (
    "Grundy et al. (AHA/ACC cholesterol guideline 2018), Circulation 2019;139:e1082-e1143, "
    "doi:10.1161/CIR.0000000000000625"
)
CAC_DRS_2018 = (
    "Hecht et al. (CAC-DRS, SCCT), J Cardiovasc Comput Tomogr 2018;12:185-191, doi:10.1016/j.jcct.2018.03.008"
)
SCCT_STR_2016 = "Hecht et al. (SCCT/STR 2016), J Cardiovasc Comput Tomogr 2017;11:74-84, PII S1934-5925(16)30285-4"
BSCI_2020 = "Williams et al. (BSCI/BSCCT and BSTI), Br J Radiol 2021;94:20200894, doi:10.1259/bjr.20200894"

YOUNGEST, OLDEST = 40, 75
"""Whole years of age that the statements on a score speak of (section 4.4.2 of the cholesterol guideline)."""
YOUNGEST_SEVERE = 20
"""Years of age from which on its section 4.2 speaks of severe hypercholesterolaemia, up to `OLDEST`."""
FAVOURED_FROM_YEARS = 55
HIGH_SCORE, HIGH_PERCENTILE = 100.0, 75.0
LOW_LDL_MG_DL, SEVERE_LDL_MG_DL = 70.0, 190.0
LOWEST_RISK, HIGH_RISK = 0.05, 0.20
"""Ten-year ASCVD risk for which the statements on a score are made: from, and below."""

Kind = Literal["score", "category", "measure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidelineStatement:
    """One thing that a guideline says of such a score.

    Parameters
    ----------
    name
        Stable short name, such as ``cholesterol-2018-zero``.
    kind
        ``score``: what follows from the score, or why nothing does; ``category``: what such a score is called;
        ``measure``: whether to measure one, of which nothing is said where there is a score.
    text
        For the page, as information.
    applies_to
        For whom it was written.
    source
        Paper with DOI.
    """

    name: str
    kind: Kind
    text: str
    applies_to: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreFacts:
    """What the statements are chosen by; as the parameters of `find_statements`."""

    agatston: float
    category: CacDrs
    percentile: float | None
    percentile_reference: str
    is_gated: bool | None
    pce_risk: float | None
    profile: ClinicalProfile

    def is_aged(self, youngest: int) -> bool:
        """Tell whether the patient is known to be from `youngest` to 75 years of age."""
        age = self.profile.age_years
        return age is not None and youngest <= age < OLDEST + 1

    @property
    def has_severe_ldl(self) -> bool:
        """Whether LDL cholesterol is known to be 190 mg/dL or more, at an age of which the guideline speaks."""
        ldl, age = self.profile.ldl, self.profile.age_years
        return ldl is not None and ldl.mg_dl >= SEVERE_LDL_MG_DL and (age is None or self.is_aged(YOUNGEST_SEVERE))

    @property
    def has_other_risk(self) -> bool:
        """Whether something besides calcium makes words such as "very low risk" wrong."""
        profile = self.profile
        return self.has_severe_ldl or profile.on_dialysis is True or profile.has_diabetes is True

    @property
    def has_low_ldl(self) -> bool:
        """Whether LDL cholesterol is known to be below 70 mg/dL."""
        return self.profile.ldl is not None and self.profile.ldl.mg_dl < LOW_LDL_MG_DL

    @property
    def is_high(self) -> bool:
        """Whether the score is 100 or more, or at the 75th percentile or above with any calcium."""
        is_high_place = self.percentile is not None and self.percentile >= HIGH_PERCENTILE
        return self.agatston >= HIGH_SCORE or (self.agatston > 0 and is_high_place)


def find_statements(
    agatston: float,
    vessels: int,
    percentile: float | None,
    profile: ClinicalProfile,
    *,
    is_gated: bool | None = None,
    percentile_reference: str = "",
    pce_risk: float | None = None,
) -> tuple[GuidelineStatement, ...]:
    """Find what guidelines say of a score.

    Parameters
    ----------
    agatston
        Total Agatston score, 0 or more.
    vessels
        How many of LM, LAD, LCX and RCA carry calcium, 0 to 4.
    percentile
        That the score surely reaches, such as `Percentile.low`; None if it is not known.
    profile
        What is known decides whether the score says anything of a statin; none of it is needed.
    is_gated
        Whether the scan was gated to the ECG; None where nothing says so. CAC-DRS is named only for a gated scan.
    percentile_reference
        Among whom the score has that percentile, such as ``Hoff 2001``.
    pce_risk
        Ten-year risk of ASCVD by the pooled cohort equations, 0 to 1.

    Returns
    -------
    tuple of GuidelineStatement
        One of kind ``score``, and what the score is called. Empty for known cardiovascular disease: the statements
        are for primary prevention.

    Raises
    ------
    OutOfRangeError
        For a score that can not be, or a risk that is no probability.
    """
    require_score(agatston)
    if pce_risk is not None and not 0 <= pce_risk <= 1:
        raise OutOfRangeError(f"a ten-year risk of {pce_risk:g}; needed: 0 to 1")
    if profile.has_cvd:
        return ()
    facts = ScoreFacts(
        agatston=agatston,
        category=find_cac_drs(agatston, vessels),
        percentile=percentile,
        percentile_reference=percentile_reference,
        is_gated=is_gated,
        pce_risk=pce_risk,
        profile=profile,
    )
    on_score = next(write(facts) for applies, write in _ON_SCORE if applies(facts))
    return (on_score, *(write(facts) for applies, write in _ON_CATEGORY if applies(facts)))


_OPEN_DECISION = (
    f"adults of {YOUNGEST} to {OLDEST} years with LDL cholesterol of 70 to 189 mg/dL who take no statin, whose "
    "ten-year ASCVD risk is intermediate (7.5 to below 20 %), or in selected cases borderline (5 to below 7.5 %), "
    "and in whom the decision on a statin is open"
)
_NO_SYMPTOMS = "adults without symptoms and without known cardiovascular disease"
_THESE = "The guideline's statements on a calcium score are"
_UNDECIDED = "so the calcium score does not decide"


def _say(name: str, text: str, applies_to: str = _OPEN_DECISION) -> GuidelineStatement:
    return GuidelineStatement(
        name=f"cholesterol-2018-{name}", kind="score", text=text, applies_to=applies_to, source=CHOLESTEROL_2018
    )


def _write_dialysis(_: ScoreFacts) -> GuidelineStatement:
    """Section 4.5.4, recommendations 2 and 3."""
    text = (
        "The guideline does not recommend to begin a statin on dialysis (class III, no benefit); one that is taken "
        "already may be continued (class IIb). Here the calcium score does not decide."
    )
    return _say("dialysis", text, "adults with advanced kidney disease who need dialysis")


def _write_severe_ldl(_: ScoreFacts) -> GuidelineStatement:
    """Section 4.2, recommendation 1, and the figure on primary prevention."""
    text = (
        f"LDL cholesterol is {SEVERE_LDL_MG_DL:.0f} mg/dL or more: the guideline recommends a statin of high intensity "
        f"without any estimate of risk (class I), {_UNDECIDED}."
    )
    return _say("severe-ldl", text, f"adults of {YOUNGEST_SEVERE} to {OLDEST} years with severe hypercholesterolaemia")


def _write_treated(_: ScoreFacts) -> GuidelineStatement:
    return _say(
        "treated",
        f"{_THESE} for people who take no statin; this patient takes lipid-lowering treatment, {_UNDECIDED}.",
    )


def _write_diabetes(_: ScoreFacts) -> GuidelineStatement:
    """Section 4.3, recommendation 1."""
    text = (
        "With diabetes the guideline recommends a statin of moderate intensity whatever the estimated risk (class I), "
        f"{_UNDECIDED}."
    )
    return _say("diabetes", text, f"adults of {YOUNGEST} to {OLDEST} years with diabetes")


def _write_age(facts: ScoreFacts) -> GuidelineStatement:
    age = facts.profile.age_years
    here = "the age is not known" if age is None else f"this patient is {math.floor(age)}"
    return _say("age", f"{_THESE} for people of {YOUNGEST} to {OLDEST} years; {here}, so none is given.")


def _write_low_ldl(_: ScoreFacts) -> GuidelineStatement:
    return _say("low-ldl", f"{_THESE} for LDL cholesterol of 70 to 189 mg/dL; here it is below, so none is given.")


_PREMATURE = "a family history of premature coronary disease"
_PREMATURE_OR_NOT = f"{_PREMATURE} (age of the relative not known here)"
"""A `ClinicalProfile` knows of a heart attack of a relative at any age, as MESA asked for it."""
EXCEPTIONS = {"has_diabetes": "diabetes", "is_smoker": "cigarette smoking", "has_family_history": _PREMATURE}
"""What keeps a score of 0 from speaking against a statin, by the name of the variable (section 4.4.2)."""


def _write_zero(facts: ScoreFacts) -> GuidelineStatement:
    profile = facts.profile
    history = _PREMATURE_OR_NOT if profile.has_family_history else _PREMATURE
    if profile.is_smoker:
        also = f", and {history}" if profile.has_family_history else ""
        text = (
            f"The guideline excepts cigarette smoking, as in this patient{also}, from what it says of a score of 0: "
            "the score alone does not speak against a statin."
        )
        return _say("zero", text + _say_range(facts))
    text = (
        "With a score of 0 the guideline finds it reasonable to withhold a statin and to measure again in 5 to 10 "
        f"years, unless there is diabetes, cigarette smoking or {history}."
    )
    if profile.has_family_history:
        text += (
            " A relative of this patient had a heart attack: if before 55 (a man) or 65 (a woman), the score alone "
            "does not speak against a statin."
        )
    unknown = [words for name, words in EXCEPTIONS.items() if getattr(profile, name) is None]
    text += f" Not known here: {', '.join(unknown)}." if unknown else ""
    return _say("zero", text + _say_range(facts))


def _write_zero_ungated(facts: ScoreFacts) -> GuidelineStatement:
    scan = "Nothing says whether the scan was" if facts.is_gated is None else "The scan was not"
    text = (
        f"{scan} ECG-gated. Without gating small calcifications may be missed: a score of 0 does not carry the "
        "guideline's meaning of zero."
    )
    return _say("zero-ungated", text)


def _write_high(facts: ScoreFacts) -> GuidelineStatement:
    why = "100 or more"
    if facts.agatston < HIGH_SCORE:
        among = f"{facts.percentile_reference}; " if facts.percentile_reference else ""
        why = f"at the 75th percentile or above ({among}the guideline means age, sex and race)"
    text = (
        f"The score is {why}: the guideline finds it reasonable to begin a statin, unless the discussion of risk "
        "defers it."
    )
    return _say("high", text + _say_range(facts))


def _write_low(facts: ScoreFacts) -> GuidelineStatement:
    is_of_that_age = (facts.profile.age_years or 0.0) >= FAVOURED_FROM_YEARS
    text = (
        f"A score of 1 to 99 favours a statin, especially from {FAVOURED_FROM_YEARS} years of age on. "
        f"This patient is {'of' if is_of_that_age else 'below'} that age."
    )
    return _say("low", text + _say_range(facts))


def _say_range(facts: ScoreFacts) -> str:
    """Say that the patient's risk is not one for which the statement was made; empty where it may be."""
    if facts.pce_risk is None or LOWEST_RISK <= facts.pce_risk < HIGH_RISK:
        return ""
    return (
        " The guideline means a ten-year ASCVD risk of 5 to below 20 %; this patient's risk by the pooled cohort "
        f"equations is {_write_risk(facts.pce_risk)}, outside that range."
    )


def _write_risk(risk: float) -> str:
    percent = 100 * risk
    if percent < 0.05:
        return "below 0.1 %"
    # Rounded, 4.96 % would read as if it were within the range.
    return "just below 5 %" if risk < LOWEST_RISK and round(percent, 1) >= 100 * LOWEST_RISK else f"{percent:.1f} %"


# Read by way of a public tool that cites the paper; the drugs that it names beside them are left out: the paper's own
# table was not at hand, and aspirin above 70 years of age is against the prevention guideline of 2019 (class III).
_RISKS: dict[CacDrsA, str] = {
    "A0": "very low risk",
    "A1": "mildly increased risk",
    "A2": "moderately increased risk",
    "A3": "moderately to severely increased risk",
}


def _write_cac_drs(facts: ScoreFacts) -> GuidelineStatement:
    return GuidelineStatement(
        name="cac-drs-2018",
        kind="category",
        text=f"CAC-DRS {facts.category}{'' if facts.has_other_risk else f': {_RISKS[facts.category.a]}'}.",
        applies_to=_NO_SYMPTOMS,
        source=CAC_DRS_2018,
    )


def _write_ungated(_: ScoreFacts) -> GuidelineStatement:
    return GuidelineStatement(
        name="ungated-chest-ct",
        kind="category",
        text="On a chest CT without gating the guidelines call coronary calcium none, mild, moderate or severe; "
        "a score in Agatston units is an estimate there.",
        applies_to="all chest CT that show the heart",
        source=f"{SCCT_STR_2016}; {BSCI_2020}",
    )


_Rule = tuple[Callable[[ScoreFacts], bool], Callable[[ScoreFacts], GuidelineStatement]]
_ON_SCORE: tuple[_Rule, ...] = (
    (lambda facts: facts.profile.on_dialysis is True, _write_dialysis),
    (lambda facts: facts.has_severe_ldl, _write_severe_ldl),
    (lambda facts: facts.profile.on_lipid_treatment is True, _write_treated),
    (lambda facts: facts.is_aged(YOUNGEST) and facts.profile.has_diabetes is True, _write_diabetes),
    (lambda facts: not facts.is_aged(YOUNGEST), _write_age),
    (lambda facts: facts.has_low_ldl, _write_low_ldl),
    (lambda facts: facts.agatston == 0 and facts.is_gated is True, _write_zero),
    (lambda facts: facts.agatston == 0, _write_zero_ungated),
    (lambda facts: facts.is_high, _write_high),
    (lambda _: True, _write_low),
)
"""The first that applies is said: first why the score does not decide, each reason before those it outweighs."""
_ON_CATEGORY: tuple[_Rule, ...] = (
    (lambda facts: facts.is_gated is True, _write_cac_drs),
    (lambda facts: facts.is_gated is False, _write_ungated),
)
