"""Who is scanned: size, habitus, heart and what was implanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from vascal.errors import SimulationError

Sex = Literal["M", "F"]
Arms = Literal["up", "down"]
Dominance = Literal["right", "left", "balanced"]
Device = Literal["sternal wires", "pacemaker", "stent", "clips", "ecg leads"]
DEVICES: tuple[Device, ...] = ("sternal wires", "pacemaker", "stent", "clips", "ecg leads")


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedPatient:
    """One simulated person.

    Parameters
    ----------
    seed
        Draws everything that is not said below: pose and shape of organs, vessels, bends.
    sex, age_years, height_cm, bmi
        As in the clinic; BMI in kg/m2, 17 to 50.
    arms
        Beside the head or beside the trunk.
    heart_rate_bpm
        Beats per minute.
    heart_size
        Relative to what sex and height lead one to expect.
    epicardial_fat
        Relative to the average.
    dominance
        Which coronary artery gives the posterior descending artery.
    devices
        Metal in or on the patient.
    """

    seed: int = 0
    sex: Sex = "M"
    age_years: float = 60.0
    height_cm: float = 175.0
    bmi: float = 26.0
    arms: Arms = "up"
    heart_rate_bpm: float = 64.0
    heart_size: float = 1.0
    epicardial_fat: float = 1.0
    dominance: Dominance = "right"
    devices: tuple[Device, ...] = ()

    def __post_init__(self) -> None:
        ranges = {
            "bmi": (17, 50), "height_cm": (140, 205), "age_years": (18, 100), "heart_rate_bpm": (35, 150),
            "heart_size": (0.75, 1.4), "epicardial_fat": (0.2, 3.0),
        }  # fmt: skip
        for name, (low, high) in ranges.items():
            if not low <= getattr(self, name) <= high:
                raise SimulationError(
                    f"a simulated patient's {name} lies from {low} to {high}; found {getattr(self, name):g}"
                )
        unknown = set(self.devices) - set(DEVICES)
        if unknown:
            raise SimulationError(f"no device is called {sorted(unknown)}; there are {list(DEVICES)}")

    @property
    def weight_kg(self) -> float:
        """Weight that height and BMI give."""
        return self.bmi * (self.height_cm / 100) ** 2

    @property
    def skin_fat_mm(self) -> float:
        """Thickness of the fat under the skin of the trunk, on average."""
        female = 4.0 if self.sex == "F" else 0.0
        return float(np.clip(1.5 * (self.bmi - 25) + 13 + female, 3, 60))

    @property
    def visceral_fat(self) -> float:
        """Fat inside the abdomen relative to the average, 0.3 to 2.2."""
        male = 1.1 if self.sex == "M" else 0.8
        return float(np.clip(male * (1 + 0.07 * (self.bmi - 26)), 0.3, 2.2))

    @property
    def water_equivalent_cm(self) -> float:
        """Diameter of a water cylinder that attenuates like the chest: 27 cm at BMI 26.

        Fitted by eye to size-specific dose tables of AAPM Report 220: a chest of
        BMI 20, 30 and 40 is about as opaque as 24, 29 and 34 cm of water.
        """
        return 27.0 + 0.5 * (self.bmi - 26) + 0.04 * (self.height_cm - 172)


def draw_patient(seed: int, *, sex: Sex | None = None, bmi: float | None = None) -> SimulatedPatient:
    """Draw a person from a European population of 45 to 75 years.

    Height, BMI and age are those of the Heinz Nixdorf Recall cohort (59 years,
    SD 7.7; BMI 27.9, SD 4.6), devices are rare, arms are mostly up.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed).spawn(1)[0])
    drawn_sex: Sex = "M" if rng.random() < 0.5 else "F"
    who = sex or drawn_sex
    age = float(np.clip(rng.normal(59.3, 9.5), 45, 75))
    height = float(rng.normal(*((176, 7.0) if who == "M" else (163, 6.5))))
    drawn_bmi = float(np.clip(18.5 + rng.gamma(4.0, 2.3), 17, 50))
    chances = {"sternal wires": 0.04, "pacemaker": 0.02, "stent": 0.03, "clips": 0.02, "ecg leads": 0.5}
    devices = tuple(name for name in DEVICES if rng.random() < chances[name])
    dominance: Dominance = rng.choice(np.array(["right", "left", "balanced"]), p=(0.8, 0.1, 0.1)).item()
    return SimulatedPatient(
        seed=seed,
        sex=who,
        age_years=round(age, 1),
        height_cm=round(float(np.clip(height, 145, 200)), 1),
        bmi=round(bmi if bmi is not None else drawn_bmi, 1),
        arms="up" if rng.random() < 0.85 else "down",
        heart_rate_bpm=round(float(np.clip(rng.normal(66, 10), 45, 110)), 0),
        heart_size=round(float(np.clip(rng.normal(1.0, 0.06), 0.85, 1.25)), 3),
        epicardial_fat=round(float(np.clip(rng.lognormal(0.0, 0.3) * (1 + 0.03 * (drawn_bmi - 26)), 0.4, 2.2)), 3),
        dominance=dominance,
        devices=devices,
    )
