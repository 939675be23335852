"""From a film to a report in Python, with a reader that was made up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import vascal
from tests.aac.made_film import FACTS, MadeUpReader, make_film
from vascal.errors import ViewError
from vascal.film_options import FilmOptions
from vascal.film_pipeline import name_reader, score_film


def test_a_film_becomes_a_report_with_everything_that_made_it() -> None:
    scored = score_film(make_film(), MadeUpReader(), FilmOptions(model=Path("/somewhere/mine"), spacing_mm=0.2))
    report = scored.report
    assert report.score.aac24 == 13
    assert report.score.aac8 is not None
    # Levels are measured in vertebral heights: 1.5 levels in front are just under two heights, 1.9 behind are 2.5.
    assert (report.score.aac8.unit, report.score.aac8.anterior, report.score.aac8.posterior) == ("vertebra", 2, 3)
    assert report.is_quotable
    assert report.uncertainty.low <= 13 <= report.uncertainty.high
    assert report.film.key == "1.2.3.4.5"
    assert report.provenance.version == vascal.__version__
    assert report.provenance.source_uids == ("1.2.3.4.5",)
    assert report.provenance.options == (("film_model", "mine"), ("film_spacing_mm", "0.2"))
    assert report.provenance.finder == "made-up 1 0123abcd"


def test_a_film_without_a_uid_is_named_by_who_hands_it_in() -> None:
    film = make_film(facts=replace(FACTS, sop_instance_uid=""))
    nameless = MadeUpReader(changes={"models": ()})
    report = score_film(film, nameless, key="b.png", source_uids=("sha256:00",)).report
    assert (report.film.key, report.provenance.source_uids) == ("b.png", ("sha256:00",))
    assert report.provenance.finder == "made-up reader"
    unnamed = score_film(film, nameless).report
    assert (unnamed.film.key, unnamed.provenance.source_uids, unnamed.provenance.options) == ("film", (), ())


def test_a_critical_caveat_forbids_quoting() -> None:
    report = score_film(make_film(), MadeUpReader(changes={"obstacles": {"hardware": 0.5}})).report
    assert not report.is_quotable
    assert report.caveats[0].code == "aorta-hidden"


def test_what_the_reader_refuses_is_refused() -> None:
    with pytest.raises(ViewError, match="frontal"):
        score_film(make_film(facts=replace(FACTS, view_position="AP")), MadeUpReader())


def test_the_embedded_reader_is_made_once() -> None:
    assert name_reader(None) is name_reader(None)
    assert hasattr(name_reader(Path("/elsewhere")), "read_film")
