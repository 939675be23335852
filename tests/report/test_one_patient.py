"""Scans of two people are refused or doubted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.report.make_scans import make_scan
from tests.risk.lesion_sets import make_lesions, move
from vascal.errors import ImpossibleInputError
from vascal.report.one_patient import StatedPatient, age_gap_years, find_doubts_of_identity, require_one_patient
from vascal.report.scan_score import ScanScore
from vascal.risk.lesion_pairs import PlacedLesion
from vascal.risk.lesion_tracks import track_lesions


@pytest.fixture
def pair(tmp_path: Path) -> tuple[ScanScore, ScanScore]:
    """Two scans made alike, five years apart."""
    first = make_scan(make_lesions(), tmp_path / "a", day="20190301", age=58.0)
    return first, make_scan(make_lesions(), tmp_path / "b", day="20240301", age=63.0)


def doubts(scans: Sequence[ScanScore], **stated: object) -> dict[str, str]:
    tracks = track_lesions([scan.lesions for scan in scans])
    found = find_doubts_of_identity(scans, tracks, StatedPatient(**stated))  # type: ignore[arg-type]
    return {caveat.code: caveat.message for caveat in found if caveat.code != "identity-not-checked"}


def test_scans_of_people_of_different_sex_are_refused(pair: tuple[ScanScore, ScanScore]) -> None:
    with pytest.raises(ImpossibleInputError, match=r"sex differs between the scans \(F, M\)"):
        require_one_patient([pair[0], replace(pair[1], sex="M")])
    require_one_patient([pair[0], replace(pair[1], sex=None)])


def test_ages_that_do_not_fit_the_dates_are_doubted_and_then_refused(pair: tuple[ScanScore, ScanScore]) -> None:
    def codes(*scans: ScanScore) -> list[str]:
        return [caveat.code for caveat in find_doubts_of_identity(scans)]

    assert codes(*pair) == ["identity-not-checked"]
    a_year_off = (pair[0], replace(pair[1], age_years=64.0))
    assert codes(*a_year_off) == ["identity-not-checked"]
    two_off = (pair[0], replace(pair[1], age_years=65.0))
    require_one_patient(two_off)
    assert codes(*two_off) == ["age-contradicts-dates", "identity-not-checked"]
    with pytest.raises(ImpossibleInputError, match="contradict each other by 5 years"):
        require_one_patient([pair[0], replace(pair[1], age_years=58.0)])


def test_unknown_ages_contradict_nothing(pair: tuple[ScanScore, ScanScore]) -> None:
    assert age_gap_years([replace(scan, age_years=None) for scan in pair]) == 0.0
    assert age_gap_years([pair[0], replace(pair[1], on=date(2024, 3, 1))]) == pytest.approx(0.0, abs=0.01)


def test_one_scan_given_twice_is_refused(pair: tuple[ScanScore, ScanScore]) -> None:
    with pytest.raises(ImpossibleInputError, match="one scan is given twice"):
        require_one_patient([*pair, pair[0]])


def test_a_real_uid_proves_that_a_scan_is_given_twice_and_a_file_name_does_not(
    pair: tuple[ScanScore, ScanScore],
) -> None:
    again = replace(pair[1], study_instance_uid=pair[0].study_instance_uid, series_key=pair[0].series_key)
    with pytest.raises(ImpossibleInputError, match="one scan is given twice"):
        require_one_patient([pair[0], again])
    files = [replace(scan, study_instance_uid="scan", series_key="scan") for scan in pair]
    require_one_patient(files)
    with pytest.raises(ImpossibleInputError, match="one scan is given twice"):
        require_one_patient([files[0], files[0]])
    other_lesions = replace(files[0], lesions=make_lesions()[:1])
    require_one_patient([files[0], other_lesions])  # two of one day are refused for that


def test_stated_sex_does_not_hide_that_headers_disagree(pair: tuple[ScanScore, ScanScore]) -> None:
    mixed = [pair[0], replace(pair[1], sex="M")]
    require_one_patient(mixed, StatedPatient(sex="M"))
    assert "Headers give different sexes (F, M), and M was stated" in doubts(mixed, sex="M")["sex-differs"]
    assert doubts(pair, sex="M") == {"stated-against-headers": "Sex M was stated; headers say F."}
    assert doubts(pair, sex="F") == {}


def test_a_stated_age_does_not_hide_that_headers_contradict_the_dates(pair: tuple[ScanScore, ScanScore]) -> None:
    odd = [pair[0], replace(pair[1], age_years=40.0)]
    require_one_patient(odd, StatedPatient(age_years=60.0))
    message = doubts(odd, age_years=60.0)["age-contradicts-dates"]
    assert "by 23.0 years, and another age was stated: are they of one patient?" in message
    assert "by the headers it was 58" in doubts(pair, age_years=50.0)["stated-against-headers"]
    assert doubts(pair, age_years=57.5) == {}


@pytest.mark.parametrize(
    ("heights", "is_doubted"),
    [((1.76, 1.70), True), ((1.76, 1.71), False), ((1.76, None), False), ((1.76, 176.0), False), ((1.76, 1.50), True)],
)
def test_heights_that_differ_by_six_centimetres_are_doubted(
    pair: tuple[ScanScore, ScanScore], heights: tuple[float | None, float | None], is_doubted: bool
) -> None:
    scans = [replace(scan, size_m=height) for scan, height in zip(pair, heights, strict=True)]
    assert ("height-differs" in doubts(scans)) == is_doubted


def test_scans_of_which_most_calcium_has_vanished_are_doubted(pair: tuple[ScanScore, ScanScore]) -> None:
    others = (
        ("RCA", (10.0, 60.0, -70.0)),
        ("RCA", (-90.0, 10.0, 80.0)),
        ("LM", (0.0, 0.0, 150.0)),
        ("LCX", (150.0, 0.0, 0.0)),
    )
    unlike = tuple(
        PlacedLesion(id=i, vessel=vessel, center_mm=place, volume_mm3=20.0, agatston=40.0)
        for i, (vessel, place) in enumerate(others, start=1)
    )
    message = doubts([pair[0], replace(pair[1], lesions=unlike)])["most-calcium-vanished"]
    assert "of scan 1 were not found again in scan 2" in message
    moved = replace(pair[1], lesions=move(pair[1].lesions, (9.0, 9.0, 0.0)))
    assert doubts([pair[0], moved]) == {}
    assert doubts([replace(pair[0], lesions=pair[0].lesions[:1]), replace(pair[1], lesions=())]) == {}
    assert list(find_doubts_of_identity(pair)) != []


def test_an_age_or_sex_that_is_not_known_is_said(pair: tuple[ScanScore, ScanScore]) -> None:
    masked = [replace(pair[0], age_years=None, sex=None), replace(pair[1], age_years=None)]
    assert doubts(masked)["age-or-sex-unknown"].startswith(
        "Unknown by the headers: age (in 2 of 2 scans), sex (in 1 of 2 scans)."
    )
