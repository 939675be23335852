"""What a file itself says of its patient, so that the same words are found where they do not belong.

A name may stand in a description, an identifier in a device's comment. The values of attributes that the profile
takes away are looked for in every text that stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from vascal.io.deid.keyed import is_well_known
from vascal.io.deid.profile import DATE_VRS, Action, Profile, action_for
from vascal.io.deid.table import row_of
from vascal.io.dicom_values import UNREADABLE, text_of

_COMMON_WORDS = frozenset({"descriptors", "patient", "full_dates"})
_ID_VRS = frozenset({"LO", "SH", "AE", "UT", "UC"})
_LEAST_WORD, _LEAST_ID, _LEAST_NUMBER, _ANYWHERE = 3, 4, 5, 6
_NAME_PARTS = re.compile(r"[\^=\s,;.]+")
_UID = re.compile(r"\d+(?:\.\d+){3,}")
_BLANK = re.compile(r"[\s^]+")
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
        return bool(self.words) and _pattern(self.words).search(_BLANK.sub(" ", text.casefold())) is not None

    def found_in_bytes(self, data: bytes) -> bool:
        """Tell whether bytes that are no text hold a long one; short ones come about by chance."""
        return _long_ones(self).found_in(data.decode("latin-1"))

    def joined_with(self, other: KnownWords) -> KnownWords:
        """Give the words of both."""
        return KnownWords(words=self.words | other.words, uids=self.uids | other.uids)


@lru_cache(maxsize=64)
def _long_ones(known: KnownWords) -> KnownWords:
    words = frozenset(word for word in known.words if len(word) >= _ANYWHERE and not word.isdecimal())
    return KnownWords(words=words, uids=known.uids)


@lru_cache(maxsize=64)
def _pattern(words: frozenset[str]) -> re.Pattern[str]:
    parts = (
        re.escape(word) if len(word) >= _ANYWHERE else rf"(?<![^\W_]){re.escape(word)}(?![^\W_])"
        for word in sorted(words)
    )
    return re.compile("|".join(parts))


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
        yield from (text[:8] for text in values_of(element) if element.VR != "TM" and text[:8].isdecimal())
    elif _names_somebody(element):
        yield from (_BLANK.sub(" ", text.casefold()) for text in values_of(element) if _is_telling(text))


def values_of(element: DataElement) -> tuple[str, ...]:
    """Give the values of a text element, without blanks at the ends."""
    value = element.value
    if value is None:
        return ()
    several = value if isinstance(value, (list, tuple)) or element.VM > 1 else (value,)
    return tuple(text for text in (str(one).strip(" \0") for one in several) if text)


def _names(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        parts = [part.casefold() for part in _NAME_PARTS.split(value)]
        yield from (part for part in parts if len(part) >= _LEAST_WORD and part not in _SAYS_NOTHING)
        if _is_telling(value):
            yield _BLANK.sub(" ", value.casefold())


def _names_somebody(element: DataElement) -> bool:
    """Tell an identifier, a place or a device from a description or a trait, whose words are common ones."""
    row = row_of(element.tag)
    return (
        row is not None and element.VR in _ID_VRS and not row.options.keys() & {"descriptors", "patient", "full_dates"}
    )


def _is_telling(text: str) -> bool:
    least = _LEAST_NUMBER if text.isdecimal() else _LEAST_ID
    return len(text) >= least and text.casefold() not in _SAYS_NOTHING
