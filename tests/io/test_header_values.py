"""Attribute values that break the rules are silence, whatever pydicom raises on them."""

from __future__ import annotations

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from vascal.io.dicom_values import number_of, value_of


def test_a_number_of_the_wrong_length_is_silence() -> None:
    dataset = Dataset()
    tag = Tag("NominalCardiacTriggerDelayTime")
    dataset[tag] = RawDataElement(tag, "FD", 5, b"\0" * 5, 0, False, True)
    assert value_of(dataset, "NominalCardiacTriggerDelayTime") is None
    assert number_of(dataset, "NominalCardiacTriggerDelayTime") is None
