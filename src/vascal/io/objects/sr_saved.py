"""What a structured report of vascal carries, laid out as `score.json` is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydicom.dataset import Dataset

from vascal.calcium.lesions import VESSELS
from vascal.io.dicom_values import text_of
from vascal.io.objects import sr_codes as codes
from vascal.io.objects.coded import Coded, private_code
from vascal.io.objects.segments import ALL
from vascal.io.objects.sr_codes import Quantity
from vascal.io.objects.sr_film import TOTAL, name_level
from vascal.io.objects.sr_tree import Item
from vascal.wall_levels import LEVELS, WALLS, Level

Key = TypeVar("Key")
TOLERANCE = 1e-6
Groups = Mapping[str, Item]


def lay_out_score(dataset: Dataset, root: Item, groups: Groups) -> dict[str, Any]:
    """Lay a calcium score out.

    Raises
    ------
    ValueError
        If something is lacking, or vessels do not add up to the total.
    """
    said = root.child(codes.EVALUATIONS)
    quotable = _is_quotable(said)
    quantities = codes.QUOTED_SUMS if quotable else codes.UNQUOTED_SUMS
    total = _sums(groups[ALL], quantities)
    vessels = {name: _sums(groups.get(name), quantities) for name in VESSELS}
    vessels |= {name: _sums(group, quantities) for name, group in groups.items() if name not in (ALL, *VESSELS)}
    _require_sums(total, vessels)
    return {
        "kind": "cac",
        **_verdict(said, quotable),
        "series": _series(dataset, root),
        "rule": {"name": said.child(private_code("SCORING-RULE")).text},
        "total": total,
        "vessels": vessels,
        "interpretation": _interpretation(said, groups[ALL]) if quotable else dict.fromkeys(_UNTOLD),
        "caveats": _caveats(said),
        "provenance": _provenance(dataset, root, said),
    }


_UNTOLD = ("risk_category", "cac_drs", "uncertainty")
"""Null in `score.json` where the total must not be quoted."""


def _sums(group: Item | None, quantities: Sequence[Quantity]) -> dict[str, float | int | None]:
    """Give the numbers of a group; a vessel that has none has no calcium, and no calcium has no density."""
    if group is None:
        empty: dict[str, float | int | None] = {what.field: 0 if what.is_count else 0.0 for what in quantities}
        return empty | ({"density": None} if "density" in empty else {})
    found = group.numbers(quantities)
    lacking = [what.field for what in quantities if what.field not in found and what.field != "density"]
    if lacking:
        raise ValueError(f"no {lacking[0]}")
    return {what.field: found.get(what.field) for what in quantities}


def _require_sums(total: Mapping[str, Any], vessels: Mapping[str, Mapping[str, Any]]) -> None:
    for field in ("agatston", "lesions"):
        added = sum(one[field] for one in vessels.values())
        if not math.isclose(added, total[field], rel_tol=TOLERANCE, abs_tol=TOLERANCE):
            raise ValueError(f"vessels add up to {added:g}, the total is {total[field]:g}")


def _is_quotable(said: Item) -> bool:
    return _truth(said, private_code("QUOTABLE")) is True


def _truth(said: Item, name: Coded) -> bool | None:
    return {codes.YES.key: True, codes.NO.key: False, codes.UNDETERMINED.key: None}[said.child(name).code or ("", "")]


def _verdict(said: Item, quotable: bool) -> dict[str, Any]:
    return {"is_quotable": quotable, "found_by": _answer(said, private_code("FOUND-BY"), codes.FINDERS)}


def _answer(said: Item, name: Coded, answers: Mapping[Key, Coded]) -> Key:
    """Give the word of `score.json` for a code."""
    code = said.child(name).code
    words = [word for word, one in answers.items() if one.key == code]
    if len(words) != 1:
        raise ValueError(f"{name.meaning} is answered by a code that vascal does not write")
    return words[0]


def _series(dataset: Dataset, root: Item) -> dict[str, Any]:
    images = root.child(codes.LIBRARY).child(codes.LIBRARY_GROUP)
    facts = {name: images.find(concept) for name, concept in _FACTS.items()}
    known = {name: None if one is None else one.number for name, one in facts.items()}
    spacing = known.pop("spacing_between_slices_mm")
    gated = _truth(root.child(codes.EVALUATIONS), private_code("GATED"))
    return {
        **_images(dataset),
        "acquisition": {**known, "gating": {"is_gated": gated}},
        "spacing_between_slices_mm": spacing,
    }


_FACTS: Mapping[str, Coded] = {
    "kvp": codes.KVP,
    "slice_thickness_mm": codes.SLICE_THICKNESS,
    "spacing_between_slices_mm": codes.SLICE_SPACING,
}


def _images(dataset: Dataset) -> dict[str, str]:
    """Name the study and the series of the images, which are the first that a report refers to."""
    study = dataset.CurrentRequestedProcedureEvidenceSequence[0]
    return {
        "study_instance_uid": text_of(study, "StudyInstanceUID"),
        "series_instance_uid": text_of(study.ReferencedSeriesSequence[0], "SeriesInstanceUID"),
    }


def _interpretation(said: Item, total: Item) -> dict[str, Any]:
    drs = [said.child(private_code(name)).code for name in ("CAC-DRS-A", "CAC-DRS-N")]
    doubt = total.numbers((*codes.CT_INTERVAL, codes.ZERO_PROBABILITY))
    facts = total.numbers(codes.MEANINGS)
    return {
        "risk_category": _answer(said, private_code("CAC-CATEGORY"), codes.CATEGORIES),
        "cac_drs": "/".join(code[0] for code in drs if code),
        "vessels_with_calcium": facts["vessels_with_calcium"],
        "diffusivity": facts.get("diffusivity"),
        "repeat_limit_95": total.numbers((codes.REPEAT_LIMIT,)),
        "uncertainty": doubt or None,
    }


def _caveats(said: Item) -> list[dict[str, str]]:
    return [
        {
            "code": caveat.child(private_code("CAVEAT-CODE")).text,
            "message": caveat.text,
            "severity": _answer(caveat, private_code("CAVEAT-SEVERITY"), codes.SEVERITIES),
        }
        for caveat in said.find_all(private_code("CAVEAT"))
    ]


def _provenance(dataset: Dataset, root: Item, said: Item) -> dict[str, Any]:
    measured, finder = root.child(codes.MEASUREMENTS), said.find(private_code("FINDER"))
    sources = dataset.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]
    return {
        "software": measured.child(codes.ALGORITHM_NAME).text,
        "version": measured.child(codes.ALGORITHM_VERSION).text,
        "finder": None if finder is None else finder.text,
        "source_uids": [text_of(one, "ReferencedSOPInstanceUID") for one in sources.ReferencedSOPSequence],
    }


def lay_out_film(dataset: Dataset, root: Item, groups: Groups) -> dict[str, Any]:
    """Lay a graded film out.

    Raises
    ------
    ValueError
        If something is lacking, or grades do not add up to the total.
    """
    said = root.child(codes.EVALUATIONS)
    quotable = _is_quotable(said)
    levels = {level: _level(groups, level) for level in LEVELS}
    total = groups[TOTAL].numbers((codes.AAC24 if quotable else codes.AAC_SUM,))
    added = sum(levels[level][wall]["grade"] for level in LEVELS for wall in WALLS)
    if total["aac24"] != added:
        raise ValueError(f"grades add up to {added}, the total is {total['aac24']}")
    provenance = _provenance(dataset, root, said)
    return {
        "kind": "aac",
        **_verdict(said, quotable),
        "film": {**_images(dataset), "sop_instance_uid": provenance["source_uids"][0]},
        "total": {**total, **(_film_total(said, groups[TOTAL]) if quotable else dict.fromkeys(_UNTOLD_OF_FILM))},
        "levels": levels,
        "caveats": _caveats(said),
        "provenance": provenance,
    }


_UNTOLD_OF_FILM = ("interval", "expected", "zero_probability", "classes")
"""Null in a film's `score.json` where the total must not be quoted."""


