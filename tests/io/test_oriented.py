from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vascal.errors import GantryTiltError, GeometryError, OrientationError, PixelError, UnsupportedImageError
from vascal.io.oriented import SUPINE_AXIAL, StatedFacts, make_scan, orient_image

VALUES = np.arange(24).reshape(2, 3, 4) - 5
ORIGIN = np.zeros(3)


def test_the_first_voxel_stays_where_it_is_when_axes_are_turned() -> None:
    image = orient_image(VALUES, np.diag([-1.0, 2.0, -3.0]), np.array([1.0, 2.0, 3.0]), axes=SUPINE_AXIAL)
    assert image.values.shape == (4, 3, 2)
    assert image.values[3, 0, 1] == VALUES[0, 0, 0]
    assert image.grid.index_to_mm(3, 0, 1) == pytest.approx((1, 2, 3))
    assert image.grid.spacing_mm == (3, 2, 1)


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        (np.diag([1.0, 1.0, 0.0]), GeometryError),
        (np.diag([1.0, 1.0, np.nan]), GeometryError),
        (np.eye(3) + 0.1 * np.eye(3, k=1), GantryTiltError),
        (np.array([[1, 1, 0], [1, -1, 0], [0, 0, np.sqrt(2)]]), OrientationError),
    ],
)
def test_axes_that_make_no_stack_are_refused(steps: np.ndarray, error: type[Exception]) -> None:
    with pytest.raises(error):
        orient_image(VALUES, steps, ORIGIN, axes=SUPINE_AXIAL)


def test_an_oblique_image_is_no_axial_scan() -> None:
    c, s = np.cos(0.2), np.sin(0.2)
    image = orient_image(VALUES, np.array([[1, 0, 0], [0, c, -s], [0, s, c]]), ORIGIN, axes=SUPINE_AXIAL)
    with pytest.raises(OrientationError, match="oblique"):
        make_scan(image, Path("a.mhd"), "metaimage", StatedFacts())


@pytest.mark.parametrize(
    ("values", "error"), [(VALUES.astype(complex), UnsupportedImageError), (np.full(VALUES.shape, np.inf), PixelError)]
)
def test_voxels_that_are_no_ct_numbers_are_refused(values: np.ndarray, error: type[Exception]) -> None:
    with pytest.raises(error):
        make_scan(orient_image(values, np.eye(3), ORIGIN, axes=SUPINE_AXIAL), Path("a.nrrd"), "nrrd", StatedFacts())
