"""Reports read back: every number as it was saved, and a clear refusal of everything else."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import highdicom as hd
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from tests.io.objects.made_reports import (
    make_context,
    make_film_source,
    make_saved,
    make_saved_film,
    make_segmentation,
    make_slices,
    save,
)
from tests.io.objects.test_sr_ct import SAVED, find, group
from tests.io.objects.test_sr_film import SAVED as SAVED_FILMS
from vascal.errors import InputError
from vascal.io.objects.sr_codes import QUOTED_SUMS
from vascal.io.objects.sr_content import say_number
from vascal.io.objects.sr_ct import describe_score
from vascal.io.objects.sr_film import describe_film
from vascal.io.objects.sr_reader import read_score_report
from vascal.io.objects.sr_tree import read_item


def find_differences(part: Any, whole: Any, place: str = "") -> list[str]:
    """Places where a layout holds something else than a whole `score.json`."""
    if not isinstance(part, dict):
        return [] if part == whole and type(part) is type(whole) else [f"{place}: {part!r}, not {whole!r}"]
    lacking = [f"{place}/{name} is new" for name in part if name not in whole]
    below = [find_differences(value, whole[name], f"{place}/{name}") for name, value in part.items() if name in whole]
    return lacking + [one for found in below for one in found]


def write_score(saved: dict[str, Any], *, has_seg: bool = True) -> bytes:
    return describe_score(saved, make_context(saved), make_segmentation(saved) if has_seg else None)


def write_film(saved: dict[str, Any]) -> bytes:
    return describe_film(saved, make_context(saved, (make_film_source(),)))


@pytest.mark.parametrize("kind", SAVED)
@pytest.mark.parametrize("has_seg", [True, False])
def test_a_calcium_score_comes_back_as_it_was_saved(kind: str, has_seg: bool, tmp_path: Path) -> None:
    saved = SAVED[kind]()
    if kind == "two vessels":
        # Digits that a decimal string of 16 characters has no room for.
        saved["total"]["mass_mg"] = saved["total"]["mass_mg"] / 3
    got = read_score_report(save(tmp_path, "sr", write_score(saved, has_seg=has_seg)))
    saved["interpretation"]["uncertainty"] = without(saved["interpretation"]["uncertainty"], "categories")
    assert not find_differences(dict(got), saved)
    assert set(got["vessels"]) == set(saved["vessels"])
    if saved["is_quotable"]:
        assert got["total"] == saved["total"]
        assert got["vessels"] == saved["vessels"]
    assert got["caveats"] == saved["caveats"]
    assert got["is_quotable"] == saved["is_quotable"]


def without(values: dict[str, Any] | None, name: str) -> dict[str, Any] | None:
    return None if values is None else {key: value for key, value in values.items() if key != name}


@pytest.mark.parametrize("kind", SAVED_FILMS)
def test_a_film_comes_back_as_it_was_saved(kind: str, tmp_path: Path) -> None:
    saved = make_saved_film(**SAVED_FILMS[kind])
    got = read_score_report(save(tmp_path, "sr", write_film(saved)))
    assert not find_differences(dict(got), saved)
    assert got["total"]["aac24"] == saved["total"]["aac24"]
    assert got["caveats"] == saved["caveats"]
    if saved["is_quotable"]:
        assert set(got["total"]) == set(saved["total"])


def test_levels_without_confidence_come_back(tmp_path: Path) -> None:
    saved = make_saved_film(quotable=False)
    saved["levels"]["L2"]["confidence"] = None
    got = read_score_report(save(tmp_path, "sr", write_film(saved)))
    assert got["levels"]["L2"]["confidence"] is None
    assert got["levels"]["L1"]["confidence"] == saved["levels"]["L1"]["confidence"]


def test_the_probabilities_of_categories_are_not_in_a_report(tmp_path: Path) -> None:
    saved = SAVED["two vessels"]()
    got = read_score_report(save(tmp_path, "sr", write_score(saved)))
    assert "categories" not in got["interpretation"]["uncertainty"]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_shown_in_sixteen_characters_and_comes_back_exactly(value: float) -> None:
    item = say_number(QUOTED_SUMS[0], value)
    measured = item.MeasuredValueSequence[0]
    assert len(str(measured.NumericValue)) <= 16
    assert float(measured.NumericValue) == pytest.approx(value, rel=1e-7, abs=1e-300)
    assert read_item(item).number == value


def test_numbers_read_well() -> None:
    shown = {
        value: say_number(QUOTED_SUMS[0], value).MeasuredValueSequence[0]
        for value in (9.92, 261.438596719104, 7.0, 0.0)
    }
    assert [str(one.NumericValue) for one in shown.values()] == ["9.92", "261.4386", "7", "0"]
    assert ["FloatingPointValue" in one for one in shown.values()] == [False, True, False, False]


def test_a_report_that_an_archive_sent_in_another_syntax_is_read(tmp_path: Path) -> None:
    saved = make_saved()
    content = pydicom.dcmread(io.BytesIO(write_score(saved)))
    content.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
    again = Dataset()
    again.update(content)
    again.file_meta = content.file_meta
    again.save_as(tmp_path / "sr.dcm", implicit_vr=True, little_endian=True, enforce_file_format=True)
    assert read_score_report(tmp_path / "sr.dcm")["total"] == saved["total"]


def spoil_total(content: Dataset) -> None:
    find(group(content, "all"), "450360000")[0].MeasuredValueSequence[0].NumericValue = "99"


def spoil_count(content: Dataset) -> None:
    find(group(content, "LM"), "LESIONS")[0].MeasuredValueSequence[0].NumericValue = "0.5"


def drop_volume(content: Dataset) -> None:
    find(group(content, "LM"), "112197")[0].ConceptNameCodeSequence[0].CodeValue = "112198"


def drop_total(content: Dataset) -> None:
    find(content, "112039")[0].TextValue = "vascal everything"


def spoil_answer(content: Dataset) -> None:
    find(content, "FOUND-BY")[0].ConceptCodeSequence[0].CodeValue = "BY-CHANCE"


def spoil_verdict(content: Dataset) -> None:
    find(content, "QUOTABLE")[0].ConceptCodeSequence[0].CodeValue = "1"


def drop_evidence(content: Dataset) -> None:
    del content.CurrentRequestedProcedureEvidenceSequence


def make_infinite(content: Dataset) -> None:
    find(group(content, "all"), "450360000")[0].MeasuredValueSequence[0].FloatingPointValue = float("inf")


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_total,
        spoil_count,
        drop_volume,
        drop_total,
        spoil_answer,
        spoil_verdict,
        drop_evidence,
        make_infinite,
    ],
)
def test_a_report_that_was_changed_is_refused(spoil: Callable[[Dataset], None], tmp_path: Path) -> None:
    content = pydicom.dcmread(io.BytesIO(write_score(make_saved())))
    spoil(content)
    content.save_as(tmp_path / "sr.dcm")
    with pytest.raises(InputError, match=r"sr\.dcm is damaged or was changed; needed: a structured report that vascal"):
        read_score_report(tmp_path / "sr.dcm")


def test_a_grade_that_was_changed_is_refused(tmp_path: Path) -> None:
    content = pydicom.dcmread(io.BytesIO(write_film(make_saved_film())))
    find(group(content, "L1 anterior"), "AAC-GRADE")[0].MeasuredValueSequence[0].NumericValue = "3"
    content.save_as(tmp_path / "sr.dcm")
    with pytest.raises(InputError, match="damaged or was changed"):
        read_score_report(tmp_path / "sr.dcm")


def test_a_report_of_another_kind_is_named_by_its_title() -> None:
    path = Path(str(get_testdata_file("reportsi.dcm")))
    with pytest.raises(InputError, match=r"a report titled .*needed: a structured report that vascal wrote"):
        read_score_report(path)


def make_foreign() -> Dataset:
    """A measurement report as another program writes it: highdicom's templates, one Agatston score."""
    device = hd.sr.DeviceObserverIdentifyingAttributes(uid=hd.UID(), manufacturer_name="Other")
    observer = hd.sr.ObserverContext(
        observer_type=hd.sr.CodedConcept("121007", "DCM", "Device"), observer_identifying_attributes=device
    )
    score = hd.sr.Measurement(
        name=hd.sr.CodedConcept("112058", "DCM", "Calcium score"),
        value=100.0,
        unit=hd.sr.CodedConcept("{score}", "UCUM", "score"),
    )
    tracking = hd.sr.TrackingIdentifier(uid=hd.UID(), identifier="vascal all")
    measured = hd.sr.MeasurementsAndQualitativeEvaluations(tracking_identifier=tracking, measurements=[score])
    content = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_device_context=observer),
        procedure_reported=hd.sr.CodedConcept("25045-6", "LN", "CT unspecified body region"),
        imaging_measurements=[measured],
    )
    slices = list(make_slices())
    for one in slices:
        one.StudyTime, one.PatientSex, one.ReferringPhysicianName = "101112", "O", ""
    return hd.sr.Comprehensive3DSR(
        evidence=slices,
        content=content,
        series_instance_uid=hd.UID(),
        series_number=1,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer="Other",
    )


