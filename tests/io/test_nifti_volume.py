"""CT numbers as NIfTI."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from vascal.errors import GeometryError, OutputError
from vascal.io.nifti import read_nifti
from vascal.io.nifti_volume import write_volume
from vascal.volume import Grid, Volume

GRID = Grid.even((4, 5, 6), (2.5, 0.7, 0.6), origin_mm=(-10.0, -20.0, 30.0))


def volume(grid: Grid = GRID) -> Volume:
    return Volume(hu=np.random.default_rng(0).integers(-2048, 3072, grid.shape).astype(np.int16), grid=grid)


@pytest.mark.parametrize("name", ["scan.nii", "scan.nii.gz"])
def test_what_is_written_is_read_back(tmp_path: Path, name: str) -> None:
    before = volume()
    write_volume(before, tmp_path / name)
    _, after = read_nifti(tmp_path / name)
    np.testing.assert_array_equal(after.hu, before.hu)
    before.grid.require_same(after.grid)


def test_another_reader_finds_a_voxel_where_the_grid_says(tmp_path: Path) -> None:
    before = volume()
    write_volume(before, tmp_path / "scan.nii.gz")
    image: Any = nib.load(tmp_path / "scan.nii.gz")
    x, y, z = GRID.index_to_mm(3, 4, 5)
    np.testing.assert_allclose(image.affine @ np.array([5, 4, 3, 1]), np.array([-x, -y, z, 1]), atol=1e-4)
    assert image.dataobj[5, 4, 3] == before.hu[3, 4, 5]


def test_a_prone_patient_comes_back_turned_to_the_same_places(tmp_path: Path) -> None:
    turned = replace(GRID, row_axis=(0.0, -1.0, 0.0), column_axis=(-1.0, 0.0, 0.0))
    before = volume(turned)
    write_volume(before, tmp_path / "scan.nii")
    _, after = read_nifti(tmp_path / "scan.nii")
    np.testing.assert_array_equal(after.hu, before.hu[:, ::-1, ::-1])


def test_the_same_volume_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.nii.gz", "b.nii.gz"):
        write_volume(volume(), tmp_path / name)
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"scan\.mha names no NIfTI file"):
        write_volume(volume(), tmp_path / "scan.mha")


def test_uneven_slices_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GeometryError, match="even stack"):
        write_volume(volume(replace(GRID, slice_positions_mm=(30.0, 32.5, 35.0, 40.0))), tmp_path / "scan.nii")
