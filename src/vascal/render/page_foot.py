"""The line at the foot of each printed sheet that says whose it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from markupsafe import Markup

LONGEST = 40
"""Letters of a series description that the foot has room for."""
UID_END = 6
"""Last signs of a UID: enough to tell the sheets of two series apart."""
_BMI = re.compile(r"(?:^|, )BMI .*")
_UNSAID = ("-", "not stated", "")


def make_foot(facts: Mapping[str, str], key: str, say: Callable[[str], str]) -> Markup:
    r"""Make the content of a margin box: series, date, age and sex, and the end of the UID.

    Parameters
    ----------
    facts
        By name, as the page shows them. They may come from image headers.
    key
        Names the series; a UID, unless it came from a file without one.
    say
        Says an English text in the page's language.

    Returns
    -------
    Markup
        What stands between the quotes of a CSS string: letters, figures and escapes only.

    Examples
    --------
    >>> print(make_foot({"Series": "Ca</style>", "Date": "not stated", "Age, sex": "male"}, "film.png", str))
    Ca\00003c\00002fstyle\00003e\000020\0000b7\000020male
    """
    who = _BMI.sub("", facts["Age, sex"])
    end = f"…{key[-UID_END:]}" if key[:1].isdigit() else ""
    told = [part for part in (_shorten(facts["Series"]), facts["Date"], who, end) if part not in _UNSAID]
    return quote_css(" · ".join(say(part) if part is who else part for part in told))


def quote_css(text: str) -> Markup:
    r"""Escape a text for a CSS string in a page: all but plain letters and figures, by number.

    Six hexadecimal digits end an escape by themselves. Nothing is left that could end the string, the
    style sheet or the element around it. Line ends become spaces, and what can not be printed is left out.

    References
    ----------
    CSS Syntax Module Level 3, section 4.3.7, Consume an escaped code point.

    Examples
    --------
    >>> print(quote_css('3.0 "mm"'))
    3\00002e0\000020\000022mm\000022
    """
    shown = "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
    plain = (letter if letter.isascii() and letter.isalnum() else f"\\{ord(letter):06x}" for letter in shown)
    return Markup("".join(plain))  # noqa: S704 - nothing in it means anything to HTML


def _shorten(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rstrip()}…"
