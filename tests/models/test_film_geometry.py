"""Borders, walls and refusals from maps that are drawn by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vascal.errors import CoverageError, ViewError
from vascal.models.film_geometry import MapFinding, find_borders, find_place, lay_again, require_lateral
from vascal.models.film_inputs import (
    BODIES,
    CANVAS,
    LEVEL_ROWS,
    MAP_MM,
    MARGIN_ROWS,
    ZONES,
    against_surroundings,
    cut_strip,
    lay_on_canvas,
    map_channels,
    row_positions,
    shrink_film,
)

TOP, STEP, TALL, WIDE = 10, 24, 18, 22
SPINE, BACK, FRONT = 70, 50, 34
"""Bodies 18 of 24 rows high around column 70; the aorta from column 34 to 50, in front, to the left."""


def straight_spine(*, missing: tuple[str, ...] = (), lefts: bool = True) -> MapFinding:
    bodies, zones = np.zeros((len(BODIES), 190, 120)), np.zeros((len(ZONES), 190, 120))
    for value, name in enumerate(BODIES):
        if value and name not in missing:
            top = TOP + (value - 1) * STEP
            bodies[value, top : top + TALL, SPINE - WIDE // 2 : SPINE + WIDE // 2] = 1
    for value in range(1, len(ZONES)):
        top = TOP + TALL + (STEP - TALL) // 2 + (value - 2) * STEP
        zones[value, max(0, top) : top + STEP, FRONT:BACK] = 1
    bodies[0], zones[0] = 1 - bodies[1:].sum(axis=0), 1 - zones[1:].sum(axis=0)
    if not lefts:
        bodies, zones = bodies[:, :, ::-1], zones[:, :, ::-1]
    return MapFinding(
        bodies=np.ascontiguousarray(bodies, dtype=np.float32),
        zones=np.ascontiguousarray(zones, dtype=np.float32),
        scale=np.array([4.0, 4.0]),
    )


def test_borders_run_through_the_middle_of_disc_spaces_towards_the_aorta() -> None:
    borders = find_borders(straight_spine())
    wanted = [TOP + TALL + (STEP - TALL) / 2 + n * STEP - 0.5 for n in range(5)]
    assert np.allclose(borders[:, 0, 0], wanted, atol=0.6)
    assert np.allclose(borders[:, 0, 1], SPINE - 0.5, atol=0.6)
    assert (borders[:, 1, 1] < borders[:, 0, 1] - 30).all()
    assert np.abs(borders[:, 1, 0] - borders[:, 0, 0]).max() < 3


@pytest.mark.parametrize("lefts", [True, False])
def test_the_walls_are_where_the_aorta_was_drawn(lefts: bool) -> None:
    finding = straight_spine(lefts=lefts)
    assert finding.facing == ("left" if lefts else "right")
    place = find_place(finding, MAP_MM / 4)
    inside = slice(MARGIN_ROWS, MARGIN_ROWS + 4 * LEVEL_ROWS)
    anterior, posterior = (place.wall(side)[inside, 1] / 4 for side in (1.0, -1.0))
    if not lefts:
        anterior, posterior = 120 - anterior, 120 - posterior
    assert np.abs(anterior - FRONT).max() < 1.5
    assert np.abs(posterior - BACK).max() < 1.5
    rows = place.wall(1.0)[inside, 0] / 4
    assert rows[0] == pytest.approx(TOP + TALL + 3, abs=1)
    assert rows[-1] == pytest.approx(TOP + TALL + 3 + 4 * STEP, abs=1)


def test_a_whole_lumbar_spine_is_taken_for_lateral() -> None:
    finding = straight_spine()
    require_lateral(finding)
    assert finding.lateral_probability > 0.95
    assert min(finding.level_confidence.values()) > 0.95


def test_a_missing_level_is_named() -> None:
    with pytest.raises(CoverageError, match="L4"):
        require_lateral(straight_spine(missing=("L4", "L5", "S1")))


def test_what_has_no_spine_is_refused() -> None:
    with pytest.raises(ViewError, match="lateral"):
        require_lateral(straight_spine(missing=BODIES[1:]))


def test_a_film_without_room_in_front_is_refused() -> None:
    finding = straight_spine()
    zones = finding.zones.copy()
    zones[ZONES.index("L3")] = 0
    with pytest.raises(CoverageError, match="in front of L3"):
        require_lateral(replace(finding, zones=zones))


def test_an_unsure_map_is_refused() -> None:
    finding = straight_spine()
    bodies = np.where(finding.bodies > 0.5, 0.3, finding.bodies + 0.1).astype(np.float32)
    with pytest.raises(ViewError, match="stand like a lumbar spine"):
        require_lateral(replace(finding, bodies=bodies))


def test_a_body_that_was_not_found_above_does_not_stop_the_borders() -> None:
    whole, without = (find_borders(straight_spine(missing=names)) for names in ((), ("T12",)))
    assert np.abs(whole - without).max() < 4


def test_a_strip_is_laid_again_by_the_aorta_that_is_on_it() -> None:
    right = find_place(straight_spine(), MAP_MM / 4)
    wrong = replace(right, centre_mm=right.centre_mm + 7.0, half_mm=right.half_mm * 1.4)
    across = wrong.columns() - right.centre_mm[:, None]
    aorta = (np.abs(across) <= right.half_mm[:, None]).astype(np.float32)
    again = lay_again(wrong, aorta)
    assert np.abs(again.centre_mm - right.centre_mm).max() < 0.5
    assert np.abs(again.half_mm - right.half_mm).max() < 0.5
    # Rows without aorta take after their neighbours; with hardly any left, the strip stays.
    aorta[60:120] = 0
    assert np.abs(lay_again(wrong, aorta).centre_mm - right.centre_mm).max() < 0.5
    aorta[:250] = 0
    assert lay_again(wrong, aorta) is wrong


def test_a_strip_lies_alike_in_other_pixels() -> None:
    place = find_place(straight_spine(), 0.4)
    other = place.on_pixels(0.2)
    # The middle of pixel n of 0.4 mm lies at 0.4 (n + 0.5) mm.
    for side in (-1.0, 1.0):
        assert np.allclose((other.wall(side) + 0.5) * 0.2, (place.wall(side) + 0.5) * 0.4)


def test_a_strip_is_cut_where_it_lies() -> None:
    place = find_place(straight_spine(), MAP_MM / 4)
    pixels = np.zeros((760, 480), dtype=np.float32)
    pixels[:, 4 * FRONT : 4 * BACK] = 1.0
    strip = cut_strip(pixels, place)
    across = place.columns() - place.centre_mm[:, None]
    assert strip[np.abs(across) < place.half_mm[:, None] - 1].mean() > 0.99
    assert strip[np.abs(across) > place.half_mm[:, None] + 1].mean() < 0.01


def test_rows_of_a_level_have_one_position_each() -> None:
    position = row_positions()
    inside = position[MARGIN_ROWS:-MARGIN_ROWS]
    assert inside.min() > 0
    assert inside.max() < 4
    assert np.bincount(inside.astype(int)).tolist() == [LEVEL_ROWS] * 4


def test_the_map_does_not_care_for_contrast_and_brightness() -> None:
    rng = np.random.default_rng(0)
    film = rng.random((400, 300)).astype(np.float32)
    small = shrink_film(film, 0.5)
    assert small.shape == (round(400 * 0.5 / MAP_MM), round(300 * 0.5 / MAP_MM))
    channels = map_channels(small)
    assert channels.shape == (4, *small.shape)
    other = map_channels((small * 0.4 + 0.3).astype(np.float32))
    assert np.abs(channels - other)[[0, 2, 3]].max() < 1e-3


@pytest.mark.parametrize("shape", [(200, 133), (320, 256), (321, 300)])
def test_a_film_lies_in_the_middle_of_a_canvas_that_the_network_can_take(shape: tuple[int, int]) -> None:
    small = np.ones(shape, dtype=np.float32)
    canvas, (top, left) = lay_on_canvas(small)
    assert all(side % 64 == 0 and side >= least for side, least in zip(canvas.shape, CANVAS, strict=True))
    assert canvas[top : top + shape[0], left : left + shape[1]].all()
    assert canvas.sum() == small.sum()
    assert abs(canvas.shape[0] - shape[0] - 2 * top) <= 1


def test_detail_is_told_in_spreads_of_its_surroundings() -> None:
    picture = np.zeros((40, 40), dtype=np.float32)
    picture[20, 20] = 1.0
    assert against_surroundings(picture, 5.0)[20, 20] > 1.5
    assert np.abs(against_surroundings(np.full((9, 9), 0.5, dtype=np.float32), 2.0)).max() == 0
