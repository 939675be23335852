"""Ray sums against lengths that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from vascal.simulate.xray.beam import Beam
from vascal.simulate.xray.chords import add_bodies, splat
from vascal.simulate.xray.solids import Ellipsoid, Solid, Tube, mineral, sum_rays, water

FAR = Beam(focus_mm=1e6, detector_mm=1.0, shape=(101, 101), pixel_mm=1.0, centre_mm=(0.0, 0.0))
"""Rays that are as good as parallel, one pixel a millimetre, the middle at row and column 50."""


def cast(*solids: Solid, beam: Beam = FAR) -> np.ndarray:
    film = np.zeros((3, *beam.shape))
    sum_rays(film, beam, solids)
    return film


def test_a_ray_through_the_middle_of_a_ball_is_as_long_as_its_diameter() -> None:
    film = cast(Ellipsoid(centre=(0, 0, 0), semi=(20, 20, 20), core=water(1.0)))
    assert film[0, 50, 50] == pytest.approx(4.0, rel=1e-4)  # cm of water
    assert film[0, 50, 62] == pytest.approx(0.2 * np.sqrt(20**2 - 12**2), rel=1e-3)
    assert film[0, 50, 72] == 0


def test_a_shell_and_its_core_share_the_ray() -> None:
    film = cast(Ellipsoid(centre=(0, 0, 0), semi=(20, 20, 20), core=mineral(0.2), shell=mineral(1.0), shell_mm=5.0))
    assert film[1, 50, 50] == pytest.approx(1.0 * 1.0 + 3.0 * 0.2, rel=1e-4)  # g/cm2


def test_the_volume_of_an_ellipsoid_is_all_there() -> None:
    film = cast(Ellipsoid(centre=(3, -4, 9), semi=(10, 25, 14), core=mineral(1.0)))
    volume_cm3 = 4 / 3 * np.pi * 10 * 25 * 14 / 1000
    assert film[1].sum() * 0.01 == pytest.approx(volume_cm3, rel=1e-2)  # one ray a millimetre


def test_a_tube_across_the_beam_and_one_along_it() -> None:
    across = cast(Tube(points=np.array([[-30.0, 0, 0], [30, 0, 0]]), radii=np.full(2, 8.0), core=mineral(1.0)))
    assert across[1, 50, 50] == pytest.approx(1.6, rel=1e-4)
    assert across[1, 50, 85] == 0
    along = cast(Tube(points=np.array([[0.0, 0, -15], [0, 0, 15]]), radii=np.full(2, 8.0), core=mineral(1.0)))
    assert along[1, 50, 50] == pytest.approx(3.0, rel=1e-3)
    hollow = cast(
        Tube(
            points=np.array([[-30.0, 0, 0], [30, 0, 0]]),
            radii=np.full(2, 8.0),
            core=mineral(0),
            shell=mineral(1),
            shell_mm=2,
        )
    )
    assert hollow[1, 50, 50] == pytest.approx(0.4, rel=1e-3)


def test_what_is_nearer_to_the_tube_is_larger_on_the_film() -> None:
    beam = Beam(focus_mm=1000, detector_mm=250, shape=(401, 401), pixel_mm=0.5, centre_mm=(0.0, 0.0))
    near, middle, far = (
        np.count_nonzero(cast(Ellipsoid(centre=(0, 0, z), semi=(15, 15, 15), core=water(1.0)), beam=beam)[0])
        for z in (-100.0, 0.0, 100.0)
    )
    assert near > middle > far
    assert np.sqrt(near / middle) == pytest.approx(1000 / 900, rel=0.02)


def test_places_fall_where_their_ball_is_seen() -> None:
    beam = Beam(focus_mm=900, detector_mm=220, shape=(301, 251), pixel_mm=0.6, centre_mm=(7.0, -3.0))
    place = np.array([[12.0, -22.0, 60.0]])
    film = cast(Ellipsoid(centre=place[0].tolist(), semi=(6, 6, 6), core=water(1.0)), beam=beam)
    rows, columns = np.indices(beam.shape)
    seen = [(film[0] * axis).sum() / film[0].sum() for axis in (rows, columns)]
    assert np.allclose(seen, beam.project(place)[0], atol=0.3)


def test_a_body_holds_its_shell_and_core() -> None:
    shape = np.array([[16.0, 13.0, 22.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.2]])
    mineral_, depth = np.zeros((2, 101, 101)), np.zeros((1, 101, 101))
    add_bodies(mineral_, depth, FAR.geometry(), np.zeros((1, 3)), np.eye(3)[None], shape, 0.5)
    assert depth[0, 50, 50] == pytest.approx(44, abs=1.5)
    assert mineral_[1, 50, 50] == pytest.approx(0.1 * 0.2 * 41.2, rel=0.05)
    assert depth[0, 50, 70] == 0
    assert depth[0, 66, 50] == 0


def test_splatted_amounts_are_kept_and_centred() -> None:
    layer = np.zeros((9, 9))
    splat(layer, np.array([[4.25, 3.5], [100.0, 3.0]]), np.array([2.0, 5.0]))
    assert layer.sum() == pytest.approx(2.0)
    rows, columns = np.indices(layer.shape)
    assert (layer * rows).sum() / 2 == pytest.approx(4.25)
    assert (layer * columns).sum() / 2 == pytest.approx(3.5)
