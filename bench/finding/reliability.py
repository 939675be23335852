"""Draw how often candidates were coronary calcium, against how likely they were called.

python -m bench.finding.reliability ROWS.json FIGURE.png     rows as `python -m bench.finding --out` writes them
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

from vascal.evaluate.calibration import expected_calibration_error, reliability_curve
from vascal.render.figures import COLOURS, INK, LINE, SOFT, STYLE

NOISE_SHARE = 0.002
"""Candidates below this probability are thousands of specks; they would fill every bin of equal counts."""


def read_candidates(path: Path) -> dict[str, np.ndarray]:
    """Give (candidate, probability and truth) of each group of scans."""
    found: dict[str, list[list[float]]] = {}
    for row in json.loads(path.read_text(encoding="utf-8")):
        found.setdefault(row["group"], []).extend(row["candidates"])
    return {group: np.asarray(pairs, dtype=float).reshape(-1, 2) for group, pairs in found.items()}


def draw(candidates: dict[str, np.ndarray], path: Path) -> None:
    """Draw one curve a group, with Wilson's intervals, above how many candidates there are."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    with plt.rc_context(STYLE):
        figure, (upper, lower) = plt.subplots(2, 1, figsize=(4.6, 5.2), height_ratios=(4, 1), sharex=True)
        upper.plot((0, 1), (0, 1), color=LINE, zorder=0)
        for n, (group, pairs) in enumerate(candidates.items()):
            shown = pairs[pairs[:, 0] > NOISE_SHARE]
            bins = reliability_curve(shown[:, 1] > 0, shown[:, 0], bins=8)
            x = [one.predicted for one in bins]
            y = np.array([one.observed.value for one in bins])
            reach = np.array(
                [(one.observed.value - one.observed.low, one.observed.high - one.observed.value) for one in bins]
            )
            error = expected_calibration_error(pairs[:, 1] > 0, np.ascontiguousarray(pairs[:, 0]), bins=10)
            name = f"{group}: {len(pairs)}, ECE {error.value:.3f}, by chance {error.by_chance:.3f}"
            upper.errorbar(
                x, y, yerr=np.maximum(reach, 0).T, color=COLOURS[n], marker="o", markersize=3.5, capsize=2, label=name
            )
            lower.hist(pairs[:, 0], bins=np.linspace(0, 1, 21), histtype="step", color=COLOURS[n])
        upper.set_ylabel("share that was coronary calcium")
        upper.set_title("Candidates of held-out simulated scans", pad=38)
        upper.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), fontsize=6.5)
        lower.set_yscale("log")
        lower.yaxis.set_major_formatter("{x:g}")
        lower.set_ylabel("candidates")
        lower.set_xlabel("calibrated probability")
        for axes in (upper, lower):
            axes.tick_params(colors=SOFT)
            axes.xaxis.label.set_color(INK)
        figure.savefig(path, dpi=160)
        plt.close(figure)


if __name__ == "__main__":
    draw(read_candidates(Path(sys.argv[1])), Path(sys.argv[2]))
