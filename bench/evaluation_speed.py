"""Speed of `vascal evaluate` on 100,000 studies and 1,000 resamples, against scipy.stats.bootstrap.

python -m bench.evaluation_speed [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from vascal.evaluate.accuracy import accuracy_statistics
from vascal.evaluate.bootstrap import Resampling, bootstrap_counts
from vascal.evaluate.correlation import correlation_statistics

STUDIES, RESAMPLES = 100_000, 1000


def draw(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.where(rng.uniform(size=STUDIES) < 0.35, 0, rng.lognormal(4, 1.6, STUDIES))
    return np.where(truth > 0, truth * np.exp(rng.normal(0.02, 0.2, STUDIES)), 0.0), truth


def timed(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def ours(measured: np.ndarray, reference: np.ndarray) -> None:
    errors, correlations = accuracy_statistics(measured, reference), correlation_statistics(measured, reference)
    how = Resampling(resamples=RESAMPLES, method="percentile")
    bootstrap_counts(lambda counts: {**errors(counts), **correlations(counts)}, STUDIES, resampling=how)


def theirs(measured: np.ndarray, reference: np.ndarray) -> None:
    """Two of the nine statistics, one call each, as scipy takes one statistic at a time."""

    def mae(x: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
        return np.asarray(np.abs(x - y).mean(axis=axis))

    def pearson(x: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
        return np.asarray(stats.pearsonr(x, y, axis=axis).statistic)

    for statistic in (mae, pearson):
        stats.bootstrap(
            (measured, reference), statistic, paired=True, n_resamples=RESAMPLES, method="percentile", batch=20, rng=0
        )


def command(measured: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    """Wall time and peak memory (MB) of the whole command: read, join, resample, draw, write."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, scores in (("p", measured), ("r", reference)):
            rows = "".join(f"{place},{score:.3f}\n" for place, score in enumerate(scores))
            (folder / f"{file}.csv").write_text("study,agatston\n" + rows)
        words = [sys.executable, "-m", "vascal", "evaluate", "p.csv", "r.csv", "--out", "out"]
        seconds = timed(lambda: subprocess.run(words, cwd=folder, check=True, capture_output=True))
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    measured, reference = draw()
    whole, memory_mb = command(measured, reference)
    nine, two = timed(lambda: ours(measured, reference)), timed(lambda: theirs(measured, reference))
    found = {
        "studies": STUDIES,
        "resamples": RESAMPLES,
        "whole_command_s": round(whole, 1),
        "whole_command_mb": round(memory_mb),
        "nine_statistics_s": round(nine, 1),
        "scipy_two_statistics_s": round(two, 1),
        "ratio_per_statistic": round((nine / 9) / (two / 2), 3),
    }
    print(json.dumps(found, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
