"""Where each coronary artery's plaques can lie: fat and wall near its centreline."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vascal.simulate.ct.compiled import compiled
from vascal.simulate.ct.coronaries import VESSELS
from vascal.simulate.ct.organs import HEART_ORGANS, Organ
from vascal.simulate.ct.phantom import Phantom
from vascal.volume import Grid

TERRITORY_NAMES: Mapping[int, str] = dict(VESSELS)
REACH_MM = 7.0


@compiled
def mark_near(points, values, origin, spacing, reach, distance, labels):  # type: ignore[no-untyped-def]
    """Give every voxel within reach of a point the value of the nearest point."""
    for n in range(points.shape[0]):
        x, y, z = points[n, 0] - origin[0], points[n, 1] - origin[1], points[n, 2] - origin[2]
        k0, k1 = int(np.ceil((z - reach) / spacing[0])), int(np.floor((z + reach) / spacing[0]))
        i0, i1 = int(np.ceil((y - reach) / spacing[1])), int(np.floor((y + reach) / spacing[1]))
        j0, j1 = int(np.ceil((x - reach) / spacing[2])), int(np.floor((x + reach) / spacing[2]))
        for k in range(max(k0, 0), min(k1 + 1, labels.shape[0])):
            for i in range(max(i0, 0), min(i1 + 1, labels.shape[1])):
                for j in range(max(j0, 0), min(j1 + 1, labels.shape[2])):
                    dz, dy, dx = k * spacing[0] - z, i * spacing[1] - y, j * spacing[2] - x
                    square = dx * dx + dy * dy + dz * dz
                    if square < reach * reach and square < distance[k, i, j]:
                        distance[k, i, j] = square
                        labels[k, i, j] = values[n]


def coronary_territories(phantom: Phantom, organs: NDArray[np.uint8], grid: Grid) -> NDArray[np.uint8]:
    """Label the surroundings of every coronary branch, inside the pericardium or the aortic root's wall.

    Returns
    -------
    array
        (slice, row, column): LM 1, LAD 2, LCX 3, RCA 4.
    """
    values = {name: value for value, name in VESSELS.items()}
    lines = [every_mm(phantom.body.to_patient(branch.points)) for branch in phantom.tree]
    owners = [np.full(len(line), values[branch.vessel]) for line, branch in zip(lines, phantom.tree, strict=True)]
    labels = np.zeros(grid.shape, dtype=np.uint8)
    distance = np.full(grid.shape, np.inf, dtype=np.float32)
    origin, spacing = np.array(grid.origin_mm), np.array(grid.spacing_mm)
    mark_near(
        np.concatenate(lines), np.concatenate(owners).astype(np.uint8), origin, spacing, REACH_MM, distance, labels
    )
    allowed = np.zeros(256, dtype=np.bool_)
    allowed[[int(organ) for organ in (*HEART_ORGANS, Organ.AORTA)]] = True
    labels[~allowed[organs]] = 0
    return labels


def every_mm(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lay points about a mm apart along a line: (point, 3)."""
    way = np.append(0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1)))
    even = np.linspace(0, way[-1], max(2, round(float(way[-1]))))
    return np.stack([np.interp(even, way, axis) for axis in line.T], axis=1)
