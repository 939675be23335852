"""A user's table is checked line by line, and answers as the tables that are shipped do."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.errors import MissingInputError, OutOfRangeError, TableError
from vascal.risk.percentile import AgeBand
from vascal.risk.percentile_hoff import find_hoff_percentile, hoff_quantiles
from vascal.risk.percentile_table import (
    PercentileRow,
    PercentileTable,
    build_percentile_table,
    find_table_percentile,
)
from vascal.risk.profile import Ethnicity

ROW = PercentileRow(
    reference="Mine 2020",
    sex="M",
    ethnicity=None,
    band=AgeBand(low=45, high=54),
    percentile=50,
    agatston=0,
    line=2,
)


def rows(*, ethnicity: Ethnicity | None = None, first_line: int = 2, times: float = 1) -> list[PercentileRow]:
    quantiles = ((50, 0), (75, 22 * times), (90, 110 * times))
    return [
        replace(ROW, ethnicity=ethnicity, percentile=percent, agatston=score, line=line)
        for line, (percent, score) in enumerate(quantiles, start=first_line)
    ]


def build(given_rows: list[PercentileRow]) -> PercentileTable:
    return build_percentile_table(given_rows, "mine.csv")


def test_rows_in_any_order_make_groups() -> None:
    table = build(list(reversed(rows())))
    assert table.references == ("Mine 2020",)
    assert [group.quantiles for group in table.groups] == [((50, 0), (75, 22), (90, 110))]
    found = find_table_percentile(table, 22, age_years=54.9, sex="M")
    assert (found.value, found.age_band) == (75, "men of 45-54 years")
    assert found.reference.source == "table given by the user: mine.csv"


@given(st.floats(0, 3000), st.floats(45, 54.99), st.sampled_from(["F", "M"]))
def test_a_copy_of_a_shipped_table_gives_the_same_answers(agatston, age, sex) -> None:  # type: ignore[no-untyped-def]
    copied = [
        replace(ROW, sex=sex, band=AgeBand(low=low, high=low + 4), percentile=percent, agatston=score, line=low)
        for low in (45, 50)
        for percent, score in hoff_quantiles(low, sex)
    ]
    mine = find_table_percentile(build(copied), agatston, age_years=age, sex=sex)
    theirs = find_hoff_percentile(agatston, age, sex)
    assert (mine.low, mine.high, mine.value) == (theirs.low, theirs.high, theirs.value)


def test_peers_of_the_same_ethnicity_go_before_those_of_any() -> None:
    table = build([*rows(), *rows(ethnicity="black", first_line=5, times=0.5)])
    assert find_table_percentile(table, 11, age_years=50, sex="M", ethnicity="black").value == 75
    assert find_table_percentile(table, 11, age_years=50, sex="M", ethnicity="black").age_band.startswith("Black men")
    assert find_table_percentile(table, 22, age_years=50, sex="M", ethnicity="white").value == 75
    assert find_table_percentile(table, 22, age_years=50, sex="M").value == 75


def test_what_the_table_does_not_cover_is_said() -> None:
    table = build(rows(ethnicity="white"))
    with pytest.raises(MissingInputError, match="Mine 2020 also needs ethnicity; it has white"):
        find_table_percentile(table, 1, age_years=50, sex="M")
    with pytest.raises(OutOfRangeError, match="ethnicity black; Mine 2020 has white"):
        find_table_percentile(table, 1, age_years=50, sex="M", ethnicity="black")
    with pytest.raises(OutOfRangeError, match="men of 55 years; Mine 2020 has 45-54 for men"):
        find_table_percentile(table, 1, age_years=55, sex="M", ethnicity="white")
    with pytest.raises(OutOfRangeError, match="women of 50 years; Mine 2020 has no ages for women"):
        find_table_percentile(table, 1, age_years=50, sex="F", ethnicity="white")


def test_one_of_several_populations_is_named() -> None:
    other = [replace(row, reference="Theirs 2021", agatston=row.agatston * 2) for row in rows(first_line=9)]
    table = build([*rows(), *other])
    assert find_table_percentile(table, 44, age_years=50, sex="M", reference="Theirs 2021").value == 75
    with pytest.raises(OutOfRangeError, match=r"no population was named; mine.csv has Mine 2020, Theirs 2021"):
        find_table_percentile(table, 44, age_years=50, sex="M")
    with pytest.raises(OutOfRangeError, match="'Ours' was named"):
        find_table_percentile(table, 44, age_years=50, sex="M", reference="Ours")


@pytest.mark.parametrize(
    ("faulty", "message"),
    [
        ([], "mine.csv has no rows"),
        ([ROW], "line 2: the only percentile of its group"),
        (
            [*rows(), replace(ROW, percentile=75, agatston=30, line=9)],
            "lines 3 and 9: percentile 75 of one group twice",
        ),
        (
            [*rows(), replace(ROW, percentile=95, agatston=109, line=5)],
            r"line 5: 109 at percentile 95 is less than 110 at 90 \(line 4\)",
        ),
        (
            [*rows(), *(replace(row, band=AgeBand(low=54, high=60), line=row.line + 5) for row in rows())],
            "lines 2 and 7: ages 45-54 and 54-60 of one group overlap",
        ),
        (
            [*rows(), *(replace(row, band=AgeBand(low=46, high=47), line=row.line + 5) for row in rows())],
            "lines 2 and 7: ages 45-54 and 46-47 of one group overlap",
        ),
        (
            [*rows(), *(replace(row, band=AgeBand(low=45, high=49), line=row.line + 5) for row in rows())],
            "lines 7 and 2: ages 45-49 and 45-54 of one group overlap",
        ),
        ([replace(ROW, percentile=100)], "line 2: percentile is not above 0 and below 100"),
        ([replace(ROW, agatston=50001)], "line 2: agatston is not 0 to 50000"),
        ([replace(ROW, agatston=float("nan"))], "line 2: agatston is not"),
        ([replace(ROW, band=AgeBand(low=54, high=45))], "line 2: age_low to age_high is no span"),
        ([replace(ROW, reference=" ")], "line 2: reference is empty"),
        ([replace(ROW, percentile=0, line=line) for line in range(2, 12)], "and 2 more"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused_with_its_lines(faulty, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(TableError, match=message):
        build(faulty)


def test_bands_that_touch_do_not_overlap() -> None:
    after = [replace(row, band=AgeBand(low=55, high=64), line=row.line + 5) for row in rows(times=3)]
    table = build([*rows(), *after])
    assert find_table_percentile(table, 66, age_years=55, sex="M").value == 75
