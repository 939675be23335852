"""The aorta from the thorax to its division, and the common iliac arteries, with contrast agent or without.

In each slice the aorta is a disc of blood with fat, lung or darker tissue around it, before or left of the spine. The
chain of discs is taken that stands out most and changes place and width least: the idea of `vascal.anatomy.aorta`
with the radius as a third coordinate, on a window that moves with the spine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy import fft, ndimage

from vascal.anatomy.coarse import CoarseCt
from vascal.anatomy.spine_curve import SpineCurve

Reach = tuple[tuple[float, float], tuple[float, float]]
"""Rows and columns, from and to, mm."""
Branch = Literal["aorta", "right iliac", "left iliac"]

RADII_MM = (6.0, 7.5, 9.0, 10.5, 12.0, 13.5, 15.0, 17.0, 19.5, 22.5, 26.0)
"""12 mm of a small woman to an aneurysm of 5 cm."""
ILIAC_RADII_MM = (3.5, 4.5, 5.5, 6.5, 8.0)
WINDOW_MM = ((-60.0, 18.0), (-36.0, 46.0))
"""Rows from the front of the bodies, columns from their middle, backwards and to the left."""
ILIAC_WINDOW_MM = ((-60.0, 45.0), (-75.0, 75.0))
MARGIN_MM = 32.0
FAT_HU, MUSCLE_HU = -80.0, 30.0
SPINE_HALF_WIDTH_MM = 18.0
EXPECTED_LEFT_MM, EXPECTED_GAP_MM = 10.0, 4.0
"""The abdominal aorta's usual place: a little left of the middle, its back wall close to the bodies."""
FREE_MM, STRAY_COST = 10.0, 0.006
"""How far from there costs nothing, and what each mm more costs."""
RIGHT_COST = 0.012
WIDE_MM, WIDE_COST = 12.0, 0.015
"""A disc around aorta and caval vein together is wide."""
PLAQUE_HU = 150.0
"""Mean of a block with plaque; unenhanced vessels lie far below."""
PLAQUE_WORTH, MOST_PLAQUE_WORTH = 3.0, 0.35
MOVE_COST = 0.03
LEAST_FIT = 0.25
"""Tissue in the disc less tissue in the ring around it."""
LEAST_SEEN = 0.4
PROBE_MM = 6.0
BRIGHT_HU = 90.0
"""As `vascal.anatomy.contrast.ENHANCED_HU`: no unenhanced blood is brighter."""
BONE_HU, BONE_MM3 = 200.0, 5000.0
"""No plaque of an iliac artery is so large."""
SOFT_HU = 60.0
"""Muscle and bowel wall beside enhanced blood."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Vessel:
    """A vessel as one disc a slice of the CT, mm from the first slice, row and column.

    Parameters
    ----------
    slices
        Slices of the CT in which it was found, ascending.
    center_mm
        (slice, 2): row and column position of its middle, mm behind the first row and left of the first column.
    radius_mm
        Radius of the lumen with its wall, mm, by slice.
    fit
        How much it stands out from its surroundings, by slice; 0 to 1.
    """

    slices: np.ndarray
    center_mm: Float[np.ndarray, "slice 2"]
    radius_mm: Float[np.ndarray, " slice"]
    fit: Float[np.ndarray, " slice"]

    def part(self, first: int, last: int) -> Vessel:
        """Keep slices from `first` to `last`, both included."""
        keep = (self.slices >= first) & (self.slices <= last)
        return Vessel(
            slices=self.slices[keep], center_mm=self.center_mm[keep], radius_mm=self.radius_mm[keep], fit=self.fit[keep]
        )


def find_aorta(ct: CoarseCt, spine: SpineCurve) -> Vessel | None:
    """Follow the aorta before and beside the spine through all slices that show it.

    Parameters
    ----------
    ct
        On blocks of 2 to 3 mm, turned by `vascal.anatomy.standing.turn_volume`.
    spine
        From `find_spine_curve`.

    Returns
    -------
    Vessel or None
        In slices of the *blocks*; `on_slices` brings it to those of the CT. None where no vessel stands out.
    """
    window = _Window.around(ct, spine, WINDOW_MM)
    blood = _probe_blood(window)
    fit = _fits(window, _tissue(window, blood), RADII_MM) - _stray_cost(window, RADII_MM)
    fit += _plaque_bonus(window, RADII_MM)
    path = best_tube(fit)
    return _to_vessel(window, path, fit, RADII_MM)


def find_iliacs(ct: CoarseCt, spine: SpineCurve, aorta: Vessel, division: int, lowest: int) -> Mapping[Branch, Vessel]:
    """Follow both common iliac arteries down from the aorta's division.

    Parameters
    ----------
    ct, spine
        As for `find_aorta`.
    aorta
        In slices of the blocks.
    division
        Lowest slice of the blocks with one aorta.
    lowest
        Slice of the blocks where the common iliacs end at the latest.
    """
    if division - lowest < 2:
        return {}
    window = _Window.around(ct, spine, ILIAC_WINDOW_MM).between(lowest, division)
    blood = _probe_blood(_Window.around(ct, spine, WINDOW_MM))
    fits = _fits(window, np.where(_bone(window, blood), 0, _tissue(window, blood)), ILIAC_RADII_MM)
    start = aorta.center_mm[np.flatnonzero(aorta.slices == division)[0]]
    found: dict[Branch, Vessel] = {}
    sides: tuple[tuple[Branch, int], ...] = (("right iliac", -1), ("left iliac", 1))
    for name, side in sides:
        fit = fits - _iliac_cost(window, start, side)
        vessel = _to_vessel(window, best_tube(fit), fit, ILIAC_RADII_MM, straight_mm=12.0)
        if vessel is not None:
            found[name] = vessel
    return found


def find_division(ct: CoarseCt, spine: SpineCurve, aorta: Vessel, search: slice, expected: int) -> int:
    """Find the lowest slice of the blocks with one aorta, not two iliac arteries.

    Parameters
    ----------
    search
        Slices of the blocks in which the division may lie.
    expected
        Where it lies in most people.

    Notes
    -----
    One disc above and two below must fit best in sum. Without contrast agent bowel and caval vein blur this; each cm
    away from the expected place has to be worth something.
    """
    low, high = max(search.start, int(aorta.slices[0])), min(search.stop, int(aorta.slices[-1]))
    if high - low < 2:
        return int(np.clip(expected, low, max(low, high)))
    window = _Window.around(ct, spine, ILIAC_WINDOW_MM).between(low, high)
    tissue = _tissue(window, _probe_blood(_Window.around(ct, spine, WINDOW_MM)))
    small = _fits(window, tissue, ILIAC_RADII_MM[1:4]).max(axis=1).max(axis=1)
    large = _fits(window, tissue, RADII_MM[:6]).max(axis=1).max(axis=1)
    one, two = _one_or_two(window, large, small, float(np.interp(high, aorta.slices, aorta.center_mm[:, 1])))
    gain = np.concatenate([[0.0], np.cumsum(two - one)])
    places = np.arange(low, high + 2)
    cost = 0.15 * np.abs(places - expected) * ct.spacing_mm[0] / 10.0
    return int(min(places[int((gain - cost).argmax())], high))


def on_slices(vessel: Vessel, ct: CoarseCt, count: int) -> Vessel:
    """Bring a vessel from slices of blocks to those of the CT.

    Parameters
    ----------
    count
        Slices of the CT.
    """
    middle = (vessel.slices + 0.5) * ct.block[0] - 0.5
    first = max(0, int(vessel.slices[0]) * ct.block[0])
    slices = np.arange(first, min(count, (int(vessel.slices[-1]) + 1) * ct.block[0]))
    # The middle of a block lies half a block, less half a pixel, behind its first pixel.
    shift = [(block - 1) / 2 * spacing / block for block, spacing in zip(ct.block[1:], ct.spacing_mm[1:], strict=True)]
    center = [np.interp(slices, middle, vessel.center_mm[:, axis]) + shift[axis] for axis in (0, 1)]
    return Vessel(
        slices=slices,
        center_mm=np.stack(center, axis=1),
        radius_mm=np.interp(slices, middle, vessel.radius_mm),
        fit=np.interp(slices, middle, vessel.fit),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Window:
    """Blocks around the spine, shifted so that the bodies' front and middle stand still.

    Parameters
    ----------
    hu
        (slice, row, column) with a margin around the window.
    first
        (slice, 2): row and column of the blocks at the window's first, without margin.
    margin
        Rows and columns of margin.
    front, middle
        Where the bodies' front and middle lie in the window with margin: row, column.
    """

    hu: np.ndarray
    first: np.ndarray
    margin: tuple[int, int]
    front: float
    middle: float
    start: int
    spacing_mm: tuple[float, float, float]

    @classmethod
    def around(
        cls, ct: CoarseCt, spine: SpineCurve, reach_mm: tuple[tuple[float, float], tuple[float, float]]
    ) -> _Window:
        margin = (ct.blocks(MARGIN_MM, 1), ct.blocks(MARGIN_MM, 2))
        low = [round(reach[0] / s) for reach, s in zip(reach_mm, ct.spacing_mm[1:], strict=True)]
        size = [round((reach[1] - reach[0]) / s) for reach, s in zip(reach_mm, ct.spacing_mm[1:], strict=True)]
        anchor = np.stack([spine.front_mm / ct.spacing_mm[1], spine.midline_mm / ct.spacing_mm[2]], axis=1)
        first = np.rint(anchor).astype(int) + np.asarray(low)
        rows = first[:, :1] + np.arange(-margin[0], size[0] + margin[0])
        columns = first[:, 1:] + np.arange(-margin[1], size[1] + margin[1])
        inside_rows, inside_columns = (
            np.clip(places, 0, n - 1) for places, n in zip((rows, columns), ct.hu.shape[1:], strict=True)
        )
        hu = ct.hu[np.arange(len(ct.hu))[:, None, None], inside_rows[:, :, None], inside_columns[:, None, :]]
        return cls(
            hu=hu,
            first=first,
            margin=margin,
            front=float(margin[0] - low[0]),
            middle=float(margin[1] - low[1]),
            start=0,
            spacing_mm=ct.spacing_mm,
        )

    def between(self, low: int, high: int) -> _Window:
        return _Window(
            hu=self.hu[low : high + 1],
            first=self.first[low : high + 1],
            margin=self.margin,
            front=self.front,
            middle=self.middle,
            start=low,
            spacing_mm=self.spacing_mm,
        )

    def inner(self, values: np.ndarray) -> np.ndarray:
        """Cut the margin off the last two axes."""
        rows, columns = self.margin
        return values[..., rows : self.hu.shape[1] - rows, columns : self.hu.shape[2] - columns]

    def places_mm(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows before the bodies' front (column vector) and columns left of their middle, mm, without margin."""
        rows = np.arange(self.hu.shape[1])[self.margin[0] : -self.margin[0]] - self.front
        columns = np.arange(self.hu.shape[2])[self.margin[1] : -self.margin[1]] - self.middle
        return rows[:, None] * self.spacing_mm[1], columns[None, :] * self.spacing_mm[2]


