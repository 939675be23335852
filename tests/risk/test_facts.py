"""Scores that do not exist are refused."""

import math

import pytest

from vascal.errors import OutOfRangeError
from vascal.risk.facts import ImageFacts


def test_scores_that_do_not_exist_are_refused() -> None:
    ImageFacts(agatston=0.0, aac24=24)
    ImageFacts(agatston=50000.0, aac24=0)
    with pytest.raises(OutOfRangeError, match="an AAC-24 total of 25; needed: 0 to 24"):
        ImageFacts(aac24=25)
    with pytest.raises(OutOfRangeError, match="an Agatston score of 50001; needed: 0 to 50000"):
        ImageFacts(agatston=50001.0)


def test_a_scan_full_of_metal_may_have_any_total_as_it_is_not_quoted() -> None:
    assert ImageFacts(agatston=60000.0, is_quotable=False).agatston == 60000
    assert ImageFacts(aac24=25, is_quotable=False).aac24 == 25


@pytest.mark.parametrize("is_quotable", [True, False])
@pytest.mark.parametrize("score", [-1.0, math.nan, math.inf])
def test_what_is_no_score_at_all_is_refused_in_any_scan(score: float, is_quotable: bool) -> None:
    with pytest.raises(OutOfRangeError, match=f"an Agatston score of {score:g}; needed: 0 "):
        ImageFacts(agatston=score, is_quotable=is_quotable)
    with pytest.raises(OutOfRangeError, match="an AAC-24 total of -1"):
        ImageFacts(aac24=-1, is_quotable=is_quotable)
