"""The held-out set: who, how and with how much calcium. Nothing was trained, tuned or stopped on it.

Seeds of training scans lie below 700,000, those of the development set, which may be looked at while building, from
there on, and those of the held-out set from 1,010,000 on. (Earlier held-out sets began at 900,000, 950,000 and
980,000; what was seen in them led to changes, so they are none any more.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from vascal.simulate.ct.patient import draw_patient
from vascal.simulate.ct.phantom import build_phantom
from vascal.simulate.ct.plaques import Plaque
from vascal.simulate.ct.protocol import PROTOCOLS, Protocol
from vascal.simulate.ct.scan import SimulatedScan, scan_patient
from vascal.simulate.ct.scanner import SCANNERS
from vascal.train.simulated_draws import draw_training_plaques

DEVELOPMENT_SEED, FIRST_SEED = 700_000, 1_010_000
GROUPS: dict[str, tuple[str, ...]] = {
    "gated": ("gated",),
    "non-gated": ("chest", "low-dose", "pet-ac"),
    "zero": ("gated", "chest"),
    "contrast": ("ccta",),
}
"""Protocols of each group, taken in turn."""
SIZES = {"gated": 60, "non-gated": 45, "zero": 40, "contrast": 8}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One scan of the set."""

    group: str
    seed: int
    protocol: Protocol
    agatston: float | None
    has_confounders: bool = False


def list_cases(group: str, count: int | None = None, *, first_seed: int = FIRST_SEED) -> Iterator[Case]:
    """List the first cases of a group."""
    first = first_seed + 10_000 * list(GROUPS).index(group)
    for n in range(SIZES[group] if count is None else count):
        rng = np.random.default_rng((first + n, 0xE5))
        name = GROUPS[group][n % len(GROUPS[group])]
        # Every other patient has calcium for certain, from little to very much; the others as people of their age.
        sure = float(np.exp(rng.uniform(np.log(5), np.log(2000)))) if n % 2 else None
        yield Case(
            group=group,
            seed=first + n,
            protocol=_vary(PROTOCOLS[name], rng),
            agatston=0.0 if group == "zero" else sure,
            has_confounders=group == "zero",
        )


def _vary(protocol: Protocol, rng: np.random.Generator) -> Protocol:
    """Gated scans come from every maker, with its own kernel and slices; other protocols stay as they are."""
    if protocol.name != "gated":
        return protocol
    maker = SCANNERS[sorted(SCANNERS)[int(rng.integers(len(SCANNERS)))]]
    return replace(
        protocol, vendor=maker.vendor, kernel=maker.kernel.name, thickness_mm=maker.slice_thickness_mm,
        increment_mm=maker.slice_thickness_mm,
    )  # fmt: skip


def simulate(case: Case) -> SimulatedScan:
    """Scan one case."""
    patient = draw_patient(case.seed)
    plaques: tuple[Plaque, ...] | None = None
    if case.has_confounders:
        branches = tuple(branch.name for branch in build_phantom(patient).tree)
        plaques = tuple(p for p in draw_training_plaques(case.seed, patient, branches) if p.site not in branches)
    return scan_patient(patient, case.protocol, plaques=plaques, agatston=case.agatston)
