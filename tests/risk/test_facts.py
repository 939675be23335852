"""Scores that do not exist are refused."""

import pytest

from vascal.errors import OutOfRangeError
from vascal.risk.facts import ImageFacts


def test_scores_that_do_not_exist_are_refused() -> None:
    ImageFacts(agatston=0.0, aac24=24)
    with pytest.raises(OutOfRangeError, match="an AAC-24 total of 25; needed: 0 to 24"):
        ImageFacts(aac24=25)
    with pytest.raises(OutOfRangeError, match="an Agatston score of -1"):
        ImageFacts(agatston=-1.0)