def _disc(spacing_mm: tuple[float, float, float], inner_mm: float, outer_mm: float) -> np.ndarray:
    """Ring between two radii, or disc; sums to 1."""
    reach = int(np.ceil(outer_mm / min(spacing_mm[1:])))
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    apart = np.hypot(rows * spacing_mm[1], columns * spacing_mm[2])
    # Edges of a block's width: radii finer than blocks are told apart.
    soft = 0.5 * sum(spacing_mm[1:]) / 2
    kernel = np.clip((outer_mm - apart) / soft + 0.5, 0, 1) * np.clip((apart - inner_mm) / soft + 0.5, 0, 1)
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)


def _probe_blood(window: _Window) -> float:
    """Brightest disc near the aorta's usual place: median over slices, HU; calcium and bone count as blood at most."""
    probe = ndimage.convolve(_without_spine(window, np.clip(window.hu, -100, 400), -100), _probe(window)[None])
    rows, columns = window.places_mm()
    near = (rows > -40) & (rows < -4) & (columns > -8) & (columns < 30)
    return float(np.median(np.where(near, window.inner(probe), -100).max(axis=(1, 2))))


def _probe(window: _Window) -> np.ndarray:
    return _disc(window.spacing_mm, -PROBE_MM, PROBE_MM)


def _without_spine(window: _Window, values: np.ndarray, filler: float) -> np.ndarray:
    rows = np.arange(values.shape[1])[:, None] >= window.front
    columns = np.abs(np.arange(values.shape[2]) - window.middle)[None, :] * window.spacing_mm[2] <= SPINE_HALF_WIDTH_MM
    return np.where(rows & columns, filler, values)


