"""Whose images these are: from a header, and from a table whose cells no message repeats."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from vascal.errors import TableError
from vascal.io.dicom_values import tolerant_reading
from vascal.io.patient_identity import PatientIdentity, identity_of, read_identities, read_record_ids


def make_header(**values: str) -> Dataset:
    header = Dataset()
    header.SpecificCharacterSet = "ISO_IR 192"
    for keyword, value in {"PatientID": "77", "PatientName": "Doe^Jane", "PatientSex": "F", **values}.items():
        setattr(header, keyword, value)
    return header


def write(folder: Path, text: str) -> Path:
    path = folder / "map.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_header_names_patient_issuer_and_request() -> None:
    header = make_header(
        PatientName="Yamada^Tarou=山田^太郎=やまだ^たろう",
        PatientBirthDate="19500102",
        IssuerOfPatientID="Hospital",
        AccessionNumber="A1",
        PatientSex="O",
    )
    identity = identity_of(header)
    assert identity == PatientIdentity(
        patient_id="77",
        issuer="Hospital",
        name="Yamada^Tarou=山田^太郎=やまだ^たろう",
        birth_date=date(1950, 1, 2),
        sex="O",
        accession_number="A1",
    )
    assert identity is not None
    assert identity.names["ideographic"] == ("山田", "太郎", "", "", "")
    assert list(identity.names) == ["alphabetic", "ideographic", "phonetic"]


def test_a_header_without_a_number_names_nobody() -> None:
    assert identity_of(make_header(PatientID="")) is None
    assert identity_of(Dataset()) is None


def test_what_is_no_birth_date_and_no_sex_is_not_known() -> None:
    with tolerant_reading():
        header = make_header(PatientBirthDate="1950", PatientSex="X", PatientName="")
    identity = identity_of(header)
    assert identity is not None
    assert (identity.birth_date, identity.sex, dict(identity.names)) == (None, None, {})


def test_nothing_that_names_a_person_is_shown_by_accident() -> None:
    identity = PatientIdentity(patient_id="77", name="Doe^Jane", birth_date=date(1950, 1, 2), accession_number="A1")
    assert not [text for text in ("77", "Doe", "1950", "A1") if text in repr(identity)]


def test_a_table_gives_an_identity_a_study(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "study,patient_id,id_system,name,birth_date,sex\n1.2,77,urn:oid:1.3,Doe^Jane,1950-01-02,f\n1.4,78,,,19510203,\n",
    )
    found = read_identities(path)
    assert found["1.2"].birth_date == date(1950, 1, 2)
    assert (found["1.2"].sex, found["1.2"].id_system) == ("F", "urn:oid:1.3")
    assert found["1.4"] == PatientIdentity(patient_id="78", birth_date=date(1951, 2, 3))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("study,patient_id\n1.2,\n", "line 2: patient_id is missing"),
        ("study,patient_id\n,SECRET\n", "line 2: study is missing"),
        ("study,patient_id\n1.2,SECRET\n1.2,SECRET\n", "lines 2, 3: the same study"),
        ("study,patient_id,birth_date\n1.2,SECRET,2.1.1950\n", "line 2: birth_date is no day"),
        ("study,patient_id,sex\n1.2,SECRET,woman\n", "line 2: sex is not F, M or O"),
        ("study,number\n1.2,SECRET\n", "no column patient_id"),
        ("study,patient_id,birthday\n1.2,SECRET,1950-01-02\n", "no such column: birthday"),
    ],
)
def test_a_table_that_can_not_be_used_is_refused_without_its_cells(tmp_path: Path, text: str, found: str) -> None:
    with pytest.raises(TableError, match=found) as refused:
        read_identities(write(tmp_path, text))
    assert not [word for word in ("SECRET", "1950", "woman") if word in str(refused.value)]


def test_many_faults_are_counted(tmp_path: Path) -> None:
    rows = "".join(f"1.{n},\n" for n in range(30))
    with pytest.raises(TableError, match="and 10 more"):
        read_identities(write(tmp_path, "study,patient_id\n" + rows))


def test_records_of_another_database_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, "study,record_id\n1.2,17\n1.3, 17 \n")
    assert read_record_ids(path) == {"1.2": "17", "1.3": "17"}
    with pytest.raises(TableError, match="no column record_id"):
        read_record_ids(write(tmp_path, "study,patient_id\n1.2,5\n"))
