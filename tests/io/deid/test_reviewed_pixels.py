"""What a film says of text in its pixels after a person has looked, and what the check makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.io.deid.make_named import from_bytes, rules, to_bytes
from tests.io.deid.written import noisy, write
from tests.io.make_film import make_film
from vascal.io.deid.folder import Deidentified, deidentify_folder
from vascal.io.deid.one_file import clean_file
from vascal.io.deid.pixels import REVIEWED, PixelPolicy
from vascal.io.deid.residue import LOOK, check_residue


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """One film that says YES, with letters drawn into it."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.dcm").write_bytes(to_bytes(make_film(write(noisy()), BurnedInAnnotation="YES")))
    return tmp_path / "in"


def run(films: Path, pixels: PixelPolicy) -> tuple[Deidentified, Path]:
    out = films.parent / pixels
    return deidentify_folder(films, out, rules(pixels=pixels), version="0.0"), out


def left(out: Path, films: Path) -> set[str]:
    return {one.problem for one in check_residue(out, against=films).residues}


def test_a_reviewed_film_says_no_and_passes_the_check(films: Path) -> None:
    done, out = run(films, "reviewed")
    (clean,) = [from_bytes(path.read_bytes()) for path in out.rglob("*.dcm")]
    (was,) = [from_bytes(path.read_bytes()) for path in films.rglob("*.dcm")]
    assert clean.BurnedInAnnotation == "NO"
    assert clean.PixelData == was.PixelData
    assert done.report.notes == {REVIEWED: 1}
    assert left(out, films) == set()


def test_a_masked_film_says_yes_until_a_person_has_looked_and_the_check_says_what_to_do(films: Path) -> None:
    _, masked = run(films, "mask")
    assert left(masked, films) == {LOOK}
    assert "--pixels mask-reviewed" in LOOK
    done, looked_at = run(films, "mask-reviewed")
    assert left(looked_at, films) == set()
    before, after = (
        from_bytes(next(folder.rglob("*.dcm")).read_bytes()) for folder in (masked, looked_at)
    )  # the picture that was looked at is the one that goes out
    assert after.PixelData == before.PixelData
    assert (before.BurnedInAnnotation, after.BurnedInAnnotation) == ("YES", "NO")
    assert not [note for note in done.report.notes if "nobody" in note]


def test_what_nobody_asked_to_review_is_not_called_reviewed() -> None:
    film = make_film(noisy(), BurnedInAnnotation="NO")
    assert from_bytes(clean_file(to_bytes(film), rules()).content).BurnedInAnnotation == "NO"
    del film.BurnedInAnnotation
    assert "BurnedInAnnotation" not in from_bytes(clean_file(to_bytes(film), rules()).content)
