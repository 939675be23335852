# Copyright 2017 ClinRisk Ltd. Part of vascal-qrisk3, made from QRISK3-2017 (https://qrisk.org) under the GNU Lesser
# General Public License, version 3 or later, with additional terms: see disclaimer.py, COPYING.LESSER and COPYING.
"""How QRISK3-2017 sums up: every effect, and how it changes along two powers of age."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from vascal_qrisk3.inputs import FLAGS, Qrisk3Inputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Qrisk3Equation:
    """The equation of one sex.

    Parameters
    ----------
    survival
        Ten-year survival without the outcome at the centres.
    age_powers, age_centres, age_effects
        Two powers of age in tens of years, what is taken off them, and their log hazards.
    centres
        What is taken off the other numbers.
    effects
        Log hazard by name of the variable, or ``variable:answer``: at the centres of age, and its change with
        either power of age.
    """

    survival: float
    age_powers: tuple[int, int]
    age_centres: tuple[float, float]
    age_effects: tuple[float, float]
    centres: Mapping[str, float]
    effects: Mapping[str, tuple[float, float, float]]

    def probability_of(self, inputs: Qrisk3Inputs) -> float:
        """Give the ten-year risk, 0 to 1."""
        ages = [
            (inputs.age_years / 10) ** power - centre
            for power, centre in zip(self.age_powers, self.age_centres, strict=True)
        ]
        total = sum(effect * age for effect, age in zip(self.age_effects, ages, strict=True))
        for name, value in self.values_of(inputs).items():
            main, *by_age = self.effects.get(name, (0.0, 0.0, 0.0))
            total += value * (main + sum(effect * age for effect, age in zip(by_age, ages, strict=True)))
        return -math.expm1(math.exp(total) * math.log(self.survival))

    def values_of(self, inputs: Qrisk3Inputs) -> dict[str, float]:
        """Give what each effect is multiplied with; answers without an effect are the reference."""
        tens = inputs.bmi / 10
        numbers = {
            "bmi_1": tens**-2,
            "bmi_2": tens**-2 * math.log(tens),
            "cholesterol_ratio": inputs.cholesterol_ratio,
            "systolic_mmhg": inputs.systolic_mmhg,
            "systolic_sd_mmhg": inputs.systolic_sd_mmhg,
            "townsend": inputs.townsend,
        }
        choices = (f"ethnicity:{inputs.ethnicity}", f"smoking:{inputs.smoking}", f"diabetes:{inputs.diabetes}")
        return (
            {name: value - self.centres[name] for name, value in numbers.items()}
            | {name: float(bool(getattr(inputs, name))) for name in FLAGS}
            | dict.fromkeys(choices, 1.0)
        )
