"""The two networks that read a film: small U-Nets on 2 x 2 blocks of pixels, one with a head that grades levels."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

ROW_FEATURES = 48


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(0.1, inplace=True),
        nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(0.1, inplace=True),
    )


class BlockUNet(nn.Module):
    """A U-Net that folds 2 x 2 pixels into channels first, and gives features at half the resolution.

    Parameters
    ----------
    inputs
        Channels.
    sizes
        Features of each level, from the finest; each level has half the resolution of the one before.
    """

    def __init__(self, inputs: int, sizes: tuple[int, ...]) -> None:
        super().__init__()
        first = sizes[0]
        self.stem = nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4 * inputs, first, 3, padding=1), nn.LeakyReLU(0.1))
        self.down = nn.ModuleList([_block(a, b) for a, b in zip((first, *sizes[:-1]), sizes, strict=True)])
        self.up = nn.ModuleList([_block(a + b, a) for a, b in pairwise(sizes)])
        self.pool, self.grow = nn.MaxPool2d(2), nn.Upsample(scale_factor=2, mode="nearest")

    def forward(self, image: Tensor) -> Tensor:
        """Give features, (case, sizes[0], row / 2, column / 2)."""
        kept = []
        here = self.stem(image)
        for number, block in enumerate(self.down):
            here = block(here if number == 0 else self.pool(here))
            kept.append(here)
        for number in range(len(self.up) - 1, -1, -1):
            here = self.up[number](torch.cat([kept[number], self.grow(here)], dim=1))
        result: Tensor = here
        return result


class MapNetwork(nn.Module):
    """Classes of every pixel of a whole film; deep enough that a pixel sees all of it.

    Parameters
    ----------
    inputs, outputs
        Channels and classes.
    width
        Features of the finest level.
    """

    def __init__(self, inputs: int, outputs: int, width: int = 20) -> None:
        super().__init__()
        sizes = (width, 2 * width, 3 * width, 5 * width, 6 * width, 6 * width)
        self.features = BlockUNet(inputs, sizes)
        self.classes = nn.Sequential(nn.Conv2d(width, 4 * outputs, 1), nn.PixelShuffle(2))

    def forward(self, image: Tensor) -> Tensor:
        """Give logits, (case, class, row, column); sides are multiples of 64."""
        logits: Tensor = self.classes(self.features(image))
        return logits


class WallNetwork(nn.Module):
    """Where along a strip each wall is calcified, where the aorta is, and the grades of the eight wall-levels.

    Parameters
    ----------
    inputs
        Channels.
    margin_rows, level_rows
        Rows of the strip above L1 and below L4, and of each level.
    width
        Features of the finest level.
    """

    def __init__(self, inputs: int, margin_rows: int, level_rows: int, width: int = 20) -> None:
        super().__init__()
        self.margin_rows, self.level_rows = margin_rows, level_rows
        self.features = BlockUNet(inputs, (width, 2 * width, 3 * width, 4 * width))
        self.walls = nn.Sequential(nn.Conv2d(width, 12, 1), nn.PixelShuffle(2))
        self.rows = nn.Sequential(
            nn.Conv1d(2 * width + 4, ROW_FEATURES, 5, padding=2),
            nn.LeakyReLU(0.1),
            nn.Conv1d(ROW_FEATURES, ROW_FEATURES, 5, padding=2),
            nn.LeakyReLU(0.1),
        )
        self.row_logits = nn.Conv1d(ROW_FEATURES, 4, 1)
        self.grades = nn.Sequential(nn.Linear(2 * ROW_FEATURES + 8, 64), nn.LeakyReLU(0.1), nn.Linear(64, 6))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Give logits of calcified wall, of the aorta, of calcified rows, and of the grades.

        Returns
        -------
        walls, aorta, rows, grades
            (case, 2, row, column); (case, row, column); (case, 2, row); and (case, 8, 3): grade above 0, above 1
            and above 2, in the order of `WALL_LEVELS`.
        """
        here = self.features(image)
        maps = self.walls(here)
        walls, aorta = maps[:, :2], maps[:, 2]
        peaks = walls.amax(3)  # (case, wall, row)
        halves = torch.cat([peaks[:, :, 0::2], peaks[:, :, 1::2]], dim=1)
        read = self.rows(torch.cat([here.amax(3), here.mean(3), halves], dim=1))
        pairs = self.row_logits(read)
        rows = torch.stack([pairs[:, 0:2], pairs[:, 2:4]], dim=3).flatten(2) + peaks
        return walls, aorta, rows, self._grade(read, rows)

    def _grade(self, read: Tensor, rows: Tensor) -> Tensor:
        """Grade each level by what its rows hold."""
        margin, level = self.margin_rows // 2, self.level_rows // 2
        inside = read[:, :, margin : margin + 4 * level].reshape(-1, ROW_FEATURES, 4, level)
        marked = torch.sigmoid(rows[:, :, self.margin_rows : -self.margin_rows]).reshape(-1, 2, 4, self.level_rows)
        of_marked = [marked.mean(3), marked.amax(3), (marked * marked).mean(3), marked.amin(3)]
        shares = torch.stack(of_marked, dim=1).flatten(1, 2)
        features = torch.cat([inside.mean(3), inside.amax(3), shares], dim=1).movedim(2, 1)  # (case, level, feature)
        grades: Tensor = self.grades(features).reshape(-1, 8, 3)
        return grades
