"""Several calcium scores of one patient, compared: the change, each lesion's, and what must be known of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from vascal.calcium.lesions import VESSELS, vessel_order
from vascal.errors import ImpossibleInputError, MissingInputError, OutOfRangeError, RiskError
from vascal.report.caveats import GRAVITY, Caveat
from vascal.report.comparability import find_differences
from vascal.report.follow_up_caveats import find_caveats_of_change
from vascal.report.one_patient import StatedPatient, age_at_first, find_doubts_of_identity, require_one_patient
from vascal.report.scan_score import ScanScore
from vascal.risk.expected_course import Expected, ExpectedCourse, Pace, find_expected_course
from vascal.risk.lesion_tracks import LesionTrack, track_lesions
from vascal.risk.profile import Sex
from vascal.risk.progression import (
    DAYS_A_YEAR,
    Progression,
    RuleName,
    ScanTotal,
    assess_progression,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedLater:
    """What was expected of a later scan, and what came."""

    years: float
    expected: Expected
    pace: Pace


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The percentile of the first scan followed; `missing` says why there is none."""

    followed: ExpectedCourse | None = None
    later: tuple[ExpectedLater | None, ...] = ()
    missing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FollowUp:
    """Everything that is said of two or more scans of one patient.

    Parameters
    ----------
    scans
        In order of their days.
    age_years, sex
        At the first scan, stated or by the headers; None where not known.
    progression
        From scan to scan, and from the first to the last.
    vessels
        Agatston units in each scan, by vessel.
    tracks
        Every lesion, by vessel and from head to feet.
    course
        What was expected.
    is_comparable
        False where a critical caveat says that the scans were not made or read alike.
    caveats
        Gravest first.
    version
        Of vascal.
    """

    scans: tuple[ScanScore, ...]
    age_years: float | None
    sex: Sex | None
    progression: Progression
    vessels: Mapping[str, tuple[float, ...]]
    tracks: tuple[LesionTrack, ...]
    course: Course
    is_comparable: bool
    caveats: tuple[Caveat, ...]
    version: str

    @property
    def decided_by(self) -> RuleName:
        """The rule whose limit decides whether the first and the last scan differ."""
        return self.progression.overall.answers[0].rule

    @property
    def years(self) -> tuple[float, ...]:
        """Years of each scan after the first."""
        first, *rest = (change.earlier.on for change in self.progression.steps)
        days = [*((day - first).days for day in rest), (self.progression.overall.later.on - first).days]
        return (0.0, *(day / DAYS_A_YEAR for day in days))


def compare_scans(
    scans: Sequence[ScanScore], *, stated: StatedPatient | None = None, today: date | None = None, version: str
) -> FollowUp:
    """Compare scans of one patient.

    Parameters
    ----------
    scans
        Two or more, in any order.
    stated
        What the user says of the patient; replaces what headers say.
    today
        No scan is later than the day after it (clocks differ by up to a day); not checked without it.
    version
        Of vascal.

    Raises
    ------
    MissingInputError
        If fewer than two scans are given, or one has no date.
    OutOfRangeError
        If one may not be quoted as a calcium score.
    ImpossibleInputError
        If the scans contradict that they are of one patient, two are of one day, or one is of a day to come.
    """
    said, stated = _in_order(scans, today), stated or StatedPatient()
    require_one_patient(said, stated)
    ordered = _with_stated(said, stated)
    totals = _totals(ordered)
    progression = assess_progression(totals)
    age, sex = age_at_first(ordered), next((scan.sex for scan in ordered if scan.sex), None)
    tracks = track_lesions([scan.lesions for scan in ordered])
    doubts = [*find_differences(ordered), *find_doubts_of_identity(said, tracks, stated)]
    is_comparable = all(caveat.severity != "critical" for caveat in doubts)
    caveats = [*doubts, *find_caveats_of_change(progression, tracks, is_comparable=is_comparable)]
    return FollowUp(
        scans=ordered,
        age_years=age,
        sex=sex,
        progression=progression,
        vessels=_by_vessel(ordered),
        tracks=tracks,
        course=_course(totals, age, sex),
        is_comparable=is_comparable,
        caveats=tuple(sorted(caveats, key=lambda caveat: GRAVITY.index(caveat.severity))),
        version=version,
    )


def _in_order(scans: Sequence[ScanScore], today: date | None) -> list[ScanScore]:
    """Refuse what can not be compared, and sort by day."""
    if len(scans) < 2:
        raise MissingInputError(f"a comparison needs two scans or more; found {len(scans)}")
    for number, scan in enumerate(scans, start=1):
        if not scan.is_quotable:
            reasons = ", ".join(scan.critical) or "a critical caveat"
            raise OutOfRangeError(
                f"scan {number} must not be quoted as a calcium score ({reasons}); needed: scores that may be"
            )
        if scan.on is None:
            raise MissingInputError(f"scan {number} has no study date; needed: the day of every scan (--dates)")
        if today is not None and scan.on > today + timedelta(days=1):
            raise ImpossibleInputError(f"scan {number} is of a day to come; needed: the day it was made")
    days = sorted((scan.on, place) for place, scan in enumerate(scans) if scan.on is not None)
    return [scans[place] for _, place in days]


def _with_stated(scans: Sequence[ScanScore], stated: StatedPatient) -> tuple[ScanScore, ...]:
    """Put in what the user stated."""
    days = [scan.on for scan in scans if scan.on is not None]
    aged = [None if stated.age_years is None else stated.age_years + (d - days[0]).days / DAYS_A_YEAR for d in days]
    return tuple(
        replace(
            scan,
            age_years=scan.age_years if age is None else age,
            sex=stated.sex or scan.sex,
            bmi=scan.bmi if stated.bmi is None else stated.bmi,
        )
        for scan, age in zip(scans, aged, strict=True)
    )


def _totals(scans: Sequence[ScanScore]) -> list[ScanTotal]:
    return [
        ScanTotal(on=scan.on, agatston=scan.agatston, volume_mm3=scan.volume_isotropic_mm3, bmi=scan.bmi)
        for scan in scans
        if scan.on is not None
    ]


def _by_vessel(scans: Sequence[ScanScore]) -> Mapping[str, tuple[float, ...]]:
    names = sorted({*VESSELS, *(name for scan in scans for name in scan.vessels)}, key=vessel_order)
    score = {name: tuple(s.vessels[name].agatston if name in s.vessels else 0.0 for s in scans) for name in names}
    return {name: values for name, values in score.items() if name in VESSELS or any(values)}


def _course(totals: Sequence[ScanTotal], age_years: float | None, sex: Sex | None) -> Course:
    """Follow the percentile of the first score, or say why that can not be."""
    if age_years is None or sex is None:
        return Course(missing="age or sex is not known")
    try:
        followed = find_expected_course(totals[0].agatston, age_years, sex)
    except RiskError as error:
        return Course(missing=str(error))
    years = [(total.on - totals[0].on).days / DAYS_A_YEAR for total in totals[1:]]
    later = tuple(_expect(followed, total.agatston, when) for total, when in zip(totals[1:], years, strict=True))
    return Course(followed=followed, later=later)


def _expect(followed: ExpectedCourse, agatston: float, years: float) -> ExpectedLater | None:
    """Say what was expected, None where the tool does not reach."""
    try:
        return ExpectedLater(years=years, expected=followed.at(years), pace=followed.find_pace(agatston, years))
    except RiskError:
        return None
