"""Courses of coronary arteries set by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from vascal.errors import InputError, OutputError
from vascal.io.course_file import read_courses, write_courses
from vascal.simulate.ct.coronaries import branch_along

LAD = [[0.0, 0.0, 0.0], [10.0, -8.0, -4.0], [16.0, -14.0, -12.0]]


def write(folder: Path, content: object) -> Path:
    path = folder / "case.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_arteries_come_by_name_with_vessel_and_points(tmp_path: Path) -> None:
    content = {"format": "vascal-courses-1", "note": "kept for people", "courses": {"LAD": LAD, "OM1": LAD}}
    lad, marginal = read_courses(write(tmp_path, content))
    assert (lad.name, lad.vessel, marginal.vessel) == ("LAD", "LAD", "LCX")
    np.testing.assert_allclose(lad.points[[0, -1]], [LAD[0], LAD[-1]])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("no json", "is not JSON text"),
        ([1, 2], "has the format None"),
        ({"format": "other"}, "has the format 'other'"),
        ({"format": "vascal-courses-1"}, "holds no courses"),
        ({"format": "vascal-courses-1", "courses": {}}, "holds no courses"),
        ({"format": "vascal-courses-1", "courses": {"IVA": LAD}}, "no coronary artery is called 'IVA'"),
        ({"format": "vascal-courses-1", "courses": {"LAD": LAD[:1]}}, "two or more finite points"),
        ({"format": "vascal-courses-1", "courses": {"LAD": "here"}}, "no list of points x, y, z"),
        ({"format": "vascal-courses-1", "courses": {"LAD": [[0, 0, 0], [1]]}}, "no list of points x, y, z"),
    ],
)
def test_what_can_not_be_used_is_named(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_courses(write(tmp_path, content))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.json can not be read"):
        read_courses(tmp_path / "none.json")


def test_courses_that_were_written_come_back_to_a_tenth_of_a_millimetre(tmp_path: Path) -> None:
    written = [branch_along("LAD", np.array(LAD) + 0.04), branch_along("left PDA", np.array(LAD[::-1]))]
    write_courses(written, tmp_path / "new" / "case.json")
    read = read_courses(tmp_path / "new" / "case.json")
    assert [branch.name for branch in read] == ["LAD", "left PDA"]
    for before, after in zip(written, read, strict=True):
        np.testing.assert_allclose(after.points, before.points, atol=0.08)


def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"case\.json"):
        write_courses([branch_along("LAD", np.array(LAD))], tmp_path / "file" / "case.json")
