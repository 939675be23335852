"""Attribute values that break the rules are silence, whatever pydicom raises on them."""

from __future__ import annotations

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from vascal.io.dicom_values import number_of, text_of, value_of


def test_a_number_of_the_wrong_length_is_silence() -> None:
    dataset = Dataset()
    tag = Tag("NominalCardiacTriggerDelayTime")
    dataset[tag] = RawDataElement(tag, "FD", 5, b"\0" * 5, 0, False, True)
    assert value_of(dataset, "NominalCardiacTriggerDelayTime") is None
    assert number_of(dataset, "NominalCardiacTriggerDelayTime") is None


def test_text_that_pydicom_can_not_read_again_is_silence() -> None:
    """As in a damaged file, where a length without its bytes makes pydicom go back to the file."""
    dataset = Dataset()
    tag = Tag("TrackingID")
    dataset[tag] = RawDataElement(tag, "U\x0c", 4, None, 0, False, True)
    assert text_of(dataset, "TrackingID") == ""
