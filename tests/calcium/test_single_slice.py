"""A slice that stands alone: what finders are shown, and what is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vascal.anatomy.confounders import Candidate, Verdict
from vascal.anatomy.lattice import Lattice
from vascal.anatomy.segmenter import STRUCTURES, Anatomy, RegionMap
from vascal.calcium.finding import Judged, collect_candidates, find_calcium
from vascal.calcium.rule import AGATSTON_1990
from vascal.calcium.score import score_calcium
from vascal.calcium.single_slice import (
    STACK_MM,
    JudgeOfSlice,
    SegmenterOfSlice,
    put_in_stack,
    stack_copies,
)
from vascal.errors import GeometryError
from vascal.volume import Grid, LabelMap, OneSliceGrid, Volume

PATCH = (slice(0, 1), slice(8, 12), slice(10, 15))
"""20 pixels of 0.5 x 0.75 mm."""


def one_slice(thickness_mm: float = 2.5, **changes: Any) -> OneSliceGrid:
    grid = OneSliceGrid(
        shape=(1, 24, 32),
        row_spacing_mm=0.5,
        column_spacing_mm=0.75,
        slice_positions_mm=(7.0,),
        origin_mm=(-10.0, -20.0, 7.0),
        slice_thickness_mm=thickness_mm,
    )
    return replace(grid, **changes)


def calcified(thickness_mm: float = 2.5) -> Volume:
    hu = np.full((1, 24, 32), 40, np.int16)
    hu[PATCH] = 350
    return Volume(hu=hu, grid=one_slice(thickness_mm))


@dataclass(frozen=True)
class AllHeart:
    """Takes everything for heart; in the middle slice one pixel for aorta. Its lattice has 4 mm."""

    cut_off: tuple[Any, ...] = ("top", "bottom", "left")

    def find_anatomy(self, volume: Volume) -> Anatomy:
        labels = np.ones(volume.grid.shape, np.uint8)
        labels[len(labels) // 2, 0, 0] = 2
        shape = (8, 3, 6)
        lattice = Lattice(corner_mm=(0.0, 0.0, 0.0), spacing_mm=4.0, shape=shape)
        regions = RegionMap(lattice=lattice, labels=np.zeros(shape, np.uint8), heart=np.ones(shape, np.float32))
        return Anatomy(
            structures=LabelMap(labels=labels, grid=volume.grid, names=STRUCTURES),
            finder="test",
            blood_hu=40.0,
            heart_cut_off=self.cut_off,
            notes=("Low.",),
            regions=regions,
            agreement=0.3,
        )


def judge_as_lad(volume: Volume, anatomy: Anatomy, candidates: Sequence[Candidate]) -> tuple[Judged, ...]:
    """Call calcium LAD if it was shown in the middle of a stack whose every slice is alike."""
    volume.grid.require_same(anatomy.structures.grid)
    middle = volume.grid.shape[0] // 2
    for one in candidates:
        k = np.unravel_index(one.index, volume.grid.shape)[0]
        assert set(k.tolist()) == {middle}
        assert one.center_index[0] == middle
        assert volume.grid.index_to_mm(*one.center_index) == pytest.approx(one.center_mm)
    assert np.all(volume.hu == volume.hu[middle])
    return tuple(Judged(candidate=c, verdict=Verdict(vessel="LAD", reason=None, confidence=0.9)) for c in candidates)


def find(volume: Volume) -> tuple[Anatomy, Any]:
    anatomy = SegmenterOfSlice(segmenter=AllHeart()).find_anatomy(volume)
    return anatomy, find_calcium(volume, anatomy, AGATSTON_1990, JudgeOfSlice(judge=judge_as_lad))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shape": (2, 24, 32)}, "2 slices at 1 positions; needed: one"),
        ({"slice_positions_mm": (0.0, 3.0)}, "1 slices at 2 positions; needed: one"),
        ({"slice_positions_mm": (float("nan"),)}, "must be finite"),
        ({"row_spacing_mm": 0.0}, "must be positive"),
        ({"slice_thickness_mm": 0.1}, "a slice of 0.1 mm; needed: a thickness of 0.2 to 20 mm"),
        ({"slice_thickness_mm": 21.0}, "--slice-thickness-mm"),
        ({"slice_thickness_mm": float("nan")}, "a slice of nan mm"),
    ],
)
def test_a_grid_of_one_slice_is_held_to_what_it_says(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        one_slice(**changes)


def test_a_slice_stands_for_its_nominal_thickness() -> None:
    grid = one_slice(5.0)
    assert grid.spacing_mm == (5.0, 0.5, 0.75)
    assert grid.slice_extents_mm().tolist() == [5.0]
    assert grid.is_even
    assert grid.index_to_mm(0, 2, 4) == (-7.0, -19.0, 7.0)
    grid.require_same(one_slice(5.0))


@given(thickness_mm=st.floats(0.2, 20.0))
def test_the_stack_of_copies_holds_the_slice_in_its_middle_and_is_as_tall_as_promised(thickness_mm: float) -> None:
    grid = replace(one_slice(thickness_mm), shape=(1, 1, 2))
    stack = stack_copies(Volume(hu=np.array([[[1, 2]]], np.int16), grid=grid))
    count = stack.grid.shape[0]
    assert count % 2 == 1
    assert abs((count - 1) * thickness_mm - STACK_MM) <= thickness_mm * (1 + 1e-9)
    assert type(stack.grid) is Grid
    assert stack.grid.is_even
    assert stack.grid.spacing_between_slices_mm == pytest.approx(thickness_mm)
    assert stack.grid.index_to_mm(count // 2, 0, 1) == pytest.approx(grid.index_to_mm(0, 0, 1))


def test_what_is_measured_is_one_slice() -> None:
    """20 pixels x 0.375 mm2 = 7.5 mm2, weight 3, 2.5 mm: 7.5 x 3 x 2.5 / 3 = 18.75; 7.5 x 2.5 = 18.75 mm3."""
    volume = calcified()
    _, finding = find(volume)
    scored = score_calcium(volume, finding.lesions)
    assert scored.total.agatston == pytest.approx(18.75)
    assert scored.total.volume_mm3 == pytest.approx(18.75)
    assert scored.total.mass_mg == pytest.approx(18.75 * 350 * 100 / 130 / 1000)
    (lesion,) = scored.lesions
    assert (lesion.vessel, lesion.slices, lesion.voxels, lesion.peak_hu) == ("LAD", (0, 0), 20, 350)
    assert lesion.center_mm == pytest.approx(volume.grid.index_to_mm(0, 9.5, 12.0))


@settings(max_examples=20)
@given(thickness_mm=st.floats(0.5, 10.0))
def test_the_score_grows_with_the_thickness_alone(thickness_mm: float) -> None:
    volume = calcified(thickness_mm)
    scored = score_calcium(volume, find(volume)[1].lesions)
    assert scored.total.agatston == pytest.approx(7.5 * 3 * thickness_mm / 3)
    assert scored.total.volume_mm3 == pytest.approx(7.5 * thickness_mm)


def test_what_copies_can_not_tell_is_left_out() -> None:
    anatomy, _ = find(calcified())
    assert anatomy.structures.labels.shape == (1, 24, 32)
    assert anatomy.structures.labels[0, 0, 0] == 2
    assert anatomy.heart_cut_off == ("left",)
    assert anatomy.agreement is None
    assert anatomy.notes == ("In a stack of copies of the slice: Low.",)
    assert anatomy.blood_hu == 40.0


def test_regions_stay_where_they_are_in_the_patient() -> None:
    volume = calcified()
    stack = stack_copies(volume)
    middle = stack.grid.shape[0] // 2
    in_stack = AllHeart().find_anatomy(stack).regions
    anatomy = SegmenterOfSlice(segmenter=AllHeart()).find_anatomy(volume)
    assert in_stack is not None
    assert anatomy.regions is not None
    pixels = np.array([0, 37, 24 * 32 - 1])
    expected = in_stack.lattice.places_of(stack, pixels + middle * 24 * 32)
    np.testing.assert_allclose(anatomy.regions.lattice.places_of(volume, pixels), expected, atol=1e-4)
    _, lifted, _ = put_in_stack(volume, anatomy, ())
    assert lifted.regions is not None
    assert lifted.regions.lattice.corner_mm == pytest.approx(in_stack.lattice.corner_mm)


def test_a_finder_without_regions_is_shown_none() -> None:
    volume = calcified()
    bare = replace(SegmenterOfSlice(segmenter=AllHeart()).find_anatomy(volume), regions=None)
    _, lifted, (candidate,) = put_in_stack(volume, bare, collect_candidates(volume, bare, AGATSTON_1990))
    assert lifted.regions is None
    assert candidate.volume_mm3 == pytest.approx(18.75)


def test_scans_of_several_slices_are_shown_as_they_are() -> None:
    volume = Volume(hu=np.zeros((2, 24, 32), np.int16), grid=Grid.even((2, 24, 32), (2.5, 0.5, 0.75)))
    anatomy = AllHeart().find_anatomy(volume)
    assert put_in_stack(volume, anatomy, ()) == (volume, anatomy, ())
