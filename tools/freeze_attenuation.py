"""Freeze X-ray spectra and attenuation coefficients into one small file.

Needs `pip install spekpy xraydb` (offline use only; never a dependency of vascal).
Run from the repository's root; it writes src/vascal/simulate/ct/attenuation.npz.

A tungsten anode of 7 degrees shines through 7 mm of aluminium (and tin, where
named); a 1.4 mm gadolinium oxysulfide scintillator sums the energy it absorbs.
Attenuation comes from xraydb (Elam, Ravel and Sieber 2002), compositions from
ICRU Report 44 and the National Institute of Standards and Technology.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import spekpy
import xraydb

TARGET = Path("src/vascal/simulate/ct/attenuation.npz")
VOLTAGES_KV = (70, 80, 90, 100, 110, 120, 130, 140, 150)
TIN_VOLTAGES_KV = (100, 140, 150)
TIN_MM = (0.4, 0.5, 0.6)
ENERGY_KEV = np.arange(15.5, 150.0)
PACKING = 0.7  # ceramic scintillator beside reflector and gaps

PURE = {  # name: (formula, g/cm3)
    "water": ("H2O", 1.0),
    "hydroxyapatite": ("Ca10P6O26H2", 3.16),
    "iodine": ("I", 4.93),
    "aluminium": ("Al", 2.699),
    "titanium": ("Ti", 4.506),
    "iron": ("Fe", 7.874),
    "tin": ("Sn", 7.31),
    "pmma": ("C5H8O2", 1.19),
    "calcium": ("Ca", 1.55),
}
TISSUES = {  # name: (percent by mass, g/cm3), ICRU 44 unless said
    # Fat of well-fed adults: adipose tissue 3 of Woodard and White (Br J Radiol 1986;59:1209).
    "adipose": ({"H": 11.6, "C": 68.1, "N": 0.2, "O": 19.8, "Na": 0.1, "S": 0.1, "Cl": 0.1}, 0.93),
    "adipose_icru": ({"H": 11.4, "C": 59.8, "N": 0.7, "O": 27.8, "Na": 0.1, "S": 0.1, "Cl": 0.1}, 0.95),
    "muscle": ({"H": 10.2, "C": 14.3, "N": 3.4, "O": 71.0, "Na": 0.1, "P": 0.2, "S": 0.3, "Cl": 0.1, "K": 0.4}, 1.05),
    "blood": (
        {"H": 10.2, "C": 11.0, "N": 3.3, "O": 74.5, "Na": 0.1, "P": 0.1, "S": 0.2, "Cl": 0.3, "K": 0.2, "Fe": 0.1},
        1.06,
    ),
    "heart": ({"H": 10.4, "C": 13.9, "N": 2.9, "O": 71.8, "Na": 0.1, "P": 0.2, "S": 0.2, "Cl": 0.2, "K": 0.3}, 1.05),
    "liver": ({"H": 10.2, "C": 13.9, "N": 3.0, "O": 71.6, "Na": 0.2, "P": 0.3, "S": 0.3, "Cl": 0.2, "K": 0.3}, 1.06),
    "lung": ({"H": 10.3, "C": 10.5, "N": 3.1, "O": 74.9, "Na": 0.2, "P": 0.2, "S": 0.3, "Cl": 0.3, "K": 0.2}, 0.26),
    "cortical_bone": (
        {"H": 3.4, "C": 15.5, "N": 4.2, "O": 43.5, "Na": 0.1, "Mg": 0.2, "P": 10.3, "S": 0.3, "Ca": 22.5},
        1.92,
    ),
    # Spongy bone of ICRU 46.
    "spongy_bone": (
        {
            "H": 8.5,
            "C": 40.4,
            "N": 2.8,
            "O": 36.7,
            "Na": 0.1,
            "Mg": 0.1,
            "P": 3.4,
            "S": 0.2,
            "Cl": 0.2,
            "K": 0.1,
            "Ca": 7.4,
            "Fe": 0.1,
        },
        1.18,
    ),
    # Water-equivalent epoxy of White (Phys Med Biol 1978;23:889), a stand-in: QRM's own recipe is not published.
    "epoxy_water": ({"H": 8.77, "C": 66.58, "N": 2.10, "O": 20.65, "Cl": 0.40, "Ca": 1.50}, 1.02),
}


def coefficient_cm2_g(formula_by_mass: dict[str, float]) -> np.ndarray:
    """Mass attenuation coefficient of a mixture, cm2/g."""
    total = sum(formula_by_mass.values())
    parts = (share / total * xraydb.mu_elam(symbol, ENERGY_KEV * 1000.0) for symbol, share in formula_by_mass.items())
    return np.asarray(sum(parts))


def by_mass(formula: str) -> dict[str, float]:
    return {s: count * xraydb.atomic_mass(s) for s, count in xraydb.chemparse(formula).items()}


def detected(kvp: int, tin_mm: float) -> tuple[np.ndarray, float]:
    """Signal by energy (sum 1), and photons counted on 1 mm2 at 1 m from the focus for 1 mAs."""
    tube = spekpy.Spek(kvp=kvp, th=7, targ="W", dk=0.5, z=100.0, mas=1.0).filter("Al", 7.0)
    if tin_mm:
        tube.filter("Sn", tin_mm)
    energy, per_kev_cm2 = tube.get_spectrum()
    quarters = [np.interp(ENERGY_KEV + off, energy, per_kev_cm2, left=0, right=0) for off in (-0.25, 0.25)]
    photons = np.mean(quarters, axis=0) / 100.0
    absorbed = photons * (1 - np.exp(-coefficient_cm2_g(by_mass("Gd2O2S")) * 7.3 * 0.14 * PACKING))
    signal = absorbed * ENERGY_KEV
    return np.asarray(signal / signal.sum()), float(absorbed.sum())


def main() -> None:
    sources = [(v, 0.0) for v in VOLTAGES_KV] + [(v, t) for v in TIN_VOLTAGES_KV for t in TIN_MM]
    compositions = {name: (by_mass(formula), density) for name, (formula, density) in PURE.items()} | TISSUES
    coefficients = np.array([coefficient_cm2_g(parts) for parts, _ in compositions.values()])
    signals, counts = zip(*(detected(v, t) for v, t in sources), strict=True)
    np.savez_compressed(
        TARGET,
        energy_kev=ENERGY_KEV,
        materials=np.array(list(compositions)),
        density_g_cm3=np.array([density for _, density in compositions.values()]),
        coefficient_cm2_g=coefficients,
        source_kvp=np.array([v for v, _ in sources], dtype=np.float64),
        source_tin_mm=np.array([t for _, t in sources]),
        signal=np.array(signals),
        photons_per_mas_mm2=np.array(counts),
        made_with=np.array(json.dumps({"spekpy": spekpy.__version__, "xraydb": xraydb.__version__})),
    )
    print(TARGET, TARGET.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
