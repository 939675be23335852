"""Arteries that the networks find in a real chest, against those set by hand on it (by a lay eye, about 3 mm).

python -m bench.hybrid.courses DATA_FOLDER [MODEL]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from scipy.spatial import KDTree

from bench.hybrid.measure import COURSES, FOLDERS
from bench.hybrid.report import table
from vascal.io.course_file import read_courses
from vascal.io.dicom import read_study
from vascal.io.reading import read_volume
from vascal.models.anatomy_net import LearnedAnatomy
from vascal.models.course_lines import trace_courses
from vascal.models.course_net import map_courses
from vascal.simulate.ct.coronaries import branch_along


def distances(points: np.ndarray, others: np.ndarray) -> str:
    """Mean and largest distance of points from a line of many points, mm."""
    away = np.asarray(KDTree(others).query(points)[0])
    return f"{away.mean():.1f}, {away.max():.1f}"


def main() -> None:
    data, model = Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None
    by_hand = read_courses(COURSES)
    rows = []
    for folder in FOLDERS:
        (series,) = read_study(data / folder).series
        volume = read_volume(series)
        regions = LearnedAnatomy(folder=model).find_anatomy(volume).regions
        lines = () if regions is None else trace_courses(volume, map_courses(volume, regions, folder=model))
        found = {line.name: line for line in lines}
        for hand in by_hand:
            line = found.get(hand.name)
            if line is None:
                rows.append((folder, hand.name, "not found", "", ""))
                continue
            points = branch_along(line.name, line.points_mm).points
            rows.append(
                (folder, hand.name, f"{line.share:.2f}", distances(points, hand.points), distances(hand.points, points))
            )
        rows.append((folder, "others", ", ".join(sorted(set(found) - {hand.name for hand in by_hand})), "", ""))
    head = ("scan", "artery", "share", "found to hand, mm: mean, largest", "hand to found, mm: mean, largest")
    print(table(head, rows))


if __name__ == "__main__":
    main()
