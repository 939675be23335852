"""A graded film as a structured report: DICOM Comprehensive 3D SR by TID 1500.

Groups of TID 1501: one for the total, one for each of L1 to L4, and one for each wall of each level. No public code
names AAC-24 or its parts, so they are of 99VASCAL; vertebrae, walls and the aorta have public codes.

Source: DICOM PS3.16, TID 1500 and 1501; Kauppila et al., Atherosclerosis 1997;132:245-250 (AAC-24).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydicom.dataset import Dataset

from vascal.errors import InputError
from vascal.io.aac_results import SCHEMA
from vascal.io.objects import sr_codes as codes
from vascal.io.objects.coded import ABDOMINAL_AORTA, SEGMENTATION, VASCULAR_CALCIFICATION, Coded, private_code
from vascal.io.objects.context import ObjectContext
from vascal.io.objects.segments import SegReference
from vascal.io.objects.sr_content import contain, point_to, say_code
from vascal.io.objects.sr_document import device_uid, refer_to_seg, require_sources, write_report
from vascal.io.objects.sr_frame import (
    evaluate_result,
    find_standing,
    identify_algorithm,
    list_caveats,
    list_images,
    point_to_sources,
    say_numbers,
    track,
    write_root,
)
from vascal.wall_levels import LEVELS, WALL_LEVELS, Level, Wall

TOTAL = "AAC-24"
"""Name of the group of the total."""
DESCRIPTION = "vascal abdominal aortic calcification"


def describe_film(saved: Mapping[str, Any], context: ObjectContext, segmentation: SegReference | None = None) -> bytes:
    """Write the grades of a lateral film as a structured report.

    Parameters
    ----------
    saved
        Content of a `score.json` of kind ``aac``.
    context
        The film that was graded.
    segmentation
        Of the film's calcification, if there is one; the total points to it.

    Returns
    -------
    bytes
        A DICOM file; the same input gives the same bytes.

    Raises
    ------
    InputError
        If `saved` is no graded film of vascal, or `context` holds another film.
    """
    if saved.get("schema") != SCHEMA:
        raise InputError(f"schema {saved.get('schema')!r} is no graded film; needed: {SCHEMA!r}")
    require_sources(context, saved)
    content = write_root(
        saved,
        procedure=codes.FILM_PROCEDURE,
        library=list_images(context, codes.LUMBAR_SPINE),
        groups=_measure(saved, context, segmentation),
        evaluations=[*evaluate_result(saved), *_interpret(saved), *list_caveats(saved)],
    )
    return write_report(
        context,
        content,
        description=DESCRIPTION,
        standing=find_standing(saved),
        device=device_uid(saved),
        segmentation=segmentation,
    )


def _measure(saved: Mapping[str, Any], context: ObjectContext, segmentation: SegReference | None) -> Iterator[Dataset]:
    """Make the groups: total, levels, walls."""
    yield _group(TOTAL, context, [_at(ABDOMINAL_AORTA)], [*_count_total(saved), *_show(context, segmentation)])
    for level in LEVELS:
        points = (codes.LEVEL_POINTS, codes.LEVEL_SURE) if saved["is_quotable"] else (codes.LEVEL_SURE,)
        numbers = say_numbers(points, saved["levels"][level])
        if numbers:
            yield _group(name_level(level), context, [_at(ABDOMINAL_AORTA), _at(codes.LEVEL_CODES[level])], numbers)
    for level, wall in WALL_LEVELS:
        yield _grade_wall(saved, context, level, wall)


def name_level(level: Level) -> str:
    """Name a level as it is tracked; ``L1`` alone is the vertebra, which the segmentation tracks."""
    return f"level {level}"


def _grade_wall(saved: Mapping[str, Any], context: ObjectContext, level: Level, wall: Wall) -> Dataset:
    graded = saved["levels"][level][wall]
    side = say_code(codes.TOPOGRAPHY, codes.WALL_CODES[wall], "HAS CONCEPT MOD")
    finding = [say_code(codes.FINDING, VASCULAR_CALCIFICATION)] if graded["grade"] and saved["is_quotable"] else []
    sites = [_at(ABDOMINAL_AORTA, [side]), _at(codes.LEVEL_CODES[level])]
    return _group(f"{level} {wall}", context, [*finding, *sites], say_numbers(codes.WALL_NUMBERS, graded))


def _group(name: str, context: ObjectContext, where: Iterable[Dataset], content: Iterable[Dataset]) -> Dataset:
    return contain(codes.GROUP, [*track(context, name), *where, *content])


def _at(site: Coded, modifiers: Iterable[Dataset] = ()) -> Dataset:
    return say_code(codes.FINDING_SITE, site, "HAS CONCEPT MOD", modifiers)


def _count_total(saved: Mapping[str, Any]) -> list[Dataset]:
    """State the total; where it must not be quoted, only the sum of the grades, under a code of its own."""
    total, algorithm = saved["total"], identify_algorithm(saved)[:2]
    if not saved["is_quotable"]:
        return say_numbers((codes.AAC_SUM,), total, children=algorithm)
    return [
        *say_numbers((codes.AAC24,), total, children=algorithm),
        *say_numbers(codes.FILM_INTERVAL, total["interval"] or {}),
        *say_numbers(codes.FILM_TOTALS, total),
        *say_numbers(codes.AAC8, total["aac8"] or {}),
    ]


def _show(context: ObjectContext, segmentation: SegReference | None) -> Iterator[Dataset]:
    """Point to the film, and to its segmentation under a name that makes no volume of it (see TID 1500, row 8)."""
    yield from point_to_sources(context, codes.SOURCE_IMAGE)
    if segmentation is not None:
        yield point_to(SEGMENTATION, refer_to_seg(segmentation))


def _interpret(saved: Mapping[str, Any]) -> Iterator[Dataset]:
    """State the classes of the total, and what AAC-8 counted, in words of a fixed list."""
    if not saved["is_quotable"]:
        return
    total = saved["total"]
    for scheme, concept in codes.CLASS_SCHEMES.items():
        if found := (total["classes"] or {}).get(scheme):
            yield say_code(concept, codes.CLASSES[scheme, found["class"]])
    if total["aac8"] is not None:
        yield say_code(private_code("AAC8-UNIT"), codes.HEIGHTS[total["aac8"]["unit"]])
