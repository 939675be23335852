"""What was read off a lateral film as DICOM Segmentation: calcified wall and the vertebrae it was graded by.

A film lies nowhere in the patient, so its segmentation has no frame of reference: it fits the film pixel for pixel,
as the film is stored, however it was turned to be read.

Source: DICOM PS3.3 A.51.5 (a segmentation without frame of reference is as large as the image it was derived from).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
from jaxtyping import Bool
from pydicom.dataset import Dataset

from vascal.aac.reading import VERTEBRAE, FilmReading, WallPath
from vascal.errors import GridMismatchError
from vascal.io.dicom_values import integer_of, text_of, texts_of
from vascal.io.film_orientation import TURNS
from vascal.io.objects.coded import ABDOMINAL_AORTA, ANATOMICAL_STRUCTURE, ANTERIOR, POSTERIOR, VERTEBRA_CODES
from vascal.io.objects.context import ObjectContext
from vascal.io.objects.envelope import ABDOMEN, Kind, describe_scheme, start_object, to_bytes
from vascal.io.objects.seg import WrittenSeg, refer_to_seg
from vascal.io.objects.seg_dataset import SEG_CLASSES, SegmentationPlan, fill_segmentation
from vascal.io.objects.seg_frames import Plane
from vascal.io.objects.segments import Algorithm, Segment, SegmentCode, tracking_uid
from vascal.radiograph import Radiograph
from vascal.wall_levels import LEVELS, WALLS

WALL_WIDTH_MM = 2.0
"""Width at which calcified wall is drawn. The reader finds a line, not an outline, so the width means nothing."""
WALL_CODES = {"anterior": ANTERIOR, "posterior": POSTERIOR}

FilmMask = Bool[np.ndarray, "row column"]


def write_film_seg(
    film: Radiograph,
    reading: FilmReading,
    context: ObjectContext,
    *,
    algorithm: Algorithm,
    colours: Mapping[str, str],
) -> WrittenSeg | None:
    """Write calcified aortic wall and the vertebrae L1 to L4 of a film.

    Parameters
    ----------
    film
        As it was graded.
    reading
        Walls and vertebrae on the film's pixels.
    context
        Header of the film.
    algorithm
        What read it.
    colours
        ``#rrggbb`` by ``anterior``, ``posterior`` and ``vertebra``.

    Returns
    -------
    WrittenSeg or None
        None where there is neither calcified wall nor one of the vertebrae.

    Raises
    ------
    GridMismatchError
        If the film was not read from the context's image.
    """
    source = context.sources[0]
    shape = (1, integer_of(source, "Rows") or 0, integer_of(source, "Columns") or 0)
    segments = segment_film(film, reading, context, colours)
    if not segments:
        return None
    plan = SegmentationPlan(
        segments=segments,
        shape=shape,
        planes=(
            Plane(sop_class_uid=text_of(source, "SOPClassUID"), sop_instance_uid=text_of(source, "SOPInstanceUID")),
        ),
        place=None,
        source=source,
        algorithm=algorithm,
        label="AAC",
        description="Calcified aortic wall and the vertebrae it was graded by",
    )
    dataset = start_object(
        context,
        Kind(
            name="seg",
            sop_class_uid=SEG_CLASSES["binary"],
            description="vascal abdominal aortic calcification",
            body_part=ABDOMEN,
        ),
    )
    fill_segmentation(dataset, plan)
    describe_scheme(dataset)
    return WrittenSeg(data=to_bytes(dataset), reference=refer_to_seg(dataset, segments))


def segment_film(
    film: Radiograph, reading: FilmReading, context: ObjectContext, colours: Mapping[str, str]
) -> tuple[Segment, ...]:
    """Make segments of calcified wall (``anterior wall``, ``posterior wall``) and of ``L1`` to ``L4``.

    Their voxels count on the film as it is stored.
    """
    stored = (integer_of(context.sources[0], "Rows") or 0, integer_of(context.sources[0], "Columns") or 0)
    turns = quarter_turns(texts_of(context.sources[0], "PatientOrientation"))
    found = []
    for name, label, code, mask in _structures(film, reading):
        turned = np.rot90(mask, -turns)
        if turned.shape != stored:
            raise GridMismatchError(f"a film of {turned.shape} pixels, stored with {stored}; needed: the same film")
        colour = colours.get(name.split()[0]) or colours.get("vertebra")
        index = np.flatnonzero(turned)
        uid = tracking_uid(context, name)
        found.append(Segment(name=name, label=label, code=code, index=index, colour=colour, tracking_uid=uid))
    return tuple(segment for segment in found if segment.index.size)


def _plane_of(source: Dataset) -> Plane:
    return Plane(sop_class_uid=text_of(source, "SOPClassUID"), sop_instance_uid=text_of(source, "SOPInstanceUID"))


def quarter_turns(orientation: tuple[str, ...]) -> int:
    """Give by how many quarter turns against the clock the reader of films turned one of this Patient Orientation."""
    letters = tuple(one[:1].upper() for one in orientation)
    return TURNS.get((letters[0], letters[1]), 0) if len(letters) == 2 else 0


def paint_wall(path: WallPath, shape: tuple[int, int], spacing_mm: tuple[float, float]) -> FilmMask:
    """Paint the calcified stretches of a wall as a line of `WALL_WIDTH_MM`."""
    painted = np.zeros(shape, dtype=np.bool_)
    reach_mm = max(WALL_WIDTH_MM / 2, 0.5 * max(spacing_mm))
    rows, columns = (np.arange(-(n := int(reach_mm / one) + 1), n + 1) for one in spacing_mm)
    for row, column in _calcified_points(path):
        near_row, near_column = round(row) + rows, round(column) + columns
        away = np.hypot(((near_row - row) * spacing_mm[0])[:, None], ((near_column - column) * spacing_mm[1])[None, :])
        i, j = np.nonzero(away <= reach_mm)
        i, j = near_row[i], near_column[j]
        inside = (i >= 0) & (i < shape[0]) & (j >= 0) & (j < shape[1])
        painted[i[inside], j[inside]] = True
    return painted


def _calcified_points(path: WallPath) -> Iterator[tuple[float, float]]:
    """Give calcified points, and points at most half a pixel apart between neighbours that both are."""
    for number in np.flatnonzero(path.is_calcified):
        yield float(path.points[number][0]), float(path.points[number][1])
    for first, second in pairwise(range(len(path.points))):
        if path.is_calcified[first] and path.is_calcified[second]:
            a, b = path.points[first], path.points[second]
            steps = int(2 * np.hypot(*(b - a)))
            for share in np.arange(1, steps) / max(steps, 1):
                row, column = a + share * (b - a)
                yield float(row), float(column)


def _structures(film: Radiograph, reading: FilmReading) -> Iterator[tuple[str, str, SegmentCode, FilmMask]]:
    shape = (film.pixels.shape[0], film.pixels.shape[1])
    for wall in WALLS:
        code = SegmentCode(region=ABDOMINAL_AORTA, region_modifier=WALL_CODES[wall])
        mask = paint_wall(reading.paths[wall], shape, film.spacing_mm)
        yield f"{wall} wall", f"{wall.capitalize()} wall, calcified", code, mask
    for level in LEVELS:
        code = SegmentCode(category=ANATOMICAL_STRUCTURE, kind=VERTEBRA_CODES[level])
        yield level, level, code, reading.vertebrae == VERTEBRAE.index(level) + 1
