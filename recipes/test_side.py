"""List the test scans of a data set, and score them by their labels: what a trained model is evaluated against.

Run as `python recipes/test_side.py coca`: writes test-scans.txt and reference.csv into the current folder.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from vascal.io.dataset_index import choose_series, find_index, read_dataset
from vascal.pipeline import ScoreOptions, score_series


def list_test_side(index: Path) -> None:
    """Write paths of the scans, and study and Agatston score of each by its labels or as its source gives it."""
    folder = find_index(index).parent
    rows, paths = [], []
    for case in read_dataset(index).of_split("test"):
        if case.labels is None and case.scores is None:
            continue
        series = choose_series(folder / case.image, case.series, is_gated=case.is_gated)
        if case.labels is not None:
            options = ScoreOptions(labels=folder / case.labels, label_names=case.label_names)
            total = score_series(series, options).report.score.total.agatston
        else:
            total = case.scores.agatston if case.scores is not None else 0.0
        rows.append((series.study_instance_uid, total))
        paths.append(str(folder / case.image))
    with Path("reference.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("study", "agatston"), *rows])
    Path("test-scans.txt").write_text("".join(f"{path}\n" for path in paths))


if __name__ == "__main__":
    list_test_side(Path(sys.argv[1]))
