from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file

from tests.io.make_ct import make_enhanced, make_slice, stored_pixels, write_series, write_slice
from vascal.errors import InputError, NotDicomError
from vascal.io.dicom import read_studies, read_study, read_volume
from vascal.study import Series


def only_series(path: Path) -> Series:
    (series,) = read_study(path).series
    return series


def test_a_folder_of_slices_becomes_one_series_from_the_feet_to_the_head(tmp_path: Path) -> None:
    series = only_series(write_series(tmp_path / "deep" / "er"))
    assert series.grid.shape == (5, 6, 8)
    assert series.grid.spacing_mm == (3.0, 0.5, 0.75)
    assert [image.position_mm[2] for image in series.images] == [0, 3, 6, 9, 12]
    assert series.acquisition.kvp == 120
    hu = read_volume(series).hu
    assert hu.dtype == np.int16
    np.testing.assert_array_equal(hu, np.stack([stored_pixels(k) for k in range(5)]).astype(int) - 1024)


@settings(max_examples=15)
@given(order=st.permutations(range(6)), numbers=st.permutations(range(6)))
def test_neither_file_names_nor_instance_numbers_decide_the_order(order: list[int], numbers: list[int]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        for index in range(6):
            ds = make_slice(index, (0, 0, 2.5 * index), InstanceNumber=numbers[index])
            write_slice(Path(scratch), f"{order[index]}.dcm", ds)
        series = only_series(Path(scratch))
        hu = read_volume(series).hu
    assert [image.instance_number for image in series.images] == numbers
    assert hu[:, 0, 0].tolist() == [100 * k - 1024 for k in range(6)]


def test_a_zip_archive_reads_like_its_folder_and_nothing_is_unpacked(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "series")
    archive = tmp_path / "study.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
        for number, path in enumerate(sorted(folder.iterdir())):
            written.write(path, f"../../outside/{number}")
        written.writestr("README.txt", "not an image")
    before = sorted(tmp_path.rglob("*"))
    series = only_series(archive)
    np.testing.assert_array_equal(read_volume(series).hu, read_volume(only_series(folder)).hu)
    assert sorted(tmp_path.rglob("*")) == before


def test_compressed_members_of_an_archive_are_decoded(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "series", syntax="1.2.840.10008.1.2.5")
    archive = tmp_path / "study.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
        for path in folder.iterdir():
            written.write(path, path.name)
    assert read_volume(only_series(archive)).hu[4, 5, 7] == 400 + 47 - 1024


def test_a_damaged_archive_is_an_input_error(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "series")
    archive = tmp_path / "study.zip"
    with zipfile.ZipFile(archive, "w") as written:
        for path in folder.iterdir():
            written.write(path, path.name)
    archive.write_bytes(archive.read_bytes()[:-10] + b"\0" * 10)
    with pytest.raises(InputError):
        read_studies(archive)


def test_other_files_are_ignored_but_alone_they_are_no_study(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "empty").touch()
    with pytest.raises(NotDicomError, match="none of 2 files"):
        read_studies(tmp_path)
    write_series(tmp_path)
    study = read_study(tmp_path)
    assert len(study.series) == 1
    assert study.refusals == ()


def test_nothing_at_the_path_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file or folder"):
        read_studies(tmp_path / "absent")


@pytest.mark.parametrize("kept", [0.2, 0.6, 0.99])
def test_a_cut_file_is_refused_by_name_and_the_rest_goes_on(tmp_path: Path, kept: float) -> None:
    write_series(tmp_path)
    last = next(path for path in tmp_path.iterdir() if path.name.endswith("004"))
    content = last.read_bytes()
    last.write_bytes(content[: int(len(content) * kept)])
    study = read_study(tmp_path)
    assert study.series[0].grid.shape[0] == 4
    assert len(study.refusals) == 1
    if study.refusals[0].subject == last.name:
        assert "could not be read" in study.series[0].notes[0]


def test_a_cut_file_in_the_middle_refuses_the_series_too(tmp_path: Path) -> None:
    write_series(tmp_path)
    middle = next(path for path in tmp_path.iterdir() if path.name.endswith("002"))
    middle.write_bytes(middle.read_bytes()[:-20])
    study = read_study(tmp_path)
    assert study.series == ()
    assert {refusal.code for refusal in study.refusals} == {"pixels", "missing-slice"}
    assert any("missing at 6.0 mm" in refusal.message for refusal in study.refusals)


def test_no_message_holds_what_names_a_patient(tmp_path: Path) -> None:
    write_series(tmp_path, [0, 3, 9, 12], Modality="CT")
    write_series(tmp_path, [0, 3], prefix="x", SeriesInstanceUID="9.9", RescaleSlope=None)
    said = repr(read_studies(tmp_path))
    for secret in ("SECRET", "4711", "19500301"):
        assert secret not in said


def test_two_studies_are_told_apart_and_one_is_asked_for(tmp_path: Path) -> None:
    write_series(tmp_path, StudyDate="20210101")
    write_series(tmp_path, prefix="b", StudyInstanceUID="5.5", SeriesInstanceUID="5.6", StudyDate="20200101")
    studies = read_studies(tmp_path)
    assert [study.study_date for study in studies] == ["20200101", "20210101"]
    with pytest.raises(InputError, match="2 studies"):
        read_study(tmp_path)


def test_a_dicomdir_stands_for_its_folder(tmp_path: Path) -> None:
    write_series(tmp_path / "IMAGES")
    (tmp_path / "DICOMDIR").write_bytes(Path(str(get_testdata_file("DICOMDIR"))).read_bytes())
    assert only_series(tmp_path / "DICOMDIR").key == only_series(tmp_path).key


def test_files_without_preamble_or_meta_information_are_read(tmp_path: Path) -> None:
    for index in range(3):
        ds = make_slice(index, (0, 0, index))
        with (tmp_path / f"{index}").open("wb") as file:
            del ds.file_meta
            ds.save_as(file, implicit_vr=True, little_endian=True)
    assert read_volume(only_series(tmp_path)).hu[2, 0, 0] == 200 - 1024


def test_frames_of_an_enhanced_object_are_slices(tmp_path: Path) -> None:
    write_slice(tmp_path, "mf.dcm", make_enhanced([4.0, 0.0, 2.0]))
    series = only_series(tmp_path)
    assert [image.frame for image in series.images] == [1, 2, 0]
    assert series.acquisition.kvp == 100
    assert series.grid.spacing_mm == (2.0, 0.5, 0.75)
    # Each frame has its own rescale: 2 * stored - 1000 - frame.
    assert read_volume(series).hu[:, 0, 0].tolist() == [200 - 1001, 400 - 1002, 0 - 1000]


def test_compressed_enhanced_frames_are_decoded_one_by_one(tmp_path: Path) -> None:
    write_slice(tmp_path, "mf.dcm", make_enhanced([4.0, 0.0, 2.0]), syntax="1.2.840.10008.1.2.5")
    assert read_volume(only_series(tmp_path)).hu[:, 0, 0].tolist() == [200 - 1001, 400 - 1002, 0 - 1000]


REAL = {
    "qrm-phantom/dicom": ((47, 512, 512), 3.0),
    "chest-contrast/series": ((102, 512, 512), 3.0),
    "abdomen-contrast/series": ((160, 512, 512), 3.0),
    "aorta-contrast/series": ((20, 512, 512), 2.0),
}


@pytest.mark.parametrize("folder", REAL)
def test_real_series_have_their_known_size_and_spacing(shared_data: Path, folder: str) -> None:
    series = only_series(shared_data / folder)
    shape, spacing = REAL[folder]
    assert series.grid.shape == shape
    assert series.grid.spacing_between_slices_mm == pytest.approx(spacing)
    assert series.acquisition.kvp == 120


def test_overlapping_slices_keep_spacing_and_thickness_apart(shared_data: Path) -> None:
    series = only_series(shared_data / "aorta-contrast" / "series")
    assert series.acquisition.slice_thickness_mm == 3.0
    assert series.grid.spacing_between_slices_mm == pytest.approx(2.0)
    assert series.acquisition.kernels == ("Br38f", "3")


def test_two_kernels_of_one_scan_are_two_series(shared_data: Path) -> None:
    study = read_study(shared_data / "chest-thick")
    assert {series.acquisition.kernels for series in study.series} == {("L",), ("B",)}
    assert study.series[0].patient.age_years == 58


def test_single_slices_are_refused_with_reasons(shared_data: Path) -> None:
    studies = read_studies(shared_data / "calcified-slices")
    assert all(study.series == () for study in studies)
    codes = sorted(refusal.code for study in studies for refusal in study.refusals)
    assert codes == ["geometry", "geometry", "geometry", "unsupported-image"]


def test_a_legacy_converted_object_equals_the_files_it_was_made_from(shared_data: Path) -> None:
    folder = shared_data / "conformance" / "dcmqi" / "segmentations" / "24x38x3"
    apart, together = only_series(folder / "image"), only_series(folder / "multiframe")
    apart.grid.require_same(together.grid)
    np.testing.assert_array_equal(read_volume(apart).hu, read_volume(together).hu)


def test_an_independent_reader_sees_the_same_volume(shared_data: Path) -> None:
    import highdicom
    from pydicom import dcmread

    folder = shared_data / "conformance" / "dcmqi" / "segmentations" / "ct-3slice"
    ours = read_volume(only_series(folder))
    theirs = highdicom.get_volume_from_series([dcmread(path) for path in folder.iterdir()])
    array, positions = theirs.array, [theirs.get_plane_position(k)[0].ImagePositionPatient[2] for k in range(3)]
    expected = array[np.argsort(positions)]
    inside = ours.hu != -1024
    np.testing.assert_array_equal(ours.hu[inside], expected[inside])
    assert expected[~inside].max() <= -1024
