"""Who and how to simulate for training: wider than any clinic, on purpose.

Domain randomisation (Tobin et al., IROS 2017, doi:10.1109/IROS.2017.8202133): what a
network must not depend on is drawn far beyond its natural spread, so that a
real scan looks like one more draw.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vascal.simulate.ct.burden import draw_plaque, draw_plaques
from vascal.simulate.ct.patient import DEVICES, Arms, Dominance, SimulatedPatient, draw_patient
from vascal.simulate.ct.plaques import Plaque
from vascal.simulate.ct.protocol import Contrast, Protocol
from vascal.simulate.ct.scanner import SCANNERS

NO_CALCIUM = 0.2
"""Share of training patients without coronary calcium."""
CONFOUNDERS = {
    "aortic valve": (0.4, 25.0), "mitral annulus": (0.35, 60.0), "ascending aorta": (0.4, 20.0),
    "aortic arch": (0.4, 60.0), "descending aorta": (0.5, 60.0), "pericardium": (0.12, 60.0),
    "lymph node": (0.25, 40.0), "costal cartilage": (0.5, 60.0), "bronchus": (0.2, 10.0),
}  # fmt: skip
"""How often training patients have other calcium in the chest, and its mass, mg: far more often than patients."""
RARE_BRANCHES = ("D2", "OM2", "ramus", "right PLB", "left PLB", "left PDA", "right PDA")
RARE_SHARE = 0.3


def draw_training_patient(seed: int) -> SimulatedPatient:
    """Draw a person from a population wider than the clinic's."""
    rng = np.random.default_rng(np.random.SeedSequence((seed, 0x7A)))
    arms: Arms = "up" if rng.random() < 0.75 else "down"
    dominance: Dominance = rng.choice(np.array(["right", "left", "balanced"]), p=(0.7, 0.2, 0.1)).item()
    return replace(
        draw_patient(seed, bmi=float(np.clip(rng.normal(28, 6.5), 17.5, 48))),
        age_years=round(float(rng.uniform(40, 90)), 1),
        height_cm=round(float(rng.uniform(150, 195)), 1),
        heart_size=round(float(np.clip(rng.normal(1.04, 0.12), 0.78, 1.38)), 3),
        epicardial_fat=round(float(np.clip(rng.lognormal(0, 0.45), 0.3, 2.6)), 3),
        heart_rate_bpm=round(float(rng.uniform(48, 95))),
        arms=arms,
        dominance=dominance,
        devices=tuple(name for name in DEVICES if rng.random() < 0.1),
    )


def draw_clinic_agatston(seed: int) -> float | None:
    """Draw the score of a clinic's patient: every other one has calcium for certain, from little to very much.

    Returns
    -------
    float or None
        None for as much as people of that age and sex have.
    """
    rng = np.random.default_rng(np.random.SeedSequence((seed, 0x7E)))
    return float(np.exp(rng.uniform(np.log(5), np.log(2000)))) if seed % 2 else None


def draw_training_plaques(seed: int, patient: SimulatedPatient, branches: tuple[str, ...]) -> tuple[Plaque, ...]:
    """Draw calcium: from none to 2,500 Agatston, on every branch, among many confounders."""
    rng = np.random.default_rng(np.random.SeedSequence((seed, 0x7B)))
    agatston = 0.0 if rng.random() < NO_CALCIUM else float(np.exp(rng.uniform(np.log(2), np.log(2500))))
    drawn = [p for p in draw_plaques(seed, patient, branches, agatston=agatston) if p.site in branches]
    rare = [name for name in RARE_BRANCHES if name in branches]
    coronary = [replace(p, site=str(rng.choice(rare))) if rng.random() < RARE_SHARE and rare else p for p in drawn]
    other = [
        draw_plaque(rng, site, float(mass / 3 * rng.lognormal(0, 1.0)))
        for site, (share, mass) in CONFOUNDERS.items()
        if rng.random() < share
        for _ in range(1 + int(rng.poisson(2.0)))
    ]
    return (*coronary, *other)[:250]


def draw_anatomy_protocol(seed: int) -> Protocol:
    """Draw a coarse scan of the whole trunk, from neck to pelvis: fields of view are cut from it later."""
    rng = np.random.default_rng(np.random.SeedSequence((seed, 0x7C)))
    phases: tuple[Contrast, ...] = ("none", "pulmonary", "coronary", "aortic", "venous")
    return Protocol(
        name="anatomy",
        kvp=float(rng.choice([80, 100, 120, 120, 120, 140])),
        noise_sd_hu=float(rng.uniform(2, 20)),
        thickness_mm=4.0,
        increment_mm=4.0,
        field_mm=512.0,
        matrix=128,
        region="trunk",
        is_gated=False,
        rotation_s=0.5,
        breathing_mm=float(rng.choice([0, 0, 4, 8])),
        contrast=phases[int(rng.choice(5, p=(0.55, 0.1, 0.15, 0.1, 0.1)))],
        shift_mm=(float(rng.normal(0, 6)), float(rng.normal(0, 6))),
    )


