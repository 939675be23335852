"""Printed reports, pictures and key images as DICOM objects."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

from tests.io.make_ct import make_enhanced, write_series, write_slice
from tests.io.objects.conftest import GradedFilm, ScoredStudy, context_of, save
from tests.validators import require_consistent, require_template, require_valid
from vascal.errors import InputError
from vascal.io.film_reading import read_films
from vascal.io.objects.capture import Capture, capture_pictures, refer_to_capture
from vascal.io.objects.coded import dicom_code
from vascal.io.objects.encapsulated_pdf import encapsulate_pdf
from vascal.io.objects.envelope import ABDOMEN
from vascal.io.objects.key_images import select_key_images
from vascal.io.objects.references import refer_to_slices, reference_of
from vascal.io.reading import read_input

PDF = b"%PDF-1.7\n%made up\n%%EOF"


def picture(rows: int = 21, columns: int = 33) -> tuple[bytes, np.ndarray]:
    pixels = np.random.default_rng(0).integers(0, 256, (rows, columns, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file := io.BytesIO(), "PNG")
    return file.getvalue(), pixels


@pytest.mark.parametrize("pdf", [PDF, PDF + b" "], ids=["even", "odd"])
def test_a_printed_report_comes_back_byte_for_byte(tmp_path: Path, scored_study: ScoredStudy, pdf: bytes) -> None:
    path = save(encapsulate_pdf(pdf, scored_study.context, "Coronary calcium"), tmp_path / "a.dcm")
    require_valid(path)
    one = pydicom.dcmread(path)
    assert len(one.EncapsulatedDocument) % 2 == 0
    assert one.EncapsulatedDocument[: one.EncapsulatedDocumentLength] == pdf
    assert (one.MIMETypeOfEncapsulatedDocument, one.BurnedInAnnotation) == ("application/pdf", "YES")
    assert (one.Modality, one.DocumentTitle, one.SeriesNumber) == ("DOC", "Coronary calcium", 193)
    assert one.ConceptNameCodeSequence[0].CodeValue == "18748-4"
    assert len(one.SourceInstanceSequence) == len(scored_study.series.images)
    assert "BodyPartExamined" not in one


def test_what_is_no_pdf_is_refused(scored_study: ScoredStudy) -> None:
    with pytest.raises(InputError, match="does not start as a PDF"):
        encapsulate_pdf(b"<html>", scored_study.context, "x")


def test_pictures_come_back_pixel_for_pixel(tmp_path: Path, scored_study: ScoredStudy) -> None:
    png, pixels = picture()
    source = reference_of(scored_study.context.sources[3])
    captures = [Capture(png=png, description="Overview"), Capture(png=png, description="Slice 4", sources=(source,))]
    paths = [
        save(data, tmp_path / f"{n}.dcm")
        for n, data in enumerate(capture_pictures(captures, scored_study.context), start=1)
    ]
    require_valid(*paths)
    require_consistent(*paths, scored_study.series.images[0].path)
    first, second = (pydicom.dcmread(path) for path in paths)
    np.testing.assert_array_equal(first.pixel_array, pixels)
    assert (first.InstanceNumber, second.InstanceNumber) == (1, 2)
    assert first.SeriesInstanceUID == second.SeriesInstanceUID != first.SOPInstanceUID != second.SOPInstanceUID
    assert (first.BurnedInAnnotation, first.DerivationDescription) == ("NO", "Overview")
    assert [item.ReferencedSOPInstanceUID for item in second.SourceImageSequence] == [source.sop_instance_uid]
    assert len(first.SourceImageSequence) == len(scored_study.series.images)
    assert refer_to_capture(scored_study.context, 2).sop_instance_uid == second.SOPInstanceUID


def test_a_picture_of_a_film_is_valid_and_may_name_the_patient(tmp_path: Path, graded_film: GradedFilm) -> None:
    capture = Capture(png=picture()[0], description="Film", names_patient=True)
    (data,) = capture_pictures([capture], graded_film.context, body_part=ABDOMEN)
    path = save(data, tmp_path / "a.dcm")
    require_valid(path)
    assert pydicom.dcmread(path).BurnedInAnnotation == "YES"


def test_what_is_no_picture_is_refused(scored_study: ScoredStudy) -> None:
    with pytest.raises(InputError, match="picture can not be read"):
        capture_pictures([Capture(png=b"\x89PNG nothing", description="x")], scored_study.context)


def test_stored_pictures_are_not_taken_for_films_or_ct(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "ct")
    context = context_of(read_input(folder)[0].series[0])
    (data,) = capture_pictures([Capture(png=picture()[0], description="x")], context)
    save(data, folder / "sc.dcm")
    save(encapsulate_pdf(PDF, context, "x"), folder / "pdf.dcm")
    save(select_key_images(context, [reference_of(context.sources[0])], "x"), folder / "ko.dcm")
    (study,) = read_input(folder)
    assert len(study.series) == 1
    assert len(study.series[0].images) == 5
    assert not read_films(folder).films
    assert {refusal.code for refusal in (*read_films(folder).refusals, *study.refusals)} <= {"unsupported-image"}


def test_key_images_name_slices_and_pictures(tmp_path: Path, scored_study: ScoredStudy) -> None:
    context = scored_study.context
    references = [
        reference_of(context.sources[7]),
        reference_of(context.sources[2]),
        refer_to_capture(context, 1),
    ]
    path = save(select_key_images(context, references, "Slices with the largest lesions"), tmp_path / "ko.dcm")
    require_valid(path)
    assert not [line for line in require_template(path) if "Unrecognized" in line]
    one = pydicom.dcmread(path)
    assert one.ConceptNameCodeSequence[0].CodeValue == "113000"
    images = [item for item in one.ContentSequence if item.ValueType == "IMAGE"]
    shown = [item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for item in images]
    assert shown == [reference.sop_instance_uid for reference in references]
    (evidence,) = one.CurrentRequestedProcedureEvidenceSequence
    listed = [len(series.ReferencedSOPSequence) for series in evidence.ReferencedSeriesSequence]
    assert listed == [2, 1]
    assert [item.TextValue for item in one.ContentSequence if item.ValueType == "TEXT"] == [
        "vascal", "Slices with the largest lesions",
    ]  # fmt: skip


def test_frames_of_a_multi_frame_image_can_be_selected(tmp_path: Path, scored_study: ScoredStudy) -> None:
    context = scored_study.context
    references = [reference_of(context.sources[0], (2, 4)), reference_of(context.sources[0], (6,))]
    one = pydicom.dcmread(io.BytesIO(select_key_images(context, references, "x")))
    images = [item.ReferencedSOPSequence[0] for item in one.ContentSequence if item.ValueType == "IMAGE"]
    assert [list(images[0].ReferencedFrameNumber), images[1].ReferencedFrameNumber] == [[2, 4], 6]
    (series,) = one.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    assert len(series.ReferencedSOPSequence) == 1


def test_slices_are_named_by_their_place_and_not_by_their_order_in_the_file(tmp_path: Path) -> None:
    write_slice(tmp_path / "multi", "m.dcm", make_enhanced((6.0, 0.0, 9.0, 3.0), FrameOfReferenceUID="1.2.3.3"))
    (series,) = read_input(tmp_path / "multi")[0].series
    references = refer_to_slices(series, (0, 3), context_of(series))
    assert [reference.frames for reference in references] == [(2,), (3,)]
    (single,) = read_input(write_series(tmp_path / "ct", (6.0, 0.0, 9.0, 3.0)))[0].series
    (lowest,) = refer_to_slices(single, (0,), context_of(single))
    assert (lowest.sop_instance_uid, lowest.frames) == ("1.2.3.4.2", ())
    with pytest.raises(InputError, match="not among the DICOM images"):
        refer_to_slices(single, (0,), context_of(series))


def test_an_empty_selection_is_refused_and_titles_can_be_chosen(scored_study: ScoredStudy) -> None:
    with pytest.raises(InputError, match="no image is selected"):
        select_key_images(scored_study.context, [], "x")
    title = dicom_code("113002", "For Referring Provider")
    data = select_key_images(
        scored_study.context, [reference_of(scored_study.context.sources[0])], "x", title=title, device_uid="2.25.7"
    )
    one = pydicom.dcmread(io.BytesIO(data))
    assert one.ConceptNameCodeSequence[0].CodeValue == "113002"
    assert next(item.UID for item in one.ContentSequence if item.ValueType == "UIDREF") == "2.25.7"


def test_every_object_is_the_same_on_every_run(scored_study: ScoredStudy) -> None:
    def make() -> tuple[bytes, ...]:
        context = context_of(scored_study.series)
        pictures = capture_pictures([Capture(png=picture()[0], description="x")], context)
        references = [reference_of(context.sources[0])]
        return (*pictures, encapsulate_pdf(PDF, context, "x"), select_key_images(context, references, "x"))

    assert make() == make()
