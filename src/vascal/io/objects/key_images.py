"""Key Object Selection: the slices and pictures that a reader should look at first.

Source: DICOM PS3.3 A.35.4 (Key Object Selection Document IOD), C.17.6; PS3.16 TID 2010 and CID 7010.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydicom.dataset import Dataset
from pydicom.uid import KeyObjectSelectionDocumentStorage

from vascal.errors import InputError
from vascal.io.dicom_values import text_of
from vascal.io.objects.coded import Coded, dicom_code
from vascal.io.objects.context import ObjectContext, make_uid
from vascal.io.objects.envelope import Kind, start_object, to_bytes
from vascal.io.objects.references import ImageReference, evidence_of, to_item
from vascal.io.objects.study_copy import copied_value

OF_INTEREST = dicom_code("113000", "Of Interest")
DESCRIPTION = dicom_code("113012", "Key Object Description")
OBSERVER_TYPE = dicom_code("121005", "Observer Type")
DEVICE = dicom_code("121007", "Device")
DEVICE_UID = dicom_code("121012", "Device Observer UID")
DEVICE_NAME = dicom_code("121013", "Device Observer Name")
REQUESTED = (
    "AccessionNumber", "ReferencedStudySequence", "PlacerOrderNumberImagingServiceRequest",
    "FillerOrderNumberImagingServiceRequest", "RequestedProcedureID", "RequestedProcedureDescription",
    "RequestedProcedureCodeSequence",
)  # fmt: skip
"""Of a referenced request, present even where it is not known (PS3.3 C.17.2.1, type 2)."""


def select_key_images(
    context: ObjectContext,
    references: Sequence[ImageReference],
    comment: str,
    *,
    title: Coded = OF_INTEREST,
    device_uid: str | None = None,
) -> bytes:
    """Write a selection of images, with a remark.

    Parameters
    ----------
    context
        Patient and study that it belongs to.
    references
        Images in the order to show them: slices of the source, and stored pictures.
    comment
        Why these; names no patient.
    title
        Document title, of CID 7010.
    device_uid
        Of the software that selects, as its reports state it; from its version unless given.

    Raises
    ------
    InputError
        If no image is given: an empty selection is not valid.
    """
    if not references:
        raise InputError("no image is selected; needed: at least one")
    kind = Kind(
        name="key-objects",
        sop_class_uid=KeyObjectSelectionDocumentStorage,
        description="vascal key images",
        refers_to=" ".join(f"{one.sop_instance_uid}{list(one.frames)}" for one in references),
    )
    dataset = start_object(context, kind)
    dataset.ReferencedPerformedProcedureStepSequence = []
    dataset.CurrentRequestedProcedureEvidenceSequence = evidence_of(context, references)
    requests = _requests(context)
    if requests:
        dataset.ReferencedRequestSequence = requests
    dataset.ValueType = "CONTAINER"
    dataset.ContinuityOfContent = "SEPARATE"
    dataset.ConceptNameCodeSequence = [title.to_item()]
    dataset.ContentTemplateSequence = [_template()]
    dataset.ContentSequence = [
        *_observer(device_uid or make_uid("vascal device", context.version)),
        _text(comment),
        *(_image(one) for one in references),
    ]
    return to_bytes(dataset)


def _template() -> Dataset:
    item = Dataset()
    item.MappingResource, item.TemplateIdentifier = "DCMR", "2010"
    return item


def _observer(device_uid: str) -> tuple[Dataset, ...]:
    """Say that software made the selection (TID 1002, 1004)."""
    kind = _content("CODE", "HAS OBS CONTEXT", OBSERVER_TYPE)
    kind.ConceptCodeSequence = [DEVICE.to_item()]
    uid = _content("UIDREF", "HAS OBS CONTEXT", DEVICE_UID)
    uid.UID = device_uid
    name = _content("TEXT", "HAS OBS CONTEXT", DEVICE_NAME)
    name.TextValue = "vascal"
    return kind, uid, name


def _text(comment: str) -> Dataset:
    item = _content("TEXT", "CONTAINS", DESCRIPTION)
    item.TextValue = comment
    return item


def _image(reference: ImageReference) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = "CONTAINS", "IMAGE"
    item.ReferencedSOPSequence = [to_item(reference)]
    return item


def _content(value_type: str, relation: str, name: Coded) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = relation, value_type
    item.ConceptNameCodeSequence = [name.to_item()]
    return item


def _requests(context: ObjectContext) -> list[Dataset]:
    """Copy what the study was asked for by, where its images say so; what they must say of it and do not is empty."""
    found = copied_value(context.sources[0], "ReferencedRequestSequence")
    known = [one for one in found if text_of(one, "StudyInstanceUID")] if isinstance(found, list) else []
    for one in known:
        for keyword in REQUESTED:
            if keyword not in one:
                setattr(one, keyword, [] if keyword.endswith("Sequence") else "")
    return known
