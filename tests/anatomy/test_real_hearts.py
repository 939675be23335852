"""Real scans against hand outlines; how far these influenced the rules is told in finding-the-heart.md."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.anatomy.scans import cropped, dice
from vascal.anatomy.segmenter import Anatomy
from vascal.anatomy.thorax import ThoraxRules
from vascal.io.labels import read_labels
from vascal.io.reading import read_input, read_volume
from vascal.volume import Volume

pytestmark = pytest.mark.data


@cache
def read(path: Path) -> Volume:
    return read_volume(read_input(path)[0].series[0])


@cache
def find(path: Path) -> Anatomy:
    return ThoraxRules().find_anatomy(read(path))


@pytest.mark.parametrize(
    ("series", "outline"),
    [
        ("chest-thick/soft", "chest-thick/heart.nii.gz"),
        ("chest-thick/sharp", "chest-thick/heart.nii.gz"),
        ("chest-contrast/series", "chest-contrast/heart.nii.gz"),
    ],
)
def test_the_heart_agrees_with_the_hand_outline(shared_data: Path, series: str, outline: str) -> None:
    anatomy = find(shared_data / series)
    drawn = read_labels(shared_data / outline, anatomy.structures.grid, {1: "heart"}).labels > 0
    assert dice(anatomy.structures.mask("heart"), drawn) >= 0.80


def test_two_kernels_of_one_scan_show_one_heart(shared_data: Path) -> None:
    soft, sharp = (find(shared_data / "chest-thick" / kernel) for kernel in ("soft", "sharp"))
    assert dice(soft.structures.mask("heart"), sharp.structures.mask("heart")) > 0.97


@pytest.mark.parametrize(
    ("series", "is_enhanced"),
    [("chest-thick/soft", False), ("chest-thick/sharp", False), ("chest-contrast/series", True)],
)
def test_contrast_agent_is_told_from_the_pixels(shared_data: Path, series: str, is_enhanced: bool) -> None:
    anatomy = find(shared_data / series)
    assert anatomy.is_contrast_enhanced is is_enhanced
    assert anatomy.heart_cut_off == ()


@pytest.mark.parametrize(
    ("series", "slices", "side"),
    [
        ("chest-thick/sharp", slice(20, None), "bottom"),
        ("chest-thick/sharp", slice(0, 25), "top"),
        ("chest-contrast/series", slice(45, None), "bottom"),
        ("chest-contrast/series", slice(0, 50), "top"),
    ],
)
def test_a_scan_that_ends_inside_the_heart_says_where(shared_data: Path, series: str, slices: slice, side: str) -> None:
    anatomy = ThoraxRules().find_anatomy(cropped(read(shared_data / series), slices))
    assert anatomy.heart_cut_off == (side,)


def test_an_upper_abdomen_shows_a_heart_cut_off_at_the_top(shared_data: Path) -> None:
    anatomy = find(shared_data / "abdomen-contrast" / "series")
    slices = np.flatnonzero(anatomy.structures.mask("heart").any(axis=(1, 2)))
    assert slices[0] > 130, "nothing in liver or pelvis"
    assert "top" in anatomy.heart_cut_off


@pytest.mark.parametrize("folder", ["qrm-phantom/dicom", "aorta-contrast/series"])
def test_scans_without_a_heart_give_none(shared_data: Path, folder: str) -> None:
    assert not find(shared_data / folder).structures.mask("heart").any()
