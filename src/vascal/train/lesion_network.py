"""Stage 3: what a candidate is, from a patch and from where it lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vascal.models.lesion_inputs import CHANNELS, FEATURES, KINDS
from vascal.models.lesion_net import CORONARY
from vascal.regions import SEGMENT_COUNT

if TYPE_CHECKING:
    from torch import Tensor, nn


STEPS = (1, 2, 2, 1)
"""Strides of the convolutions; the last map, on which saliency is shown, has cells of 6 mm."""
LEAST_SHARE = 1e-3


def build_lesion_network(width: int = 12, hidden: int = 96, dropout: float = 0.2) -> nn.Module:
    """Build the network: four convolutions on each patch, two layers on all that is known.

    Its third output is Grad-CAM (Selvaraju et al., ICCV 2017, doi:10.1109/ICCV.2017.74) of the log odds of being
    coronary, on the coarser patch, so that scoring can show it without torch.

    Parameters
    ----------
    width
        Channels of the first convolution; each next one has twice as many.
    hidden
        Width of the shared layer.
    dropout
        Share of features dropped in training.
    """
    import torch
    from torch import nn

    def block(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
        return [nn.Conv3d(inputs, outputs, 3, stride, 1), nn.GroupNorm(4, outputs), nn.ReLU()]

    class LesionNetwork(nn.Module):
        """Patch and features in; kind, segment and saliency out."""

        def __init__(self) -> None:
            super().__init__()
            sizes = [CHANNELS // 2, width, 2 * width, 4 * width, 8 * width]
            self.trunk, self.close = (
                nn.Sequential(*(m for n in range(4) for m in block(sizes[n], sizes[n + 1], STEPS[n]))) for _ in range(2)
            )
            self.place = nn.Sequential(nn.Linear(FEATURES, hidden), nn.ReLU())
            self.drop = nn.Dropout(dropout)
            self.both = nn.Linear(2 * sizes[-1] + hidden, hidden)
            self.kind = nn.Linear(hidden, len(KINDS))
            self.segment = nn.Linear(hidden, SEGMENT_COUNT)
            self.trust = nn.Parameter(torch.ones(()))

        def forward(self, patch: Tensor, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            maps, close = self.trunk(patch[:, : CHANNELS // 2]), self.close(patch[:, CHANNELS // 2 :])
            seen = [m.mean(dim=(2, 3, 4)) for m in (maps, close)]
            known = torch.cat([*seen, self.place(features)], dim=1)
            before = self.both(self.drop(known))
            joined = self.drop(before.relu())
            kinds = self.kind(joined)
            # Stage 2 knows segments from far more voxels than there are candidates: what is learned here corrects it.
            share = features[:, 1 : SEGMENT_COUNT + 1].clamp(min=0) ** 2
            segments = self.segment(joined) + self.trust * (share + LEAST_SHARE).log()
            return kinds, segments, self.saliency(maps, before, kinds)

        def saliency(self, maps: Tensor, before: Tensor, kinds: Tensor) -> Tensor:
            """Grad-CAM of "coronary", its gradient written out so that it can be exported with the rest."""
            own, other = kinds[:, :CORONARY].softmax(1), kinds[:, CORONARY:].softmax(1)
            slope = (torch.cat([own, -other], dim=1) @ self.kind.weight) * (before > 0)
            weight = slope @ self.both.weight[:, : maps.shape[1]]
            return (weight[:, :, None, None, None] * maps).sum(1).relu()

    return LesionNetwork()
