"""What other systems take of a result: PDF, DICOM objects, FHIR and HL7 v2, beside `score.json` and the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vascal.film_pipeline import ScoredFilm
from vascal.io.dicom_values import text_of
from vascal.io.fhir_report import report_to_fhir
from vascal.io.hl7_report import report_to_hl7
from vascal.io.objects.context import ObjectContext, make_context
from vascal.io.patient_identity import identity_of
from vascal.pipeline import ScoredSeries
from vascal.render.print_pdf import print_pdf
from vascal.result_objects import ResultParts, make_film_objects, make_series_objects
from vascal.result_options import DICOM_FOLDER, FHIR_FILE, HL7_FILE, PDF_FILE, ResultOptions
from vascal.study import Series

MakeObjects = Callable[[ResultParts, ObjectContext], dict[str, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WrittenResult:
    """A result as it stands, before anything else is made of it.

    Parameters
    ----------
    saved
        Content of its `score.json`.
    files
        By name; `score.json`, `report.html` and `overlay.png` at least.
    places
        File, and member of an archive or None, of each image in the order of the slices.
    is_dicom
        Whether they are DICOM images; others name no patient, and carry no object.
    """

    saved: Mapping[str, Any]
    files: Mapping[str, bytes]
    places: Sequence[tuple[Path, str | None]]
    is_dicom: bool


def places_of(series: Series) -> tuple[tuple[Path, str | None], ...]:
    """List the files of a series in the order of its slices, each once."""
    return tuple(dict.fromkeys((image.path, image.member) for image in series.images))


def make_series_files(
    scored: ScoredSeries, series: Series, written: WrittenResult, options: ResultOptions
) -> dict[str, bytes]:
    """Make what was asked for of a scored series, by name.

    Raises
    ------
    VascalError
        If the images are not DICOM where objects are wanted, or can not be read again.
    """
    return _make_files(
        written, options, lambda parts, context: make_series_objects(scored, series, parts, context, options)
    )


def make_film_files(scored: ScoredFilm, written: WrittenResult, options: ResultOptions) -> dict[str, bytes]:
    """Make what was asked for of a graded film, by name.

    Raises
    ------
    VascalError
        If the image is not DICOM where objects are wanted, or can not be read again.
    """
    return _make_files(written, options, lambda parts, context: make_film_objects(scored, parts, context, options))


def _make_files(written: WrittenResult, options: ResultOptions, make_objects: MakeObjects) -> dict[str, bytes]:
    pdf = print_pdf(written.files["report.html"].decode(), options.language) if options.needs_pdf else None
    made = {PDF_FILE: pdf} if options.pdf and pdf is not None else {}
    if not options.names_patient:
        return made
    context = _read_context(written, options)
    if options.objects and context is not None:
        parts = ResultParts(saved=written.saved, overlay_png=written.files["overlay.png"], pdf=pdf)
        made |= {f"{DICOM_FOLDER}/{name}": data for name, data in make_objects(parts, context).items()}
    return made | _make_messages(written, context, pdf, options)


def _read_context(written: WrittenResult, options: ResultOptions) -> ObjectContext | None:
    """Read whose images they are; messages can do without, objects can not."""
    if not written.is_dicom and not options.objects:
        return None
    return make_context(
        written.places, written.files["score.json"], version=str(written.saved["provenance"]["version"])
    )


def _make_messages(
    written: WrittenResult, context: ObjectContext | None, pdf: bytes | None, options: ResultOptions
) -> dict[str, bytes]:
    identity = None if context is None else identity_of(context.sources[0])
    sop_class = "" if context is None else text_of(context.sources[0], "SOPClassUID")
    made = {}
    if options.fhir:
        made[FHIR_FILE] = report_to_fhir(written.saved, identity=identity, sop_class_uid=sop_class, pdf=pdf)
    if options.hl7:
        made[HL7_FILE] = report_to_hl7(written.saved, identity=identity, pdf=pdf)
    return made
