"""PNG, JPEG and TIFF of every depth and sense as brightness."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.io.make_film import ramp
from vascal.errors import PixelError, UnsupportedImageError
from vascal.io.plain_film import plain_format, read_plain_header, read_plain_pixels

GREY = ramp(top=255).astype(np.uint8)
DEEP = ramp(top=4000)


def saved(image: Image.Image, kind: str, **options: Any) -> io.BytesIO:
    stream = io.BytesIO()
    image.save(stream, format=kind, **options)
    stream.seek(0)
    return stream


def read(image: Image.Image, kind: str, **options: Any) -> np.ndarray:
    return read_plain_pixels(saved(image, kind, **options)).pixels


@pytest.mark.parametrize(("kind", "name"), [("PNG", "png"), ("JPEG", "jpeg"), ("TIFF", "tiff")])
def test_eight_bits_are_shown_on_their_whole_scale(kind: str, name: str) -> None:
    half = (GREY // 2).astype(np.uint8)
    stream = saved(Image.fromarray(half), kind)

    assert plain_format(stream.getvalue()[:8]) == name
    header = read_plain_header(stream)
    assert (header.source_format, header.shape, header.bits) == (name, (80, 64), 8)
    assert np.allclose(read(Image.fromarray(half), kind), half / 255, atol=0.02 if kind == "JPEG" else 1e-6)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_shown_from_lowest_to_highest(kind: str) -> None:
    assert np.allclose(read(Image.fromarray(DEEP), kind), DEEP / 4000, atol=1e-6)
    assert read_plain_header(saved(Image.fromarray(DEEP), kind)).bits == 16


def test_min_is_white_is_turned_once_at_either_depth() -> None:
    inverted = {262: 0}

    deep = read(Image.fromarray(DEEP), "TIFF", tiffinfo=inverted)
    grey = read(Image.fromarray(GREY), "TIFF", tiffinfo=inverted)

    assert np.allclose(deep, 1 - DEEP / 4000, atol=1e-6)
    assert np.allclose(grey, GREY / 255, atol=1e-6)  # Pillow turns values when it writes, and back when it reads


def test_colours_alpha_and_palettes_become_grey() -> None:
    grey = Image.fromarray(GREY)

    for kind, image in (("PNG", grey.convert("RGB")), ("PNG", grey.convert("P")), ("PNG", grey.convert("RGBA"))):
        assert np.allclose(read(image, kind), GREY / 255, atol=1e-6)
    layered = Image.merge("LA", (grey, Image.fromarray((GREY > 100).astype(np.uint8) * 255)))
    assert np.allclose(read(layered, "PNG"), np.where(GREY > 100, GREY, 0) / 255, atol=1e-6)


def test_one_bit_is_black_and_white() -> None:
    assert set(np.unique(read(Image.fromarray(GREY > 100), "PNG")).tolist()) == {0.0, 1.0}


def test_a_camera_s_turn_is_undone() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stream = saved(Image.fromarray(GREY), "JPEG", exif=exif)

    assert read_plain_header(stream).shape == (64, 80)
    stream.seek(0)
    assert np.allclose(read_plain_pixels(stream).pixels, np.rot90(GREY, -1) / 255, atol=0.03)


def test_colour_pictures_and_several_pages_are_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(UnsupportedImageError, match="coloured"):
        read(Image.fromarray(rng.integers(0, 255, (80, 64, 3)).astype(np.uint8)), "PNG")
    page = Image.fromarray(GREY)
    with pytest.raises(UnsupportedImageError, match="several pages"):
        read(page, "TIFF", save_all=True, append_images=[page])


@pytest.mark.parametrize("value", [0, 255])
def test_a_picture_of_one_value_is_refused(value: int) -> None:
    for pixels in (np.full((80, 64), value, np.uint8), np.full((80, 64), value, np.uint16)):
        with pytest.raises(PixelError, match="same value"):
            read(Image.fromarray(pixels), "PNG")


def test_values_that_are_no_numbers_are_refused() -> None:
    values = DEEP.astype(np.float32)
    assert np.allclose(read(Image.fromarray(values), "TIFF"), DEEP / 4000, atol=1e-6)
    values[3, 3] = np.nan
    with pytest.raises(PixelError, match="not numbers"):
        read(Image.fromarray(values), "TIFF")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_a_picture_that_is_cut_short_is_refused(kind: str) -> None:
    rng = np.random.default_rng(0)
    whole = saved(Image.fromarray(rng.integers(0, 255, (80, 64)).astype(np.uint8)), kind).getvalue()
    for share in (0.02, 0.5):
        with pytest.raises(PixelError, match="can not be read"):
            read_plain_pixels(io.BytesIO(whole[: int(len(whole) * share)]))


def test_tiny_and_gigantic_pictures_are_refused() -> None:
    with pytest.raises(PixelError, match="1 x 1 pixels"):
        read(Image.fromarray(GREY[:1, :1]), "PNG")
    with pytest.raises(PixelError, match="17000 pixels claimed"):
        read(Image.new("L", (17000, 70)), "PNG")


def test_other_files_are_no_pictures() -> None:
    assert plain_format(b"GIF89a..") is None
