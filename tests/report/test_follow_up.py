"""Scans of one patient are compared, with everything that must be known of the comparison."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.report.make_scans import make_scan
from tests.risk.lesion_sets import grow, make_lesions, move, renumber
from vascal.errors import ImpossibleInputError, MissingInputError, OutOfRangeError
from vascal.report.follow_up import FollowUp, compare_scans
from vascal.report.one_patient import StatedPatient
from vascal.report.scan_score import ScanScore
from vascal.risk.percentile_hnr import hnr_quantile


@pytest.fixture
def scans(tmp_path: Path) -> list[ScanScore]:
    """Total 418 at 58 years, 627 at 63: limit 172 at a body mass index of 28."""
    later = renumber(grow(move(make_lesions(), (12.0, -8.0, 140.0)), 1.5))
    return [
        make_scan(make_lesions(), tmp_path / "a", day="20190301", age=58.0, sex="F"),
        make_scan(later, tmp_path / "b", day="20240301", age=63.0, sex="F"),
    ]


def compare(scans: list[ScanScore], **stated: object) -> FollowUp:
    return compare_scans(scans, stated=StatedPatient(**stated), version="0.1.0")  # type: ignore[arg-type]


def codes(found: FollowUp) -> set[str]:
    return {caveat.code for caveat in found.caveats}


def test_scans_are_put_in_order_and_compared(scans: list[ScanScore]) -> None:
    found = compare(scans[::-1])
    assert [scan.on for scan in found.scans] == [date(2019, 3, 1), date(2024, 3, 1)]
    assert found.progression.overall.agatston == pytest.approx(209.0)
    assert found.progression.overall.direction == "increase"
    assert found.years == pytest.approx((0.0, 5.0), abs=0.01)
    assert found.is_comparable
    assert [track.kind for track in found.tracks] == ["same"] * 9
    assert found.vessels["LAD"] == pytest.approx((170.0, 255.0))
    assert list(found.vessels) == ["LM", "LAD", "LCX", "RCA"]


def test_each_lesion_is_followed_whatever_its_number(scans: list[ScanScore]) -> None:
    tracks = compare(scans).tracks
    assert {track.ids for track in tracks} == {((i,), (i + 100,)) for i in range(1, 10)}


def test_the_caveats_say_what_was_assumed_and_not_checked(scans: list[ScanScore]) -> None:
    found = compare(scans)
    assert codes(found) == {"identity-not-checked", "bmi-assumed", "lesions-not-registered", "not-a-medical-device"}
    assert "bmi-assumed" not in codes(compare(scans, bmi=31.0))
    assert compare(scans, bmi=31.0).progression.overall.bmi == 31.0


def test_scans_made_differently_are_not_comparable_and_the_gravest_caveat_comes_first(scans: list[ScanScore]) -> None:
    unlike = [scans[0], replace(scans[1], facts=replace(scans[1].facts, kvp=100.0, kernels=("B60f",)))]
    found = compare(unlike)
    assert not found.is_comparable
    assert [caveat.code for caveat in found.caveats[:2]] == ["tube-voltages-differ", "kernels-differ"]


def test_a_score_that_must_not_be_quoted_is_refused(scans: list[ScanScore]) -> None:
    for reasons, words in ((("contrast",), "contrast"), ((), "a critical caveat")):
        bad = replace(scans[1], is_quotable=False, critical=reasons)
        with pytest.raises(OutOfRangeError, match=rf"scan 2 must not be quoted as a calcium score \({words}\)"):
            compare([scans[0], bad])


def test_a_scan_without_a_day_and_a_lone_scan_are_refused(scans: list[ScanScore]) -> None:
    with pytest.raises(MissingInputError, match="scan 1 has no study date"):
        compare([replace(scans[0], on=None), scans[1]])
    with pytest.raises(MissingInputError, match="two scans or more; found 1"):
        compare(scans[:1])


def test_two_scans_of_one_day_are_refused(scans: list[ScanScore]) -> None:
    with pytest.raises(ImpossibleInputError, match="different days"):
        compare([scans[0], replace(scans[1], on=scans[0].on, age_years=None)])


def test_what_is_stated_replaces_what_headers_say(scans: list[ScanScore]) -> None:
    masked = [replace(scan, age_years=90.0, sex=None) for scan in scans]
    with pytest.raises(ImpossibleInputError, match="contradict each other by 5 years"):
        compare(masked)
    found = compare(masked, age_years=58.0, sex="M")
    assert (found.age_years, found.sex) == (58.0, "M")
    assert found.scans[1].age_years == pytest.approx(63.0, abs=0.01)
    assert "above 90 % of peers" in found.course.missing


def test_the_age_at_the_first_scan_is_taken_from_a_later_one(scans: list[ScanScore]) -> None:
    found = compare([replace(scans[0], age_years=None), scans[1]])
    assert found.age_years == pytest.approx(58.0, abs=0.01)


def test_the_expected_course_is_that_of_the_first_percentile(tmp_path: Path) -> None:
    first, second = make_lesions()[1:3], make_lesions()[1:4]
    scans = [
        make_scan(first, tmp_path / "a", day="20190301", age=58.0, sex="M"),
        make_scan(second, tmp_path / "b", day="20240301", age=63.0, sex="M"),
        make_scan(grow(second, 3.0), tmp_path / "c", day="20320301", age=71.0, sex="M"),
    ]
    course = compare(scans).course
    assert course.followed is not None
    assert hnr_quantile(course.followed.percent, 58.0, "M") == pytest.approx(160.0)
    near, far = course.later
    assert near is not None
    assert near.expected.agatston > 160
    assert near.pace == "expected"
    assert far is None  # the tool foretells ten years


@pytest.mark.parametrize(
    ("facts", "why"),
    [({"age": None}, "age or sex is not known"), ({"sex": "O"}, "age or sex"), ({"age": 30.0}, "age")],
)
def test_without_a_course_it_says_why(tmp_path: Path, facts: dict[str, object], why: str) -> None:
    known = {"age": None, **facts}
    scans = [make_scan(make_lesions(), tmp_path / day, day=day, **known) for day in ("20190301", "20190901")]
    course = compare(scans).course
    assert course.followed is None
    assert why in course.missing


def test_new_calcium_is_named_with_how_often_scans_disagree(tmp_path: Path) -> None:
    scans = [
        make_scan([], tmp_path / "a", day="20190301", age=50.0),
        make_scan(make_lesions()[:1], tmp_path / "b", day="20240301", age=55.0),
    ]
    found = compare(scans)
    assert found.progression.overall.is_incident
    (caveat,) = (caveat for caveat in found.caveats if caveat.code == "incident")
    assert "4.1 % disagree" in caveat.message
    assert [track.kind for track in found.tracks] == ["new"]


def test_a_decrease_and_a_lesion_of_another_name_are_to_be_looked_at(scans: list[ScanScore]) -> None:
    fewer = make_lesions()[:1]
    less = replace(scans[1], agatston=sum(lesion.agatston for lesion in fewer), lesions=fewer, volume_isotropic_mm3=8.0)
    assert "decrease" in codes(compare([scans[0], less]))
    renamed = tuple(replace(lesion, vessel="LM") if lesion.id == 102 else lesion for lesion in scans[1].lesions)
    found = compare([scans[0], replace(scans[1], lesions=renamed)])
    (caveat,) = (caveat for caveat in found.caveats if caveat.code == "vessel-names-differ")
    assert caveat.message.startswith("1 lesion(s) bear another vessel's name")
    assert "LAD / LM (180)" in caveat.message


def series(tmp_path: Path, *factors: float) -> list[ScanScore]:
    """Scans two years apart, of 418 Agatston units times each factor."""
    days = [f"{2010 + 2 * i}0301" for i in range(len(factors))]
    return [
        make_scan(grow(make_lesions(), factor), tmp_path / day, day=day, age=58.0 + 2 * i)
        for i, (factor, day) in enumerate(zip(factors, days, strict=True))
    ]


def test_changes_that_first_and_last_scan_hide_have_a_caveat(tmp_path: Path) -> None:
    found = compare(series(tmp_path, 1.0, 4.0, 1.2))
    assert found.progression.overall.direction == "none"
    messages = {caveat.code: caveat.message for caveat in found.caveats}
    assert messages["changes-in-between"] == (
        "The score changed beyond chance between 2010-03-01 and 2012-03-01 (a rise of 1254), and between 2012-03-01 "
        "and 2014-03-01 (a fall of 1170), which first and last scan alone do not show."
    )
    assert "between 2012-03-01 and 2014-03-01. Calcified plaque seldom goes away" in messages["decrease"]
    assert "changes-in-between" not in codes(compare(series(tmp_path, 1.0, 1.1, 4.0)))


def test_a_stent_is_no_progression(scans: list[ScanScore]) -> None:
    found = compare([scans[0], replace(scans[1], facts=replace(scans[1].facts, caveats=("metal",)))])
    assert not found.is_comparable
    assert found.caveats[0].code == "metal-differs"


def test_nothing_is_judged_where_scans_are_not_comparable(tmp_path: Path) -> None:
    first, *rest = series(tmp_path, 1.0, 4.0, 1.2)
    found = compare([replace(first, facts=replace(first.facts, kvp=80.0)), *rest])
    assert codes(found).isdisjoint({"changes-in-between", "decrease"})


def test_a_scan_of_a_day_to_come_is_refused(scans: list[ScanScore]) -> None:
    with pytest.raises(ImpossibleInputError, match="scan 2 is of a day to come"):
        compare_scans(scans, today=date(2024, 2, 28), version="0.1.0")
    compare_scans(scans, today=date(2024, 2, 29), version="0.1.0")  # where the day has begun already


def test_a_short_time_is_named(scans: list[ScanScore]) -> None:
    found = compare([scans[0], replace(scans[1], on=date(2019, 3, 2), age_years=58.0)])
    assert "short-interval" in codes(found)
    assert found.progression.overall.agatston_per_year is None


def test_a_small_first_score_is_judged_by_the_larger_limit(tmp_path: Path) -> None:
    scans = [
        make_scan(grow(make_lesions()[3:4], factor), tmp_path / day, day=day)
        for factor, day in ((0.3, "20190301"), (1.4, "20240301"))
    ]
    found = compare([replace(scan, age_years=None) for scan in scans])
    assert (found.decided_by, found.progression.overall.direction) == ("sevrukov-zero", "none")
    assert "small-first-score" in codes(found)


def test_a_vessel_that_only_one_scan_names_is_listed(tmp_path: Path) -> None:
    odd = replace(make_lesions()[0], vessel="unassigned")
    scans = [
        make_scan(make_lesions(), tmp_path / "a", day="20190301", age=58.0),
        make_scan([*make_lesions()[1:], odd], tmp_path / "b", day="20240301", age=63.0),
    ]
    assert compare(scans).vessels["unassigned"] == (0.0, 16.0)
