"""Simulated plaques in a real chest, in two kernels: are they found, named and measured?

python -m bench.hybrid DATA_FOLDER [DRAWS]
"""

from __future__ import annotations

import sys
from pathlib import Path

from bench.hybrid.measure import Drawn, agatston, find_as_shipped, run_draws
from bench.hybrid.report import agreement_table, confusion_table, false_row, false_table, sensitivity_table
from vascal.io.course_file import read_courses
from vascal.io.dicom import read_study
from vascal.io.reading import read_volume
from vascal.simulate.ct.scan_matching import match_scan

COURSES = Path(__file__).parent / "chest_thick_courses.json"
FOLDERS = ("chest-thick/soft", "chest-thick/sharp")
DRAWS = 40


def main() -> None:
    data, count = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else DRAWS
    courses = read_courses(COURSES)
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
        own = find_as_shipped(volume)
        groups[kernel] = list(run_draws(kernel, volume, courses, match, find_as_shipped, range(count)))
        false_rows.append(false_row(kernel, len(own.lesions), agatston(volume, own.lesions), groups[kernel]))
    lesions = {kernel: [lesion for one in drawn for lesion in one.lesions] for kernel, drawn in groups.items()}
    tables = [
        *(sensitivity_table(kernel, found) for kernel, found in lesions.items()),
        *(confusion_table(kernel, found) for kernel, found in lesions.items()),
        agreement_table(groups),
        false_table(false_rows),
    ]
    print("\n\n".join(tables))


if __name__ == "__main__":
    main()
