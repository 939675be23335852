"""A value of long ago is questioned, and one of very long ago is not used."""

from datetime import date

import pytest

from tests.io.fhir_bundles import SNOMED, bundle, observation, patient, quantity, smoking
from tests.io.test_fhir_clinical import DAY, read
from vascal.io.fhir_clinical import parse_fhir_clinical
from vascal.io.fhir_observations import OLD_YEARS, TOO_OLD_YEARS
from vascal.risk.quantity import Cholesterol


def test_cholesterol_of_forty_years_ago_is_left_out_by_name_and_years() -> None:
    old = observation("2093-3", quantity(300, "mg/dL"), when="1960-01-01")
    found = parse_fhir_clinical(bundle([patient(birthDate="1930-01-01"), old]), date(2000, 6, 1))
    assert found.profile.total_cholesterol is None
    assert (
        "total cholesterol was measured 40 years before the scan; left out, as it is 10 years old or more"
        in found.notes
    )


@pytest.mark.parametrize(
    ("when", "years", "is_used"),
    [
        ("2019-03-03", 0, True),
        ("2019-03-02", 2, True),
        ("2019-03-02T10:00:00Z", 2, True),
        ("2018", 2, True),
        ("2011-03-03", 9, True),
        ("2011-03-02", 10, False),
        ("2010", 10, False),
    ],
)
def test_two_years_are_noted_and_ten_are_too_many(when: str, years: int, is_used: bool) -> None:
    found = read(observation("2085-9", quantity(50, "mg/dL"), when=when))
    assert found.profile.hdl == (Cholesterol(value=50.0) if is_used else None)
    noted = [note for note in found.notes if note.startswith(f"HDL cholesterol was measured {years} years before")]
    assert len(noted) == (years > 0)
    assert (OLD_YEARS, TOO_OLD_YEARS) == (2, 10)


def test_smoking_of_long_ago_is_treated_alike() -> None:
    found = read(smoking(SNOMED, "77176002", when="2016-01-01"))
    assert found.profile.is_smoker is True
    assert "current smoking was recorded 5 years before the scan" in found.notes
    assert read(smoking(SNOMED, "77176002", when="2006-01-01")).profile.is_smoker is None


def test_what_is_superseded_or_too_old_is_neither_noted_nor_checked() -> None:
    old, new = observation("4548-4", quantity(5, "%"), when="2001-01-01"), observation("4548-4", quantity(6, "%"))
    assert not any("years before" in note for note in read(old, new).notes)
    impossible = observation("2093-3", quantity(5.4, "mg/dL"), when="2001-01-01")
    assert read(impossible).profile.total_cholesterol is None


def test_height_does_not_age_before_ten_years() -> None:
    weight = observation("29463-7", quantity(80, "kg"))
    found = read(observation("8302-2", quantity(180, "cm"), when="2013-01-01"), weight)
    assert found.profile.bmi is not None
    assert not any("years before" in note for note in found.notes)
    assert read(observation("8302-2", quantity(180, "cm"), when="2003-01-01"), weight).profile.bmi is None


def test_wearables_of_ten_years_ago_are_left_out_of_the_mean() -> None:
    days = [observation("41950-7", quantity(steps, "/d"), when=when) for steps, when in (
        (9000, "2010-01-01"), (7000, "2020-01-01"),
    )]  # fmt: skip
    found = read(*days)
    assert found.wearables == {"steps_per_day": 7000}
    assert "steps_per_day: 10 years before the scan or more (1 left out)" in found.notes


def test_without_a_day_nothing_is_old() -> None:
    found = read(observation("2085-9", quantity(50, "mg/dL"), when="1960-01-01"), at=None)
    assert found.profile.hdl is not None
    assert not any("years" in note and note.startswith("HDL") for note in found.notes)
    assert read(observation("2085-9", quantity(50, "mg/dL")), at=DAY).profile.hdl is not None
