"""A saved score is read whole and sound, or refused as damaged."""

import contextlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.aac.made_film import make_aac_report
from tests.report.make_report import make_report
from vascal.errors import InputError
from vascal.io.aac_results import aac_to_json
from vascal.io.image_facts import SavedFacts, read_facts
from vascal.io.results import report_to_json
from vascal.risk.facts import ImageFacts
from vascal.study import Patient

CT = report_to_json(make_report())
FILM = aac_to_json(make_aac_report())


def change(saved: bytes, place: str, value: object) -> dict[str, Any]:
    """Put a value at a place such as ``series.patient.sex``."""
    whole: dict[str, Any] = json.loads(saved)
    *folders, name = place.split(".")
    inner = whole
    for folder in folders:
        inner = inner[folder]
    inner[name] = value
    return whole


def read(tmp_path: Path, saved: object) -> SavedFacts:
    path = tmp_path / "score.json"
    path.write_text(json.dumps(saved), encoding="utf-8")
    found = read_facts(path)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("saved", "place", "value"),
    [
        (CT, "series.patient.age_years", "60"),
        (CT, "series.patient.age_years", True),
        (CT, "series.patient.age_years", float("nan")),
        (CT, "series.patient.sex", "female"),
        (CT, "series.patient.sex", 1),
        (CT, "series.patient.size_m", [1.7]),
        (CT, "series.patient.name", "x"),
        (CT, "series.patient", None),
        (CT, "series.patient", "F"),
        (CT, "series.study_date", 20200101),
        (CT, "series.study_instance_uid", None),
        (CT, "total.agatston", "12"),
        (CT, "total.agatston", None),
        (CT, "total.agatston", False),
        (CT, "total.agatston", -1),
        (CT, "total.agatston", float("nan")),
        (CT, "total.agatston", float("inf")),
        (CT, "total.agatston", 60000),
        (CT, "total", 12),
        (CT, "is_quotable", "yes"),
        (CT, "is_quotable", 1),
        (CT, "series.acquisition.gating.is_gated", "yes"),
        (CT, "interpretation.vessels_with_calcium", 2.5),
        (CT, "interpretation.vessels_with_calcium", 5),
        (CT, "interpretation.vessels_with_calcium", "2"),
        (CT, "interpretation.vessels_with_calcium", None),
        (CT, "interpretation.uncertainty", {"agatston_low": "1", "agatston_high": 2}),
        (CT, "interpretation.uncertainty", {"agatston_low": 3, "agatston_high": 2}),
        (CT, "interpretation.uncertainty", {"agatston_low": -3, "agatston_high": 2}),
        (CT, "interpretation.uncertainty", {"agatston_low": 1, "agatston_high": float("nan")}),
        (CT, "interpretation.uncertainty", []),
        (FILM, "total.aac24", 25),
        (FILM, "total.aac24", 7.5),
        (FILM, "total.aac24", "7"),
        (FILM, "total.aac24", True),
        (FILM, "film.patient.age_years", "60"),
        (FILM, "film", []),
    ],
)
def test_a_value_of_a_wrong_kind_means_damage(tmp_path: Path, saved: bytes, place: str, value: object) -> None:
    with pytest.raises(InputError, match=r"score\.json is damaged"):
        read(tmp_path, change(saved, place, value))


@pytest.mark.parametrize("content", ["[" * 100_000, "[]", "1", "null", '{"schema": {}}', "NaN", "\ud800"])
def test_what_is_no_result_at_all_means_damage(tmp_path: Path, content: str) -> None:
    path = tmp_path / "score.json"
    path.write_text(content, encoding="utf-8", errors="surrogatepass")
    with pytest.raises(InputError, match=r"score\.json is damaged"):
        read_facts(path)


def test_a_scan_that_must_not_be_quoted_may_have_any_total(tmp_path: Path) -> None:
    saved = change(CT, "total.agatston", 60000)
    saved["is_quotable"] = False
    saved["interpretation"]["uncertainty"] = None
    assert read(tmp_path, saved).facts.agatston == 60000


def test_numbers_without_a_point_and_values_that_are_not_known_are_read(tmp_path: Path) -> None:
    saved = change(CT, "series.patient", {"age_years": 60, "sex": None})
    saved["total"]["agatston"] = 0
    saved["interpretation"] |= {"vessels_with_calcium": 0, "uncertainty": {"agatston_low": 0, "agatston_high": 3}}
    found = read(tmp_path, saved)
    assert found.patient == Patient(age_years=60.0)
    assert found.facts == ImageFacts(
        agatston=0.0, interval=(0.0, 3.0), vessels_with_calcium=0, is_gated=found.facts.is_gated
    )


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("20210301", date(2021, 3, 1)),
        ("20240229", date(2024, 2, 29)),
        ("00000000", None),
        ("20210229", None),
        ("2021031", None),
        ("2021-03-01", None),
        ("", None),
        ("٢٠٢١٠٣٠١", None),
    ],
)
def test_the_day_of_a_study_is_known_where_its_date_is_one(tmp_path: Path, text: str, day: date | None) -> None:
    assert read(tmp_path, change(CT, "series.study_date", text)).study_day == day


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_PLACES = [
    "series", "series.patient", "series.patient.age_years", "series.patient.sex", "series.patient.weight_kg",
    "series.study_date", "series.study_instance_uid", "series.acquisition.gating", "total", "total.agatston",
    "interpretation", "interpretation.uncertainty", "interpretation.uncertainty.agatston_low", "is_quotable",
    "interpretation.vessels_with_calcium",
]  # fmt: skip


@given(st.sampled_from(_PLACES), _JSON)
def test_no_content_makes_the_reader_crash(tmp_path_factory: Any, place: str, value: object) -> None:
    saved: dict[str, Any] = json.loads(CT)
    saved["interpretation"]["uncertainty"] = {"agatston_low": 0, "agatston_high": 3}
    with contextlib.suppress(InputError):
        read(tmp_path_factory.mktemp("result"), change(json.dumps(saved).encode(), place, value))
