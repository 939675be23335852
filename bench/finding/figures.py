"""The held-to figures from rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from bench.finding.measure import FoundLesion, Row
from vascal.calcium.lesions import VESSELS
from vascal.evaluate.bootstrap import bootstrap
from vascal.evaluate.confusion import categorise, count_confusion
from vascal.evaluate.estimate import Estimate
from vascal.evaluate.icc import icc
from vascal.evaluate.kappa import kappa
from vascal.evaluate.proportion import wilson

EDGES = (0.0, 10.0, 100.0, 400.0)
SMALL_MM = 3.0


def show(rows: Sequence[Row]) -> str:
    """Lay all figures out as Markdown."""
    table = ["| group | figure | value (95 % interval) | n |", "|---|---|---|---|"]
    for group in dict.fromkeys(row.group for row in rows):
        of_group = [row for row in rows if row.group == group]
        for name, estimate in _figures(group, of_group):
            value = f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"
            table.append(f"| {group} | {name} | {value} | {estimate.n} |")
    return "\n".join(table)


def _figures(group: str, rows: Sequence[Row]) -> Iterator[tuple[str, Estimate]]:
    yield "heart Dice, mean", _mean([row.heart_dice for row in rows])
    if group == "zero":
        found = np.array([row.found for row in rows])
        yield "false Agatston, median", _drawn(found, np.median)
        yield "false Agatston, 95th percentile", _drawn(found, lambda v: float(np.quantile(v, 0.95)))
        yield "scans that stay at 0", wilson(int(np.sum(found == 0)), len(rows))
        return
    pairs = np.array([(row.found, row.true) for row in rows])
    yield "Agatston, ICC(2,1)", icc(pairs)
    yield "category, linear kappa", _kappa(pairs)
    inside = [row.low <= row.true <= row.high for row in rows if row.low is not None and row.high is not None]
    if inside:
        yield "true total inside the stated interval", wilson(sum(inside), len(inside))
    for n, name in enumerate(VESSELS):
        yield f"{name}, ICC(2,1)", icc(np.array([(row.found_by_vessel[n], row.true_by_vessel[n]) for row in rows]))
    lesions = [row.lesions for row in rows]
    yield "lesions, sensitivity", _pooled(lesions, _sensitivity)
    yield "lesions, precision", _pooled(lesions, _precision)
    yield "lesions, F1", _pooled(lesions, _f1)
    yield f"lesions under {SMALL_MM:g} mm, sensitivity", _pooled(lesions, lambda k: _sensitivity(_small(k)))
    yield "false lesions a scan", _mean([sum(one.kind == "false" for one in row.lesions) for row in rows])
    yield "right vessel, of found", _pooled(lesions, _vessel)
    yield "segments, F1", _pooled(lesions, _segment_f1)


def _mean(values: Sequence[float]) -> Estimate:
    return _drawn(np.asarray(values, dtype=float), np.mean)


def _drawn(values: np.ndarray, statistic: Callable[[np.ndarray], float]) -> Estimate:
    return bootstrap(lambda drawn: float(statistic(drawn)), values)


def _pooled(lesions: Sequence[tuple[FoundLesion, ...]], statistic: Callable[[list[FoundLesion]], float]) -> Estimate:
    """Statistic over all lesions; scans are drawn, not lesions."""
    return bootstrap(
        lambda rows: statistic([one for row in rows for one in lesions[int(row)]]), np.arange(len(lesions), dtype=float)
    )


def _kappa(pairs: np.ndarray) -> Estimate:
    found, true = (categorise(np.ascontiguousarray(pairs[:, n]), EDGES) for n in (0, 1))
    return kappa(count_confusion(found, true, len(EDGES) + 1), "linear")


def _count(lesions: list[FoundLesion], kind: str) -> int:
    return sum(one.kind == kind for one in lesions)


def _share(above: float, below: float) -> float:
    return above / below if below else float("nan")


def _sensitivity(lesions: list[FoundLesion]) -> float:
    hits = _count(lesions, "hit")
    return _share(hits, hits + _count(lesions, "miss"))


def _precision(lesions: list[FoundLesion]) -> float:
    hits = _count(lesions, "hit")
    return _share(hits, hits + _count(lesions, "false"))


def _f1(lesions: list[FoundLesion]) -> float:
    hits = _count(lesions, "hit")
    return _share(2 * hits, 2 * hits + _count(lesions, "miss") + _count(lesions, "false"))


def _small(lesions: list[FoundLesion]) -> list[FoundLesion]:
    return [one for one in lesions if one.diameter_mm < SMALL_MM]


def _vessel(lesions: list[FoundLesion]) -> float:
    hits = [one for one in lesions if one.kind == "hit"]
    return _share(sum(one.vessel == one.named for one in hits), len(hits))


def _segment_f1(lesions: list[FoundLesion]) -> float:
    """A wrong segment is a miss of one and a false find of another."""
    right = sum(one.kind == "hit" and one.segment == one.named_segment for one in lesions)
    true = sum(one.kind in {"hit", "miss"} for one in lesions)
    found = sum(one.kind in {"hit", "false"} for one in lesions)
    return _share(2 * right, true + found)
