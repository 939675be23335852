"""Losses of segmentation: cross entropy, focal, Dice and Tversky, with voxels that do not count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

IGNORE = 255
"""Label of voxels that are in no loss: outside the field of view, or never labelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LossConfig:
    """A sum of losses.

    Parameters
    ----------
    cross_entropy, overlap
        Weights of the two terms.
    focal_gamma
        0 is plain cross entropy; 2 turns to what is still wrong (Lin et al., ICCV 2017,
        doi:10.1109/ICCV.2017.324).
    tversky_alpha
        Cost of false positives, those of misses being 1 - alpha; 0.5 is Dice (Salehi et al. 2017,
        doi:10.1007/978-3-319-67389-9_44).
    every
        Only every n-th voxel counts, from a random start: with many classes the loss costs as much as the
        network, and neighbours say the same.
    """

    cross_entropy: float = 1.0
    overlap: float = 1.0
    focal_gamma: float = 0.0
    tversky_alpha: float = 0.5
    every: int = 1


def segmentation_loss(
    logits: Tensor,
    target: Tensor,
    config: LossConfig,
    *,
    weights: Tensor | None = None,
    groups: Sequence[Sequence[int]] = (),
) -> Tensor:
    """Loss of one batch.

    Parameters
    ----------
    logits
        (case, class, ...).
    target
        (case, ...): class of each voxel, or `IGNORE`.
    config
        Which losses.
    weights
        (class,) of the cross entropy; all 1 unless given.
    groups
        Sets of classes that also count as one: each adds an overlap of its own, so that what must
        be found as a whole is found before its parts can be told apart.

    Notes
    -----
    Overlap is summed over the batch, one added above and below, and averaged over the classes
    that occur. Without voxels that count the loss is 0.
    """
    import torch
    from torch.nn import functional

    classes = logits.shape[1]
    counts = target != IGNORE
    if config.every > 1:
        thinned = torch.zeros_like(counts).flatten()
        thinned[int(torch.randint(config.every, ())) :: config.every] = True
        counts = counts & thinned.view_as(counts)
    flat = logits.movedim(1, -1)[counts].float()
    truth = target[counts].long()
    if not len(truth):  # the mean of nothing is no number; this is 0, and has a slope of 0
        return logits.sum() * 0.0
    log_p = functional.log_softmax(flat, dim=-1)
    at_truth = log_p.gather(1, truth[:, None])[:, 0]
    focus = (1 - at_truth.exp()) ** config.focal_gamma if config.focal_gamma else 1.0
    share_of = None if weights is None else weights[truth]
    entropy = -(focus * at_truth)
    mean = entropy.mean() if share_of is None else (share_of * entropy).sum() / share_of.sum()
    loss = config.cross_entropy * mean
    if config.overlap:
        p = log_p.exp()
        hit = torch.zeros(classes, dtype=p.dtype).to(p).scatter_add(0, truth, at_truth.exp())
        present = torch.bincount(truth, minlength=classes).to(p)
        missed, wrong = present - hit, p.sum(0) - hit
        share = (hit + 1) / (hit + config.tversky_alpha * wrong + (1 - config.tversky_alpha) * missed + 1)
        seen = present > 0
        loss = loss + config.overlap * (1 - share[seen].mean())
        for group in groups:
            loss = loss + config.overlap * _miss(p[:, list(group)].sum(1), torch.isin(truth, truth.new_tensor(group)))
    return loss


def _miss(share: Tensor, is_true: Tensor) -> Tensor:
    """1 less the Dice of one group."""
    hit = (share * is_true).sum()
    return 1 - (2 * hit + 1) / (share.sum() + is_true.sum() + 1)


def course_loss(logits: Tensor, nearest: Tensor, nearness: Tensor) -> Tensor:
    """Cross entropy against a soft map: the nearest course has a share that falls with distance.

    Parameters
    ----------
    logits
        (case, class, ...).
    nearest
        (case, ...): class of the nearest course, 0 none, or `IGNORE`.
    nearness
        (case, ...): 1 on the course, 0 far away; the rest of the share is class 0.
    """
    from torch.nn import functional

    counts = nearest != IGNORE
    flat = logits.movedim(1, -1)[counts].float()
    near, truth = nearness[counts], nearest[counts].long()
    log_p = functional.log_softmax(flat, dim=-1)
    per_voxel = -(near * log_p.gather(1, truth[:, None])[:, 0] + (1 - near) * log_p[:, 0])
    # Courses are one voxel in fifty: without weight, the answer "nowhere" would be nearly right.
    weight = 0.05 + near
    if not len(truth):
        return logits.sum() * 0.0
    return (weight * per_voxel).sum() / weight.sum()
