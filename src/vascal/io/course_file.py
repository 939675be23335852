"""Courses of coronary arteries, drawn by hand on a scan or found in it: control points in a small JSON file.

.. code-block:: json

    {"format": "vascal-courses-1", "courses": {"LM": [[22.8, 118.2, -293.0], [32.9, 117.4, -294.0]]}}

Points are x, y, z in LPS millimetres, from an artery's origin on; arteries are
named LM, LAD, LCX, RCA or as the side branches of `vascal.simulate.ct.coronaries`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vascal.errors import InputError, SimulationError
from vascal.io.atomic import write_file
from vascal.simulate.ct.coronaries import POINTS_A_CONTROL, Branch, branch_along

FORMAT = "vascal-courses-1"


def read_courses(path: Path) -> tuple[Branch, ...]:
    """Read the courses of one patient's coronary arteries.

    Parameters
    ----------
    path
        JSON file as above.

    Raises
    ------
    InputError
        If it is not there, not JSON of this format, or a course can not be used.
    """
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path.name} can not be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path.name} is not JSON text; needed: courses in the format {FORMAT!r}") from error
    found = content.get("format") if isinstance(content, dict) else None
    if found != FORMAT:
        raise InputError(f"{path.name} has the format {found!r}; needed: {FORMAT!r}")
    courses = content.get("courses")
    if not isinstance(courses, dict) or not courses:
        raise InputError(f"{path.name} holds no courses; needed: control points by artery")
    return tuple(_course(path.name, name, points) for name, points in courses.items())


def write_courses(courses: Sequence[Branch], path: Path) -> None:
    """Write the courses of one patient's coronary arteries, to look at, to mend and to read again.

    Parameters
    ----------
    courses
        From `branch_along`.
    path
        JSON file as above; an old one is replaced.

    Raises
    ------
    OutputError
        If it can not be written.
    """
    points = {branch.name: branch.points[::POINTS_A_CONTROL].astype(float).round(1).tolist() for branch in courses}
    write_file(path, (json.dumps({"format": FORMAT, "courses": points}, indent=1) + "\n").encode())


def _course(file: str, name: str, points: Any) -> Branch:
    try:
        return branch_along(name, np.asarray(points, dtype=float))
    except SimulationError as error:
        raise InputError(f"{file}: {error}") from error
    except (TypeError, ValueError) as error:
        raise InputError(f"{file}: the course of {name} is no list of points x, y, z") from error
