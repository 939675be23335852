"""Checklists that journals ask for, filled as far as an evaluation can answer them.

CLAIM 2024: Tejani et al., Radiol Artif Intell 2024;6:e240300, doi:10.1148/ryai.240300.
TRIPOD+AI: Collins et al., BMJ 2024;385:e078378, doi:10.1136/bmj-2023-078378.
STARD-AI: Sounderajah et al., Nat Med 2025;31:3283-3289, doi:10.1038/s41591-025-03953-8.
Items are told in our own short words; the publications' wording is the one that binds.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal, get_args

from vascal.errors import EvaluationError

ChecklistName = Literal["claim-2024", "tripod-ai-2024", "stard-ai-2025"]
CHECKLISTS: tuple[ChecklistName, ...] = get_args(ChecklistName)

CITATIONS: dict[ChecklistName, str] = {
    "claim-2024": "CLAIM 2024: Tejani et al., Radiol Artif Intell 2024;6:e240300, doi:10.1148/ryai.240300",
    "tripod-ai-2024": "TRIPOD+AI: Collins et al., BMJ 2024;385:e078378, doi:10.1136/bmj-2023-078378",
    "stard-ai-2025": "STARD-AI: Sounderajah et al., Nat Med 2025;31:3283-3289, doi:10.1038/s41591-025-03953-8",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistItem:
    """One item of a checklist.

    Parameters
    ----------
    number
        As published, with the letter of a sub-item.
    section, topic
        Where it belongs in a paper, and what it is about.
    asked
        What it asks, in short.
    answered_by
        Key of the answer an evaluation can give; empty where a person must answer.
    is_verified
        Whether two independent public copies of the published list agree on
        number and topic.
    """

    number: str
    section: str
    topic: str
    asked: str
    answered_by: str
    is_verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledItem:
    """One item with its answer.

    Parameters
    ----------
    item
        What is asked.
    answer
        Empty where nobody has answered yet.
    """

    item: ChecklistItem
    answer: str

    @property
    def needs_person(self) -> bool:
        """Whether somebody still has to answer."""
        return not self.answer


def read_checklist(name: ChecklistName) -> tuple[ChecklistItem, ...]:
    """Read the items of a checklist in their published order.

    Parameters
    ----------
    name
        ``claim-2024``, ``tripod-ai-2024`` or ``stard-ai-2025``.

    Raises
    ------
    EvaluationError
        If there is no checklist of that name.

    Examples
    --------
    >>> read_checklist("claim-2024")[4].topic
    'Direction'
    """
    if name not in CHECKLISTS:
        raise EvaluationError(f"a checklist out of {', '.join(CHECKLISTS)} is needed; {name!r} given")
    text = (files("vascal.evaluate.checklists") / f"{name}.csv").read_text(encoding="utf-8")
    return tuple(
        ChecklistItem(
            number=row["number"],
            section=row["section"],
            topic=row["topic"],
            asked=row["asked"],
            answered_by=row["answered_by"],
            is_verified=row["source"] == "verified",
        )
        for row in csv.DictReader(text.splitlines())
    )


def fill_checklist(items: tuple[ChecklistItem, ...], answers: Mapping[str, str]) -> tuple[FilledItem, ...]:
    """Fill in what is known; the rest waits for a person.

    Parameters
    ----------
    items
        From `read_checklist`.
    answers
        By the items' `answered_by`, or by an item's own number where a person
        has answered it; that answer goes first. Keys that no item asks for are
        left aside, so that one set of answers serves every checklist.

    Returns
    -------
    tuple of FilledItem
        All items, in order.
    """
    return tuple(FilledItem(item=item, answer=_answer(item, answers)) for item in items)


def _answer(item: ChecklistItem, answers: Mapping[str, str]) -> str:
    own = answers.get(item.number, "").strip()
    known = answers.get(item.answered_by, "") if item.answered_by else ""
    return own or known.strip()
