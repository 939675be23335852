"""Tissues as mixtures of water, hydroxyapatite and iodine.

X-ray attenuation between 40 and 140 keV is the sum of two smooth functions of
energy; water and hydroxyapatite span them, iodine is a third one because of its
K edge. Whatever the tube voltage, a CT number follows from three amounts
(Alvarez and Macovski, Phys Med Biol 1976;21:733, doi:10.1088/0031-9155/21/5/002).
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Tissue:
    """What a structure is made of.

    Parameters
    ----------
    water
        Amount relative to water: 1 is water, 0 is a vacuum.
    hydroxyapatite_mg_cm3
        On top of the water. Fat has less than none: it is poor in oxygen.
    iodine_mg_ml
        Contrast agent.
    texture_hu
        How much the CT number strays inside the structure, HU.
    """

    water: float
    hydroxyapatite_mg_cm3: float = 0.0
    iodine_mg_ml: float = 0.0
    texture_hu: float = 0.0

    def hu(self, calcium_hu: float, iodine_hu: float) -> float:
        """Give the CT number for slopes in HU per mg/cm3 and per mg/ml."""
        return 1000 * (self.water - 1) + calcium_hu * self.hydroxyapatite_mg_cm3 + iodine_hu * self.iodine_mg_ml

    def with_iodine(self, iodine_mg_ml: float) -> Tissue:
        """Add contrast agent."""
        return replace(self, iodine_mg_ml=self.iodine_mg_ml + iodine_mg_ml)


def soft(hu: float, texture_hu: float = 4.0) -> Tissue:
    """Soft tissue of a CT number that hardly depends on the tube voltage."""
    return Tissue(water=1 + hu / 1000, texture_hu=texture_hu)


def fat(hu_at_120_kvp: float = -103.0, texture_hu: float = 5.0) -> Tissue:
    """Fat: darker at low tube voltage, -103 HU at 120 kVp are -124 HU at 80 kVp.

    The amounts are those of lipid-rich adipose tissue of 0.93 g/cm3 (Woodard and
    White, Br J Radiol 1986;59:1209) as `vascal.simulate.ct.attenuation` fits them.
    """
    share = hu_at_120_kvp / -103.0
    return Tissue(water=1 - 0.0449 * share, hydroxyapatite_mg_cm3=-41.0 * share, texture_hu=texture_hu)


def bone(hydroxyapatite_mg_cm3: float, texture_hu: float = 12.0) -> Tissue:
    """Bone or calcified tissue of a mineral density."""
    return Tissue(water=1.02, hydroxyapatite_mg_cm3=hydroxyapatite_mg_cm3, texture_hu=texture_hu)


AIR = Tissue(water=0.0)
"""A vacuum, near enough: air is 1 HU above it."""
