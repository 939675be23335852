from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.io.make_ct import write_series
from tests.io.test_nifti import HU, save
from vascal.dataset import Case, Dataset, SplitPlan, WeakScores
from vascal.errors import InputError
from vascal.io.dataset_index import (
    FORMAT,
    choose_series,
    find_index,
    hash_pixels,
    read_case_image,
    read_case_labels,
    read_dataset,
    write_dataset,
)
from vascal.io.dicom import read_study, read_volume
from vascal.volume import Volume

CASE = Case(
    case_id="a",
    patient_id="00ff",
    image="../scans/a.nii.gz",
    split="validation",
    source="masks",
    sha256="12",
    series="1.2",
    labels="labels/a.nii.gz",
    label_names={2: "LAD", 6: "aorta"},
    scores=WeakScores(total=12.5, vessels={"LAD": 12.5}),
    is_gated=True,
    notes=("look",),
)
BARE = Case(case_id="b", patient_id="ff", image="b", split="train", source="scores", sha256="34")


def as_dict(dataset: Dataset) -> dict[str, Any]:
    return {
        case.case_id: [getattr(case, name) for name in Case.__slots__ if name != "scores"] for case in dataset.cases
    }


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    dataset = Dataset(cases=(CASE, BARE), plan=SplitPlan(seed=7, shares=(0.5, 0.25, 0.25), is_stratified=True))
    write_dataset(dataset, tmp_path / "dataset.json")
    again = read_dataset(tmp_path)
    assert again.plan == dataset.plan
    assert as_dict(again) == as_dict(dataset)
    scores = again.cases[0].scores
    assert scores is not None
    assert (scores.total, dict(scores.vessels)) == (12.5, {"LAD": 12.5})
    assert again.cases[1].scores is None
    assert find_index(tmp_path) == tmp_path / "dataset.json" == find_index(tmp_path / "dataset.json")


def write_index(folder: Path, change: dict[str, Any] | None = None, **fields: Any) -> Path:
    """Write an index by hand, with a field of its case or of itself changed."""
    write_dataset(Dataset(cases=(CASE,)), folder / "dataset.json")
    content = json.loads((folder / "dataset.json").read_text())
    content["cases"][0].update(change or {})
    (folder / "dataset.json").write_text(json.dumps({**content, **fields}))
    return folder / "dataset.json"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"case_id": ""}, "case 1: case_id is ''"),
        ({"image": None}, "image is None"),
        ({"split": "training"}, "split 'training'"),
        ({"labels": 3}, "labels is 3"),
        ({"label_names": {"x": "LAD"}}, "wrong kind"),
        ({"label_names": {"0": "LAD"}}, "1 to 255"),
        ({"label_names": ["LAD"]}, "wrong kind"),
        ({"scores": {"total": -2}}, "not below 0"),
        ({"scores": {"total": "many"}}, "wrong kind"),
        ({"is_gated": "yes"}, "true, false or null"),
    ],
)
def test_a_field_that_can_not_be_used_is_named_with_its_case(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        read_dataset(write_index(tmp_path, change))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"format": "vascal-dataset-2"}, FORMAT),
        ({"cases": None}, "no list of cases"),
        ({"cases": [{}]}, "case 1: has no 'split'"),
        ({"cases": [3]}, "wrong kind"),
        ({"split": {}}, "no usable seed and shares"),
        ({"split": {"seed": 0, "shares": [1]}}, "no usable seed and shares"),
        ({"split": {"seed": 0, "shares": [1, 1, 1]}}, "add up to 1"),
    ],
)
def test_an_index_of_another_shape_is_refused(tmp_path: Path, fields: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        read_dataset(write_index(tmp_path, **fields))


def test_what_is_no_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can not be read"):
        read_dataset(tmp_path)
    (tmp_path / "dataset.json").write_text("{")
    with pytest.raises(InputError, match="not JSON"):
        read_dataset(tmp_path)
    (tmp_path / "dataset.json").write_text("[]")
    with pytest.raises(InputError, match="format None"):
        read_dataset(tmp_path)


def test_the_hash_is_of_the_pixels_and_not_of_their_file(tmp_path: Path) -> None:
    (series,) = read_study(write_series(tmp_path / "dicom")).series
    volume = read_volume(series)
    affine = np.diag([-0.75, -0.5, 3.0, 1.0])
    save(tmp_path / "copy.nii.gz", volume.hu.transpose(2, 1, 0), affine, order="RAI")
    case = replace(BARE, image="copy.nii.gz")
    _, copy = read_case_image(case, tmp_path)
    assert hash_pixels(copy) == hash_pixels(volume)
    other = volume.hu.copy()
    other[0, 0, 0] += 1
    assert hash_pixels(Volume(hu=other, grid=volume.grid)) != hash_pixels(volume)


def test_one_series_is_chosen_or_asked_for(tmp_path: Path) -> None:
    write_series(tmp_path, prefix="a")
    write_series(tmp_path, prefix="b", SeriesInstanceUID="1.2.3.9", change=rename)
    with pytest.raises(InputError, match="2 series"):
        choose_series(tmp_path)
    assert choose_series(tmp_path, "1.2.3.9").series_instance_uid == "1.2.3.9"
    with pytest.raises(InputError, match="no CT series"):
        choose_series(tmp_path, "1.2.3.10")


def rename(index: int, ds: Any) -> None:
    ds.SOPInstanceUID = f"1.2.3.5.{index}"


def test_why_a_series_is_refused_is_passed_on(tmp_path: Path) -> None:
    write_series(tmp_path, heights_mm=(0, 3, 9, 12))
    with pytest.raises(InputError, match=r"no CT series at .*: "):
        choose_series(tmp_path)


def test_labels_are_read_with_the_names_of_the_index(tmp_path: Path) -> None:
    save(tmp_path / "ct.nii.gz", HU.transpose(2, 1, 0))
    save(tmp_path / "labels.nii.gz", (HU % 3).astype(np.uint8).transpose(2, 1, 0))
    case = replace(BARE, image="ct.nii.gz", labels="labels.nii.gz", label_names={1: "RCA", 2: "LAD"})
    _, volume = read_case_image(case, tmp_path)
    label_map = read_case_labels(case, tmp_path, volume.grid)
    assert label_map is not None
    assert dict(label_map.names) == {1: "RCA", 2: "LAD"}
    assert read_case_labels(BARE, tmp_path, volume.grid) is None
