"""The network that grades walls: a small U-Net with a head that reads rows level by level."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(0.1, inplace=True),
        nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(0.1, inplace=True),
    )


class WallNetwork(nn.Module):
    """See `vascal.train.film_wall_task.build_wall_network`."""

    def __init__(self, inputs: int, width: int, margin_rows: int, level_rows: int) -> None:
        super().__init__()
        self.margin_rows, self.level_rows = margin_rows, level_rows
        sizes = (width, 2 * width, 3 * width, 4 * width)
        # The first step folds 2 x 2 pixels into channels: a calcified wall is four pixels wide.
        self.stem = nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4 * inputs, width, 3, padding=1), nn.LeakyReLU(0.1))
        self.down = nn.ModuleList([_block(a, b) for a, b in zip((width, *sizes[:-1]), sizes, strict=True)])
        self.up = nn.ModuleList([_block(sizes[n] + sizes[n + 1], sizes[n]) for n in range(3)])
        self.pool, self.grow = nn.MaxPool2d(2), nn.Upsample(scale_factor=2, mode="nearest")
        self.walls = nn.Sequential(nn.Conv2d(width, 8, 1), nn.PixelShuffle(2))
        rows = 2 * width + 4
        self.rows = nn.Sequential(
            nn.Conv1d(rows, 48, 5, padding=2), nn.LeakyReLU(0.1), nn.Conv1d(48, 48, 5, padding=2), nn.LeakyReLU(0.1)
        )
        self.row_logits = nn.Conv1d(48, 4, 1)
        self.grades = nn.Sequential(nn.Linear(2 * 48 + 8, 64), nn.LeakyReLU(0.1), nn.Linear(64, 6))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Give logits of the map, the rows and the grades."""
        kept = []
        here = self.stem(image)
        for number, block in enumerate(self.down):
            here = block(here if number == 0 else self.pool(here))
            kept.append(here)
        for number in (2, 1, 0):
            here = self.up[number](torch.cat([kept[number], self.grow(here)], dim=1))
        walls = self.walls(here)
        peaks = walls.amax(3)  # (case, wall, row)
        halves = torch.cat([peaks[:, :, 0::2], peaks[:, :, 1::2]], dim=1)
        read = self.rows(torch.cat([here.amax(3), here.mean(3), halves], dim=1))
        rows = self.row_logits(read)
        rows = torch.stack([rows[:, 0:2], rows[:, 2:4]], dim=3).flatten(2) + peaks
        return walls, rows, self._grade(read, rows)

    def _grade(self, read: Tensor, rows: Tensor) -> Tensor:
        """Grade each level by what its rows hold: (case, 8, 3)."""
        margin, level = self.margin_rows // 2, self.level_rows // 2
        inside = read[:, :, margin : margin + 4 * level].unflatten(2, (4, level))
        marked = torch.sigmoid(rows[:, :, self.margin_rows : -self.margin_rows]).unflatten(2, (4, self.level_rows))
        shares = torch.stack(
            [marked.mean(3), marked.amax(3), (marked * marked).mean(3), marked.amin(3)], dim=1
        ).flatten(1, 2)
        features = torch.cat([inside.mean(3), inside.amax(3), shares], dim=1).movedim(2, 1)  # (case, level, feature)
        return self.grades(features).unflatten(2, (2, 3)).flatten(1, 2)
