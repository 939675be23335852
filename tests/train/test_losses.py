"""Losses by hand, and against MONAI's where it computes the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.losses import DiceLoss, FocalLoss, TverskyLoss
from torch import Tensor
from torch.nn import functional

from vascal.train.losses import IGNORE, LossConfig, course_loss, segmentation_loss

CROSS_ENTROPY = LossConfig(overlap=0.0)
OVERLAP = LossConfig(cross_entropy=0.0)


def draw(classes: int = 3, seed: int = 0) -> tuple[Tensor, Tensor]:
    torch.manual_seed(seed)
    target = torch.randint(0, classes, (2, 3, 4, 5))
    target.view(-1)[:classes] = torch.arange(classes)
    return torch.randn(2, classes, 3, 4, 5), target.to(torch.uint8)


def test_one_voxel_by_hand() -> None:
    logits = torch.log(torch.tensor([0.2, 0.8])).reshape(1, 2, 1, 1, 1)
    target = torch.ones(1, 1, 1, 1)
    assert segmentation_loss(logits, target, CROSS_ENTROPY).item() == pytest.approx(0.22314355)
    assert segmentation_loss(logits, target, replace(CROSS_ENTROPY, focal_gamma=2.0)).item() == pytest.approx(
        0.04 * 0.22314355
    )
    # Only class 1 occurs: hit 0.8, missed 0.2, nothing wrong; (0.8 + 1) / (0.8 + 0.5 * 0.2 + 1).
    assert segmentation_loss(logits, target, OVERLAP).item() == pytest.approx(1 - 1.8 / 1.9)
    # Misses cost 1 - alpha.
    assert segmentation_loss(logits, target, replace(OVERLAP, tversky_alpha=0.3)).item() == pytest.approx(
        1 - 1.8 / 1.94
    )


def test_cross_entropy_is_torch_s() -> None:
    logits, target = draw()
    wanted = functional.cross_entropy(logits, target.long()).item()
    assert segmentation_loss(logits, target, CROSS_ENTROPY).item() == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("classes", [2, 5])
def test_overlap_is_monai_s_dice(classes: int) -> None:
    logits, target = draw(classes)
    monai = DiceLoss(softmax=True, to_onehot_y=True, batch=True, smooth_nr=2.0, smooth_dr=2.0)
    assert segmentation_loss(logits, target, OVERLAP).item() == pytest.approx(
        monai(logits, target[:, None].long()).item(), rel=1e-5
    )


@pytest.mark.parametrize("alpha", [0.3, 0.7])
def test_overlap_with_another_weight_is_monai_s_tversky(alpha: float) -> None:
    logits, target = draw()
    monai = TverskyLoss(
        softmax=True, to_onehot_y=True, batch=True, alpha=alpha, beta=1 - alpha, smooth_nr=1, smooth_dr=1
    )
    found = segmentation_loss(logits, target, replace(OVERLAP, tversky_alpha=alpha)).item()
    assert found == pytest.approx(monai(logits, target[:, None].long()).item(), rel=1e-5)


def test_focal_loss_is_monai_s() -> None:
    logits, target = draw()
    # MONAI averages over the classes too, all but one of which are 0.
    monai = 3 * FocalLoss(use_softmax=True, to_onehot_y=True, gamma=2.0)(logits, target[:, None].long()).item()
    assert segmentation_loss(logits, target, replace(CROSS_ENTROPY, focal_gamma=2.0)).item() == pytest.approx(
        monai, rel=1e-5
    )


@settings(max_examples=20)
@given(seed=st.integers(0, 1000))
def test_voxels_that_do_not_count_change_nothing(seed: int) -> None:
    logits, target = draw(seed=seed)
    target[0, 0] = IGNORE
    before = segmentation_loss(logits, target, LossConfig())
    logits[0, :, 0] = 50.0
    assert segmentation_loss(logits, target, LossConfig()).item() == pytest.approx(before.item(), rel=1e-5)


def test_without_a_voxel_that_counts_the_loss_is_0_and_can_be_descended() -> None:
    logits, target = torch.randn(1, 3, 2, 2, 2, requires_grad=True), torch.full((1, 2, 2, 2), IGNORE)
    for loss in (segmentation_loss(logits, target, LossConfig()), course_loss(logits, target, torch.zeros(1, 2, 2, 2))):
        assert loss.item() == 0.0
        loss.backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert not logits.grad.any()


def test_a_right_answer_costs_nothing_and_a_wrong_one_much() -> None:
    _, target = draw()
    right = 40.0 * functional.one_hot(target.long(), 3).movedim(-1, 1).float()
    assert segmentation_loss(right, target, LossConfig()).item() == pytest.approx(0.0, abs=1e-4)
    assert segmentation_loss(right.roll(1, dims=1), target, LossConfig()).item() > 10


def test_2d_slices_are_judged_alike() -> None:
    logits, target = draw()
    flat = segmentation_loss(logits[:, :, 0], target[:, 0], LossConfig())
    assert flat.item() == pytest.approx(segmentation_loss(logits[:, :, :1], target[:, :1], LossConfig()).item())


def test_the_soft_course_by_hand() -> None:
    # One voxel on the course and one far away, both answered with one half: ln 2 each, whatever the weights.
    logits, nearest = torch.zeros(1, 2, 1, 1, 2), torch.tensor([1, 1]).reshape(1, 1, 1, 2)
    loss = course_loss(logits, nearest, torch.tensor([1.0, 0.0]).reshape(1, 1, 1, 2))
    assert loss.item() == pytest.approx(0.693147)
    # The voxel on the course weighs 1.05, the one far away 0.05.
    logits[0, 1, 0, 0, 0] = 30.0
    loss = course_loss(logits, nearest, torch.tensor([1.0, 0.0]).reshape(1, 1, 1, 2))
    assert loss.item() == pytest.approx(0.693147 * 0.05 / 1.1, rel=1e-4)


def test_the_soft_course_is_cheapest_where_the_share_is_the_nearness() -> None:
    nearest, nearness = torch.ones(1, 1, 1, 1), torch.full((1, 1, 1, 1), 0.3)

    def loss(share: float) -> float:
        return course_loss(torch.log(torch.tensor([1 - share, share])).reshape(1, 2, 1, 1, 1), nearest, nearness).item()

    assert loss(0.3) < min(loss(0.25), loss(0.35))


def test_a_class_that_weighs_more_counts_more() -> None:
    logits, target = draw()
    weights = torch.tensor([0.5, 2.0, 1.0])
    wanted = functional.cross_entropy(logits, target.long(), weight=weights).item()
    assert segmentation_loss(logits, target, CROSS_ENTROPY, weights=weights).item() == pytest.approx(wanted, rel=1e-5)


def test_a_group_counts_as_one_class() -> None:
    logits, target = draw()
    share = logits.softmax(1)[:, 1:].sum(1)
    is_true = target > 0
    dice = (2 * (share * is_true).sum() + 1) / (share.sum() + is_true.sum() + 1)
    alone = segmentation_loss(logits, target, OVERLAP).item()
    together = segmentation_loss(logits, target, OVERLAP, groups=((1, 2),)).item()
    assert together - alone == pytest.approx(1 - dice.item(), rel=1e-4)


def test_thinned_voxels_are_every_so_many_th_of_all() -> None:
    logits, target = draw()
    flat, truth = logits.movedim(1, -1).reshape(-1, 3), target.flatten().long()
    parts = [functional.cross_entropy(flat[start::4], truth[start::4]).item() for start in range(4)]
    found = segmentation_loss(logits, target, replace(CROSS_ENTROPY, every=4)).item()
    assert min(abs(found - part) for part in parts) < 1e-5
