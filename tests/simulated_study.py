"""A small simulated study on disk, with labels, for tests of whole commands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from vascal.io.ct_writer import CtDescription, write_ct_series
from vascal.io.nifti import write_label_map
from vascal.simulate.ct.example import EXAMPLE_PATIENT, EXAMPLE_PLAQUES
from vascal.simulate.ct.protocol import Protocol
from vascal.simulate.ct.scan import SimulatedScan, scan_patient

PATIENT_ID = "SIM-4711"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedStudy:
    """Where the study and its labels are, and its truth."""

    folder: Path
    labels: Path
    thorax: SimulatedScan


def simulate_chest(seed: int = 0) -> SimulatedScan:
    """Simulate the middle of a chest: 35 slices or so, 128 x 128 pixels."""
    protocol = Protocol(
        matrix=128, field_mm=358.0, shift_mm=(-14.0, 26.0), thickness_mm=4.0, increment_mm=4.0, noise_sd_hu=10.0,
        kernel="Qr32", is_moving=False,
    )  # fmt: skip
    return scan_patient(replace(EXAMPLE_PATIENT, seed=seed), protocol, plaques=EXAMPLE_PLAQUES)


def make_study(folder: Path, *, seed: int = 0, **changes: object) -> SimulatedStudy:
    """Write a simulated chest as DICOM, and its vessels' labels as NIfTI."""
    thorax = simulate_chest(seed)
    description = CtDescription(seed=seed, patient_id=PATIENT_ID, body_part="CHEST", **changes)  # type: ignore[arg-type]
    write_ct_series(thorax.volume, folder / "study", description=description)
    write_label_map(thorax.vessels, folder / "vessels.nii.gz")
    return SimulatedStudy(folder=folder / "study", labels=folder / "vessels.nii.gz", thorax=thorax)
