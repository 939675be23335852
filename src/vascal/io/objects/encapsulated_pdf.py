"""The printed report as a DICOM object, beside the images it is about.

Source: DICOM PS3.3 A.45.1 (Encapsulated PDF IOD), C.24.2 (Encapsulated Document Module).
"""

from __future__ import annotations

import hashlib
from io import BytesIO

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID, EncapsulatedPDFStorage

from vascal.errors import InputError
from vascal.io.dicom_files import UNREADABLE_FILE
from vascal.io.objects.coded import Coded
from vascal.io.objects.context import ObjectContext, make_uid
from vascal.io.objects.envelope import Kind, start_object, to_bytes
from vascal.io.objects.references import refer_to_sources

REPORT_NAME = Coded(value="18748-4", scheme="LN", meaning="Diagnostic imaging study")
"""LOINC name of the document, the same that FHIR and HL7 v2 give it."""
PDF_MARK = b"%PDF-"


def encapsulate_pdf(pdf: bytes, context: ObjectContext, title: str) -> bytes:
    """Put a PDF into a DICOM object.

    Parameters
    ----------
    pdf
        The document. It shows patient data as text, so Burned In Annotation is YES.
    context
        Patient and study that it belongs to, and the images that it is about.
    title
        Document Title, and Series Description; shown in lists. At most 64 characters are kept of the latter.

    Raises
    ------
    InputError
        If it is no PDF.
    """
    if not pdf.startswith(PDF_MARK):
        raise InputError("the document does not start as a PDF does")
    kind = Kind(name="pdf", sop_class_uid=EncapsulatedPDFStorage, description=title[:64])
    dataset = start_object(context, kind)
    day, clock = context.moment
    dataset.ConversionType = "WSD"
    dataset.BurnedInAnnotation = "YES"
    dataset.RecognizableVisualFeatures = "NO"
    dataset.AcquisitionDateTime = f"{day}{clock}"
    dataset.DocumentTitle = title
    dataset.ConceptNameCodeSequence = [REPORT_NAME.to_item()]
    dataset.SourceInstanceSequence = refer_to_sources(context)
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    _put_in(dataset, pdf)
    return to_bytes(dataset)


def replace_document(encapsulated: bytes, pdf: bytes) -> bytes:
    """Put another PDF into an object that `encapsulate_pdf` wrote, as another object of the same series.

    Parameters
    ----------
    encapsulated
        The object.
    pdf
        The document. The same one gives the same identifier again.

    Raises
    ------
    InputError
        If the object can not be read.
    """
    try:
        dataset = dcmread(BytesIO(encapsulated))
        series = str(dataset.SeriesInstanceUID)
        del dataset.file_meta
    except (*UNREADABLE_FILE, InvalidDicomError, AttributeError) as error:
        raise InputError("the earlier PDF object can not be read as DICOM; score again with --overwrite") from error
    dataset.SOPInstanceUID = UID(make_uid(series, hashlib.sha256(pdf).hexdigest()))
    _put_in(dataset, pdf)
    return to_bytes(dataset)


def _put_in(dataset: Dataset, pdf: bytes) -> None:
    dataset.EncapsulatedDocumentLength = len(pdf)
    dataset.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
