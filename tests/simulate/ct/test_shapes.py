from __future__ import annotations

import numpy as np
import pytest

from vascal.simulate.ct.shapes import Blend, Clipped, Ellipsoid, Part, Trunk, Tube, paint_plane

AXIS = np.linspace(-30, 30, 241, dtype=np.float32)
PIXEL_MM = 0.25
BALL = Ellipsoid(centre=(2.0, -1.0, 0.0), semi_axes=(10.0, 10.0, 10.0))


def painted_area_mm2(part: Part, z: float = 0.0) -> float:
    """Area by the softened picture, not by whole pixels."""
    hu, _ = paint_plane([part], AXIS, AXIS, z, air_hu=0.0)
    return float(hu.sum(dtype=float)) * PIXEL_MM**2


def test_a_painted_ball_has_the_area_of_its_section() -> None:
    part = Part(shape=BALL, layers=((0.0, 1.0),))

    assert painted_area_mm2(part) == pytest.approx(np.pi * 100, rel=1e-3)
    assert painted_area_mm2(part, z=6.0) == pytest.approx(np.pi * 64, rel=5e-3)
    assert painted_area_mm2(part, z=11.0) == 0


def test_a_layer_below_the_surface_leaves_a_shell() -> None:
    shell = Part(shape=BALL, layers=((0.0, 1.0), (2.0, 0.0)))

    assert painted_area_mm2(shell) == pytest.approx(np.pi * (100 - 64), rel=2e-3)


def test_a_tube_is_as_wide_as_its_radius_and_rounds_its_ends() -> None:
    points = np.array([[-10, 0, 0], [10, 0, 0]], dtype=np.float32)
    tube = Tube(points=points, radii=np.full(2, 3, dtype=np.float32))

    assert painted_area_mm2(Part(shape=tube, layers=((0.0, 1.0),))) == pytest.approx(20 * 6 + np.pi * 9, rel=5e-3)


def test_a_trunk_ends_at_its_first_and_last_height() -> None:
    trunk = Trunk(heights=(0.0, 10.0), half_widths=(20.0, 10.0), half_depths=(10.0, 5.0), roundness=2.0)
    part = Part(shape=trunk, layers=((0.0, 1.0),))

    assert painted_area_mm2(part, z=5.0) == pytest.approx(np.pi * 15 * 7.5, rel=0.01)
    assert painted_area_mm2(part, z=10.5) == 0


def test_a_cut_ball_is_half_a_ball() -> None:
    half = Clipped(shape=BALL, normal=(1.0, 0.0, 0.0), offset_mm=2.0)

    assert painted_area_mm2(Part(shape=half, layers=((0.0, 1.0),))) == pytest.approx(np.pi * 50, rel=0.01)


def test_a_membrane_covers_both_balls_and_the_gap_between_them() -> None:
    balls = tuple(Ellipsoid(centre=(x, 0.0, 0.0), semi_axes=(8.0, 8.0, 8.0)) for x in (-9.0, 9.0))
    blend = Blend(shapes=balls, fillet_mm=10.0, margin_mm=1.0)
    at = np.array([0.0, 9.0, 17.5, 19.0], dtype=np.float32)

    depth = blend.distance(at, np.zeros_like(at), 0.0)

    assert depth[0] < 0  # the gap is bridged
    assert depth[1] < 0
    assert depth[2] < 0 < depth[3]  # 1 mm beyond the ball


def test_a_part_can_be_kept_to_what_lies_below_it() -> None:
    below = Part(shape=Clipped(shape=BALL, normal=(1.0, 0.0, 0.0), offset_mm=2.0), layers=((0.0, 1.0),), label=3)
    above = Part(shape=BALL, layers=((0.0, 5.0),), label=4, only_on=3)

    _, labels = paint_plane([below, above], AXIS, AXIS, 0.0)

    assert set(np.unique(labels)) == {0, 4}
    assert (labels == 4).sum() * PIXEL_MM**2 == pytest.approx(np.pi * 50, rel=0.02)
