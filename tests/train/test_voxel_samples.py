"""Samples of labelled calcium: nothing small is lost, nothing is called what nobody called it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.train.hearts import chest, true_anatomy, write_index
from vascal.anatomy.lattice import Lattice
from vascal.anatomy.segmenter import STRUCTURES, Anatomy
from vascal.errors import TrainingError
from vascal.train.config import DataConfig, TrainConfig
from vascal.train.losses import IGNORE
from vascal.train.run import Silence
from vascal.train.samples import Sample, read_samples
from vascal.train.voxel_samples import CORONARY, OTHER, make_sample, paint_targets, prepare_voxels
from vascal.volume import Grid, LabelMap, Volume

GRID = Grid.even((4, 30, 30), (3.0, 0.5, 0.5))
LATTICE = Lattice(corner_mm=(0.0, 0.0, 0.0), spacing_mm=1.5, shape=(8, 10, 12))


def scene(name: str | None = "LAD", *, hu: int = 300, grid: Grid = GRID) -> tuple[Volume, LabelMap]:
    """One bright voxel at slice 1, row 10, column 4, labelled by name or not at all."""
    pixels, labels = np.zeros(grid.shape, dtype=np.int16), np.zeros(grid.shape, dtype=np.uint8)
    pixels[1, 10, 4] = hu
    labels[1, 10, 4] = 7 if name else 0
    return Volume(hu=pixels, grid=grid), LabelMap(labels=labels, grid=grid, names={7: name} if name else {})


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("LM", 1), ("LAD", 2), ("LCX", 3), ("RCA", 4), ("coronary", CORONARY), ("aorta", OTHER), (None, OTHER)],
)
def test_a_voxel_smaller_than_a_step_keeps_its_class(name: str | None, wanted: int) -> None:
    target = paint_targets(*scene(name), LATTICE)
    # 3 mm up, 5 mm back, 2 mm left: the nearest point is (2, 3, 1).
    assert np.argwhere((target > 0) & (target != IGNORE)).tolist() == [[2, 3, 1]]
    assert target[2, 3, 1] == wanted


def test_without_labels_whatever_is_bright_is_something_else() -> None:
    assert paint_targets(scene()[0], None, LATTICE)[2, 3, 1] == OTHER


@pytest.mark.parametrize(("hu", "wanted"), [(129, 0), (130, 2)])
def test_what_is_below_the_threshold_is_background_even_if_labelled(hu: int, wanted: int) -> None:
    assert paint_targets(*scene(hu=hu), LATTICE)[2, 3, 1] == wanted


def test_an_artery_goes_before_what_else_is_bright_beside_it() -> None:
    volume, labels = scene()
    hu = volume.hu.copy()
    hu[1, 9:12, 3:6] = 300
    target = paint_targets(Volume(hu=hu, grid=GRID), labels, LATTICE)
    assert target[2, 3, 1] == 2


def test_points_beyond_the_scan_do_not_count() -> None:
    lattice = Lattice(corner_mm=(-3.0, 0.0, 0.0), spacing_mm=1.5, shape=(12, 10, 12))
    target = paint_targets(*scene(), lattice)
    # Slices lie at 0 to 9 mm. Half a slice beyond them, at -1.5 and 10.5 mm, the even number is nearest.
    assert [k for k in range(12) if (target[k] == IGNORE).all()] == [0, 9, 10, 11]
    assert (target[:, :, 10:] == IGNORE).all()


def test_thick_slices_are_filled_between() -> None:
    volume, labels = scene()
    hu, vessel = volume.hu.copy(), labels.labels.copy()
    hu[1:3, 10:14, 4:8], vessel[1:3, 10:14, 4:8] = 300, 7
    target = paint_targets(Volume(hu=hu, grid=GRID), LabelMap(labels=vessel, grid=GRID, names={7: "LAD"}), LATTICE)
    # Slices at 3 and 6 mm; 7.5 mm lies half-way to the next, and goes to the even one.
    assert [k for k in range(8) if (target[k] == 2).any()] == [2, 3, 4, 5]


def test_flipped_axes_give_the_same_points() -> None:
    grid = Grid(
        shape=GRID.shape, row_spacing_mm=0.5, column_spacing_mm=0.5, slice_positions_mm=GRID.slice_positions_mm,
        row_axis=(0.0, -1.0, 0.0), column_axis=(-1.0, 0.0, 0.0),
    )  # fmt: skip
    volume, labels = scene()
    turned = Volume(hu=volume.hu[:, ::-1, ::-1].copy(), grid=grid)
    flipped = LabelMap(labels=labels.labels[:, ::-1, ::-1].copy(), grid=grid, names=labels.names)
    np.testing.assert_array_equal(paint_targets(turned, flipped, LATTICE), paint_targets(volume, labels, LATTICE))


def test_a_scan_s_sample_holds_every_vessel_that_reaches_the_threshold() -> None:
    scan = chest()
    sample = make_sample(scan.volume, true_anatomy(), scan.vessels)
    bright = scan.vessels.labels[scan.volume.hu >= 130]
    assert set(np.unique(bright[bright > 0])) == set(np.unique(sample["labels"])) & {1, 2, 3, 4}
    assert sample["hu"].shape == sample["labels"].shape
    assert np.all(sample["centre"] > 0)
    assert np.all(sample["centre"] < sample["hu"].shape)


def test_what_is_called_calcium_is_where_the_scan_is_bright() -> None:
    sample = make_sample(chest().volume, true_anatomy(), chest().vessels)
    own = (sample["labels"] >= 1) & (sample["labels"] <= 4)
    beside = np.roll(own, 8, axis=2) & ~own
    assert sample["hu"][own].mean() > 90
    assert sample["hu"][beside].mean() < 50


def test_a_scan_without_a_heart_is_refused() -> None:
    volume, labels = scene()
    body = LabelMap(labels=np.full(GRID.shape, 6, dtype=np.uint8), grid=GRID, names=STRUCTURES)
    with pytest.raises(TrainingError, match="no heart was found"):
        make_sample(volume, Anatomy(structures=body, finder="none"), labels)


def test_a_data_set_is_prepared_without_its_test_side(tmp_path: Path) -> None:
    config = TrainConfig(task="voxels", out=tmp_path / "run", data=DataConfig(index=write_index(tmp_path)))
    prepare_voxels(config, tmp_path / "samples", Silence())
    found = read_samples(tmp_path / "samples", "voxels")
    assert [(row.patient, row.split) for row in found.samples] == [
        ("patient-train", "train"), ("patient-validation", "validation"), ("patient-zero", "train"),
    ]  # fmt: skip
    assert found.skipped == {"without labels": 1, "not usable (labels)": 1} or sum(found.skipped.values()) == 2
    with np.load(tmp_path / "samples" / found.samples[2].file) as zero:
        assert not np.isin(zero["labels"], (1, 2, 3, 4, CORONARY)).any()


def test_a_data_set_without_labels_is_refused(tmp_path: Path) -> None:
    from tests.train.hearts import make_case
    from vascal.dataset import Dataset, WeakScores
    from vascal.io.dataset_index import write_dataset

    case = make_case("a", "train", scores=WeakScores(total=5.0))
    write_dataset(Dataset(cases=(case,)), tmp_path / "dataset.json")
    config = TrainConfig(task="voxels", out=tmp_path / "run", data=DataConfig(index=tmp_path))
    with pytest.raises(TrainingError, match="no scan can be trained on: 1 without labels"):
        prepare_voxels(config, tmp_path / "samples", Silence())


def test_simulated_scans_are_patients_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = chest()
    monkeypatch.setattr(
        "vascal.train.voxel_samples._simulate", lambda seed: (scan.volume, true_anatomy(), scan.vessels)
    )
    config = TrainConfig(task="voxels", out=tmp_path, data=DataConfig(simulated=2, seed=40))
    prepare_voxels(config, tmp_path, Silence())
    rows = read_samples(tmp_path, "voxels").samples
    assert [(row.patient, row.source, row.split) for row in rows] == [
        ("40", "simulated", None),
        ("41", "simulated", None),
    ]
    assert isinstance(rows[0], Sample)


@pytest.mark.slow
def test_a_training_scan_is_simulated() -> None:
    from vascal.train.voxel_samples import _simulate

    volume, anatomy, labels = _simulate(11)
    assert labels is not None
    assert make_sample(volume, anatomy, labels)["hu"].ndim == 3
