"""Whether scans are of one patient: what contradicts it, what speaks against it, and that nothing proves it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from vascal.errors import ImpossibleInputError
from vascal.report.caveats import Caveat
from vascal.report.scan_score import ScanScore
from vascal.risk.lesion_tracks import LesionTrack
from vascal.risk.profile import Sex
from vascal.risk.progression import DAYS_A_YEAR

AGE_TOLERANCE_YEARS, MOST_AGE_GAP_YEARS = 1.1, 3.0
"""Headers give whole years of age, so that a difference of two may be a year off. From the second on it is somebody
else."""
HEIGHT_GAP_M = 0.06
"""A judgement: heights are measured to a few centimetres, and adults lose few with age."""
HEIGHTS_M = (0.5, 2.5)
"""Other heights are mistakes of units."""
MOST_VANISHED = 0.5
"""A judgement: calcified plaque seldom goes away, and never most of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedPatient:
    """What the user says of the patient, in place of the headers: age at the first scan, sex, body mass index."""

    age_years: float | None = None
    sex: Sex | None = None
    bmi: float | None = None


def require_one_patient(scans: Sequence[ScanScore], stated: StatedPatient | None = None) -> None:
    """Refuse scans that contradict that they are of one patient.

    Parameters
    ----------
    scans
        With dates, and ages and sex as headers say.
    stated
        What the user states needs not agree between the headers; that they contradict each other stays a caution.

    Raises
    ------
    ImpossibleInputError
        If sex differs, age does not fit the dates by years, or one scan is given twice.
    """
    stated = stated or StatedPatient()
    if any(_is_one_scan(one, two) for one, two in combinations(scans, 2)):
        raise ImpossibleInputError("one scan is given twice; needed: different scans of one patient")
    sexes = _sexes(scans)
    if len(sexes) > 1 and stated.sex is None:
        raise ImpossibleInputError(f"sex differs between the scans ({', '.join(sexes)}); needed: scans of one patient")
    gap = age_gap_years(scans)
    if gap > MOST_AGE_GAP_YEARS and stated.age_years is None:
        raise ImpossibleInputError(
            f"age and dates of the scans contradict each other by {gap:.0f} years; needed: scans of one patient. "
            "If the headers' ages or dates are not real, state them (--age, --dates)"
        )


def find_doubts_of_identity(
    scans: Sequence[ScanScore], tracks: Sequence[LesionTrack] = (), stated: StatedPatient | None = None
) -> Iterator[Caveat]:
    """Yield what speaks against one patient, and that nothing proves it.

    Parameters
    ----------
    scans
        In order of their days, with ages, sex and height as headers say.
    tracks
        Their lesions.
    stated
        What the user says instead of the headers.
    """
    stated = stated or StatedPatient()
    yield from _sex(scans, stated)
    yield from _age(scans, stated)
    yield from _height(scans)
    yield from _vanished(tracks)
    yield from _unknown(scans)
    yield Caveat(
        code="identity-not-checked",
        message="That the scans are of one patient is as stated by the user: results hold no name or number.",
        severity="info",
    )


def age_gap_years(scans: Sequence[ScanScore]) -> float:
    """Give by how much ages and dates contradict each other at most, years; 0 where fewer than two ages are known."""
    births = [scan.age_years - scan.on.toordinal() / DAYS_A_YEAR for scan in scans if scan.age_years and scan.on]
    return max(births) - min(births) if births else 0.0


def age_at_first(scans: Sequence[ScanScore]) -> float | None:
    """Take the age at the earliest scan that has one, back to the first."""
    days = [scan.on for scan in scans if scan.on is not None]
    known = [(scan.age_years, day) for scan, day in zip(scans, days, strict=True) if scan.age_years is not None]
    return known[0][0] - (known[0][1] - days[0]).days / DAYS_A_YEAR if known else None


