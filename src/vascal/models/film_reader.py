"""Reads AAC-24 off a lateral film with two networks: one finds spine and aorta, one the calcium of its walls."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32, UInt8
from PIL import Image
from scipy import ndimage

from vascal.aac.reading import FilmReading, Obstacle, WallGrade, WallPath
from vascal.errors import ModelError
from vascal.models.film_geometry import MapFinding, find_place, lay_again, require_lateral
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
ANSWERS = 4
MARKED = 0.5
FEWEST_ROWS = (0, 1, LEVEL_ROWS // 3 + 1, 2 * LEVEL_ROWS // 3 + 1, LEVEL_ROWS + 1)
"""Of a level, for each grade and the one above: the thirds rule in rows of the strip."""
SMOOTH_ROWS = 4.0
LEVEL_SLICE = slice(MARGIN_ROWS, -MARGIN_ROWS)
LEAST_PIXEL_MM = 0.35
"""Finer pixels are averaged first: strips have half a millimetre, simulated films 0.36 and more."""
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
        # Once to see where the aorta is, and once more on the strip that follows it; two readings err less than one.
        first = self.read_strip(pixels, finding, place)
        place = lay_again(place, first.aorta)
        strip = self.read_strip(pixels, finding, place)
        grades = (first.grades + strip.grades) / 2
        marks = mark_rows(strip.rows, grades)
        return FilmReading(
            walls=_describe(marks, grades),
            paths=_paths(place, strip, marks, film),
            level_bounds=_stretch(place.borders, place.pixel_mm, film),
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
        pixels, pixel = _square(film)
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

    def read_strip(self, pixels: FilmArray, finding: MapFinding, place: StripPlace) -> StripFinding:
        """Read one strip with the second network.

        Parameters
        ----------
        pixels, finding, place
            As `lay_strip` gives them; of the finding only where bone is counts.

        Raises
        ------
        ModelError
            If the network can not be loaded, or gives other answers.
        """
        at = place.at(place.columns())
        bone = 1 - finding.bodies[0]
        places = [(at[..., axis] + 0.5) / finding.scale[axis] - 0.5 for axis in range(2)]
        cut = np.asarray(ndimage.map_coordinates(bone, places, order=1, mode="constant"), dtype=np.float32)
        network = load_network(WALL_MODEL, self.folder)
        answers = network.run(image=strip_channels(cut_strip(pixels, place), cut, place)[None])
        if len(answers) != ANSWERS:
            raise ModelError(
                f"{network.entry.label} gives {len(answers)} answers; needed: {ANSWERS} (walls, aorta, rows, grades), "
                "as `vascal train aac` makes them now"
            )
        walls, aorta, rows, steps = answers
        temperature = float(network.entry.settings.get("temperature", 1.0))
        return StripFinding(
            walls=walls[0],
            aorta=_sigmoid(aorta[0]),
            rows=_sigmoid(rows[0]),
            grades=grade_probabilities(steps[0] / temperature),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StripFinding:
    """What the second network says of a strip.

    Parameters
    ----------
    walls
        (wall, row, column): logits of calcified wall.
    aorta
        (row, column): probability of the aorta.
    rows
        (wall, row): probability that the wall is calcified there.
    grades
        (8, 4): probabilities of the grades, in the order of `WALL_LEVELS`.
    """

    walls: Float32[np.ndarray, "wall strip_row strip_column"]
    aorta: Float32[np.ndarray, "strip_row strip_column"]
    rows: Float32[np.ndarray, "wall strip_row"]
    grades: Float32[np.ndarray, "8 4"]


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


def mark_rows(
    rows: Float32[np.ndarray, "wall strip_row"], probabilities: Float32[np.ndarray, "8 4"]
) -> Bool[np.ndarray, "wall strip_row"]:
    """Choose the rows that are drawn as calcified: the likely ones, as many as the grade allows.

    The grade is the answer, read from all of the strip; what is drawn must not contradict it. None for grade 0, up to
    a third of the level for 1, up to two thirds for 2, more for 3.

    Parameters
    ----------
    rows
        Probability that a row of the strip is calcified.
    probabilities
        Of the eight grades, in the order of `WALL_LEVELS`.
    """
    marks = rows >= MARKED
    for (level, wall), chances in zip(WALL_LEVELS, probabilities, strict=True):
        grade = _likeliest(chances)
        first = MARGIN_ROWS + LEVELS.index(level) * LEVEL_ROWS
        part = (WALLS.index(wall), slice(first, first + LEVEL_ROWS))
        count = int(np.count_nonzero(marks[part]))
        wanted = min(max(count, FEWEST_ROWS[grade]), FEWEST_ROWS[grade + 1] - 1) if grade else 0
        if wanted != count:
            likeliest_first = np.argsort(-rows[part], kind="stable")
            marks[part] = np.isin(np.arange(LEVEL_ROWS), likeliest_first[:wanted])
    return marks


def _describe(
    marks: Bool[np.ndarray, "wall strip_row"], probabilities: Float32[np.ndarray, "8 4"]
) -> tuple[WallGrade, ...]:
    by_level = marks[:, LEVEL_SLICE].reshape(2, len(LEVELS), LEVEL_ROWS).mean(axis=2)
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


def _four(chances: np.ndarray) -> tuple[float, float, float, float]:
    a, b, c, d = (float(value) for value in chances)
    return a, b, c, d


def _square(film: Radiograph) -> tuple[FilmArray, float]:
    """Give pixels that are as high as wide, none finer than the networks see, and their side in mm."""
    rows, columns = film.pixels.shape
    side = max(float(np.sqrt(film.spacing_mm[0] * film.spacing_mm[1])), LEAST_PIXEL_MM)
    shape = (round(columns * film.spacing_mm[1] / side), round(rows * film.spacing_mm[0] / side))
    if shape == (columns, rows):
        return film.pixels, side
    # Pillow averages when it shrinks: fine grain must not be picked pixel by pixel.
    return np.asarray(Image.fromarray(film.pixels).resize(shape, Image.Resampling.BILINEAR), dtype=np.float32), side


def _stretch(places: np.ndarray, side: float, film: Radiograph) -> np.ndarray:
    """Bring places on square pixels of a side back to the film's own; pixels are named by their middles."""
    return np.asarray((places + 0.5) * (side / np.array(film.spacing_mm)) - 0.5)


