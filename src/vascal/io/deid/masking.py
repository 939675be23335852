"""Blacken what is written in pictures: found lines of text, and the empty border around a film."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
from jaxtyping import Bool, Shaped
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import (
    DigitalIntraOralXRayImageStorageForPresentation,
    DigitalIntraOralXRayImageStorageForProcessing,
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalMammographyXRayImageStorageForProcessing,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    ExplicitVRLittleEndian,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    MultiFrameSingleBitSecondaryCaptureImageStorage,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
)

from vascal.errors import UnsupportedImageError
from vascal.io.deid.drawn_text import Pixels, TextLine, find_drawn_text
from vascal.io.deid.frames import (
    StoredFrames,
    decode_frames,
    grey_frames,
    hides_bits,
    require_little_endian,
    values_of,
)
from vascal.io.dicom_values import text_of

Bands = tuple[int, int, int, int]
"""Depth of a border, pixels: top, bottom, left, right."""

NEEDS_BURNED_IN = (
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalMammographyXRayImageStorageForProcessing,
    DigitalIntraOralXRayImageStorageForPresentation,
    DigitalIntraOralXRayImageStorageForProcessing,
    MultiFrameSingleBitSecondaryCaptureImageStorage,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
)
"""Classes in which Burned In Annotation is of type 1 (PS3.3, C.8.11.3 and C.8.6.3)."""
ANNOTATED_SHARE = 0.25
"""Of a row of the border that letters may take."""
LONGEST_RUN = 0.05
"""Of a side: a longer run of other values is no letter, but the patient."""
DEEPEST = 0.25
"""Of a side; a border ends there at the latest."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MaskedPixels:
    """Pixels with what was blackened in them.

    Parameters
    ----------
    pixels
        (row, column), a copy.
    lines
        Lines of text that were covered.
    bands
        Rows or columns blackened at the top, bottom, left and right.
    """

    pixels: Shaped[np.ndarray, "row column"] = field(repr=False)
    lines: tuple[TextLine, ...]
    bands: Bands


def mask_borders(pixels: Pixels, *, fill: float, share: float = 0.0) -> MaskedPixels:
    """Blacken the empty border and all lines of drawn text in one picture.

    Parameters
    ----------
    pixels
        (row, column).
    fill
        Value that is shown black.
    share
        Of each side, 0 to 0.25: a border of at least this depth goes, whatever it shows.

    Notes
    -----
    The border is what lies outside the shutters: rows and columns of one value, but for a quarter or less in short
    runs. So writing in it goes, found or not, and so do markers that a machine drew there. Lead markers, L and R, lie
    in the exposed field and stay: one letter is no text.
    """
    lines = find_drawn_text(pixels)
    bands = _at_least(find_bands(pixels), pixels.shape, share)
    masked = pixels.copy()
    masked[_covered(pixels.shape[:2], lines, bands)] = fill
    return MaskedPixels(pixels=masked, lines=lines, bands=bands)


def _at_least(bands: Bands, shape: tuple[int, ...], share: float) -> Bands:
    rows, columns = (int(np.ceil(min(max(share, 0.0), DEEPEST) * side)) for side in shape)
    top, bottom, left, right = bands
    return max(top, rows), max(bottom, rows), max(left, columns), max(right, columns)


def find_bands(pixels: Pixels) -> Bands:
    """Find how deep the empty border is on each side; 0 where there is none."""
    return (_depth(pixels), _depth(pixels[::-1]), _depth(pixels.T), _depth(pixels.T[::-1]))


def _depth(pixels: Pixels) -> int:
    """Count the first rows that hold the value of the first row, but for letters."""
    seen = pixels[: int(DEEPEST * len(pixels))]
    if not seen.size:
        return 0
    values, counts = np.unique(seen[0], return_counts=True)
    other = seen != values[counts.argmax()]
    if counts.max() < 0.9 * seen.shape[1]:
        return 0
    is_border = (other.mean(axis=1) <= ANNOTATED_SHARE) & (_longest_runs(other) <= LONGEST_RUN * seen.shape[1])
    return int(len(is_border) if is_border.all() else is_border.argmin())


def _longest_runs(marked: Bool[np.ndarray, "row column"]) -> Shaped[np.ndarray, " row"]:
    """Give the length of the longest unbroken run of each row."""
    count = np.cumsum(marked, axis=1, dtype=np.int32)
    before = np.maximum.accumulate(np.where(marked, 0, count), axis=1)
    return np.asarray((count - before).max(axis=1))


def _covered(shape: tuple[int, ...], lines: Iterable[TextLine], bands: Bands) -> Bool[np.ndarray, "row column"]:
    """Mark what goes black: bands, and lines with half a letter above and below and one at the ends."""
    covered = np.zeros(shape, dtype=bool)
    for line in lines:
        across, along = (line.height + 1) // 2, line.height
        down, right = (across, along) if line.is_upright else (along, across)
        covered[max(0, line.top - down) : line.bottom + down, max(0, line.left - right) : line.right + right] = True
    top, bottom, left, right = bands
    covered[:top] = covered[shape[0] - bottom :] = True
    covered[:, :left] = covered[:, shape[1] - right :] = True
    return covered


