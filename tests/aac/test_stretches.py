"""Calcified stretches, in levels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.aac.made_film import make_paths, make_reading
from vascal.aac.stretches import find_places, find_stretches


def test_stretches_lie_where_they_were_drawn() -> None:
    found = find_stretches(make_reading(400))
    # Anterior: shares 0, 0.2, 0.5 and 0.8 from the top of each level on.
    assert np.ravel(found["anterior"]) == pytest.approx([1, 1.2, 2, 2.5, 3, 3.8], abs=0.02)
    assert np.ravel(found["posterior"]) == pytest.approx([0, 0.1, 1, 1.3, 2, 2.6, 3, 3.9], abs=0.02)


def test_a_clean_wall_has_none_and_a_whole_one_has_one() -> None:
    reading = make_reading()
    none = make_paths(160, (0.0,) * 8)
    whole = make_paths(160, (1.0,) * 8)
    found = find_stretches(replace(reading, paths={"anterior": none["anterior"], "posterior": whole["posterior"]}))
    assert found["anterior"] == ()
    assert np.ravel(found["posterior"]) == pytest.approx([0, 4], abs=0.02)


def test_a_lone_point_has_a_length() -> None:
    reading = make_reading()
    path = reading.paths["anterior"]
    lone = np.zeros_like(path.is_calcified)
    lone[50] = True
    ((first, last),) = find_stretches(
        replace(reading, paths={**reading.paths, "anterior": replace(path, is_calcified=lone)})
    )["anterior"]
    assert last - first == pytest.approx(4 / len(lone), rel=0.1)


def test_places_turn_with_the_film() -> None:
    reading = make_reading()
    points, bounds = reading.paths["anterior"].points, reading.level_bounds
    straight = find_places(points, bounds)
    turn = np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    mirror = np.array([1.0, -1.0])
    assert find_places(points @ turn, bounds @ turn) == pytest.approx(straight)
    assert find_places(points * mirror, bounds * mirror) == pytest.approx(straight)
    assert (np.diff(straight) > 0).all()
