"""What a score is called."""

from __future__ import annotations

import pytest

from vascal.calcium.categories import find_cac_drs, find_diffusivity, find_risk_category, limit_of_repeat


@pytest.mark.parametrize(
    ("agatston", "category"),
    [
        (0.0, "0"),
        (0.001, "1-10"),
        (1.0, "1-10"),
        (10.0, "1-10"),
        (10.001, "11-100"),
        (100.0, "11-100"),
        (100.001, "101-400"),
        (400.0, "101-400"),
        (400.001, ">400"),
        (9999.0, ">400"),
    ],
)
def test_risk_categories_change_just_above_0_10_100_and_400(agatston: float, category: str) -> None:
    assert find_risk_category(agatston) == category


@pytest.mark.parametrize(
    ("agatston", "grade"),
    [
        (0.0, "A0"),
        (0.001, "A1"),
        (99.999, "A1"),
        (100.0, "A2"),
        (299.999, "A2"),
        (300.0, "A3"),
        (5000.0, "A3"),
    ],
)
def test_cac_drs_grades_change_at_100_and_300(agatston: float, grade: str) -> None:
    assert find_cac_drs(agatston, 1).a == grade


@pytest.mark.parametrize("vessels", range(5))
def test_cac_drs_counts_vessels(vessels: int) -> None:
    assert str(find_cac_drs(150.0, vessels)) == f"A2/N{vessels}"


@pytest.mark.parametrize(("agatston", "limit"), [(10, 18.64), (100, 67.38), (400, 167.28), (1000, 326.12)])
def test_the_limit_of_repeat_is_the_published_one(agatston: float, limit: float) -> None:
    found = limit_of_repeat(agatston, 28.0)
    assert found.agatston == pytest.approx(limit, abs=0.006)
    assert not found.bmi_is_assumed


def test_without_a_body_mass_index_28_is_assumed_and_said() -> None:
    assumed = limit_of_repeat(100)
    assert assumed.agatston == limit_of_repeat(100, 28.0).agatston
    assert (assumed.bmi, assumed.bmi_is_assumed) == (28.0, True)


def test_the_limit_of_repeat_grows_with_body_mass_index() -> None:
    assert limit_of_repeat(100, 38).agatston - limit_of_repeat(100, 28).agatston == pytest.approx(4.4)


def test_the_limit_of_repeat_is_never_negative() -> None:
    assert limit_of_repeat(0.0, 20.0).agatston == 0.0


@pytest.mark.parametrize(
    ("vessels", "index"),
    [((100.0,), 0.0), ((0.0, 60.0, 30.0, 10.0), 0.4), ((25.0, 25.0, 25.0, 25.0), 0.75), ((50.0, 50.0), 0.5)],
)
def test_diffusivity_is_the_share_outside_the_worst_vessel(vessels: tuple[float, ...], index: float) -> None:
    assert find_diffusivity(vessels) == pytest.approx(index)


@pytest.mark.parametrize("vessels", [(), (0.0, 0.0, 0.0, 0.0)])
def test_diffusivity_means_nothing_without_calcium(vessels: tuple[float, ...]) -> None:
    assert find_diffusivity(vessels) is None
