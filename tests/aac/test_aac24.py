"""The sums of eight grades: hand arithmetic, and what must hold for any grades."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.aac.aac24 import WallLevel, score_fractions, score_walls
from vascal.errors import EvaluationError
from vascal.wall_levels import LEVELS, WALL_LEVELS, Grade, Level, grade_fraction

NONE: dict[WallLevel, Grade] = dict.fromkeys(WALL_LEVELS, 0)
CLEAN: dict[WallLevel, float] = dict.fromkeys(WALL_LEVELS, 0.0)
EIGHT_GRADES = st.lists(st.sampled_from([0, 1, 2, 3]), min_size=8, max_size=8)
EIGHT_SHARES = st.lists(st.floats(0, 1), min_size=8, max_size=8)


def graded(values: list[int]) -> dict[WallLevel, Grade]:
    return {place: cast(Grade, value) for place, value in zip(WALL_LEVELS, values, strict=True)}


def shared(values: list[float]) -> dict[WallLevel, float]:
    return dict(zip(WALL_LEVELS, values, strict=True))


def test_grades_add_up_by_wall_and_by_level() -> None:
    # L1 0+0, L2 1+0, L3 2+3, L4 3+3: 12 points, 6 in front and 6 behind.
    score = score_walls(graded([0, 0, 1, 0, 2, 3, 3, 3]))
    assert (score.aac24, score.anterior, score.posterior) == (12, 6, 6)
    assert dict(score.by_level) == {"L1": 0, "L2": 1, "L3": 5, "L4": 6}
    assert (score.affected_segments, score.antero_posterior) == (3, 5)
    assert score.classes["kidney-thirds"] == "moderate"
    assert score.aac8 is None


def test_the_ends_of_the_scale() -> None:
    least, most = score_walls(NONE), score_walls(graded([3] * 8))
    assert (least.aac24, least.affected_segments, least.antero_posterior) == (0, 0, 0)
    assert (most.aac24, most.affected_segments, most.antero_posterior) == (24, 4, 8)
    assert (most.anterior, most.posterior, most.by_level["L1"]) == (12, 12, 6)


@pytest.mark.parametrize(
    ("shares", "points"),
    [
        ([0.0, 0.0, 0.0, 0.0], 0),
        ([0.01, 0.0, 0.0, 0.0], 1),
        ([0.4, 0.6, 0.0, 0.0], 1),
        ([0.4, 0.61, 0.0, 0.0], 2),
        ([1.0, 1.0, 0.0, 0.0], 2),
        ([1.0, 1.0, 0.01, 0.0], 3),
        ([1.0, 1.0, 1.0, 0.0], 3),
        ([0.76, 0.75, 0.75, 0.75], 4),
        ([1.0, 1.0, 1.0, 1.0], 4),
    ],
)
def test_aac8_gives_a_point_for_each_height_begun(shares: list[float], points: int) -> None:
    behind = score_fractions(CLEAN | {(level, "posterior"): s for level, s in zip(LEVELS, shares, strict=True)}).aac8
    front = score_fractions(CLEAN | {(level, "anterior"): s for level, s in zip(LEVELS, shares, strict=True)}).aac8
    assert behind is not None
    assert front is not None
    assert (behind.anterior, behind.posterior, behind.total) == (0, points, points)
    assert (front.anterior, front.posterior, front.unit) == (points, 0, "level")


def test_aac8_in_vertebral_heights_counts_the_disc_too() -> None:
    # 0.8 of a level that is 1.3 vertebrae long is 1.04 vertebral heights.
    shares = CLEAN | {("L4", "anterior"): 0.8}
    heights: dict[Level, float] = dict.fromkeys(LEVELS, 1.3)
    measured = score_fractions(shares, level_heights=heights).aac8
    counted = score_fractions(shares).aac8
    assert measured is not None
    assert counted is not None
    assert (measured.total, measured.unit) == (2, "vertebra")
    assert (counted.total, counted.unit) == (1, "level")


def test_aac8_follows_the_grades_where_share_and_grade_disagree() -> None:
    speck = score_walls(NONE, CLEAN | {("L1", "anterior"): 0.02}).aac8
    unmeasured = score_walls(NONE | {("L1", "posterior"): 1}, CLEAN).aac8
    assert speck is not None
    assert unmeasured is not None
    assert speck.total == 0
    assert (unmeasured.anterior, unmeasured.posterior) == (0, 1)


@given(EIGHT_GRADES)
def test_totals_are_the_plain_sum_and_every_part_adds_up_to_it(values: list[int]) -> None:
    score = score_walls(graded(values))
    table = np.array(values).reshape(4, 2)
    assert score.aac24 == table.sum() == score.anterior + score.posterior == sum(score.by_level.values())
    assert [score.anterior, score.posterior] == table.sum(axis=0).tolist()
    assert score.affected_segments == (table.sum(axis=1) > 0).sum()
    assert score.antero_posterior == (table > 0).sum()
    assert score.affected_segments <= score.antero_posterior <= score.aac24 <= 3 * score.antero_posterior


@given(EIGHT_GRADES)
def test_swapping_the_walls_swaps_the_subtotals_and_nothing_else(values: list[int]) -> None:
    grades = graded(values)
    swapped = {(level, "posterior" if wall == "anterior" else "anterior"): g for (level, wall), g in grades.items()}
    here, there = score_walls(grades), score_walls(cast("dict[WallLevel, Grade]", swapped))
    assert (here.anterior, here.posterior) == (there.posterior, there.anterior)
    assert (here.aac24, here.antero_posterior, here.classes) == (there.aac24, there.antero_posterior, there.classes)


@given(EIGHT_SHARES, st.integers(0, 7), st.floats(0, 1))
def test_more_calcium_never_lowers_a_score(values: list[float], which: int, more: float) -> None:
    raised = [max(share, more) if n == which else share for n, share in enumerate(values)]
    less, most = score_fractions(shared(values)), score_fractions(shared(raised))
    assert less.aac8 is not None
    assert most.aac8 is not None
    assert most.aac24 >= less.aac24
    assert most.aac8.total >= less.aac8.total


@given(EIGHT_SHARES)
def test_fractions_give_what_their_grades_give(values: list[float]) -> None:
    grades = {place: grade_fraction(share) for place, share in shared(values).items()}
    assert score_fractions(shared(values)).aac24 == score_walls(grades).aac24


def test_a_missing_wall_is_named() -> None:
    lacking = {place: grade for place, grade in NONE.items() if place != ("L3", "posterior")}
    with pytest.raises(EvaluationError, match="no grades for L3 posterior"):
        score_walls(lacking)
    with pytest.raises(EvaluationError, match="no calcified shares for L1 anterior"):
        score_walls(NONE, {})


def test_a_fifth_level_and_a_fifth_grade_are_refused() -> None:
    more = cast("dict[WallLevel, Grade]", {**NONE, ("L5", "anterior"): 1})
    with pytest.raises(EvaluationError, match="9 grades; needed: the eight"):
        score_walls(more)
    with pytest.raises(EvaluationError, match="grades are 0, 1, 2 or 3; found 4"):
        score_walls(graded([0] * 7 + [4]))


def test_impossible_numbers_are_refused() -> None:
    with pytest.raises(EvaluationError, match=r"between 0 and 1; found 1\.2"):
        score_walls(NONE, CLEAN | {("L1", "anterior"): 1.2})
    with pytest.raises(EvaluationError, match="found nan"):
        score_fractions(CLEAN | {("L1", "anterior"): float("nan")})
    with pytest.raises(EvaluationError, match="heights of levels"):
        score_fractions(CLEAN, level_heights={"L1": 1.3})
    with pytest.raises(EvaluationError, match="above 0"):
        score_fractions(CLEAN, level_heights=dict.fromkeys(LEVELS, 0.0))
