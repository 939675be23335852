"""Epicardial fat over body surface, and without."""

import pytest

from vascal.errors import OutOfRangeError
from vascal.risk.epicardial_fat import COHORTS, UPPER_NORMAL_ML_M2, compare_epicardial_fat


def test_the_limit_of_normal_is_over_body_surface() -> None:
    assert compare_epicardial_fat(68.1 * 2, 2.0).is_above_normal is False
    found = compare_epicardial_fat(140, 2.0)
    assert (found.indexed_ml_m2, found.is_above_normal) == (70, True)
    assert found.text == (
        "Epicardial fat of 140 ml, 70.0 ml/m2: above the upper limit of normal of 68.1 ml/m2 "
        "(95th percentile of 226 healthy people)."
    )
    assert "not above the upper limit" in compare_epicardial_fat(100, 2.0).text
    assert UPPER_NORMAL_ML_M2 == 68.1


def test_without_body_surface_there_is_no_limit() -> None:
    found = compare_epicardial_fat(300)
    assert (found.indexed_ml_m2, found.is_above_normal) == (None, None)
    assert "192 patients sent for coronary CT had 126 ml (SD 56)" in found.text


def test_cohorts_are_the_published_ones() -> None:
    assert [(one.mean_ml, one.sd_ml, one.n) for one in COHORTS] == [(126.2, 56.3, 192), (103.62, 50.97, 30)]


@pytest.mark.parametrize(
    ("volume", "surface", "message"),
    [
        (0, None, "epicardial fat of 0 ml; needed: 1 to 1000 ml"),
        (float("nan"), None, "epicardial fat"),
        (100, 0.2, "body surface of 0.2 m2; needed: 1 to 3.5 m2"),
        (100, float("inf"), "body surface"),
    ],
)
def test_what_can_not_be_is_refused(volume, surface, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(OutOfRangeError, match=message):
        compare_epicardial_fat(volume, surface)
