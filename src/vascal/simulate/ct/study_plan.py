"""A written plan of simulated scans: who, how, and from which seed; one row a scan."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vascal.errors import SimulationError
from vascal.simulate.ct.patient import SimulatedPatient, draw_patient
from vascal.simulate.ct.protocol import Protocol, choose_protocol

SAFE_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,31}")
"""Patient IDs become names of folders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedScan:
    """One scan of one patient.

    Parameters
    ----------
    patient_id
        Rows of the same ID are series of one study, and their patient must be the same.
    series_number
        From 1, different in each row of a patient.
    seed
        Draws noise and timing.
    patient, protocol
        Who and how.
    agatston
        Coronary score to aim at; None draws one that suits age and sex.
    """

    patient_id: str
    series_number: int = 1
    seed: int = 0
    patient: SimulatedPatient
    protocol: Protocol
    agatston: float | None = None

    @property
    def folder(self) -> str:
        """Name of its folder below the patient's."""
        return f"{self.series_number:02d}-{self.protocol.name}"


def require_consistent(scans: Sequence[PlannedScan]) -> None:
    """Refuse a plan whose rows contradict each other.

    Raises
    ------
    SimulationError
        If it is empty, two rows make the same series, or one ID stands for two patients.
    """
    if not scans:
        raise SimulationError("the plan holds no scan")
    seen: dict[tuple[str, int], int] = {}
    patients: dict[str, tuple[SimulatedPatient, float | None]] = {}
    for row, scan in enumerate(scans, start=1):
        if not SAFE_ID.fullmatch(scan.patient_id):
            raise SimulationError(
                f"row {row} of the plan: a patient_id is 1 to 32 letters, digits, dots, dashes or underscores"
            )
        key = (scan.patient_id, scan.series_number)
        if key in seen:
            raise SimulationError(
                f"rows {seen[key]} and {row} of the plan make the same series {key[1]} of one patient"
            )
        seen[key] = row
        if patients.setdefault(scan.patient_id, (scan.patient, scan.agatston)) != (scan.patient, scan.agatston):
            raise SimulationError(f"row {row} of the plan changes a patient that an earlier row described")


def draw_plan(
    patients: int, seed: int, protocols: Sequence[str] = ("gated",), *, agatston: float | None = None
) -> tuple[PlannedScan, ...]:
    """Draw a plan.

    Parameters
    ----------
    patients
        How many.
    seed
        Of the first patient; the others follow.
    protocols
        Names; each patient is scanned by each, as series of one study.
    agatston
        Coronary score to aim at, for every patient.

    Raises
    ------
    SimulationError
        If there is no patient, or a protocol is unknown.
    """
    if patients < 1 or not protocols:
        raise SimulationError(f"a plan needs a patient and a protocol; found {patients} and {len(protocols)}")
    return tuple(
        PlannedScan(
            patient_id=f"SIM{seed + n:05d}",
            series_number=number,
            seed=seed + n,
            patient=draw_patient(seed + n),
            protocol=choose_protocol(name),
            agatston=agatston,
        )
        for n in range(patients)
        for number, name in enumerate(protocols, start=1)
    )
