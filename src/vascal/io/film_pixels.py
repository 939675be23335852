"""Stored values of a DICOM film as brightness: 0 black, 1 white, bone bright.

The steps are the standard's: modality LUT or rescale, then VOI LUT or window, then the
sense of the display. A detector's raw signal has no window; its logarithm is shown between percentiles.
Source: DICOM PS3.3, C.11.1 (Modality LUT), C.11.2 (VOI LUT), C.8.11.3 (DX Image), C.11.6 (Presentation LUT Shape).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
from jaxtyping import Bool, Float, Integer, Shaped
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array

from vascal.errors import PixelError, VascalError
from vascal.io.dicom_header import padding_range
from vascal.io.dicom_pixels import UNDECODABLE, keep_stored_bits
from vascal.io.dicom_values import integer_of, number_of, text_of, texts_of, value_of
from vascal.io.film_header import is_for_processing
from vascal.io.grey import GreyFilm, grey_of_colours, span_without_outliers
from vascal.study import StoredPixels

RAW_PERCENTILES = (0.5, 99.5)
RAW_FLOOR = 1e-4
"""Share of the brightest signal below which a raw pixel saw nothing: the logarithm needs an end."""

Values = Float[np.ndarray, "row column"]
Stored = Integer[np.ndarray, "row column"]
Mask = Bool[np.ndarray, "row column"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LookUpTable:
    """A table from input values to outputs.

    Parameters
    ----------
    first
        Input of the first entry; what is below gets the first, what is above the last.
    entries
        Outputs.
    bits
        Of an output.
    """

    first: int
    entries: Integer[np.ndarray, " entry"] = field(repr=False)
    bits: int

    def look_up(self, values: Values) -> Values:
        """Give the outputs of values, rounded to whole numbers."""
        index = np.clip(np.rint(values) - self.first, 0, len(self.entries) - 1).astype(np.intp)
        return np.asarray(self.entries[index], dtype=np.float64)


def read_brightness(dataset: Dataset) -> GreyFilm:
    """Decode a film and bring it to the brightness that its file asks for.

    Parameters
    ----------
    dataset
        The whole file.

    Returns
    -------
    GreyFilm
        (row, column), float32 in [0, 1], bone bright, and what a reader should know. Padding is black.

    Raises
    ------
    PixelError
        If pixels are cut short or can not be decoded, or all of them are the same.
    UnsupportedImageError
        If the picture is in colour.
    """
    try:
        if (integer_of(dataset, "SamplesPerPixel") or 1) > 1 or _photometric(dataset) == "PALETTE COLOR":
            return grey_of_colours(_decode_colours(dataset))
        stored = _decode(dataset)
        return display(dataset, stored)
    except VascalError:
        raise
    except UNDECODABLE as error:
        raise PixelError(f"pixels can not be decoded ({type(error).__name__})") from error


def _photometric(dataset: Dataset) -> str:
    return text_of(dataset, "PhotometricInterpretation").upper()


def _decode_colours(dataset: Dataset) -> Shaped[np.ndarray, "row column colour"]:
    if _photometric(dataset) == "PALETTE COLOR":
        colours = apply_color_lut(pixel_array(dataset, raw=True), dataset)
        return colours / (255.0 if colours.dtype.itemsize == 1 else 65535.0)
    colours = pixel_array(dataset)  # not raw: luminance and chrominance become red, green and blue
    bits = integer_of(dataset, "BitsStored") or 8
    return colours / float(2**bits - 1)


def _decode(dataset: Dataset) -> Stored:
    """Decode grey values, with what lies above the high bit taken away."""
    if "PixelData" not in dataset:
        raise PixelError("the file holds no whole-number pixels")
    layout = _layout(dataset)
    if dataset.file_meta.TransferSyntaxUID.is_compressed:  # what is coded is the value alone
        stored, layout = pixel_array(dataset, raw=True), replace(layout, high_bit=layout.bits_stored - 1)
    else:  # whole words: pydicom would take the lowest bits, wherever the high bit is
        stored = pixel_array(dataset, raw=True, bits_stored=layout.bits_allocated)
    rows, columns = integer_of(dataset, "Rows"), integer_of(dataset, "Columns")
    if stored.shape != (rows, columns):
        raise PixelError(f"decoded to {stored.shape}; needed: {rows} x {columns} rows and columns")
    return keep_stored_bits(stored.astype(stored.dtype.newbyteorder("="), copy=True), layout)


def _layout(dataset: Dataset) -> StoredPixels:
    allocated = integer_of(dataset, "BitsAllocated") or 0
    stored = integer_of(dataset, "BitsStored") or allocated
    high = integer_of(dataset, "HighBit")
    layout = StoredPixels(
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=stored - 1 if high is None else high,
        is_signed=integer_of(dataset, "PixelRepresentation") == 1,
    )
    if allocated not in (8, 16, 32) or not 1 <= stored <= layout.high_bit + 1 <= allocated:
        raise PixelError(
            f"{stored} bits stored below bit {layout.high_bit + 1} of {allocated} make no pixel; "
            "the header contradicts itself"
        )
    return layout


def display(dataset: Dataset, stored: Stored) -> GreyFilm:
    """Bring stored values to brightness.

    Parameters
    ----------
    dataset
        The header, with its tables.
    stored
        (row, column), as decoded.

    Raises
    ------
    PixelError
        If all pixels are padding, or the same.

    Notes
    -----
    MONOCHROME1 and Presentation LUT Shape INVERSE say the same thing; where both stand, the
    film is inverted once (PS3.3, C.8.11.3.1.2).
    """
    is_padding = _padding(dataset, stored)
    notes = [] if not is_padding.any() else ["declared padding is shown black"]
    seen = stored[~is_padding]
    if not seen.size or seen.min() == seen.max():
        raise PixelError("all pixels of the film have the same value; needed: a picture")
    values = modality_values(dataset, stored)
    if is_for_processing(dataset):
        shown, said = _show_raw(dataset, values, ~is_padding)
    else:
        shown, said = _show(dataset, values, ~is_padding)
        if _is_inverse(dataset):
            shown = 1 - shown
    shown[is_padding] = 0
    return GreyFilm(pixels=shown.astype(np.float32), notes=(*notes, *said, *_contradictions(dataset)))


def _padding(dataset: Dataset, stored: Stored) -> Mask:
    limits = padding_range(dataset)
    if limits is None:
        return np.zeros(stored.shape, dtype=bool)
    return np.asarray((stored >= limits[0]) & (stored <= limits[1]))


def _is_inverse(dataset: Dataset) -> bool:
    return _photometric(dataset) == "MONOCHROME1" or text_of(dataset, "PresentationLUTShape").upper() == "INVERSE"


def _contradictions(dataset: Dataset) -> tuple[str, ...]:
    shape = text_of(dataset, "PresentationLUTShape").upper()
    expected = "INVERSE" if _photometric(dataset) == "MONOCHROME1" else "IDENTITY"
    if shape in ("INVERSE", "IDENTITY") and shape != expected:
        return (f"the header contradicts itself: {_photometric(dataset)} with Presentation LUT Shape {shape}",)
    return ()


def modality_values(dataset: Dataset, stored: Stored) -> Values:
    """Apply the Modality LUT, or slope and intercept."""
    table = _table(dataset, "ModalityLUTSequence")
    values = stored.astype(np.float64)
    if table is not None:
        return table.look_up(values)
    slope, intercept = number_of(dataset, "RescaleSlope"), number_of(dataset, "RescaleIntercept")
    return values * (slope or 1.0) + (intercept or 0.0)


def _table(dataset: Dataset, keyword: str) -> LookUpTable | None:
    """Read the first table of a sequence; None if there is none or it is malformed.

    Descriptor and data may have come as signed, unsigned or plain bytes, and 65536
    entries are written as 0 (PS3.3, C.11.1.1.1).
    """
    items = value_of(dataset, keyword)
    if not isinstance(items, Sequence) or not items:
        return None
    item = cast(Dataset, items[0])
    descriptor, data = value_of(item, "LUTDescriptor"), value_of(item, "LUTData")
    if not isinstance(descriptor, Sequence) or len(descriptor) != 3 or data is None:
        return None
    count, first, bits = (int(cast(Any, one)) for one in descriptor)
    entries = _entries(data, (count & 0xFFFF) or 65536)
    if entries.size < 2 or not 1 <= bits <= 16:
        return None
    if first > 32767 and integer_of(dataset, "PixelRepresentation") == 1:
        first -= 65536
    return LookUpTable(first=first, entries=entries, bits=bits)


def _entries(data: object, count: int) -> Integer[np.ndarray, " entry"]:
    if isinstance(data, bytes):
        kind = "<u2" if len(data) >= 2 * count else "u1"  # 8-bit entries may be packed
        return np.frombuffer(data, dtype=kind)[:count].astype(np.int64)
    return np.asarray(data, dtype=np.int64)[:count] & 0xFFFF


def _show(dataset: Dataset, values: Values, is_seen: Mask) -> tuple[Values, tuple[str, ...]]:
    """Show an image that is meant to be looked at: table, window, or its full range."""
    table = _table(dataset, "VOILUTSequence")
    if table is not None:
        shown = table.look_up(values) / (2**table.bits - 1)
        return _unless_flat(np.clip(shown, 0, 1), dataset, values, is_seen, ())
    window, said = _window(dataset)
    if window is None:
        return _full_range(dataset, values, is_seen, said)
    function = text_of(dataset, "VOILUTFunction").upper() or "LINEAR"
    return _unless_flat(apply_window(values, *window, function), dataset, values, is_seen, said)


def _unless_flat(
    shown: Values, dataset: Dataset, values: Values, is_seen: Mask, said: tuple[str, ...]
) -> tuple[Values, tuple[str, ...]]:
    """Keep what a window or table shows, unless it shows nothing."""
    seen = shown[is_seen]
    if float(np.percentile(seen, 99) - np.percentile(seen, 1)) > 0.01:
        return shown, said
    return _full_range(dataset, values, is_seen, (*said, "the window of the file shows nothing and is not used"))


def _window(dataset: Dataset) -> tuple[tuple[float, float] | None, tuple[str, ...]]:
    centers, widths = _numbers(dataset, "WindowCenter"), _numbers(dataset, "WindowWidth")
    if not centers or not widths:
        return None, ()
    said = (f"the file offers {len(centers)} windows; the first is used",) if len(centers) > 1 else ()
    function = text_of(dataset, "VOILUTFunction").upper() or "LINEAR"
    least = 1.0 if function == "LINEAR" else 0.0
    if widths[0] < least or (widths[0] == 0):
        return None, (f"a window of width {widths[0]:g} can not be used",)
    return (centers[0], widths[0]), said


def _numbers(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    try:
        values = tuple(float(one) for one in texts_of(dataset, keyword))
    except ValueError:
        return ()
    return values if np.isfinite(values).all() else ()


def apply_window(values: Values, center: float, width: float, function: str = "LINEAR") -> Values:
    """Show values through a window.

    Parameters
    ----------
    values
        (row, column).
    center, width
        Window Center and Width, in the same units.
    function
        VOI LUT Function: LINEAR, LINEAR_EXACT or SIGMOID. Any other is taken as LINEAR.

    Returns
    -------
    ndarray
        0 to 1.

    Notes
    -----
    LINEAR reaches from center - 0.5 - (width - 1) / 2 to center - 0.5 + (width - 1) / 2; a
    width of 1 is a threshold.

    References
    ----------
    DICOM PS3.3, C.11.2.1.2.1 and C.11.2.1.3.
    """
    if function == "SIGMOID":
        return np.asarray(1 / (1 + np.exp(np.clip(-4 * (values - center) / width, -700, 700))))
    if function == "LINEAR_EXACT":
        return np.asarray(np.clip((values - center) / width + 0.5, 0, 1))
    if width == 1:
        return np.asarray(values > center - 0.5, dtype=np.float64)
    return np.asarray(np.clip((values - (center - 0.5)) / (width - 1) + 0.5, 0, 1))


def _full_range(
    dataset: Dataset, values: Values, is_seen: Mask, said: tuple[str, ...]
) -> tuple[Values, tuple[str, ...]]:
    """Show all there is: the whole scale of 8 bits, or else from the lowest value to the highest."""
    if (integer_of(dataset, "BitsStored") or 16) <= 8 and number_of(dataset, "RescaleSlope") in (None, 1.0):
        low = -128.0 if integer_of(dataset, "PixelRepresentation") == 1 else 0.0
        low += number_of(dataset, "RescaleIntercept") or 0.0
        return np.clip((values - low) / 255.0, 0, 1), said
    low, high, note = span_without_outliers(values[is_seen])
    return np.clip((values - low) / (high - low), 0, 1), (*said, "the file gives no window: the full range", *note)


def _show_raw(dataset: Dataset, values: Values, is_seen: Mask) -> tuple[Values, tuple[str, ...]]:
    """Show a detector's signal: the logarithm of what was absorbed, between percentiles."""
    relation = text_of(dataset, "PixelIntensityRelationship").upper()
    weakens = _falls_with_exposure(dataset)
    seen = values[is_seen]
    if relation == "LIN":
        signal = values.max() - values if weakens else values - min(0.0, float(seen.min()))
        strongest = float(np.percentile(signal[is_seen], 99.9)) or 1.0
        absorbed = -np.log(np.maximum(signal / strongest, RAW_FLOOR))
        how = "its negative logarithm"
    else:
        absorbed, how = (values if weakens else -values), "it"
    low, high = (float(one) for one in np.percentile(absorbed[is_seen], RAW_PERCENTILES))
    if high <= low:
        low, high = float(absorbed[is_seen].min()), float(absorbed[is_seen].max())
    note = f"a detector's signal (for processing): {how} is shown between percentiles"
    return np.clip((absorbed - low) / max(high - low, 1e-12), 0, 1), (note,)


def _falls_with_exposure(dataset: Dataset) -> bool:
    """Tell whether a raw pixel is lower where more X-rays came through.

    Pixel Intensity Relationship Sign says it; where it is silent, the sense of the
    display does, since films show few X-rays bright.
    """
    sign = integer_of(dataset, "PixelIntensityRelationshipSign")
    return sign == -1 if sign in (-1, 1) else _photometric(dataset) != "MONOCHROME1"
