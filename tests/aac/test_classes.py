"""Names of AAC-24 totals in the three published schemes."""

from __future__ import annotations

import pytest

from vascal.aac.classes import KIDNEY, MASTERPLAN, POPULATION, SCHEMES, find_class, find_classes
from vascal.errors import EvaluationError


@pytest.mark.parametrize(
    ("aac24", "kidney", "population", "masterplan"),
    [
        (0, "none or mild", "low", "below 4"),
        (1, "none or mild", "low", "below 4"),
        (2, "none or mild", "moderate", "below 4"),
        (3, "none or mild", "moderate", "below 4"),
        (4, "none or mild", "moderate", "4 or more"),
        (5, "moderate", "moderate", "4 or more"),
        (6, "moderate", "high", "4 or more"),
        (15, "moderate", "high", "4 or more"),
        (16, "severe", "high", "4 or more"),
        (24, "severe", "high", "4 or more"),
    ],
)
def test_each_scheme_changes_where_its_paper_says(aac24: int, kidney: str, population: str, masterplan: str) -> None:
    assert find_classes(aac24) == {"kidney-thirds": kidney, "population": population, "masterplan": masterplan}


def test_every_total_has_exactly_one_class_in_every_scheme() -> None:
    for scheme in SCHEMES:
        covered = [total for low, high in scheme.spans for total in range(low, high + 1)]
        assert covered == list(range(25))
        assert [find_class(total, scheme) for total in scheme.lowest] == list(scheme.classes)


def test_spans_are_written_as_the_papers_do() -> None:
    assert [KIDNEY.span_text(name) for name in KIDNEY.classes] == ["0-4", "5-15", "16-24"]
    assert [POPULATION.span_text(name) for name in POPULATION.classes] == ["0-1", "2-5", "6-24"]
    assert MASTERPLAN.span_text("4 or more") == "4-24"


@pytest.mark.parametrize("aac24", [-1, 25])
def test_a_total_that_can_not_be_is_refused(aac24: int) -> None:
    with pytest.raises(EvaluationError, match=f"total of {aac24}; needed: 0 to 24"):
        find_class(aac24)
