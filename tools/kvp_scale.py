"""Compute how much brighter calcium is at each tube voltage than at 120 kVp.

Needs `pip install spekpy xraydb` (offline use only; never a dependency of vascal).
A tungsten spectrum through 7 mm Al and a water path is weighted by the energy
that a 1.4 mm gadolinium oxysulfide scintillator absorbs; the CT number per
mg/cm3 of hydroxyapatite dissolved in water follows from the attenuation
coefficients. The ratio to 120 kVp is what `tube_voltage.py` holds.
"""

from __future__ import annotations

import numpy as np
import spekpy
import xraydb

VOLTAGES_KV = (70, 80, 90, 100, 110, 120, 130, 140, 150)
HYDROXYAPATITE = "Ca10P6O26H2"
PARTIAL_DENSITY_G_CM3 = 0.2
PACKING = 0.7  # ceramic scintillator beside reflector and gaps


def mu_per_cm(material: str, density_g_cm3: float, energy_kev: np.ndarray) -> np.ndarray:
    return np.asarray(xraydb.material_mu(material, energy_kev * 1000.0, density=density_g_cm3))


def hu_per_mg_cm3(kvp: int, water_cm: float) -> float:
    spectrum = spekpy.Spek(kvp=kvp, th=7, targ="W").filter("Al", 7.0)
    energy_kev, fluence = spectrum.get_spectrum()
    water = mu_per_cm("H2O", 1.0, energy_kev)
    detector = 1.0 - np.exp(-mu_per_cm("Gd2O2S", 7.3, energy_kev) * 0.14 * PACKING)
    weight = fluence * np.exp(-water * water_cm) * detector * energy_kev
    added = mu_per_cm(HYDROXYAPATITE, PARTIAL_DENSITY_G_CM3, energy_kev)
    # Hydroxyapatite takes the place of water by its own density (3.16 g/cm3).
    displaced = water * PARTIAL_DENSITY_G_CM3 / 3.16
    delta = np.sum(weight * (added - displaced)) / np.sum(weight * water)
    return float(1000.0 * delta / (PARTIAL_DENSITY_G_CM3 * 1000.0))


def main() -> None:
    for water_cm in (20.0, 32.0):
        slope = np.array([hu_per_mg_cm3(kvp, water_cm) for kvp in VOLTAGES_KV])
        ratio = slope / slope[VOLTAGES_KV.index(120)]
        print(f"water {water_cm:.0f} cm")
        for kvp, s, r in zip(VOLTAGES_KV, slope, ratio, strict=True):
            print(f"  {kvp:3d} kVp  {s:.3f} HU per mg/cm3  ratio {r:.4f}  130 HU -> {130 * r:.1f}")


if __name__ == "__main__":
    main()
