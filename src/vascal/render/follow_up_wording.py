"""How a comparison of scans is said to people."""

from __future__ import annotations

from collections.abc import Mapping

from vascal.render.wording import show_number, show_score
from vascal.report.follow_up import FollowUp
from vascal.risk.lesion_tracks import LesionTrack, TrackKind
from vascal.risk.progression import Change, RuleAnswer, RuleName

RULE_TITLES: Mapping[RuleName, str] = {
    "mesa-agatston": "Agatston score, MESA",
    "mesa-volume": "Volume, MESA",
    "sevrukov-agatston": "Agatston score, Sevrukov",
    "sevrukov-volume": "Volume, Sevrukov",
    "root-volume": "Square root of the volume, Hokanson",
    "root-agatston": "Square root of the Agatston score, variant",
    "percent": "Rise a year, Raggi",
}
UNITS: Mapping[RuleName, str] = {
    "mesa-volume": " mm³",
    "sevrukov-volume": " mm³",
    "percent": " % a year",
}
KINDS: Mapping[TrackKind, str] = {
    "same": "",
    "merged": "grown together",
    "split": "divided",
    "mixed": "regrouped",
    "new": "new",
    "vanished": "not found again",
    "passing": "seen in between only",
}
PACES = {"slow": "slower than expected", "expected": "as expected", "rapid": "faster than expected"}


def title_of(found: FollowUp) -> str:
    """Name the outcome in a few words."""
    change = found.progression.overall
    if not found.is_comparable:
        return "These scans can not be compared as they are"
    if not any(scan.agatston for scan in found.scans):
        return "No coronary calcium in any scan"
    if change.is_incident:
        return "Calcium has appeared" if change.direction == "increase" else "First calcium, within chance"
    words = {"increase": "Calcium has increased beyond chance", "decrease": "Calcium has decreased beyond chance"}
    return words.get(change.direction, "No change beyond chance")


def summarise_change(found: FollowUp) -> str:
    """Say in a sentence or two what changed, and whether chance explains it; also the chart's text alternative."""
    change = found.progression.overall
    first, last, years = (
        show_score(change.earlier.agatston),
        show_score(change.later.agatston),
        show_years(change.years),
    )
    if change.earlier.agatston == change.later.agatston == 0:
        return f"Agatston score 0 at first, 0 after {years}."
    what = f"Agatston score {first} at first, {last} after {years}"
    if change.is_incident:
        limit = f"after a score of 0, a second scan shows up to {change.limit:g} by chance"
    else:
        limit = f"two scans of an unchanged patient differ by up to {show_score(change.limit)}"
    sentence = f"{what}, a change of {show_signed(change.agatston)}; {limit} (95 %)."
    if not found.is_comparable:
        return f"{sentence} But the scans were not made or read alike, so that this is no change of the calcium alone."
    return sentence


def show_signed(value: float) -> str:
    """Write a change of a score with its sign.

    Examples
    --------
    >>> show_signed(120.0), show_signed(-4.26), show_signed(0.0)
    ('+120', '−4.3', '0')
    """
    if value == 0:
        return "0"
    return f"{'+' if value > 0 else '−'}{show_score(abs(value))}"


def show_years(years: float) -> str:
    """Say an interval in years, or in months where it is short.

    Examples
    --------
    >>> show_years(4.02), show_years(0.5), show_years(0.02)
    ('4.0 years', '6 months', '7 days')
    """
    if years >= 1.5:
        return f"{years:.1f} years"
    return f"{12 * years:.0f} months" if years > 0.12 else f"{365.25 * years:.0f} days"


def show_percent_rate(change: Change) -> str:
    """Say the change a year in percent of the earlier score; a dash after 0."""
    rate = change.percent_per_year
    return "-" if rate is None else f"{'+' if rate > 0 else '−' if rate < 0 else ''}{abs(rate):.0f} %"


def show_answer(answer: RuleAnswer) -> tuple[str, str, str, str]:
    """Lay a rule's answer out as title, change, limit and verdict."""
    unit = UNITS.get(answer.rule, "")
    digits = 2 if answer.rule.startswith("root") else 1
    sign = "+" if answer.value > 0 else "−" if answer.value < 0 else ""
    value = f"{sign}{show_number(abs(answer.value), digits)}{unit}"
    limit = f"{'≥' if answer.rule.startswith('root') else '>'} {show_number(answer.limit, 1)}{unit}"
    verdict = {"increase": "increase", "decrease": "decrease", "none": "within"}[answer.direction]
    return RULE_TITLES[answer.rule], value, limit, verdict


def show_track_numbers(track: LesionTrack) -> str:
    """Give the numbers that a lesion has in each scan's report.

    Examples
    --------
    >>> from vascal.risk.lesion_tracks import LesionTrack
    >>> track = LesionTrack(kind="merged", ids=((2, 5), (3,)), vessels=("LAD",), agatston=(9.0, 12.0),
    ...     volume_mm3=(9.0, 12.0), is_sure=True)
    >>> show_track_numbers(track)
    '2 + 5 → 3'
    """
    return " → ".join(" + ".join(map(str, ids)) or "–" for ids in track.ids)


def show_course(found: FollowUp) -> str:
    """Say how the last scan lies to the course that was expected, or why none was."""
    course = found.course
    if course.followed is None:
        return f"No expected course: {course.missing}."
    peers = "women" if found.sex == "F" else "men"
    place = f"The first score was higher than that of {course.followed.percent:.0f} % of {peers} of that age"
    last = course.later[-1]
    if last is None:
        return f"{place} (Heinz Nixdorf Recall); the last scan lies beyond what the tool foretells."
    span = f"{show_score(last.expected.low)} to {show_score(last.expected.high)}"
    return (
        f"{place}. On that percentile {show_score(last.expected.agatston)} was expected at the last scan ({span} is "
        f"accepted): the course is {PACES[last.pace]} (Heinz Nixdorf Recall)."
    )
