"""Saved results of every kind that is sent, for tests of what is written from them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

from tests.aac.made_film import FACTS, make_aac_report, make_film, make_reading
from tests.report.make_report import make_report
from vascal.calcium.uncertainty import TotalUncertainty
from vascal.io.aac_results import aac_to_dict
from vascal.io.patient_identity import PatientIdentity
from vascal.io.results import report_to_dict

IDENTITY = PatientIdentity(
    patient_id="P|77",
    issuer="1.2.276.0.76",
    id_system="urn:oid:1.2.276.0.76",
    name="Müller^Jörg^Otto^Dr^jun=山田^太郎",
    birth_date=date(1950, 1, 2),
    sex="M",
    accession_number="A&1",
)


def _as_read(saved: dict[str, Any]) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(json.dumps(saved))
    return read


def make_ct() -> dict[str, Any]:
    """12.5 Agatston units: LM 4.5, RCA 8, found by networks, with an interval."""
    doubt = TotalUncertainty(
        low=8.0,
        high=20.0,
        level=0.95,
        zero_probability=0.01,
        categories={"0": 0.01, "1-10": 0.1, "11-100": 0.89, "101-400": 0.0, ">400": 0.0},
    )
    return _as_read(report_to_dict(replace(make_report(), found_by="learned", uncertainty=doubt)))


def make_zero_ct() -> dict[str, Any]:
    """No calcium at all."""
    saved = make_ct()
    nothing = {"agatston": 0.0, "volume_mm3": 0.0, "volume_isotropic_mm3": 0.0, "mass_mg": 0.0, "density": None}
    for sums in (saved["total"], *saved["vessels"].values()):
        sums |= {**nothing, "mass_integrated_mg": 0.0, "mass_volume_fraction_mg": 0.0, "lesions": 0}
    saved["lesions"] = []
    saved["interpretation"] |= {"risk_category": "0", "cac_drs": "A0/N0", "vessels_with_calcium": 0}
    saved["interpretation"] |= {"diffusivity": None, "uncertainty": None}
    return saved


def make_enhanced_ct() -> dict[str, Any]:
    """A scan with contrast agent, whose total must not be quoted."""
    return _as_read(report_to_dict(make_report(quotable=False)))


def make_odd_ct() -> dict[str, Any]:
    """Vessels of other names, no kV, no gating, and no DICOM."""
    saved = make_ct()
    saved["vessels"] |= {"unassigned": saved["vessels"]["LM"], "D1 <&|^~\\>": saved["vessels"]["RCA"]}
    saved["series"]["acquisition"]["kvp"] = None
    saved["series"]["acquisition"]["gating"]["is_gated"] = None
    saved["series"] |= {"source_format": "nifti", "study_instance_uid": "scan one", "study_date": ""}
    saved["provenance"] |= {"source_uids": ["sha256:" + "0" * 64], "labels_sha256": "1" * 64, "finder": None}
    return saved


def make_graded_film() -> dict[str, Any]:
    """AAC-24 of 13."""
    return _as_read(aac_to_dict(make_aac_report()))


def make_refused_film() -> dict[str, Any]:
    """A film that may not be a lateral one, so that its total must not be quoted."""
    return _as_read(aac_to_dict(make_aac_report(reading=make_reading(lateral_probability=0.2))))


def make_plain_film() -> dict[str, Any]:
    """A picture file without AAC-8."""
    plain = make_film(facts=replace(FACTS, kvp=None, series_number=None, source_format="png"))
    report = make_aac_report(film=plain)
    return _as_read(aac_to_dict(replace(report, score=replace(report.score, aac8=None))))


KINDS = {
    "ct": make_ct,
    "zero": make_zero_ct,
    "enhanced": make_enhanced_ct,
    "odd": make_odd_ct,
    "film": make_graded_film,
    "refused film": make_refused_film,
    "plain film": make_plain_film,
}
"""A maker by what it makes."""
