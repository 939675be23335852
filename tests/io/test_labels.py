from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from tests.io.make_ct import write_series
from tests.io.test_nifti import AFFINE, GRID, HU, ORDERS, save
from vascal.errors import GridMismatchError, InputError, LabelError
from vascal.io.dicom import read_study
from vascal.io.labels import read_labels
from vascal.types import LabelArray
from vascal.volume import Grid

LABELS = (np.arange(4 * 5 * 6).reshape(4, 5, 6) % 5).astype(np.uint8)


@pytest.mark.parametrize("order", ORDERS)
def test_labels_in_any_axis_order_land_on_their_voxels(tmp_path: Path, order: str) -> None:
    path = save(tmp_path / "labels.nii.gz", LABELS.transpose(2, 1, 0), order=order)
    label_map = read_labels(path, GRID)
    np.testing.assert_array_equal(label_map.labels, LABELS)
    assert label_map.grid is GRID
    assert dict(label_map.names) == {1: "LM", 2: "LAD", 3: "LCX", 4: "RCA"}


def test_given_names_replace_the_usual_ones(tmp_path: Path) -> None:
    path = save(tmp_path / "labels.nii", LABELS.transpose(2, 1, 0).astype(np.float32))
    assert dict(read_labels(path, GRID, {1: "heart"}).names) == {1: "heart"}


@pytest.mark.parametrize("move", [(0.3, 0, 0), (0, 0, 2.5)])
def test_labels_on_another_grid_are_refused(tmp_path: Path, move: tuple[float, ...]) -> None:
    affine = AFFINE.copy()
    affine[:3, 3] += move
    with pytest.raises(GridMismatchError):
        read_labels(save(tmp_path / "labels.nii", LABELS.transpose(2, 1, 0), affine), GRID)


@pytest.mark.parametrize("value", [0.5, -1, 256])
def test_values_that_are_no_labels_are_refused(tmp_path: Path, value: float) -> None:
    values = HU.transpose(2, 1, 0).astype(np.float32) * 0 + value
    with pytest.raises(LabelError):
        read_labels(save(tmp_path / "labels.nii", values), GRID)


def test_other_formats_and_absent_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("1 2 3")
    with pytest.raises(LabelError, match="unknown format"):
        read_labels(tmp_path / "labels.txt", GRID)
    with pytest.raises(InputError):
        read_labels(tmp_path / "absent.nii", GRID)


def test_labels_of_fewer_slices_than_the_ct_are_refused(shared_data: Path) -> None:
    from vascal.io.nifti import read_nifti

    folder = shared_data / "abdomen-labelled"
    with pytest.raises(GridMismatchError):
        read_labels(folder / "labels.nii.gz", read_nifti(folder / "ct.nii.gz")[0].grid)


@pytest.mark.parametrize(
    ("ct", "labels"),
    [
        ("aorta-contrast/series", "aorta-contrast/labels.nii.gz"),
        ("chest-thick/soft", "chest-thick/heart.nii.gz"),
        ("chest-contrast/series", "chest-contrast/heart.nii.gz"),
    ],
)
def test_real_labels_lie_on_their_scan(shared_data: Path, ct: str, labels: str) -> None:
    (series,) = read_study(shared_data / ct).series
    assert read_labels(shared_data / labels, series.grid).labels.any()


LAD = Code("59438005", "SCT", "Left anterior descending coronary artery")
RCA = Code("13647002", "SCT", "Right coronary artery")


