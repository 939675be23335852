"""Values of DICOM attributes, read so that a malformed one is None.

Scanners, archives and anonymisers write empty, multiple and misspelt values
(``KVP`` of ``"120,0"``). A header that is silent and a header that can not be
understood say the same: nothing. Only attributes without which no score is
possible are then refused, by whoever needs them.
"""

from __future__ import annotations

import math
import struct
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

import pydicom.config
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException
from pydicom.tag import BaseTag, Tag

UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    NotImplementedError,
    struct.error,
    BytesLengthException,
)
"""What pydicom raises on a value that breaks its representation's rules."""
TEXT_VRS = {"AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "SH", "ST", "TM", "UI", "UT"}


@contextmanager
def tolerant_reading() -> Iterator[None]:
    """Keep pydicom's complaints about values that vascal judges itself from the user's screen."""
    with warnings.catch_warnings(), pydicom.config.disable_value_validation():
        warnings.simplefilter("ignore")
        yield


def value_of(dataset: Dataset, keyword: str) -> object:
    """Give an attribute's value; None if absent or malformed."""
    try:
        return dataset.get(keyword)
    except UNREADABLE:
        return None


def texts_of(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """Give the non-empty values of an attribute as stripped text."""
    tag = _tag(keyword)
    if tag not in dataset:
        return ()
    try:
        value: object = _plain_text(dataset.get_item(tag))
    except UNREADABLE:
        return ()
    value = value_of(dataset, keyword) if value is None else str(value).split("\\")
    if value is None:
        return ()
    values = value if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) else (value,)
    stripped = (str(one).replace("\0", "").strip() for one in values)
    return tuple(one for one in stripped if one)


def _plain_text(element: object) -> str | None:
    """Give an unconverted element's characters if they are plain ASCII text.

    Most are; this is several times as fast as pydicom's conversion, which
    matters with a thousand slices.
    """
    if not isinstance(element, RawDataElement) or not isinstance(element.value, bytes):
        return None
    vr = element.VR or _dictionary_vr(element.tag)
    if vr == "US" and len(element.value) == 2:
        return str(int.from_bytes(element.value, "little" if element.is_little_endian else "big"))
    if vr not in TEXT_VRS:
        return None
    return element.value.decode("ascii") if element.value.isascii() and b"\x1b" not in element.value else None


@cache
def _tag(keyword: str) -> BaseTag:
    return Tag(keyword)


@cache
def _dictionary_vr(tag: BaseTag) -> str:
    return dictionary_VR(tag) if dictionary_has_tag(tag) else "UN"


def text_of(dataset: Dataset, keyword: str) -> str:
    r"""Give an attribute's text; several values are joined by a backslash, as DICOM does."""
    return "\\".join(texts_of(dataset, keyword))


def numbers_of(dataset: Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """Give exactly `count` finite numbers, or None."""
    try:
        numbers = tuple(float(one) for one in texts_of(dataset, keyword))
    except ValueError:
        return None
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        return None
    return numbers


def number_of(dataset: Dataset, keyword: str) -> float | None:
    """Give one finite number; None if absent, malformed or several."""
    numbers = numbers_of(dataset, keyword, 1)
    return None if numbers is None else numbers[0]


def positive_of(dataset: Dataset, keyword: str) -> float | None:
    """Give one number above zero; None otherwise, since scanners write 0 for unknown."""
    number = number_of(dataset, keyword)
    return number if number is not None and number > 0 else None


def integer_of(dataset: Dataset, keyword: str) -> int | None:
    """Give one whole number, or None."""
    number = number_of(dataset, keyword)
    return int(number) if number is not None and number.is_integer() else None
