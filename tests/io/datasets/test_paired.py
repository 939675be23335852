from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from tests.io.datasets.scans import GRID, make_hu, make_labels, make_volume, write_dicom
from tests.io.test_metaimage import write_mhd
from tests.io.test_nifti import save
from tests.io.test_nrrd import slicer_segments, write_nrrd
from vascal.errors import InputError, LabelError
from vascal.io.dataset_index import choose_series
from vascal.io.datasets.paired import find_orcascore, find_pairs, find_slicer, read_named_labels, read_names
from vascal.io.datasets.raw_case import RawCase, RawLabels, Unusable
from vascal.types import LabelArray

AFFINE = np.array([[-0.75, 0, 0, 10], [0, -0.5, 0, 20], [0, 0, 3.0, 0], [0, 0, 0, 1.0]])
DIRECTIONS = np.diag([0.75, 0.5, 3.0])
MHD = {"ElementSpacing": "0.75 0.5 3", "Offset": "-10 -20 0"}


def save_nifti(path: Path, values: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return save(path, values.transpose(2, 1, 0), AFFINE)


def one_case(found: Iterable[RawCase | Unusable]) -> RawCase:
    (case,) = found
    assert isinstance(case, RawCase)
    return case


def read(case: RawCase) -> RawLabels:
    assert case.read_labels is not None
    return case.read_labels(choose_series(case.image), make_volume())


def messages(found: Iterable[RawCase | Unusable]) -> dict[str, str]:
    return {one.name: one.message for one in found if isinstance(one, Unusable)}


def test_files_are_paired_by_a_pattern_of_their_names(tmp_path: Path) -> None:
    for case in ("a_1", "b"):
        save_nifti(tmp_path / "imagesTr" / f"{case}_0000.nii.gz", make_hu())
        save_nifti(tmp_path / "labelsTr" / f"{case}.nii.gz", make_labels())
    (tmp_path / "imagesTr" / ".b_0000.nii.gz").touch()
    found = list(find_pairs(tmp_path, "imagesTr/{case}_0000.nii.gz", "labelsTr/{case}.nii.gz", {2: "LAD", 4: "RCA"}))
    assert [case.name for case in found] == ["a_1", "b"]
    assert isinstance(found[0], RawCase)
    np.testing.assert_array_equal(read(found[0]).label_map.labels, make_labels())


def test_a_scan_may_be_a_folder_and_the_case_stand_twice(tmp_path: Path) -> None:
    write_dicom(tmp_path / "p1" / "CT")
    save_nifti(tmp_path / "p1" / "p1_mask_v2.nii.gz", make_labels(1, 1))
    save_nifti(tmp_path / "p1" / "p2_mask_v2.nii.gz", make_labels(1, 1))
    case = one_case(find_pairs(tmp_path, "{case}/CT", "{case}/{case}_mask_*.nii.gz", {1: "coronary"}, is_gated=True))
    assert case.image.name == "CT"
    assert case.is_gated
    assert dict(read(case).label_map.names) == {1: "coronary"}


def test_what_has_no_partner_or_several_is_told(tmp_path: Path) -> None:
    for name in ("a.nii", "b.nii", "b.nii.gz"):
        save_nifti(tmp_path / "ct" / name, make_hu())
    save_nifti(tmp_path / "seg" / "c.nii.gz", make_labels())
    found = list(find_pairs(tmp_path, "ct/{case}.nii*", "seg/{case}.nii*", None))
    assert messages(found) == {
        "b": "2 scans and 0 label maps; needed: one scan and at most one label map",
        "c": "0 scans and 1 label maps; needed: one scan and at most one label map",
    }
    case = one_case(one for one in found if isinstance(one, RawCase))
    assert case.read_labels is None
    assert "no label map" in case.notes[0]


def test_patterns_need_a_case_and_a_scan(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\{case\} in it"):
        find_pairs(tmp_path, "ct.nii", "{case}.nii", None)
    with pytest.raises(InputError, match="nothing in"):
        find_pairs(tmp_path, "{case}/ct.nii", "{case}/seg.nii", None)


def test_values_that_nobody_named_are_refused(tmp_path: Path) -> None:
    path = save_nifti(tmp_path / "mask.nii.gz", make_labels(1, 1))
    with pytest.raises(LabelError, match="does not say what its values mean"):
        read_named_labels(path, GRID, None)
    with pytest.raises(LabelError, match=r"values \[1\], which have no name"):
        read_named_labels(path, GRID, {2: "LAD"})
    plain = write_nrrd(tmp_path / "mask.nrrd", make_labels().transpose(2, 1, 0), **{"space directions": DIRECTIONS})
    with pytest.raises(LabelError, match="does not say"):
        read_named_labels(plain, GRID, None)
    with pytest.raises(InputError, match="no file"):
        read_named_labels(tmp_path / "absent.nii", GRID, None)


def write_orcascore(root: Path, reference: LabelArray) -> Path:
    write_mhd(root / "Images" / "TRV1P1CTI.mhd", make_hu(), None, **MHD)
    write_mhd(root / "Images" / "TRV1P1CTAI.mhd", make_hu(), None, **MHD)
    write_mhd(root / "Reference standard" / "TRV1P1R.mhd", reference.astype(np.int16), None, **MHD)
    return root


def test_the_orcascore_challenge_counts_the_left_main_to_the_lad(tmp_path: Path) -> None:
    case = one_case(find_orcascore(write_orcascore(tmp_path / "Training Set", make_labels(1, 3))))
    assert case.name == case.patient == "TRV1P1"
    assert case.is_gated
    assert case.notes == ("calcium of the left main is counted to the LAD",)
    label_map = read(case).label_map
    assert label_map.names[1] == "LAD"
    assert label_map.names[3] == "RCA"
    np.testing.assert_array_equal(label_map.labels, make_labels(1, 3))


def test_orcascore_without_scans_or_with_two_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no \*CTI.mhd"):
        find_orcascore(tmp_path)
    write_orcascore(tmp_path / "a", make_labels())
    write_orcascore(tmp_path / "b", make_labels())
    assert list(messages(find_orcascore(tmp_path))) == ["TRV1P1"]


def write_segments(path: Path) -> Path:
    labels = make_labels(1, 2).transpose(2, 1, 0)
    fields = slicer_segments(("LAD", 0, 1), ("RCA", 0, 2))
    origin = np.array(GRID.origin_mm)
    return write_nrrd(path, labels, **{"space directions": DIRECTIONS, "space origin": origin}, **fields)


def test_slicers_segmentations_go_with_the_scan_beside_them(tmp_path: Path) -> None:
    write_dicom(tmp_path / "p1" / "dicom")
    write_segments(tmp_path / "p1" / "Segmentation.seg.nrrd")
    for name in ("a", "b"):
        save_nifti(tmp_path / "p2" / f"{name}.nii.gz", make_hu())
        write_segments(tmp_path / "p2" / f"{name}.seg.nrrd")
    found = list(find_slicer(tmp_path))
    named = {case.name: case.image.name for case in found if isinstance(case, RawCase)}
    assert named == {"p1/Segmentation": "dicom", "p2/a": "a.nii.gz", "p2/b": "b.nii.gz"}
    assert isinstance(found[0], RawCase)
    label_map = read(found[0]).label_map
    np.testing.assert_array_equal(label_map.labels, make_labels(1, 2))
    assert dict(label_map.names) == {1: "LAD", 2: "RCA"}


def test_a_segmentation_without_one_scan_beside_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no \.seg\.nrrd"):
        find_slicer(tmp_path)
    write_segments(tmp_path / "x.seg.nrrd")
    assert messages(find_slicer(tmp_path)) == {"x": "0 scans beside x.seg.nrrd; needed: one, or one of the same name"}


def test_names_are_given_as_text_or_as_a_file(tmp_path: Path) -> None:
    assert read_names("1=LM, 2=LAD") == {1: "LM", 2: "LAD"}
    (tmp_path / "names.json").write_text(json.dumps({"1": "coronary"}))
    assert read_names(str(tmp_path / "names.json")) == {1: "coronary"}
    for bad in ("1=", "x=LM", "0=LM", "256=LM", "1=LM,,"):
        with pytest.raises(LabelError, match="values from 1 to 255"):
            read_names(bad)
