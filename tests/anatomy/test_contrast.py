from __future__ import annotations

import numpy as np
import pytest

from tests.anatomy.scans import CARDIAC, CHEST, ScanPlan, found, with_contrast
from vascal.anatomy.coarse import average_blocks
from vascal.anatomy.contrast import measure_noise
from vascal.simulate.ct.protocol import Contrast
from vascal.volume import Grid, Volume


@pytest.mark.parametrize("plan", [CARDIAC, CHEST], ids=["cardiac", "chest"])
def test_unenhanced_blood_measures_what_was_simulated(plan: ScanPlan) -> None:
    anatomy = found(plan)
    assert anatomy.blood_hu == pytest.approx(45, abs=6)
    assert not anatomy.is_contrast_enhanced


@pytest.mark.parametrize(("phase", "blood_hu"), [("venous", 168.0), ("coronary", 375.0)])
def test_iodine_in_the_blood_is_seen_in_the_pixels(phase: Contrast, blood_hu: float) -> None:
    anatomy = found(with_contrast(CHEST, phase))
    assert anatomy.is_contrast_enhanced
    assert anatomy.aorta_hu == pytest.approx(blood_hu, abs=0.2 * blood_hu)


def test_noise_alone_does_not_look_like_contrast() -> None:
    assert not found(CARDIAC.but(noise_sd_hu=40.0)).is_contrast_enhanced


@pytest.mark.parametrize("noise_sd_hu", [10.0, 18.0, 40.0])
def test_noise_is_measured_to_a_fifth(noise_sd_hu: float) -> None:
    assert found(CARDIAC.but(noise_sd_hu=noise_sd_hu)).noise_sd_hu == pytest.approx(noise_sd_hu, rel=0.2)


def test_a_slope_is_no_noise_also_where_the_last_block_is_smaller() -> None:
    k, i, j = np.indices((6, 42, 42))
    volume = Volume(hu=(20 + 2 * i + 3 * j).astype(np.int16), grid=Grid.even((6, 42, 42), (4.0, 1.0, 1.0)))
    ct = average_blocks(volume)
    assert measure_noise(volume, ct, np.ones(ct.hu.shape, dtype=bool)) == pytest.approx(0, abs=1e-9)
    striped = Volume(hu=(volume.hu + 10 * (-1) ** k * (-1) ** (i // 2 + j // 2)).astype(np.int16), grid=volume.grid)
    assert measure_noise(striped, ct, np.ones(ct.hu.shape, dtype=bool)) == pytest.approx(10, abs=0.3)
    assert measure_noise(volume, ct, np.zeros(ct.hu.shape, dtype=bool)) is None
