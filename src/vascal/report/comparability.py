"""Whether scores of several scans may be compared: what differs between the scans besides the patient's calcium."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from vascal.errors import ImpossibleInputError
from vascal.report.caveats import Caveat
from vascal.report.scan_score import ScanFacts, ScanScore
from vascal.risk.progression import DAYS_A_YEAR

SLICE_RATIO, MOST_SLICE_RATIO = 1.1, 1.5
"""Slices that differ by more change the score: by some percent (2.5 against 3 mm: 7 %, simulated), or by far more
(5 against 3 mm: -42 %)."""
AGE_TOLERANCE_YEARS, MOST_AGE_GAP_YEARS = 1.1, 3.0
"""Headers give whole years of age, so that a difference of two may be a year off. From the second on it is somebody
else."""


def find_differences(scans: Sequence[ScanScore]) -> Iterator[Caveat]:
    """Yield what makes scores of these scans differ even if the calcium does not.

    Parameters
    ----------
    scans
        Two or more, in order of their days.

    Returns
    -------
    iterator of Caveat
        ``critical``: the difference of the scores is not one of the calcium alone.
    """
    facts = [scan.facts for scan in scans]
    yield from _rules(facts)
    yield from _voltages(facts)
    yield from _slices(facts)
    yield from _ways_of_scanning(facts)
    yield from _readers(facts)
    yield from _machines(facts)
    yield from _once(facts)


def require_one_patient(scans: Sequence[ScanScore]) -> None:
    """Refuse scans that contradict that they are of one patient.

    Parameters
    ----------
    scans
        With dates.

    Raises
    ------
    ImpossibleInputError
        If sex differs, age does not fit the dates by years, or one scan is given twice.
    """
    if len({(scan.study_instance_uid, scan.series_key) for scan in scans}) < len(scans):
        raise ImpossibleInputError("one scan is given twice; needed: different scans of one patient")
    sexes = sorted({scan.sex for scan in scans if scan.sex is not None})
    if len(sexes) > 1:
        raise ImpossibleInputError(f"sex differs between the scans ({', '.join(sexes)}); needed: scans of one patient")
    gap = age_gap_years(scans)
    if gap > MOST_AGE_GAP_YEARS:
        raise ImpossibleInputError(
            f"age and dates of the scans contradict each other by {gap:.0f} years; needed: scans of one patient. "
            "If the headers' ages or dates are not real, state them"
        )


def find_doubts_of_identity(scans: Sequence[ScanScore]) -> Iterator[Caveat]:
    """Yield what speaks against one patient, and that nothing proves it."""
    gap = age_gap_years(scans)
    if gap > AGE_TOLERANCE_YEARS:
        yield Caveat(
            code="age-contradicts-dates",
            message=f"Age and dates of the scans contradict each other by {gap:.1f} years: are they of one patient?",
        )
    yield Caveat(
        code="identity-not-checked",
        message="That the scans are of one patient is as stated by the user: results hold no name or number.",
        severity="info",
    )


def age_gap_years(scans: Sequence[ScanScore]) -> float:
    """Give by how much ages and dates contradict each other at most, years; 0 where fewer than two ages are known."""
    births = [scan.age_years - scan.on.toordinal() / DAYS_A_YEAR for scan in scans if scan.age_years and scan.on]
    return max(births) - min(births) if births else 0.0


def _rules(facts: Sequence[ScanFacts]) -> Iterator[Caveat]:
    """Compare rules; a threshold moved for the tube voltage is judged with the voltage."""
    moved = {"threshold_hu", "weight_edges_hu"} if len({one.rule_kvp for one in facts}) > 1 else set()
    names = sorted({name for one in facts for name in one.rule_numbers if _differ(facts, _number(name))} - moved)
    if names:
        rules = ", ".join(_each(one.rule for one in facts))
        yield Caveat(
            code="rules-differ",
            message=f"Scored by different rules ({rules}: {', '.join(name.replace('_', ' ') for name in names)}). "
            "Score both scans by one rule.",
            severity="critical",
        )


def _number(name: str) -> Callable[[ScanFacts], str]:
    return lambda one: one.rule_numbers.get(name, "")


def _voltages(facts: Sequence[ScanFacts]) -> Iterator[Caveat]:
    if not _differ(facts, lambda one: one.kvp):
        return
    shown = _each("unknown" if one.kvp is None else f"{one.kvp:g} kVp" for one in facts)
    adapted = all(one.kvp == one.rule_kvp for one in facts)
    rest = (
        "thresholds were scaled to each, which leaves errors of several percent"
        if adapted
        else "a lower voltage makes calcium brighter and the score higher"
    )
    yield Caveat(
        code="tube-voltages-differ",
        message=f"Scanned at different tube voltages ({', '.join(shown)}): {rest}.",
        severity="caution" if adapted else "critical",
    )


def _slices(facts: Sequence[ScanFacts]) -> Iterator[Caveat]:
    for name, values in (
        ("thickness", [one.slice_thickness_mm for one in facts]),
        ("spacing", [one.spacing_between_slices_mm for one in facts]),
    ):
        known = [value for value in values if value]
        ratio = max(known) / min(known) if known else 1.0
        if ratio > SLICE_RATIO:
            shown = ", ".join("unknown" if value is None else f"{value:g} mm" for value in values)
            yield Caveat(
                code=f"slice-{name}-differs",
                message=f"Slices differ in {name} ({shown}): thinner slices score higher.",
                severity="critical" if ratio > MOST_SLICE_RATIO else "caution",
            )


def _ways_of_scanning(facts: Sequence[ScanFacts]) -> Iterator[Caveat]:
    if _differ(facts, lambda one: bool(one.is_gated)):
        shown = ", ".join("ECG-gated" if one.is_gated else "not known to be gated" for one in facts)
        yield Caveat(
            code="gating-differs", message=f"Gating differs ({shown}): motion blurs calcium.", severity="critical"
        )
    if _differ(facts, lambda one: bool(one.is_contrast_enhanced)):
        yield Caveat(
            code="contrast-differs",
            message="Blood is contrast-enhanced in some of the scans only: iodine hides and adds calcium.",
            severity="critical",
        )
    if _differ(facts, lambda one: "compensated" in one.caveats):
        yield Caveat(
            code="compensation-differs",
            message="Some of the scores were brought towards the reference protocol, others not.",
            severity="critical",
        )


def _readers(facts: Sequence[ScanFacts]) -> Iterator[Caveat]:
    words = {"labels": "labels that were given", "rules": "anatomy rules", "learned": "networks"}
    if _differ(facts, lambda one: one.found_by):
        shown = ", ".join(words[one.found_by] for one in facts)
        yield Caveat(
            code="readers-differ",
            message=f"Calcium was marked in different ways ({shown}): what one counts the other may not.",
            severity="critical",
        )
    elif facts[0].found_by != "labels":
        yield Caveat(
            code="found-automatically",
            message="Calcium was found and named automatically. A lesion that is new or gone may be one that the "
            "finder took or missed: look at both scans.",
        )
        if _differ(facts, lambda one: (one.finder, one.version)):
            message = "Different versions of the finder marked the calcium: score the scans again with one."
            yield Caveat(code="finder-versions-differ", message=message)


def _machines(facts: Sequence[ScanFacts]) -> Iterator[Caveat]:
    if _differ(facts, lambda one: one.kernels):
        shown = ", ".join("/".join(one.kernels) or "unknown" for one in facts)
        yield Caveat(
            code="kernels-differ",
            message=f"Kernels differ ({shown}): a sharper one makes small calcium and noise brighter.",
        )
    if _differ(facts, lambda one: one.scanner):
        shown = ", ".join(one.scanner or "unknown" for one in facts)
        yield Caveat(
            code="scanners-differ",
            message=f"Scanners differ ({shown}): the limits of chance are for one scanner on one day, and are too "
            "narrow here.",
        )


def _once(facts: Sequence[ScanFacts]) -> Iterator[Caveat]:
    """Name what only some of the scores were warned of and what alone can change a score."""
    if _differ(facts, lambda one: "metal" in one.caveats):
        yield Caveat(
            code="metal-differs",
            message="Some of the scans hold a lesion as bright as metal: a stent placed in between counts as calcium.",
        )
    if _differ(facts, lambda one: "heart-cut-off" in one.caveats):
        yield Caveat(code="coverage-differs", message="Some of the scans do not show the whole heart.")


def _differ(facts: Sequence[ScanFacts], of: Callable[[ScanFacts], object]) -> bool:
    return len({of(one) for one in facts}) > 1


def _each(words: Iterable[str]) -> list[str]:
    """Name each word once, in order."""
    return list(dict.fromkeys(words))