def write_segmentation(
    folder: Path, masks: LabelArray, kind: str = "BINARY", types: tuple[Any, ...] = (LAD, RCA)
) -> tuple[Path, Grid]:
    """Write a CT and, by highdicom, its segmentation; masks are (slice, row, column), or one more axis for overlap."""
    import highdicom as hd

    (series,) = read_study(write_series(folder / "ct")).series
    sources = [dcmread(image.path) for image in series.images]
    for ds in sources:
        for keyword in ("StudyID", "StudyTime", "AccessionNumber", "PatientSex", "ReferringPhysicianName"):
            setattr(ds, keyword, "")
        ds.PositionReferenceIndicator = ""
    segments = [
        hd.seg.SegmentDescription(
            segment_number=number,
            segment_label=f"thing {number}",
            segmented_property_category=codes.SCT.AnatomicalStructure,
            segmented_property_type=one,
            algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number, one in enumerate(types, start=1)
    ]
    segmentation: Dataset = hd.seg.Segmentation(
        source_images=sources,
        pixel_array=masks,
        segmentation_type=kind,
        segment_descriptions=segments,
        series_instance_uid="1.2.9",
        series_number=9,
        sop_instance_uid="1.2.9.1",
        instance_number=1,
        manufacturer="m",
        manufacturer_model_name="n",
        software_versions="1",
        device_serial_number="1",
    )
    segmentation.save_as(folder / "seg.dcm")
    return folder / "seg.dcm", series.grid


def two_boxes() -> np.ndarray:
    labels = np.zeros((5, 6, 8), dtype=np.uint8)
    labels[1, 1:3, 2:5] = 1
    labels[3, 4:, :2] = 2
    return labels


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
def test_a_segmentation_by_other_software_keeps_its_voxels_and_arteries(tmp_path: Path, kind: str) -> None:
    path, grid = write_segmentation(tmp_path, two_boxes(), kind)
    label_map = read_labels(path, grid)
    np.testing.assert_array_equal(label_map.labels, two_boxes())
    assert dict(label_map.names) == {1: "LAD", 2: "RCA"}
    assert dict(read_labels(path, grid, {1: "LM", 2: "LCX"}).names) == {1: "LM", 2: "LCX"}


def test_segments_of_one_artery_become_one_and_others_keep_their_label(tmp_path: Path) -> None:
    path, grid = write_segmentation(tmp_path, two_boxes(), types=(LAD, LAD))
    label_map = read_labels(path, grid)
    np.testing.assert_array_equal(label_map.labels, two_boxes() > 0)
    assert dict(label_map.names) == {1: "LAD"}
    other, _ = write_segmentation(tmp_path / "b", two_boxes(), types=(codes.SCT.Heart, RCA))
    assert dict(read_labels(other, grid).names) == {1: "thing 1", 2: "RCA"}


def test_segments_that_share_a_voxel_are_refused(tmp_path: Path) -> None:
    masks = np.stack([two_boxes() == 1, two_boxes() > 0], axis=-1).astype(np.uint8)
    path, grid = write_segmentation(tmp_path, masks)
    with pytest.raises(LabelError, match="share 6 voxels"):
        read_labels(path, grid)


def test_fractions_are_refused_unless_they_are_none_and_all(tmp_path: Path) -> None:
    path, grid = write_segmentation(tmp_path, (two_boxes() == 1).astype(np.float32), "FRACTIONAL", (LAD,))
    np.testing.assert_array_equal(read_labels(path, grid).labels, two_boxes() == 1)
    half, _ = write_segmentation(tmp_path / "b", (two_boxes() == 1).astype(np.float32) / 2, "FRACTIONAL", (LAD,))
    with pytest.raises(LabelError, match="FRACTIONAL segmentation with 6 pixels between 0 and 255"):
        read_labels(half, grid)


def test_a_segmentation_of_another_scan_is_refused(tmp_path: Path) -> None:
    path, grid = write_segmentation(tmp_path, two_boxes())
    moved = Grid.even(grid.shape, grid.spacing_mm, origin_mm=(-10.0, -20.0, 0.4))
    with pytest.raises(GridMismatchError, match=r"0\.40 mm"):
        read_labels(path, moved)


def test_a_ct_image_is_no_segmentation(tmp_path: Path) -> None:
    (series,) = read_study(write_series(tmp_path)).series
    with pytest.raises(LabelError, match="modality CT"):
        read_labels(series.images[0].path, series.grid)


def test_segmentations_by_dcmqi_match_their_mask(shared_data: Path) -> None:
    from vascal.io.dicom import read_volume

    folder = shared_data / "conformance" / "dcmqi" / "segmentations"
    (series,) = read_study(folder / "24x38x3" / "image").series
    label_map = read_labels(folder / "24x38x3" / "seg" / "label.seg", series.grid)
    assert dict(label_map.names) == {1: "Liver"}
    np.testing.assert_array_equal(label_map.labels, read_volume(series).hu)
    (chest,) = read_study(folder / "ct-3slice").series
    assert read_labels(folder / "liver.dcm", chest.grid).labels.sum(axis=(1, 2)).tolist() == [36233, 35645, 35220]
    with pytest.raises(LabelError, match="share"):
        read_labels(folder / "partial_overlaps.dcm", chest.grid)
