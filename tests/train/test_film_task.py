"""Tasks on films: what a sample holds, losses by hand, and that a few steps learn four films."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.train.films import make_film
from vascal.train.film_augmentation import FilmAugmentation
from vascal.train.film_config import TotalConfig, VertebraConfig
from vascal.train.film_network import build_total_network, build_vertebra_network
from vascal.train.film_preparation import make_total_sample, make_vertebra_sample
from vascal.train.film_samples import write_arrays
from vascal.train.film_task import TotalTask, VertebraTask, as_input, cut_patch, measure_dice, standardise

SMALL = TotalConfig(width=2, blocks=(1, 1, 1, 1), size=(64, 32), dropout=0.0)
FLAT = VertebraConfig(channels=(4, 4, 8, 8), patch=(64, 32))


@pytest.fixture(scope="module")
def regions(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("regions")
    for total in (0, 6, 12, 24):
        write_arrays(folder / f"{total:02d}.npz", **make_total_sample(make_film(total), SMALL))
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("films")
    for seed in range(2):
        write_arrays(folder / f"{seed}.npz", **make_vertebra_sample(make_film(6, seed=seed), FLAT))
    return sorted(folder.iterdir())


def collate(samples: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.stack([sample[name] for sample in samples]) for name in samples[0]}


def descend(network: nn.Module, task: TotalTask | VertebraTask, steps: int) -> list[float]:
    rng = np.random.default_rng(0)
    batch = collate([task.sample(number, rng) for number in range(len(task))])
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = task.batch_loss(network, batch)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses


def test_a_sample_is_the_film_with_its_total(regions: list[Path]) -> None:
    sample = TotalTask(files=regions).sample(2, np.random.default_rng(0))
    assert sample["image"].shape == (1, 64, 32)
    assert sample["image"].dtype == torch.float32
    assert float(sample["total"]) == 12
    # Black and white where ImageNet's networks expect them.
    assert as_input(np.array([[0.449, 0.675]], dtype=np.float32)) == pytest.approx(np.array([[[0.0, 1.0]]]), abs=1e-5)


def test_chance_changes_training_samples_and_not_those_held_back(regions: list[Path]) -> None:
    def draw(task: TotalTask, seed: int) -> Tensor:
        return task.sample(0, np.random.default_rng(seed))["image"]

    plain, strayed = TotalTask(files=regions), TotalTask(files=regions, augmentation=FilmAugmentation())
    assert torch.equal(draw(plain, 1), draw(plain, 2))
    assert not torch.equal(draw(strayed, 1), draw(strayed, 2))
    assert torch.equal(draw(strayed, 1), draw(strayed, 1))


def test_a_few_steps_lower_the_loss_on_four_films(regions: list[Path]) -> None:
    torch.manual_seed(0)
    task = TotalTask(files=regions)
    losses = descend(build_total_network(SMALL), task, 4)
    assert losses[1] < losses[0]
    assert losses[-1] < losses[0]


class Answer(nn.Module):
    """Answers always the same."""

    def __init__(self, answer: Tensor) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, image: Tensor) -> Tensor:
        return self.answer


def test_loss_and_scores_of_totals_by_hand() -> None:
    task = TotalTask(files=[])
    batch = {"image": torch.zeros(2, 1, 4, 4), "total": torch.tensor([3.0, 10.0])}
    network = Answer(torch.tensor([4.0, 5.0]))
    assert float(task.batch_loss(network, batch)) == pytest.approx((1 + 25) / 2)
    assert task.scores(network, batch) == {"mae": 3.0, "within_4": 0.5}


def test_patches_of_vertebrae_have_the_films_z_scores(films: list[Path]) -> None:
    task = VertebraTask(files=films, config=FLAT, is_held_back=True)
    sample = task.sample(0, np.random.default_rng(0))
    assert sample["image"].shape == (1, 64, 32)
    assert sample["target"].shape == (64, 32)
    z = standardise(make_film().brightness)
    assert z.mean() == pytest.approx(0, abs=1e-4)
    assert z.std() == pytest.approx(1, abs=1e-4)
    assert np.isfinite(standardise(np.zeros((3, 3), dtype=np.float32))).all()
    # The middle of the film, as it is.
    assert np.allclose(sample["image"][0].numpy(), z[0, 16:80, 16:48], atol=1e-3)
    assert task.outputs == 6


def test_training_patches_hold_vertebrae_when_asked_to(films: list[Path]) -> None:
    always = VertebraConfig(channels=(4, 4, 8, 8), patch=(16, 16), foreground=1.0, augmentation=FilmAugmentation())
    task = VertebraTask(files=films, config=always)
    assert all((task.sample(0, np.random.default_rng(seed))["target"] > 0).any() for seed in range(10))
    never = VertebraConfig(channels=(4, 4, 8, 8), patch=(16, 16), foreground=0.0)
    draws = [VertebraTask(files=films, config=never).sample(1, np.random.default_rng(seed)) for seed in range(10)]
    assert any(not (sample["target"] > 0).any() for sample in draws)


@pytest.mark.parametrize("deep", [True, False])
def test_a_few_steps_lower_the_loss_of_vertebrae(films: list[Path], deep: bool) -> None:
    torch.manual_seed(0)
    config = VertebraConfig(channels=(4, 4, 8, 8), patch=(64, 32), deep_supervision=deep)
    task = VertebraTask(files=films, config=config, is_held_back=True)
    losses = descend(build_vertebra_network(config), task, 4)
    assert losses[-1] < losses[0]


def test_coarser_levels_count_half_as_much_each() -> None:
    task = VertebraTask(files=[], config=FLAT)
    batch = {"image": torch.zeros(1, 1, 2, 2), "target": torch.zeros(1, 2, 2, dtype=torch.uint8)}
    right, wrong = torch.zeros(1, 6, 2, 2), torch.zeros(1, 6, 2, 2)
    right[:, 0], wrong[:, 1] = 20.0, 20.0
    one = float(task.batch_loss(Answer(wrong), batch))
    mixed = float(task.batch_loss(Answer(torch.stack([right, wrong], dim=1)), batch))
    assert float(task.batch_loss(Answer(right), batch)) == pytest.approx(0, abs=1e-4)
    assert mixed == pytest.approx(one / 3, rel=1e-4)


def test_dice_by_hand() -> None:
    task = VertebraTask(files=[], config=FLAT)
    target = torch.tensor([[[1, 1], [2, 0]]], dtype=torch.uint8)
    answer = torch.nn.functional.one_hot(torch.tensor([[[1, 0], [2, 0]]]), 6).movedim(-1, 1).float()
    scores = task.scores(Answer(answer), {"image": torch.zeros(1, 1, 2, 2), "target": target})
    assert scores["dice_L1"] == pytest.approx(2 / 3)
    assert scores["dice_L2"] == 1
    assert math.isnan(scores["dice_L5"])
    assert math.isnan(measure_dice(np.zeros(2, dtype=bool), np.zeros(2, dtype=bool)))


def test_a_patch_larger_than_its_film_has_the_film_in_its_middle() -> None:
    patch = cut_patch(np.ones((2, 2)), (1, 1), (6, 4))
    assert patch.sum() == 4
    assert patch[2:4, 1:3].all()
    assert cut_patch(np.ones((2, 2)), (40, 40), (2, 2)).sum() == 0
