"""Solids of a film's scene as flat arrays, and the ray sums through them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from vascal.simulate.ct.attenuation import tissue_basis
from vascal.simulate.xray.beam import Beam
from vascal.simulate.xray.chords import add_ellipsoids, add_tubes

Stuff = tuple[float, float, float]
"""Per mm of ray: cm of water, g/cm2 of hydroxyapatite, cm of titanium, beyond the water that is there anyway."""
Vector = Sequence[float]


def mineral(g_cm3: float) -> Stuff:
    """Give bone or calcium of a density; its collagen weighs about as much as the water it displaces."""
    return (0.0, g_cm3 * 0.1, 0.0)


def water(share: float) -> Stuff:
    """Give stuff with a share of water more (or less) than its surroundings: gas is -1, muscle in fat 0.12."""
    return (share * 0.1, 0.0, 0.0)


def _fat() -> Stuff:
    amount, ash = tissue_basis("adipose")
    return ((amount - 1.0) * 0.1, ash / 1000 * 0.1, 0.0)


GAS, MUSCLE, TITANIUM, STEEL = water(-1.0), water(0.05), (0.0, 0.0, 0.1), (0.0, 0.0, 0.32)
FAT = _fat()
CORTEX, NOTHING = mineral(1.1), (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ellipsoid:
    """An ellipsoid with a shell of one stuff around a core of another; `turn` has its axes as columns."""

    centre: Vector
    semi: Vector
    core: Stuff
    shell: Stuff = NOTHING
    shell_mm: float = 0.0
    turn: Float[np.ndarray, "3 3"] = field(default_factory=lambda: np.eye(3))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tube:
    """A tube along a polyline of (point, 3), mm, with a radius at each point."""

    points: Float[np.ndarray, "point 3"]
    radii: Float[np.ndarray, " point"]
    core: Stuff
    shell: Stuff = NOTHING
    shell_mm: float = 0.0


Solid = Ellipsoid | Tube


def turned(degrees: float) -> Float[np.ndarray, "3 3"]:
    """Give axes turned in the plane of the film, from the back towards the feet."""
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def sum_rays(film: Float[np.ndarray, "3 row column"], beam: Beam, solids: Iterable[Solid]) -> None:
    """Add solids to the layers of a film: cm of water, g/cm2 of hydroxyapatite, cm of titanium."""
    everything = list(solids)
    blobs = [solid for solid in everything if isinstance(solid, Ellipsoid)]
    tubes = [solid for solid in everything if isinstance(solid, Tube)]
    if blobs:
        add_ellipsoids(
            film,
            beam.geometry(),
            np.array([blob.centre for blob in blobs], dtype=np.float64),
            np.array([blob.semi for blob in blobs], dtype=np.float64),
            np.array([blob.turn for blob in blobs], dtype=np.float64),
            np.array([blob.shell_mm for blob in blobs], dtype=np.float64),
            np.array([(blob.shell, blob.core) for blob in blobs], dtype=np.float64),
        )
    if tubes:
        pieces = [len(tube.points) - 1 for tube in tubes]
        add_tubes(
            film,
            beam.geometry(),
            np.concatenate([tube.points[:-1] for tube in tubes]).astype(np.float64),
            np.concatenate([tube.points[1:] for tube in tubes]).astype(np.float64),
            np.concatenate([(tube.radii[:-1] + tube.radii[1:]) / 2 for tube in tubes]).astype(np.float64),
            np.repeat([tube.shell_mm for tube in tubes], pieces).astype(np.float64),
            np.repeat(np.array([(tube.shell, tube.core) for tube in tubes], dtype=np.float64), pieces, axis=0),
        )
