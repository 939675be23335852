"""What the networks of lateral films may be asked for; the defaults are the published method."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from vascal.aac.reading import VERTEBRAE
from vascal.errors import TrainingError
from vascal.train.film_augmentation import FilmAugmentation

TotalNetwork = Literal["resnet34-scse", "vgg16-bn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalConfig:
    """The network that gives one AAC-24 total for a film, after Shao et al. 2025.

    Parameters
    ----------
    network
        ``resnet34-scse``, or ``vgg16-bn``, the paper's comparison.
    size
        Rows and columns of the region that it sees.
    width
        Channels of the first level; 64 is the published width.
    blocks
        Residual blocks of each stage of the ResNet; fewer make it smaller.
    dropout
        Share of features dropped before the last layer.
    weights
        ImageNet weights to start from, ``.safetensors`` or ``.pth`` with torchvision's names; random unless given.
    region
        ``vertebrae``: from T12's lower border to L5's, with room in front, which takes maps of vertebrae.
        ``whole``: films that were cut before.
    segmenters
        Folders of trained `film-vertebrae` networks, one or five folds, that map the vertebrae of films without a map.
    augmentation
        How far films stray.
    """

    network: TotalNetwork = "resnet34-scse"
    size: tuple[int, int] = (1000, 500)
    width: int = 64
    blocks: tuple[int, int, int, int] = (3, 4, 6, 3)
    dropout: float = 0.5
    weights: Path | None = None
    region: Literal["vertebrae", "whole"] = "vertebrae"
    segmenters: tuple[Path, ...] = ()
    augmentation: FilmAugmentation = field(default_factory=FilmAugmentation)

    def __post_init__(self) -> None:
        if min(self.size) < 32:
            raise TrainingError(f"totals.size is {self.size}; needed: at least 32 rows and columns")
        if min(self.blocks) < 1:
            raise TrainingError(f"totals.blocks is {self.blocks}; needed: at least 1 in each stage")
        if self.width < 1 or not 0 <= self.dropout < 1:
            raise TrainingError(
                f"totals: width {self.width}, dropout {self.dropout}; needed: from 1 up, from 0 below 1"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class VertebraConfig:
    """The network that maps vertebral bodies: nnU-Net's 2D design.

    Parameters
    ----------
    channels
        Width of each level; each but the first halves the resolution.
    patch
        Rows and columns that it sees at once.
    names
        Vertebrae that it tells apart.
    spacing_mm
        Films are brought to this pixel size first; they stay as they are unless given.
    deep_supervision
        Judge the coarser levels too, as nnU-Net does.
    foreground
        Share of patches that are drawn around a vertebra.
    augmentation
        How far films stray.

    References
    ----------
    Isensee et al., Nat Methods 2021;18:203-211, doi:10.1038/s41592-020-01008-z.
    """

    channels: tuple[int, ...] = (32, 64, 128, 256, 512, 512, 512, 512, 512)
    patch: tuple[int, int] = (1536, 1024)
    names: tuple[str, ...] = ("L1", "L2", "L3", "L4", "L5")
    spacing_mm: float | None = None
    deep_supervision: bool = True
    foreground: float = 0.33
    augmentation: FilmAugmentation = field(default_factory=FilmAugmentation)

    def __post_init__(self) -> None:
        if len(self.channels) < 4 or min(self.channels) < 1:
            raise TrainingError(f"vertebrae.channels is {self.channels}; needed: at least four levels of 1 or more")
        odd = [size for size in self.patch if size < self.divisor or size % self.divisor]
        if odd:
            raise TrainingError(
                f"vertebrae.patch has {odd[0]}; {len(self.channels)} levels need a multiple of {self.divisor}"
            )
        unknown = [name for name in self.names if name not in VERTEBRAE]
        if unknown or not self.names or len(set(self.names)) < len(self.names):
            raise TrainingError(f"vertebrae.names is {self.names}; needed: each once, of {', '.join(VERTEBRAE)}")
        if self.spacing_mm is not None and not self.spacing_mm > 0:
            raise TrainingError(f"vertebrae.spacing_mm is {self.spacing_mm}; needed: more than 0")

    @property
    def divisor(self) -> int:
        """What rows and columns must be a multiple of."""
        return int(2 ** (len(self.channels) - 1))
