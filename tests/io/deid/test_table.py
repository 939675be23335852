"""The table as data, and an independent copy of the standard."""

from __future__ import annotations

import importlib

import pytest
from pydicom.datadict import dictionary_has_tag, dictionary_VR

from vascal.io.deid.table import OPTIONS, read_table, row_of

LISTS = {
    "D_TAGS": "D", "U_TAGS": "U", "X_TAGS": "X", "Z_TAGS": "Z", "X_D_TAGS": "X/D", "X_Z_TAGS": "X/Z", "Z_D_TAGS": "Z/D",
    "X_Z_D_TAGS": "X/Z/D", "X_Z_U_STAR_TAGS": "X/Z/U*",
}  # fmt: skip


def theirs(edition: str) -> dict[str, str]:
    """The basic profile as dicom-anonymizer carries it."""
    module = importlib.import_module(f"dicomanonymizer.dicom_anonymization_databases.dicomfields_{edition}")
    return {_tag(tag): action for name, action in LISTS.items() for tag in getattr(module, name)}


def _tag(tag: tuple[int, ...]) -> str:
    if len(tag) == 2:
        return f"{tag[0]:04X}{tag[1]:04X}"
    return "50xxxxxx" if tag[0] == 0x5000 else f"60xx{tag[1]:04X}"


def test_every_row_and_action_is_that_of_the_2026c_edition_as_another_project_read_it() -> None:
    ours = {tag: row.basic for tag, row in read_table().items() if tag != "private"}
    assert ours == theirs("2026c")
    assert len(ours) == 655


def test_rows_of_2024b_were_read_by_two_projects_alike() -> None:
    older = theirs("2024b")
    assert len(older) == 620
    assert {tag: read_table()[tag].basic for tag in older} == older


@pytest.mark.parametrize(
    ("tag", "basic", "options"),
    [
        (0x00100010, "Z", {}),
        (0x00100020, "Z/D", {}),
        (0x00080020, "Z", {"full_dates": "K", "modified_dates": "C"}),
        (0x00181000, "X/Z/D", {"device": "K"}),
        (0x00080080, "X/Z/D", {"institution": "K"}),
        (0x00101010, "X", {"patient": "K"}),
        (0x0020000D, "U", {"uids": "K"}),
        (0x0008103E, "X", {"descriptors": "C"}),
        (0x0040A730, "D", {"structured": "C"}),
        (0x60023000, "X", {"graphics": "C"}),
        (0x50103000, "X", {"graphics": "C"}),
        (0x00091001, "X", {"safe_private": "C"}),
    ],
)
def test_rows_say_what_the_standard_prints(tag: int, basic: str, options: dict[str, str]) -> None:
    row = row_of(tag)
    assert row is not None
    assert (row.basic, dict(row.options)) == (basic, options)


def test_what_the_table_does_not_name_has_no_row() -> None:
    assert row_of(0x00180050) is None
    assert row_of(0x60000010) is None


def test_dates_and_identifiers_have_their_options_but_for_known_exceptions() -> None:
    birth_and_place, of_documents = {"00100030", "00100032", "00160077"}, {"04000100", "0040A124", "300A0054"}
    for tag, row in read_table().items():
        if "x" in tag or tag == "private" or not dictionary_has_tag(int(tag, 16)):
            continue
        vr = dictionary_VR(int(tag, 16))
        if vr in ("DA", "DT", "TM") and tag not in birth_and_place:
            assert "full_dates" in row.options, row.name
        if vr == "UI" and tag not in of_documents:
            assert row.options.get("uids") == "K", row.name
        assert set(row.options) <= set(OPTIONS)