def _level(groups: Groups, level: Level) -> dict[str, Any]:
    """Give both walls of a level; its points are their sum, and how sure it is may not be known."""
    walls: dict[str, Any] = {wall: groups[f"{level} {wall}"].numbers(codes.WALL_NUMBERS) for wall in WALLS}
    group = groups.get(name_level(level))
    sure = {} if group is None else group.numbers((codes.LEVEL_SURE,))
    points = sum(one["grade"] for one in walls.values())
    return {**walls, "points": points, "confidence": sure.get("confidence")}


def _film_total(said: Item, group: Item) -> dict[str, Any]:
    eight = group.numbers(codes.AAC8)
    unit = {"unit": _answer(said, private_code("AAC8-UNIT"), codes.HEIGHTS)} if eight else {}
    return {
        **group.numbers(codes.FILM_TOTALS),
        "interval": group.numbers(codes.FILM_INTERVAL),
        "aac8": {**eight, **unit} if eight else None,
        "classes": {scheme: {"class": _class(said, scheme)} for scheme in codes.CLASS_SCHEMES},
    }


def _class(said: Item, scheme: str) -> str:
    names = {name: one for (of_scheme, name), one in codes.CLASSES.items() if of_scheme == scheme}
    return _answer(said, codes.CLASS_SCHEMES[scheme], names)
