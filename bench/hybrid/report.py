"""The tables of the hybrid check."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.hybrid.measure import Drawn, FoundLesion
from vascal.evaluate.bland_altman import bland_altman
from vascal.evaluate.estimate import Estimate
from vascal.evaluate.icc import icc
from vascal.evaluate.proportion import wilson

VESSELS = ("LM", "LAD", "LCX", "RCA")
FEWEST_DRAWS = 3
"""Fewer have no limits of agreement."""
SIZES_MM: dict[str, tuple[float, float]] = {"below 3 mm": (0, 3), "3 to 5 mm": (3, 5), "5 mm and above": (5, 1e9)}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def share(flags: Sequence[bool]) -> str:
    if not flags:
        return "none"
    estimate = wilson(sum(flags), len(flags))
    return f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f}), {sum(flags)}/{len(flags)}"


def right_vessel(lesions: Sequence[FoundLesion]) -> str:
    return share([one.found_as == one.vessel for one in lesions if one.found_as is not None])


def summary_table(groups: dict[str, list[Drawn]]) -> str:
    """What is asked of a finder, a row a kernel."""
    rows = []
    for kernel, drawn in groups.items():
        lesions = [lesion for one in drawn for lesion in one.lesions]
        found = share([one.found_as is not None for one in lesions])
        rows.append((kernel, str(len(drawn)), found, right_vessel(lesions), *agreement_row(kernel, drawn)[3:5]))
    return table(("kernel", "draws", "found", "of these, vessel right", "ICC(2,1)", "bias"), rows)


def sensitivity_table(kernel: str, lesions: Sequence[FoundLesion]) -> str:
    groups = {"all": list(lesions)}
    groups |= {
        name: [one for one in lesions if low <= one.diameter_mm < high] for name, (low, high) in SIZES_MM.items()
    }
    groups |= {vessel: [one for one in lesions if one.vessel == vessel] for vessel in VESSELS}
    rows = [
        (
            kernel,
            name,
            share([one.found_as is not None for one in group]),
            right_vessel(group),
        )
        for name, group in groups.items()
    ]
    return table(("kernel", "true lesions", "found", "of these, vessel right"), rows)


def confusion_table(kernel: str, lesions: Sequence[FoundLesion]) -> str:
    named = sorted({str(one.found_as) for one in lesions if one.found_as not in (None, *VESSELS)})
    columns = (*VESSELS, *named, None)
    rows = [
        (kernel, vessel, *(str(sum(o.vessel == vessel and o.found_as == c for o in lesions)) for c in columns))
        for vessel in VESSELS
    ]
    return table(("kernel", "true vessel", *(c or "not found" for c in columns)), rows)


def agreement_row(kernel: str, drawn: Sequence[Drawn]) -> tuple[str, ...]:
    found = np.array([one.agatston_found for one in drawn])
    true = np.array([one.agatston_true for one in drawn])
    start = (kernel, str(len(drawn)), f"{np.median(true):.0f} ({true.min():.0f} to {true.max():.0f})")
    if len(drawn) < FEWEST_DRAWS:
        return (*start, "too few draws", "too few draws", "too few draws")
    limits = bland_altman(found, true)
    return (
        *start,
        span(icc(np.column_stack([found, true])), 3),
        span(limits.bias, 1),
        f"{limits.lower.value:.0f} to {limits.upper.value:.0f}",
    )


def span(estimate: Estimate, digits: int) -> str:
    return f"{estimate.value:.{digits}f} ({estimate.low:.{digits}f} to {estimate.high:.{digits}f})"


def agreement_table(groups: dict[str, list[Drawn]]) -> str:
    head = ("kernel", "draws", "Agatston with true labels, median (range)", "ICC(2,1)", "bias", "limits of agreement")
    return table(head, [agreement_row(kernel, drawn) for kernel, drawn in groups.items()])


def false_row(kernel: str, own_lesions: int, own_agatston: float, drawn: Sequence[Drawn]) -> tuple[str, ...]:
    scores = np.array([one.false_agatston for one in drawn])
    return (
        kernel,
        f"{own_lesions}, {own_agatston:.1f}",
        f"{np.mean([one.false_lesions for one in drawn]):.2f}",
        f"{np.median(scores):.1f}, {np.percentile(scores, 95):.1f}",
        f"{sum(one.hidden for one in drawn)} of {sum(one.plaques for one in drawn)}",
    )


def false_table(rows: Sequence[Sequence[str]]) -> str:
    head = (
        "kernel", "scan itself: lesions, Agatston", "false lesions a draw", "false Agatston: median, 95th percentile",
        "plaques below the threshold",
    )  # fmt: skip
    return table(head, rows)
