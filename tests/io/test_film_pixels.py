"""Stored values to brightness: windows, tables, senses, padding, raw signals, colours; windows against pydicom."""

from __future__ import annotations

from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.pixels.processing import apply_windowing

from tests.io.make_film import make_film, ramp
from vascal.errors import PixelError, UnsupportedImageError
from vascal.io.film_pixels import apply_window, read_brightness
from vascal.io.grey import grey_of_colours, require_contrast, span_without_outliers

STORED = ramp()
FULL = STORED / 4095


def shown(pixels: np.ndarray | None = None, **attributes: Any) -> np.ndarray:
    return read_brightness(make_film(pixels, **attributes)).pixels


def notes(pixels: np.ndarray | None = None, **attributes: Any) -> str:
    return "; ".join(read_brightness(make_film(pixels, **attributes)).notes)


def table(first: int, entries: np.ndarray, bits: int = 16, *, as_bytes: bool = True) -> list[pydicom.Dataset]:
    item = pydicom.Dataset()
    item.add_new("LUTDescriptor", "US", [len(entries) % 65536, first, bits])
    if as_bytes:
        item.add_new("LUTData", "OW", entries.astype("<u2").tobytes())
    else:
        item.add_new("LUTData", "US", entries.tolist())
    return [item]


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_windows_agree_with_pydicom(function: str) -> None:
    ds = make_film(WindowCenter="1500", WindowWidth="900", VOILUTFunction=function)

    expected = apply_windowing(STORED, ds) / 4095

    assert np.allclose(read_brightness(ds).pixels, expected, atol=1e-6)


def test_a_window_by_hand() -> None:
    values = np.array([[0.0, 99.5, 100.0, 100.5, 200.0]])

    assert np.allclose(apply_window(values, 100.5, 2), [[0, 0, 0.5, 1, 1]])
    assert np.allclose(apply_window(values, 100, 1), [[0, 0, 1, 1, 1]])
    assert np.allclose(apply_window(values, 100, 200, "LINEAR_EXACT"), [[0, 0.4975, 0.5, 0.5025, 1]])
    assert apply_window(values, 100, 50, "SIGMOID")[0, 2] == 0.5


