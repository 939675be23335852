"""What a file itself says of its patient, so that the same words are found where they do not belong.

A name may stand in a description, an identifier in a device's comment. The values of attributes that the profile
takes away are looked for in every text that stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from vascal.io.deid.keyed import is_well_known
from vascal.io.deid.profile import DATE_VRS, Action, Profile, action_for
from vascal.io.deid.table import row_of
from vascal.io.dicom_values import UNREADABLE

_ID_VRS = frozenset({"LO", "SH", "AE", "UT", "UC"})
_LEAST_WORD, _LEAST_ID, _LEAST_NUMBER, _ANYWHERE = 3, 4, 5, 6
_NAME_PARTS = re.compile(r"[\^=\s,;.]+")
_BLANK = re.compile(r"[\s^]+")
_SAYS_NOTHING = frozenset({"anonymous", "anonymized", "anonymised", "unknown", "removed", "none", "test", "phantom"})


@dataclass(frozen=True, slots=True)
class KnownWords:
    """Words of one patient, in lower case."""

    words: frozenset[str]

    def found_in(self, text: str) -> bool:
        """Tell whether a text holds one of them: short ones as whole words, long ones anywhere."""
        if not self.words or not text:
            return False
        return _pattern(self.words).search(_BLANK.sub(" ", text.casefold())) is not None


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
    return KnownWords(frozenset(_gather(dataset, profile)))


def _gather(dataset: Dataset, profile: Profile) -> Iterator[str]:
    for element in readable_elements(dataset):
        if element.VR == "SQ":
            for item in element.value or ():
                yield from _gather(item, profile)
        elif not element.tag.is_private:
            yield from _words_of(element, profile)


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
    return row is not None and element.VR in _ID_VRS and not row.options.keys() & {"descriptors", "patient"}


def _is_telling(text: str) -> bool:
    least = _LEAST_NUMBER if text.isdecimal() else _LEAST_ID
    return len(text) >= least and text.casefold() not in _SAYS_NOTHING