def _paths(place: StripPlace, strip: StripFinding, marks: np.ndarray, film: Radiograph) -> dict[Wall, WallPath]:
    """Give both walls: where they were expected, drawn to the calcium that was found."""
    paths: dict[Wall, WallPath] = {}
    for number, (wall, side) in enumerate(zip(WALLS, (1.0, -1.0), strict=True)):
        expected = place.centre_mm + side * place.half_mm
        across = place.centre_mm + (strip.walls[number].argmax(axis=1) - CENTRE_COLUMN) * ACROSS_MM
        drawn = expected + _carry(across - expected, marks[number])
        paths[wall] = WallPath(
            points=_stretch(place.at(drawn[:, None])[LEVEL_SLICE, 0], place.pixel_mm, film),
            is_calcified=marks[number, LEVEL_SLICE],
            probability=strip.rows[number, LEVEL_SLICE].astype(np.float64),
        )
    return paths


def _carry(offset: np.ndarray, is_known: np.ndarray) -> np.ndarray:
    """Smooth offsets along the rows where they are known, and let them fade out beyond."""
    weight = ndimage.gaussian_filter1d(is_known.astype(np.float64), SMOOTH_ROWS, mode="nearest")
    total = ndimage.gaussian_filter1d(np.where(is_known, offset, 0.0), SMOOTH_ROWS, mode="nearest")
    return np.asarray(total / (weight + 0.01))


def _label_film(finding: MapFinding, shape: tuple[int, ...]) -> UInt8[np.ndarray, "row column"]:
    """Give the name of each pixel's vertebral body on the film: the likeliest, interpolated."""
    labels = np.zeros(shape, dtype=np.uint8)
    seen = np.argwhere(finding.bodies[0] < 0.95)
    if not len(seen):
        return labels
    # Only the spine's part of the film is interpolated: films have millions of pixels.
    low, high = np.maximum(seen.min(axis=0) - 2, 0), np.minimum(seen.max(axis=0) + 3, finding.bodies.shape[1:])
    scale = np.array(shape) / np.array(finding.bodies.shape[1:])
    first, last = np.ceil(low * scale).astype(int), np.floor(high * scale).astype(int)
    (top, left), (bottom, right) = first / scale, last / scale
    rows, columns = (last - first).tolist()
    best, inside = np.zeros((rows, columns), dtype=np.float32), np.zeros((rows, columns), dtype=np.uint8)
    for value, share in enumerate(finding.bodies):
        # Bicubic: a border between two pixels of the map is drawn where the probabilities put it.
        picture = Image.fromarray(share).resize(
            (columns, rows), Image.Resampling.BICUBIC, box=(left, top, right, bottom)
        )
        smooth = np.asarray(picture)
        inside[smooth > best] = value
        np.maximum(best, smooth, out=best)
    labels[first[0] : last[0], first[1] : last[1]] = inside
    return labels


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


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-logits)), dtype=np.float32)


def _softmax(logits: np.ndarray) -> Float32[np.ndarray, "class row column"]:
    exp = np.exp(logits - logits.max(axis=0))
    return np.asarray(exp / exp.sum(axis=0), dtype=np.float32)
