"""Table S12 of PREVENT against a second transcription of it, another way of computing, and another program.

The second transcription (``prevent_second_transcription.csv``) was typed from other public copies of
table S12 than the package's own, in their layout; `by_other_code` computes from it in another way. Its
CHD and stroke columns have six decimals outside the base panels, and none for the SDI panels and terms.
"""

import csv
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.risk.prevent_people import HORIZONS, OUTCOMES, SEXES, people, risk_of
from vascal.risk.model import Outcome
from vascal.risk.prevent import find_prevent_variant
from vascal.risk.prevent_coefficients import PANELS, Horizon, Variant, read_equation
from vascal.risk.profile import ClinicalProfile, Sex

TO_OTHER = {
    "constant": "c",
    "age": "age",
    "age x age": "age2",
    "non_hdl": "nHDL",
    "hdl": "HDL",
    "sbp_below_110": "sL",
    "sbp_from_110": "sH",
    "diabetes": "dm",
    "smoker": "smk",
    "bmi_below_30": "bL",
    "bmi_from_30": "bH",
    "egfr_below_60": "eL",
    "egfr_from_60": "eH",
    "bp_treatment": "aht",
    "statin": "sta",
    "bp_treatment x sbp_from_110": "tSBP",
    "statin x non_hdl": "tCho",
    "age x non_hdl": "aCho",
    "age x hdl": "aHDL",
    "age x sbp_from_110": "aSBP",
    "age x diabetes": "aDM",
    "age x smoker": "aSmk",
    "age x bmi_from_30": "aBMI",
    "age x egfr_below_60": "aEGF",
    "log_uacr": "lACR",
    "hba1c_with_diabetes": "aDMa",
    "hba1c_without_diabetes": "aNDM",
    "sdi_4_to_6": "sMid",
    "sdi_7_to_10": "sHi",
    "uacr_unknown": "mACR",
    "hba1c_unknown": "mA1c",
    "sdi_unknown": "mSDI",
}


def read_other() -> dict[tuple[str, str, str], float]:
    """Read the second transcription by panel, column and term."""
    path = Path(__file__).with_name("prevent_second_transcription.csv")
    with path.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    return {
        (row["panel"], column, row["term"]): float(number)
        for row in rows
        for column, number in row.items()
        if column not in {"panel", "term"} and number
    }


OTHER = read_other()


def by_other_code(profile: ClinicalProfile, outcome: Outcome, horizon: Horizon, variant: Variant) -> float:
    """Risk by another way of writing the same equations: eGFR by -15, divided logarithms, a plain sum."""
    panel, column = PANELS[variant, horizon], f"{profile.sex}_{outcome.upper()}"

    def b(term: str) -> float:
        return OTHER.get((panel, column, term), 0.0)

    assert profile.total_cholesterol is not None
    assert profile.hdl is not None
    tc, hdl = profile.total_cholesterol.mg_dl, profile.hdl.mg_dl
    sbp, egfr, bmi = profile.systolic_mmhg or 0, profile.egfr or 0, profile.bmi or 0
    dm, smoker = int(profile.has_diabetes or 0), int(profile.is_smoker or 0)
    bp, statin = int(profile.on_bp_treatment or 0), int(profile.on_lipid_treatment or 0)
    t = ((profile.age_years or 0) - 55) / 10
    chol = (tc - hdl) * 0.02586 - 3.5
    good = (hdl * 0.02586 - 1.3) / 0.3
    high = (sbp - 130) / 20 if sbp > 110 else -1.0
    weak = (egfr - 60) / -15 if egfr < 60 else 0.0
    fat = (bmi - 30) / 5 if bmi > 30 else 0.0
    total = b("c") + t * b("age") + t**2 * b("age2")
    total += chol * (b("nHDL") + statin * b("tCho") + t * b("aCho"))
    total += good * (b("HDL") + t * b("aHDL"))
    total += high * (b("sH") + bp * b("tSBP") + t * b("aSBP"))
    total += b("sL") * (sbp - 110) / 20 if sbp < 110 else 0.0
    total += weak * (b("eL") + t * b("aEGF"))
    total += b("eH") * ((egfr - 90) / -15 if egfr > 60 else 2.0)
    total += b("bL") * ((bmi - 25) / 5 if bmi < 30 else 1.0) + fat * (b("bH") + t * b("aBMI"))
    total += dm * (b("dm") + t * b("aDM")) + smoker * (b("smk") + t * b("aSmk")) + bp * b("aht") + statin * b("sta")
    total += b("mACR") if profile.uacr is None else math.log10(profile.uacr.mg_g) / math.log10(math.e) * b("lACR")
    slope = b("aDMa") if dm else b("aNDM")
    total += b("mA1c") if profile.hba1c is None else (profile.hba1c.percent - 5.3) * slope
    bands = {1: 0.0, 2: 0.0, 3: 0.0, 4: b("sMid"), 5: b("sMid"), 6: b("sMid"), None: b("mSDI")}
    total += bands.get(profile.sdi_decile, b("sHi"))
    return math.exp(total) / (1 + math.exp(total))


