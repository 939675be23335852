"""Random changes of films: their ranges, and what each of them does."""

from __future__ import annotations

import numpy as np
import pytest

from vascal.train.film_augmentation import FilmAugmentation, FilmChange, change_film, change_labels, draw_change

RNG = np.random.default_rng(0)


def film(rows: int = 21, columns: int = 11) -> np.ndarray:
    image = np.full((rows, columns), 0.4, dtype=np.float32)
    image[rows // 2, columns // 2 + 3] = 0.8
    return image


def test_every_number_is_drawn_from_its_published_range_and_fills_it() -> None:
    rng = np.random.default_rng(1)
    drawn = [draw_change(rng, FilmAugmentation()) for _ in range(400)]
    ranges = {"brightness": (0.9, 1.1), "contrast": (0.9, 1.1), "scale": (0.95, 1.05), "turn_deg": (-30, 30)}
    found = {name: [getattr(change, name) for change in drawn] for name in ranges}
    found |= {"noise": [change.noise * 255 for change in drawn], "down": [change.shift[0] for change in drawn]}
    found |= {"across": [change.shift[1] for change in drawn]}
    for name, (low, high) in {**ranges, "noise": (0, 10), "down": (-0.05, 0.05), "across": (-0.05, 0.05)}.items():
        values = np.array(found[name])
        assert low <= values.min() < low + 0.03 * (high - low), name
        assert high - 0.03 * (high - low) < values.max() <= high, name


def test_no_change_leaves_the_film_alone() -> None:
    assert np.allclose(change_film(film(), FilmChange(), RNG), film(), atol=1e-7)


def test_brightness_multiplies_and_contrast_spreads_around_the_mean() -> None:
    bright = change_film(film(), FilmChange(brightness=1.1), RNG)
    assert np.allclose(bright, film() * 1.1, atol=1e-6)
    image = np.array([[0.4, 0.6]], dtype=np.float32)
    assert np.allclose(change_film(image, FilmChange(contrast=1.1), RNG), [[0.39, 0.61]], atol=1e-6)


def test_values_stay_between_black_and_white() -> None:
    image = np.array([[0.02, 0.99]], dtype=np.float32)
    changed = change_film(image, FilmChange(brightness=1.1, contrast=1.1), RNG)
    assert changed.min() == 0
    assert changed.max() == 1


def test_noise_has_its_standard_deviation() -> None:
    grey = np.full((300, 300), 0.5, dtype=np.float32)
    noisy = change_film(grey, FilmChange(noise=10 / 255), np.random.default_rng(2))
    assert noisy.std() == pytest.approx(10 / 255, rel=0.02)


def test_a_shift_moves_by_a_share_of_the_size() -> None:
    image = film(20, 10)
    moved = change_film(image, FilmChange(shift=(0.05, 0.1)), RNG)
    # One row and one column of this film.
    assert np.allclose(moved[1:, 1:], image[:-1, :-1], atol=1e-6)
    assert moved[0].max() == 0


def test_a_turn_brings_what_lay_beside_the_middle_below_it() -> None:
    turned = change_film(film(21, 21), FilmChange(turn_deg=90), RNG)
    row, column = np.unravel_index(int(turned.argmax()), turned.shape)
    assert (int(row), int(column)) in {(13, 10), (7, 10)}
    labels = np.zeros((21, 21), dtype=np.uint8)
    labels[10, 13] = 5
    # The labels go where the film goes.
    assert np.argmax(change_labels(labels, FilmChange(turn_deg=90))) == turned.argmax()


def test_scaling_up_moves_things_away_from_the_middle_and_keeps_labels_whole() -> None:
    labels = np.zeros((41, 41), dtype=np.uint8)
    labels[20, 25:35] = 3
    grown = change_labels(labels, FilmChange(scale=1.5))
    assert set(np.unique(grown)) == {0, 3}
    columns = np.flatnonzero((grown == 3).any(axis=0))
    assert columns[0] == pytest.approx(20 + 5 * 1.5, abs=1)
