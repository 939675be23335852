"""Whether scores of several scans may be compared: what differs between the scans besides the patient's calcium."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from vascal.report.caveats import Caveat
from vascal.report.scan_score import ScanFacts, ScanScore

SLICE_RATIO, MOST_SLICE_RATIO = 1.1, 1.5
"""Slices that differ by more change the score: by some percent (2.5 against 3 mm: 7 %, simulated), or by far more
(5 against 3 mm: -42 %)."""
KEPT: Mapping[str, str] = MappingProxyType(
    {
        "noise": "noisy: specks of noise reach the threshold, and small calcium comes and goes",
        "sharp-kernel": "made with a kernel that sharpens edges and noise: scores come out too high",
        "thick-slices": "of thick slices: small and faint calcium is missed",
        "thin-slices": "of thin slices: less blur and more noise raise the score",
        "gaps": "with gaps between the slices: calcium in them is not seen",
        "kvp-unknown": "of unknown tube voltage: a lower one makes calcium brighter and the score higher",
        "kvp-mismatch": "scored by numbers for another tube voltage",
        "tin-filter": "made through a tin filter, for which no published threshold holds",
        "labels-empty": "scored by a label map that marks nothing: the score is 0 whatever the scan shows",
        "category-in-doubt": "of doubtful category: lesions that were scored may be none, or others be some",
    }
)
"""Cautions of a single score that hold for a comparison too."""


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
    yield from _metal_and_coverage(facts)
    yield from _shared(facts)


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
    elif not facts[0].is_gated:
        yield Caveat(
            code="non-gated",
            message="None of the scans is known to be ECG-gated: motion blurs calcium, differently each time. The "
            "limits of chance come from gated scans and are too narrow here.",
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


def _metal_and_coverage(facts: Sequence[ScanFacts]) -> Iterator[Caveat]:
    if _differ(facts, lambda one: "metal" in one.caveats):
        yield Caveat(
            code="metal-differs",
            message="Some of the scans hold a lesion as bright as metal, others do not: a stent, clip or lead placed "
            "in between counts as calcium. Score the scans again without it.",
            severity="critical",
        )
    elif "metal" in facts[0].caveats:
        yield Caveat(
            code="metal",
            message="All scans hold a lesion as bright as metal: a stent, clip or lead may count as calcium in each.",
        )
    if _differ(facts, lambda one: "heart-cut-off" in one.caveats):
        yield Caveat(code="coverage-differs", message="Some of the scans do not show the whole heart.")
    elif "heart-cut-off" in facts[0].caveats:
        yield Caveat(
            code="heart-cut-off",
            message="None of the scans shows the whole heart: what is cut off is in no score, and may not be the same.",
        )


def _shared(facts: Sequence[ScanFacts]) -> Iterator[Caveat]:
    """Repeat what each score was warned of, once, with the scans that it holds for."""
    for code, words in KEPT.items():
        places = [str(number) for number, one in enumerate(facts, start=1) if code in one.caveats]
        if places:
            which = "All scans are" if len(places) == len(facts) else f"Of the scans, number {', '.join(places)} is"
            yield Caveat(code=code, message=f"{which} {words}.")


def _differ(facts: Sequence[ScanFacts], of: Callable[[ScanFacts], object]) -> bool:
    return len({of(one) for one in facts}) > 1


def _each(words: Iterable[str]) -> list[str]:
    """Name each word once, in order."""
    return list(dict.fromkeys(words))
