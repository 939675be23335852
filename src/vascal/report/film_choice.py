"""Which of a study's films to quote, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vascal.report.choice import Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotableFilm:
    """What the choice looks at in one graded film.

    Parameters
    ----------
    cautions
        How many caveats ask to be read with care.
    lateral_probability
        That it is a lateral film.
    """

    key: str
    is_quotable: bool
    cautions: int
    lateral_probability: float


def choose_film(graded: Sequence[QuotableFilm]) -> Choice | None:
    """Pick the film that says most for itself: fewest cautions, surest view, then by name.

    Never by the score: a patient's films are not searched for the highest.

    Returns
    -------
    Choice or None
        None if no film is quotable.
    """
    places = [n for n, film in enumerate(graded) if film.is_quotable]
    if not places:
        return None
    best, *others = sorted(places, key=lambda n: _rank(graded[n]))
    if not others:
        reason = "the only film" if len(graded) == 1 else "the only quotable film"
    elif graded[best].cautions < graded[others[0]].cautions:
        reason = "fewest cautions"
    elif graded[best].lateral_probability > graded[others[0]].lateral_probability:
        reason = "surest lateral view"
    else:
        reason = "first of equally good films"
    return Choice(index=best, reason=reason)


def _rank(film: QuotableFilm) -> tuple[int, float, str]:
    return (film.cautions, -film.lateral_probability, film.key)
