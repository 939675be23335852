"""What a file itself says of its patient, so that the same words are found where they do not belong.

A name may stand in a description, an identifier in a device's comment. The values of attributes that the profile
takes away are looked for in every text that stays.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from vascal.io.deid.keyed import is_well_known
from vascal.io.deid.profile import DATE_VRS, Action, Profile, action_for
from vascal.io.deid.table import row_of
from vascal.io.dicom_values import UNREADABLE, text_of

_COMMON_WORDS = frozenset({"descriptors", "patient", "full_dates"})
_ID_VRS = frozenset({"LO", "SH", "AE", "UT", "UC"})
_LEAST_WORD, _LEAST_ID, _LEAST_NUMBER, _ANYWHERE = 2, 4, 5, 6
_NAME_PARTS = re.compile(r"[\^=\s,;.()'’`-]+")
_WITHOUT_BLANKS = re.compile(r"[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
"""Scripts that write words without blanks between them, and whose names have one or two letters."""
_NO_SIGNS = re.compile(r"[\W_]+")
_ENCODINGS = ("latin-1", "utf-8", "utf-16-le", "utf-16-be")
_UID = re.compile(r"\d+(?:\.\d+){3,}")
_VERSION = re.compile(r"v?\d{1,3}(?:\.\d{1,3}){1,2}", re.ASCII)
_BLANK = re.compile(r"[\s^]+")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DOTTED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae"})
_SAYS_NOTHING = frozenset({"anonymous", "anonymized", "anonymised", "unknown", "removed", "none", "test", "phantom"})


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownWords:
    """Words of one patient.

    Parameters
    ----------
    words
        Names, numbers, places and days, in lower case.
    uids
        Identifiers of objects.
    """

    words: frozenset[str] = field(default=frozenset(), repr=False)
    uids: frozenset[str] = field(default=frozenset(), repr=False)

    def found_in(self, text: str) -> bool:
        """Tell whether a text holds one of them: short ones as whole words, long ones anywhere."""
        if self.uids and not self.uids.isdisjoint(_UID.findall(text)):
            return True
        return bool(self.words) and _pattern(self.words).search(fold(text)) is not None

    def found_in_bytes(self, data: bytes) -> bool:
        """Tell whether bytes that are no text hold a long one; short ones come about by chance."""
        long_ones = _long_ones(self)
        if not long_ones.words and not long_ones.uids:
            return False
        texts = (data[skipped:].decode(code, "ignore") for code in _ENCODINGS for skipped in _starts(code))
        return any(long_ones.found_in(text) for text in texts)

    def joined_with(self, other: KnownWords) -> KnownWords:
        """Give the words of both."""
        return KnownWords(words=self.words | other.words, uids=self.uids | other.uids)


def _starts(encoding: str) -> tuple[int, ...]:
    """Say how many bytes to skip: letters of two bytes may begin at an odd one."""
    return (0, 1) if encoding.startswith("utf-16") else (0,)


def fold(text: str) -> str:
    """Give a text without differences of case, accents and blanks.

    >>> fold("MÜLLER^Anna")
    'muller anna'
    """
    text = _BLANK.sub(" ", text.casefold())
    if text.isascii():
        return text
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))


@lru_cache(maxsize=64)
def _long_ones(known: KnownWords) -> KnownWords:
    words = frozenset(word for word in known.words if len(word) >= _ANYWHERE and not word.isdecimal())
    return KnownWords(words=words, uids=known.uids)


@lru_cache(maxsize=64)
def _pattern(words: frozenset[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(_as_pattern, sorted(words))))


def _as_pattern(word: str) -> str:
    """Find long words anywhere; short ones not within others, digits next to letters being no part of a word."""
    if len(word) >= _ANYWHERE or _WITHOUT_BLANKS.search(word):
        return re.escape(word)
    same = r"\d" if word.isdecimal() else r"[^\W\d_]" if word.isalpha() else r"[^\W_]"
    return rf"(?<!{same}){re.escape(word)}(?!{same})"


def collect_words(dataset: Dataset, profile: Profile) -> KnownWords:
    """Gather the words that must not be left anywhere in a file.

    Parameters
    ----------
    dataset
        As it came, with all sequences.
    profile
        What it keeps is not gathered.
    """
    gathered = frozenset(_gather(dataset, profile))
    maker = _BLANK.sub(
        " ", f"{text_of(dataset, 'Manufacturer')} {text_of(dataset, 'ManufacturerModelName')}"
    ).casefold()
    kept = frozenset(word for word, is_a_place in gathered if not (is_a_place and word in maker))
    uids = frozenset(word for word in kept if _UID.fullmatch(word))
    return KnownWords(words=kept - uids, uids=uids)


def _gather(dataset: Dataset, profile: Profile) -> Iterator[tuple[str, bool]]:
    """Give words, and whether they name a device or place: those often repeat the maker's name, which stays."""
    for element in readable_elements(dataset):
        if element.VR == "SQ":
            for item in element.value or ():
                yield from _gather(item, profile)
        elif not element.tag.is_private:
            row = row_of(element.tag)
            is_a_place = row is not None and bool(row.options.keys() & {"device", "institution"})
            yield from ((word, is_a_place) for word in _words_of(element, profile))


