"""References from result objects to images, as items of sequences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.uid import UID

from vascal.errors import InputError
from vascal.io.dicom_values import text_of
from vascal.io.objects.context import ObjectContext
from vascal.study import Series


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReference:
    """An image that another object refers to.

    Parameters
    ----------
    sop_class_uid, sop_instance_uid, series_instance_uid
        The image.
    frames
        Frames of a multi-frame image, from 1; empty for all of it.
    """

    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str
    frames: tuple[int, ...] = ()


def reference_of(source: Dataset, frames: tuple[int, ...] = ()) -> ImageReference:
    """Refer to an image by its header."""
    return ImageReference(
        sop_class_uid=text_of(source, "SOPClassUID"),
        sop_instance_uid=text_of(source, "SOPInstanceUID"),
        series_instance_uid=text_of(source, "SeriesInstanceUID"),
        frames=frames,
    )


def refer_to_slices(series: Series, slices: Iterable[int], context: ObjectContext) -> list[ImageReference]:
    """Refer to slices of a series, by their index on its grid: to files, or to frames of a multi-frame image.

    Raises
    ------
    InputError
        If a slice is not among the context's sources.
    """
    sources = {text_of(source, "SOPInstanceUID"): source for source in context.sources}
    found = []
    for image in (series.images[k] for k in slices):
        if image.sop_instance_uid not in sources:
            raise InputError("a slice is not among the DICOM images given")
        frames = () if image.frame is None else (image.frame + 1,)
        found.append(reference_of(sources[image.sop_instance_uid], frames))
    return found


def to_item(reference: ImageReference) -> Dataset:
    """Make the item of a reference sequence (PS3.3 10.3, SOP Instance Reference Macro)."""
    item = Dataset()
    item.ReferencedSOPClassUID = UID(reference.sop_class_uid)
    item.ReferencedSOPInstanceUID = UID(reference.sop_instance_uid)
    if reference.frames:
        item.ReferencedFrameNumber = list(reference.frames) if len(reference.frames) > 1 else reference.frames[0]
    return item


def refer_to_sources(context: ObjectContext) -> list[Dataset]:
    """Refer to every source image."""
    return [to_item(reference_of(source)) for source in context.sources]


def evidence_of(context: ObjectContext, references: Sequence[ImageReference]) -> list[Dataset]:
    """List referenced images by study and series, each once (PS3.3 C.17.2.1, Hierarchical SOP Instance Reference)."""
    study = Dataset()
    study.StudyInstanceUID = UID(text_of(context.sources[0], "StudyInstanceUID"))
    study.ReferencedSeriesSequence = [
        _series_item(uid, [one for one in references if one.series_instance_uid == uid])
        for uid in dict.fromkeys(one.series_instance_uid for one in references)
    ]
    return [study]


def _series_item(uid: str, references: Iterable[ImageReference]) -> Dataset:
    item = Dataset()
    item.SeriesInstanceUID = UID(uid)
    by_image = {one.sop_instance_uid: one for one in references}
    item.ReferencedSOPSequence = [
        to_item(ImageReference(sop_class_uid=one.sop_class_uid, sop_instance_uid=name, series_instance_uid=uid))
        for name, one in by_image.items()
    ]
    return item
