"""What a result object of vascal says of itself stays, unless it holds words of the patient."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.io.deid.make_named import KEY, SECRET, SECRET_UID, from_bytes, make_named, rules, to_bytes
from vascal.io.deid.known import collect_words
from vascal.io.deid.one_file import clean_file
from vascal.io.deid.profile import Profile

SCHEME_UID = "2.25.55420410987991453997168437962020258532"


def of_result(*, scheme: str = SCHEME_UID, tracking: str = "vascal LAD") -> Dataset:
    """A file with what a segmentation of vascal says of its codes, its segments and its maker."""
    ds, coding, segment = make_named(), Dataset(), Dataset()
    coding.CodingSchemeDesignator, coding.CodingSchemeUID = "99VASCAL", scheme
    segment.TrackingID, segment.TrackingUID = tracking, f"{SECRET_UID}.7"
    algorithm = Dataset()
    algorithm.AlgorithmName, algorithm.AlgorithmVersion = "vascal", "0.1.0"
    segment.SegmentationAlgorithmIdentificationSequence = Sequence([algorithm])
    ds.CodingSchemeIdentificationSequence, ds.SegmentSequence = Sequence([coding]), Sequence([segment])
    ds.DeviceSerialNumber = "0.1.0"
    return ds


def cleaned(ds: Dataset, profile: Profile | None = None) -> Dataset:
    return from_bytes(clean_file(to_bytes(ds), rules(profile)).content)


def test_a_coding_scheme_keeps_its_identifier() -> None:
    (coding,) = cleaned(of_result()).CodingSchemeIdentificationSequence
    assert coding.CodingSchemeUID == SCHEME_UID
    assert coding.CodingSchemeDesignator == "99VASCAL"


@pytest.mark.parametrize("scheme", [SECRET_UID, f"{SECRET_UID}.8.1", "1.2.471188"])
def test_an_identifier_of_the_patient_does_not_stay_as_one_of_a_coding_scheme(scheme: str) -> None:
    ds = of_result(scheme=scheme)
    ds.PatientID = "471188"
    content = clean_file(to_bytes(ds), rules()).content
    assert scheme.encode() not in content
    (coding,) = from_bytes(content).CodingSchemeIdentificationSequence
    assert coding.CodingSchemeUID == KEY.new_uid(scheme)


def test_a_device_that_stays_does_not_keep_an_identifier_of_the_patient() -> None:
    ds, keeping = of_result(), Profile(retain_device=True)
    ds.DeviceUID = "1.2.826.0.1.3680043.9.7777"
    assert cleaned(ds, keeping).DeviceUID == ds.DeviceUID
    ds.DeviceUID = f"{SECRET_UID}.7"
    assert cleaned(ds, keeping).DeviceUID == KEY.new_uid(f"{SECRET_UID}.7")


def test_a_tracking_id_stays_and_its_identifier_is_replaced() -> None:
    (segment,) = cleaned(of_result()).SegmentSequence
    assert segment.TrackingID == "vascal LAD"
    assert segment.TrackingUID.startswith("2.25.")


def test_a_tracking_id_with_the_name_of_the_patient_is_replaced() -> None:
    (segment,) = cleaned(of_result(tracking=f"lesion 1 of {SECRET}")).SegmentSequence
    assert segment.TrackingID == "REMOVED"


@pytest.mark.parametrize("serial", ["0.1.0", "2.3", "v1.12.0"])
def test_a_version_stays_where_a_device_has_it_for_its_serial_number(serial: str) -> None:
    ds = of_result()
    algorithm = ds.SegmentSequence[0].SegmentationAlgorithmIdentificationSequence[0]
    ds.DeviceSerialNumber = algorithm.AlgorithmVersion = serial
    clean = cleaned(ds)
    (kept,) = clean.SegmentSequence[0].SegmentationAlgorithmIdentificationSequence
    assert kept.AlgorithmVersion == serial
    assert clean.get("DeviceSerialNumber") != serial


@pytest.mark.parametrize(
    ("keyword", "text"),
    [("PatientID", "12.345.678"), ("PatientID", "0.1.0"), ("DeviceSerialNumber", "10.20.30.40"),
     ("DeviceSerialNumber", "1234.5"), ("DeviceSerialNumber", "SN-1.2.3")],
)  # fmt: skip
def test_other_numbers_with_points_are_words_of_the_patient_still(keyword: str, text: str) -> None:
    ds = Dataset()
    setattr(ds, keyword, text)
    assert collect_words(ds, Profile()).found_in(f"of {text}")
