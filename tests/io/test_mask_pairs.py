"""Label maps of two folders are paired by name, on one grid, with one meaning of their values."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.io.test_nifti import AFFINE, ORDERS, save
from vascal.errors import GridMismatchError, InputError, LabelError, TableError
from vascal.io.mask_pairs import digest_of, pair_masks, read_label_names, read_mask_pair, read_patients

ONE = (np.arange(4 * 5 * 6).reshape(4, 5, 6) % 3).astype(np.uint8)
TWO = (np.arange(4 * 5 * 6).reshape(4, 5, 6) % 4).astype(np.uint8)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir()
    return tmp_path / "ours", tmp_path / "theirs"


def put(folder: Path, *names: str, values: np.ndarray = ONE) -> None:
    for name in names:
        save(folder / name, values.transpose(2, 1, 0))


def test_files_are_paired_whatever_their_ending_and_the_rest_is_named(folders: tuple[Path, Path]) -> None:
    ours, theirs = folders
    put(ours, "b.nii.gz", "a.nii", "c.1.nii")
    put(theirs, "a.nii.gz", "b.nii.gz", "d.nii", ".hidden.nii")
    (theirs / "a.json").write_text("{}")
    (theirs / "sub.nii").mkdir()
    found = pair_masks(ours, theirs)
    assert [files.study for files in found.pairs] == ["a", "b"]
    assert found.pairs[0].predicted == ours / "a.nii"
    assert found.pairs[0].reference == theirs / "a.nii.gz"
    assert (found.only_predicted, found.only_reference) == (("c.1.nii",), ("d.nii",))
    assert found.names == {}


def test_folders_that_can_not_be_paired_are_refused(folders: tuple[Path, Path]) -> None:
    ours, theirs = folders
    put(ours, *(f"{name}.nii" for name in "abcdefg"))
    with pytest.raises(InputError, match="holds no label map of its own"):
        pair_masks(ours, theirs)
    with pytest.raises(InputError, match="is no folder"):
        pair_masks(ours / "a.nii", theirs)
    put(theirs, "z.nii")
    with pytest.raises(InputError, match=r"e\.nii and 2 more are predicted, z\.nii are the reference"):
        pair_masks(ours, theirs)
    put(theirs, "z.nii.gz")
    with pytest.raises(LabelError, match="are of one study"):
        pair_masks(ours, theirs)


@pytest.mark.parametrize("order", ORDERS)
def test_a_pair_lies_on_one_grid_in_whatever_order_its_files_are(folders: tuple[Path, Path], order: str) -> None:
    ours, theirs = folders
    save(ours / "a.nii.gz", TWO.transpose(2, 1, 0), order=order)
    save(theirs / "a.nii.gz", ONE.transpose(2, 1, 0))
    pair = read_mask_pair(pair_masks(ours, theirs).pairs[0])
    np.testing.assert_array_equal(pair.predicted, TWO)
    np.testing.assert_array_equal(pair.reference, ONE)
    assert pair.grid.shape == ONE.shape


@pytest.mark.parametrize("move", [(0.3, 0, 0), (0, 0, 2.5)])
def test_a_pair_on_two_grids_is_refused(folders: tuple[Path, Path], move: tuple[float, ...]) -> None:
    ours, theirs = folders
    affine = AFFINE.copy()
    affine[:3, 3] += move
    save(ours / "a.nii", ONE.transpose(2, 1, 0), affine)
    put(theirs, "a.nii")
    with pytest.raises(GridMismatchError, match=r"a\.nii: prediction and reference do not lie on the same voxels"):
        read_mask_pair(pair_masks(ours, theirs).pairs[0])


def test_values_that_are_no_labels_are_refused(folders: tuple[Path, Path]) -> None:
    ours, theirs = folders
    put(ours, "a.nii", values=ONE + np.float32(0.5))
    put(theirs, "a.nii")
    with pytest.raises(LabelError, match="not whole numbers"):
        read_mask_pair(pair_masks(ours, theirs).pairs[0])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.json", {"1": "LM", "2": "LAD"}),
        ("labels.json", {"LM": 1, "LAD": 2}),
        ("dataset.json", {"labels": {"background": 0, "LM": 1, "LAD": 2, "left": [1, 2]}}),
        ("dataset.json", {"labels": {"0": "background", "1": "LM", "2": "LAD"}}),
        ("../dataset.json", {"labels": {"LM": "1", "LAD": "2"}}),
    ],
)
def test_names_are_read_either_way_round_from_usual_files(
    folders: tuple[Path, Path], name: str, content: object
) -> None:
    (folders[0] / name).write_text(json.dumps(content))
    assert read_label_names(folders[0]) == {1: "LM", 2: "LAD"}


def test_a_data_set_without_labels_names_nothing(folders: tuple[Path, Path]) -> None:
    (folders[0] / "dataset.json").write_text('{"name": "x"}')
    assert read_label_names(folders[0]) == {}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "can not be read as JSON"),
        ("[1]", "does not list labels"),
        ('{"labels": [1]}', "does not list labels"),
        ('{"LM": 256}', "without a value from 0 to 255"),
        ('{"LM": true}', "without a value from 0 to 255"),
        ('{"1": "LM", "2": "LM"}', "one name to several values"),
        ('{"LM": 1, "LAD": 1}', "several to one"),
    ],
)
def test_names_that_can_not_be_used_are_refused(folders: tuple[Path, Path], content: str, said: str) -> None:
    (folders[0] / "labels.json").write_text(content)
    with pytest.raises(LabelError, match=said):
        read_label_names(folders[0])


def test_both_sides_must_mean_the_same(folders: tuple[Path, Path]) -> None:
    for folder, named in zip(folders, ({"1": "LM"}, {"1": "LM", "2": "LAD"}), strict=True):
        put(folder, "a.nii")
        (folder / "labels.json").write_text(json.dumps(named))
    assert pair_masks(*folders).names == {1: "LM", 2: "LAD"}
    (folders[1] / "labels.json").write_text('{"1": "LAD"}')
    with pytest.raises(LabelError, match="value 1 is 'LM' in the prediction and 'LAD' in the reference"):
        pair_masks(*folders)
    (folders[1] / "labels.json").write_text('{"2": "LM"}')
    with pytest.raises(LabelError, match="one name to different values"):
        pair_masks(*folders)


def test_patients_are_given_in_the_order_of_the_studies(tmp_path: Path) -> None:
    table = tmp_path / "patients.csv"
    table.write_text("study,patient\nb.nii.gz,P1\na,P1\nc,P2\nd,\n")
    assert read_patients(table, ["a", "b", "c"]) == ("P1", "P1", "P2")
    with pytest.raises(LabelError, match="no patient for 1 of 2 studies"):
        read_patients(table, ["a", "d"])
    table.write_text("study,patient\na,P1\na,P2\n")
    with pytest.raises(LabelError, match="1 studies to more than one patient"):
        read_patients(table, ["a"])
    table.write_text("study\na\n")
    with pytest.raises(TableError, match="no column 'patient'"):
        read_patients(table, ["a"])


def test_a_digest_depends_on_content_and_order(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"x" * (1 << 21))
    two.write_bytes(b"y")
    assert digest_of([one, two]) == digest_of([one, two])
    assert digest_of([one, two]) != digest_of([two, one])
