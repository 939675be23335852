"""eGFR from creatinine: published results, the knots by hand, and what follows from the equation's form."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.errors import OutOfRangeError
from vascal.risk.egfr import estimate_egfr, estimate_missing_egfr
from vascal.risk.profile import ClinicalProfile, Sex
from vascal.risk.quantity import Creatinine

SEXES: st.SearchStrategy[Sex] = st.sampled_from(("F", "M"))
ADULTS = st.floats(18, 100)
SERUM = st.floats(0.3, 12)


def as_printed(creatinine_mg_dl: float, age_years: float, sex: Sex) -> float:
    """The four lines of the printed table: one for each sex, at or below its knot and above."""
    if sex == "F":
        slope = -0.241 if creatinine_mg_dl <= 0.7 else -1.200
        return float(142 * (creatinine_mg_dl / 0.7) ** slope * 0.9938**age_years * 1.012)
    slope = -0.302 if creatinine_mg_dl <= 0.9 else -1.200
    return float(142 * (creatinine_mg_dl / 0.9) ** slope * 0.9938**age_years)


@pytest.mark.parametrize(
    ("value", "unit", "age_years", "sex", "expected"),
    [
        (1.09, "mg/dL", 55, "M", 80),
        (1.2, "mg/dL", 55, "M", 71),
        (85, "umol/L", 65, "F", 66),
    ],
)
def test_the_calculator_of_the_national_kidney_foundation_gives_the_same(
    value: float, unit: str, age_years: float, sex: Sex, expected: int
) -> None:
    assert round(estimate_egfr(Creatinine.of(value, unit), age_years, sex)) == expected


@pytest.mark.parametrize(
    ("creatinine_mg_dl", "sex", "expected"),
    [
        (0.9, "M", 142 * 0.9938**50),
        (1.8, "M", 142 * 2**-1.2 * 0.9938**50),
        (0.45, "M", 142 * 0.5**-0.302 * 0.9938**50),
        (0.7, "F", 142 * 0.9938**50 * 1.012),
        (1.4, "F", 142 * 2**-1.2 * 0.9938**50 * 1.012),
        (0.35, "F", 142 * 0.5**-0.241 * 0.9938**50 * 1.012),
    ],
)
def test_at_the_knot_at_twice_and_at_half_of_it_the_arithmetic_is_done_by_hand(
    creatinine_mg_dl: float, sex: Sex, expected: float
) -> None:
    assert estimate_egfr(Creatinine(value=creatinine_mg_dl), 50, sex) == pytest.approx(expected, rel=1e-12)


@given(SERUM, ADULTS, SEXES)
def test_the_printed_lines_give_the_same_everywhere(value: float, age_years: float, sex: Sex) -> None:
    assert estimate_egfr(Creatinine(value=value), age_years, sex) == pytest.approx(
        as_printed(value, age_years, sex), rel=1e-12
    )


@given(SERUM, ADULTS, SEXES, st.floats(0.01, 1), st.floats(0.1, 10))
def test_more_creatinine_and_more_years_mean_less_filtration(
    value: float, age_years: float, sex: Sex, more: float, older: float
) -> None:
    here = estimate_egfr(Creatinine(value=value), age_years, sex)
    assert estimate_egfr(Creatinine(value=value + more), age_years, sex) < here
    assert estimate_egfr(Creatinine(value=value), age_years + older, sex) < here


def test_only_an_egfr_that_is_not_known_is_filled_in() -> None:
    profile = ClinicalProfile(age_years=55, sex="M", creatinine=Creatinine.of(1.09, "mg/dL"))
    assert estimate_missing_egfr(profile).egfr == pytest.approx(80, abs=0.5)
    assert estimate_missing_egfr(replace(profile, egfr=60)).egfr == 60


@pytest.mark.parametrize("name", ["creatinine", "age_years", "sex"])
def test_without_creatinine_age_or_sex_the_profile_stays_as_it_is(name: str) -> None:
    profile = ClinicalProfile(age_years=55, sex="M", creatinine=Creatinine.of(1.09, "mg/dL"))
    unknown = replace(profile, **{name: None})
    assert estimate_missing_egfr(unknown) == unknown


@pytest.mark.parametrize(
    ("value", "age_years", "said"),
    [
        (0.1, 37, r"creatinine of 0.1 mg/dL, which gives an eGFR of 219 .*; needed: an eGFR of 3 to 200 mL/min"),
        (30, 108, r"creatinine of 30 mg/dL, which gives an eGFR of 0.\d+ "),
    ],
)
def test_creatinine_that_gives_an_egfr_nobody_has_is_refused(value: float, age_years: float, said: str) -> None:
    profile = ClinicalProfile(age_years=age_years, sex="F" if value > 1 else "M", creatinine=Creatinine(value=value))
    with pytest.raises(OutOfRangeError, match=said):
        estimate_missing_egfr(profile)
