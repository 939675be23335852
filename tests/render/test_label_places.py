"""Letters stand near their lesion, inside the picture, and hide neither a lesion nor each other."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from vascal.render.label_places import LEADER_FROM, Box, place_labels

PANEL = Box(left=0, top=0, right=512, bottom=512)


def box(x: float, y: float, width: float = 10, height: float = 10) -> Box:
    return Box(left=x, top=y, right=x + width, bottom=y + height)


spots = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=40, unique=True)


@given(spots)
def test_however_many_lesions_there_are_every_letter_can_be_read(places: list[tuple[int, int]]) -> None:
    things = [[box(x, y)] for x, y in places]
    labels = place_labels(things, [(22, 26)] * len(things), PANEL)
    assert all(label.box.is_inside(PANEL) for label in labels)
    if len(things) <= 12:
        assert not any(a.box.touches(b.box) for a, b in combinations(labels, 2))
        assert not any(label.box.touches(part) for label in labels for thing in things for part in thing)


def test_a_lone_lesion_has_its_letter_up_and_to_the_right() -> None:
    (label,) = place_labels([[box(200, 200)]], [(20, 26)], PANEL)
    assert label.leader is None
    x, y = label.box.middle
    assert x > 205
    assert y < 205


def test_a_letter_that_finds_no_room_nearby_gets_a_line() -> None:
    crowd = [[box(200 + 12 * n, 200, 11, 11)] for n in range(8)]
    wall = [box(100, 100, 300, 95), box(100, 216, 300, 100)]
    labels = place_labels(crowd, [(22, 26)] * 8, PANEL, wall)
    lines = [label.leader for label in labels if label.leader is not None]
    assert lines
    for x1, y1, x2, y2 in lines:
        assert (x2 - x1) ** 2 + (y2 - y1) ** 2 > LEADER_FROM**2


def test_a_long_lesion_is_named_beside_one_of_its_parts() -> None:
    diagonal = [box(100 + 10 * n, 100 + 10 * n) for n in range(30)]
    (label,) = place_labels([diagonal], [(20, 26)], PANEL)
    assert label.leader is None


def test_where_nothing_is_free_a_letter_still_stands_inside() -> None:
    (label,) = place_labels([[box(250, 250)]], [(20, 26)], PANEL, [PANEL])
    assert label.box.is_inside(PANEL)


def test_a_panel_that_is_too_small_breaks_nothing() -> None:
    (label,) = place_labels([[box(0, 0, 2, 2)]], [(20, 26)], Box(left=0, top=0, right=10, bottom=10))
    assert label.box.right - label.box.left == 20