@given(st.floats(-5000, 5000), st.floats(1.0, 9000), st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"]))
def test_a_window_never_turns_values_round_and_stays_in_range(center: float, width: float, function: str) -> None:
    out = apply_window(np.linspace(-4000, 4000, 50)[None], center, width, function)

    assert out.min() >= 0
    assert out.max() <= 1
    assert np.all(np.diff(out) >= 0)


def test_the_first_of_several_windows_is_used() -> None:
    both: dict[str, Any] = {"WindowCenter": ["1000", "2000"], "WindowWidth": ["500", "4000"]}

    assert np.array_equal(shown(**both), shown(WindowCenter="1000", WindowWidth="500"))
    assert "2 windows" in notes(**both)


@pytest.mark.parametrize(
    ("window", "words"),
    [
        ({"WindowCenter": "90000", "WindowWidth": "10"}, "shows nothing"),
        ({"WindowCenter": "100", "WindowWidth": "0"}, "width 0"),
        ({"WindowCenter": "100", "WindowWidth": "0", "VOILUTFunction": "SIGMOID"}, "width 0"),
        ({"WindowCenter": "100"}, "no window"),
    ],
)
def test_a_window_that_can_not_be_used_is_left_out(window: dict[str, Any], words: str) -> None:
    assert np.allclose(shown(**window), FULL, atol=1e-6)
    assert words in notes(**window)


@pytest.mark.parametrize(
    ("photometric", "shape", "is_inverted"),
    [
        ("MONOCHROME2", None, False),
        ("MONOCHROME1", None, True),
        ("MONOCHROME2", "IDENTITY", False),
        ("MONOCHROME1", "INVERSE", True),
        ("MONOCHROME2", "INVERSE", True),
        ("MONOCHROME1", "IDENTITY", True),
    ],
)
def test_films_are_inverted_once(photometric: str, shape: str | None, is_inverted: bool) -> None:
    extra: dict[str, Any] = {} if shape is None else {"PresentationLUTShape": shape}

    out = shown(PhotometricInterpretation=photometric, **extra)

    assert np.allclose(out, 1 - FULL if is_inverted else FULL, atol=1e-6)
    contradicts = (photometric, shape) in (("MONOCHROME2", "INVERSE"), ("MONOCHROME1", "IDENTITY"))
    assert ("contradicts" in notes(PhotometricInterpretation=photometric, **extra)) is contradicts


@pytest.mark.parametrize("as_bytes", [True, False])
def test_a_voi_table_outweighs_a_window(as_bytes: bool) -> None:
    entries = (np.sqrt(np.linspace(0, 1, 4096)) * 65535).astype(np.uint16)

    out = shown(VOILUTSequence=table(0, entries, as_bytes=as_bytes), WindowCenter="3", WindowWidth="2")

    assert np.allclose(out, np.sqrt(FULL), atol=2e-5)


def test_what_lies_outside_a_table_gets_its_ends() -> None:
    entries = np.linspace(0, 4095, 1000).astype(np.uint16)

    out = shown(VOILUTSequence=table(1000, entries, bits=12))

    assert np.all(out[STORED < 1000] == 0)
    assert np.allclose(out[STORED > 2000], 1)


def test_a_table_of_eight_bits_takes_twelve_bits_in() -> None:
    item = pydicom.Dataset()
    item.add_new("LUTDescriptor", "US", [4096, 0, 8])
    item.add_new("LUTData", "OW", np.linspace(0, 255, 4096).astype(np.uint8).tobytes())

    assert np.allclose(shown(VOILUTSequence=[item]), FULL, atol=1 / 250)


def test_a_table_of_65536_entries_says_0() -> None:
    out = shown(VOILUTSequence=table(0, np.minimum(np.arange(65536) * 16, 65535)))

    assert np.allclose(out, STORED * 16 / 65535, atol=1e-6)


def test_a_table_s_first_value_is_signed_where_pixels_are() -> None:
    signed = (STORED.astype(np.int32) - 2048).astype(np.int16)
    entries = np.linspace(0, 65535, 4096).astype(np.uint16)

    out = shown(signed, VOILUTSequence=table(65536 - 2048, entries))

    assert np.allclose(out, FULL, atol=2e-5)


@pytest.mark.parametrize("bits", [0, 40])
def test_a_malformed_table_is_left_out(bits: int) -> None:
    assert np.allclose(shown(VOILUTSequence=table(0, np.arange(100), bits=bits)), FULL, atol=1e-6)
    broken = pydicom.Dataset()
    broken.add_new("LUTData", "OW", b"\0\0")
    assert np.allclose(shown(VOILUTSequence=[broken]), FULL, atol=1e-6)


def test_rescale_and_modality_table_come_before_the_window() -> None:
    window: dict[str, Any] = {"WindowCenter": "3000", "WindowWidth": "2000", "VOILUTFunction": "LINEAR_EXACT"}

    out = shown(RescaleSlope="2", RescaleIntercept="-1000", **window)

    assert np.allclose(out, np.clip((STORED * 2.0 - 1000 - 2000) / 2000, 0, 1), atol=1e-6)
    doubled = np.minimum(np.arange(4096) * 2, 65535)
    out = shown(ModalityLUTSequence=table(0, doubled), WindowCenter="4000", WindowWidth="8000")
    assert np.allclose(out, apply_window(STORED * 2.0, 4000, 8000), atol=1e-6)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_every_depth_has_its_full_range(bits: int) -> None:
    top = 2**bits - 1
    pixels = ramp(top=top).astype(np.uint8 if bits == 8 else np.uint16)

    out = shown(pixels, BitsStored=bits, HighBit=bits - 1)

    assert np.allclose(out, ramp(top=top) / top, atol=1e-6)


def test_eight_bits_keep_their_whole_scale() -> None:
    pixels = (ramp(top=100) + 50).astype(np.uint8)

    assert np.allclose(shown(pixels), pixels / 255, atol=1e-6)
    assert np.allclose(shown((pixels - 100).astype(np.int8)), (pixels - 100.0 + 128) / 255, atol=0.6)


def test_bits_above_the_high_bit_are_no_part_of_a_value() -> None:
    overlay = STORED | np.uint16(0x8000)

    assert np.allclose(shown(overlay), FULL, atol=1e-6)


def test_values_that_stand_higher_in_their_word_are_shifted_down() -> None:
    assert np.allclose(shown(STORED << 4, HighBit=15), FULL, atol=1e-6)


def test_signed_values_are_signed() -> None:
    signed = (STORED.astype(np.int32) - 2048).astype(np.int16)

    assert np.allclose(shown(signed, WindowCenter="0", WindowWidth="4096"), FULL, atol=1e-3)


def test_padding_is_black_and_does_not_count_for_the_range() -> None:
    pixels = ramp(top=1000)
    pixels[:10] = 4095

    out = shown(pixels, PixelPaddingValue=4095, PhotometricInterpretation="MONOCHROME1")

    assert np.all(out[:10] == 0)
    assert (out[10:].min(), out[10:].max()) == (0, 1)
    ranged = shown(pixels, PixelPaddingValue=4000, PixelPaddingRangeLimit=4095)
    assert np.all(ranged[:10] == 0)


def test_a_film_of_nothing_but_padding_or_one_value_is_refused() -> None:
    flat = np.full((80, 64), 7, dtype=np.uint16)
    for extra in ({}, {"PixelPaddingValue": 7}):
        with pytest.raises(PixelError, match="same value"):
            shown(flat, **extra)


def test_lettering_far_brighter_than_the_film_does_not_darken_it() -> None:
    pixels = ramp(top=900)
    pixels[0, :2] = 4095

    assert float(np.median(shown(pixels))) > 0.4
    assert "far outside" in notes(pixels)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_linear_raw_signal_is_shown_as_its_negative_logarithm(sign: int) -> None:
    absorbed = np.linspace(0, 4, STORED.size).reshape(STORED.shape)
    signal = np.exp(-absorbed) * 4000
    signal[-1, -1] = 0
    pixels = np.rint(signal if sign == 1 else 4000 - signal).astype(np.uint16)
    raw: dict[str, Any] = {
        "PresentationIntentType": "FOR PROCESSING",
        "PixelIntensityRelationship": "LIN",
        "PixelIntensityRelationshipSign": sign,
    }

    out = shown(pixels, **raw)

    assert np.allclose(out, np.clip((absorbed / 4 - 0.005) / 0.99, 0, 1), atol=0.02)
    assert "negative logarithm" in notes(pixels, **raw)


@pytest.mark.parametrize(
    ("sign", "photometric", "is_bright_high"),
    [(-1, "MONOCHROME1", True), (1, "MONOCHROME2", False), (None, "MONOCHROME2", True), (None, "MONOCHROME1", False)],
)
def test_a_logarithmic_raw_signal_is_shown_bone_bright(
    sign: int | None, photometric: str, is_bright_high: bool
) -> None:
    extra: dict[str, Any] = {} if sign is None else {"PixelIntensityRelationshipSign": sign}

    out = shown(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.1.1.1", PhotometricInterpretation=photometric,
        PixelIntensityRelationship="LOG", **extra,
    )  # fmt: skip

    assert (out[0, 0], out[-1, -1]) == ((0, 1) if is_bright_high else (1, 0))


def test_a_raw_signal_of_nearly_one_value_still_shows_what_there_is() -> None:
    pixels = np.full((80, 64), 100, dtype=np.uint16)
    pixels[0, 0] = 50

    out = shown(pixels, PresentationIntentType="FOR PROCESSING", PixelIntensityRelationship="LOG")

    assert (out.min(), out.max()) == (0, 1)


def test_grey_in_colours_is_grey() -> None:
    grey = (STORED >> 4).astype(np.uint8)
    colours = np.repeat(grey[..., None], 3, axis=2)

    out = shown(colours, modality="OT", PhotometricInterpretation="RGB")
    chroma = np.stack([grey, np.full_like(grey, 128), np.full_like(grey, 128)], axis=2)

    assert np.allclose(out, grey / 255, atol=1e-6)
    assert np.allclose(shown(chroma, PhotometricInterpretation="YBR_FULL"), grey / 255, atol=1.1 / 255)


def test_a_palette_is_looked_up() -> None:
    pixels = (STORED >> 4).astype(np.uint8)
    ds = make_film(pixels, PhotometricInterpretation="PALETTE COLOR")
    half = np.arange(256).astype("<u2") * 128
    for colour in ("Red", "Green", "Blue"):
        ds.add_new(f"{colour}PaletteColorLookupTableDescriptor", "US", [256, 0, 16])
        ds.add_new(f"{colour}PaletteColorLookupTableData", "OW", half.tobytes())

    assert np.allclose(read_brightness(ds).pixels, pixels * 128.0 / 65535, atol=1e-4)


def test_coloured_lettering_on_a_grey_film_passes_and_a_colour_picture_does_not() -> None:
    colours = np.repeat((STORED / 4095)[..., None], 3, axis=2)
    colours[:2, :10] = (1, 0, 0)
    assert "lettering" in "".join(grey_of_colours(colours).notes)

    colours[:20] = (1, 0, 0)
    with pytest.raises(UnsupportedImageError, match="25% of the picture is coloured"):
        grey_of_colours(colours)
    with pytest.raises(PixelError, match="4 channels"):
        grey_of_colours(np.zeros((8, 8, 4)))


def test_values_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(PixelError, match="not numbers"):
        require_contrast(np.array([[np.nan, 1.0]]))
    assert span_without_outliers(np.arange(1000.0)) == (0.0, 999.0, ())


@pytest.mark.parametrize(
    "attributes",
    [{"BitsStored": 14, "HighBit": 11}, {"BitsAllocated": 12}, {"PixelData": None}, {"Rows": 81}],
)
def test_pixels_that_contradict_the_header_are_refused(attributes: dict[str, Any]) -> None:
    with pytest.raises(PixelError):
        shown(**attributes)


def test_a_window_that_is_misspelt_is_as_none() -> None:
    ds = make_film()
    raw = pydicom.dataelem.RawDataElement(pydicom.tag.Tag("WindowCenter"), "DS", 4, b"1,5 ", 0, False, True)
    ds._dict[raw.tag] = raw
    ds.WindowWidth = "100"

    assert np.allclose(read_brightness(ds).pixels, FULL, atol=1e-6)
