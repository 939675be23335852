"""Networks by name: MONAI's, built from one frozen description."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vascal.errors import TrainingError

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """One network.

    Parameters
    ----------
    name
        A key of `NETWORKS`.
    channels
        Width of each level, from the finest; transformers take the first as their feature size.
    strides
        Step of each level but the last; (1, 2, 2 ...) keeps the finest detail, (2, 2 ...) is several times faster.
    residual_units
        Residual units a level, where the network has them.
    dropout
        Share of features dropped in training, 0 to 1.
    spatial_dims
        3 for volumes, 2 for slices; a stack of slices goes into the channels of a 2D network.
    patch
        Size of the input where a network must know it (transformers): slices, rows, columns.
    fold
        Fold blocks of so many voxels along each axis into channels before the network: with 2 it works at half the
        resolution, at an eighth of the cost, and still sees every voxel (Shi et al., CVPR 2016,
        doi:10.1109/CVPR.2016.207). 1 folds nothing.
    unfold
        Give an answer for every voxel; if not, one for every block.
    """

    name: str = "unet"
    channels: tuple[int, ...] = (16, 32, 64, 128, 256)
    strides: tuple[int, ...] = (2, 2, 2, 2)
    residual_units: int = 2
    dropout: float = 0.0
    spatial_dims: int = 3
    patch: tuple[int, ...] = (96, 96, 96)
    fold: int = 1
    unfold: bool = True


def build_network(config: NetworkConfig, inputs: int, outputs: int) -> nn.Module:
    """Build a network with random weights.

    Parameters
    ----------
    config
        Which, and how wide.
    inputs, outputs
        Channels that go in and classes that come out.

    Raises
    ------
    TrainingError
        If no network has this name, or its widths do not fit it.
    """
    if config.name not in NETWORKS:
        raise TrainingError(f"no network is called {config.name!r}; there are {', '.join(NETWORKS)}")
    try:
        return _folded(config, inputs, outputs) if config.fold > 1 else NETWORKS[config.name](config, inputs, outputs)
    except (ValueError, TypeError, IndexError, KeyError, AssertionError) as error:
        raise TrainingError(f"network {config.name} can not be built from {config}: {error}") from error


def _folded(c: NetworkConfig, inputs: int, outputs: int) -> nn.Module:
    """Wrap a network so that it works on blocks of voxels."""
    from torch import nn

    steps = (c.fold,) * c.spatial_dims
    block = c.fold**c.spatial_dims
    inner = NETWORKS[c.name](c, inputs * block, outputs * (block if c.unfold else 1))

    class Folded(nn.Module):
        """Blocks into channels, network, channels into blocks."""

        def __init__(self) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: Tensor) -> Tensor:
            answer = self.inner(_fold(x, steps))
            return _unfold(answer, steps) if c.unfold else answer

    return Folded()


def _fold(x: Tensor, steps: tuple[int, ...]) -> Tensor:
    """(case, channel, n * step, ...) to (case, channel * block, n, ...)."""
    import math

    dims = len(steps)
    split = [part for size, step in zip(x.shape[2:], steps, strict=True) for part in (size // step, step)]
    order = [0, 1, *(3 + 2 * d for d in range(dims)), *(2 + 2 * d for d in range(dims))]
    small = [size // step for size, step in zip(x.shape[2:], steps, strict=True)]
    return (
        x.reshape(x.shape[0], x.shape[1], *split)
        .permute(order)
        .reshape(x.shape[0], x.shape[1] * math.prod(steps), *small)
    )


def _unfold(x: Tensor, steps: tuple[int, ...]) -> Tensor:
    """(case, channel * block, n, ...) to (case, channel, n * step, ...)."""
    import math

    dims = len(steps)
    channels = x.shape[1] // math.prod(steps)
    order = [0, 1, *(part for d in range(dims) for part in (2 + dims + d, 2 + d))]
    large = [size * step for size, step in zip(x.shape[2:], steps, strict=True)]
    return x.reshape(x.shape[0], channels, *steps, *x.shape[2:]).permute(order).reshape(x.shape[0], channels, *large)


def _unet(c: NetworkConfig, inputs: int, outputs: int) -> nn.Module:
    """MONAI's U-Net with a plain last layer.

    MONAI's own last layer convolves all classes with all classes at full resolution, which with
    twenty classes costs more than the rest of the network.
    """
    from monai.networks.layers.factories import Conv
    from monai.networks.nets import UNet
    from torch import nn

    body = UNet(
        spatial_dims=c.spatial_dims, in_channels=inputs, out_channels=c.channels[0], channels=c.channels,
        strides=_steps(c), num_res_units=c.residual_units, dropout=c.dropout,
    )  # fmt: skip
    return nn.Sequential(body, nn.PReLU(), Conv[Conv.CONV, c.spatial_dims](c.channels[0], outputs, 1))


def _steps(c: NetworkConfig) -> tuple[int, ...]:
    """Steps between levels: as many as are needed of those that are given."""
    return c.strides[: len(c.channels) - 1]


def _six(c: NetworkConfig) -> tuple[int, int, int, int, int, int]:
    """Widths as BasicUNet wants them: five levels, and the last layer's."""
    a, b, d, e, f = c.channels
    return (a, b, d, e, f, a)


