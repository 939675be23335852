"""Pictures of a result as Secondary Capture: for archives and viewers that take nothing newer.

One image an object, in colour, not compressed: the form that everything stores and shows.

Source: DICOM PS3.3 A.8.1 (Secondary Capture Image IOD), C.8.6 (its modules), C.7.6.1 (General Image).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from PIL import Image, UnidentifiedImageError
from pydicom.dataset import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from vascal.errors import InputError
from vascal.io.dicom_values import text_of
from vascal.io.objects.context import ObjectContext
from vascal.io.objects.envelope import HEART, MODALITIES, Kind, start_object, to_bytes
from vascal.io.objects.references import ImageReference, reference_of, to_item

OWN_PICTURE = "VASCAL"
"""Last value of Image Type: keeps the reader of films from grading its own results."""
LARGEST_PIXELS = 50_000_000
"""A larger picture is no picture of ours."""

Picture = UInt8[np.ndarray, "row column 3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """A picture to store.

    Parameters
    ----------
    png
        The picture, in any format that Pillow reads.
    description
        What it shows; Derivation Description and Image Comments.
    sources
        Images that it was drawn from; all of the context's unless given.
    names_patient
        Whether its pixels show who the patient is. vascal's own pictures do not.
    """

    png: bytes
    description: str
    sources: tuple[ImageReference, ...] = ()
    names_patient: bool = False


def capture_pictures(
    captures: Sequence[Capture], context: ObjectContext, *, series: str = "vascal pictures", body_part: str = HEART
) -> tuple[bytes, ...]:
    """Store pictures as Secondary Capture images of one series, in the order given.

    Parameters
    ----------
    captures
        The pictures.
    context
        Patient and study they belong to.
    series
        Series Description.
    body_part
        Body Part Examined.

    Raises
    ------
    InputError
        If a picture can not be read.
    """
    return tuple(
        to_bytes(
            _capture(
                one,
                context,
                Kind(
                    name="capture",
                    sop_class_uid=SecondaryCaptureImageStorage,
                    description=series[:64],
                    number=number,
                    body_part=body_part,
                ),
            )
        )
        for number, one in enumerate(captures, start=1)
    )


def refer_to_capture(context: ObjectContext, number: int) -> ImageReference:
    """Refer to the picture that `capture_pictures` stores under a number, from 1."""
    return ImageReference(
        sop_class_uid=SecondaryCaptureImageStorage,
        sop_instance_uid=context.instance_uid("capture", number),
        series_instance_uid=context.series_uid("capture"),
    )


def _capture(capture: Capture, context: ObjectContext, kind: Kind) -> Dataset:
    pixels = read_picture(capture.png)
    dataset = start_object(context, kind)
    dataset.ConversionType = "WSD"
    dataset.Modality = "CT" if text_of(context.sources[0], "Modality") == "CT" else MODALITIES["capture"]
    dataset.ImageType = ["DERIVED", "SECONDARY", "OTHER", OWN_PICTURE]
    dataset.BurnedInAnnotation = "YES" if capture.names_patient else "NO"
    dataset.PatientOrientation = ""
    dataset.DerivationDescription = capture.description
    dataset.ImageComments = capture.description
    chosen = capture.sources or tuple(reference_of(source) for source in context.sources)
    dataset.SourceImageSequence = [to_item(one) for one in chosen]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, "RGB", 0
    dataset.Rows, dataset.Columns = pixels.shape[0], pixels.shape[1]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 8, 8, 7, 0
    packed = pixels.tobytes()
    dataset.PixelData = packed + b"\0" * (len(packed) % 2)
    dataset["PixelData"].VR = "OB"
    return dataset


def read_picture(png: bytes) -> Picture:
    """Read a picture as red, green and blue.

    Raises
    ------
    InputError
        If it can not be read, or is larger than 50 megapixels.
    """
    try:
        with Image.open(io.BytesIO(png)) as image:
            if image.width * image.height > LARGEST_PIXELS:
                raise InputError(f"a picture of {image.width} x {image.height} pixels is too large")
            return np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise InputError("a picture can not be read") from error
