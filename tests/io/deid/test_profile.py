"""What each option makes of an attribute."""

from __future__ import annotations

import pytest
from pydicom.datadict import dictionary_VR, tag_for_keyword

from vascal.errors import InputError
from vascal.io.deid.profile import Action, Profile, action_for

BASIC, SHIFT, KEEP = Profile(), Profile(dates="shift"), Profile(dates="keep")


def action(keyword: str, profile: Profile = BASIC, *, is_multiframe: bool = False) -> Action:
    tag = tag_for_keyword(keyword)
    assert tag is not None
    return action_for(tag, dictionary_VR(tag), profile, is_multiframe=is_multiframe)


@pytest.mark.parametrize(
    ("keyword", "expected"),
    [
        ("PatientName", Action.PSEUDONYM),
        ("PatientBirthDate", Action.EMPTY),
        ("PatientAge", Action.REMOVE),
        ("StudyInstanceUID", Action.UID),
        ("StudyDate", Action.EMPTY),
        ("SeriesDate", Action.REMOVE),
        ("AcquisitionDate", Action.EMPTY),
        ("FrameAcquisitionDateTime", Action.DUMMY),
        ("DeviceSerialNumber", Action.DUMMY),
        ("ContrastBolusAgent", Action.DUMMY),
        ("ReferencedImageSequence", Action.KEEP),
        ("RequestAttributesSequence", Action.REMOVE),
        ("AcquisitionContextSequence", Action.EMPTY),  # of type 2
        ("ReferencedStudySequence", Action.REMOVE),  # of type 3: with no item it is not valid
        ("SliceThickness", Action.KEEP),
        ("Manufacturer", Action.KEEP),
    ],
)
def test_the_basic_profile_resolves_actions_of_several_letters(keyword: str, expected: Action) -> None:
    assert action(keyword) is expected


@pytest.mark.parametrize(
    ("keyword", "expected"),
    [
        ("DetectorDescription", Action.REMOVE),  # free text that the table forgets
        ("SegmentDescription", Action.REMOVE),
        ("TrackingID", Action.KEEP),  # the standard does not list it; words of the patient in it are replaced
        ("ContentDescription", Action.EMPTY),
        ("EvaluatorName", Action.EMPTY),
        ("SecondaryReviewDate", Action.REMOVE),
        ("VolumeFrameOfReferenceUID", Action.UID),
        ("RetrieveURL", Action.REMOVE),
        ("DarkCurrentCounts", Action.REMOVE),
        ("PixelData", Action.KEEP),
        ("LongCodeValue", Action.KEEP),
        ("CodingSchemeUID", Action.KEEP),
        ("RecognitionCode", Action.REMOVE),  # retired
    ],
)
def test_what_the_table_forgets_is_judged_by_its_representation(keyword: str, expected: Action) -> None:
    assert action(keyword) is expected


def test_a_public_attribute_that_no_dictionary_knows_goes() -> None:
    assert action_for(0x00181FFE, "LO", KEEP, is_multiframe=False) is Action.REMOVE


def test_curves_and_overlays_go_whole() -> None:
    assert action_for(0x60000010, "US", KEEP, is_multiframe=False) is Action.REMOVE
    assert action_for(0x50000010, "US", KEEP, is_multiframe=False) is Action.REMOVE


def test_dates_of_type_one_stay_present_in_enhanced_objects() -> None:
    for keyword in ("ContentDate", "ContentTime", "AcquisitionDateTime"):
        assert action(keyword, is_multiframe=True) is Action.DUMMY
        assert action(keyword) is not Action.DUMMY


@pytest.mark.parametrize("keyword", ["StudyDate", "SeriesTime", "AcquisitionDateTime", "TimezoneOffsetFromUTC"])
def test_dates_are_shifted_or_kept_where_asked(keyword: str) -> None:
    assert action(keyword, SHIFT) is Action.SHIFT
    assert action(keyword, KEEP) is Action.KEEP


def test_a_birth_date_is_never_kept_or_shifted() -> None:
    everything = Profile(dates="keep", retain_patient_characteristics=True, retain_device=True)
    assert action("PatientBirthDate", everything) is Action.EMPTY


def test_dates_of_a_device_follow_the_dates_not_the_device() -> None:
    assert action("DateOfLastCalibration", Profile(retain_device=True)) is Action.REMOVE
    assert action("DateOfLastCalibration", SHIFT) is Action.SHIFT


@pytest.mark.parametrize(
    ("profile", "kept", "still_gone"),
    [
        (Profile(retain_device=True), "DeviceSerialNumber", "InstitutionName"),
        (Profile(retain_institution=True), "InstitutionName", "DeviceSerialNumber"),
        (Profile(retain_uids=True), "StudyInstanceUID", "InstitutionName"),
        (Profile(retain_patient_characteristics=True), "PatientSex", "Allergies"),
        (Profile(kept_text=frozenset({"SeriesDescription"})), "SeriesDescription", "StudyDescription"),
    ],
)
def test_an_option_keeps_what_it_names_and_no_more(profile: Profile, kept: str, still_gone: str) -> None:
    assert action(kept, profile) is Action.KEEP
    assert action(kept) is not Action.KEEP
    assert action(still_gone, profile) is not Action.KEEP


def test_application_entities_go_even_when_the_device_stays() -> None:
    assert action("StationAETitle", Profile(retain_device=True)) is Action.REMOVE


def test_ages_are_kept_with_a_limit() -> None:
    assert action("PatientAge", Profile(retain_patient_characteristics=True)) is Action.AGE


@pytest.mark.parametrize(
    "keyword", ["PatientName", "OperatorsName", "StudyInstanceUID", "AccessionNumber", "Seriesdescription"]
)
def test_only_descriptions_can_be_kept_as_text(keyword: str) -> None:
    with pytest.raises(InputError, match="not the keyword of a description"):
        Profile(kept_text=frozenset({keyword}))


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("Series", "SeriesDescription"),
        ("Series Description", "SeriesDescription"),
        ("seriesdescripton", "SeriesDescription"),
        ("StudyDescr", "StudyDescription"),
        ("ProtocollName", "ProtocolName"),
        ("xyzq", "SeriesDescription"),
        ("", "StudyDescription"),
    ],
)
def test_a_keyword_that_is_none_is_refused_with_those_near_it(typed: str, near: str) -> None:
    with pytest.raises(InputError, match=rf"there are .*\b{near}\b.* and others"):
        Profile(kept_text=frozenset({typed}))


def test_few_keywords_are_proposed_and_each_can_be_kept() -> None:
    with pytest.raises(InputError) as caught:
        Profile(kept_text=frozenset({"Description"}))
    proposed = str(caught.value).partition("there are ")[2].removesuffix(" and others").split(", ")
    assert 1 <= len(proposed) <= 4
    assert Profile(kept_text=frozenset(proposed)).kept_text == frozenset(proposed)


def test_a_keyword_of_another_kind_is_not_proposed_for_a_few_letters_in_common() -> None:
    with pytest.raises(InputError) as caught:
        Profile(kept_text=frozenset({"Series"}))
    assert "Allergies" not in str(caught.value)
