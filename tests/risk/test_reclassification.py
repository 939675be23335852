"""Categories of ten-year risk before and after calcium, and the score that each takes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.errors import OutOfRangeError
from vascal.risk.mesa_chd import MESA_CHD, MESA_CHD_CAC, estimate_mesa_chd
from vascal.risk.model import RiskEstimate
from vascal.risk.profile import ClinicalProfile
from vascal.risk.quantity import Cholesterol
from vascal.risk.reclassification import (
    EDGES,
    ORIENTATION,
    compare_risk,
    find_ten_year_category,
)


@pytest.mark.parametrize(
    ("probability", "category"),
    [
        (0, "low"),
        (0.0499999, "low"),
        (0.05, "borderline"),
        (0.0749999, "borderline"),
        (0.075, "intermediate"),
        (0.1999999, "intermediate"),
        (0.2, "high"),
        (1, "high"),
    ],
)
def test_each_category_begins_at_its_edge(probability: float, category: str) -> None:
    assert find_ten_year_category(probability) == category


@pytest.mark.parametrize("probability", [-0.01, 1.01, float("nan")])
def test_what_is_no_probability_is_refused(probability: float) -> None:
    with pytest.raises(OutOfRangeError, match="needed: 0 to 1"):
        find_ten_year_category(probability)


def patient() -> ClinicalProfile:
    """Age 65, White, without CAC 7.718 %, with a score of 400 13.763 % (McClelland 2015's equation)."""
    return ClinicalProfile(
        age_years=65,
        sex="M",
        ethnicity="white",
        total_cholesterol=Cholesterol.of(210, "mg/dL"),
        hdl=Cholesterol.of(45, "mg/dL"),
        systolic_mmhg=140,
        on_bp_treatment=False,
        on_lipid_treatment=False,
        has_diabetes=False,
        is_smoker=False,
        has_family_history=False,
    )


def test_calcium_may_keep_the_category() -> None:
    profile = patient()
    change = compare_risk(estimate_mesa_chd(profile), estimate_mesa_chd(profile, 400), profile)
    assert (change.category_before, change.category_after, change.steps) == ("intermediate", "intermediate", 0)
    assert change.notes == (ORIENTATION,)


def test_no_calcium_takes_the_category_down_and_much_takes_it_up() -> None:
    profile = patient()
    before = estimate_mesa_chd(profile)
    down = compare_risk(before, estimate_mesa_chd(profile, 0), profile)
    assert (down.steps, down.category_after) == (-2, "low")
    up = compare_risk(before, estimate_mesa_chd(profile, 5000), profile)
    assert (up.steps, up.category_after) == (1, "high")


def test_each_edge_is_reached_at_its_score() -> None:
    profile = patient()
    change = compare_risk(estimate_mesa_chd(profile), estimate_mesa_chd(profile, 400), profile)
    for edge, probability in zip(change.edges, EDGES, strict=True):
        assert edge.agatston is not None
        assert estimate_mesa_chd(profile, edge.agatston).probability == pytest.approx(probability)


def test_an_edge_that_needs_no_calcium_has_no_score() -> None:
    risky = replace(patient(), age_years=80, has_diabetes=True, is_smoker=True, has_family_history=True)
    change = compare_risk(estimate_mesa_chd(risky), estimate_mesa_chd(risky, 0), risky)
    assert change.edges[0].agatston is None


def test_other_formulas_have_no_edges_and_the_one_the_categories_were_made_for_no_note() -> None:
    model = replace(MESA_CHD, name="pce-2013", outcome="ascvd")
    estimate = RiskEstimate(model=model, probability=0.06)
    change = compare_risk(estimate, estimate, patient())
    assert (change.edges, change.notes) == ((), ())


def test_other_horizons_are_refused() -> None:
    thirty = RiskEstimate(model=replace(MESA_CHD_CAC, horizon_years=30), probability=0.3)
    with pytest.raises(OutOfRangeError, match="foretells 30 years; needed: 10"):
        compare_risk(RiskEstimate(model=MESA_CHD, probability=0.1), thirty, patient())


@given(st.floats(0, 5000), st.floats(0, 5000))
def test_more_calcium_never_takes_the_category_down(one: float, other: float) -> None:
    profile = patient()
    before = estimate_mesa_chd(profile)
    less, more = (compare_risk(before, estimate_mesa_chd(profile, score), profile) for score in sorted((one, other)))
    assert less.steps <= more.steps
