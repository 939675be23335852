"""From maps of vertebral bodies and aorta to levels, walls and the question whether this is a lateral film at all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float, Float32
from scipy import ndimage

from vascal.errors import CoverageError, ViewError
from vascal.models.film_inputs import ACROSS_MM, BODIES, CENTRE_COLUMN, MAP_MM, ZONES, StripPlace, row_lines
from vascal.wall_levels import LEVELS, Level

LEAST_BODY_MM2 = 250.0
"""A vertebral body on a lateral film measures 25 by 30 mm and more."""
LEAST_LATERAL = 0.5
SEARCH_MM = 110.0
STEP_MM = 0.5
BORDER_MM = 90.0
LEAST_INSIDE = 0.25
LEAST_WIDTH_MM, LEAST_FOUND = 6.0, 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MapFinding:
    """What the first network says.

    Parameters
    ----------
    bodies
        (8, row, column): probabilities of background and of T12 to S1, pixels of about 1.5 mm.
    zones
        (7, row, column): probabilities of background, and of the aorta above, at L1 to L4, and below.
    scale
        (2,): pixels of the film in a pixel of the maps, by row and column.
    """

    bodies: Float32[np.ndarray, "8 row column"]
    zones: Float32[np.ndarray, "7 row column"]
    scale: Float[np.ndarray, " 2"]

    @property
    def facing(self) -> Literal["left", "right"]:
        """Side of the film on which the aorta lies, seen from the spine."""
        spine, aorta = (np.einsum("krc->c", part) for part in (self.bodies[1:], self.zones[1:]))
        columns = np.arange(len(spine))
        return "left" if columns @ aorta / aorta.sum() < columns @ spine / spine.sum() else "right"

    @property
    def level_confidence(self) -> dict[Level, float]:
        """By level: mean probability of its body over the pixels that are named so."""
        named = self.bodies.argmax(axis=0)
        found: dict[Level, float] = {}
        for level in LEVELS:
            value = BODIES.index(level)
            inside = named == value
            found[level] = float(self.bodies[value][inside].mean()) if inside.any() else 0.0
        return found

    @property
    def lateral_probability(self) -> float:
        """How much the maps agree with a spine seen from the side: 0 to 1.

        The share of L1 to L4 that were found as one piece of the right size each, in the right order, evenly
        spaced, times how sure their pixels are.
        """
        middles, areas = _measure(self.bodies)
        wanted = [BODIES.index(level) for level in LEVELS]
        good = [_is_body(areas[value]) for value in wanted]
        if not all(good):
            return 0.4 * float(np.mean(good))
        steps = np.diff(np.array([middles[value] for value in wanted]), axis=0)
        lengths = np.linalg.norm(steps, axis=1)
        is_even = lengths.max() < 1.6 * lengths.min() and (steps[:, 0] > 0).all()
        return float(np.mean(list(self.level_confidence.values()))) * (1.0 if is_even else 0.4)


def _measure(bodies: Float32[np.ndarray, "8 row column"]) -> tuple[list[np.ndarray], list[float]]:
    """Give middle and area, mm2, of the largest piece of each body."""
    named = bodies.argmax(axis=0)
    middles, areas = [np.zeros(2)], [0.0]
    for value in range(1, len(BODIES)):
        pieces, count = ndimage.label(named == value)
        if not count:
            middles.append(np.zeros(2))
            areas.append(0.0)
            continue
        sizes = np.bincount(pieces.ravel())[1:]
        largest = int(sizes.argmax()) + 1
        middles.append(np.array(ndimage.center_of_mass(pieces == largest)))
        areas.append(float(sizes.max()) * MAP_MM**2)
    return middles, areas


def _is_body(area: float) -> bool:
    return area >= LEAST_BODY_MM2


def require_lateral(finding: MapFinding) -> None:
    """Refuse what does not show L1 to L4 from the side.

    Raises
    ------
    ViewError
        If fewer than two lumbar bodies are found, or they do not stand one below the other.
    CoverageError
        If some of L1 to L4, or the aorta in front of them, is missing.
    """
    _, areas = _measure(finding.bodies)
    seen = [level for level in LEVELS if _is_body(areas[BODIES.index(level)])]
    missing = [level for level in LEVELS if level not in seen]
    if len(seen) < 2:
        raise ViewError(
            "no lumbar spine is seen from the side; needed: a lateral film of the lumbar spine or abdomen, head up"
        )
    if missing:
        raise CoverageError(
            f"{', '.join(missing)} can not be found on the film; AAC-24 needs L1 to L4 and the room in front of them"
        )
    named = finding.zones.argmax(axis=0)
    empty = [level for level in LEVELS if np.count_nonzero(named == ZONES.index(level)) * MAP_MM**2 < 100]
    if empty:
        raise CoverageError(f"the room in front of {', '.join(empty)} is not on the film; the aorta is graded there")
    if finding.lateral_probability < LEAST_LATERAL:
        raise ViewError("what looks like vertebrae does not stand like a lumbar spine; needed: a lateral film, head up")


def find_place(finding: MapFinding, pixel_mm: float) -> StripPlace:
    """Lay the strip: borders between bodies, middle and width of the aorta along them.

    Parameters
    ----------
    finding
        Maps of the first network.
    pixel_mm
        Side of a pixel of the film.
    """
    borders = find_borders(finding)
    on_film = (borders + 0.5) * finding.scale - 0.5
    centre, half = _find_width(finding, borders)
    return StripPlace(borders=on_film, centre_mm=centre, half_mm=half, pixel_mm=pixel_mm)


def lay_again(place: StripPlace, aorta: Float32[np.ndarray, "strip_row strip_column"]) -> StripPlace:
    """Lay a strip by the aorta that was found on it; as it was, where too little of it was.

    Parameters
    ----------
    place
        Where the strip lay.
    aorta
        (strip_row, strip_column): probability that a pixel of it is aorta.
    """
    mass = aorta.sum(axis=1) * ACROSS_MM
    middle = (aorta @ np.arange(aorta.shape[1])) * ACROSS_MM / np.maximum(mass, 1e-3) - CENTRE_COLUMN
    good = mass > LEAST_WIDTH_MM
    if good.mean() < LEAST_FOUND:
        return place
    rows = np.arange(len(mass))
    offset, half = (np.interp(rows, rows[good], values[good]) for values in (middle * ACROSS_MM, mass / 2))
    return replace(
        place,
        centre_mm=place.centre_mm + ndimage.gaussian_filter1d(offset, 4, mode="nearest"),
        half_mm=ndimage.gaussian_filter1d(half, 12, mode="nearest"),
    )


def find_borders(finding: MapFinding) -> Float[np.ndarray, "5 2 2"]:
    """Find the five borders: through the middle of each disc space, at a right angle to the spine's course there.

    Returns
    -------
    array
        (5, 2, 2): from the middle of the disc space to 90 mm in front, pixels of the map.
    """
    middles, _ = _measure(finding.bodies)
    towards = _zone_middle(finding) - middles[BODIES.index("L3")]
    borders = []
    for upper in range(1, 6):
        down = _spine_direction(middles, upper)
        across = np.array([down[1], -down[0]])
        across = across if across @ towards > 0 else -across
        disc = _disc(finding, middles, upper)
        borders.append([disc, disc + across * BORDER_MM / MAP_MM])
    return np.array(borders)


def _spine_direction(middles: list[np.ndarray], upper: int) -> np.ndarray:
    """Give the direction down the spine at a disc space, from the steps to, over and from it, as 1 to 2 to 1."""
    total = np.zeros(2)
    for above, weight in ((upper - 1, 0.5), (upper, 1.0), (upper + 1, 0.5)):
        if above >= 1 and above + 1 < len(middles) and middles[above].any() and middles[above + 1].any():
            step = middles[above + 1] - middles[above]
            total += weight * step / max(float(np.linalg.norm(step)), 1e-6)
    if not total.any():
        return np.array([1.0, 0.0])
    return np.asarray(total / np.linalg.norm(total))


def _disc(finding: MapFinding, middles: list[np.ndarray], upper: int) -> np.ndarray:
    """Find the middle of a disc space: halfway between the edges of both bodies on the line between their middles."""
    start, end = middles[upper], middles[upper + 1]
    if not start.any() or not end.any():
        return _carry_on(middles, upper)
    share = np.linspace(0, 1, 101)
    line = start + share[:, None] * (end - start)
    above, below = (
        ndimage.map_coordinates(finding.bodies[value], line.T, order=1, mode="nearest") for value in (upper, upper + 1)
    )
    last, first = np.flatnonzero(above >= 0.5), np.flatnonzero(below >= 0.5)
    if not len(last) or not len(first):
        return np.asarray((start + end) / 2)
    middle = (share[last[-1]] + share[first[0]]) / 2
    return np.asarray(start + middle * (end - start))


def _carry_on(middles: list[np.ndarray], upper: int) -> np.ndarray:
    """Guess a disc space beside a body that was not found, from the two next to it."""
    inner, outer = (upper + 1, upper + 2) if not middles[upper].any() else (upper, upper - 1)
    return np.asarray(middles[inner] + (middles[inner] - middles[outer]) / 2)


def _zone_middle(finding: MapFinding) -> np.ndarray:
    return np.array(ndimage.center_of_mass(finding.zones[2:6].sum(axis=0)))


def _find_width(finding: MapFinding, borders: Float[np.ndarray, "5 2 2"]) -> tuple[np.ndarray, np.ndarray]:
    """Measure middle and half width of the aorta along each row's line, mm of the film."""
    start, forward = row_lines(borders)
    steps = np.arange(0, SEARCH_MM, STEP_MM)
    places = start[:, None] + (steps / MAP_MM)[None, :, None] * forward[:, None]
    inside = ndimage.map_coordinates(finding.zones[1:].sum(axis=0), places.transpose(2, 0, 1), order=1, mode="nearest")
    inside = np.where(inside > LEAST_INSIDE, inside, 0.0)
    mass = inside.sum(axis=1) * STEP_MM
    centre = (inside * steps).sum(axis=1) * STEP_MM / np.maximum(mass, 1e-3)
    good = mass > LEAST_WIDTH_MM
    if good.sum() < 20:
        raise CoverageError("the aorta's place in front of the spine can not be told on this film")
    rows = np.arange(len(mass))
    centre, half = (np.interp(rows, rows[good], values[good]) for values in (centre, mass / 2))
    return ndimage.gaussian_filter1d(centre, 8, mode="nearest"), ndimage.gaussian_filter1d(half, 24, mode="nearest")
