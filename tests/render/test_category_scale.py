"""The scale of categories: in order, with every edge at the end of its box."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.calcium.categories import find_risk_category
from vascal.render.category_scale import EDGES, LEFT, NAMES, STEP, WIDTH, ZERO, draw_category_scale, place_score


def test_edges_of_categories_are_ends_of_boxes() -> None:
    places = [place_score(edge) for edge in EDGES[1:]]
    assert places == pytest.approx([LEFT + ZERO + n * STEP for n in range(1, 5)])
    assert place_score(0.0) == LEFT + ZERO / 2


@given(st.lists(st.floats(0, 20000), min_size=2, max_size=5))
def test_a_higher_score_never_stands_further_left(scores: list[float]) -> None:
    places = [place_score(score) for score in sorted(scores)]
    assert all(one <= other for one, other in pairwise(places))
    assert all(LEFT < place < WIDTH for place in places)


@given(st.floats(0, 4000))
def test_a_score_stands_in_the_box_of_its_category(agatston: float) -> None:
    box = [name.replace("–", "-") for name in NAMES].index(find_risk_category(agatston))
    start = LEFT if box == 0 else LEFT + ZERO + (box - 1) * STEP
    width = ZERO if box == 0 else STEP
    assert start <= place_score(agatston) <= start + width + 1e-9


def test_total_and_interval_are_said() -> None:
    svg = draw_category_scale(261.0, (119.0, 339.0), str)
    assert 'aria-label="261 on the scale of categories; interval 119 to 339."' in svg
    assert svg.count('rx="2"') == 1
    assert 'rx="2"' not in draw_category_scale(261.0, None, str)
    assert len(re.findall("&gt;400", svg)) == 1
