"""The networks of the published method for films: ResNet34 with scSE, VGG16-bn, nnU-Net's 2D design."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vascal.train.film_config import TotalConfig, TotalNetwork, VertebraConfig

if TYPE_CHECKING:
    from torch import Tensor, nn

VGG16 = (2, 2, 3, 3, 3)
"""Convolutions of VGG16's five stages."""
REDUCTION = 16
MIDDLE = 12.0
"""Of the scale of totals, where an untrained network begins."""
SUPERVISED = 6
"""Most coarser levels that are judged: all but the two coarsest of nine."""
LAST_MAPS: Mapping[TotalNetwork, str] = {"resnet34-scse": "layer4", "vgg16-bn": "features"}
"""Part of each network whose output Grad-CAM weighs."""


def build_total_network(config: TotalConfig) -> nn.Module:
    """Build the network that gives one total for a film, with random weights.

    Input (film, 1, row, column); output (film,): the AAC-24 total.

    Notes
    -----
    The head is batch norm, dropout and one linear layer on the mean of each map. ResNet's names of weights
    are torchvision's, so that ImageNet weights fit. VGG has the same head: the paper does not say which it had.

    References
    ----------
    He et al., CVPR 2016, doi:10.1109/CVPR.2016.90. Simonyan and Zisserman, ICLR 2015, arXiv:1409.1556.
    Shao et al., Front Cardiovasc Med 2025;12:1647882, doi:10.3389/fcvm.2025.1647882.
    """
    return _build_resnet(config) if config.network == "resnet34-scse" else _build_vgg(config)


def build_scse(channels: int) -> nn.Module:
    """Build concurrent squeeze and excitation of channels and of places, added.

    Added rather than maximised, so that a fresh one, whose two gates are about a half,
    leaves pretrained maps nearly as they are.

    References
    ----------
    Roy et al., MICCAI 2018, doi:10.1007/978-3-030-00928-1_48.
    """
    from monai.networks.blocks import ChannelSELayer
    from torch import nn

    class ScSe(nn.Module):
        """Each map times its channel's gate, plus each map times its places' gate."""

        def __init__(self) -> None:
            super().__init__()
            self.channel = ChannelSELayer(2, channels, min(REDUCTION, channels))
            self.place = nn.Conv2d(channels, 1, 1)

        def forward(self, x: Tensor) -> Tensor:
            gated: Tensor = self.channel(x) + x * self.place(x).sigmoid()
            return gated

    return ScSe()


def _build_resnet(config: TotalConfig) -> nn.Module:
    from monai.networks.nets.resnet import ResNet, ResNetBlock

    class SqueezedBlock(ResNetBlock):  # type: ignore[misc]
        """A residual block with scSE behind it."""

        def __init__(self, in_planes: int, planes: int, **options: Any) -> None:
            super().__init__(in_planes, planes, **options)
            self.scse = build_scse(planes)

        def forward(self, x: Tensor) -> Tensor:
            squeezed: Tensor = self.scse(super().forward(x))
            return squeezed

    # MONAI's own defaults are a first step of 1, which costs four times as much, and a bias that torchvision lacks.
    network: nn.Module = ResNet(
        SqueezedBlock, list(config.blocks), [config.width * 2**n for n in range(4)],
        spatial_dims=2, n_input_channels=1, conv1_t_stride=2, bias_downsample=False,
    )  # fmt: skip
    network.fc = _build_head(config.width * 8, config.dropout)
    return network


def _build_head(features: int, dropout: float) -> nn.Module:
    from torch import nn

    last = nn.Linear(features, 1)
    # From 0, the first hundred steps would only learn the mean, or diverge.
    nn.init.constant_(last.bias, MIDDLE)
    return nn.Sequential(nn.BatchNorm1d(features), nn.Dropout(dropout), last, nn.Flatten(0))


def _build_vgg(config: TotalConfig) -> nn.Module:
    from torch import nn

    layers: list[nn.Module] = []
    last = 1
    for stage, count in enumerate(VGG16):
        width = config.width * min(2**stage, 8)
        for _ in range(count):
            layers += [nn.Conv2d(last, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            last = width
        layers.append(nn.MaxPool2d(2))
    head = _build_head(last, config.dropout)
    parts = {"features": nn.Sequential(*layers), "pool": nn.AdaptiveAvgPool2d(1), "flat": nn.Flatten(), "fc": head}
    network = nn.Sequential()
    for name, part in parts.items():
        network.add_module(name, part)
    return network


def build_vertebra_network(config: VertebraConfig) -> nn.Module:
    """Build the network that maps vertebral bodies, with random weights.

    Input (film, 1, row, column); output (film, class, row, column), of classes 0 for none and then the
    names' own. While training with deep supervision: (film, level, class, row, column), the finest first.
    """
    from monai.networks.nets import DynUNet

    steps = [2] * (len(config.channels) - 1)
    network: nn.Module = DynUNet(
        spatial_dims=2, in_channels=1, out_channels=len(config.names) + 1, kernel_size=[3] * len(config.channels),
        strides=[1, *steps], upsample_kernel_size=steps, filters=list(config.channels),
        deep_supervision=config.deep_supervision, deep_supr_num=min(SUPERVISED, len(config.channels) - 3),
    )  # fmt: skip
    return network
