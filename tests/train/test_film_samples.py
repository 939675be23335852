"""Samples of films: what is written is read, and what is damaged is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.train.films import make_film
from vascal.errors import TrainingError
from vascal.train.film_samples import FilmSample, read_film_sample, store_grades, write_arrays, write_film_sample


@pytest.mark.parametrize("with_maps", [True, False])
def test_what_is_written_is_read(tmp_path: Path, with_maps: bool) -> None:
    film = replace(make_film(7, with_maps=with_maps), facing="right")
    write_film_sample(film, tmp_path / "a.npz")
    back = read_film_sample(tmp_path / "a.npz")
    for name in ("image", "grades", "vertebrae", "walls"):
        assert np.array_equal(getattr(back, name), getattr(film, name)), name
    assert (back.spacing_mm, back.facing, back.total) == ((2.0, 2.0), "right", 7.0)
    assert np.isnan(back.fractions).all()


def test_brightness_goes_from_black_to_white_whatever_the_depth() -> None:
    image = np.array([[0, 255]], dtype=np.uint8)
    assert FilmSample(image=image, spacing_mm=(1.0, 1.0)).brightness.tolist() == [[0.0, 1.0]]
    deep = FilmSample(image=image.astype(np.uint16) * 257, spacing_mm=(1.0, 1.0))
    assert deep.brightness.tolist() == [[0.0, 1.0]]


def test_a_film_of_which_nothing_is_known() -> None:
    film = FilmSample(image=np.zeros((2, 2), dtype=np.uint8), spacing_mm=(1.0, 1.0))
    assert np.isnan(film.total)
    assert film.grades.tolist() == [-1] * 8
    assert store_grades((None, 3, *[0] * 6)).tolist() == [-1, 3, 0, 0, 0, 0, 0, 0]


def test_maps_of_another_size_are_refused() -> None:
    with pytest.raises(TrainingError, match=r"walls has \(3, 3\) pixels and its film \(2, 2\)"):
        FilmSample(
            image=np.zeros((2, 2), dtype=np.uint8), spacing_mm=(1.0, 1.0), walls=np.zeros((3, 3), dtype=np.uint8)
        )


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(b"PK nothing")
    with pytest.raises(TrainingError, match=r"a\.npz can not be read as a film"):
        read_film_sample(path)
    write_arrays(path, image=np.zeros((2, 2), dtype=np.uint8))
    with pytest.raises(TrainingError, match="KeyError"):
        read_film_sample(path)
    write_film_sample(make_film(), path)
    with np.load(path) as data:
        arrays = {name: data[name] for name in data.files}
    write_arrays(path, **{**arrays, "walls": np.zeros((1, 1), dtype=np.uint8)})
    with pytest.raises(TrainingError, match="walls has"):
        read_film_sample(path)
