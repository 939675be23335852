"""Finding calcium without labels: what is followed, what is joined, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.simulated_study import simulate_chest
from vascal.anatomy.segmenter import STRUCTURES, Anatomy
from vascal.calcium.candidates import find_candidates
from vascal.calcium.finding import find_calcium, require_heart
from vascal.calcium.lesions import VESSELS, find_lesions
from vascal.calcium.rule import AGATSTON_1990
from vascal.errors import AnatomyError
from vascal.simulate.ct.scan import SimulatedScan
from vascal.volume import Grid, LabelMap, Volume

GRID = Grid.even((10, 60, 60), (3.0, 1.0, 1.0))


@pytest.fixture(scope="module")
def thorax() -> SimulatedScan:
    return simulate_chest()


def true_anatomy(thorax: SimulatedScan) -> Anatomy:
    return Anatomy(structures=thorax.structures, finder="truth", blood_hu=45.0, aorta_hu=45.0, noise_sd_hu=10.0)


def box_anatomy(*, heart: bool = True) -> Anatomy:
    labels = np.zeros(GRID.shape, dtype=np.uint8)
    labels[2:8, 10:50, 10:50] = 1 if heart else 6
    structures = LabelMap(labels=labels, grid=GRID, names=STRUCTURES)
    return Anatomy(structures=structures, finder="box", blood_hu=40.0, noise_sd_hu=10.0)


def test_without_a_heart_nothing_is_scored() -> None:
    with pytest.raises(AnatomyError, match="no heart was found"):
        require_heart(box_anatomy(heart=False))


def test_nothing_bright_gives_nothing() -> None:
    volume = Volume(hu=np.full(GRID.shape, 40, dtype=np.int16), grid=GRID)
    finding = find_calcium(volume, box_anatomy(), AGATSTON_1990)
    assert (finding.lesions, finding.rejected) == ((), ())


def test_what_does_not_touch_heart_or_aorta_is_no_candidate() -> None:
    hu = np.full(GRID.shape, 40, dtype=np.int16)
    hu[4, 2:5, 2:5] = 400
    finding = find_calcium(Volume(hu=hu, grid=GRID), box_anatomy(), AGATSTON_1990)
    assert (finding.lesions, finding.rejected) == ((), ())


def test_patches_below_the_minimum_are_dropped_before_judging() -> None:
    hu = np.full(GRID.shape, 40, dtype=np.int16)
    hu[4, 30, 30] = 400
    rule = replace(AGATSTON_1990, min_patch_mm2=1.5)
    finding = find_calcium(Volume(hu=hu, grid=GRID), box_anatomy(), rule)
    assert (finding.lesions, finding.rejected) == ((), ())


def test_true_anatomy_finds_the_simulated_plaques_and_rejects_the_others(thorax: SimulatedScan) -> None:
    finding = find_calcium(thorax.volume, true_anatomy(thorax), AGATSTON_1990)
    truth = find_lesions(find_candidates(thorax.volume, thorax.vessels, AGATSTON_1990), AGATSTON_1990)
    found = {int(i) for lesion in finding.lesions for i in lesion.index}
    expected = {int(i) for lesion in truth for i in lesion.index}
    assert len(found & expected) >= 0.9 * len(expected)
    assert len(found - expected) <= 0.1 * len(expected)


def test_lesions_are_numbered_by_vessel_and_carry_their_own_hu(thorax: SimulatedScan) -> None:
    finding = find_calcium(thorax.volume, true_anatomy(thorax), AGATSTON_1990)
    assert [lesion.id for lesion in finding.lesions] == list(range(1, len(finding.lesions) + 1))
    order = [(*VESSELS, "unassigned").index(lesion.vessel) for lesion in finding.lesions]
    assert order == sorted(order)
    for lesion in finding.lesions:
        assert np.array_equal(lesion.hu, thorax.volume.hu.reshape(-1)[lesion.index])
        assert lesion.confidence is not None
