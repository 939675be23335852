"""DICOM objects of one result: what is written into the folder `dicom`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vascal.errors import InputError
from vascal.film_pipeline import ScoredFilm
from vascal.io.objects.capture import Capture, capture_pictures, refer_to_capture
from vascal.io.objects.context import ObjectContext
from vascal.io.objects.encapsulated_pdf import encapsulate_pdf
from vascal.io.objects.envelope import ABDOMEN, HEART
from vascal.io.objects.film_seg import write_film_seg
from vascal.io.objects.key_images import select_key_images
from vascal.io.objects.references import ImageReference, refer_to_slices, reference_of
from vascal.io.objects.seg import WrittenSeg, write_result_seg
from vascal.io.objects.segments import Algorithm
from vascal.io.objects.sr_ct import describe_score
from vascal.io.objects.sr_document import device_uid
from vascal.io.objects.sr_film import describe_film
from vascal.pipeline import ScoredSeries
from vascal.render.palette import VERTEBRA_COLOUR, VESSEL_COLOURS, WALL_COLOURS
from vascal.render.slices import choose_slices
from vascal.result_options import OBJECT_FILES, ResultOptions
from vascal.study import Series

KEY_SLICES = 8
"""Slices that are selected, as many as the picture shows at most."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResultParts:
    """A result as it stands: what objects are made of.

    Parameters
    ----------
    saved
        Content of its `score.json`.
    overlay_png
        The picture.
    pdf
        The printed page; None where it was not asked for.
    """

    saved: Mapping[str, Any]
    overlay_png: bytes
    pdf: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What picture and key images show, in words, as images, and of which part of the body."""

    what: str
    key_images: Sequence[ImageReference]
    body_part: str


def make_series_objects(
    scored: ScoredSeries, series: Series, parts: ResultParts, context: ObjectContext, options: ResultOptions
) -> dict[str, bytes]:
    """Make the objects that were asked for of a scored series, by file name.

    Raises
    ------
    InputError
        If a correction scored other slices than the images have.
    """
    if scored.volume.grid.shape != series.grid.shape and {"seg", "key-objects"} & set(options.objects):
        raise InputError(
            "--compensate scored thicker slices than the images have, and no segmentation of them fits the images; "
            "leave out --compensate, or name objects without seg and key-objects"
        )
    seg = None
    if "seg" in options.objects:
        layout = options.layout
        algorithm = _name_algorithm(parts.saved)
        lesions = scored.finding.lesions
        seg = write_result_seg(lesions, series, context, algorithm=algorithm, colours=VESSEL_COLOURS, layout=layout)
    made = {} if seg is None else {OBJECT_FILES["seg"]: seg.data}
    if "sr" in options.objects:
        made[OBJECT_FILES["sr"]] = describe_score(parts.saved, context, None if seg is None else seg.reference)
    what = "Key slices with outlined coronary calcium, and a coronal overview"
    key_images = _find_key_slices(scored, series, context) if "key-objects" in options.objects else []
    return made | _make_common(parts, context, options, Shown(what=what, key_images=key_images, body_part=HEART))


def make_film_objects(
    scored: ScoredFilm, parts: ResultParts, context: ObjectContext, options: ResultOptions
) -> dict[str, bytes]:
    """Make the objects that were asked for of a graded film, by file name."""
    seg: WrittenSeg | None = None
    if "seg" in options.objects:
        colours = {**WALL_COLOURS, "vertebra": VERTEBRA_COLOUR}
        algorithm = _name_algorithm(parts.saved)
        seg = write_film_seg(scored.film, scored.reading, context, algorithm=algorithm, colours=colours)
    made = {} if seg is None else {OBJECT_FILES["seg"]: seg.data}
    if "sr" in options.objects:
        made[OBJECT_FILES["sr"]] = describe_film(parts.saved, context, None if seg is None else seg.reference)
    what = "The film with the walls of the aorta and the levels they were graded by"
    shown = Shown(what=what, key_images=[reference_of(context.sources[0])], body_part=ABDOMEN)
    return made | _make_common(parts, context, options, shown)


def _make_common(parts: ResultParts, context: ObjectContext, options: ResultOptions, shown: Shown) -> dict[str, bytes]:
    """Make what series and films have in common: page, picture, selection of images."""
    made = {}
    if "pdf" in options.objects and parts.pdf is not None:
        made[OBJECT_FILES["pdf"]] = encapsulate_pdf(parts.pdf, _for_document(context, parts.pdf), "vascal report")
    captured: tuple[ImageReference, ...] = ()
    if "capture" in options.objects:
        picture = Capture(png=parts.overlay_png, description=shown.what)
        (made[OBJECT_FILES["capture"]],) = capture_pictures([picture], context, body_part=shown.body_part)
        captured = (refer_to_capture(context, 1),)
    if "key-objects" in options.objects:
        made[OBJECT_FILES["key-objects"]] = select_key_images(
            context, [*shown.key_images, *captured], shown.what, device_uid=device_uid(parts.saved)
        )
    return made


def _for_document(context: ObjectContext, pdf: bytes) -> ObjectContext:
    """Give a document identifiers of its own: the page may say more, or in another language, of the same score."""
    return replace(context, seed=f"{context.seed}{hashlib.sha256(pdf).hexdigest()}")


def _name_algorithm(saved: Mapping[str, Any]) -> Algorithm:
    made_by = saved["provenance"]
    rule = saved.get("rule", {}).get("name")
    said = (made_by["finder"] and f"finder {made_by['finder']}", rule and f"rule {rule}")
    return Algorithm(
        version=made_by["version"],
        parameters="; ".join(part for part in said if part) or None,
        is_automatic=saved["found_by"] != "labels",
    )


def _find_key_slices(scored: ScoredSeries, series: Series, context: ObjectContext) -> list[ImageReference]:
    """Refer to the slices that the picture shows, from head to feet."""
    heart = scored.anatomy.structures
    slices = choose_slices(scored.volume.grid, scored.finding.lesions, heart, KEY_SLICES)
    return list(refer_to_slices(series, slices, context))
