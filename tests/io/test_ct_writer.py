from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest

from vascal.errors import OutputError, PixelError
from vascal.io.ct_writer import CtDescription, write_ct_series
from vascal.study import Patient
from vascal.volume import Grid, Volume


def small_volume(low: int = -1024, high: int = 3071) -> Volume:
    rng = np.random.default_rng(3)
    hu = rng.integers(low, high, size=(4, 6, 5), endpoint=True).astype(np.int16)
    hu[0, 0, :2] = (low, high)
    return Volume(hu=hu, grid=Grid.even((4, 6, 5), (2.5, 0.7, 0.4), origin_mm=(-10.25, 20.5, -3.0)))


def test_a_written_series_reads_back_as_the_same_volume(tmp_path: Path) -> None:
    volume = small_volume()

    paths = write_ct_series(volume, tmp_path / "series", description=CtDescription())

    slices = [pydicom.dcmread(path) for path in paths]
    for k, one in enumerate(slices):
        assert np.array_equal(one.pixel_array * one.RescaleSlope + one.RescaleIntercept, volume.hu[k])
        assert [float(v) for v in one.ImagePositionPatient] == pytest.approx(volume.grid.index_to_mm(k, 0, 0))
        assert [float(v) for v in one.PixelSpacing] == [0.7, 0.4]
        assert [float(v) for v in one.ImageOrientationPatient] == [1, 0, 0, 0, 1, 0]
    assert [float(one.SliceLocation) for one in slices] == [-3.0, -0.5, 2.0, 4.5]


def test_a_written_series_says_that_it_is_simulated(tmp_path: Path) -> None:
    one = pydicom.dcmread(write_ct_series(small_volume(), tmp_path, description=CtDescription(patient_id="DEMO"))[0])

    assert str(one.PatientName) == "SIM^DEMO"
    assert list(one.ImageType) == ["DERIVED", "PRIMARY", "AXIAL", "SIMULATED"]
    assert one.Manufacturer == "vascal simulator"
    assert "SIMULATED" in one.StudyDescription
    assert one.SeriesDescription.startswith("SIMULATED")


def test_the_header_says_how_the_scan_was_made(tmp_path: Path) -> None:
    description = CtDescription(
        patient=Patient(age_years=55.0, sex="F", size_m=1.62, weight_kg=61.5),
        kvp=100.0,
        kernel="B35f",
        slice_thickness_mm=3.0,
        heart_rate_bpm=64,
        contrast_agent="Iomeprol",
    )

    one = pydicom.dcmread(write_ct_series(small_volume(), tmp_path, description=description)[0])

    assert (one.KVP, one.ConvolutionKernel, one.SliceThickness, one.SpacingBetweenSlices) == (100, "B35f", 3.0, 2.5)
    assert (one.PatientAge, one.PatientSex, one.PatientSize, one.PatientWeight) == ("055Y", "F", 1.62, 61.5)
    assert (one.CardiacSynchronizationTechnique, one.TriggerTime, one.HeartRate) == ("PROSPECTIVE", 700, 64)
    assert one.ContrastBolusAgent == "Iomeprol"
    assert one.file_meta.TransferSyntaxUID == pydicom.uid.ExplicitVRLittleEndian
    assert one.SOPClassUID == pydicom.uid.CTImageStorage


def test_an_ungated_scan_has_no_word_of_the_heart_beat(tmp_path: Path) -> None:
    description = CtDescription(is_gated=False, body_part="CHEST", series_description="SIMULATED low dose chest")

    one = pydicom.dcmread(write_ct_series(small_volume(), tmp_path, description=description)[0])

    assert "TriggerTime" not in one
    assert "CardiacSynchronizationTechnique" not in one
    assert "ContrastBolusAgent" not in one


def test_unknown_facts_of_a_patient_are_left_out(tmp_path: Path) -> None:
    one = pydicom.dcmread(write_ct_series(small_volume(), tmp_path, description=CtDescription(patient=Patient()))[0])

    assert "PatientAge" not in one
    assert "PatientSize" not in one
    assert one.PatientSex == ""


def test_a_seed_fixes_every_byte_and_another_changes_every_identifier(tmp_path: Path) -> None:
    volume = small_volume()
    runs = [write_ct_series(volume, tmp_path / str(n), description=CtDescription(seed=n // 2)) for n in range(3)]

    assert [p.read_bytes() for p in runs[0]] == [p.read_bytes() for p in runs[1]]
    uids = [[pydicom.dcmread(p).SOPInstanceUID for p in run] for run in runs]
    assert len(set(uids[0])) == 4
    assert not set(uids[0]) & set(uids[2])


def test_values_beyond_twelve_bits_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PixelError, match="-1024 to 3072 HU"):
        write_ct_series(small_volume(high=3072), tmp_path, description=CtDescription())


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")

    with pytest.raises(OutputError, match="can not be written"):
        write_ct_series(small_volume(), tmp_path / "taken", description=CtDescription())


def test_no_number_is_longer_than_a_decimal_string_may_be(tmp_path: Path) -> None:
    grid = Grid.even((2, 2, 2), (1 / 3, 0.390625, 0.390625), origin_mm=(-123.456789012345, -1e-12, 1 / 7))
    volume = Volume(hu=np.zeros((2, 2, 2), dtype=np.int16), grid=grid)

    one = pydicom.dcmread(write_ct_series(volume, tmp_path, description=CtDescription())[0])

    assert one.ImagePositionPatient[1].original_string == "0"
    assert all(len(v.original_string) <= 16 for v in one.ImagePositionPatient)
