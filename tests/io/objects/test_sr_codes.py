"""Codes of reports: public ones as their own dictionaries have them, private ones as the conformance statement does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import pytest
from pydicom.sr import _concepts_dict

from vascal.aac.classes import SCHEMES
from vascal.calcium.categories import find_risk_category
from vascal.io.objects import coded, sr_codes
from vascal.io.objects.coded import Coded
from vascal.io.objects.sr_codes import Quantity
from vascal.io.private_codes import PRIVATE_CODES, SCHEME, SCHEME_UID
from vascal.report.caveats import GRAVITY

STATEMENT = Path(__file__).parents[3] / "docs" / "reference" / "dicom-conformance.md"
ROW = re.compile(r"^\| `([A-Z0-9-]+)` \| (.+) \| (.+) \|$", re.MULTILINE)
CONCEPTS = cast(Mapping[str, Mapping[str, Mapping[str, tuple[str, list[int]]]]], _concepts_dict.concepts)
KNOWN = {
    (value, scheme, meaning.casefold())
    for scheme in ("DCM", "SCT", "UCUM", "LN")
    for names in CONCEPTS[scheme].values()
    for value, (meaning, _groups) in names.items()
}


def every_code() -> Iterator[Coded]:
    for module in (coded, sr_codes):
        for value in vars(module).values():
            yield from _codes_in(value)


def _codes_in(value: object) -> Iterator[Coded]:
    if isinstance(value, Coded):
        yield value
    elif isinstance(value, Quantity):
        yield from (one for one in (value.concept, value.unit, value.method) if one is not None)
    elif isinstance(value, tuple) and value and isinstance(value[0], Quantity):
        for one in value:
            yield from _codes_in(one)
    elif isinstance(value, Mapping) and value and isinstance(next(iter(value.values())), Coded):
        yield from value.values()


CODES = sorted({(one.value, one.scheme, one.meaning) for one in every_code()})


SI = {"mm", "mg", "kV"}
"""Units whose code says all; the dictionary spells them in its own way, or lacks them."""
PUBLIC = [one for one in CODES if one[1] in ("DCM", "SCT", "UCUM", "LN") and one[0] not in SI]


@pytest.mark.parametrize(("value", "scheme", "meaning"), PUBLIC)
def test_a_public_code_means_what_pydicoms_dictionary_says(value: str, scheme: str, meaning: str) -> None:
    assert (value, scheme, meaning.casefold()) in KNOWN


def test_every_private_code_is_of_the_one_table() -> None:
    private = [one for one in CODES if one[1] == SCHEME]
    assert private
    assert all(PRIVATE_CODES[value].meaning == meaning for value, _scheme, meaning in private)


def test_private_codes_fit_their_attributes() -> None:
    for code in PRIVATE_CODES.values():
        assert re.fullmatch(r"[A-Z0-9-]{1,16}", code.value)
        assert 0 < len(code.meaning) <= 64
        assert "\\" not in code.meaning


def test_the_conformance_statement_lists_exactly_the_private_codes() -> None:
    text = STATEMENT.read_text(encoding="utf-8")
    listed = ROW.findall(text[text.index("## 11. Coding scheme") :])
    assert listed == [(code.value, code.meaning, code.definition) for code in PRIVATE_CODES.values()]
    assert SCHEME_UID in text


def test_the_conformance_statement_names_every_public_code_of_a_measurement() -> None:
    text = STATEMENT.read_text(encoding="utf-8")
    measured = [one for sums in (sr_codes.QUOTED_SUMS, sr_codes.UNQUOTED_SUMS) for one in sums]
    assert all(one.concept.value in text and one.unit.value in text for one in measured)
    assert all(one.value in text for one in (*coded.VESSEL_CODES.values(), *coded.VERTEBRA_CODES.values()))


def test_every_word_of_a_saved_score_has_a_code() -> None:
    assert set(sr_codes.CATEGORIES) == {find_risk_category(score) for score in (0, 1, 50, 200, 500)}
    assert set(sr_codes.SEVERITIES) == set(GRAVITY)
    assert set(sr_codes.CLASS_SCHEMES) == {scheme.name for scheme in SCHEMES}
    assert set(sr_codes.CLASSES) == {(scheme.name, name) for scheme in SCHEMES for name in scheme.classes}


def test_no_two_numbers_of_one_group_share_a_concept() -> None:
    for numbers in (
        (
            *sr_codes.QUOTED_SUMS,
            *sr_codes.CT_INTERVAL,
            *sr_codes.MEANINGS,
            sr_codes.REPEAT_LIMIT,
            sr_codes.ZERO_PROBABILITY,
        ),
        sr_codes.UNQUOTED_SUMS,
        (sr_codes.AAC24, *sr_codes.FILM_TOTALS, *sr_codes.AAC8, *sr_codes.FILM_INTERVAL),
    ):
        assert len({one.concept.key for one in numbers}) == len(numbers)