def _tissue(window: _Window, blood_hu: float) -> np.ndarray:
    """How much each block looks like blood, 0 to 1."""
    low, high = (SOFT_HU, max(blood_hu, BRIGHT_HU)) if blood_hu > BRIGHT_HU else (FAT_HU, MUSCLE_HU)
    return np.clip((_without_spine(window, window.hu, low) - low) / (high - low), 0, 1).astype(np.float32)


def _bone(window: _Window, blood_hu: float) -> np.ndarray:
    """Mark large groups brighter than blood: sacrum and ilium, along which the iliac arteries run."""
    labels, count = ndimage.label(window.hu > max(BONE_HU, blood_hu + BONE_HU / 2))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    large = sizes * np.prod(window.spacing_mm) > BONE_MM3
    large[0] = False
    return np.asarray(large[labels])


def _fits(window: _Window, tissue: np.ndarray, radii_mm: tuple[float, ...]) -> np.ndarray:
    """Tissue in the disc less tissue around it: (slice, radius, row, column)."""
    spectrum, shape = _transform(tissue)
    fits = []
    for radius in radii_mm:
        kernel = _disc(window.spacing_mm, -radius, radius), _disc(window.spacing_mm, radius + 1.5, radius + 5)
        fits.append(window.inner(_spread(spectrum, shape, kernel[0]) - 0.7 * _spread(spectrum, shape, kernel[1])))
    return np.stack(fits, axis=1)


