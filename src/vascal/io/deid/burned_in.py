"""Names and dates drawn into the pixels: which files may hold them.

The header says it, or the kind of image suggests it, or letters are seen. What the header says counts against an
image; that it says NO takes doubts about its kind away, but not what is seen.
Source: DICOM PS3.3, C.7.6.1 (Burned In Annotation, Image Type), C.8.6.1 (Conversion Type); PS3.15, E.3.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydicom.dataset import Dataset
from pydicom.uid import (
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    MultiFrameSingleBitSecondaryCaptureImageStorage,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

from vascal.errors import PixelError
from vascal.io.deid.drawn_text import find_drawn_text
from vascal.io.deid.frames import decode_frames, grey_frames, has_pixels, hides_bits
from vascal.io.deid.masking import MaskedPixels, mask_borders, mask_text
from vascal.io.dicom_values import text_of, texts_of

__all__ = ["BurnedIn", "MaskedPixels", "judge_burned_in", "mask_borders", "mask_text"]

Verdict = Literal["clear", "suspect", "burned"]

SECONDARY_CAPTURES = (
    SecondaryCaptureImageStorage,
    MultiFrameSingleBitSecondaryCaptureImageStorage,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
)
LABELS = (SegmentationStorage, "1.2.840.10008.5.1.4.1.1.66.7")
"""Masks of organs, the second as a label map: nobody writes into them, and their shapes are not looked at."""
WRITTEN_MODALITIES = ("OT", "US", "IVUS", "SC", "DOC", "XC", "ES", "GM", "OP", "DG", "TG", "HC", "BDUS", "FS")
"""Whose machines draw names into pictures, or may be anything."""
SLICED_MODALITIES = ("CT", "MR", "PT", "NM")
"""A SECONDARY image of these is mostly a reformat, without writing."""
SCREEN_WORDS = ("SCREEN", "SAVE", "CAPTURE", "PASTED", "REPORT", "DOSE")
"""Words of Image Type that say that a screen was copied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnedIn:
    """What header and pixels say of annotation in the picture.

    Parameters
    ----------
    verdict
        burned: the file says so, or text was found. suspect: a kind of image that often holds text, or one that can
        not be looked at. clear: neither.
    reasons
        Why, in plain words; they hold no value of the patient.
    """

    verdict: Verdict
    reasons: tuple[str, ...] = ()


def judge_burned_in(dataset: Dataset) -> BurnedIn:
    """Judge whether text is drawn into a file's pixels, by its header and by looking at all frames.

    Parameters
    ----------
    dataset
        The whole file.

    Returns
    -------
    BurnedIn
        Nothing raises: pixels that can not be decoded are a reason for suspicion.

    Notes
    -----
    ``clear`` does not promise that there is none: faint, slanted, handwritten and tiny writing is not found.
    """
    if not has_pixels(dataset) or text_of(dataset, "SOPClassUID") in LABELS:
        return BurnedIn(verdict="clear")
    burned = [*_said(dataset)]
    doubts = [*_doubts(dataset)]
    try:
        burned += _seen(dataset)
    except PixelError as error:
        doubts.append(f"its {error}, so nobody looked for text")
    verdict: Verdict = "burned" if burned else "suspect" if doubts else "clear"
    return BurnedIn(verdict=verdict, reasons=(*burned, *doubts))


def _said(dataset: Dataset) -> Iterator[str]:
    if text_of(dataset, "BurnedInAnnotation").upper() == "YES":
        yield "the file says that annotation is burned in"


def _doubts(dataset: Dataset) -> Iterator[str]:
    words = [word for value in texts_of(dataset, "ImageType") for word in value.upper().replace("_", " ").split()]
    if any(word.startswith(screen) for word in words for screen in SCREEN_WORDS):
        yield "its image type is that of a copied screen"
    if text_of(dataset, "BurnedInAnnotation").upper() != "NO":
        yield from _doubts_of_kind(dataset, words)


def _doubts_of_kind(dataset: Dataset, words: list[str]) -> Iterator[str]:
    modality = text_of(dataset, "Modality").upper()
    if text_of(dataset, "SOPClassUID") in SECONDARY_CAPTURES:
        yield "it is a secondary capture"
    if text_of(dataset, "ConversionType"):
        yield "it was converted from something else (Conversion Type)"
    if any(name in dataset for name in ("DateOfSecondaryCapture", "SecondaryCaptureDeviceManufacturer")):
        yield "a capturing device made it"
    if modality in WRITTEN_MODALITIES:
        yield f"images of modality {modality} often hold text"
    if "SECONDARY" in words and modality not in SLICED_MODALITIES:
        yield "its image type is SECONDARY"


def _seen(dataset: Dataset) -> Iterator[str]:
    frames = decode_frames(dataset)
    if hides_bits(frames):
        yield "bits above the stored ones are in use, as by an old overlay"
    found = [find_drawn_text(picture) for picture in grey_frames(dataset, frames)]
    lines = sum(map(len, found))
    if lines:
        where = "" if len(found) == 1 else f" in {sum(map(bool, found))} of {len(found)} frames"
        yield f"{lines} line(s) of drawn letters were found{where}"
