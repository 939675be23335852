"""What candidates truly are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from vascal.anatomy.confounders import Candidate
from vascal.models.lesion_inputs import KINDS
from vascal.simulate.ct.organs import Organ
from vascal.train.lesion_preparation import name_by_labels, thin
from vascal.train.lesion_samples import CORONARY, OTHER, PlaqueLabels, label_plaques, name_candidate
from vascal.volume import Grid, LabelMap, Volume

GRID = Grid.even((2, 8, 8), (3.0, 1.0, 1.0))
PLAQUES = [("LAD", 6, "LAD"), (None, None, "aortic valve"), ("RCA", 2, "RCA"), (None, None, "lymph node")]


def candidate(*voxels: int) -> Candidate:
    return Candidate(
        index=np.array(voxels), peak_hu=300.0, volume_mm3=9.0, center_mm=(0.0, 0.0, 0.0), center_index=(0.0, 0.0, 0.0)
    )


def named(
    lesions: Mapping[int, int], organs: Mapping[int, int], *voxels: int, is_contrast: bool = False
) -> tuple[str, int]:
    hu, lesion, organ = (
        np.full(GRID.shape, fill, dtype) for fill, dtype in ((250, np.int16), (0, np.uint8), (2, np.uint8))
    )
    for table, values in ((lesion, lesions), (organ, organs)):
        for voxel, value in values.items():
            table.reshape(-1)[voxel] = value
    kinds, segments = label_plaques(PLAQUES)
    truth = PlaqueLabels(lesions=lesion, organs=organ, kinds=kinds, segments=segments)
    kind, segment = name_candidate(candidate(*voxels), Volume(hu=hu, grid=GRID), truth, is_contrast=is_contrast)
    return KINDS[kind], segment


def test_a_candidate_is_the_plaque_that_gives_most_of_its_brightness() -> None:
    assert named({1: 1, 2: 1, 3: 3}, {}, 1, 2, 3) == ("LAD", 6)
    assert named({1: 2, 2: 2, 3: 1}, {}, 1, 2, 3) == ("aortic valve", 0)
    assert named({1: 4, 2: 4}, {}, 1, 2) == ("outside the heart", 0)


def test_without_a_plaque_the_organ_tells() -> None:
    assert named({}, {1: Organ.BONE, 2: Organ.BONE}, 1, 2, 3) == ("bone", 0)
    assert named({}, {1: Organ.DEVICE}, 1, 2, 3) == ("metal", 0)
    assert named({}, {1: Organ.DEVICE}, *range(1, 31)) == ("metal", 0)
    assert named({}, {}, 1, 2) == ("noise", 0)
    blood = {1: Organ.LEFT_VENTRICLE, 2: Organ.LEFT_VENTRICLE}
    assert named({}, blood, 1, 2, is_contrast=True) == ("contrast-filled blood", 0)
    assert named({}, blood, 1, 2) == ("noise", 0)


def test_a_trace_of_plaque_in_a_large_candidate_does_not_name_it() -> None:
    bone = dict.fromkeys(range(10), int(Organ.BONE))
    assert named({0: 1}, bone, *range(10)) == ("bone", 0)


def labels(values: dict[int, int], names: dict[int, str]) -> LabelMap:
    table = np.zeros(GRID.shape, dtype=np.uint8)
    for voxel, value in values.items():
        table.reshape(-1)[voxel] = value
    return LabelMap(labels=table, grid=GRID, names=names)


def test_readers_labels_name_what_they_cover() -> None:
    drawn = labels({1: 2, 2: 2, 8: 5, 9: 5, 20: 6}, {2: "LAD", 5: "coronary", 6: "aortic valve"})
    kinds, segments = name_by_labels([candidate(1, 2, 3), candidate(8, 9), candidate(20), candidate(30, 31)], drawn)
    assert kinds.tolist() == [KINDS.index("LAD"), CORONARY, OTHER, OTHER]
    assert segments.tolist() == [0, 0, 0, 0]
    assert name_by_labels([candidate(1)], None)[0].tolist() == [OTHER]


@pytest.mark.parametrize("count", [5, 400])
def test_of_very_many_candidates_no_coronary_one_is_left_out(count: int) -> None:
    kinds = np.full(count, 10)
    kinds[[0, 3]] = 1, CORONARY
    kept = thin(kinds, np.random.default_rng(0))
    assert {0, 3} <= set(kept.tolist())
    assert len(kept) == min(count, 122)
