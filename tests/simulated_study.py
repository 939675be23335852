"""A small simulated study on disk, with labels, for tests of whole commands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vascal.io.ct_writer import CtDescription, write_ct_series
from vascal.io.nifti import write_label_map
from vascal.simulate.ct.phantom import SimulatedThorax, ThoraxPlan, simulate_thorax

PATIENT_ID = "SIM-4711"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedStudy:
    """Where the study and its labels are, and its truth."""

    folder: Path
    labels: Path
    thorax: SimulatedThorax


def simulate_chest(seed: int = 0) -> SimulatedThorax:
    """Simulate a chest of 40 slices, 128 x 128 pixels."""
    return simulate_thorax(
        ThoraxPlan(seed=seed, shape=(40, 128, 128), spacing_mm=(4.0, 2.8, 2.8), field="chest", noise_sd_hu=10.0)
    )


def make_study(folder: Path, *, seed: int = 0, **changes: object) -> SimulatedStudy:
    """Write a simulated chest as DICOM, and its vessels' labels as NIfTI."""
    thorax = simulate_chest(seed)
    description = CtDescription(seed=seed, patient_id=PATIENT_ID, body_part="CHEST", **changes)  # type: ignore[arg-type]
    write_ct_series(thorax.volume, folder / "study", description=description)
    write_label_map(thorax.vessels, folder / "vessels.nii.gz")
    return SimulatedStudy(folder=folder / "study", labels=folder / "vessels.nii.gz", thorax=thorax)
