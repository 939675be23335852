"""Words of a patient are found however they are written, and other words are not."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from tests.io.deid.make_named import SHIFT
from vascal.io.deid.known import collect_words
from vascal.io.deid.profile import Profile


def of(*, name: str = "", number: str = "", born: str = "") -> Dataset:
    ds = Dataset()
    ds.PatientName, ds.PatientID, ds.PatientBirthDate = name, number, born
    return ds


@pytest.mark.parametrize(
    ("ds", "text"),
    [
        (of(number="47110"), "x MRN47110A y"),
        (of(number="ZQ-4711-88"), "scan of ZQ471188"),
        (of(name="Doe^John"), "chest_doe7"),
        (of(name="Doe^John"), "JohnDoe"),
        (of(name="Doe^John"), "DOEJOHN"),
        (of(name="Li^Xi"), "for Li"),
        (of(name="Smith-Jones^A"), "Mrs Jones"),
        (of(name="O'Hara^A"), "O Hara"),
        (of(name="Müller^A"), "by Mueller"),
        (of(name="Müller^A"), "by MULLER"),
        (of(name="Strauß^A"), "by strauss"),
        (of(name="王^小明"), "王小明"),
        (of(name="Yamada^Tarou=山田^太郎=やまだ^たろう"), "by山田"),
        (of(name="Yamada^Tarou=山田^太郎=やまだ^たろう"), "やまだたろう"),
        (of(name="Hong^Gildong=洪^吉洞=홍^길동"), "홍길동님"),
        (of(born="19770913"), "born 1977-09-13"),
        (of(born="19770913"), "born 13.09.1977"),
        (of(born="19770913"), "born 13.9.1977"),
        (of(born="19770913"), "born 9/13/1977"),
        (of(born="19770913"), "*13.09.77"),
        (of(born="19770913"), "13-SEP-1977"),
        (of(born="19770913"), "Sep 13, 1977"),
        (of(born="19770913"), "x13091977x"),
    ],
)
def test_words_are_found_as_people_write_them(ds: Dataset, text: str) -> None:
    assert collect_words(ds, SHIFT).found_in(text)


@pytest.mark.parametrize("text", ["Bottom", "47110999", "B30f", "SOMATOM go.Top VA20", "1.25 x 0.6", "1977", "10^-3"])
def test_other_words_are_not(text: str) -> None:
    words = collect_words(of(name="Ott^To", number="47110", born="19770913"), Profile())
    assert not words.found_in(text)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16-le", "utf-16-be"])
def test_bytes_are_searched_in_the_usual_encodings(encoding: str) -> None:
    words = collect_words(of(name="Müllerin^A"), Profile())
    assert words.found_in_bytes(b"\0\1\2\3" + "frau müllerin".encode(encoding))
    assert not words.found_in_bytes(bytes(range(256)) * 4)
