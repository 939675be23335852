"""What is true of a simulated film: walls, levels, calcified shares, and what an eye could see of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image, ImageDraw
from scipy import ndimage

from vascal.simulate.xray.aorta import Aorta
from vascal.simulate.xray.beam import Beam
from vascal.simulate.xray.display import turn_points
from vascal.simulate.xray.plaques import level_fractions
from vascal.simulate.xray.scene import Scene
from vascal.simulate.xray.smoothing import smooth
from vascal.simulate.xray.spine import NAMES
from vascal.wall_levels import LEVELS, WALL_LEVELS, WALLS, Wall, grade_fraction

LEAST_CNR = 1.0
"""Below this an eye does not tell a plaque from what is around it (Rose, J Opt Soc Am 1948;38:196-208, asks for 3 to 5
in an even field of one pixel; a stretch of wall is many pixels long)."""
LEAST_RUN_MM = 1.5
BORDER_MM = 28.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WallTruth:
    """One wall from the border above L1 to the border below L4.

    Parameters
    ----------
    points
        (point, 2): row and column on the film, every half millimetre of the patient's height.
    is_calcified, is_visible
        (point,): calcified; and calcified so that it can be seen.
    cnr
        (point,): contrast of the calcium over what varies around it.
    """

    points: Float[np.ndarray, "point 2"]
    is_calcified: Bool[np.ndarray, " point"]
    is_visible: Bool[np.ndarray, " point"]
    cnr: Float[np.ndarray, " point"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FilmTruth:
    """Grades, walls and levels of one film.

    Parameters
    ----------
    walls
        By name.
    cuts
        (5,): index of the points at the borders above L1, below L1, ... below L4.
    fractions, visible_fractions
        (8,) calcified share by wall-level, in the order of `WALL_LEVELS`: all of it, and what can be seen.
    cnr
        (8,): median contrast-to-noise of the calcium there; 0 where there is none.
    level_bounds
        (5, 2, 2): borders of the levels from the spine to the front, row and column.
    landmarks
        Row and column of the centre of each vertebral body.
    hidden
        Share of the wall that shutters hide.
    devices
        What is foreign on the film.
    pixel_mm
        Of a pixel in the midline of the patient.
    """

    walls: dict[Wall, WallTruth]
    cuts: tuple[int, ...]
    fractions: tuple[float, ...]
    visible_fractions: tuple[float, ...]
    cnr: tuple[float, ...]
    level_bounds: Float[np.ndarray, "5 2 2"]
    landmarks: dict[str, tuple[float, float]]
    hidden: float
    devices: tuple[str, ...]
    pixel_mm: float

    @property
    def grades(self) -> tuple[int, ...]:
        """Eight grades of all calcium there is."""
        return tuple(int(grade_fraction(share)) for share in self.fractions)

    @property
    def visible_grades(self) -> tuple[int, ...]:
        """Eight grades that an eye could give."""
        return tuple(int(grade_fraction(share)) for share in self.visible_fractions)

    def mirrored(self, columns: int) -> FilmTruth:
        """Give the truth of the film seen from its other side."""

        def turn(points: np.ndarray) -> np.ndarray:
            return np.concatenate([points[..., :1], columns - 1 - points[..., 1:]], axis=-1)

        return replace(
            self,
            walls={name: replace(wall, points=turn(wall.points)) for name, wall in self.walls.items()},
            level_bounds=turn(self.level_bounds),
            landmarks={name: (row, columns - 1 - column) for name, (row, column) in self.landmarks.items()},
        )

    def draw_walls(self, shape: tuple[int, int]) -> UInt8[np.ndarray, "row column"]:
        """Draw both walls, 2 mm wide: 1 anterior, 2 posterior, 3 and 4 where they are calcified."""
        picture = Image.new("L", (shape[1], shape[0]))
        pen = ImageDraw.Draw(picture)
        for value, name in enumerate(WALLS, start=1):
            wall = self.walls[name]
            half = 1.0 / self.pixel_mm
            for (row, column), hard in zip(wall.points.tolist(), wall.is_calcified.tolist(), strict=True):
                pen.ellipse((column - half, row - half, column + half, row + half), fill=value + 2 * hard)
        return np.array(picture)

    def as_dict(self) -> dict[str, Any]:
        """Give what is written to JSON."""
        levels: dict[str, dict[str, Any]] = {level: {} for level in LEVELS}
        for n, (level, wall) in enumerate(WALL_LEVELS):
            levels[level][wall] = {
                "grade": self.grades[n],
                "fraction": self.fractions[n],
                "visible_grade": self.visible_grades[n],
                "visible_fraction": self.visible_fractions[n],
                "cnr": self.cnr[n],
            }
        return {
            "aac24": sum(self.grades),
            "visible_aac24": sum(self.visible_grades),
            "least_visible_cnr": LEAST_CNR,
            "levels": levels,
            "level_bounds": self.level_bounds.round(2).tolist(),
            "landmarks": {name: [round(row, 2), round(column, 2)] for name, (row, column) in self.landmarks.items()},
            "walls": {name: wall.points[::4].round(2).tolist() for name, wall in self.walls.items()},
            "hidden": self.hidden,
            "devices": list(self.devices),
            "midline_pixel_mm": self.pixel_mm,
        }


def measure_truth(
    scene: Scene,
    beam: Beam,
    contrast: Float[np.ndarray, "row column"],
    film: Float[np.ndarray, "row column"],
    is_open: Bool[np.ndarray, "row column"],
    turn_deg: float,
) -> FilmTruth:
    """Measure a film's truth.

    Parameters
    ----------
    scene, beam
        What was X-rayed, and how.
    contrast
        Rise of the logarithm by the calcium of the walls.
    film
        The logarithm itself, with noise and calcium.
    is_open
        What the shutters leave open.
    turn_deg
        How the picture is turned afterwards.
    """
    cnr = contrast_to_noise(contrast, film, beam.midline_pixel_mm)
    aorta, first, last = scene.aorta, scene.aorta.bounds[0], scene.aorta.bounds[4]
    walls: dict[Wall, WallTruth] = {}
    shares: dict[Wall, tuple[list[float], list[float], list[float]]] = {}
    hidden = 0.0
    for part in scene.calcium:
        places = beam.project(aorta.wall(part.wall))
        along = _strongest(cnr, places, beam)
        seen = _drop_short(part.is_calcified & (along >= LEAST_CNR) & _sample(is_open, places))
        shares[part.wall] = (
            level_fractions(part.is_calcified, aorta),
            level_fractions(seen, aorta),
            _levels_cnr(along, part.is_calcified, aorta),
        )
        inside = slice(first, last)
        hidden += 0.5 * float(1 - _sample(is_open, places)[inside].mean())
        walls[part.wall] = WallTruth(
            points=turn_points(places[inside], beam.shape, turn_deg),
            is_calcified=part.is_calcified[inside],
            is_visible=seen[inside],
            cnr=along[inside],
        )
    order = [(LEVELS.index(level), wall) for level, wall in WALL_LEVELS]
    return FilmTruth(
        walls=walls,
        cuts=tuple(bound - first for bound in aorta.bounds),
        fractions=tuple(shares[wall][0][level] for level, wall in order),
        visible_fractions=tuple(shares[wall][1][level] for level, wall in order),
        cnr=tuple(shares[wall][2][level] for level, wall in order),
        level_bounds=_bounds(scene, beam, turn_deg),
        landmarks=_landmarks(scene, beam, turn_deg),
        hidden=hidden,
        devices=scene.devices,
        pixel_mm=beam.midline_pixel_mm,
    )


def contrast_to_noise(
    contrast: Float[np.ndarray, "row column"], film: Float[np.ndarray, "row column"], pixel_mm: float
) -> Float[np.ndarray, "half_row half_column"]:
    """Compare what calcium adds with what varies around it, both seen at the size of a plaque.

    Both pass the same band, 0.6 to 2.5 mm; the calcium itself is taken out of the film first. Pixels are
    taken together by two and two: (row, column) of half the size.
    """
    contrast, film, pixel_mm = _halve(contrast), _halve(film), 2 * pixel_mm
    narrow, wide = 0.6 / pixel_mm, 2.5 / pixel_mm

    def band(picture: np.ndarray) -> np.ndarray:
        return np.asarray(smooth(picture, narrow) - smooth(picture, wide))

    added = band(contrast)
    around = band(film) - added
    spread = np.sqrt(smooth(np.square(around), 4.0 / pixel_mm))
    return np.asarray(np.maximum(added, 0) / np.maximum(spread, 1e-5))


def _halve(picture: Float[np.ndarray, "row column"]) -> np.ndarray:
    rows, columns = (length // 2 * 2 for length in picture.shape)
    blocks = picture[:rows, :columns].astype(np.float32).reshape(rows // 2, 2, columns // 2, 2)
    return np.asarray(blocks.mean(axis=(1, 3)))


def _sample(picture: np.ndarray, places: Float[np.ndarray, "point 2"]) -> np.ndarray:
    """Give the nearest pixel of each place; False or 0 off the film."""
    rows, columns = np.rint(places).astype(int).T
    inside = (rows >= 0) & (rows < picture.shape[0]) & (columns >= 0) & (columns < picture.shape[1])
    values = np.zeros(len(places), dtype=picture.dtype)
    values[inside] = picture[rows[inside], columns[inside]]
    return values


def _strongest(cnr: np.ndarray, places: Float[np.ndarray, "point 2"], beam: Beam) -> Float[np.ndarray, " point"]:
    """Give the highest value within 2 mm across the wall: a plaque bulges into the lumen."""
    shifts = np.linspace(-2, 2, 9) / beam.midline_pixel_mm
    found = np.stack([_sample(cnr, (places + np.array([0.0, shift])) / 2 - 0.25) for shift in shifts])
    return np.asarray(ndimage.median_filter(found.max(axis=0), size=5, mode="nearest"))


def _drop_short(marked: Bool[np.ndarray, " point"]) -> Bool[np.ndarray, " point"]:
    """Close gaps of under 1 mm and drop runs under 1.5 mm: nobody sees those."""
    closed = ndimage.binary_closing(np.pad(marked, 4), iterations=1)[4:-4] | marked
    labels, count = ndimage.label(closed)
    sizes = np.bincount(labels, minlength=count + 1)
    keep = sizes * 0.5 >= LEAST_RUN_MM
    keep[0] = False
    return np.asarray(keep[labels])


def _levels_cnr(cnr: Float[np.ndarray, " point"], marked: Bool[np.ndarray, " point"], aorta: Aorta) -> list[float]:
    pairs = zip(aorta.bounds, aorta.bounds[1:], strict=False)
    return [float(np.median(cnr[a:b][marked[a:b]])) if marked[a:b].any() else 0.0 for a, b in pairs]


def _bounds(scene: Scene, beam: Beam, turn_deg: float) -> Float[np.ndarray, "5 2 2"]:
    """Give the borders of the levels on the film: from the middle of each disc space to 28 mm before the wall."""
    lines = []
    for index, name in zip(scene.aorta.bounds, NAMES[1:6], strict=True):
        middle, front = scene.spine.border(NAMES.index(name))
        wall = scene.aorta.wall("anterior")[index]
        length = float((wall - middle) @ front) + BORDER_MM - 18
        lines.append(turn_points(beam.project(np.stack([middle, middle + front * length])), beam.shape, turn_deg))
    return np.array(lines)


def _landmarks(scene: Scene, beam: Beam, turn_deg: float) -> dict[str, tuple[float, float]]:
    places = turn_points(beam.project(scene.spine.centres[1:8]), beam.shape, turn_deg)
    return {name: (float(row), float(column)) for name, (row, column) in zip(NAMES[1:8], places, strict=True)}
