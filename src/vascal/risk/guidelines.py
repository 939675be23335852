"""What published guidelines say of a coronary calcium score, as information for the treating clinician.

Nothing here is an order, and none of it knows the patient: each statement carries whom it is for
and where it was published. They are for adults without symptoms and without known cardiovascular disease.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vascal.calcium.categories import CacDrs, CacDrsA, find_cac_drs
from vascal.risk.percentile import require_score
from vascal.risk.profile import ClinicalProfile

CHOLESTEROL_2018 = (
    "Grundy et al. (AHA/ACC cholesterol guideline 2018), Circulation 2019;139:e1082-e1143, "
    "doi:10.1161/CIR.0000000000000625"
)
PREVENTION_2019 = (
    "Arnett et al. (ACC/AHA primary prevention guideline 2019), Circulation 2019;140:e596-e646, "
    "doi:10.1161/CIR.0000000000000678"
)
CAC_DRS_2018 = (
    "Hecht et al. (CAC-DRS, SCCT), J Cardiovasc Comput Tomogr 2018;12:185-191, doi:10.1016/j.jcct.2018.03.008"
)
SCCT_2017 = (
    "Hecht et al. (SCCT expert consensus 2017), as tabulated by Greenland et al., J Am Coll Cardiol 2018, PMC6056023"
)
SCCT_STR_2016 = "Hecht et al. (SCCT/STR 2016), J Cardiovasc Comput Tomogr 2017;11:74-84, PII S1934-5925(16)30285-4"
BSCI_2020 = "Williams et al. (BSCI/BSCCT and BSTI), Br J Radiol 2021;94:20200894, doi:10.1259/bjr.20200894"

THORACIC_AORTA = (
    "Calcium of the thoracic aorta is reported separately and is no part of the coronary score. "
    "No threshold for it is agreed on."
)
MITRAL_ANNULUS = (
    "Calcium of the mitral annulus is reported separately and is no part of the coronary score. "
    "No threshold for it is agreed on."
)

YOUNGEST, OLDEST = 40, 75
"""Years of age that the American guidelines speak of."""
FAVOURED_FROM_YEARS = 55
HIGH_SCORE, HIGH_PERCENTILE = 100.0, 75.0
SEVERE_LDL_MG_DL = 190.0
EXCEPTIONS = {
    "has_diabetes": "diabetes",
    "is_smoker": "cigarette smoking",
    "has_family_history": "a family history of premature coronary disease",
}
"""What keeps a score of 0 from speaking against a statin, by the name of the variable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidelineStatement:
    """One thing that a guideline says of such a score.

    Parameters
    ----------
    name
        Stable short name, such as ``cholesterol-2018-zero``.
    text
        For the page, as information.
    applies_to
        For whom it was written.
    source
        Paper with DOI.
    """

    name: str
    text: str
    applies_to: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreFacts:
    """What the statements are chosen by."""

    agatston: float
    category: CacDrs
    percentile: float | None
    is_gated: bool
    profile: ClinicalProfile

    @property
    def is_of_guideline_age(self) -> bool:
        """Whether the patient is 40 to 75 years of age; an unknown age counts as if so."""
        age = self.profile.age_years
        return age is None or YOUNGEST <= age < OLDEST + 1

    @property
    def has_severe_ldl(self) -> bool:
        """Whether LDL cholesterol is known to be 190 mg/dL or more."""
        return self.profile.ldl is not None and self.profile.ldl.mg_dl >= SEVERE_LDL_MG_DL

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
    is_gated: bool = True,
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
        Age and the variables of `EXCEPTIONS` are used; none is needed.
    is_gated
        Whether the scan was gated to the ECG; without, CAC-DRS is not named by the score.

    Returns
    -------
    tuple of GuidelineStatement
        Empty for known cardiovascular disease: the statements are for primary prevention.

    Raises
    ------
    OutOfRangeError
        For a score that can not be.
    """
    require_score(agatston)
    if profile.has_cvd:
        return ()
    category = find_cac_drs(agatston, vessels)
    facts = ScoreFacts(agatston=agatston, category=category, percentile=percentile, is_gated=is_gated, profile=profile)
    return tuple(write(facts) for applies, write in _STATEMENTS if applies(facts))


_OPEN_DECISION = (
    f"adults of {YOUNGEST} to {OLDEST} years with LDL cholesterol of 70 to 189 mg/dL who take no statin, whose "
    "ten-year ASCVD risk is intermediate (7.5 to below 20 %), or in selected cases borderline (5 to below 7.5 %), "
    "and in whom the decision on a statin is open"
)
_NO_SYMPTOMS = "adults without symptoms and without known cardiovascular disease"

# Wording of the actions by way of a public tool that cites the paper; the paper's own table was not at hand.
_ACTIONS: dict[CacDrsA, str] = {
    "A0": "very low risk; a statin is generally not recommended",
    "A1": "mildly increased risk; a statin of moderate intensity is suggested",
    "A2": "moderately increased risk; a statin of moderate to high intensity and aspirin 81 mg are suggested",
    "A3": "moderately to severely increased risk; a statin of high intensity and aspirin 81 mg are suggested",
}


def _write_zero(facts: ScoreFacts) -> GuidelineStatement:
    known = [words for name, words in EXCEPTIONS.items() if getattr(facts.profile, name)]
    unknown = [words for name, words in EXCEPTIONS.items() if getattr(facts.profile, name) is None]
    if known:
        text = (
            f"A score of 0 lowers the risk, but the guideline excepts {' and '.join(known)}, known here: "
            "a statin may still be reasonable."
        )
    else:
        text = (
            f"With a score of 0 it is reasonable to withhold a statin and to measure again in 5 to 10 years, "
            f"unless there is {', '.join(EXCEPTIONS.values())}."
        )
    if unknown and not known:
        text += f" Not known here: {', '.join(unknown)}."
    return GuidelineStatement(
        name="cholesterol-2018-zero", text=text, applies_to=_OPEN_DECISION, source=CHOLESTEROL_2018
    )


def _write_low(facts: ScoreFacts) -> GuidelineStatement:
    age = facts.profile.age_years
    place = "" if age is None else f" This patient is {'of' if age >= FAVOURED_FROM_YEARS else 'below'} that age."
    return GuidelineStatement(
        name="cholesterol-2018-low",
        text=f"A score of 1 to 99 favours a statin, especially from {FAVOURED_FROM_YEARS} years of age on.{place}",
        applies_to=_OPEN_DECISION,
        source=CHOLESTEROL_2018,
    )


def _write_high(facts: ScoreFacts) -> GuidelineStatement:
    why = "is 100 or more" if facts.agatston >= HIGH_SCORE else "is at the 75th percentile or above"
    return GuidelineStatement(
        name="cholesterol-2018-high",
        text=f"The score {why}: it is reasonable to begin a statin, unless the discussion of risk defers it.",
        applies_to=_OPEN_DECISION,
        source=CHOLESTEROL_2018,
    )


def _write_diabetes(_: ScoreFacts) -> GuidelineStatement:
    return GuidelineStatement(
        name="cholesterol-2018-diabetes",
        text="With diabetes the guideline recommends a statin of moderate intensity, "
        "whatever the calcium score (class I).",
        applies_to=f"adults of {YOUNGEST} to {OLDEST} years with diabetes",
        source=CHOLESTEROL_2018,
    )


def _write_severe_ldl(_: ScoreFacts) -> GuidelineStatement:
    return GuidelineStatement(
        name="cholesterol-2018-severe-ldl",
        text=f"With LDL cholesterol of {SEVERE_LDL_MG_DL:.0f} mg/dL or more the guideline recommends a statin of high "
        "intensity without any estimate of risk (class I).",
        applies_to="adults with severe hypercholesterolaemia",
        source=CHOLESTEROL_2018,
    )


def _write_measure(_: ScoreFacts) -> GuidelineStatement:
    return GuidelineStatement(
        name="prevention-2019-measure",
        text="Where the decision on prevention stays open, it is reasonable to measure a calcium score and to let it "
        "guide the talk between clinician and patient (class IIa, level B-NR).",
        applies_to=_OPEN_DECISION,
        source=PREVENTION_2019,
    )


def _write_scct(_: ScoreFacts) -> GuidelineStatement:
    return GuidelineStatement(
        name="scct-2017-measure",
        text="A calcium score is appropriate, in shared decision making, at a ten-year ASCVD risk of 5 to 20 %, and in "
        "selected cases below 5 %, such as with a family history of premature coronary disease.",
        applies_to=f"{_NO_SYMPTOMS}, {YOUNGEST} to {OLDEST} years of age",
        source=SCCT_2017,
    )


def _write_cac_drs(facts: ScoreFacts) -> GuidelineStatement:
    return GuidelineStatement(
        name="cac-drs-2018",
        text=f"CAC-DRS {facts.category}: {_ACTIONS[facts.category.a]}. This is the opinion of experts; "
        "aspirin needs the risk of bleeding to be weighed.",
        applies_to=_NO_SYMPTOMS,
        source=CAC_DRS_2018,
    )


def _write_ungated(_: ScoreFacts) -> GuidelineStatement:
    return GuidelineStatement(
        name="ungated-chest-ct",
        text="On a chest CT without gating, coronary calcium should be reported as none, mild, moderate or severe, "
        "with advice on risk factors; a score in Agatston units is an estimate there.",
        applies_to="all chest CT that show the heart",
        source=f"{SCCT_STR_2016}; {BSCI_2020}",
    )


_Rule = tuple[Callable[[ScoreFacts], bool], Callable[[ScoreFacts], GuidelineStatement]]
_STATEMENTS: tuple[_Rule, ...] = (
    (lambda facts: facts.is_of_guideline_age and facts.agatston == 0, _write_zero),
    (lambda facts: facts.is_of_guideline_age and facts.agatston > 0 and not facts.is_high, _write_low),
    (lambda facts: facts.is_of_guideline_age and facts.is_high, _write_high),
    (lambda facts: facts.is_of_guideline_age and facts.profile.has_diabetes is True, _write_diabetes),
    (lambda facts: facts.has_severe_ldl, _write_severe_ldl),
    (lambda facts: facts.is_of_guideline_age, _write_measure),
    (lambda facts: facts.is_of_guideline_age, _write_scct),
    (lambda facts: facts.is_gated, _write_cac_drs),
    (lambda facts: not facts.is_gated, _write_ungated),
)
