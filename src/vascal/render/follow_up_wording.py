"""How a comparison of scans is said to people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vascal.render.wording import show_number, show_score
from vascal.report.follow_up import FollowUp
from vascal.risk.lesion_tracks import LesionTrack, TrackKind
from vascal.risk.progression import Change, RuleAnswer, RuleName

RULE_TITLES: Mapping[RuleName, str] = {
    "mesa-agatston": "Agatston score, MESA",
    "mesa-volume": "Volume, MESA",
    "sevrukov-agatston": "Agatston score, Sevrukov",
    "sevrukov-zero": "Agatston score, Sevrukov after 0",
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
MOST_SPANS = 2
MOST_COLUMNS = 6
"""With more scans, tables and chart would not fit on a page."""
SHORT_YEARS = 60 / 365.25
"""Below it an interval is said in days."""
PACES = {"slow": "slower than expected", "expected": "as expected", "rapid": "faster than expected"}


def title_of(found: FollowUp) -> str:
    """Name the outcome in a few words."""
    change = found.progression.overall
    if not found.is_comparable:
        return "These scans can not be compared as they are"
    if change.direction == "none" and found.progression.hidden_steps:
        return f"Calcium has changed beyond chance between {show_spans(found.progression.hidden_steps)}"
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
        return f"Agatston score 0 at first, 0 after {years}.{_in_between(found)}"
    what = f"Agatston score {first} at first, {last} after {years}"
    if change.is_incident:
        limit = f"after a score of 0, a second scan shows up to {change.limit:g} by chance"
    else:
        limit = f"two scans of an unchanged patient differ by up to {show_score(change.limit)}"
    sentence = f"{what}, a change of {show_signed(change.agatston)}; {limit} (95 %)."
    if not found.is_comparable:
        return f"{sentence} But the scans were not made or read alike, so that this is no change of the calcium alone."
    return f"{sentence}{_in_between(found)}"


def _in_between(found: FollowUp) -> str:
    hidden = found.progression.hidden_steps
    if not hidden or not found.is_comparable:
        return ""
    did = {"increase": "Yet it fell", "decrease": "Yet it rose", "none": "It changed"}
    return f" {did[found.progression.overall.direction]} beyond chance between {show_spans(hidden)}."


def show_spans(steps: Sequence[Change]) -> str:
    """Name the days that changes lie between, two of them at most."""
    spans = [f"{step.earlier.on.isoformat()} and {step.later.on.isoformat()}" for step in steps]
    more = "" if len(spans) <= MOST_SPANS else f", and {len(spans) - MOST_SPANS} more"
    return ", and between ".join(spans[:MOST_SPANS]) + more


def show_signed(value: float | None) -> str:
    """Write a change of a score with its sign; a dash where there is none.

    Examples
    --------
    >>> show_signed(120.0), show_signed(-4.26), show_signed(0.0), show_signed(None)
    ('+120', '−4.3', '0', '-')
    """
    if value is None:
        return "-"
    if value == 0:
        return "0"
    return f"{'+' if value > 0 else '−'}{show_score(abs(value))}"


def show_years(years: float) -> str:
    """Say an interval in years, or in months or days where it is short.

    Examples
    --------
    >>> show_years(4.02), show_years(0.5), show_years(0.1), show_years(1 / 365.25)
    ('4.0 years', '6 months', '37 days', '1 day')
    """
    if years >= 1.5:
        return f"{years:.1f} years"
    days = round(365.25 * years)
    return f"{12 * years:.0f} months" if years >= SHORT_YEARS else f"{days} day{'' if days == 1 else 's'}"


def show_percent_rate(change: Change) -> str:
    """Say the change a year in percent of the earlier score; a dash after 0 and over short times."""
    rate = change.percent_per_year
    return "-" if rate is None else f"{'+' if rate > 0 else '−' if rate < 0 else ''}{abs(rate):.0f} %"


def show_answer(answer: RuleAnswer, *, is_judged: bool = True) -> tuple[str, str, str, str]:
    """Lay a rule's answer out as title, change, limit and verdict, which is withheld if scans are not comparable."""
    unit = UNITS.get(answer.rule, "")
    digits = 2 if answer.rule.startswith("root") else 1
    sign = "+" if answer.value > 0 else "−" if answer.value < 0 else ""
    value = f"{sign}{show_number(abs(answer.value), digits)}{unit}"
    limit = f"{'≥' if answer.rule.startswith('root') else '>'} {show_number(answer.limit, 1)}{unit}"
    verdict = {"increase": "increase", "decrease": "decrease", "none": "within"}[answer.direction]
    return RULE_TITLES[answer.rule], value, limit, verdict if is_judged else "withheld"


def shown_places(scans: int) -> tuple[int, ...]:
    """Give the places of the scans that have a column of their own: all, or the first and the last of many.

    Examples
    --------
    >>> shown_places(3), shown_places(15)
    ((0, 1, 2), (0, 14))
    """
    return tuple(range(scans)) if scans <= MOST_COLUMNS else (0, scans - 1)


def show_track_numbers(track: LesionTrack) -> str:
    """Give the numbers that a lesion has in the reports of these scans.

    Examples
    --------
    >>> from vascal.risk.lesion_tracks import LesionTrack
    >>> track = LesionTrack(kind="merged", ids=((2, 5), (3,)), vessels=("LAD",), agatston=(9.0, 12.0),
    ...     volume_mm3=(9.0, 12.0), is_sure=True)
    >>> show_track_numbers(track)
    '2 + 5 → 3'
    """
    ids = [track.ids[place] for place in shown_places(len(track.ids))]
    return " → ".join(" + ".join(map(str, one)) or "–" for one in ids)


def show_course(found: FollowUp) -> str:
    """Say how the last scan lies to the course that was expected, or why none was."""
    course = found.course
    if not found.is_comparable:
        return "The expected course is withheld: the scans were not made or read alike."
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
