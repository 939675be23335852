"""A simulated scan on disk: DICOM, truth as JSON, label maps as NIfTI and DICOM SEG."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np

from vascal.errors import OutputError
from vascal.io.atomic import write_file
from vascal.io.ct_writer import CtDescription, write_ct_series
from vascal.io.nifti import write_label_map
from vascal.io.seg_writer import write_seg
from vascal.simulate.ct.protocol import Protocol, Region
from vascal.simulate.ct.qrm import QrmPlan, simulate_qrm, vary_qrm
from vascal.simulate.ct.scan import PlaqueTruth, SimulatedScan, scan_patient
from vascal.simulate.ct.study_plan import PlannedScan
from vascal.study import Patient
from vascal.volume import LabelMap, Volume

NOTICE = "SIMULATED: computed from a parametric phantom; no patient was scanned"
BODY_PARTS: Mapping[Region, Literal["HEART", "CHEST", "ABDOMEN", "WHOLEBODY"]] = {
    "heart": "HEART", "chest": "CHEST", "abdomen": "ABDOMEN", "trunk": "WHOLEBODY",
}  # fmt: skip
AGENT = "SIMULATED IODINE"
LESION_COLUMNS = (
    "patient_id", "series_number", "protocol", "number", "site", "vessel", "segment", "mass_mg", "volume_mm3",
    "density_mg_cm3", "kind", "center_x_mm", "center_y_mm", "center_z_mm", "seen_mg", "peak_hu", "contrast_to_noise",
    "mean_speed_mm_s", "path_mm",
)  # fmt: skip


def write_planned_scan(planned: PlannedScan, out: Path, *, with_seg: bool = True) -> list[dict[str, Any]]:
    """Simulate one row of a plan and write it.

    Parameters
    ----------
    planned
        What to simulate.
    out
        The scan goes to ``out/PATIENT/SERIES/ct`` and ``.../truth``.
    with_seg
        Whether to write DICOM SEG beside NIfTI.

    Returns
    -------
    list of dict
        One row for each plaque, for `write_lesions`.

    Raises
    ------
    OutputError
        If something can not be written.
    """
    scan = scan_patient(planned.patient, planned.protocol, seed=planned.seed, agatston=planned.agatston)
    folder = out / planned.patient_id / planned.folder
    description = describe(planned)
    files = write_ct_series(scan.volume, folder / "ct", description=description)
    truth = folder / "truth"
    try:
        truth.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"the truth can not be written to {truth}: {error.strerror}") from error
    for number, (name, volume) in enumerate(scan.others.items(), start=11):
        _write_other(volume, folder / f"ct-{name}", description, name, 100 * planned.series_number + number)
    for number, (name, label_map) in enumerate(_label_maps(scan).items(), start=1):
        write_label_map(label_map, truth / f"{name}.nii.gz")
        if with_seg:
            encoding: Literal["binary", "labelmap"] = "labelmap" if name == "organs" else "binary"
            path = truth / f"{name}.seg.dcm"
            write_seg(
                label_map,
                files,
                path,
                description=description,
                title=name,
                series_number=100 * planned.series_number + number,
                encoding=encoding,
            )
    write_file(truth / "truth.json", json.dumps(truth_of(planned, scan), indent=1, allow_nan=False).encode())
    return [_lesion_row(planned, lesion) for lesion in scan.plaques]


def _write_other(volume: Volume, folder: Path, description: CtDescription, name: str, series_number: int) -> None:
    """Write one more image of the same scan as a series of its own."""
    title = f"{description.series_description} {name}"[:64]
    write_ct_series(
        volume, folder, description=replace(description, series_number=series_number, series_description=title)
    )


def _label_maps(scan: SimulatedScan) -> dict[str, LabelMap]:
    return {"organs": scan.organs, "vessels": scan.vessels, "lesions": scan.lesions, "territories": scan.territories}


def describe(planned: PlannedScan) -> CtDescription:
    """Say in a DICOM header how a scan was simulated."""
    patient, protocol = planned.patient, planned.protocol
    rr_ms = 60_000 / patient.heart_rate_bpm
    return CtDescription(
        seed=planned.seed,
        patient_id=planned.patient_id,
        patient=Patient(
            age_years=patient.age_years,
            sex=patient.sex,
            size_m=round(patient.height_cm / 100, 3),
            weight_kg=round(patient.weight_kg, 1),
        ),
        kvp=protocol.kvp,
        kernel=protocol.kernel,
        slice_thickness_mm=protocol.thickness_mm,
        exposure_mas=protocol.tube_load_mas or 0.0,
        is_gated=protocol.is_gated,
        trigger_time_ms=round(rr_ms * protocol.phase_percent / 100, 1),
        phase_percent=protocol.phase_percent,
        heart_rate_bpm=round(patient.heart_rate_bpm),
        contrast_agent=None if protocol.contrast == "none" else AGENT,
        series_description=_series_description(protocol),
        series_number=planned.series_number,
        body_part=BODY_PARTS[protocol.region],
    )


def _series_description(protocol: Protocol) -> str:
    gating = "gated" if protocol.is_gated else "ungated"
    return f"SIMULATED {protocol.name} {protocol.thickness_mm:g} mm {gating} {protocol.kernel}"[:64]


def truth_of(planned: PlannedScan, scan: SimulatedScan) -> dict[str, Any]:
    """Everything that is known about a scan, as JSON."""
    coronary = {name: scan.mass_mg(name) for name in ("LM", "LAD", "LCX", "RCA")}
    return {
        "notice": NOTICE,
        "vascal_version": version("vascal"),
        "patient_id": planned.patient_id,
        "series_number": planned.series_number,
        "series_instance_uid": describe(planned).uid("series", planned.series_number),
        "seed": planned.seed,
        "patient": asdict(scan.patient),
        "protocol": asdict(scan.protocol),
        "calcium_hu_per_mg_cm3": round(scan.calcium_hu, 5),
        "noise_sd_hu": round(scan.noise_sd_hu, 3),
        "coronary_mass_mg": {name: round(mass, 4) for name, mass in coronary.items()}
        | {"total": round(scan.mass_mg(), 4)},
        "lesions": [_lesion(lesion) for lesion in scan.plaques],
        "label_values": {
            "organs": dict(scan.organs.names),
            "vessels": dict(scan.vessels.names),
            "territories": dict(scan.territories.names),
        },
        "centerlines_mm": {name: line.round(2).tolist() for name, line in scan.centrelines.items()},
    }


def write_qrm_scan(seed: int, out: Path, *, has_ring: bool = False) -> None:
    """Simulate the QRM phantom, set up a little differently for each seed, and write it with its truth.

    Parameters
    ----------
    seed
        Draws where it stands, its turn and tilt, and the noise.
    out
        The scan goes to ``out/QRM...``.
    has_ring
        Whether the ring that makes it 400 x 300 mm is on.
    """
    plan = QrmPlan(has_ring=has_ring)
    plan = replace(plan, **vary_qrm(plan, np.random.default_rng(seed)))  # type: ignore[arg-type]
    scan = simulate_qrm(plan)
    name = f"QRM{seed:05d}{'L' if has_ring else 'S'}"
    description = CtDescription(
        seed=seed,
        patient_id=name,
        patient=Patient(),
        kernel=plan.kernel.name,
        slice_thickness_mm=plan.slice_thickness_mm,
        is_gated=False,
        series_description=f"SIMULATED QRM phantom {'with' if has_ring else 'without'} ring",
        body_part="CHEST",
    )
    write_ct_series(scan.volume, out / name / "ct", description=description)
    truth = out / name / "truth"
    truth.mkdir(parents=True, exist_ok=True)
    write_label_map(scan.labels, truth / "inserts.nii.gz")
    content = {
        "notice": NOTICE.replace("parametric phantom", "model of the QRM phantom"),
        "vascal_version": version("vascal"),
        "seed": seed,
        "plan": {key: value for key, value in asdict(plan).items() if key != "kernel"} | {"kernel": plan.kernel.name},
        "inserts": [
            {
                "number": number,
                "name": insert.name,
                "diameter_mm": insert.diameter_mm,
                "density_mg_cm3": insert.density_mg_cm3,
                "mass_mg": round(insert.mass_mg, 5),
                "volume_mm3": round(insert.volume_mm3, 5),
                "center_mm": [round(mm, 4) for mm in insert.center_mm],
            }
            for number, insert in enumerate(scan.inserts, start=1)
        ],
    }
    write_file(truth / "truth.json", json.dumps(content, indent=1, allow_nan=False).encode())


def _lesion(truth: PlaqueTruth) -> dict[str, Any]:
    plaque = truth.plaque
    finite_cnr = truth.contrast_to_noise if truth.contrast_to_noise < float("inf") else None
    return {
        "number": truth.number,
        "site": plaque.site,
        "vessel": truth.vessel,
        "segment": truth.segment,
        "kind": plaque.kind,
        "mass_mg": plaque.mass_mg,
        "volume_mm3": round(plaque.volume_mm3, 4),
        "density_mg_cm3": plaque.density_mg_cm3,
        "position": plaque.position,
        "angle_deg": plaque.angle_deg,
        "center_mm": [round(v, 3) for v in truth.centre_mm],
        "seen_mg": round(truth.seen_mg, 4),
        "is_in_field": truth.is_in_field,
        "peak_hu": round(truth.peak_hu, 1),
        "contrast_to_noise": None if finite_cnr is None else round(finite_cnr, 2),
        "mean_speed_mm_s": round(truth.mean_speed_mm_s, 2),
        "path_mm": round(truth.path_mm, 3),
    }


def _lesion_row(planned: PlannedScan, truth: PlaqueTruth) -> dict[str, Any]:
    row = _lesion(truth)
    x, y, z = row["center_mm"]
    row |= {"center_x_mm": x, "center_y_mm": y, "center_z_mm": z, "patient_id": planned.patient_id}
    row |= {"series_number": planned.series_number, "protocol": planned.protocol.name}
    return {name: row[name] for name in LESION_COLUMNS}


def write_lesions(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write the plaques of all scans as one CSV table."""
    text = io.StringIO()
    writer = csv.DictWriter(text, LESION_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: (row["patient_id"], row["series_number"], row["number"])))
    write_file(path, text.getvalue().encode())
