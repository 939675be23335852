"""A calcium score as a structured report: DICOM Comprehensive 3D SR by TID 1500.

One measurement group for each vessel with calcium and one for the total, each tied to its segment. A document
holds groups of one kind only, because validators and readers choose the kind once: with a segmentation all are
volumetric regions (TID 1411), without one all are plain groups (TID 1501).

Source: DICOM PS3.16, TID 1500, 1411, 1419, 1501.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydicom.dataset import Dataset

from vascal.calcium.lesions import VESSELS, vessel_order
from vascal.errors import InputError
from vascal.io.dicom_values import text_of
from vascal.io.objects import sr_codes as codes
from vascal.io.objects.coded import CORONARY_ARTERY, VASCULAR_CALCIFICATION, VESSEL_CODES, private_code
from vascal.io.objects.context import ObjectContext
from vascal.io.objects.segments import ALL, SegReference, code_vessel
from vascal.io.objects.sr_codes import Quantity
from vascal.io.objects.sr_content import contain, point_to, say_code, say_number, say_text, say_uid
from vascal.io.objects.sr_document import device_uid, refer_to_seg, require_sources, write_report
from vascal.io.objects.sr_frame import (
    evaluate_result,
    find_standing,
    identify_algorithm,
    list_caveats,
    list_images,
    say_numbers,
    track,
    write_root,
)
from vascal.io.results import SCHEMA

DESCRIPTION = "vascal coronary calcium"


def describe_score(saved: Mapping[str, Any], context: ObjectContext, segmentation: SegReference | None = None) -> bytes:
    """Write a calcium score as a structured report.

    Parameters
    ----------
    saved
        Content of a `score.json` of kind ``cac``.
    context
        The CT images it was measured on.
    segmentation
        Where each vessel's calcium lies; without it, or where one of its segments is lacking (a label map has
        none for the total), the report stands alone.

    Returns
    -------
    bytes
        A DICOM file; the same input gives the same bytes.

    Raises
    ------
    InputError
        If `saved` is no calcium score of vascal, or `context` holds other images.
    """
    if saved.get("schema") != SCHEMA:
        raise InputError(f"schema {saved.get('schema')!r} is no calcium score; needed: {SCHEMA!r}")
    require_sources(context, saved)
    vessels = sorted((name for name, one in saved["vessels"].items() if one["lesions"]), key=vessel_order)
    usable = segmentation if _has_all(segmentation, vessels) else None
    content = write_root(
        saved,
        procedure=codes.CT_PROCEDURE,
        library=list_images(context, codes.HEART, _acquire(saved)),
        groups=_measure(saved, vessels, context, usable),
        evaluations=[*evaluate_result(saved), *_interpret(saved), *list_caveats(saved)],
    )
    return write_report(
        context,
        content,
        description=DESCRIPTION,
        standing=find_standing(saved),
        device=device_uid(saved),
        segmentation=usable,
    )


def _has_all(segmentation: SegReference | None, vessels: list[str]) -> bool:
    return segmentation is not None and bool(vessels) and {ALL, *vessels} <= set(segmentation.segment_numbers)


def _acquire(saved: Mapping[str, Any]) -> Iterator[Dataset]:
    """State what of the acquisition decides what a score means."""
    series = saved["series"]
    values = {
        "kvp": series["acquisition"]["kvp"],
        "slice_thickness_mm": series["acquisition"]["slice_thickness_mm"],
        "spacing_between_slices_mm": series["spacing_between_slices_mm"],
    }
    for name, concept, unit in (
        ("kvp", codes.KVP, codes.KV),
        ("slice_thickness_mm", codes.SLICE_THICKNESS, codes.MM),
        ("spacing_between_slices_mm", codes.SLICE_SPACING, codes.MM),
    ):
        if values[name] is not None:
            yield say_number(Quantity(field=name, concept=concept, unit=unit), values[name], "HAS ACQ CONTEXT")


def _measure(
    saved: Mapping[str, Any], vessels: list[str], context: ObjectContext, segmentation: SegReference | None
) -> Iterator[Dataset]:
    """Make the groups: the total, which a scan without calcium has too, then each vessel with calcium."""
    quantities = codes.QUOTED_SUMS if saved["is_quotable"] else codes.UNQUOTED_SUMS
    algorithm = identify_algorithm(saved)[:2]
    is_calcium = saved["is_quotable"] and bool(vessels)
    numbers = [*say_numbers(quantities, saved["total"], children=algorithm), *_total_facts(saved)]
    yield _group(ALL, [*_find(is_calcium), *_place(ALL, context, segmentation)], numbers, context)
    for name in vessels:
        numbers = say_numbers(quantities, saved["vessels"][name], children=algorithm)
        yield _group(name, [*_find(is_calcium), *_place(name, context, segmentation)], numbers, context)


def _group(name: str, shown: list[Dataset], numbers: list[Dataset], context: ObjectContext) -> Dataset:
    return contain(codes.GROUP, [*track(context, name), *shown, *_locate(name), *numbers])


def _locate(name: str) -> list[Dataset]:
    """Say where, in the codes of the segmentation: an artery, or the coronary arteries and which part of them."""
    code = code_vessel(name)
    more = [] if code.kind_modifier is None else [say_code(codes.TOPOGRAPHY, code.kind_modifier, "HAS CONCEPT MOD")]
    return [say_code(codes.FINDING_SITE, code.region or CORONARY_ARTERY, "HAS CONCEPT MOD", more)]


def _find(is_calcium: bool) -> list[Dataset]:
    """Name the finding, where it may be called calcification."""
    return [say_code(codes.FINDING, VASCULAR_CALCIFICATION)] if is_calcium else []


def _place(name: str, context: ObjectContext, segmentation: SegReference | None) -> list[Dataset]:
    if segmentation is None:
        return []
    number = segmentation.segment_numbers[name]
    segment = point_to(codes.REFERENCED_SEGMENT, refer_to_seg(segmentation), segment=number)
    return [segment, say_uid(codes.SOURCE_SERIES, text_of(context.sources[0], "SeriesInstanceUID"))]


def _total_facts(saved: Mapping[str, Any]) -> list[Dataset]:
    """State what only a total has, and only if it may be quoted; its interval is numbers beside it (see TID 1419)."""
    if not saved["is_quotable"]:
        return []
    meaning = saved["interpretation"]
    return [
        *say_numbers(codes.CT_INTERVAL, meaning["uncertainty"] or {}),
        *say_numbers((codes.ZERO_PROBABILITY,), meaning["uncertainty"] or {}),
        *say_numbers((codes.REPEAT_LIMIT,), meaning["repeat_limit_95"]),
        *say_numbers(codes.MEANINGS, meaning),
    ]


def _interpret(saved: Mapping[str, Any]) -> Iterator[Dataset]:
    """State categories, rule and gating in words of a fixed list."""
    meaning, gated = saved["interpretation"], saved["series"]["acquisition"]["gating"]["is_gated"]
    if meaning["risk_category"] is not None:
        yield say_code(private_code("CAC-CATEGORY"), codes.CATEGORIES[meaning["risk_category"]])
    if meaning["cac_drs"] is not None:
        for name, grade in zip(("CAC-DRS-A", "CAC-DRS-N"), meaning["cac_drs"].split("/"), strict=True):
            yield say_code(private_code(name), private_code(grade))
    yield say_text(private_code("SCORING-RULE"), saved["rule"]["name"])
    answer = codes.UNDETERMINED if gated is None else codes.YES if gated else codes.NO
    yield say_code(private_code("GATED"), answer)
    for name in VESSELS:
        if not saved["vessels"][name]["lesions"] and saved["is_quotable"]:
            yield say_code(private_code("NO-CALCIUM-IN"), VESSEL_CODES[name])