def mask_text(dataset: Dataset, *, is_reviewed: bool = False) -> tuple[str, ...]:
    """Blacken text in all frames of a file, in place.

    Parameters
    ----------
    dataset
        The whole file. Compressed pixels become uncompressed, explicit VR little-endian.
    is_reviewed
        Whether a person looks at the result: Burned In Annotation becomes NO. Else it is removed, which says that
        nobody knows, or is YES where the class needs a value.

    Returns
    -------
    tuple of str
        What was done, in plain words.

    Raises
    ------
    PixelError
        If pixels can not be decoded, or are big-endian.
    UnsupportedImageError
        If the file says that text is burned in, and none is found.

    Notes
    -----
    Writing that is found in one frame is covered in all. The thumbnail goes, since it shows the picture as it was.

    References
    ----------
    DICOM PS3.15, E.3.1: cleaned pixels have Burned In Annotation NO, and may need a person's approval.
    """
    frames = decode_frames(dataset)
    require_little_endian(dataset)
    grey = grey_frames(dataset, frames)
    lines = tuple({line: None for picture in grey for line in find_drawn_text(picture)})
    bands = find_bands(grey[0]) if len(grey) == 1 else (0, 0, 0, 0)
    hidden = hides_bits(frames)
    if not lines and not hidden and text_of(dataset, "BurnedInAnnotation").upper() == "YES":
        raise UnsupportedImageError("it says that text is burned in, and none was found to blacken; look at it")
    _write_back(dataset, _blacken(dataset, frames, _covered(grey.shape[1:], lines, bands)))
    _describe(dataset, is_reviewed=is_reviewed)
    said = _say(lines, bands, hidden=hidden)
    return said if is_reviewed else (*said, "nobody has looked whether all text is gone")


def _blacken(dataset: Dataset, frames: StoredFrames, covered: Bool[np.ndarray, "row column"]) -> StoredFrames:
    words = frames.words.copy()
    words[:, covered] = _black(dataset, frames)
    if frames.unused and hides_bits(frames):
        plain = words.view(f"u{words.dtype.itemsize}")
        plain &= plain.dtype.type(~frames.unused & (2 ** (8 * words.dtype.itemsize) - 1))
    return StoredFrames(words=words, unused=frames.unused, is_signed=frames.is_signed)


def _black(dataset: Dataset, frames: StoredFrames) -> object:
    """Give the word that is shown darkest, of those in the picture."""
    if frames.words.ndim == 4:
        return 0
    photometric = text_of(dataset, "PhotometricInterpretation").upper()
    shade = values_of(frames)
    if photometric == "PALETTE COLOR":
        shade = apply_color_lut(shade, dataset).astype(np.int64).sum(axis=-1)
    darkest = shade.argmax() if photometric == "MONOCHROME1" else shade.argmin()
    return cast(object, frames.words.ravel()[darkest])


def _write_back(dataset: Dataset, frames: StoredFrames) -> None:
    words = frames.words
    content = words.astype(words.dtype.newbyteorder("<"), copy=False).tobytes()
    dataset.PixelData = content + b"\0" * (len(content) % 2)
    element = dataset["PixelData"]
    element.VR = "OW" if words.dtype.itemsize > 1 else "OB"
    element.is_undefined_length = False
    if words.ndim == 4:
        dataset.PhotometricInterpretation, dataset.PlanarConfiguration = "RGB", 0
    if dataset.file_meta.TransferSyntaxUID.is_compressed:
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.BitsAllocated = 8 * words.dtype.itemsize
        dataset.HighBit = dataset.BitsStored - 1


def _describe(dataset: Dataset, *, is_reviewed: bool) -> None:
    """Bring the header in line with the new pixels."""
    for stale in (
        "IconImageSequence", "SmallestImagePixelValue", "LargestImagePixelValue", "ExtendedOffsetTable",
        "ExtendedOffsetTableLengths", "PixelDataProviderURL",
    ):  # fmt: skip
        if stale in dataset:
            del dataset[stale]
    image_type = dataset.get("ImageType")
    if isinstance(image_type, (list, MultiValue)) and image_type:
        dataset.ImageType = ["DERIVED", *[str(one) for one in image_type[1:]]]
    if is_reviewed:
        dataset.BurnedInAnnotation = "NO"
    elif text_of(dataset, "SOPClassUID") in NEEDS_BURNED_IN:
        dataset.BurnedInAnnotation = "YES"
    elif "BurnedInAnnotation" in dataset:
        del dataset.BurnedInAnnotation


def _say(lines: Sequence[TextLine], bands: Bands, *, hidden: bool) -> tuple[str, ...]:
    said = [f"{len(lines)} line(s) of drawn letters were blackened"] if lines else []
    if any(bands):
        said.append(f"the empty border was blackened (top, bottom, left, right: {', '.join(map(str, bands))} pixels)")
    if hidden:
        said.append("bits above the stored ones were cleared")
    return tuple(said) or ("no text was found to blacken",)