def _transform(planes: np.ndarray) -> tuple[np.ndarray, tuple[int, int]]:
    """Spectrum of each plane; large kernels are many times faster so."""
    shape = (int(fft.next_fast_len(planes.shape[1])), int(fft.next_fast_len(planes.shape[2])))
    return np.asarray(fft.rfft2(planes, s=shape)), shape


def _spread(spectrum: np.ndarray, shape: tuple[int, int], kernel: np.ndarray) -> np.ndarray:
    """Convolve with a symmetric kernel; around the edges it wraps, which the margin takes up."""
    reach = len(kernel) // 2
    whole = np.zeros(shape, dtype=np.float32)
    whole[: len(kernel), : len(kernel)] = kernel
    whole = np.roll(whole, (-reach, -reach), axis=(0, 1))
    return np.asarray(fft.irfft2(spectrum * fft.rfft2(whole), s=shape))


def _plaque_bonus(window: _Window, radii_mm: tuple[float, ...]) -> np.ndarray:
    """Worth of calcium in the wall: (slice, radius, row, column). Of two vessels side by side it tells the artery."""
    calcium = np.clip((_without_spine(window, window.hu, 0) - PLAQUE_HU) / PLAQUE_HU, 0, 1).astype(np.float32)
    spectrum, shape = _transform(calcium)
    worth = []
    for radius in radii_mm:
        ring = _disc(window.spacing_mm, max(radius - 3, 0), radius + 2)
        worth.append(np.minimum(window.inner(_spread(spectrum, shape, ring)) * PLAQUE_WORTH, MOST_PLAQUE_WORTH))
    return np.stack(worth, axis=1)


def _stray_cost(window: _Window, radii_mm: tuple[float, ...]) -> np.ndarray:
    """Cost of lying away from the usual place: (radius, row, column)."""
    rows, columns = window.places_mm()
    costs = []
    for radius in radii_mm:
        away = np.hypot(rows + radius + EXPECTED_GAP_MM, columns - EXPECTED_LEFT_MM)
        # On the right of the middle lies the caval vein.
        aside = RIGHT_COST * np.maximum(-columns, 0) + WIDE_COST * max(radius - WIDE_MM, 0.0)
        costs.append(STRAY_COST * np.maximum(away - FREE_MM, 0) + aside)
    return np.stack(costs)


