"""What surrounds the content of a structured report: patient, equipment, references, and how far it may be trusted.

A report is never verified here: a person does that, on the system that stores it.
Source: DICOM PS3.3 A.35.13 (Comprehensive 3D SR), C.17.2 (SR Document General), C.12.1 (SOP Common).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import Comprehensive3DSRStorage

from vascal.errors import InputError
from vascal.io.dicom_values import text_of
from vascal.io.objects.context import MANUFACTURER, ObjectContext, make_uid
from vascal.io.objects.envelope import MODEL, Kind, describe_scheme, start_object, to_bytes
from vascal.io.objects.references import ImageReference, evidence_of, reference_of
from vascal.io.objects.segments import SegReference

LONGEST_SHORT_TEXT = 64
"""Characters of a long string (LO)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a report may be trusted, as its header says it.

    Parameters
    ----------
    is_complete
        Whether the total may be quoted.
    why
        What forbids to quote it.
    """

    is_complete: bool
    why: tuple[str, ...] = ()


def require_sources(context: ObjectContext, saved: Mapping[str, Any]) -> None:
    """Refuse to report a score on other images than those it was measured on.

    Raises
    ------
    InputError
        If an image is not among those that `score.json` names.
    """
    measured = set(saved["provenance"]["source_uids"])
    others = [source for source in context.sources if text_of(source, "SOPInstanceUID") not in measured]
    if others:
        raise InputError(
            f"{len(others)} of {len(context.sources)} images are not those of the score; needed: the images it names"
        )


def device_uid(saved: Mapping[str, Any]) -> str:
    """Give the UID of this software with these weights, the same wherever it runs."""
    made_by = saved["provenance"]
    return make_uid("vascal device", made_by["version"], made_by["finder"] or "")


def write_report(
    context: ObjectContext,
    content: Dataset,
    *,
    description: str,
    standing: Standing,
    device: str,
    segmentation: SegReference | None = None,
) -> bytes:
    """Put content into a document.

    Parameters
    ----------
    context
        The images it is about.
    content
        Root of the content tree.
    description
        Series Description.
    standing
        Complete, or partial and why.
    device
        UID of what observed.
    segmentation
        That it points to.
    """
    kind = Kind(
        name="sr",
        sop_class_uid=Comprehensive3DSRStorage,
        description=description,
        refers_to=segmentation.sop_instance_uid if segmentation else "",
    )
    document = start_object(context, kind)
    document.update(content)
    describe_scheme(document)
    document.ReferencedPerformedProcedureStepSequence = Sequence()
    _declare(document, standing)
    document.AuthorObserverSequence = Sequence([_name_author(device)])
    document.CurrentRequestedProcedureEvidenceSequence = _list_evidence(context, segmentation)
    return to_bytes(document)


def _declare(document: Dataset, standing: Standing) -> None:
    document.VerificationFlag, document.PreliminaryFlag = "UNVERIFIED", "PRELIMINARY"
    document.CompletionFlag = "COMPLETE" if standing.is_complete else "PARTIAL"
    if not standing.is_complete:
        reason = f"Total must not be quoted: {', '.join(standing.why)}"
        document.CompletionFlagDescription = reason[:LONGEST_SHORT_TEXT]
    document.PerformedProcedureCodeSequence = Sequence()


def _name_author(device: str) -> Dataset:
    author = Dataset()
    author.ObserverType, author.DeviceUID, author.StationName = "DEV", device, MODEL
    author.Manufacturer, author.ManufacturerModelName = MANUFACTURER, MODEL
    author.InstitutionName, author.InstitutionCodeSequence = "", Sequence()
    return author


def refer_to_seg(segmentation: SegReference) -> ImageReference:
    """Refer to a segmentation as to any image."""
    return ImageReference(
        sop_class_uid=segmentation.sop_class_uid,
        sop_instance_uid=segmentation.sop_instance_uid,
        series_instance_uid=segmentation.series_instance_uid,
    )


def _list_evidence(context: ObjectContext, segmentation: SegReference | None) -> Sequence:
    """List everything that the content points to; the images come first."""
    images = [reference_of(source) for source in context.sources]
    return Sequence(evidence_of(context, [*images, *([refer_to_seg(segmentation)] if segmentation else [])]))
