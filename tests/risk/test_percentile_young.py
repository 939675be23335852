"""Before 45 years of age only what was printed is said."""

import pytest

from vascal.errors import OutOfRangeError
from vascal.risk.percentile_hoff import find_hoff_percentile
from vascal.risk.percentile_young import SOURCE, describe_young


@pytest.mark.parametrize(
    ("age", "sex", "ethnicity", "share", "low"),
    [
        (45.9, "F", "white", 0.10, 90),
        (30, "F", "black", 0.07, 90),
        (34.9, "M", "white", 0.26, 90),
        (35, "M", "white", 0.26, None),
        (37.9, "M", "black", 0.16, 90),
        (38, "M", "black", 0.16, None),
        (40, "F", None, None, 90),
        (34, "M", None, None, 90),
        (36, "M", None, None, None),
        (36, "F", "chinese", None, None),
    ],
)
def test_any_calcium_is_at_the_90th_percentile_where_it_was_printed(age, sex, ethnicity, share, low) -> None:  # type: ignore[no-untyped-def]
    found = describe_young(1, age, sex, ethnicity)
    assert found is not None
    assert (found.share_with_calcium, found.percentile_low, found.source) == (share, low, SOURCE)


def test_texts_name_the_group_and_what_is_not_known() -> None:
    texts = {}
    for name, answers in {
        "high": (1, 40, "F", None),
        "open": (8, 40, "M", "white"),
        "zero": (0, 40, "M", "black"),
        "other": (5, 40, "M", "asian"),
    }.items():
        found = describe_young(*answers)  # type: ignore[arg-type]
        assert found is not None
        texts[name] = found.text
    assert "10 % of White women and 7 % of Black women" in texts["high"]
    assert "any score above 0 is at the 90th percentile or above" in texts["high"]
    assert "authors' calculator, not here" in texts["open"]
    assert "what most have" in texts["zero"]
    assert "Black and White men only" in texts["other"]


def test_a_score_of_zero_reaches_no_percentile() -> None:
    found = describe_young(0, 40, "F", "white")
    assert found is not None
    assert found.percentile_low is None


def test_other_ages_have_no_finding_and_impossible_scores_are_refused() -> None:
    assert describe_young(1, 29.9, "F") is None
    assert describe_young(1, 46, "F") is None
    with pytest.raises(OutOfRangeError):
        describe_young(-1, 40, "F")


@pytest.mark.parametrize(
    ("agatston", "age", "sex", "leads"),
    [(0.5, 42, "F", True), (0.5, 45.9, "F", True), (0, 42, "F", False), (8, 40, "M", False)],
)
def test_it_leads_where_it_tells_a_percentile_that_an_older_table_contradicts(agatston, age, sex, leads) -> None:  # type: ignore[no-untyped-def]
    found = describe_young(agatston, age, sex)
    assert found is not None
    assert found.leads is leads
    if leads:  # the table of 2001 puts the same score below the 75th
        assert find_hoff_percentile(agatston, age, sex).high <= 75
