from __future__ import annotations

import numpy as np
import pytest

from vascal.aac.ct_grades import calcified_fractions, grade_ct, project_walls
from vascal.wall_levels import LEVELS, WALLS


def projection(mass: np.ndarray, levels: list[int]) -> dict[str, float]:
    walls = project_walls(mass, np.full(len(levels), 5.0), np.asarray(levels))
    return {f"{level} {wall}": share for (level, wall), share in calcified_fractions(walls).items()}


def test_calcium_in_front_of_the_middle_is_anterior_wall() -> None:
    mass = np.zeros((4, 10))
    mass[0, 4] = 20.0
    mass[1, 5] = 20.0
    mass[2, 3] = 19.9
    shares = projection(mass, [0, 0, 0, -1])
    assert shares == {"L1 anterior": pytest.approx(1 / 3), "L1 posterior": pytest.approx(1 / 3)}


def test_calcium_that_reaches_into_both_halves_counts_for_both_walls() -> None:
    mass = np.zeros((2, 10))
    mass[0, 3:8] = 50.0
    assert projection(mass, [1, 1]) == {"L2 anterior": 0.5, "L2 posterior": 0.5}


def test_a_grade_needs_all_four_levels() -> None:
    shares = {(level, wall): 1.0 for level in LEVELS for wall in WALLS}
    whole = grade_ct(shares)
    assert whole is not None
    assert whole.aac24 == 24
    del shares["L4", "posterior"]
    assert grade_ct(shares) is None
