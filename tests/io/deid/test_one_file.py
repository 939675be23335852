"""One file: what is gone, what stays, and that no secret is left in any byte."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom._dicom_dict import DicomDictionary
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from tests.io.deid.make_named import (
    KEY,
    SECRET,
    SECRET_DAY,
    SECRET_ID,
    SECRET_UID,
    SHIFT,
    from_bytes,
    make_named,
    rules,
    to_bytes,
)
from tests.io.make_ct import make_enhanced, make_slice
from vascal.errors import InputError, UnsupportedImageError
from vascal.io.deid.burned_in import BurnedIn
from vascal.io.deid.keyed import Key
from vascal.io.deid.known import KnownWords
from vascal.io.deid.one_file import CleanFile, Rules, clean_file
from vascal.io.deid.private import read_safe_private
from vascal.io.deid.profile import Profile

SECRETS = [text.encode() for text in (SECRET, SECRET_ID, SECRET_UID, SECRET_DAY)]


def cleaned(ds: Dataset, profile: Profile | None = None) -> pydicom.FileDataset:
    return from_bytes(clean_file(to_bytes(ds), rules(profile)).content)


@pytest.mark.parametrize(
    "profile",
    [Profile(), SHIFT, Profile(retain_device=True, retain_institution=True, retain_patient_characteristics=True)],
)
def test_no_secret_is_left_in_any_byte(profile: Profile) -> None:
    content = clean_file(to_bytes(make_named()), rules(profile)).content
    assert not [secret for secret in SECRETS if secret.lower() in content.lower()]


def test_what_a_reader_needs_stays_and_pixels_are_the_same_bytes() -> None:
    named = make_named()
    clean = cleaned(named)
    assert clean.PixelData == named.PixelData
    for word in ("ImagePositionPatient", "PixelSpacing", "KVP", "SliceThickness", "Manufacturer", "RescaleSlope"):
        assert clean[word].value == named[word].value
    assert clean.BodyPartExamined == "HEART"
    assert clean.file_meta.TransferSyntaxUID == named.file_meta.TransferSyntaxUID


def test_a_file_says_that_and_how_it_was_cleaned() -> None:
    clean = cleaned(make_named(), Profile(dates="shift", retain_patient_characteristics=True))
    assert clean.PatientIdentityRemoved == "YES"
    assert clean.LongitudinalTemporalInformationModified == "MODIFIED"
    codes = [(one.CodeValue, one.CodingSchemeDesignator) for one in clean.DeidentificationMethodCodeSequence]
    assert codes == [("113100", "DCM"), ("113107", "DCM"), ("113108", "DCM")]
    assert all(len(text) <= 64 for text in clean.DeidentificationMethod)


@pytest.mark.parametrize(("dates", "said"), [("remove", "REMOVED"), ("shift", "MODIFIED"), ("keep", "UNMODIFIED")])
def test_what_became_of_dates_is_said(dates: Any, said: str) -> None:
    assert cleaned(make_named(), Profile(dates=dates)).LongitudinalTemporalInformationModified == said


def test_all_dates_of_a_patient_move_by_the_same_days() -> None:
    clean = cleaned(make_named(), SHIFT)
    days = KEY.days_back(SECRET_ID)
    moved = f"{date(1977, 9, 13) - timedelta(days=days):%Y%m%d}"
    assert clean.StudyDate == moved
    assert clean.StudyTime == "101112"
    assert clean.AcquisitionDateTime == f"{moved}101112.5+0100"
    assert not clean.PatientBirthDate


def test_references_follow_their_objects_over_files() -> None:
    first, second = make_named(0), make_named(1)
    second.ReferencedImageSequence[0].ReferencedSOPInstanceUID = first.SOPInstanceUID
    one, two = cleaned(first), cleaned(second)
    assert two.ReferencedImageSequence[0].ReferencedSOPInstanceUID == one.SOPInstanceUID
    assert two.ReferencedImageSequence[0].ReferencedSOPClassUID == first.SOPClassUID
    assert one.StudyInstanceUID == two.StudyInstanceUID != first.StudyInstanceUID
    assert one.file_meta.MediaStorageSOPInstanceUID == one.SOPInstanceUID


def test_the_same_key_gives_the_same_bytes_and_another_key_other_names() -> None:
    content = to_bytes(make_named())
    one, again = clean_file(content, rules()), clean_file(content, rules())
    other = clean_file(content, rules(key=Key(b"another secret of 1")))
    assert one.content == again.content
    assert one.place == again.place
    assert not set(one.place.split("/")) & set(other.place.split("/"))


def test_the_header_of_the_file_is_written_anew() -> None:
    clean = cleaned(make_named())
    assert clean.preamble == bytes(128)
    assert "SourceApplicationEntityTitle" not in clean.file_meta


def test_private_attributes_go_with_their_creators_but_for_listed_ones() -> None:
    assert not [tag for tag in cleaned(make_named()) if tag.tag.is_private]
    safe = cleaned(make_named(), Profile(private=read_safe_private()))
    kept = [element for element in safe if element.tag.is_private]
    assert [(str(element.tag), element.value) for element in kept] == [
        ("(0019,0010)", "GEMS_ACQU_01"),
        ("(0019,1023)", 37.5),
    ]
    assert "113111" in [one.CodeValue for one in safe.DeidentificationMethodCodeSequence]


def test_a_listed_private_attribute_without_its_creator_goes() -> None:
    named = make_named()
    del named[0x00190010]
    safe = cleaned(named, Profile(private=read_safe_private()))
    assert not [tag for tag in safe if tag.tag.is_private]


def test_ages_are_kept_below_90_where_asked() -> None:
    asked = Profile(retain_patient_characteristics=True)
    assert cleaned(make_named(), asked).PatientAge == "090Y"
    assert cleaned(make_named(), asked).PatientSex == "F"
    assert "PatientAge" not in cleaned(make_named())
    assert not cleaned(make_named()).PatientSex


def test_words_of_the_patient_are_found_in_texts_that_stay() -> None:
    clean = cleaned(make_named())
    assert clean.ConvolutionKernel == "REMOVED"
    assert clean.Manufacturer == "Maker"
    kept = cleaned(make_named(), Profile(kept_text=frozenset({"SeriesDescription", "ImageComments"})))
    assert kept.SeriesDescription == "CaSc 3.0"
    assert kept.ImageComments == "REMOVED"


def test_words_that_another_file_of_the_patient_holds_are_found_too() -> None:
    ds = make_slice(0, (0, 0, 0), ManufacturerModelName="operated by Quintus")
    words = {"ID-4711": KnownWords(words=frozenset({"quintus"}))}
    alone = from_bytes(clean_file(to_bytes(ds), rules()).content)
    told = from_bytes(clean_file(to_bytes(ds), rules(), words).content)
    assert (alone.ManufacturerModelName, told.ManufacturerModelName) == ("operated by Quintus", "REMOVED")


def test_a_short_name_is_found_as_a_word_only_and_a_maker_that_is_a_station_stays() -> None:
    ds = make_slice(0, (0, 0, 0), PatientName="Ott^Al", ConvolutionKernel="Bottom", StationName="CANON")
    ds.Manufacturer, ds.SoftwareVersions = "Canon", "for Ott"
    clean = cleaned(ds)
    assert (clean.ConvolutionKernel, clean.SoftwareVersions, clean.Manufacturer) == ("Bottom", "REMOVED", "Canon")


def test_a_number_that_is_the_patients_goes_and_others_stay() -> None:
    ds = make_slice(0, (0, 0, 0), PatientID="123456", SeriesNumber=123456)
    assert (cleaned(ds).SeriesNumber, cleaned(ds).KVP) == (0, 120)
    few = make_slice(0, (0, 0, 0), PatientID="120")
    assert cleaned(few).KVP == 120


def test_terms_of_the_standard_stay_although_somebody_is_called_so() -> None:
    ds = make_slice(0, (0, 0, 0), PatientName="Axial^Primary", BodyPartExamined="CHEST")
    assert list(cleaned(ds).ImageType) == ["ORIGINAL", "PRIMARY", "AXIAL"]


def test_own_names_are_taken_and_a_patient_without_one_is_left_out() -> None:
    content = to_bytes(make_named())
    named = Rules(profile=Profile(), key=KEY, patients={SECRET_ID: "S001"}, pixels="reviewed")
    assert from_bytes(clean_file(content, named).content).PatientID == "S001"
    with pytest.raises(InputError, match="not in the table") as caught:
        clean_file(content, Rules(profile=Profile(), key=KEY, patients={"other": "S002"}, pixels="reviewed"))
    assert SECRET_ID not in str(caught.value)


def test_without_a_patient_id_the_study_stands_for_the_patient() -> None:
    named = make_named()
    named.PatientID = ""
    done = clean_file(to_bytes(named), rules())
    assert done.patient == KEY.pseudonym(SECRET_UID)
    assert any("has no Patient ID" in note for note in done.notes)


def test_a_multi_frame_object_keeps_dates_of_type_one() -> None:
    ds = make_enhanced((0.0, 3.0), ContentDate=SECRET_DAY, ContentTime="1011", AcquisitionDateTime=SECRET_DAY)
    clean = cleaned(ds)
    assert (clean.ContentDate, clean.ContentTime, clean.AcquisitionDateTime) == ("19000101", "000000", "19000101000000")
    assert clean.PixelData == ds.PixelData
    assert len(clean.PerFrameFunctionalGroupsSequence) == 2


@pytest.mark.parametrize(
    ("sop_class", "said"),
    [
        ("1.2.840.10008.5.1.4.1.1.88.34", "structured report"),
        ("1.2.840.10008.5.1.4.1.1.104.1", "document"),
        ("1.2.840.10008.5.1.4.1.1.7", "secondary capture"),
        ("1.2.840.10008.5.1.4.1.1.11.1", "presentation state"),
        ("1.2.840.10008.5.1.4.1.1.9.1.1", "waveform"),
        ("1.2.840.10008.5.1.4.1.1.66", "raw data"),
        ("1.2.840.10008.5.1.4.1.1.6.1", "ultrasound"),
        ("1.2.840.10008.1.3.10", "directory"),
        ("1.2.840.10008.5.1.4.1.1.481.3", "not known to be clean"),
        ("1.2.3", "not known to be clean"),
    ],
)
def test_kinds_that_can_not_be_cleaned_are_refused_with_a_reason(sop_class: str, said: str) -> None:
    ds = make_named()
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = UID(sop_class)
    with pytest.raises(UnsupportedImageError, match=said):
        clean_file(to_bytes(ds), rules())


def test_an_object_without_identifiers_is_refused() -> None:
    ds = make_named()
    del ds.StudyInstanceUID
    with pytest.raises(UnsupportedImageError, match="StudyInstanceUID"):
        clean_file(to_bytes(ds), rules())


def test_identifiers_that_are_kept_can_not_lead_out_of_the_folder() -> None:
    ds = make_named()
    ds["StudyInstanceUID"].validation_mode = 0
    content = to_bytes(ds).replace(SECRET_UID.encode(), b"../../../etc/x".ljust(len(SECRET_UID), b"x"))
    with pytest.raises(UnsupportedImageError, match="identifiers that are none"):
        clean_file(content, rules(Profile(retain_uids=True)))


def test_an_overlay_in_unused_bits_of_the_pixels_is_refused() -> None:
    ds = make_named()
    ds.add(DataElement(0x60000102, "US", 12))
    with pytest.raises(UnsupportedImageError, match="overlay in unused bits"):
        clean_file(to_bytes(ds), rules())
    ds.add(DataElement(0x60003000, "OW", b"\0\0"))
    assert not [element for element in cleaned(ds) if element.tag.group == 0x6000]


@pytest.mark.parametrize(("verdict", "policy", "refused"), [
    ("clear", "refuse", False), ("suspect", "refuse", True), ("burned", "refuse", True), ("burned", "reviewed", False),
])  # fmt: skip
def test_pixels_that_may_show_text_are_refused_unless_reviewed(
    monkeypatch: pytest.MonkeyPatch, verdict: Any, policy: Any, refused: bool
) -> None:
    judged = BurnedIn(verdict=verdict, reasons=("it is a film",))
    monkeypatch.setattr("vascal.io.deid.pixels.judge_burned_in", lambda dataset: judged)
    content = to_bytes(make_named())
    if refused:
        with pytest.raises(UnsupportedImageError, match="may show text in its pixels: it is a film"):
            clean_file(content, rules(pixels=policy))
    else:
        assert clean_file(content, rules(pixels=policy)).content


@pytest.mark.parametrize("content", [b"", b"\x08\0\0\0", bytes(128) + b"DICM", bytes(128) + b"DICM\x02\0\0\0UL\x04\0"])
def test_a_damaged_file_is_refused(content: bytes) -> None:
    with pytest.raises(UnsupportedImageError):
        clean_file(content, rules())


TEXT = ("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT")
BYTES = ("OB", "OW", "UN", "OB or OW")
_NEVER = {"SpecificCharacterSet", "SOPClassUID", "SOPInstanceUID", "PixelData", "TransferSyntaxUID"}


def _tags(*vrs: str) -> list[int]:
    return [
        tag for tag, (vr, _, _, _, keyword) in DicomDictionary.items()
        if vr in vrs and keyword not in _NEVER and tag >> 16 > 4 and keyword
    ]  # fmt: skip


def _element(tag: int, vr: str, value: object) -> DataElement:
    return DataElement(tag, "OB" if vr in BYTES else vr, value, validation_mode=0)


def _vr(tag: int) -> str:
    return str(DicomDictionary[tag][0])


secret_elements = st.one_of(
    st.sampled_from(_tags(*TEXT)).map(lambda tag: _element(tag, _vr(tag), SECRET)),
    st.sampled_from(_tags("LO", "SH", "LT")).map(lambda tag: _element(tag, _vr(tag), f"by {SECRET.upper()}, twice")),
    st.sampled_from(_tags(*BYTES)).map(lambda tag: _element(tag, "OB", f"x{SECRET}xx".encode())),
    st.sampled_from(_tags("UI")).map(lambda tag: _element(tag, "UI", f"{SECRET_UID}.7")),
    st.sampled_from(_tags("DA", "DT")).map(lambda tag: _element(tag, _vr(tag), SECRET_DAY)),
    st.integers(0, 0x0FFF).map(lambda low: _element(0x00181000 | low | 0xF000, "LO", SECRET)),
    st.integers(0x1000, 0x10FF).map(lambda low: _element(0x00290000 | low, "UN", SECRET.encode() + b"x")),
    st.integers(0x10, 0x1F).map(lambda low: _element(0x00310000 | low, "LO", SECRET)),
)


def _dataset(elements: list[DataElement]) -> Dataset:
    ds = Dataset()
    for element in elements:
        ds.add(element)
    return ds


nested = st.recursive(
    st.lists(secret_elements, max_size=5).map(_dataset),
    lambda inner: st.builds(
        lambda ds, tag, items: (ds.add(DataElement(tag, "SQ", Sequence(items))), ds)[1],
        st.lists(secret_elements, max_size=5).map(_dataset),
        st.sampled_from(_tags("SQ")),
        st.lists(inner, min_size=1, max_size=2),
    ),
    max_leaves=6,
)


@settings(max_examples=60)
@given(nested, st.sampled_from([Profile(), SHIFT, Profile(retain_device=True, retain_institution=True)]))
def test_a_secret_anywhere_at_any_depth_is_nowhere_afterwards(extra: Dataset, profile: Profile) -> None:
    named = make_named()
    for element in extra:
        if element.tag not in (0x00100010, 0x00100020):
            named[element.tag] = element
    with pydicom.config.disable_value_validation():
        content = to_bytes(named)
    try:
        done: CleanFile = clean_file(content, rules(profile))
    except UnsupportedImageError:
        return  # nothing is written then
    low = done.content.lower()
    secrets = SECRETS if profile.dates == "remove" else SECRETS[:3]
    assert not [secret for secret in secrets if secret.lower() in low]
    assert SECRET not in str(done.changes)
    assert SECRET not in done.place
