"""The hybrid check counts what a finder finds: held to finders whose answers are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from bench.hybrid.courses import distances
from bench.hybrid.measure import COURSES, Drawn, compare, diameter_mm, find_with, run_draws, vessel_found
from bench.hybrid.report import (
    agreement_table,
    confusion_table,
    false_row,
    false_table,
    sensitivity_table,
    summary_table,
)

from tests.simulate.ct.test_insertion import LAD, MATCH, RCA, scan
from vascal.anatomy.confounders import Candidate, Verdict
from vascal.anatomy.segmenter import STRUCTURES, Anatomy
from vascal.calcium.finding import Finding, Judged, pair
from vascal.calcium.lesions import Lesion
from vascal.calcium.rule import AGATSTON_1990
from vascal.io.course_file import read_courses
from vascal.models.finder import Finder
from vascal.pipeline import find_labelled
from vascal.simulate.ct.insertion import HybridScan, insert_plaques
from vascal.simulate.ct.plaques import Plaque
from vascal.volume import Grid, LabelMap, Volume

PLAQUES = (
    Plaque(site="LAD", mass_mg=20.0, position=0.4, kind="spotty"),
    Plaque(site="RCA", mass_mg=15.0, position=0.5, kind="spotty"),
    Plaque(site="LAD", mass_mg=0.05, position=0.9, kind="spotty"),
)
BEFORE = scan(noise=5.0)


def hybrid() -> HybridScan:
    return insert_plaques(BEFORE, PLAQUES, [LAD, RCA], MATCH)


def answer(lesions: Sequence[Lesion]) -> Drawn:
    return compare("B", 0, BEFORE, hybrid(), Finding(lesions=tuple(lesions), rejected=()))


def truth() -> tuple[Lesion, ...]:
    made = hybrid()
    return find_labelled(made.volume, made.vessels, AGATSTON_1990).lesions


def test_a_perfect_finder_finds_names_and_scores_all_that_reaches_the_threshold() -> None:
    drawn = answer(truth())
    assert [(one.vessel, one.found_as) for one in drawn.lesions] == [("LAD", "LAD"), ("RCA", "RCA")]
    assert drawn.agatston_found == drawn.agatston_true > 0
    assert (drawn.false_lesions, drawn.false_agatston, drawn.plaques, drawn.hidden) == (0, 0.0, 3, 1)
    assert "1.00 (0.34 to 1.00), 2/2" in sensitivity_table("B", drawn.lesions)


def test_a_blind_finder_finds_nothing() -> None:
    drawn = answer([])
    assert [one.found_as for one in drawn.lesions] == [None, None]
    assert drawn.agatston_found == 0.0
    assert "| B | all | 0.00 (0.00 to 0.66), 0/2 | none |" in sensitivity_table("B", drawn.lesions)


def test_a_wrong_name_is_counted_as_found_and_as_wrong() -> None:
    drawn = answer([replace(lesion, vessel="LCX") for lesion in truth()])
    assert {one.found_as for one in drawn.lesions} == {"LCX"}
    assert "| B | LAD | 0 | 0 | 1 | 0 | 0 |" in confusion_table("B", drawn.lesions)


def test_what_lies_beside_every_plaque_is_false() -> None:
    corner = np.arange(6, dtype=np.int64)
    far = Lesion(id=9, vessel="LAD", index=corner, hu=np.full(6, 300, dtype=np.int16), confidence=1.0)
    drawn = answer([far])
    assert (drawn.false_lesions, [one.found_as for one in drawn.lesions]) == (1, [None, None])
    assert "| B | 0, 0.0 | 1.00 |" in false_table([false_row("B", 0, 0.0, [drawn])])


def test_the_vessel_is_that_of_the_lesion_that_covers_most() -> None:
    def lesion(vessel: str, first: int, last: int) -> Lesion:
        index = np.arange(first, last, dtype=np.int64)
        return Lesion(id=1, vessel=vessel, index=index, hu=np.full(index.size, 200, dtype=np.int16), confidence=1.0)

    assert vessel_found(lesion("LM", 0, 10), [lesion("LAD", 0, 3), lesion("LCX", 3, 10)]) == "LCX"
    assert vessel_found(lesion("LM", 0, 10), [lesion("LAD", 10, 20)]) is None


def test_a_lesions_diameter_is_that_of_a_ball_of_its_volume() -> None:
    lesion = truth()[0]
    volume_mm3 = lesion.index.size * 3.0 * 0.5 * 0.5
    assert np.pi / 6 * diameter_mm(BEFORE, lesion) ** 3 == pytest.approx(volume_mm3)


def test_draws_repeat_and_agree_with_themselves() -> None:
    def blind(_: object) -> Finding:
        return Finding(lesions=(), rejected=())

    runs = [list(run_draws("B", BEFORE, [LAD, RCA], MATCH, blind, range(3))) for _ in range(2)]
    assert runs[0] == runs[1]
    assert len({one.mass_mg for one in runs[0]}) == 3
    perfect = [replace(one, agatston_found=one.agatston_true) for one in runs[0]]
    assert "1.000 (1.000 to 1.000) | 0.0 (0.0 to 0.0) | 0 to 0" in agreement_table({"B": perfect})
    assert summary_table({"B": perfect}).endswith("| none | 1.000 (1.000 to 1.000) | 0.0 (0.0 to 0.0) |")
    assert summary_table({"B": perfect}).splitlines()[2].startswith("| B | 3 | 0.00 (")
    assert "too few draws" in agreement_table({"B": perfect[:2]})


class HeartEverywhere:
    """Stands for a segmenter."""

    def find_anatomy(self, volume: Volume) -> Anatomy:
        heart = np.ones(volume.grid.shape, dtype=np.uint8)
        return Anatomy(structures=LabelMap(labels=heart, grid=volume.grid, names=STRUCTURES), finder="everywhere")


def test_the_finder_that_is_asked_for_does_the_finding() -> None:
    def judge(volume: Volume, anatomy: Anatomy, candidates: Sequence[Candidate]) -> tuple[Judged, ...]:
        return pair(candidates, [Verdict(vessel="LCX", reason=None, confidence=1.0)] * len(candidates))

    find = find_with(Finder(name="rules", segmenter=HeartEverywhere(), judge=judge))
    hu = np.full((4, 16, 16), -50, dtype=np.int16)
    hu[1:3, 4:8, 4:8] = 400
    volume = Volume(hu=hu, grid=Grid.even((4, 16, 16), (3.0, 0.5, 0.5)))
    assert [lesion.vessel for lesion in find(volume).lesions] == ["LCX"]


def test_distances_are_told_as_mean_and_largest() -> None:
    assert distances(np.array([[0.0, 0, 0], [3, 4, 0]]), np.zeros((1, 3))) == "2.5, 5.0"


def test_the_courses_set_by_hand_meet_where_arteries_do() -> None:
    courses = {branch.name: branch for branch in read_courses(COURSES)}
    assert list(courses) == ["LM", "LAD", "LCX", "RCA"]
    for name in ("LAD", "LCX"):
        np.testing.assert_allclose(courses[name].points[0], courses["LM"].points[-1])
    assert courses["RCA"].points[:, 0].max() < courses["LAD"].points[:, 0].max()
