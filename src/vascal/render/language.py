"""The language of a report: English as it is said everywhere, German and Chinese by lists of sentences.

The domain speaks English, and so do `score.json` and every code in it. A page looks each of its
texts up when it is drawn. So old results can be shown in another language, and what a
list lacks stays English instead of being lost; tests hold that the lists lack nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Literal, get_args

LanguageCode = Literal["en", "de", "zh"]
LANGUAGES: tuple[LanguageCode, ...] = get_args(LanguageCode)

WHOLE_TEXT, NUMBER, NAME = "text", "n", "name"
"""Kinds of places: whole sentences, numbers (``n``, ``n_low``), names from an image header that are no English; any
other holds a part of a sentence."""
DECIMAL, PERCENT, ORDINAL, STOP, GAP = "1.5", "5 %", "1st", ".", " "
"""What lists say of these is how numbers are written and sentences end and follow each other."""
JOINTS = ("; ", ", ", " and ", " or ")
"""What parts a list within a sentence, from the widest."""

_PLACE = re.compile(r"\{(\w+)\}")
_BETWEEN_SENTENCES = re.compile(r"(?<=[.:;]) (?=[A-Z0-9])")
_NUMBER = r"[<>]?[-\u2212]?\d+(?:\.\d+)?(?:st|nd|rd|th)?"
_DECIMAL = re.compile(r"(?<![\w.])(\d+)\.(\d+)(?![\d./])")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")
_SHARE = re.compile(r"(?<=\d)[ \u00a0]%")
_BESIDE_HAN = re.compile(r"(?<=[\u4e00-\u9fff])(?=[A-Za-z0-9])|(?<=[A-Za-z0-9])(?=[\u4e00-\u9fff])")
"""Where Chinese type has a space before or after Latin letters and figures."""
_MEASURE = re.compile(rf"{_NUMBER}(?:[ \u00a0]?(?:%|mm[23\u00b2\u00b3]?|ml|mg|HU|kVp|mAs|mmHg))?")


class Verbatim(str):
    """A text that is no English, such as one from an image header: `Language.say` leaves it as it is."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """How English texts are said in one language.

    Parameters
    ----------
    code
        ISO 639-1.
    exact
        Translation by the English text.
    in_place
        Translation by the name of a place in a pattern, up to its underscore, and the English text that stands
        there: for words that mean different things in different sentences.
    patterns
        For texts that hold numbers or names: what the English looks like, and its translation with
        the same places in it. The most particular comes first.
    """

    code: LanguageCode
    exact: Mapping[str, str] = field(default_factory=dict)
    in_place: Mapping[tuple[str, str], str] = field(default_factory=dict)
    patterns: tuple[tuple[re.Pattern[str], str], ...] = ()

    def say(self, text: str, place: str = "") -> str:
        """Say a text; sentence by sentence where the whole is not listed, and in English what is not listed at all.

        Parameters
        ----------
        text
            As the domain says it.
        place
            What it is, where one word has several meanings; see `in_place`.

        Examples
        --------
        >>> read_language("de").say("12.5"), read_language("en").say("12.5")
        ('12,5', '12.5')
        """
        if self.code == "en" or isinstance(text, Verbatim):
            return text
        return self._mark(GAP).join(said for _, said in self._say_runs(text, place))

    def lacks(self, text: str) -> tuple[str, ...]:
        """Give the sentences of a text for which no entry fits: what `say` leaves in English."""
        return tuple(part for part, said in self._say_runs(text, "") if self.find(part) is None)

    def find(self, text: str, place: str = "") -> str | None:
        """Give the translation of a text as a whole; None where no entry fits.

        Entries have no full stop where the domain writes the same words with and without one, and small
        initials where it writes them both ways.
        """
        found = self._find_as_written(text, place)
        if found is None and text.endswith(STOP):
            bare = self._find_as_written(text.removesuffix(STOP), place)
            found = None if bare is None else bare + self._mark(STOP)
        if found is None and text[:1].isascii() and text[:1].isupper():
            small = self.find(text[0].lower() + text[1:], place)
            found = None if small is None else small[0].upper() + small[1:]
        return found

    def _find_as_written(self, text: str, place: str) -> str | None:
        listed = self._find_listed(text, place)
        if listed is not None:
            return listed
        if _ORDINAL.fullmatch(text):
            return _ORDINAL.sub(lambda found: self._mark(ORDINAL).replace("1", found[1]), text)
        if _MEASURE.fullmatch(text):
            return self._write_numbers(text)
        for pattern, translation in self.patterns:
            match = pattern.fullmatch(text)
            if match is not None:
                return self._fill(translation, match.groupdict())
        return None

    def _find_listed(self, text: str, place: str) -> str | None:
        """Look a text up; `risk_before` and `risk_after` are both places of kind ``risk``."""
        return self.in_place.get((_kind(place), text), self.exact.get(text))

    def _say_runs(self, text: str, place: str) -> Iterator[tuple[str, str]]:
        """Cut a text into the longest runs of sentences that are listed; give each with what it becomes."""
        parts = _BETWEEN_SENTENCES.split(text)
        while parts:
            runs = ((count, " ".join(parts[:count])) for count in range(len(parts), 0, -1))
            known = ((count, run, self.find(run, place)) for count, run in runs)
            count, run, said = next((one for one in known if one[2] is not None), (1, parts[0], None))
            yield run, run if said is None else said
            parts = parts[count:]

    def _fill(self, translation: str, values: Mapping[str, str]) -> str:
        filled = _PLACE.sub(lambda place: self._say_value(place[1], values[place[1]]), translation)
        return _BESIDE_HAN.sub(" ", filled)

    def _say_value(self, place: str, value: str) -> str:
        if _kind(place) in {WHOLE_TEXT, NAME}:
            return self.say(value) if _kind(place) == WHOLE_TEXT else value
        widest, *_ = JOINTS
        found = None if widest in value else self._find_value(place, value)
        if found is not None:
            return found
        for joint in JOINTS:
            if joint in value:
                return self._mark(joint).join(self._say_value(place, part) for part in value.split(joint))
        return self._write_numbers(value)

    def _find_value(self, place: str, value: str) -> str | None:
        """Find a value as a list of known ones before any pattern, whose places might swallow the rest of a list."""
        listed = self._find_listed(value, place)
        if listed is not None:
            return listed
        for joint in (joint for joint in JOINTS if joint in value):
            parts = [self._find_value(place, part) for part in value.split(joint)]
            known = [part for part in parts if part is not None]
            if len(known) == len(parts):
                return self._mark(joint).join(known)
        return self.find(value, place)

    def _mark(self, english: str) -> str:
        return self.exact.get(english, english)

    def _write_numbers(self, text: str) -> str:
        """Write decimals and per cent as the language does; versions, UIDs and DOIs stay."""
        decimal = _DECIMAL.sub(rf"\1{self._mark(DECIMAL)[1]}\2", text)
        return decimal if self._mark(PERCENT) == PERCENT else _SHARE.sub(self._mark(PERCENT)[1:], decimal)


@lru_cache(maxsize=len(LANGUAGES))
def read_language(code: LanguageCode) -> Language:
    """Give a language, from the lists in `translations`."""
    if code == "en":
        return Language(code="en")
    entries = tuple(list_messages())
    patterns = [(entry["en"], entry[code]) for entry in entries if _PLACE.search(entry["en"])]
    patterns.sort(key=lambda pair: -_literal_length(pair[0]))
    plain = [entry for entry in entries if not _PLACE.search(entry["en"])]
    return Language(
        code=code,
        exact={entry["en"]: entry[code] for entry in plain if "place" not in entry},
        in_place={(entry["place"], entry["en"]): entry[code] for entry in plain if "place" in entry},
        patterns=tuple((_compile(english), said) for english, said in patterns),
    )


def list_messages() -> Iterator[Mapping[str, str]]:
    """Give every message of every list: its English (``en``), the others by code, and ``place`` where it has one."""
    folder = resources.files("vascal.render").joinpath("translations")
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            yield from tomllib.loads(file.read_text(encoding="utf-8"))["message"]


def _literal_length(english: str) -> int:
    return len(_PLACE.sub("", english))


def _compile(english: str) -> re.Pattern[str]:
    """Make what recognises a text: a name in braces stands for anything, the same name twice for the same."""
    seen: set[str] = set()
    parts = []
    for n, part in enumerate(_PLACE.split(english)):
        if n % 2 == 0:
            parts.append(re.escape(part))
        else:
            parts.append(f"(?P={part})" if part in seen else f"(?P<{part}>{_what_stands_at(part)})")
            seen.add(part)
    return re.compile("".join(parts), re.DOTALL)


def _kind(place: str) -> str:
    return place.partition("_")[0]


def _what_stands_at(place: str) -> str:
    if _kind(place) == WHOLE_TEXT:
        return ".+?"
    if _kind(place) == NUMBER:
        return _NUMBER
    within = r"(?:(?!\. [A-Z0-9]).)+?"
    return within if _kind(place) == NAME else within + r"(?<!\.)"  # a part of a sentence has no full stop