def readable_elements(dataset: Dataset) -> Iterator[DataElement]:
    """Give the elements whose values can be understood."""
    for tag in list(dataset.keys()):
        try:
            yield dataset[tag]
        except UNREADABLE:
            continue


def _words_of(element: DataElement, profile: Profile) -> Iterator[str]:
    action = action_for(element.tag, element.VR, profile, is_multiframe=False)
    if element.VR == "PN":
        yield from _names(values_of(element))
    elif action in (Action.KEEP, Action.AGE):
        return
    elif element.VR == "UI":
        yield from (uid for uid in values_of(element) if not is_well_known(uid, names_an_instance=True))
    elif element.VR in DATE_VRS:
        if element.VR != "TM":
            yield from (word for text in values_of(element) for word in _days(text.replace(".", "")[:8]))
    elif _names_somebody(element):
        texts = (text for text in values_of(element) if not _is_version(element, text))
        yield from (word for text in texts if _is_telling(text) for word in _written(text))


def _is_version(element: DataElement, text: str) -> bool:
    """Tell a version from a serial number: programs give theirs for one, and it stands elsewhere too."""
    row = row_of(element.tag)
    return row is not None and "device" in row.options and _VERSION.fullmatch(text) is not None


def _written(text: str) -> Iterator[str]:
    """Give an identifier as it is, and without the signs in it."""
    yield fold(text)
    bare = _NO_SIGNS.sub("", fold(text))
    if len(bare) >= _ANYWHERE:
        yield bare


def _days(text: str) -> Iterator[str]:
    """Give the ways in which people write a day."""
    try:
        day = datetime.strptime(text, "%Y%m%d")  # noqa: DTZ007  a day of the calendar
    except ValueError:
        return
    year, short, month, name = f"{day.year:04d}", f"{day.year % 100:02d}", f"{day.month:02d}", _MONTHS[day.month - 1]
    two = f"{day.day:02d}"
    yield from (year + month + two, two + month + year, month + two + year)
    for sign in "-./ ":
        yield sign.join((year, month, two))
        for first, second in (
            (two, month),
            (month, two),
            (str(day.day), str(day.month)),
            (str(day.month), str(day.day)),
        ):
            yield sign.join((first, second, year))
        yield sign.join((two, month, short))
        yield sign.join((month, two, short))
        yield sign.join((two, name, year))
    yield from (
        f"{two}{name}{year}",
        f"{name} {day.day} {year}",
        f"{name} {day.day}, {year}",
        f"{day.day} {name} {year}",
    )


def values_of(element: DataElement) -> tuple[str, ...]:
    """Give the values of a text element, without blanks at the ends."""
    value = element.value
    if value is None:
        return ()
    several = value if isinstance(value, (list, tuple)) or element.VM > 1 else (value,)
    return tuple(text for text in (str(one).strip(" \0") for one in several) if text)


def _names(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        for group in value.split("="):
            parts = [part for part in map(fold, _NAME_PARTS.split(group)) if part]
            yield from (part for part in parts if _is_name(part))
            if _is_telling(group):
                yield from (word for word in (fold(group), *_joined(parts)) if len(word) >= _LEAST_ID)
        yield from (one for part in _NAME_PARTS.split(value.casefold()) for one in _spelt(part) if _is_name(one))


def _joined(parts: list[str]) -> tuple[str, ...]:
    """Give the first two parts of a name written as one word, in both orders."""
    if len(parts) < 2:
        return ()
    both = (parts[0] + parts[1], parts[1] + parts[0])
    return both if len(both[0]) >= _ANYWHERE else ()


def _spelt(part: str) -> tuple[str, ...]:
    """Give a name as it is written without its dots above."""
    spelt = part.translate(_DOTTED)
    return (spelt,) if spelt != part else ()


def _is_name(part: str) -> bool:
    least = 1 if _WITHOUT_BLANKS.search(part) else _LEAST_WORD
    return len(part) >= least and part not in _SAYS_NOTHING


def _names_somebody(element: DataElement) -> bool:
    """Tell an identifier, a place or a device from a description or a trait, whose words are common ones."""
    row = row_of(element.tag)
    return (
        row is not None and element.VR in _ID_VRS and not row.options.keys() & {"descriptors", "patient", "full_dates"}
    )


def _is_telling(text: str) -> bool:
    least = _LEAST_NUMBER if text.isdecimal() else _LEAST_ID
    return len(text) >= least and text.casefold() not in _SAYS_NOTHING
