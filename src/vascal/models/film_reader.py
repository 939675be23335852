"""Reads AAC-24 off a lateral film with two networks: one finds spine and aorta, one the calcium of its walls."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image
from scipy import ndimage

from vascal.aac.reading import FilmReading, Obstacle, WallGrade, WallPath
from vascal.models.film_geometry import MapFinding, find_place, require_lateral
from vascal.models.film_inputs import (
    ACROSS_MM,
    BODIES,
    CENTRE_COLUMN,
    LEVEL_ROWS,
    MARGIN_ROWS,
    StripPlace,
    cut_strip,
    lay_on_canvas,
    map_channels,
    shrink_film,
    strip_channels,
)
from vascal.models.runtime import load_network
from vascal.radiograph import FilmArray, Radiograph
from vascal.wall_levels import LEVELS, WALL_LEVELS, WALLS, Grade, Wall

MAP_MODEL, WALL_MODEL = "film-map", "film-walls"
MARKED = 0.5
SMOOTH_ROWS = 4.0
LEVEL_SLICE = slice(MARGIN_ROWS, -MARGIN_ROWS)
BLACK, WHITE, BESIDE_MM, LEAST_HIDDEN = 0.002, 0.998, 3.0, 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedFilmReader:
    """The two networks, embedded or a user's own.

    Parameters
    ----------
    folder
        With networks that take the place of the embedded ones; see `vascal train aac`.
    """

    folder: Path | None = None

    def read_film(self, film: Radiograph) -> FilmReading:
        """Find vertebrae and walls, and grade them.

        Parameters
        ----------
        film
            Upright, head up; the patient may look to either side.

        Raises
        ------
        ViewError
            If it is no lateral film of the lumbar spine.
        CoverageError
            If L1 to L4 and the room in front of them are not all on it.
        ModelError
            If the networks can not be loaded.
        """
        pixels, finding, place = self.lay_strip(film)
        maps, rows, grades = self._grade(pixels, finding, place)
        rows = _silence(rows, grades)
        return FilmReading(
            walls=_describe(rows, grades),
            paths=_paths(place, maps, rows, film),
            level_bounds=_stretch(place.borders, film),
            vertebrae=_label_film(finding, film.pixels.shape),
            total_probabilities=add_grades(grades),
            facing=finding.facing,
            lateral_probability=finding.lateral_probability,
            level_confidence=finding.level_confidence,
            obstacles=_find_obstacles(pixels, place),
            reader="learned",
            models=tuple(load_network(name, self.folder).entry.label for name in (MAP_MODEL, WALL_MODEL)),
        )

    def lay_strip(self, film: Radiograph) -> tuple[FilmArray, MapFinding, StripPlace]:
        """Find spine and aorta, and lay the strip that is graded; errors as for `read_film`.

        Returns
        -------
        pixels, finding, place
            The film on square pixels, the maps of the first network, and the strip on these pixels.
        """
        pixel = float(np.sqrt(film.spacing_mm[0] * film.spacing_mm[1]))
        pixels = _square(film)
        finding = self._map(pixels, pixel)
        require_lateral(finding)
        return pixels, finding, find_place(finding, pixel)

    def _map(self, pixels: FilmArray, pixel: float) -> MapFinding:
        small = shrink_film(pixels, pixel)
        network = load_network(MAP_MODEL, self.folder)
        canvas, (top, left) = lay_on_canvas(small)
        (logits,) = network.run(image=map_channels(canvas)[None])
        logits = logits[0, :, top : top + small.shape[0], left : left + small.shape[1]]
        return MapFinding(
            bodies=_softmax(logits[: len(BODIES)]),
            zones=_softmax(logits[len(BODIES) :]),
            scale=np.array(pixels.shape) / np.array(small.shape),
        )

    def _grade(
        self, pixels: FilmArray, finding: MapFinding, place: StripPlace
    ) -> tuple[
        Float32[np.ndarray, "wall strip_row strip_column"],
        Float32[np.ndarray, "wall strip_row"],
        Float32[np.ndarray, "8 4"],
    ]:
        """Give maps of calcified wall (logits), probabilities of its rows, and those of the eight grades."""
        at = place.at(place.columns())
        bone = 1 - finding.bodies[0]
        places = [(at[..., axis] + 0.5) / finding.scale[axis] - 0.5 for axis in range(2)]
        cut = np.asarray(ndimage.map_coordinates(bone, places, order=1, mode="constant"), dtype=np.float32)
        network = load_network(WALL_MODEL, self.folder)
        maps, rows, steps = network.run(image=strip_channels(cut_strip(pixels, place), cut, place)[None])
        shares = 1 / (1 + np.exp(-rows[0]))
        return maps[0], shares, grade_probabilities(steps[0] / float(network.entry.settings.get("temperature", 1.0)))


def grade_probabilities(steps: Float32[np.ndarray, "8 3"]) -> Float32[np.ndarray, "8 4"]:
    """Turn logits of "above grade 0, 1, 2" into probabilities of grades 0 to 3, that sum to 1."""
    above = np.minimum.accumulate(1 / (1 + np.exp(-steps.astype(np.float64))), axis=1)
    edges = np.concatenate([np.ones((8, 1)), above, np.zeros((8, 1))], axis=1)
    return np.asarray(-np.diff(edges, axis=1), dtype=np.float32)


def add_grades(probabilities: Float32[np.ndarray, "8 4"]) -> np.ndarray:
    """Give the probability of each total, 0 to 24, as if the eight grades were drawn one without the other."""
    total = np.ones(1)
    for grade in probabilities.astype(np.float64):
        total = np.convolve(total, grade / grade.sum())
    return np.asarray(total)


def _describe(shares: np.ndarray, probabilities: Float32[np.ndarray, "8 4"]) -> tuple[WallGrade, ...]:
    by_level = (shares[:, LEVEL_SLICE] >= MARKED).reshape(2, len(LEVELS), LEVEL_ROWS).mean(axis=2)
    return tuple(
        WallGrade(
            level=level,
            wall=wall,
            grade=_likeliest(chances),
            fraction=float(by_level[WALLS.index(wall), LEVELS.index(level)]),
            probabilities=_four(chances),
        )
        for (level, wall), chances in zip(WALL_LEVELS, probabilities, strict=True)
    )


def _likeliest(chances: np.ndarray) -> Grade:
    """Give the middle grade of a distribution: the one that errs least, in steps, on an ordered scale."""
    return (0, 1, 2, 3)[int(np.searchsorted(np.cumsum(chances), 0.5))]


def _silence(shares: np.ndarray, probabilities: Float32[np.ndarray, "8 4"]) -> np.ndarray:
    """Call no row calcified where the grade is 0: the grade is the answer, and marks must not contradict it."""
    quiet = shares.copy()
    for (level, wall), chances in zip(WALL_LEVELS, probabilities, strict=True):
        if _likeliest(chances) == 0:
            first = MARGIN_ROWS + LEVELS.index(level) * LEVEL_ROWS
            part = quiet[WALLS.index(wall), first : first + LEVEL_ROWS]
            np.minimum(part, np.nextafter(np.float32(MARKED), np.float32(0)), out=part)
    return quiet


def _four(chances: np.ndarray) -> tuple[float, float, float, float]:
    a, b, c, d = (float(value) for value in chances)
    return a, b, c, d


def _square(film: Radiograph) -> FilmArray:
    """Give pixels that are as high as wide, by the geometric mean of both sides."""
    rows, columns = film.pixels.shape
    side = float(np.sqrt(film.spacing_mm[0] * film.spacing_mm[1]))
    shape = (round(columns * film.spacing_mm[1] / side), round(rows * film.spacing_mm[0] / side))
    if shape == (columns, rows):
        return film.pixels
    return np.asarray(Image.fromarray(film.pixels).resize(shape, Image.Resampling.BILINEAR), dtype=np.float32)


def _stretch(places: np.ndarray, film: Radiograph) -> np.ndarray:
    """Bring places on square pixels back to the film's own."""
    side = float(np.sqrt(film.spacing_mm[0] * film.spacing_mm[1]))
    return np.asarray(places * (side / np.array(film.spacing_mm)))


