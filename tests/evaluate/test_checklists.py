from __future__ import annotations

import re
from collections import Counter
from typing import cast

import pytest

from vascal.errors import EvaluationError
from vascal.evaluate.checklists import (
    CHECKLISTS,
    CITATIONS,
    ChecklistItem,
    ChecklistName,
    fill_checklist,
    read_checklist,
)

KEY = re.compile(r"(plan|data|method|results|provenance)\.[a-z_]+")


@pytest.mark.parametrize(
    ("name", "items", "rows"), [("claim-2024", 44, 44), ("tripod-ai-2024", 27, 52), ("stard-ai-2025", 40, 48)]
)
def test_every_item_of_the_published_list_is_there_once_and_in_order(
    name: ChecklistName, items: int, rows: int
) -> None:
    numbers = [item.number for item in read_checklist(name)]
    assert len(numbers) == rows
    assert max(Counter(numbers).values()) == 1
    found = [re.fullmatch(r"(\d+)([a-g]?)", number) for number in numbers]
    order = [(int(match[1]), match[2]) for match in found if match]
    assert order == sorted(order)
    assert sorted({number for number, _ in order}) == list(range(1, items + 1))


def test_letters_of_sub_items_are_those_published() -> None:
    def letters(name: ChecklistName) -> dict[str, str]:
        found: dict[str, str] = {}
        for item in read_checklist(name):
            if item.number[-1].isalpha():
                found[item.number[:-1]] = found.get(item.number[:-1], "") + item.number[-1]
        return found

    assert letters("claim-2024") == {}
    # Collins 2024.
    assert letters("tripod-ai-2024") == {
        "3": "abc", "5": "ab", "6": "abc", "8": "abc", "9": "abc", "12": "abcdefg",
        "18": "abcdef", "20": "abc", "23": "ab", "27": "abc",
    }  # fmt: skip
    # Sounderajah 2025.
    assert letters("stard-ai-2025") == {"15": "abcd", "16": "abc", "17": "ab", "26": "ab", "40": "ab"}


@pytest.mark.parametrize("name", CHECKLISTS)
def test_every_row_says_what_is_asked_and_who_can_answer(name: ChecklistName) -> None:
    for item in read_checklist(name):
        assert item.section
        assert item.topic
        assert len(item.asked) >= 6
        assert item.is_verified
        assert not item.answered_by or KEY.fullmatch(item.answered_by)
    assert "doi:10." in CITATIONS[name]


def test_known_answers_are_filled_in_and_the_rest_waits_for_a_person() -> None:
    filled = fill_checklist(read_checklist("claim-2024"), {"plan.sample_size": " 500 studies ", "other": "x"})
    by_number = {one.item.number: one for one in filled}
    assert len(filled) == 44
    assert by_number["21"].answer == "500 studies"
    assert not by_number["21"].needs_person
    assert by_number["44"].answer == ""
    assert by_number["44"].needs_person
    assert sum(not one.needs_person for one in filled) == 1


def test_a_persons_answer_goes_before_the_computed_one() -> None:
    item = ChecklistItem(
        number="7", section="Methods", topic="Data", asked="Where from", answered_by="data.sources", is_verified=False
    )
    (filled,) = fill_checklist((item,), {"data.sources": "12 folders", "7": "one hospital"})
    assert filled.answer == "one hospital"
    (blank,) = fill_checklist((item,), {"data.sources": "12 folders", "7": " "})
    assert blank.answer == "12 folders"


def test_one_set_of_answers_serves_every_checklist() -> None:
    answers = {"plan.registration": "not registered"}
    for name in CHECKLISTS:
        assert any(one.answer for one in fill_checklist(read_checklist(name), answers))


def test_a_checklist_that_is_not_kept_is_refused() -> None:
    with pytest.raises(EvaluationError, match="'consort' given"):
        read_checklist.__wrapped__(cast(ChecklistName, "consort"))  # type: ignore[attr-defined]
