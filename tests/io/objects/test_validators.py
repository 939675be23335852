"""The judges themselves: a good object passes, a broken one does not."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.uid import UID

from tests.validators import is_report, require_consistent, require_valid


def test_a_structured_report_is_told_from_an_image() -> None:
    assert is_report(Path(str(get_testdata_file("reportsi.dcm"))))
    assert not is_report(Path(str(get_testdata_file("CT_small.dcm"))))


def test_an_object_without_what_its_class_demands_does_not_pass(tmp_path: Path) -> None:
    broken = pydicom.dcmread(str(get_testdata_file("CT_small.dcm")))
    del broken.ImageType
    broken.save_as(tmp_path / "broken.dcm")

    with pytest.raises(AssertionError, match="ImageType"):
        require_valid(tmp_path / "broken.dcm")


def test_two_birth_dates_of_one_patient_do_not_pass(tmp_path: Path) -> None:
    for number, born in enumerate(("19500101", "19510101")):
        one = pydicom.dcmread(str(get_testdata_file("CT_small.dcm")))
        one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = UID(f"1.2.3.{number}")
        one.PatientBirthDate = born
        one.save_as(tmp_path / f"{number}.dcm")

    with pytest.raises(AssertionError, match="PatientBirthDate"):
        require_consistent(*sorted(tmp_path.iterdir()))
