"""Vertebrae of a CT by their disc spaces, counted upwards from the sacrum; or from labels.

A straightened strip just behind the bodies' front shows endplates as bright lines with a dark disc between them.
Of all such places the chain is taken whose steps are the height of a vertebra and change little from one to the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy import ndimage

from vascal.anatomy.coarse import CoarseCt
from vascal.anatomy.spine_curve import SpineCurve
from vascal.volume import LabelMap

NAMES = ("L5", "L4", "L3", "L2", "L1", "T12", "T11", "T10", "T9", "T8", "T7", "T6", "T5", "T4", "T3", "T2", "T1")
"""Upwards from the sacrum, for the usual five lumbar vertebrae."""
LevelSource = Literal["sacrum", "labels", "none"]

STRIP_MM = (5.0, 25.0)
"""Depth behind the bodies' front that is averaged: their cortex and the canal stay out."""
SHOWN_HU = (-50.0, 600.0)
HALF_DISC_MM = 6.0
"""Endplates lie about this far from the middle of a disc space."""
CLEAR_PERCENTILE = 98.0
"""One place in 50 along the spine is as dark as a clear disc: that is how dark discs are in this patient."""
LEAST_CLEAR_HU = 15.0
LUMBAR_MM, LESS_EACH_MM = 37.0, 1.2
"""From disc to disc in an average adult: L5, and how much less each further up."""
SIZES = (0.82, 0.88, 0.94, 1.0, 1.06, 1.12)
"""Small women to tall men."""
FREE_OFF_MM, MOST_OFF_MM, OFF_COST = 2.0, 12.0, 0.05
"""What a millimetre off the expected height costs; a clear disc is worth 1."""
DISC_COST = 0.3
"""Middles of bodies are dark between their endplates too, half as dark as discs, so a quarter of their worth: less."""
SURE_LEVELS = 5
"""Above a sacrum there are lumbar vertebrae, be their discs dark or not."""
ALA_LATERAL_MM, ALA_BEHIND_MM = (27.0, 40.0), (5.0, 25.0)
"""Beside the body of S1 lies the sacral ala, beside that of L5 only thin transverse processes."""
ALA_SHARE = 0.1
PROMONTORY_MM = 10.0
"""The disc L5/S1 lies no further than this from the upper end of the alae."""
BONE_HU = 200.0
LEAST_ALA_MM, LEAST_COLUMN_MM = 12.0, 60.0
PROMONTORY_SLOPE = -0.35
"""Backwards turn of the column below the promontory: mm back for each mm down."""
FAT_FREE_HU = 0.0
"""Below the disc a lost front lies in pelvic fat."""
SACRUM_CONFIDENCE, SHORT_CHAIN_CONFIDENCE, LABEL_CONFIDENCE = 0.8, 0.6, 1.0
"""Priors, not measured: one person in eight has a lumbosacral variant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscPlane:
    """The middle of a disc space as a plane across the sagittal view.

    Parameters
    ----------
    z_mm, y_mm
        Where it meets the bodies' front: above the first slice, behind the first row, mm.
    slope
        mm that it falls for each mm further back.
    """

    z_mm: float
    y_mm: float
    slope: float = 0.0

    def height_at(self, y_mm: float | np.ndarray) -> float | np.ndarray:
        """Give the plane's height where it is `y_mm` behind the first row, mm above the first slice."""
        return self.z_mm - self.slope * (np.asarray(y_mm) - self.y_mm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vertebrae:
    """Named levels and where they begin and end.

    Parameters
    ----------
    levels
        By name: the plane above and the plane below.
    source
        What the names were counted from.
    confidence
        That the names are right, 0 to 1; a prior, not calibrated.
    notes
        What was uncertain.
    """

    levels: Mapping[str, tuple[DiscPlane, DiscPlane]]
    source: LevelSource = "none"
    confidence: float = 0.0
    notes: tuple[str, ...] = ()


def find_vertebrae(ct: CoarseCt, spine: SpineCurve) -> Vertebrae:
    """Find the disc spaces and name the levels from the sacrum upwards.

    Parameters
    ----------
    ct
        On blocks of 2 to 3 mm.
    spine
        From `find_spine_curve`.

    Returns
    -------
    Vertebrae
        Without levels where no sacrum is in the scan, or no discs can be told.
    """
    sacrum_mm = find_sacrum_top(ct, spine)
    if sacrum_mm is None:
        return Vertebrae(levels={}, notes=("The sacrum is not in the scan: vertebral levels could not be named.",))
    chain = find_discs(ct, spine, sacrum_mm)
    levels = {name: (above, below) for name, below, above in zip(NAMES, chain, chain[1:], strict=False)}
    is_long = len(levels) >= 5
    notes = () if is_long else (f"Only {len(levels)} disc spaces could be followed upwards from the sacrum.",)
    return Vertebrae(
        levels=levels,
        source="sacrum",
        confidence=SACRUM_CONFIDENCE if is_long else SHORT_CHAIN_CONFIDENCE,
        notes=notes,
    )


def find_discs(ct: CoarseCt, spine: SpineCurve, sacrum_mm: float) -> tuple[DiscPlane, ...]:
    """Find the disc spaces upwards from the one between L5 and S1.

    Parameters
    ----------
    ct, spine
        As for `find_vertebrae`.
    sacrum_mm
        Height of the upper end of the sacral alae: the darkest place near it is the first disc.
    """
    height, back, slope = _course(ct, spine)
    profile, arc = _straighten(ct, spine, height, back, slope)
    depth = _disc_depth(profile, arc)
    near = (np.abs(height - sacrum_mm) <= PROMONTORY_MM) & (profile > FAT_FREE_HU)
    chosen = _best_chain(depth, arc, int(np.where(near, depth, -np.inf).argmax()))
    return tuple(DiscPlane(z_mm=float(height[n]), y_mm=float(back[n]), slope=float(slope[n])) for n in chosen)


def _course(ct: CoarseCt, spine: SpineCurve) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Height, depth and slope of the bodies' front, each millimetre upwards."""
    z = np.arange(len(spine.front_mm)) * ct.spacing_mm[0]
    height = np.arange(0.0, z[-1] + 0.5)
    back = np.interp(height, z, spine.front_mm)
    return height, back, np.asarray(ndimage.gaussian_filter1d(np.gradient(back), 8.0, mode="nearest"))


def _straighten(
    ct: CoarseCt, spine: SpineCurve, height: np.ndarray, back: np.ndarray, slope: np.ndarray
) -> tuple[Float[np.ndarray, " point"], Float[np.ndarray, " point"]]:
    """Mean HU along lines square to the front, and the length along the front to each."""
    deep = np.arange(STRIP_MM[0], STRIP_MM[1], 2.0)
    tilt = np.hypot(1.0, slope)[:, None]
    places = [
        (height[:, None] - slope[:, None] / tilt * deep) / ct.spacing_mm[0],
        (back[:, None] + deep / tilt) / ct.spacing_mm[1],
    ]
    strip = ndimage.map_coordinates(np.clip(spine.sagittal_hu, *SHOWN_HU), places, order=1, mode="nearest")
    arc = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(height), np.diff(back)))])
    return np.asarray(strip.mean(axis=1)), arc


