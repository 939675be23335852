from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from vascal.errors import (
    GantryTiltError,
    GeometryError,
    InputError,
    NotDicomError,
    OrientationError,
    OutputError,
    PixelError,
    UnsupportedImageError,
)
from vascal.io.dicom import PADDING_HU
from vascal.io.nifti import read_nifti, write_label_map
from vascal.io.reading import read_input, read_volume
from vascal.volume import Grid, LabelMap

nib: Any = nibabel  # its functions carry no types

HU = np.arange(4 * 5 * 6).reshape(4, 5, 6).astype(np.int16) - 60
GRID = Grid.even((4, 5, 6), (2.5, 0.5, 0.75), origin_mm=(-10.0, -20.0, 30.0))
AFFINE = np.array([[-0.75, 0, 0, 10], [0, -0.5, 0, 20], [0, 0, 2.5, 30], [0, 0, 0, 1.0]])
ORDERS = ["".join(axes) for axes in itertools.product("LR", "AP", "SI")] + ["SPL", "IAR", "PSL", "ASR", "SLP", "LSP"]


def save(path: Path, values: Any, affine: Any = AFFINE, order: str = "LPS") -> Path:
    """Write values given as (column, row, slice) with another axis order, by nibabel's own means."""
    axes = nib.orientations
    turn = axes.ornt_transform(axes.axcodes2ornt("LPS"), axes.axcodes2ornt(order))
    turned = axes.apply_orientation(values, turn)
    nib.save(nib.Nifti1Image(turned, affine @ axes.inv_ornt_aff(turn, values.shape)), path)
    return path


@pytest.mark.parametrize("order", ORDERS)
def test_any_axis_order_gives_the_same_volume_on_the_same_grid(tmp_path: Path, order: str) -> None:
    series, volume = read_nifti(save(tmp_path / "ct.nii.gz", HU.transpose(2, 1, 0), order=order), kvp=120)
    np.testing.assert_array_equal(volume.hu, HU)
    GRID.require_same(volume.grid)
    np.testing.assert_allclose(volume.grid.row_axis, (0, 1, 0), atol=1e-6)
    assert series.acquisition.kvp == 120
    assert len(series.images) == 4


def test_both_file_forms_and_the_scale_of_the_header_are_read(tmp_path: Path) -> None:
    image = nib.Nifti1Image(HU.transpose(2, 1, 0), AFFINE)
    image.header.set_slope_inter(0.5, 0)
    nib.save(image, tmp_path / "ct.nii")
    np.testing.assert_array_equal(read_nifti(tmp_path / "ct.nii")[1].hu, np.rint(HU * 0.5))


def test_numbers_are_rounded_clipped_and_filled(tmp_path: Path) -> None:
    values = np.full((2, 2, 2), 99.6, dtype=np.float32)
    values[0, 0] = [np.nan, 1e6]
    hu = read_nifti(save(tmp_path / "ct.nii", values))[1].hu
    assert hu[:, 0, 0].tolist() == [PADDING_HU, 32767]
    assert hu[0, 1, 1] == 100


def test_what_the_file_does_not_say_may_be_stated(tmp_path: Path) -> None:
    path = save(tmp_path / "scan.nii.gz", HU.transpose(2, 1, 0))
    (study,) = read_input(path, kvp=100, is_gated=True, slice_thickness_mm=3.0)
    (series,) = study.series
    assert (series.key, series.source_format) == ("scan", "nifti")
    assert (series.acquisition.kvp, series.acquisition.slice_thickness_mm) == (100, 3.0)
    assert (series.acquisition.gating.is_gated, series.acquisition.gating.evidence) == (True, "stated")
    np.testing.assert_array_equal(read_volume(series).hu, HU)


