"""Patches are drawn around calcium; the loss knows calcium whose artery nobody named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.train.hearts import chest, true_anatomy
from vascal.errors import TrainingError
from vascal.train.losses import IGNORE, LossConfig
from vascal.train.voxel_samples import CORONARY, make_sample
from vascal.train.voxel_task import VoxelTask, voxel_loss
from vascal.train.warping import WarpConfig

PATCH = (8, 24, 24)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("samples") / "a.npz"
    np.savez(path, **make_sample(chest().volume, true_anatomy(), chest().vessels))  # type: ignore[arg-type]
    return path


def count(task: VoxelTask, kinds: tuple[int, ...], draws: int = 30) -> int:
    rngs = (np.random.default_rng(seed) for seed in range(draws))
    return sum(bool(np.isin(task.sample(0, rng)["target"].numpy(), kinds).any()) for rng in rngs)


def test_a_sample_has_the_shapes_of_its_network(file: Path) -> None:
    task = VoxelTask(files=[file], patch=PATCH)
    sample = task.sample(0, np.random.default_rng(0))
    assert sample["image"].shape == (5, *PATCH)
    assert sample["target"].shape == PATCH
    assert (task.inputs, task.outputs, len(task)) == (5, 6, 1)


def test_in_2d_neighbouring_slices_are_channels(file: Path) -> None:
    task = VoxelTask(files=[file], patch=(5, 24, 24), spatial_dims=2)
    sample = task.sample(0, np.random.default_rng(0))
    assert sample["image"].shape == (13, 24, 24) == (task.inputs, 24, 24)
    assert sample["target"].shape == (24, 24)


def test_an_even_number_of_slices_has_no_middle(file: Path) -> None:
    with pytest.raises(TrainingError, match="patch has 4 neighbouring slices; in 2D their number is odd"):
        VoxelTask(files=[file], patch=(4, 24, 24), spatial_dims=2)


def test_the_same_draw_gives_the_same_sample(file: Path) -> None:
    task = VoxelTask(files=[file], patch=PATCH)
    first, second = (task.sample(0, np.random.default_rng(7)) for _ in range(2))
    assert torch.equal(first["image"], second["image"])
    assert torch.equal(first["target"], second["target"])


@pytest.mark.parametrize("dims", [2, 3])
def test_patches_for_calcium_show_it(file: Path, dims: int) -> None:
    still = WarpConfig(turn_deg=(0.0, 0.0, 0.0), stretch=0.0, bend_mm=0.0)
    patch = (5, 24, 24) if dims == 2 else PATCH
    seen = VoxelTask(files=[file], patch=patch, spatial_dims=dims, calcium=1.0, warp=still)
    assert count(seen, (1, 2, 3, 4)) >= 27
    anywhere = VoxelTask(files=[file], patch=patch, spatial_dims=dims, calcium=0.0, other=0.0, warp=still)
    assert count(anywhere, (1, 2, 3, 4)) < 27


def test_a_scan_without_calcium_gives_other_bright_things(tmp_path: Path) -> None:
    sample = make_sample(chest().volume, true_anatomy(), None)
    np.savez(tmp_path / "zero.npz", **sample)  # type: ignore[arg-type]
    task = VoxelTask(files=[tmp_path / "zero.npz"], patch=PATCH, calcium=0.5, other=0.5)
    assert count(task, (5,)) >= 25
    assert count(task, (1, 2, 3, 4)) == 0


def test_unnamed_calcium_by_hand() -> None:
    # Shares of 0.2, four of 0.15 and 0.2: the arteries together have 0.6.
    logits = torch.log(torch.tensor([0.2, 0.15, 0.15, 0.15, 0.15, 0.2])).reshape(1, 6, 1, 1, 1)
    only = voxel_loss(logits, torch.full((1, 1, 1, 1), CORONARY), LossConfig(overlap=0.0))
    assert only.item() == pytest.approx(-np.log(0.6), rel=1e-5)


def test_named_and_unnamed_voxels_count_alike() -> None:
    logits = torch.log(torch.tensor([0.2, 0.15, 0.15, 0.15, 0.15, 0.2])).reshape(1, 6, 1, 1, 1).expand(1, 6, 1, 1, 4)
    target = torch.tensor([CORONARY, 2, 0, IGNORE]).reshape(1, 1, 1, 4)
    loss = voxel_loss(logits, target, LossConfig(overlap=0.0))
    assert loss.item() == pytest.approx(-(np.log(0.6) + np.log(0.15) + np.log(0.2)) / 3, rel=1e-5)


def test_image_and_target_are_bent_alike(file: Path) -> None:
    task = VoxelTask(files=[file], patch=(16, 32, 32), calcium=1.0)
    own, other = [], []
    for seed in range(8):
        sample = task.sample(0, np.random.default_rng(seed))
        calcium, target = sample["image"][1], sample["target"]
        own += calcium[(target >= 1) & (target <= 4)].tolist()
        other += calcium[target == 0].tolist()
    # The calcium channel is -1 at 0 HU and below, 1 at 700 HU.
    assert np.mean(own) > -0.75
    assert np.mean(other) < -0.85


class Answer(nn.Module):
    """Says the same class for each voxel of a (case, channel, n) image: its first channel."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return nn.functional.one_hot(image[:, 0].long(), 6).movedim(-1, 1).float()


def judge(found: list[int], true: list[int]) -> dict[str, float]:
    batch = {"image": torch.tensor(found, dtype=torch.float32)[None, None], "target": torch.tensor(true)[None]}
    return VoxelTask(files=[], patch=PATCH).scores(Answer(), batch)


def test_scores_by_hand() -> None:
    # Four coronary voxels, one of no named artery; three found, one in the wrong artery; one found too many.
    found = judge(found=[2, 3, 1, 0, 4, 5, 1], true=[2, 2, CORONARY, 4, 0, 5, IGNORE])
    assert found["sensitivity"] == pytest.approx(3 / 4)
    assert found["dice_coronary"] == pytest.approx(2 * 3 / (4 + 4))
    assert found["vessel"] == pytest.approx(1 / 2)


def test_scores_without_calcium_are_unknown() -> None:
    assert all(np.isnan(value) for value in judge(found=[0, 5], true=[0, 5]).values())
