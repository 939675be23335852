"""Where a pixel's size comes from, and when it is not believed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.io.make_film import make_film
from vascal.errors import InputError
from vascal.io.film_spacing import Spacing, film_spacing, plain_spacing


def spacing(stated: float | None = None, **attributes: Any) -> Spacing:
    return film_spacing(make_film(**attributes), 2000, stated)


def test_a_detector_s_spacing_is_called_so() -> None:
    assert (spacing().mm, spacing().source) == ((0.2, 0.2), "imager-pixel-spacing")


@pytest.mark.parametrize(
    ("pixel", "kind", "source"),
    [
        ([0.17, 0.17], None, "pixel-spacing"),
        ([0.2, 0.2], None, "imager-pixel-spacing"),
        ([0.2, 0.2], "FIDUCIAL", "pixel-spacing"),
        ([0.2, 0.2], "GEOMETRY", "pixel-spacing"),
    ],
)
def test_pixel_spacing_counts_where_it_was_calibrated(pixel: list[float], kind: str | None, source: str) -> None:
    extra: dict[str, Any] = {} if kind is None else {"PixelSpacingCalibrationType": kind}

    found = spacing(PixelSpacing=pixel, **extra)

    assert (found.mm, found.source) == (tuple(pixel), source)


def test_pixel_spacing_alone_is_used_with_a_note() -> None:
    found = spacing(ImagerPixelSpacing=None, PixelSpacing=[0.3, 0.4])

    assert (found.mm, found.source) == ((0.3, 0.4), "pixel-spacing")
    assert "magnification" in found.notes[0]
    assert not spacing(ImagerPixelSpacing=None, PixelSpacing=[0.3, 0.4], PixelSpacingCalibrationType="FIDUCIAL").notes


def test_a_scanned_film_has_a_nominal_spacing() -> None:
    found = spacing(ImagerPixelSpacing=None, NominalScannedPixelSpacing=[0.1, 0.1])

    assert (found.mm, found.source) == ((0.1, 0.1), "nominal")


@pytest.mark.parametrize(("rows", "mm"), [(2000, 0.2), (8000, 0.1), (200, 1.0)])
def test_without_any_spacing_one_is_assumed_and_said(rows: int, mm: float) -> None:
    found = film_spacing(make_film(ImagerPixelSpacing=None), rows)

    assert (found.mm, found.source) == ((mm, mm), "assumed")
    assert "assumed" in found.notes[0]


@pytest.mark.parametrize("value", [[0.0, 0.2], [50.0, 50.0], [0.001, 0.001]])
def test_a_spacing_no_film_has_is_not_believed(value: list[float]) -> None:
    assert spacing(ImagerPixelSpacing=value).source == "assumed"


def test_pixels_that_are_not_square_stay_so() -> None:
    assert spacing(ImagerPixelSpacing=None, PixelAspectRatio=["3", "2"]).mm == pytest.approx((0.2, 0.2 / 1.5))
    assert spacing(0.1, ImagerPixelSpacing=[0.4, 0.2]).mm == pytest.approx((0.2, 0.1))
    assert spacing(ImagerPixelSpacing=None, PixelAspectRatio=["0", "2"]).mm == (0.2, 0.2)


def test_a_stated_spacing_outweighs_the_header_and_says_so() -> None:
    assert "the file says 0.2 mm" in spacing(0.15).notes[0]
    assert (spacing(0.15).mm, spacing(0.15).source) == ((0.15, 0.15), "stated")
    assert not spacing(0.201).notes
    assert not spacing(0.15, ImagerPixelSpacing=None).notes


def test_a_picture_s_resolution_has_limits() -> None:
    assert plain_spacing((254, 254)).mm == pytest.approx((0.1, 0.1))
    assert plain_spacing(None, 0.2).source == "stated"
    for dpi in (None, (0.0, 0.0), (72.0, 72.0), (40.0, 254.0), (600.0, 600.0)):
        with pytest.raises(InputError, match="--pixel-spacing"):
            plain_spacing(dpi)
    with pytest.raises(InputError, match=r"needed: 0\.02 to 2 mm"):
        plain_spacing(None, 3.0)