def rotated(degrees: float) -> np.ndarray:
    turn, angle = np.eye(4), np.radians(degrees)
    turn[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return np.asarray(turn @ AFFINE)


def test_a_slightly_turned_image_is_read_and_an_oblique_one_refused(tmp_path: Path) -> None:
    values = HU.transpose(2, 1, 0)
    assert read_nifti(save(tmp_path / "a.nii", values, rotated(2)))[1].grid.slice_axis[2] < 1
    with pytest.raises(OrientationError, match="oblique"):
        read_nifti(save(tmp_path / "b.nii", values, rotated(20)))
    (study,) = read_input(tmp_path / "b.nii")
    assert (study.series, study.refusals[0].code) == ((), "not-axial")


def test_a_sheared_image_is_refused(tmp_path: Path) -> None:
    affine = AFFINE.copy()
    affine[1, 2] = 0.4
    image = nib.Nifti1Image(HU.transpose(2, 1, 0), None)
    image.set_sform(affine, code=1)
    nib.save(image, tmp_path / "ct.nii")
    with pytest.raises(GantryTiltError):
        read_nifti(tmp_path / "ct.nii")


def test_an_image_that_does_not_say_how_it_lies_is_refused(tmp_path: Path) -> None:
    nib.save(nib.Nifti1Image(HU, None), tmp_path / "ct.nii")
    with pytest.raises(OrientationError, match="codes are 0"):
        read_nifti(tmp_path / "ct.nii")


def test_what_is_no_usable_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.nii").write_text("hello")
    with pytest.raises(NotDicomError):
        read_nifti(tmp_path / "text.nii")
    with pytest.raises(InputError, match="no file"):
        read_nifti(tmp_path / "absent.nii")
    nib.save(nib.Nifti1Image(np.zeros((2, 2, 2, 3), np.int16), AFFINE), tmp_path / "time.nii")
    with pytest.raises(UnsupportedImageError, match="three dimensions"):
        read_nifti(tmp_path / "time.nii")
    nib.save(nib.Nifti1Image(np.zeros((4, 4, 1), np.int16), AFFINE), tmp_path / "flat.nii")
    with pytest.raises(GeometryError, match="2 slices"):
        read_nifti(tmp_path / "flat.nii")


def test_a_cut_file_is_a_pixel_error(tmp_path: Path) -> None:
    path = save(tmp_path / "ct.nii.gz", np.random.default_rng(1).integers(0, 99, (30, 30, 30)).astype(np.int16))
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(PixelError):
        read_nifti(path)


def test_a_written_label_map_means_the_same_to_another_reader(tmp_path: Path) -> None:
    labels = (HU > 0).astype(np.uint8) * 3
    write_label_map(LabelMap(labels=labels, grid=GRID, names={3: "LCX"}), tmp_path / "out.nii.gz")
    image = nib.load(tmp_path / "out.nii.gz")
    assert image.get_data_dtype() == np.uint8
    np.testing.assert_allclose(image.affine, AFFINE)
    np.testing.assert_array_equal(np.asarray(image.dataobj).transpose(2, 1, 0), labels)
    first = (tmp_path / "out.nii.gz").read_bytes()
    write_label_map(LabelMap(labels=labels, grid=GRID, names={3: "LCX"}), tmp_path / "out.nii.gz")
    assert (tmp_path / "out.nii.gz").read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == ["out.nii.gz"]


def test_a_label_map_is_not_written_where_it_would_mislead(tmp_path: Path) -> None:
    uneven = Grid(shape=(3, 1, 1), row_spacing_mm=1, column_spacing_mm=1, slice_positions_mm=(0.0, 1.0, 5.0))
    with pytest.raises(GeometryError):
        write_label_map(LabelMap(labels=np.zeros((3, 1, 1), np.uint8), grid=uneven, names={}), tmp_path / "a.nii")
    with pytest.raises(OutputError):
        write_label_map(LabelMap(labels=np.zeros((4, 5, 6), np.uint8), grid=GRID, names={}), tmp_path / "a.mha")


def test_a_real_nifti_lies_as_its_affine_says(shared_data: Path) -> None:
    series, volume = read_nifti(shared_data / "abdomen-labelled" / "ct.nii.gz")
    assert volume.grid.shape == (112, 101, 122)
    assert volume.grid.spacing_mm == pytest.approx((3, 3, 3))
    image = nib.load(shared_data / "abdomen-labelled" / "ct.nii.gz")
    # Voxel (0, 0, 0) lies furthest right and front, and lowest; the file counts towards right and front.
    assert volume.hu[0, 0, 0] == image.dataobj[-1, -1, 0]
    expected = image.affine @ [121, 100, 0, 1] * [-1, -1, 1, 1]
    np.testing.assert_allclose(volume.grid.origin_mm, expected[:3], atol=1e-3)
    assert series.notes == ()