def draw_heart_protocol(seed: int) -> Protocol:
    """Draw a scan of the heart as one of the protocols might show it, whatever field it was cut from."""
    rng = np.random.default_rng(np.random.SeedSequence((seed, 0x7D)))
    kinds = ("gated", "chest", "sharp", "low-dose", "pet-ac", "contrast")
    kind = str(rng.choice(np.array(kinds), p=(0.4, 0.2, 0.1, 0.12, 0.08, 0.1)))
    vendor = str(rng.choice(sorted(SCANNERS)))
    base = Protocol(
        name=kind,
        vendor=vendor,
        kvp=float(rng.choice([100, 120, 120, 120])),
        calcium_hu=float(rng.uniform(1.05, 1.45)),
        shift_mm=(float(rng.normal(0, 6)), float(rng.normal(0, 6))),
    )
    return replace(base, **_details(rng, kind))  # type: ignore[arg-type]


def _details(rng: np.random.Generator, kind: str) -> dict[str, object]:
    """What a kind of protocol leaves open."""

    def one_of(*values: float | str) -> float | str:
        return values[int(rng.integers(len(values)))]

    def pixels(low: float, high: float) -> dict[str, object]:
        """A field around the heart at the pixel size of some larger field."""
        matrix = int(one_of(256, 320, 384, 512)) if kind == "gated" else int(rng.integers(270, 350))
        return {"matrix": matrix, "field_mm": float(rng.uniform(low, high))}

    match kind:
        case "gated":
            thick = one_of(3.0, 3.0, 3.0, 2.5, 2.5, 1.5, 5.0)
            return {
                **pixels(190, 250), "thickness_mm": thick, "increment_mm": thick,
                "noise_sd_hu": float(rng.uniform(10, 28)),
                "kernel": one_of("Qr36", "Qr36", "B35f", "FC12", "XCA", "STANDARD", "Qr32", "Qr44"),
                "phase_percent": float(rng.uniform(65, 80)), "rotation_s": float(rng.uniform(0.25, 0.4)),
            }  # fmt: skip
        case "chest":
            thick = one_of(1.0, 1.5, 2.0, 2.5, 3.0, 3.0, 5.0)
            return {
                **pixels(210, 260), "thickness_mm": thick, "increment_mm": float(thick) * float(one_of(0.8, 1.0)),
                "noise_sd_hu": float(rng.uniform(10, 28)), "is_gated": False,
                "rotation_s": float(rng.uniform(0.3, 0.6)),
                "kernel": one_of("B35f", "Qr36", "STANDARD", "Qr44", "FC12", "LUNG"),
            }  # fmt: skip
        case "sharp":
            thick = one_of(1.0, 2.0, 3.0, 5.0, 5.0)
            return {
                **pixels(210, 260), "thickness_mm": thick, "increment_mm": thick, "is_gated": False, "kernel": "LUNG",
                "noise_sd_hu": float(rng.uniform(22, 60)), "rotation_s": float(rng.uniform(0.3, 0.75)),
                "breathing_mm": float(one_of(0.0, 0.0, 4.0)),
            }  # fmt: skip
        case "low-dose":
            thick = one_of(1.0, 1.5, 2.0, 2.5)
            return {
                **pixels(210, 260), "thickness_mm": thick, "increment_mm": thick,
                "noise_sd_hu": float(rng.uniform(28, 60)), "is_gated": False, "rotation_s": 0.5,
                "kernel": one_of("Qr36", "B35f", "STANDARD", "Qr32"),
            }  # fmt: skip
        case "pet-ac":
            return {
                "matrix": 256, "field_mm": 250.0, "thickness_mm": 3.75, "increment_mm": 3.27,
                "noise_sd_hu": float(rng.uniform(14, 26)), "is_gated": False, "rotation_s": 0.5, "kernel": "AC",
                "breathing_mm": float(one_of(0.0, 4.0, 8.0)),
            }  # fmt: skip
        case _:
            thick = one_of(0.75, 1.0, 1.5, 3.0)
            return {
                **pixels(190, 230), "thickness_mm": thick, "increment_mm": thick,
                "noise_sd_hu": float(rng.uniform(12, 30)), "kernel": one_of("Qr36", "Qr44", "STANDARD"),
                "contrast": one_of("coronary", "pulmonary", "aortic", "venous"), "is_gated": bool(rng.random() < 0.5),
            }  # fmt: skip
