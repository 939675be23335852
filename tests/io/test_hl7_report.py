"""Results as HL7 v2.5.1: parsed and checked by hl7apy, nothing escapes its field, no artery has the total's code."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.io.result_kinds import IDENTITY, KINDS, make_ct, make_enhanced_ct, make_odd_ct
from vascal.errors import InputError
from vascal.io.hl7_report import Route, escape, report_to_hl7

Json = dict[str, Any]
NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
LETTERS = {"F": "|", "S": "^", "T": "&", "R": "~", "E": "\\"}


def segments(message: bytes, name: str) -> list[list[str]]:
    lines = [line.split("|") for line in message.decode().split("\r") if line]
    return [line for line in lines if line[0] == name]


def unescape(text: str) -> str:
    """Read escape sequences back, as a receiver does (chapter 2.7)."""
    parts = text.split("\\")
    return "".join(LETTERS[part] if place % 2 else part for place, part in enumerate(parts))


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("identity", [None, IDENTITY], ids=["anonymous", "named"])
def test_every_message_is_valid_by_the_structure_of_the_standard(make: Callable[[], Json], identity: Any) -> None:
    message = report_to_hl7(make(), identity=identity, pdf=b"%PDF-1.7")
    parsed = parse_message(message.decode(), validation_level=VALIDATION_LEVEL.STRICT)
    assert parsed.validate()
    assert parsed.msh.msh_9.to_er7() == "ORU^R01^ORU_R01"
    assert parsed.msh.msh_18.to_er7() == "UNICODE UTF-8"


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_no_two_lines_of_result_have_the_same_code_and_place(make: Callable[[], Json]) -> None:
    lines = segments(report_to_hl7(make()), "OBX")
    assert max(Counter((line[3].split("^")[0], line[4]) for line in lines).values()) == 1
    assert [line[1] for line in lines] == [str(n) for n in range(1, len(lines) + 1)]


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_everything_is_preliminary_and_the_same_result_gives_the_same_bytes(make: Callable[[], Json]) -> None:
    message = report_to_hl7(make())
    assert message == report_to_hl7(make())
    assert {line[11] for line in segments(message, "OBX")} == {"P"}
    [request] = segments(message, "OBR")
    assert request[25] == "P"


def test_the_total_and_each_artery_have_codes_of_their_own() -> None:
    values = {line[3].split("^")[0]: (line[2], line[5], line[6]) for line in segments(report_to_hl7(make_ct()), "OBX")}
    assert values["450734004"] == ("NM", "12.5", "{score}^^UCUM")
    assert values["AGATSTON-LM"][1] == "4.5"
    assert values["AGATSTON-RCA"][1] == "8"
    assert values["AGATSTON-LAD"][1] == "0"
    assert values["CAC-CATEGORY"][:2] == ("CE", "CAC-11-100^11-100^99VASCAL")
    assert values["INTERVAL-LEVEL"][1] == "0.95"
    assert values["110180"][1] == "1.2"


def test_caveats_follow_the_total_as_notes() -> None:
    message = report_to_hl7(make_enhanced_ct())
    lines = [line for line in message.decode().split("\r") if line]
    first = next(place for place, line in enumerate(lines) if line.startswith("OBX"))
    assert lines[first].split("|")[3].startswith("CALCIUM-SUM^")
    assert lines[first + 1].startswith("NTE|1|L|No calcium score")
    assert lines[first + 2].startswith("NTE|2|L|critical: Blood is contrast-enhanced.")
    assert b"450734004" not in message
    assert b"AGATSTON-" not in message


def test_the_patient_and_the_request_are_written_as_the_standard_orders_them() -> None:
    message = report_to_hl7(make_ct(), identity=IDENTITY)
    [patient] = segments(message, "PID")
    assert patient[3] == "P\\F\\77^^^&1.2.276.0.76&ISO^MR"
    assert patient[5] == "Müller^Jörg^Otto^jun^Dr^^L^A~山田^太郎^^^^^L^I"
    assert patient[7:9] == ["19500102", "M"]
    [request] = segments(message, "OBR")
    assert request[3] == "A\\T\\1"
    assert request[4] == "36934-8^CT Heart for calcium scoring^LN"
    assert request[7] == "20200102"


@pytest.mark.parametrize(
    ("issuer", "system", "written"),
    [
        ("St. Elsewhere", "urn:oid:1.2.276.0.76.3.1", "St. Elsewhere&1.2.276.0.76.3.1&ISO"),
        ("St. Elsewhere", "https://elsewhere.org/mrn", "St. Elsewhere&https://elsewhere.org/mrn&URI"),
        ("", "urn:oid:1.2.276.0.76.3.1", "&1.2.276.0.76.3.1&ISO"),
        ("1.2.3.4", "", "&1.2.3.4&ISO"),
        ("", "", ""),
    ],
)
def test_equal_numbers_of_two_hospitals_stay_apart(issuer: str, system: str, written: str) -> None:
    [patient] = segments(report_to_hl7(make_ct(), identity=replace(IDENTITY, issuer=issuer, id_system=system)), "PID")
    assert patient[3].split("^")[3] == written


def test_an_issuer_by_name_is_text() -> None:
    [patient] = segments(report_to_hl7(make_ct(), identity=replace(IDENTITY, issuer="St. A&B", id_system="")), "PID")
    assert patient[3] == "P\\F\\77^^^St. A\\T\\B^MR"


def test_an_anonymous_patient_is_the_study() -> None:
    [patient] = segments(report_to_hl7(make_ct()), "PID")
    assert patient[3:6] == ["1.2^^^^ANON", "", "Anonymous^^^^^^S"]


def test_other_findings_get_another_control_number_and_the_moment_does_not_change_it() -> None:
    one, other = make_ct(), make_ct()
    other["total"]["agatston"] = 13.0
    numbers = [segments(report_to_hl7(saved), "MSH")[0][9] for saved in (one, other)]
    assert numbers[0] != numbers[1]
    assert all(len(number) == 20 for number in numbers)


def test_the_moment_has_its_time_zone() -> None:
    message = report_to_hl7(make_ct(), written_at=NOW)
    assert segments(message, "MSH")[0][6] == "20240506070809+0000"
    assert segments(message, "OBR")[0][22] == "20240506070809+0000"
    with pytest.raises(InputError, match="time zone"):
        report_to_hl7(make_ct(), written_at=NOW.replace(tzinfo=None))


def test_the_route_is_in_the_header() -> None:
    route = Route(sender="A|B", sender_place="C", receiver="RIS", receiver_place="D", processing="T")
    [header] = segments(report_to_hl7(make_ct(), route=route), "MSH")
    assert header[2:6] == ["A\\F\\B", "C", "RIS", "D"]
    assert header[10] == "T"


def test_a_pdf_of_any_size_comes_back() -> None:
    pdf = b"%PDF-1.7" + bytes(range(256)) * 300
    message = report_to_hl7(make_ct(), pdf=pdf)
    parse_message(message.decode(), validation_level=VALIDATION_LEVEL.TOLERANT)
    last = segments(message, "OBX")[-1]
    assert last[2] == "ED"
    assert base64.b64decode(last[5].split("^")[4]) == pdf


def test_what_is_no_dicom_gives_no_identifiers_of_dicom() -> None:
    message = report_to_hl7(make_odd_ct())
    assert b"110180" not in message
    assert segments(message, "OBR")[0][3] == "scan one"
    assert segments(message, "MSH")[0][6] == "19000101000000"
    others = [line for line in segments(message, "OBX") if line[3].startswith("AGATSTON-OTHER")]
    assert [line[4] for line in others] == ["", "2"]
    assert unescape(others[1][3].split("^")[1]) == "Agatston score: D1 <&|^~\\>"


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"])))
def test_a_receiver_reads_any_text_as_it_was(text: str) -> None:
    assert unescape(escape(text)) == text
    assert not set(escape(text)) & set("|^&~")


@settings(max_examples=25)
@given(st.text())
def test_no_text_of_a_header_breaks_out_of_its_field(text: str) -> None:
    saved = make_ct()
    saved["caveats"][0]["message"] = text
    saved["rule"]["name"] = text
    message = report_to_hl7(saved, identity=replace(IDENTITY, name=text, accession_number=text, issuer=text))
    plain = report_to_hl7(make_ct(), identity=IDENTITY)
    assert [line[:3] for line in message.decode().split("\r")] == [line[:3] for line in plain.decode().split("\r")]
    assert message.count(b"\r") == plain.count(b"\r")
