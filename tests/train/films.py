"""Films so small that networks train on them in a blink, with everything that is known of them."""

from __future__ import annotations

import numpy as np

from vascal.train.film_samples import FilmSample, store_brightness, store_grades

SHAPE = (96, 64)


def make_film(total: int = 6, *, seed: int = 0, with_maps: bool = True) -> FilmSample:
    """Six bodies of 10 rows and 16 columns from column 40, T12 at rows 4 to 13; a wall as bright as it scores."""
    rng = np.random.default_rng(seed)
    pixels = 0.3 + 0.02 * rng.standard_normal(SHAPE)
    vertebrae, walls = np.zeros(SHAPE, dtype=np.uint8), np.zeros(SHAPE, dtype=np.uint8)
    for place in range(6):
        body = (slice(4 + 14 * place, 14 + 14 * place), slice(40, 56))
        vertebrae[body] = place + 1
        pixels[body] += 0.3
    walls[20:80, 34:36] = 2
    pixels[20:80, 34:36] += total / 40
    grades = [3] * (total // 3) + ([total % 3] if total % 3 else [])
    return FilmSample(
        image=store_brightness(np.clip(pixels, 0, 1).astype(np.float32)),
        spacing_mm=(2.0, 2.0),
        total=float(total),
        grades=store_grades([*grades, *[0] * (8 - len(grades))]),
        vertebrae=vertebrae if with_maps else None,
        walls=walls if with_maps else None,
    )
