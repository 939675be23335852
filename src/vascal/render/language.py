"""The language of a report: English as it is said everywhere, German and Chinese by a list of sentences.

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
_PLACE = re.compile(r"\{(\w+)\}")
_BETWEEN_SENTENCES = re.compile(r"(?<=[.:;]) (?=[A-Z0-9])")
_DECIMAL = re.compile(r"(?<![\d.])(\d+)\.(\d+)(?![\d.])")
_NUMBER = re.compile(r"[<>]?[-\u2212]?\d+\.\d+(\u00a0| )?%?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """How English texts are said in one language.

    Parameters
    ----------
    code
        ISO 639-1.
    exact
        Translation by the English text.
    patterns
        For texts that hold numbers or names: what the English looks like, and its translation with
        the same places in it. The most particular comes first.
    """

    code: LanguageCode
    exact: Mapping[str, str] = field(default_factory=dict)
    patterns: tuple[tuple[re.Pattern[str], str], ...] = ()

    def say(self, text: str) -> str:
        """Say a text; sentence by sentence where the whole is not listed, and in English what is not listed at all.

        Examples
        --------
        >>> read_language("de").say("12.5"), read_language("en").say("12.5")
        ('12,5', '12.5')
        """
        if self.code == "en":
            return text
        whole = self.find(text)
        if whole is not None:
            return whole
        gap = "" if self.code == "zh" else " "
        return gap.join(self._say_part(part) for part in _BETWEEN_SENTENCES.split(text))

    def find(self, text: str) -> str | None:
        """Give the translation of a text as a whole; None where no entry fits."""
        if text in self.exact:
            return self.exact[text]
        if _NUMBER.fullmatch(text):
            return self._point(text)
        for pattern, translation in self.patterns:
            match = pattern.fullmatch(text)
            if match is not None:
                return self._fill(translation, match.groupdict())
        return None

    def _fill(self, translation: str, values: Mapping[str, str]) -> str:
        return _PLACE.sub(lambda place: self._say_value(values[place[1]]), translation)

    def _say_part(self, text: str) -> str:
        found = self.find(text)
        return text if found is None else found

    def _say_value(self, value: str) -> str:
        found = self.find(value)
        if found is not None:
            return found
        if ", " in value:
            return ", ".join(self._say_value(part) for part in value.split(", "))
        return self._point(value)

    def _point(self, text: str) -> str:
        """Write decimals as the language does; versions and UIDs have more than one point and stay."""
        return _DECIMAL.sub(r"\1,\2", text) if self.code == "de" else text


@lru_cache(maxsize=len(LANGUAGES))
def read_language(code: LanguageCode) -> Language:
    """Give a language, from the lists in `translations`."""
    if code == "en":
        return Language(code="en")
    pairs = [(entry["en"], entry[code]) for entry in list_messages()]
    patterns = sorted((pair for pair in pairs if _PLACE.search(pair[0])), key=lambda pair: -_literal_length(pair[0]))
    return Language(
        code=code,
        exact={english: said for english, said in pairs if not _PLACE.search(english)},
        patterns=tuple((_compile(english), said) for english, said in patterns),
    )


def list_messages() -> Iterator[Mapping[str, str]]:
    """Give every message of every list: its English (``en``), and the others by code."""
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
            parts.append(f"(?P={part})" if part in seen else f"(?P<{part}>.+?)")
            seen.add(part)
    return re.compile("".join(parts), re.DOTALL)