def _paths(place: StripPlace, maps: np.ndarray, rows: np.ndarray, film: Radiograph) -> dict[Wall, WallPath]:
    """Give both walls: where they were expected, drawn to the calcium that was found."""
    paths: dict[Wall, WallPath] = {}
    for number, (wall, side) in enumerate((("anterior", 1.0), ("posterior", -1.0))):
        name: Wall = "anterior" if wall == "anterior" else "posterior"
        share = rows[number, LEVEL_SLICE].astype(np.float64)
        expected = place.centre_mm + side * place.half_mm
        across = place.centre_mm + (maps[number].argmax(axis=1) - CENTRE_COLUMN) * ACROSS_MM
        drawn = expected + _carry(across - expected, rows[number] >= MARKED)
        points = _stretch(place.at(drawn[:, None])[LEVEL_SLICE, 0], film)
        paths[name] = WallPath(points=points, is_calcified=share >= MARKED, probability=share)
    return paths


def _carry(offset: np.ndarray, is_known: np.ndarray) -> np.ndarray:
    """Smooth offsets along the rows where they are known, and let them fade out beyond."""
    weight = ndimage.gaussian_filter1d(is_known.astype(np.float64), SMOOTH_ROWS, mode="nearest")
    total = ndimage.gaussian_filter1d(np.where(is_known, offset, 0.0), SMOOTH_ROWS, mode="nearest")
    return np.asarray(total / (weight + 0.01))


def _label_film(finding: MapFinding, shape: tuple[int, ...]) -> UInt8[np.ndarray, "row column"]:
    """Give the name of each pixel's vertebral body on the film: the likeliest, interpolated."""
    best = finding.bodies.argmax(axis=0).astype(np.uint8)
    picture = Image.fromarray(best).resize((shape[1], shape[0]), Image.Resampling.NEAREST)
    return np.asarray(picture)


def _find_obstacles(pixels: FilmArray, place: StripPlace) -> dict[Obstacle, float]:
    """Give the share of the aorta's strip, 3 mm beyond its walls, that shows nothing: black, or white.

    Black is off the film or behind a shutter; white is metal, a letter, or bone that the window drowned.
    """
    strip = cut_strip(pixels, place)[LEVEL_SLICE]
    across = np.abs(place.columns() - place.centre_mm[:, None])[LEVEL_SLICE]
    inside = strip[across <= place.half_mm[LEVEL_SLICE, None] + BESIDE_MM]
    shares: dict[Obstacle, float] = {
        "collimation": float(np.mean(inside <= BLACK)),
        "overlap": float(np.mean(inside >= WHITE)),
    }
    return {name: share for name, share in shares.items() if share >= LEAST_HIDDEN}


def _softmax(logits: np.ndarray) -> Float32[np.ndarray, "class row column"]:
    exp = np.exp(logits - logits.max(axis=0))
    return np.asarray(exp / exp.sum(axis=0), dtype=np.float32)