def _disc_depth(profile: np.ndarray, arc: np.ndarray) -> np.ndarray:
    """How much darker a place is than its surroundings half a disc above and below."""
    above, below = (np.interp(arc + step, arc, profile) for step in (HALF_DISC_MM, -HALF_DISC_MM))
    return np.asarray(ndimage.gaussian_filter1d((above + below) / 2 - profile, 1.5))


def _best_chain(depth: np.ndarray, arc: np.ndarray, start: int) -> tuple[int, ...]:
    """Choose the chain of discs upwards from the lumbosacral one: dark places, a vertebra's height apart.

    Parameters
    ----------
    depth
        How much darker each place is than what lies half a disc above and below, HU.
    arc
        Length along the spine to each, mm, ascending.
    start
        The lumbosacral disc.
    """
    return max((_chain_of_size(depth, arc, start, size) for size in SIZES), key=lambda found: found[0])[1]


def _chain_of_size(depth: np.ndarray, arc: np.ndarray, start: int, size: float) -> tuple[float, tuple[int, ...]]:
    """Best chain for one size of patient, and its worth."""
    clear = max(float(np.percentile(depth[start:], CLEAR_PERCENTILE)), LEAST_CLEAR_HU)
    gain = np.clip(depth / clear, 0, 1) ** 2
    total = np.full(depth.size, -np.inf)
    total[start] = 0.0
    best = 0.0
    chain: tuple[int, ...] = (start,)
    origins: list[np.ndarray] = []
    for level in range(len(NAMES)):
        expected = size * (LUMBAR_MM - LESS_EACH_MM * level)
        cost = DISC_COST if level >= SURE_LEVELS else 0.0
        total, origin = _next_disc(total, gain - cost, arc, expected)
        origins.append(origin)
        end = int(total.argmax())
        if total[end] >= best:
            best, chain = float(total[end]), _trace(origins, end)
    return best, chain