def test_every_coefficient_agrees_with_a_second_transcription() -> None:
    compared = 0
    for (variant, horizon), panel in PANELS.items():
        for outcome in OUTCOMES:
            for sex in SEXES:
                for term in read_equation(variant, horizon, outcome, sex):
                    other = TO_OTHER[" x ".join(term.variables) or "constant"]
                    number = OTHER.get((panel, f"{sex}_{outcome.upper()}", other))
                    if number is not None:
                        compared += 1
                        assert term.coefficient == pytest.approx(number, rel=0, abs=5.1e-7), (panel, outcome, other)
    assert compared == 2054


def test_what_one_transcription_leaves_out_the_other_has_as_zero() -> None:
    for (variant, horizon), panel in PANELS.items():
        for outcome in OUTCOMES:
            for sex in SEXES:
                names = {
                    " x ".join(term.variables) or "constant" for term in read_equation(variant, horizon, outcome, sex)
                }
                left_out = {other for name, other in TO_OTHER.items() if name not in names}
                assert not any(OTHER.get((panel, f"{sex}_{outcome.upper()}", term), 0.0) for term in left_out)


def weights(variant: Variant, horizon: Horizon, outcome: Outcome, sex: Sex) -> dict[str, float]:
    return {" x ".join(term.variables): term.coefficient for term in read_equation(variant, horizon, outcome, sex)}


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("sex", SEXES)
@pytest.mark.parametrize("horizon", HORIZONS)
def test_deprivation_changes_the_other_coefficients_little(outcome: Outcome, sex: Sex, horizon: Horizon) -> None:
    # Where the second transcription has nothing: a wrong sign or a shifted digit would stand out.
    base, deprived = (weights(variant, horizon, outcome, sex) for variant in ("base", "sdi"))
    full = weights("full", horizon, outcome, sex)
    assert set(deprived) == {*base, "sdi_4_to_6", "sdi_7_to_10"}
    assert all(abs(deprived[name] - base[name]) < (0.13 if name else 0.2) for name in base)
    assert all(abs(deprived[name] - full[name]) < 0.03 for name in ("sdi_4_to_6", "sdi_7_to_10"))
    assert 0 < deprived["sdi_4_to_6"] < deprived["sdi_7_to_10"]


@given(people(max_age=59), st.sampled_from(OUTCOMES), st.sampled_from(HORIZONS))
def test_the_base_equations_agree_with_another_implementation(
    profile: ClinicalProfile, outcome: Outcome, horizon: Horizon
) -> None:
    assert risk_of(profile, outcome, horizon) == pytest.approx(
        by_other_code(profile, outcome, horizon, "base"), rel=1e-9
    )


@given(people(), st.sampled_from(OUTCOMES))
def test_so_do_they_up_to_the_last_year_of_age(profile: ClinicalProfile, outcome: Outcome) -> None:
    assert risk_of(profile, outcome) == pytest.approx(by_other_code(profile, outcome, 10, "base"), rel=1e-9)


@given(people(max_age=59, added=True), st.sampled_from(("cvd", "ascvd", "hf")), st.sampled_from(HORIZONS))
def test_the_equations_with_added_variables_agree_with_another_implementation(
    profile: ClinicalProfile, outcome: Outcome, horizon: Horizon
) -> None:
    expected = by_other_code(profile, outcome, horizon, find_prevent_variant(profile))
    assert risk_of(profile, outcome, horizon) == pytest.approx(expected, rel=1e-9)


@given(people(max_age=59), st.sampled_from(("cvd", "ascvd", "heart_failure")), st.sampled_from(HORIZONS))
def test_pyprevent_agrees(profile: ClinicalProfile, outcome: str, horizon: Horizon) -> None:
    pyprevent = pytest.importorskip("pyprevent")
    assert profile.total_cholesterol is not None
    assert profile.hdl is not None
    percent = getattr(pyprevent, f"calculate_{horizon}_yr_{outcome}_risk")(
        {"F": "female", "M": "male"}[profile.sex or ""],
        profile.age_years,
        profile.total_cholesterol.mg_dl,
        profile.hdl.mg_dl,
        profile.systolic_mmhg,
        profile.has_diabetes,
        profile.is_smoker,
        min(profile.bmi or 0, 39.9),
        profile.egfr,
        profile.on_bp_treatment,
        profile.on_lipid_treatment,
    )
    mine = risk_of(replace(profile, bmi=min(profile.bmi or 0, 39.9)), OUTCOME_OF[outcome], horizon)
    assert 100 * mine == pytest.approx(percent, rel=2e-6)


OUTCOME_OF: dict[str, Outcome] = {"cvd": "cvd", "ascvd": "ascvd", "heart_failure": "hf"}
