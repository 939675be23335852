"""Heart against hand outlines of two real chests, and candidates in scans without visible coronary calcium.

python -m bench.heart_outlines DATA_FOLDER [rules|learned|MODEL]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from bench.draw_anatomy import finder_of
from vascal.io.dicom import read_study
from vascal.io.labels import read_labels
from vascal.pipeline import score_series

SCANS = (
    ("chest-thick/sharp", "chest-thick/heart.nii.gz"),
    ("chest-thick/soft", "chest-thick/heart.nii.gz"),
    ("chest-contrast/series", "chest-contrast/heart.nii.gz"),
)


def main() -> None:
    data, finder = Path(sys.argv[1]), finder_of(sys.argv[2:])
    columns = (
        "scan",
        "kernel",
        "Dice",
        "ml found, by hand",
        "blood HU",
        "contrast",
        "noise HU",
        "Agatston",
        "quotable",
    )
    print(f"| {' | '.join(columns)} |")
    print("|---|---|---|---|---|---|---|---|---|")
    for folder, outline in SCANS:
        (series,) = read_study(data / folder).series
        scored = score_series(series, finder=finder)
        grid = series.grid
        drawn = read_labels(data / outline, grid, {1: "heart"}).labels > 0
        found = scored.anatomy.structures.mask("heart")
        dice = 2 * np.count_nonzero(found & drawn) / (np.count_nonzero(found) + np.count_nonzero(drawn))
        ml = float(np.prod(grid.spacing_mm)) / 1000
        report = scored.report
        print(
            f"| {folder} | {'/'.join(series.acquisition.kernels)} | {dice:.3f} "
            f"| {np.count_nonzero(found) * ml:.0f}, {np.count_nonzero(drawn) * ml:.0f} "
            f"| {report.findings.blood_hu:.0f} | {'yes' if report.findings.is_contrast_enhanced else 'no'} "
            f"| {report.findings.noise_sd_hu:.0f} | {report.score.total.agatston:.0f} "
            f"| {'yes' if report.is_quotable else 'no'} |"
        )


if __name__ == "__main__":
    main()
