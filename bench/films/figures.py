"""Figures of many films, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bench.films.measure import Row
from vascal.evaluate.bootstrap import Resampling, bootstrap
from vascal.evaluate.confusion import count_confusion
from vascal.evaluate.correlation import spearman
from vascal.evaluate.estimate import Estimate
from vascal.evaluate.icc import icc
from vascal.evaluate.kappa import kappa

EDGES = (4, 15)
"""0 to 4, 5 to 15, 16 to 24."""
SHORT = (1, 5)
PERCENTILE = Resampling(method="percentile")
"""Below 2, 2 to 5, 6 and more."""


def show(rows: Sequence[Row], name: str = "vascal") -> str:
    """Lay figures out as text. `name`: ``vascal``, or a key of the rows' recipe."""
    read = [row for row in rows if not row.refusal] if name == "vascal" else list(rows)
    found = np.array([_total(row, name) for row in read], dtype=float)
    true = np.array([sum(row.visible) for row in read], dtype=float)
    lines = [f"{name}: {len(read)} of {len(rows)} films read"]
    for label, statistic in _statistics().items():
        lines.append(f"  {label}: {_say(_interval(statistic, found, true))}")
    lines += [f"  sensitivity {label}: {_say(estimate)}" for label, estimate in _sensitivities(found, true)]
    if name == "vascal":
        lines += _of_walls(read)
    return "\n".join(lines)


def _total(row: Row, name: str) -> float:
    return float(sum(row.found)) if name == "vascal" else min(max(row.recipe[name], 0.0), 24.0)


def _statistics() -> dict[str, Callable[[np.ndarray, np.ndarray], float]]:
    return {
        "MAE": lambda found, true: float(np.abs(found - true).mean()),
        "bias": lambda found, true: float((found - true).mean()),
        "Spearman": lambda found, true: spearman(found, true).value,
        "ICC(2,1)": lambda found, true: icc(np.stack([found, true], axis=1), "2,1").value,
        "R2": lambda found, true: float(1 - np.square(found - true).sum() / np.square(true - true.mean()).sum()),
        "within 4": lambda found, true: float((np.abs(found - true) <= 4).mean()),
        "kappa 0-4/5-15/16-24": lambda found, true: _kappa(found, true, EDGES),
        "kappa <2/2-5/>=6": lambda found, true: _kappa(found, true, SHORT),
    }


def _classes(values: np.ndarray, edges: tuple[int, int]) -> np.ndarray:
    return np.digitize(np.rint(values), [edge + 0.5 for edge in edges])


def _kappa(found: np.ndarray, true: np.ndarray, edges: tuple[int, int]) -> float:
    return kappa(count_confusion(_classes(found, edges), _classes(true, edges), 3), "quadratic").value


def _interval(statistic: Callable[[np.ndarray, np.ndarray], float], found: np.ndarray, true: np.ndarray) -> Estimate:
    return bootstrap(statistic, found, true, resampling=PERCENTILE)


def _sensitivities(found: np.ndarray, true: np.ndarray) -> list[tuple[str, Estimate]]:
    rows = []
    for label, edges in (("0-4/5-15/16-24", EDGES), ("<2/2-5/>=6", SHORT)):
        for value, part in enumerate(label.split("/")):
            inside = _classes(true, edges) == value
            right = (_classes(found, edges) == value)[inside].astype(float)
            if len(right) > 1:
                rows.append((f"{part} (n={len(right)})", _mean(right)))
    return rows


def _of_walls(rows: Sequence[Row]) -> list[str]:
    found, visible = (np.array([getattr(row, name) for row in rows]) for name in ("found", "visible"))
    exact = (found == visible).mean(axis=1)
    near = (np.abs(found - visible) <= 1).mean(axis=1)
    against_all = np.array([sum(row.found) - sum(row.true) for row in rows], dtype=float)
    totals = visible.sum(axis=1)
    covered = np.array([row.interval[0] <= total <= row.interval[1] for row, total in zip(rows, totals, strict=True)])
    dice = np.array([row.dice for row in rows])
    on = np.array([row.on_calcium for row in rows])
    on = on[~np.isnan(on)]
    return [
        f"  wall-levels exact: {_say(_mean(exact))}; within one grade: {_say(_mean(near))}",
        f"  MAE against all calcium, seen or not: {_say(_mean(np.abs(against_all)))}",
        f"  95 % interval holds the total: {_say(_mean(covered.astype(float)))}",
        f"  Dice L1 to L5: {', '.join(f'{value:.3f}' for value in dice.mean(axis=0))}",
        f"  Dice, their mean: {_say(_mean(dice.mean(axis=1)))}",
        f"  marked wall on calcium: {on.mean():.3f}; most of it does in {(on > 0.5).mean():.3f} of {len(on)}",
        f"  facing right: {np.mean([row.facing_is_right for row in rows]):.3f}",
        f"  seconds: median {np.median([row.seconds for row in rows]):.2f}",
    ]


def _mean(values: np.ndarray) -> Estimate:
    return bootstrap(lambda drawn: float(drawn.mean()), values.astype(np.float64), resampling=PERCENTILE)


def _say(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"
