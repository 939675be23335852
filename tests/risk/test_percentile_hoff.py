"""The table of Hoff 2001, cell by cell at its edges."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.errors import OutOfRangeError
from vascal.risk.percentile_hoff import HOFF, HOFF_PERCENTS, find_hoff_percentile, hoff_curve, hoff_quantiles

AGES = (30, 40, 45, 50, 55, 60, 65, 70, 75)
PRINTED = {
    "M": "0/1/3/14 0/1/9/59 0/3/36/154 1/15/103/332 4/48/215/554 13/113/410/994 32/180/566/1299 64/310/892/1774 "
    "166/473/1071/1982",
    "F": "0/0/1/3 0/0/1/4 0/0/2/22 0/0/5/55 0/1/23/121 0/3/57/193 1/24/145/410 3/52/210/631 9/75/241/709",
}


@pytest.mark.parametrize("sex", ["F", "M"])
def test_every_cell_is_the_printed_one(sex) -> None:  # type: ignore[no-untyped-def]
    for age, cells in zip(AGES, PRINTED[sex].split(), strict=True):
        assert hoff_quantiles(age, sex) == tuple(zip(HOFF_PERCENTS, map(float, cells.split("/")), strict=True))


def test_bands_change_at_the_birthday_and_the_ends_are_those_of_the_cohort() -> None:
    assert hoff_quantiles(39.9, "M") == hoff_quantiles(30, "M")
    assert hoff_quantiles(74.9, "M")[1] == (50, 310)
    assert hoff_quantiles(75, "M") == hoff_quantiles(90.5, "M")
    for age in (29.9, 91):
        with pytest.raises(OutOfRangeError, match="Hoff 2001 is for 30 to 90 years"):
            find_hoff_percentile(10, age, "M")


def test_a_man_of_57_by_hand() -> None:
    expected = 75 + 15 * math.log(251 / 216) / math.log(555 / 216)
    found = find_hoff_percentile(250, 57, "M")
    assert found.value == pytest.approx(expected)
    assert found.age_band == "men of 55-59 years"
    assert found.reference == HOFF


@pytest.mark.parametrize(
    ("agatston", "age", "sex", "text"),
    [
        (0, 35, "F", "0, as at least 50 % of them have"),
        (0, 62, "F", "0, as at least 25 % of them have"),
        (0, 57, "M", "0, which fewer than 25 % of them have"),
        (0, 66, "F", "0, which fewer than 25 % of them have"),
        (0.4, 42, "F", "between the 50th and the 75th percentile"),
        (3, 57, "M", "up to the 25th percentile"),
        (4, 57, "M", "25th percentile"),
        (554, 57, "M", "90th percentile"),
        (555, 57, "M", "above the 90th percentile"),
    ],
)
def test_spans_are_given_where_the_table_ends(agatston, age, sex, text) -> None:  # type: ignore[no-untyped-def]
    assert find_hoff_percentile(agatston, age, sex).text == text


@given(st.floats(0, 4000), st.floats(30, 90), st.sampled_from(["F", "M"]))
def test_women_stand_no_lower_than_men_with_the_same_score(agatston, age, sex) -> None:  # type: ignore[no-untyped-def]
    woman, man = find_hoff_percentile(agatston, age, "F"), find_hoff_percentile(agatston, age, "M")
    assert woman.high >= man.high - 1e-9


def test_a_curve_steps_from_band_to_band() -> None:
    curve = hoff_curve(75, "M")
    assert curve[:4] == ((30, 3), (40, 3), (40, 9), (45, 9))
    assert curve[-1] == (91, 1071)
    assert [age for age, _ in curve] == sorted(age for age, _ in curve)
    with pytest.raises(OutOfRangeError, match="percentile 95; Hoff 2001 has 25, 50, 75, 90"):
        hoff_curve(95, "M")
