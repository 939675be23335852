"""Identifiers, names and days that hang on a key."""

from __future__ import annotations

import hashlib
import hmac
import stat
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import UID

from vascal.errors import InputError, OutputError
from vascal.io.deid.keyed import Key, is_new_uid, is_well_known, make_key, read_key, read_patients

KEY = Key(b"0123456789abcdef")


@given(st.from_regex(r"[1-9](\.[1-9][0-9]{0,8}){2,8}", fullmatch=True))
def test_a_new_identifier_is_valid_stable_and_hangs_on_the_key(uid: str) -> None:
    new = KEY.new_uid(uid)
    assert UID(new).is_valid
    assert new == KEY.new_uid(uid)
    assert new != Key(b"another secret of its own").new_uid(uid)
    assert is_new_uid(new)
    assert uuid.UUID(int=int(new.removeprefix("2.25."))).version == 8
    assert uuid.UUID(int=int(new.removeprefix("2.25."))).variant == uuid.RFC_4122


def test_a_new_identifier_is_the_hmac_of_the_old_one() -> None:
    digest = hmac.new(b"0123456789abcdef", b"uid\x001.2.3", hashlib.sha256).digest()
    made, expected = int(KEY.new_uid("1.2.3").removeprefix("2.25.")), int.from_bytes(digest[:16], "big")
    marks = 0xF << 76 | 0x3 << 62
    assert made & ~marks == expected & ~marks


@pytest.mark.parametrize("uid", ["1.2.3", "2.25.1", "2.25.x", "2.25.340282366920938463463374607431768211456"])
def test_other_identifiers_are_not_taken_for_new_ones(uid: str) -> None:
    assert not is_new_uid(uid)


@given(st.text(min_size=1, max_size=64))
def test_days_lie_within_ten_years_and_are_those_of_the_patient(subject: str) -> None:
    assert 1 <= KEY.days_back(subject) <= 3652
    assert KEY.days_back(subject) == KEY.days_back(subject)


def test_days_differ_between_patients_and_keys() -> None:
    days = {KEY.days_back(f"P{number}") for number in range(200)}
    assert len(days) > 180
    assert max(days) > 3000
    assert min(days) < 600


def test_a_pseudonym_is_short_and_says_nothing() -> None:
    name = KEY.pseudonym("Miller^Anna")
    assert len(name) == 21
    assert name.startswith("ANON-")
    assert len({KEY.pseudonym(f"P{number}") for number in range(1000)}) == 1000


def test_identifiers_of_the_standard_are_known() -> None:
    assert is_well_known("1.2.840.10008.5.1.4.1.1.2", names_an_instance=False)
    assert is_well_known("1.2.840.10008.1.4.1.1", names_an_instance=True)  # Talairach, a frame of reference
    assert is_well_known("1.2.840.10008.9999.1", names_an_instance=False)  # newer than the dictionary
    assert not is_well_known("1.2.840.10008.9999.1", names_an_instance=True)  # a device that borrows DICOM's root
    assert not is_well_known("1.2.3", names_an_instance=False)


def test_a_short_key_is_refused_without_showing_it() -> None:
    with pytest.raises(InputError, match="found a key of 5 bytes; needed are 16") as caught:
        Key(b"abcde")
    assert "abcde" not in str(caught.value)
    assert "abcdef" not in repr(Key(b"abcdef" * 4))


def test_a_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    made = make_key(tmp_path / "key")
    assert read_key(tmp_path / "key") == made
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    with pytest.raises(OutputError, match="exists; leave out --make-key to use it"):
        make_key(tmp_path / "key")


def test_a_missing_key_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no key file none; --make-key makes one"):
        read_key(tmp_path / "none")
    with pytest.raises(InputError, match="can not be read"):
        read_key(tmp_path)  # a folder


def test_own_names_are_read(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("old,new\nID-1, S001\n", encoding="utf-8")
    assert read_patients(tmp_path / "p.csv") == {"ID-1": "S001"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "columns old and new"),
        ("old,new\n", "columns old and new"),
        ("old,new\nID-1,\n", "columns old and new"),
        ("old,new\nA,S1\nA,S2\n", "one row"),
        ("old,new\nA,S1\nB,S1\n", "name of its own"),
        ("old,new\nA,S^1\n", "line 2"),
        ("old,new\nA,../S1\n", "line 2"),
        ("old,new\nA," + "x" * 65 + "\n", "at most 64"),
    ],
)
def test_own_names_that_can_not_be_used_are_refused_without_repeating_them(
    tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "p.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_patients(tmp_path / "p.csv")
