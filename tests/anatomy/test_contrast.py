from __future__ import annotations

import pytest

from tests.anatomy.scans import CARDIAC, CHEST, ScanPlan, found, with_contrast
from vascal.simulate.ct.protocol import Contrast


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