def _basic_unet(c: NetworkConfig, inputs: int, outputs: int) -> nn.Module:
    from monai.networks.nets import BasicUNet

    return BasicUNet(
        spatial_dims=c.spatial_dims, in_channels=inputs, out_channels=outputs, features=_six(c), dropout=c.dropout
    )


def _unet_plus_plus(c: NetworkConfig, inputs: int, outputs: int) -> nn.Module:
    from monai.networks.nets import BasicUNetPlusPlus
    from torch import nn

    class First(nn.Module):
        """U-Net++ gives a list of outputs; the last stage is the answer."""

        def __init__(self) -> None:
            super().__init__()
            self.inner = BasicUNetPlusPlus(
                spatial_dims=c.spatial_dims, in_channels=inputs, out_channels=outputs, features=_six(c),
                dropout=c.dropout,
            )  # fmt: skip

        def forward(self, x):  # type: ignore[no-untyped-def]
            return self.inner(x)[0]

    return First()


def _dyn_unet(c: NetworkConfig, inputs: int, outputs: int) -> nn.Module:
    """nnU-Net's design: 3x3x3 kernels, instance norm, strided convolutions."""
    from monai.networks.nets import DynUNet

    levels = len(c.channels)
    return DynUNet(
        spatial_dims=c.spatial_dims, in_channels=inputs, out_channels=outputs, kernel_size=[3] * levels,
        strides=[1, *_steps(c)], upsample_kernel_size=list(_steps(c)),
        filters=list(c.channels), dropout=c.dropout or None, res_block=c.residual_units > 0,
    )  # fmt: skip


def _segresnet(c: NetworkConfig, inputs: int, outputs: int) -> nn.Module:
    from monai.networks.nets import SegResNet

    return SegResNet(
        spatial_dims=c.spatial_dims, in_channels=inputs, out_channels=outputs, init_filters=c.channels[0],
        dropout_prob=c.dropout or None,
    )  # fmt: skip


def _attention_unet(c: NetworkConfig, inputs: int, outputs: int) -> nn.Module:
    from monai.networks.nets import AttentionUnet

    return AttentionUnet(
        spatial_dims=c.spatial_dims, in_channels=inputs, out_channels=outputs, channels=c.channels, strides=_steps(c),
        dropout=c.dropout,
    )  # fmt: skip


def _unetr(c: NetworkConfig, inputs: int, outputs: int) -> nn.Module:
    from monai.networks.nets import UNETR

    return UNETR(
        spatial_dims=c.spatial_dims, in_channels=inputs, out_channels=outputs, img_size=c.patch,
        feature_size=c.channels[0], dropout_rate=c.dropout,
    )  # fmt: skip


def _swin_unetr(c: NetworkConfig, inputs: int, outputs: int) -> nn.Module:
    from monai.networks.nets import SwinUNETR

    return SwinUNETR(
        spatial_dims=c.spatial_dims, in_channels=inputs, out_channels=outputs, feature_size=c.channels[0],
        drop_rate=c.dropout,
        norm_name=("instance", {"affine": True}),  # without scales the exporter to ONNX can not tell their number
    )  # fmt: skip


def _resnet(depth: int) -> Callable[[NetworkConfig, int, int], nn.Module]:
    def build(c: NetworkConfig, inputs: int, outputs: int) -> nn.Module:
        from monai.networks import nets

        # MONAI's default first step of 1 costs four times as much as the published layout.
        return getattr(nets, f"resnet{depth}")(
            spatial_dims=c.spatial_dims, n_input_channels=inputs, num_classes=outputs, conv1_t_stride=2
        )

    return build


def _vgg(c: NetworkConfig, inputs: int, outputs: int) -> nn.Module:
    """Pairs of 3x3 convolutions and pooling, as VGG (Simonyan and Zisserman 2015), with normalisation."""
    from monai.networks.layers.factories import Conv, Pool
    from torch import nn

    conv, pool = Conv[Conv.CONV, c.spatial_dims], Pool[Pool.MAX, c.spatial_dims]
    layers: list[nn.Module] = []
    last = inputs
    for width in c.channels:
        for _ in range(2):
            layers += [conv(last, width, 3, padding=1), nn.GroupNorm(min(8, width), width), nn.ReLU()]
            last = width
        layers.append(pool(2, ceil_mode=True))
    average = Pool[Pool.ADAPTIVEAVG, c.spatial_dims](1)
    return nn.Sequential(*layers, average, nn.Flatten(), nn.Dropout(c.dropout), nn.Linear(last, outputs))


NETWORKS: Mapping[str, Callable[[NetworkConfig, int, int], nn.Module]] = {
    "unet": _unet,
    "basic-unet": _basic_unet,
    "unet++": _unet_plus_plus,
    "dynunet": _dyn_unet,
    "segresnet": _segresnet,
    "attention-unet": _attention_unet,
    "unetr": _unetr,
    "swin-unetr": _swin_unetr,
    "resnet10": _resnet(10),
    "resnet18": _resnet(18),
    "resnet34": _resnet(34),
    "vgg": _vgg,
}
"""Segmenters give a class for each voxel; ResNet and VGG one for the whole input."""

CLASSIFIERS = frozenset({"resnet10", "resnet18", "resnet34", "vgg"})
"""Networks with one answer for the whole input."""
FIXED_SIZE = frozenset({"unetr", "swin-unetr"})
"""Networks whose ONNX file takes inputs of the training's size only."""
