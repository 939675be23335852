"""Which film of a study is quoted."""

from __future__ import annotations

from vascal.report.film_choice import QuotableFilm, choose_film


def film(key: str, *, cautions: int = 2, lateral: float = 0.95, quotable: bool = True) -> QuotableFilm:
    return QuotableFilm(key=key, is_quotable=quotable, cautions=cautions, lateral_probability=lateral)


def test_the_reason_says_what_told_the_films_apart() -> None:
    def reason(*films: QuotableFilm) -> tuple[int, str]:
        choice = choose_film(films)
        assert choice is not None
        return choice.index, choice.reason

    assert reason(film("a")) == (0, "the only film")
    assert reason(film("a", quotable=False), film("b", cautions=9)) == (1, "the only quotable film")
    assert reason(film("a", cautions=3, lateral=0.99), film("b")) == (1, "fewest cautions")
    assert reason(film("a"), film("b", lateral=0.99)) == (1, "surest lateral view")
    assert reason(film("b"), film("a")) == (1, "first of equally good films")


def test_nothing_is_quoted_where_nothing_may_be() -> None:
    assert choose_film([]) is None
    assert choose_film([film("a", quotable=False)]) is None
