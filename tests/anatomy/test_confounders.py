from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.anatomy.scans import CARDIAC, found, simulated
from vascal.anatomy.confounders import Candidate, Verdict, calcium_above_contrast_hu, judge_candidates
from vascal.anatomy.segmenter import STRUCTURES, Anatomy
from vascal.volume import Grid, LabelMap, Volume

SHAPE = (40, 100, 100)
GRID = Grid.even(SHAPE, (3.0, 1.0, 1.0))
HEART, AORTA, LUNGS, _, BONE, BODY, _ = STRUCTURES


def make_scan() -> tuple[np.ndarray, np.ndarray]:
    """A box of a heart: 40 HU inside 8 mm of fat, lung around it, a bone and an aorta beside it."""
    hu, labels = np.full(SHAPE, -850, np.int16), np.full(SHAPE, LUNGS, np.uint8)
    hu[2:38, 10:90, 10:90], labels[2:38, 10:90, 10:90] = -90, HEART
    hu[2:38, 18:82, 18:82] = 40
    hu[2:38, 90:98, 40:60], labels[2:38, 90:98, 40:60] = 40, AORTA
    hu[2:38, 2:10, 40:60], labels[2:38, 2:10, 40:60] = 300, BONE
    return hu, labels


def judge_box(box: tuple[slice, slice, slice], peak_hu: int, **facts: object) -> Verdict:
    """Paint a bright box into the scan and judge it."""
    hu, labels = make_scan()
    hu[box] = peak_hu
    own = np.zeros(SHAPE, dtype=bool)
    own[box] = True
    index = np.flatnonzero(own)
    k, i, j = (float(places.mean()) for places in np.nonzero(own))
    candidate = Candidate(
        index=index,
        peak_hu=float(peak_hu),
        volume_mm3=3.0 * index.size,
        center_mm=GRID.index_to_mm(k, i, j),
        center_index=(k, i, j),
    )
    anatomy = Anatomy(
        structures=LabelMap(labels=labels, grid=GRID, names=STRUCTURES), finder="test", blood_hu=40.0, noise_sd_hu=10.0
    )
    return judge_candidates(Volume(hu=hu, grid=GRID), replace(anatomy, **facts), [candidate])[0]  # type: ignore[arg-type]


IN_FAT = (slice(20, 22), slice(15, 20), slice(60, 66))
CONTRAST = {"is_contrast_enhanced": True, "blood_hu": 280.0, "aorta_hu": 300.0}


def test_a_dense_spot_in_epicardial_fat_is_coronary_calcium() -> None:
    verdict = judge_box(IN_FAT, 500)
    assert verdict.reason is None
    assert verdict.vessel is not None
    assert 0 <= verdict.confidence <= 1


@pytest.mark.parametrize(
    ("box", "peak_hu", "reason"),
    [
        (IN_FAT, 2500, "metal"),
        ((slice(20, 21), slice(30, 32), slice(30, 32)), 85, "noise"),
        ((slice(20, 22), slice(2, 9), slice(45, 50)), 700, "bone"),
        ((slice(20, 22), slice(91, 96), slice(45, 50)), 700, "aortic wall"),
        ((slice(20, 22), slice(10, 12), slice(70, 80)), 300, "lung edge"),
        ((slice(20, 22), slice(48, 52), slice(48, 52)), 500, "aortic root or valve"),
    ],
)
def test_what_is_no_calcium_is_named(box: tuple[slice, slice, slice], peak_hu: int, reason: str) -> None:
    verdict = judge_box(box, peak_hu)
    assert (verdict.vessel, verdict.reason) == (None, reason)


def test_a_spot_just_above_noise_is_kept() -> None:
    noisy, clear = (judge_box((slice(20, 21), slice(15, 18), slice(60, 63)), peak) for peak in (89, 91))
    assert noisy.reason == "noise"
    assert clear.reason != "noise"


def test_blood_in_a_contrast_scan_is_no_calcium() -> None:
    assert judge_box(IN_FAT, 325, **CONTRAST).reason == "contrast-filled blood"


def test_calcium_well_above_contrast_is_kept_with_half_the_confidence() -> None:
    plain, contrast = judge_box(IN_FAT, 900), judge_box(IN_FAT, 900, **CONTRAST)
    assert contrast.vessel == plain.vessel
    assert contrast.confidence == pytest.approx(plain.confidence / 2, abs=0.002)


def test_a_chamber_full_of_contrast_is_no_calcium_however_bright() -> None:
    assert judge_box((slice(10, 20), slice(30, 40), slice(30, 40)), 900, **CONTRAST).reason == "contrast-filled blood"


def test_the_limit_above_contrast_is_three_noise_deviations_and_at_least_300_hu() -> None:
    anatomy = replace(found(CARDIAC), blood_hu=350.0, aorta_hu=400.0, noise_sd_hu=20.0)
    assert calcium_above_contrast_hu(anatomy) == 460
    assert calcium_above_contrast_hu(replace(anatomy, blood_hu=100.0, aorta_hu=None)) == 300


def test_without_a_heart_everything_is_outside_it() -> None:
    labels = LabelMap(labels=np.full(SHAPE, BODY, np.uint8), grid=GRID, names=STRUCTURES)
    candidate = Candidate(
        index=np.asarray([5]), peak_hu=500.0, volume_mm3=3.0, center_mm=(0.0, 0.0, 0.0), center_index=(0.0, 0.0, 5.0)
    )
    volume = Volume(hu=np.zeros(SHAPE, np.int16), grid=GRID)
    assert judge_candidates(volume, Anatomy(structures=labels, finder="test"), [candidate])[0].reason == (
        "outside the heart"
    )


def test_simulated_plaques_are_kept_and_get_their_own_artery_or_none() -> None:
    scan, anatomy = simulated(CARDIAC), found(CARDIAC)
    flat, truth = scan.volume.hu.reshape(-1), scan.vessels.labels.reshape(-1)
    for name in ("LAD", "LCX", "RCA"):
        index = np.flatnonzero((truth == scan.vessels.value_of(name)) & (flat >= 130))
        # The first plaque from the feet up, as one candidate.
        places = np.stack(np.unravel_index(index, scan.volume.grid.shape), axis=1)
        near = np.abs((places - places[0]) * scan.volume.grid.spacing_mm).max(axis=1) < 12
        index, center = index[near], places[near].mean(axis=0)
        candidate = Candidate(
            index=index,
            peak_hu=float(flat[index].max()),
            volume_mm3=3.0 * index.size,
            center_mm=scan.volume.grid.index_to_mm(*center),
            center_index=(float(center[0]), float(center[1]), float(center[2])),
        )
        verdict = judge_candidates(scan.volume, anatomy, [candidate])[0]
        assert verdict.reason is None, name
        assert verdict.vessel in {name, "unassigned"}