def _is_one_scan(one: ScanScore, two: ScanScore) -> bool:
    """Tell whether two are one. Only a real UID proves it: files of several folders may bear one name."""
    if (one.study_instance_uid, one.series_key) != (two.study_instance_uid, two.series_key):
        return False
    return one.has_real_uids or (one.on, one.lesions) == (two.on, two.lesions)


def _sexes(scans: Sequence[ScanScore]) -> list[Sex]:
    return sorted({scan.sex for scan in scans if scan.sex is not None})


def _sex(scans: Sequence[ScanScore], stated: StatedPatient) -> Iterator[Caveat]:
    sexes = _sexes(scans)
    if len(sexes) > 1:
        yield Caveat(
            code="sex-differs",
            message=f"Headers give different sexes ({', '.join(sexes)}), and {stated.sex} was stated: are the scans of "
            "one patient?",
        )
    elif stated.sex and sexes not in ([], [stated.sex]):
        yield Caveat(code="stated-against-headers", message=f"Sex {stated.sex} was stated; headers say {sexes[0]}.")


def _age(scans: Sequence[ScanScore], stated: StatedPatient) -> Iterator[Caveat]:
    gap, first = age_gap_years(scans), age_at_first(scans)
    if gap > AGE_TOLERANCE_YEARS:
        instead = "" if stated.age_years is None else ", and another age was stated"
        yield Caveat(
            code="age-contradicts-dates",
            message=f"Age and dates of the scans contradict each other by {gap:.1f} years{instead}: are they of one "
            "patient?",
        )
    elif stated.age_years is not None and first is not None and abs(stated.age_years - first) > AGE_TOLERANCE_YEARS:
        yield Caveat(
            code="stated-against-headers",
            message=f"Age {stated.age_years:g} was stated; by the headers it was {first:.0f} at the first scan.",
        )


def _height(scans: Sequence[ScanScore]) -> Iterator[Caveat]:
    low, high = HEIGHTS_M
    heights = [scan.size_m for scan in scans if scan.size_m is not None and low <= scan.size_m <= high]
    if heights and round(max(heights) - min(heights), 3) >= HEIGHT_GAP_M:
        shown = ", ".join(f"{height:.2f} m" for height in heights)
        yield Caveat(
            code="height-differs", message=f"Height differs between the scans ({shown}): are they of one patient?"
        )


def _unknown(scans: Sequence[ScanScore]) -> Iterator[Caveat]:
    counts = {"age": sum(scan.age_years is None for scan in scans), "sex": sum(scan.sex is None for scan in scans)}
    unknown = [f"{name} (in {count} of {len(scans)} scans)" for name, count in counts.items() if count]
    if unknown:
        yield Caveat(
            code="age-or-sex-unknown",
            message=f"Unknown by the headers: {', '.join(unknown)}. Whether they agree could not be checked.",
            severity="info",
        )


def _vanished(tracks: Sequence[LesionTrack]) -> Iterator[Caveat]:
    """Doubt scans of which the later has nowhere what most of the earlier calcium is."""
    shares = [_vanished_share(tracks, step) for step in range(len(tracks[0].ids) - 1)] if tracks else []
    worst = max(shares, default=0.0)
    if worst > MOST_VANISHED:
        step = shares.index(worst)
        yield Caveat(
            code="most-calcium-vanished",
            message=f"Lesions with {100 * worst:.0f} % of the calcium volume of scan {step + 1} were not found again "
            f"in scan {step + 2}, and plaque seldom goes away: are both of one patient, and of the whole heart?",
        )


def _vanished_share(tracks: Sequence[LesionTrack], step: int) -> float:
    """Give the share of a scan's volume that is in lesions which the next scan lacks; 0 for a single lesion."""
    there = [track for track in tracks if track.ids[step]]
    total = sum(track.volume_mm3[step] for track in there)
    gone = sum(track.volume_mm3[step] for track in there if not track.ids[step + 1])
    return gone / total if total and len(there) > 1 else 0.0