def _next_disc(total: np.ndarray, gain: np.ndarray, arc: np.ndarray, expected: float) -> tuple[np.ndarray, np.ndarray]:
    """Worth of the best chain that ends at each place with one disc more, and the disc before it."""
    step = arc[:, None] - arc[None, :]
    off = np.abs(step - expected)
    cost = np.where(off <= MOST_OFF_MM, OFF_COST * np.maximum(off - FREE_OFF_MM, 0.0), np.inf)
    worth = total[None, :] - cost
    origin = worth.argmax(axis=1)
    return worth.max(axis=1) + gain, origin


def _trace(origins: list[np.ndarray], end: int) -> tuple[int, ...]:
    chain = [end]
    for origin in reversed(origins):
        chain.append(int(origin[chain[-1]]))
    return tuple(chain[::-1])


def find_sacrum_top(ct: CoarseCt, spine: SpineCurve) -> float | None:
    """Give the height at which the sacral alae begin, mm above the first slice; None without a sacrum.

    Notes
    -----
    Solid bone on both sides of the column, at least 15 mm of it, with column above it that has none: ribs and
    shoulders at the upper end of a chest scan have nothing above them. Below, the column turns backwards.
    """
    step_mm = ct.spacing_mm[0]
    share = np.asarray([_ala_share(ct, spine, k) for k in range(len(ct.hu))])
    runs, count = ndimage.label(ndimage.binary_closing(share >= ALA_SHARE, iterations=2))
    slope = np.gradient(spine.front_mm) / step_mm
    for run in range(count, 0, -1):
        slices = np.flatnonzero(runs == run)
        top = int(slices[-1])
        has_column = (len(ct.hu) - 1 - top) * step_mm >= LEAST_COLUMN_MM
        turns_back = slope[max(0, top - round(40.0 / step_mm)) : top + 1].min() <= PROMONTORY_SLOPE
        if slices.size * step_mm >= LEAST_ALA_MM and has_column and turns_back and spine.is_seen[top]:
            return float(top * step_mm)
    return None


def _ala_share(ct: CoarseCt, spine: SpineCurve, k: int) -> float:
    """Share of bone beside the front half of the body, on the side with less of it."""
    front, middle = spine.front_mm[k] / ct.spacing_mm[1], spine.midline_mm[k] / ct.spacing_mm[2]
    first, last = (round(front + mm / ct.spacing_mm[1]) for mm in ALA_BEHIND_MM)
    shares = []
    for side in (-1, 1):
        ends = sorted(round(middle + side * mm / ct.spacing_mm[2]) for mm in ALA_LATERAL_MM)
        window = ct.hu[k, max(0, first) : last + 1, max(0, ends[0]) : ends[1] + 1]
        shares.append(float((window > BONE_HU).mean()) if window.size else 0.0)
    return min(shares)


def levels_of_labels(labels: LabelMap) -> Vertebrae:
    """Take levels from labelled vertebrae: each border lies midway between neighbouring bodies.

    Parameters
    ----------
    labels
        Turned by `turn_labels`; structures called T1 to T12 and L1 to L5 are used.

    Notes
    -----
    A label holds the arch and its processes too, which hang lower than the body: only its front 30 mm count.
    """
    spans = {name: span for name in NAMES if (span := _body_span(labels, name)) is not None}
    levels = {}
    for place, name in enumerate(NAMES):
        if name not in spans:
            continue
        above = spans.get(NAMES[place + 1]) if place + 1 < len(NAMES) else None
        below = spans.get(NAMES[place - 1]) if place else None
        low, high, y_mm = spans[name]
        top = high if above is None else (high + above[0]) / 2
        bottom = low if below is None else (low + below[1]) / 2
        levels[name] = (DiscPlane(z_mm=top, y_mm=y_mm), DiscPlane(z_mm=bottom, y_mm=y_mm))
    return Vertebrae(levels=levels, source="labels", confidence=LABEL_CONFIDENCE if levels else 0.0)


def _body_span(labels: LabelMap, name: str) -> tuple[float, float, float] | None:
    """Lowest and highest point of a labelled body, and its front, mm."""
    if name not in labels.names.values():
        return None
    slices, rows, _ = np.nonzero(labels.mask(name))
    if slices.size == 0:
        return None
    grid = labels.grid
    front = float(np.percentile(rows, 2)) * grid.row_spacing_mm
    body = slices[rows * grid.row_spacing_mm <= front + STRIP_MM[1]]
    low, high = np.percentile(body, (2, 98)) * grid.spacing_between_slices_mm
    return float(low), float(high), front
