from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.io.make_ct import write_series
from tests.io.test_labels import two_boxes, write_segmentation
from vascal.errors import InputError
from vascal.io.dataset_index import choose_series
from vascal.io.datasets.dicom_seg import find_segmentations
from vascal.io.datasets.raw_case import RawCase, Unusable
from vascal.io.reading import read_volume


def test_a_segmentation_goes_with_the_series_it_refers_to(tmp_path: Path) -> None:
    write_segmentation(tmp_path, two_boxes())
    (tmp_path / "notes.txt").write_text("not DICOM")
    (case,) = find_segmentations(tmp_path)
    assert isinstance(case, RawCase)
    series = choose_series(case.image, case.series)
    assert case.read_labels is not None
    labels = case.read_labels(series, read_volume(series)).label_map
    np.testing.assert_array_equal(labels.labels, two_boxes())
    assert dict(labels.names) == {1: "LAD", 2: "RCA"}
    assert case.name == "seg.dcm"


def test_two_segmentations_of_one_series_and_one_without_series_are_told(tmp_path: Path) -> None:
    write_segmentation(tmp_path, two_boxes())
    shutil.copy(tmp_path / "seg.dcm", tmp_path / "seg2.dcm")
    (found,) = find_segmentations(tmp_path)
    assert isinstance(found, Unusable)
    assert found.message == "2 segmentations refer to 1 usable CT series; needed: one to one"
    shutil.rmtree(tmp_path / "ct")
    (tmp_path / "seg2.dcm").unlink()
    (found,) = find_segmentations(tmp_path)
    assert isinstance(found, Unusable)
    assert "refer to 0 usable" in found.message


def test_without_segmentations_there_is_nothing_to_import(tmp_path: Path) -> None:
    write_series(tmp_path)
    with pytest.raises(InputError, match="no DICOM Segmentation"):
        find_segmentations(tmp_path)
