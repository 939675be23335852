"""The check finds what is left, one kind at a time, and nothing in files that are clean."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

from tests.io.deid.make_named import SECRET, SECRET_DAY, SECRET_UID, SHIFT, from_bytes, make_named, rules, to_bytes
from vascal.errors import InputError
from vascal.io.deid.folder import deidentify_folder
from vascal.io.deid.private import PrivateTag, read_safe_private
from vascal.io.deid.profile import Profile
from vascal.io.deid.residue import check_residue


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    for index in range(2):
        (tmp_path / "in" / f"{index}.dcm").write_bytes(to_bytes(make_named(index)))
    return tmp_path / "in"


def clean(source: Path, profile: Profile = SHIFT) -> Path:
    out = source.parent / "out"
    deidentify_folder(source, out, rules(profile), version="0.0")
    return out


def problems(folder: Path, against: Path | None = None) -> set[tuple[str, str]]:
    return {(one.attribute, one.problem) for one in check_residue(folder, against=against).residues}


def spoil(folder: Path, change: Callable[[Dataset], object]) -> None:
    path = next(folder.rglob("*.dcm"))
    ds = from_bytes(path.read_bytes())
    change(ds)
    path.write_bytes(to_bytes(ds))


@pytest.mark.parametrize(
    "profile",
    [
        Profile(), SHIFT, Profile(dates="keep"), Profile(retain_device=True, retain_institution=True),
        Profile(retain_patient_characteristics=True), Profile(retain_uids=True),
    ],
)  # fmt: skip
def test_nothing_is_found_in_what_was_cleaned(source: Path, profile: Profile) -> None:
    checked = check_residue(clean(source, profile), against=source)
    assert checked.residues == ()
    assert (checked.files, checked.compared) == (2, 2)


def test_listed_private_attributes_are_no_residue(source: Path) -> None:
    out = clean(source, Profile(private=read_safe_private()))
    assert check_residue(out, private=read_safe_private()).residues == ()
    assert problems(out) == {("private attributes", "should be gone")}


def test_originals_are_full_of_it(source: Path) -> None:
    found = problems(source)
    assert ("(0012,0062) Patient Identity Removed", "is not YES") in found
    assert ("private attributes", "should be gone") in found
    assert ("preamble", "is not empty") in found
    assert ("file header (0002,0016)", "should be gone") in found
    assert ("(0010,0030) Patient's Birth Date", "should be empty") in found
    assert ("(0020,000D) Study Instance UID", "is an identifier that was not made by a key") in found


LEFT: list[tuple[Callable[[Dataset], object], str, str]] = [
    (lambda ds: setattr(ds, "PatientComments", "x"), "(0010,4000) Patient Comments", "should be gone"),
    (lambda ds: setattr(ds, "AccessionNumber", "A1"), "(0008,0050) Accession Number", "should be empty"),
    (lambda ds: setattr(ds, "ProtocolName", "mine"), "(0018,1030) Protocol Name", "should be a dummy"),
    (lambda ds: setattr(ds, "FrameOfReferenceUID", "1.2.3"), "(0020,0052) Frame of Reference UID", "by a key"),
    (lambda ds: setattr(ds, "PatientBirthDate", "19500301"), "(0010,0030) Patient's Birth Date", "should be empty"),
    (lambda ds: setattr(ds.ReferencedImageSequence[0], "PatientComments", "x"), "(0010,4000)", "should be gone"),
    (lambda ds: ds.private_block(0x11, "ME", create=True).add_new(1, "LO", "x"), "private attributes", "gone"),
    (lambda ds: setattr(ds, "PatientIdentityRemoved", "NO"), "(0012,0062)", "is not YES"),
]


@pytest.mark.parametrize(("change", "attribute", "problem"), LEFT)
def test_what_the_profile_takes_away_is_found(source: Path, change: Callable[[Dataset], object], attribute: str, problem: str) -> None:  # noqa: E501 # fmt: skip
    out = clean(source)
    spoil(out, change)
    (found,) = problems(out)
    assert attribute in found[0]
    assert problem in found[1]


BY_COMPARING: list[Callable[[Dataset], object]] = [
    lambda ds: setattr(ds, "ManufacturerModelName", f"of {SECRET}"),
    lambda ds: setattr(ds, "PatientID", SECRET),
    lambda ds: setattr(ds, "SeriesNumber", int(SECRET_DAY)),
    lambda ds: setattr(ds.ReferencedImageSequence[0], "ReferencedSOPInstanceUID", f"{SECRET_UID}.2"),
    lambda ds: setattr(ds, "SoftwareVersions", SECRET_UID),
    lambda ds: setattr(ds, "preamble", f"{SECRET:<128}".encode()),
    lambda ds: ds.add_new(0x00282000, "OB", SECRET.encode() + b"x"),
]


@pytest.mark.parametrize("change", BY_COMPARING)
def test_words_of_the_originals_are_found_anywhere(source: Path, change: Callable[[Dataset], object]) -> None:
    out = clean(source)
    spoil(out, change)
    assert any("holds words of an original" in problem for _, problem in problems(out, source))


def test_dates_that_did_not_move_are_found(source: Path) -> None:
    out = clean(source)
    spoil(out, lambda ds: setattr(ds, "StudyDate", make_named().StudyDate))
    assert ("dates", "are those of the original") in problems(out, source)
    assert problems(out) == set()


def test_words_in_names_of_files_are_found(source: Path) -> None:
    out = clean(source)
    path = next(out.rglob("*.dcm"))
    path.rename(path.with_name(f"{SECRET}.dcm"))
    assert problems(out, source) == {("file name", "holds words of an original")}


def test_other_files_are_named_as_not_looked_into(source: Path) -> None:
    out = clean(source)
    (out / "notes.txt").write_text("x")
    assert problems(out) == {("file", "is not DICOM, or damaged, and was not looked into")}


def test_a_folder_without_dicom_can_not_be_checked(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(InputError, match="no DICOM file"):
        check_residue(tmp_path)


def test_words_in_a_listed_private_attribute_are_found(source: Path) -> None:
    listed = frozenset({PrivateTag(creator="SOMEBODY", group=0x0029, element=0x07)})
    out = clean(source)

    def change(ds: Dataset) -> None:
        ds.private_block(0x0029, "SOMEBODY", create=True).add_new(0x07, "SH", f"by {SECRET}")

    spoil(out, change)
    found = {one.problem for one in check_residue(out, against=source, private=listed).residues}
    assert "holds words of an original" in found


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda ds: setattr(ds, "PixelData", ds.PixelData + b"any text"), "pixels"),
        (lambda ds: setattr(ds, "PixelData", ds.PixelData[:-2]), "pixels"),
        (lambda ds: setattr(ds, "BurnedInAnnotation", "YES"), "(0028,0301) Burned In Annotation"),
        (lambda ds: setattr(ds, "SOPClassUID", "1.2.840.10008.5.1.4.1.1.88.11"), "(0008,0016) SOP Class UID"),
        (lambda ds: setattr(ds, "ICCProfile", b"xx"), "(0028,2000) ICC Profile"),
        (lambda ds: setattr(ds, "FilterType", SECRET.upper()), "(0018,1160) Filter Type"),
        (lambda ds: setattr(ds, "StationName", "any"), "(0008,1010) Station Name"),
        (lambda ds: setattr(ds, "Manufacturer", "of 1977-09-13"), "(0008,0070) Manufacturer"),
    ],
)
def test_residue_is_found_where_it_is_planted(source: Path, change: Callable[[Dataset], object], where: str) -> None:
    out = clean(source)
    with pydicom.config.disable_value_validation():
        spoil(out, change)
    assert where in {one for one, _ in problems(out, source)}


def test_a_deflated_file_is_looked_into(source: Path) -> None:
    out = clean(source)

    def change(ds: Dataset) -> None:
        ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
        ds.ConvolutionKernel = SECRET

    spoil(out, change)
    assert ("bytes outside the pixels", "holds words of an original") in problems(out, source)


def test_words_of_all_patients_are_looked_for_in_a_file_without_pixels(source: Path) -> None:
    report = make_named(9)
    del report.PixelData
    report.SeriesInstanceUID = f"{SECRET_UID}.9"
    report.PatientID, report.PatientName = "other", "Somebody^Else"
    (source / "report.dcm").write_bytes(to_bytes(report))
    out = clean(source)

    def change(ds: Dataset) -> None:
        del ds.PixelData
        ds.Manufacturer = SECRET

    spoil(out, change)
    assert ("(0008,0070) Manufacturer", "holds words of an original") in problems(out, source)


def test_what_a_report_says_in_its_own_words_is_no_residue(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    named = make_named(0)
    named.PatientName, named.PatientID, named.AccessionNumber = "Institution^Time", "0020", "0010"
    (source / "0.dcm").write_bytes(to_bytes(named))
    out = clean(source)
    assert ("report", "holds words of an original") not in problems(out, source)
    report = out / "deidentification.txt"
    report.write_text(report.read_text() + "one file: Institution^Time\n")
    assert ("report", "holds words of an original") in problems(out, source)
