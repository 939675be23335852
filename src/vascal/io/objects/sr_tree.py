"""The content tree of a structured report as plain values.

Source: DICOM PS3.3 C.17.3 (SR Document Content).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydicom.dataset import Dataset

from vascal.io.dicom_values import text_of
from vascal.io.objects import sr_codes as codes
from vascal.io.objects.coded import Coded
from vascal.io.objects.segments import tracking_id
from vascal.io.objects.sr_codes import Quantity

Key = tuple[str, str]
"""Code Value and Coding Scheme Designator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One content item.

    Parameters
    ----------
    key, meaning
        Its concept name.
    text
        Value of a text, identifier or date; empty for others.
    code
        Value of a code.
    number
        Value of a number, in full precision where that is given.
    children
        What is below.
    """

    key: Key
    meaning: str = ""
    text: str = ""
    code: Key | None = None
    number: float | None = None
    children: tuple[Item, ...] = ()

    def find_all(self, name: Coded) -> tuple[Item, ...]:
        """Give the children of a name."""
        return tuple(one for one in self.children if one.key == name.key)

    def find(self, name: Coded) -> Item | None:
        """Give the first child of a name, if there is one."""
        return next(iter(self.find_all(name)), None)

    def child(self, name: Coded) -> Item:
        """Give the first child of a name.

        Raises
        ------
        ValueError
            If there is none.
        """
        found = self.find(name)
        if found is None:
            raise ValueError(f"no {name.meaning}")
        return found

    def groups(self) -> Mapping[str, Item]:
        """Give the measurement groups below by the names of what they measure."""
        prefix = tracking_id("")
        tracked = ((group.child(codes.TRACKING_ID).text, group) for group in self.find_all(codes.GROUP))
        return {name.removeprefix(prefix): group for name, group in tracked if name.startswith(prefix)}

    def numbers(self, quantities: Iterable[Quantity]) -> dict[str, float | int]:
        """Give the numbers below by the names that `score.json` has for them; what is not there is left out."""
        found = ((what, self.find(what.concept)) for what in quantities)
        return {what.field: _count(what, one) for what, one in found if one is not None}


def _count(what: Quantity, item: Item) -> float | int:
    if item.number is None or not math.isfinite(item.number) or (what.is_count and item.number != int(item.number)):
        raise ValueError(f"{what.field} is no number that it can be")
    return int(item.number) if what.is_count else item.number


def read_item(dataset: Dataset) -> Item:
    """Read a content item with everything below it."""
    name = _first(dataset, "ConceptNameCodeSequence")
    value = _first(dataset, "ConceptCodeSequence")
    return Item(
        key=_key(name),
        meaning=text_of(name, "CodeMeaning"),
        text=next((text for text in (text_of(dataset, place) for place in ("TextValue", "UID", "Date")) if text), ""),
        code=_key(value) if value else None,
        number=_number(_first(dataset, "MeasuredValueSequence")),
        children=tuple(read_item(child) for child in dataset.get("ContentSequence") or ()),
    )


def _number(measured: Dataset) -> float | None:
    exact, shown = measured.get("FloatingPointValue"), measured.get("NumericValue")
    if exact is not None:
        return float(exact)
    return None if shown is None else float(shown)


def _key(code: Dataset) -> Key:
    return text_of(code, "CodeValue"), text_of(code, "CodingSchemeDesignator")


def _first(dataset: Dataset, keyword: str) -> Dataset:
    return next(iter(dataset.get(keyword) or ()), Dataset())
