"""Saved scores of many kinds, and the images they are about, for structured reports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset

from tests.aac.made_film import FACTS, SHARES, make_aac_report, make_film, make_reading
from tests.io.make_ct import make_slice
from tests.io.make_film import make_film as make_film_header
from tests.report.make_report import make_report
from vascal.io.aac_results import aac_to_json
from vascal.io.objects.context import ObjectContext
from vascal.io.objects.segments import ALL, SegReference
from vascal.io.results import report_to_json

STUDY: dict[str, Any] = {
    "PatientName": "Muster^Eva",
    "StudyID": "S1",
    "StudyTime": "101112",
    "AccessionNumber": "A-1",
    "StudyDescription": "Heart",
}
DOUBT: dict[str, Any] = {
    "agatston_low": 3.14159265358979,
    "agatston_high": 31.4159265358979,
    "level": 0.95,
    "zero_probability": 0.0123456789012345,
    "categories": {"0": 0.01, "1-10": 0.4, "11-100": 0.59, "101-400": 0.0, ">400": 0.0},
}


def make_slices(count: int = 6) -> tuple[Dataset, ...]:
    """Headers of one series, without pixels."""
    slices = tuple(make_slice(index, (-10.0, -10.0, 100.0 + 3 * index), **STUDY) for index in range(count))
    for one in slices:
        del one.PixelData
    return slices


def make_saved(**changes: Any) -> dict[str, Any]:
    """A saved score with plaque in LM and RCA, as `vascal score` writes it."""
    saved: dict[str, Any] = json.loads(report_to_json(make_report(**changes)))
    saved["provenance"]["source_uids"] = [str(one.SOPInstanceUID) for one in make_slices()]
    saved["series"]["study_instance_uid"] = str(make_slices()[0].StudyInstanceUID)
    saved["series"]["series_instance_uid"] = str(make_slices()[0].SeriesInstanceUID)
    return saved


def share_out(saved: Mapping[str, Any], shares: Mapping[str, float]) -> dict[str, Any]:
    """Give the total's calcium to other vessels, by shares that add up to 1."""
    out = deepcopy(dict(saved))
    empty = {**dict.fromkeys(out["total"], 0.0), "density": None, "lesions": 0}
    out["vessels"] = {name: dict(empty) for name in ("LM", "LAD", "LCX", "RCA")}
    for name, share in shares.items():
        out["vessels"][name] = {key: value * share for key, value in out["total"].items()}
        out["vessels"][name] |= {"density": out["total"]["density"], "lesions": 1}
    out["total"]["lesions"] = len(shares)
    return out


def without_calcium() -> dict[str, Any]:
    """A saved score of 0."""
    saved = share_out(make_saved(), {})
    saved["total"] = {**dict.fromkeys(saved["total"], 0.0), "density": None, "lesions": 0}
    saved["interpretation"] |= {
        "risk_category": "0", "cac_drs": "A0/N0", "vessels_with_calcium": 0, "diffusivity": None
    }  # fmt: skip
    return saved


def make_segmentation(saved: Mapping[str, Any], *, has_all: bool = True) -> SegReference:
    """A segmentation of the vessels with calcium."""
    names = [name for name, one in saved["vessels"].items() if one["lesions"]]
    names += [ALL] if has_all else []
    return SegReference(
        sop_class_uid="1.2.840.10008.5.1.4.1.1.66.4",
        sop_instance_uid="2.25.4711",
        series_instance_uid="2.25.4710",
        segment_numbers={name: number for number, name in enumerate(names, start=1)},
    )


def make_context(saved: Mapping[str, Any], sources: tuple[Dataset, ...] | None = None) -> ObjectContext:
    """The images of a saved score."""
    seed = json.dumps(saved, sort_keys=True)
    return ObjectContext(sources=make_slices() if sources is None else sources, seed=seed, version="0.1.0")


def make_film_source() -> Dataset:
    """Header of a lateral film, without pixels."""
    film = make_film_header(modality="DX", **STUDY)
    del film.PixelData
    return film


def make_saved_film(*, quotable: bool = True, has_aac8: bool = True, is_zero: bool = False) -> dict[str, Any]:
    """A graded film, as `vascal score` writes it: 0 1 | 1 1 | 2 2 | 3 3 unless it is zero."""
    source = make_film_source()
    facts = replace(
        FACTS,
        study_instance_uid=str(source.StudyInstanceUID),
        series_instance_uid=str(source.SeriesInstanceUID),
        sop_instance_uid=str(source.SOPInstanceUID),
    )
    shares = (0.0,) * 8 if is_zero else SHARES
    reading = make_reading(shares=shares, lateral_probability=1.0 if quotable else 0.2)
    report = make_aac_report(film=make_film(facts=facts, shares=shares), reading=reading)
    if not has_aac8:
        report = replace(report, score=replace(report.score, aac8=None))
    saved: dict[str, Any] = json.loads(aac_to_json(report))
    saved["provenance"]["source_uids"] = [str(source.SOPInstanceUID)]
    return saved


def save(folder: Path, name: str, content: bytes) -> Path:
    """Put an object into a file."""
    path = folder / f"{name}.dcm"
    path.write_bytes(content)
    return path
