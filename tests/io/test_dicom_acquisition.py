from __future__ import annotations

from typing import Any

import pytest
from pydicom.dataset import Dataset

from vascal.io.dicom_acquisition import parse_acquisition, parse_gating, parse_patient
from vascal.io.dicom_values import tolerant_reading


def header(**attributes: Any) -> Dataset:
    ds = Dataset()
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


@pytest.mark.parametrize("value", ["", "120,0", None, ["120", "140"], "0", "-120", "unknown", "nan"])
def test_a_malformed_tube_voltage_is_not_known(value: object) -> None:
    ds = Dataset()
    with tolerant_reading():
        if isinstance(value, str) and value not in ("", "0", "-120"):
            from pydicom.dataelem import RawDataElement
            from pydicom.tag import Tag

            tag = Tag("KVP")
            raw = value.encode()
            ds._dict[tag] = RawDataElement(tag, "DS", len(raw), raw, 0, False, True)
        else:
            ds.KVP = value
        assert parse_acquisition(ds).kvp is None


def test_what_the_scanner_did_is_read_with_its_units() -> None:
    found = parse_acquisition(
        header(
            KVP="100",
            ConvolutionKernel=["Br38f", "3"],
            ExposureInuAs="84500",
            Exposure="84",
            XRayTubeCurrent="480",
            ExposureTime="275",
            CTDIvol=12.8,
            FilterMaterial=["TIN"],
            ReconstructionDiameter="250",
            ContrastBolusAgent="",
        )
    )
    assert (found.kvp, found.kernels, found.exposure_mas) == (100, ("Br38f", "3"), 84.5)
    assert (found.tube_current_ma, found.exposure_time_ms, found.ctdi_vol_mgy) == (480, 275, 12.8)
    assert (found.filter_material, found.reconstruction_diameter_mm, found.contrast_agent) == ("TIN", 250, None)


@pytest.mark.parametrize(
    ("attributes", "is_gated", "evidence"),
    [
        ({}, None, "none"),
        ({"CardiacSynchronizationTechnique": "PROSPECTIVE"}, True, "attributes"),
        ({"CardiacSynchronizationTechnique": "NONE", "SeriesDescription": "ECG gated"}, False, "attributes"),
        ({"NominalPercentageOfCardiacPhase": 75.0}, True, "attributes"),
        ({"TriggerTime": "420"}, True, "attributes"),
        ({"TriggerTime": "0", "HeartRate": "0"}, None, "none"),
        ({"HeartRate": "62"}, True, "attributes"),
        ({"HeartRate": "62", "SeriesDescription": "non-gated chest"}, True, "attributes"),
        ({"SeriesDescription": "CaSc 3.0 B35f 75%"}, True, "description"),
        ({"SeriesDescription": "BestDiast 68 % 0.6"}, True, "description"),
        ({"ProtocolName": "Calcium Score"}, True, "description"),
        ({"ProtocolName": "Ca_Scoring"}, True, "description"),
        ({"ScanOptions": ["HELIX", "ECG"]}, True, "description"),
        ({"SeriesDescription": "non-gated calcium"}, False, "description"),
        ({"SeriesDescription": "CHEST UNGATED"}, False, "description"),
        ({"SeriesDescription": "Chest w/o ECG gating"}, False, "description"),
        ({"SeriesDescription": "not_gated"}, False, "description"),
        ({"SeriesDescription": "Chest ASIR-V 50%"}, None, "none"),
        ({"SeriesDescription": "Chest 5 mm soft"}, None, "none"),
        ({"SeriesDescription": "propagated mesh"}, None, "none"),
    ],
)
def test_gating_is_judged_by_the_strongest_evidence(attributes: dict[str, Any], is_gated: bool, evidence: str) -> None:
    found = parse_gating(header(**attributes))
    assert (found.is_gated, found.evidence) == (is_gated, evidence)


@pytest.mark.parametrize(
    ("attributes", "age"),
    [
        ({"PatientAge": "058Y"}, 58),
        ({"PatientAge": "006M"}, 0.5),
        ({"PatientAge": "", "PatientBirthDate": "19500301", "StudyDate": "20200301"}, 70.0),
        ({"PatientAge": "000Y"}, None),
        ({"PatientBirthDate": "20210101", "StudyDate": "20200301"}, None),
        ({"PatientBirthDate": "19009999", "StudyDate": "20200301"}, None),
    ],
)
def test_age_comes_from_the_header_or_the_dates(attributes: dict[str, str], age: float | None) -> None:
    with tolerant_reading():
        assert parse_patient(header(**attributes)).age_years == age


def test_impossible_sizes_and_unknown_sexes_are_dropped() -> None:
    patient = parse_patient(header(PatientSex="", PatientSize="175", PatientWeight="79"))
    assert (patient.sex, patient.size_m, patient.weight_kg) == (None, None, 79)


@pytest.mark.parametrize(
    ("attributes", "is_virtual"),
    [
        ({}, False),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"]}, False),
        ({"ImageType": ["DERIVED", "PRIMARY", "AXIAL", "VNC"]}, True),
        ({"ImageType": ["DERIVED", "PRIMARY", "VOLUME", "MAT_REMOVED"]}, True),
        ({"SeriesDescription": "CaSc VNC 3.0 Qr36"}, True),
        ({"SeriesDescription": "Virtual non-contrast 70keV"}, True),
        ({"SeriesDescription": "VIRTUAL_UNENHANCED"}, True),
        ({"SeriesDescription": "non-contrast chest"}, False),
    ],
)
def test_virtual_non_contrast_images_are_recognised(attributes: dict[str, Any], is_virtual: bool) -> None:
    assert parse_acquisition(header(**attributes)).is_virtual_non_contrast is is_virtual