def _iliac_cost(window: _Window, start_mm: np.ndarray, side: int) -> np.ndarray:
    """Cost of lying away from a course that leaves the aorta downwards and sideways: (slice, 1, row, column)."""
    count = len(window.hu)
    below = (count - 1 - np.arange(count)) * window.spacing_mm[0]
    rows = np.arange(window.hu.shape[1])[window.margin[0] : -window.margin[0]] - window.margin[0]
    columns = np.arange(window.hu.shape[2])[window.margin[1] : -window.margin[1]] - window.margin[1]
    y = (window.first[:, :1] + rows) * window.spacing_mm[1]
    x = (window.first[:, 1:] + columns) * window.spacing_mm[2]
    off_x = np.abs(x - (start_mm[1] + side * (5 + 0.45 * below))[:, None])
    off_y = np.abs(y - (start_mm[0] + 0.25 * below)[:, None])
    away = np.hypot(off_y[:, :, None], off_x[:, None, :])
    return np.asarray(0.012 * np.maximum(away - 4 - 0.15 * below[:, None, None], 0))[:, None]


def _one_or_two(window: _Window, large: np.ndarray, small: np.ndarray, axis_mm: float) -> tuple[np.ndarray, np.ndarray]:
    """Best fit of one disc straight below the aorta, and mean of the best on both sides of that line, by slice.

    The path of the aorta itself is no help: below the division it goes on along one of the two.
    """
    columns = np.arange(large.shape[1])
    one, two = [], []
    for k in range(len(large)):
        x = (window.first[k, 1] + columns) * window.spacing_mm[2] - axis_mm
        one.append(large[k][np.abs(x) <= 4].max(initial=0.0))
        sides = [small[k][(side * x > 5) & (side * x < 28)].max(initial=0.0) for side in (-1, 1)]
        two.append(sum(sides) / 2)
    return np.asarray(one), np.asarray(two)


def best_tube(fit: np.ndarray) -> np.ndarray:
    """Choose one radius and place a slice: the greatest total fit with steps of one at most.

    Parameters
    ----------
    fit
        (slice, radius, row, column).

    Returns
    -------
    numpy.ndarray
        (slice, 3): positions of radius, row and column.
    """
    total = np.empty(fit.shape, dtype=np.float64)
    total[0] = fit[0]
    for k in range(1, len(fit)):
        moved = ndimage.maximum_filter(total[k - 1], size=3, mode="constant", cval=-np.inf) - MOVE_COST
        total[k] = fit[k] + np.maximum(total[k - 1], moved)
    path = np.empty((len(fit), 3), dtype=np.int64)
    path[-1] = np.unravel_index(int(total[-1].argmax()), fit.shape[1:])
    for k in range(len(fit) - 2, -1, -1):
        here = tuple(path[k + 1])
        box = tuple(slice(max(0, at - 1), at + 2) for at in here)
        near = total[k][box]
        if total[k][here] >= near.max() - MOVE_COST:
            path[k] = here
            continue
        place = np.unravel_index(int(near.argmax()), near.shape)
        path[k] = [side.start + at for side, at in zip(box, place, strict=True)]
    return path


def _to_vessel(
    window: _Window, path: np.ndarray, fit: np.ndarray, radii_mm: tuple[float, ...], straight_mm: float = 20.0
) -> Vessel | None:
    """Smooth a path and cut off the ends where nothing stands out; None if little does."""
    value = fit[np.arange(len(fit)), path[:, 0], path[:, 1], path[:, 2]]
    steady = ndimage.uniform_filter1d(value, max(1, round(15.0 / window.spacing_mm[0])), mode="nearest")
    good = np.flatnonzero(steady >= LEAST_FIT)
    if good.size < max(2, LEAST_SEEN * len(path)):
        return None
    keep = slice(int(good[0]), int(good[-1]) + 1)
    places = (path[:, 1:] + window.first) * np.asarray(window.spacing_mm[1:])
    width = straight_mm / 2 / window.spacing_mm[0]
    size = 2 * round(width) + 1
    places = ndimage.median_filter(places, size=(size, 1), mode="nearest")
    radius = ndimage.median_filter(np.asarray(radii_mm)[path[:, 0]], size=size, mode="nearest")
    return Vessel(
        slices=np.arange(window.start, window.start + len(path))[keep],
        center_mm=ndimage.gaussian_filter1d(places, width / 2, axis=0, mode="nearest")[keep],
        radius_mm=ndimage.gaussian_filter1d(radius, width / 2, mode="nearest")[keep],
        fit=value[keep],
    )