def test_a_measurement_report_of_other_software_is_refused_by_its_maker(tmp_path: Path) -> None:
    make_foreign().save_as(tmp_path / "other.dcm")
    with pytest.raises(InputError, match="a measurement report by 'Other', whose numbers may mean something else"):
        read_score_report(tmp_path / "other.dcm")


def test_an_image_is_no_report() -> None:
    with pytest.raises(InputError, match="is no structured report, its modality is 'CT'"):
        read_score_report(Path(str(get_testdata_file("CT_small.dcm"))))


def test_what_is_no_dicom_is_refused(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("a note")
    with pytest.raises(InputError, match="is no DICOM file"):
        read_score_report(tmp_path / "note.txt")
    with pytest.raises(InputError, match="can not be read"):
        read_score_report(tmp_path / "absent.dcm")


def test_damage_is_told_and_never_names_the_patient(tmp_path: Path) -> None:
    good = write_score(make_saved())
    chance = random.Random(4)
    path, told = tmp_path / "sr.dcm", []
    for _ in range(100):
        bad = bytearray(good)
        if chance.random() < 0.5:
            del bad[chance.randrange(len(bad)) :]
        for _ in range(chance.randrange(1, 6)):
            if bad:
                bad[chance.randrange(len(bad))] = chance.randrange(256)
        path.write_bytes(bytes(bad))
        told.append(tell(path))
    assert sum(text != "" for text in told) > 30
    assert not [text for text in told if "Muster" in text or "ID-4711" in text]


def test_a_text_that_has_swallowed_others_is_not_repeated(tmp_path: Path) -> None:
    content = pydicom.dcmread(io.BytesIO(write_score(make_saved())))
    with pydicom.config.disable_value_validation():
        content.SOPClassUID, content.Modality = "1.2.3", "SR\x10\x00PN Muster"
        content.save_as(tmp_path / "sr.dcm")
    assert "can not be repeated" in tell(tmp_path / "sr.dcm")


def tell(path: Path) -> str:
    """What is said about a file; nothing if it can be read."""
    try:
        read_score_report(path)
    except InputError as error:
        return str(error)
    return ""
