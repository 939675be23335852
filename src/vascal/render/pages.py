"""Where templates become pages; Jinja enters here."""

from __future__ import annotations

import re
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from vascal.render.language import LanguageCode, Verbatim, read_language
from vascal.render.risk_figures import show_percent as show_risk
from vascal.render.wording import show_number, show_place, show_score, show_segment

_GLUED = re.compile(r"(?<=\d) (?=%)")


def fill_page(template: str, values: dict[str, object], language: LanguageCode = "en") -> str:
    """Fill a template.

    In it, ``_("...")`` says a text of the template and ``... | tr`` one that was made elsewhere, both in
    the language of the page. What comes from image headers is escaped, and not looked up.

    Parameters
    ----------
    template
        File name in `templates`.
    values
        What the template speaks of.
    language
        Of the page.
    """
    return _environment(language).get_template(template).render(values)


@lru_cache(maxsize=4)
def _environment(code: LanguageCode) -> Environment:
    language = read_language(code)
    environment = Environment(
        loader=PackageLoader("vascal.render"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(_=language.say, language=code)
    environment.filters.update(
        tr=lambda text, place="": text if isinstance(text, Verbatim) else glue(language.say(text, place)),
        glue=glue,
        score=lambda value: language.say(show_score(value)),
        number=lambda value, digits=1: language.say(show_number(value, digits)),
        place=show_place,
        segment=lambda number: language.say(show_segment(number)),
        percent=lambda share: language.say(glue(show_risk(share))),
    )
    return environment


def glue(text: str) -> str:
    """Keep a number and its per cent sign on one line."""
    return _GLUED.sub("\u00a0", text)
