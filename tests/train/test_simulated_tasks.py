"""Samples of the three stages: what a network is shown, and what it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from vascal.models.anatomy_net import DIVISOR
from vascal.models.lesion_inputs import CHANNELS, FEATURES, KINDS, PATCH
from vascal.regions import COURSE_CLASSES, Region
from vascal.simulate.ct.organs import Organ
from vascal.train import course_task
from vascal.train.anatomy_task import AnatomyTask, degrade, draw_phase, draw_view, recolour
from vascal.train.course_task import VESSEL_NUMBER, CourseTask, block_middles
from vascal.train.lesion_network import build_lesion_network
from vascal.train.lesion_samples import CORONARY, OTHER
from vascal.train.lesion_task import LesionTask, fit_calibration, lesion_loss
from vascal.train.losses import IGNORE


def torso(folder: Path) -> Path:
    """A block of body with a cube of heart in it, 4 mm."""
    regions = np.full((40, 40, 40), Region.BODY, dtype=np.uint8)
    regions[14:26, 12:26, 12:28] = Region.MYOCARDIUM
    hu = np.where(regions == Region.MYOCARDIUM, 50, -90).astype(np.int16)
    organs = np.where(regions == Region.MYOCARDIUM, Organ.MYOCARDIUM, Organ.FAT).astype(np.uint8)
    np.savez(folder / "torso.npz", hu=hu, regions=regions, organs=organs)
    return folder / "torso.npz"


def heart(folder: Path) -> Path:
    """A heart with one straight course, 1.5 mm."""
    shape = (32, 40, 48)
    hu = np.full(shape, 40, dtype=np.int16)
    _, i, j = np.indices(shape)
    away = np.hypot(i - 20, j - 24) * 1.5
    np.savez(
        folder / "heart.npz", hu=hu, nearest=np.where(away < 16, 6, 0).astype(np.uint8),
        distance=np.minimum(10 * away, 255).astype(np.uint8), centre=np.array([16.0, 20.0, 24.0]),
        size=np.array([14.0, 16.0, 18.0]),
    )  # fmt: skip
    return folder / "heart.npz"


def test_the_heart_is_in_the_patch_and_what_was_not_scanned_does_not_count(tmp_path: Path) -> None:
    task = AnatomyTask(files=[torso(tmp_path)], patch=(32, 32, 32))
    seen = 0
    for seed in range(8):
        sample = task.sample(0, np.random.default_rng(seed))
        assert sample["image"].shape == (2, 32, 32, 32)
        assert sample["image"].abs().max() <= 1
        target = sample["target"].numpy()
        assert set(np.unique(target)) <= {int(Region.BODY), int(Region.MYOCARDIUM), IGNORE}
        assert torch.all(sample["image"][1][sample["target"] == IGNORE] < -0.5)
        seen += bool(np.any(target == Region.MYOCARDIUM))
    assert seen >= 5


def test_the_same_chance_gives_the_same_sample(tmp_path: Path) -> None:
    task = CourseTask(files=[heart(tmp_path)], patch=(16, 16, 16))
    first, second = (task.sample(0, np.random.default_rng(5)) for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("seed", range(12))
def test_a_field_of_view_holds_some_of_the_patch(seed: int) -> None:
    view = draw_view(np.random.default_rng(seed), np.array([80.0, 60.0, 60.0]), (32, 48, 48))
    assert view.inside.shape == (32, 48, 48)
    assert view.inside.any()


def test_recolouring_leaves_air_around_the_patient_and_what_is_inside_dense_bone_ordered() -> None:
    hu = np.array([-1000.0, 40.0, 60.0, 400.0, 800.0], dtype=np.float32)
    organs = np.array([0, 13, 13, 4, 4], dtype=np.uint8)
    for seed in range(6):
        changed = recolour(np.random.default_rng(seed), hu, organs)
        assert changed[0] == -1000
        assert changed[2] - changed[1] == pytest.approx(20, abs=1e-3)
        assert 150 < changed[3] < changed[4]


def test_degrading_keeps_the_mean_near() -> None:
    hu = np.full((12, 12, 12), 50, dtype=np.float32)
    means = [degrade(np.random.default_rng(seed), hu).mean() for seed in range(40)]
    assert np.mean(means) == pytest.approx(50, abs=6)


def test_nearness_is_one_on_a_course_and_falls_with_distance(tmp_path: Path) -> None:
    task = CourseTask(files=[heart(tmp_path)], patch=(16, 24, 24))
    sample = task.sample(0, np.random.default_rng(0))
    assert sample["image"].shape == (5, 16, 24, 24)
    assert sample["target"].shape == sample["nearness"].shape == (8, 12, 12)
    assert sample["nearness"].max() > 0.6
    assert sample["nearness"].min() >= 0
    assert set(np.unique(sample["target"])) <= {0, 6, IGNORE}


def test_the_middle_of_a_block_is_the_mean_of_its_places() -> None:
    places = torch.stack(torch.meshgrid(*(torch.arange(4.0),) * 3, indexing="ij"), dim=-1)
    assert block_middles(places, 2)[1, 0, 1].tolist() == [2.5, 0.5, 2.5]


def test_each_class_of_the_map_has_a_vessel_root_or_ring() -> None:
    assert len(VESSEL_NUMBER) == COURSE_CLASSES
    assert VESSEL_NUMBER[[5, 6, 11, 1, 19, 20]].tolist() == [1, 2, 3, 4, 5, 6]


class Echo(torch.nn.Module):
    """Knows the target of the batch it is shown."""

    def __init__(self, target: torch.Tensor, classes: int) -> None:
        super().__init__()
        clean = torch.where(target == IGNORE, 0, target).long()
        self.logits = 20 * torch.nn.functional.one_hot(clean, classes).movedim(-1, 1).float()

    def forward(self, _: torch.Tensor) -> torch.Tensor:
        return self.logits


def batch(task: AnatomyTask | CourseTask | LesionTask, seed: int = 0) -> dict[str, torch.Tensor]:
    return {name: value[None] for name, value in task.sample(0, np.random.default_rng(seed)).items()}


def test_a_right_answer_has_all_scores_and_hardly_any_loss(tmp_path: Path) -> None:
    anatomy = AnatomyTask(files=[torso(tmp_path)], patch=(32, 32, 32))
    shown = batch(anatomy)
    right = Echo(shown["target"], anatomy.outputs)
    assert anatomy.batch_loss(right, shown).item() < 0.05
    assert anatomy.scores(right, shown)["dice_heart"] == pytest.approx(1)
    courses = CourseTask(files=[heart(tmp_path)], patch=(16, 24, 24))
    shown = batch(courses)
    scores = courses.scores(Echo(shown["target"], courses.outputs), shown)
    assert scores["segment"] == scores["vessel_LAD"] == 1
    assert np.isnan(scores["vessel_RCA"])


def lesions(folder: Path, name: str = "scan", *, seed: int = 0) -> Path:
    """Candidates whose first feature says whether they are LAD (6) or bone."""
    rng = np.random.default_rng(seed)
    kinds = np.array([1, 8] * 12)
    features = rng.normal(0, 0.1, (2, 24, FEATURES)).astype(np.float32)
    features[..., 0] = np.where(kinds == 1, 1.0, -1.0)
    patches = rng.normal(0, 0.3, (24, CHANNELS, *PATCH)).astype(np.float16)
    np.savez(
        folder / f"{name}.npz", patches=patches, features=features, kinds=kinds, segments=np.where(kinds == 1, 6, 0),
        weights=np.ones(24, np.float32),
    )  # fmt: skip
    return folder / f"{name}.npz"


def test_a_fixed_share_of_the_drawn_candidates_are_coronary(tmp_path: Path) -> None:
    task = LesionTask(files=[lesions(tmp_path)], per_sample=200)
    sample = task.sample(0, np.random.default_rng(0))
    assert sample["patch"].shape == (200, CHANNELS, *PATCH)
    assert sample["features"].shape == (200, FEATURES)
    assert float((sample["kind"] == 1).float().mean()) == pytest.approx(task.coronary_share, abs=0.1)


def test_a_scan_without_coronary_calcium_or_with_nothing_else_is_drawn_from_all_the_same(tmp_path: Path) -> None:
    for kind in (1, 10):
        path = tmp_path / f"{kind}.npz"
        np.savez(
            path, patches=np.zeros((3, CHANNELS, *PATCH), np.float16),
            features=np.zeros((1, 3, FEATURES), np.float32),
            kinds=np.full(3, kind), segments=np.zeros(3, int), weights=np.ones(3, np.float32),
        )  # fmt: skip
        sample = LesionTask(files=[path], per_sample=5).sample(0, np.random.default_rng(0))
        assert sample["kind"].tolist() == [kind] * 5


def test_known_halves_of_an_answer_are_learned_from_too() -> None:
    kinds = torch.zeros(3, len(KINDS))
    segments = torch.zeros(3, 18)
    target = torch.tensor([1, CORONARY, OTHER])
    loss = lesion_loss(kinds, segments, target, torch.tensor([0, 0, 0]), segment_weight=1.0)
    expected = -(np.log(1 / 12) + np.log(4 / 12) + np.log(8 / 12)) / 3
    assert loss.item() == pytest.approx(expected)
    placed = lesion_loss(kinds, segments, target, torch.tensor([6, 0, 0]), segment_weight=1.0)
    assert placed.item() == pytest.approx(expected + np.log(18) / 3)


def test_the_lesion_network_learns_and_its_saliency_is_the_gradients(tmp_path: Path) -> None:
    torch.manual_seed(0)
    task = LesionTask(files=[lesions(tmp_path)], per_sample=16)
    network: Any = build_lesion_network(width=4, hidden=16, dropout=0.0)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    for step in range(25):
        optimizer.zero_grad()
        loss = task.batch_loss(network, batch(task, step))
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    network.eval()
    with torch.inference_mode():
        scores = task.scores(network, batch(task, 99))
    assert scores["coronary"] == scores["vessel"] == 1
    shown = batch(task, 3)
    patch, features = shown["patch"][0], shown["features"][0]
    _, _, saliency = network(patch, features)
    maps = network.trunk(patch[:, :3]).detach().requires_grad_()
    seen = [maps.mean(dim=(2, 3, 4)), network.close(patch[:, 3:]).mean(dim=(2, 3, 4))]
    known = torch.cat([*seen, network.place(features)], dim=1)
    kinds = network.kind(network.both(known).relu())
    odds = kinds[:, :4].logsumexp(1) - kinds[:, 4:].logsumexp(1)
    (slope,) = torch.autograd.grad(odds.sum(), maps)
    weight = slope.sum(dim=(2, 3, 4), keepdim=True)
    assert torch.allclose((weight * maps).sum(1).relu(), saliency, atol=1e-5)


def test_the_temperature_is_above_one_where_answers_are_too_sure(tmp_path: Path) -> None:
    class TooSure(torch.nn.Module):
        """Right three times out of four, and always certain."""

        def forward(self, patch: torch.Tensor, features: torch.Tensor) -> tuple[torch.Tensor, ...]:
            says = torch.where(torch.arange(len(patch)) % 8 < 6, features[:, 0] > 0, features[:, 0] < 0)
            kinds = torch.zeros(len(patch), len(KINDS))
            kinds[:, 1], kinds[:, 8] = 12.0 * says, 12.0 * ~says
            return kinds, torch.zeros(len(patch), 18), torch.zeros(len(patch), 4, 6, 6)

    found = fit_calibration(TooSure(), LesionTask(files=[lesions(tmp_path)]))["temperature"]
    assert found > 3
    with pytest.raises(TypeError, match="cases of lesions"):
        fit_calibration(TooSure(), AnatomyTask(files=[]))


def test_candidates_that_were_left_out_count_in_the_calibration(tmp_path: Path) -> None:
    class Undecided(torch.nn.Module):
        """Finds LAD and noise alike."""

        def forward(self, patch: torch.Tensor, features: torch.Tensor) -> tuple[torch.Tensor, ...]:
            kinds = torch.full((len(patch), len(KINDS)), -20.0)
            kinds[:, [1, KINDS.index("noise")]] = 0.0
            return kinds, torch.zeros(len(patch), 18), torch.zeros(len(patch), 4, 6, 6)

    path = lesions(tmp_path)
    with np.load(path) as data:
        arrays = dict(data)
    arrays["kinds"] = np.where(arrays["kinds"] == 1, 1, KINDS.index("noise"))
    arrays["weights"] = np.where(arrays["kinds"] == 1, 1.0, 9.0).astype(np.float32)
    np.savez(path, **arrays)
    bias = fit_calibration(Undecided(), LesionTask(files=[path]))["bias"]
    odds = np.exp(bias[1] - bias[KINDS.index("noise")])
    assert odds == pytest.approx(1 / 9, rel=0.15)
    assert abs(bias[8]) < 0.1
    assert len(set(bias[:4])) == 1


def test_a_lone_sample_is_cut_to_what_was_scanned(tmp_path: Path) -> None:
    files = [torso(tmp_path)]
    for seed in range(6):
        whole = AnatomyTask(files=files, patch=(32, 48, 48)).sample(0, np.random.default_rng(seed))["target"]
        cut = AnatomyTask(files=files, patch=(32, 48, 48), is_cropped=True).sample(0, np.random.default_rng(seed))
        assert all(n % DIVISOR == 0 for n in cut["target"].shape)
        assert cut["image"].shape[1:] == cut["target"].shape
        assert int((cut["target"] != IGNORE).sum()) == int((whole != IGNORE).sum())


def test_in_some_phase_the_liver_is_as_bright_as_blood() -> None:
    phases = [draw_phase(np.random.default_rng(seed)) for seed in range(60)]
    liver, blood = (np.array([phase[organ] for phase in phases]) for organ in (Organ.LIVER, Organ.LEFT_VENTRICLE))
    assert np.any(np.abs(40 + blood - 60 - liver) < 5)
    assert all(phase[0] == phase[Organ.FAT] == 0 for phase in phases)


def ball() -> np.ndarray:
    """Flesh in fat in lung, 1.5 mm."""
    k, i, j = np.indices((30, 40, 40))
    away = np.hypot(np.hypot(k - 15, i - 20), j - 20)
    return np.select([away < 9, away < 12], [45.0, -100.0], -850.0).astype(np.float32)


@pytest.mark.parametrize("name", ["vary_fat", "move_between_slices", "thicken_slices", "vary_contrast"])
def test_a_changed_heart_is_as_large_and_stays_between_lung_and_flesh(name: str) -> None:
    hu = ball()
    for seed in range(6):
        changed = getattr(course_task, name)(np.random.default_rng(seed), hu)
        assert changed.shape == hu.shape
        assert changed.dtype == np.float32
        assert not np.array_equal(changed, hu)
        assert changed.min() >= -851
        assert changed.max() <= 61


def test_fat_comes_and_goes_but_lung_stays() -> None:
    hu = ball()
    fat, lung = hu == -100, hu == -850
    means = []
    for seed in range(12):
        changed = course_task.vary_fat(np.random.default_rng(seed), hu)
        assert np.array_equal(changed[lung], hu[lung])
        means.append(changed[fat].mean())
    assert np.ptp(means) > 10


def test_thick_slices_hold_as_much_as_thin_ones() -> None:
    hu = np.zeros((60, 4, 4), dtype=np.float32)
    hu[20:40] = 100.0
    for seed in range(6):
        thick = course_task.thicken_slices(np.random.default_rng(seed), hu)
        assert thick.sum() == pytest.approx(hu.sum(), rel=0.12)
        assert np.count_nonzero((thick[:, 0, 0] > 1) & (thick[:, 0, 0] < 99)) >= 2
