"""Simulated plaques in a real chest, in two kernels: are they found, named and measured?

python -m bench.hybrid DATA_FOLDER [rules|learned|MODEL] [DRAWS]
"""

from __future__ import annotations

import sys
from pathlib import Path

from bench.draw_anatomy import finder_of
from bench.hybrid.measure import COURSES, FOLDERS, Drawn, agatston, find_with, run_draws
from bench.hybrid.report import (
    agreement_table,
    confusion_table,
    false_row,
    false_table,
    sensitivity_table,
    summary_table,
)
from vascal.io.course_file import read_courses
from vascal.io.dicom import read_study
from vascal.io.reading import read_volume
from vascal.simulate.ct.scan_matching import match_scan

DRAWS = 40


def main() -> None:
    data, finder = Path(sys.argv[1]), finder_of(sys.argv[2:])
    count = int(sys.argv[3]) if len(sys.argv) > 3 else DRAWS
    find, courses = find_with(finder), read_courses(COURSES)
    print(f"finder: {finder.name} {', '.join(finder.models)}\n".replace(" \n", "\n"))
    groups: dict[str, list[Drawn]] = {}
    false_rows = []
    for folder in FOLDERS:
        (series,) = read_study(data / folder).series
        volume = read_volume(series)
        match = match_scan(volume, series.acquisition)
        kernel = "/".join(series.acquisition.kernels)
        print(
            f"{folder}: kernel {kernel}, taken as half contrast at {match.kernel.mtf50_per_mm:.2f} per mm "
            f"(by {match.kernel_evidence}), {match.calcium_hu:.2f} HU for 1 mg/cm3, noise {match.noise_sd_hu:.0f} HU\n",
            flush=True,
        )
        own = find(volume)
        groups[kernel] = list(run_draws(kernel, volume, courses, match, find, range(count)))
        false_rows.append(false_row(kernel, len(own.lesions), agatston(volume, own.lesions), groups[kernel]))
    lesions = {kernel: [lesion for one in drawn for lesion in one.lesions] for kernel, drawn in groups.items()}
    tables = [
        summary_table(groups),
        *(sensitivity_table(kernel, found) for kernel, found in lesions.items()),
        *(confusion_table(kernel, found) for kernel, found in lesions.items()),
        agreement_table(groups),
        false_table(false_rows),
    ]
    print("\n\n".join(tables))


if __name__ == "__main__":
    main()
