"""How strongly tissue holds back X-rays, and how bright that makes it on CT.

Spectra and attenuation coefficients were computed once (tools/freeze_attenuation.py)
and lie beside this file; nothing here was fitted to a CT number.

Three amounts describe every tissue (see `vascal.simulate.ct.tissue`): water relative
to water, hydroxyapatite in mg/cm3 and iodine in mg/ml. Hydroxyapatite takes the
place of water by its own density of 3.16 g/cm3, so that 1 of water and 200 of
hydroxyapatite is a rod of 200 mg/cm3 as a phantom's maker means it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import Literal

import numpy as np
from jaxtyping import Float

from vascal.errors import SimulationError

Base = Literal["water", "hydroxyapatite", "iodine"]
BASES: tuple[Base, ...] = ("water", "hydroxyapatite", "iodine")
Energies = Float[np.ndarray, " energy"]
MEDIUM_WATER_CM = 20.0
"""Water in the way of the beam in an adult of medium size, cm."""
HYDROXYAPATITE_MG_CM3 = 3160.0
FIT_KVP = 120.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spectrum:
    """What a detector sees of a beam with nothing in its way.

    Parameters
    ----------
    energy_kev
        Photon energy of each bin, keV, ascending.
    signal
        Share of the detector's signal in each bin; the sum is 1.
    bases_per_cm
        (base, energy): attenuation per cm of water, of 1 mg/cm3 of hydroxyapatite
        and of 1 mg/ml of iodine, in the order of `BASES`.
    photons_per_mas_mm2
        Photons counted on 1 mm2 at 1 m from the focus for 1 mAs.
    """

    energy_kev: Energies
    signal: Energies
    bases_per_cm: Float[np.ndarray, "base energy"]
    photons_per_mas_mm2: float

    def behind_water(self, water_cm: float) -> Energies:
        """Give the share of the signal in each bin behind water, sum 1."""
        left = self.signal * np.exp(-self.bases_per_cm[0] * water_cm)
        return np.asarray(left / left.sum())

    def hu_per_unit(self, base: Base, water_cm: float = MEDIUM_WATER_CM) -> float:
        """Give the CT number of one unit of a base in the middle of water, HU."""
        weight = self.behind_water(water_cm)
        added = float(weight @ self.bases_per_cm[BASES.index(base)])
        return 1000.0 * added / float(weight @ self.bases_per_cm[0])

    def in_bins(self, count: int) -> Spectrum:
        """Merge neighbouring energies into few bins that matter alike behind 0 to 40 cm of water."""
        weight = np.mean([self.behind_water(water_cm) for water_cm in (0.0, 5.0, 20.0, 40.0)], axis=0)
        group = np.minimum((np.cumsum(weight) - weight / 2) * count, count - 1).astype(int)
        member = group == np.unique(group)[:, None]
        mean = member * weight
        mean /= mean.sum(axis=1, keepdims=True)
        return replace(
            self,
            energy_kev=mean @ self.energy_kev,
            signal=member @ self.signal,
            bases_per_cm=self.bases_per_cm @ mean.T,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Table:
    energy_kev: Energies
    coefficient_cm2_g: dict[str, Energies]
    density_g_cm3: dict[str, float]
    signal: dict[tuple[float, float], Energies]
    photons_per_mas_mm2: dict[tuple[float, float], float]


@lru_cache(maxsize=1)
def _table() -> _Table:
    with (files("vascal.simulate.ct") / "attenuation.npz").open("rb") as stream, np.load(stream) as stored:
        names = [str(name) for name in stored["materials"]]
        sources = [(float(k), float(t)) for k, t in zip(stored["source_kvp"], stored["source_tin_mm"], strict=True)]
        return _Table(
            energy_kev=stored["energy_kev"],
            coefficient_cm2_g=dict(zip(names, stored["coefficient_cm2_g"], strict=True)),
            density_g_cm3=dict(zip(names, stored["density_g_cm3"].tolist(), strict=True)),
            signal=dict(zip(sources, stored["signal"], strict=True)),
            photons_per_mas_mm2=dict(zip(sources, stored["photons_per_mas_mm2"].tolist(), strict=True)),
        )


def material_names() -> tuple[str, ...]:
    """List the materials whose attenuation is known."""
    return tuple(_table().density_g_cm3)


def mass_attenuation_cm2_g(material: str, energy_kev: Energies | None = None) -> Energies:
    """Give a material's mass attenuation coefficient.

    Parameters
    ----------
    material
        One of `material_names`.
    energy_kev
        Where it is wanted, from 15.5 to 149.5 keV; else at every energy of the table.

    Returns
    -------
    array
        (energy,), cm2/g, interpolated in the logarithms.

    Raises
    ------
    SimulationError
        For an unknown material, or an energy outside the table.
    """
    table = _table()
    if material not in table.coefficient_cm2_g:
        raise SimulationError(f"no attenuation is known of {material!r}; known are {', '.join(material_names())}")
    known = table.coefficient_cm2_g[material]
    if energy_kev is None:
        return known
    low, high = table.energy_kev[0], table.energy_kev[-1]
    if np.min(energy_kev) < low or np.max(energy_kev) > high:
        raise SimulationError(
            f"attenuation is known from {low:g} to {high:g} keV; "
            f"asked for {np.min(energy_kev):g} to {np.max(energy_kev):g} keV"
        )
    return np.asarray(np.exp(np.interp(np.log(energy_kev), np.log(table.energy_kev), np.log(known))))


def bases_per_cm(energy_kev: Energies | None = None) -> Float[np.ndarray, "base energy"]:
    """Give the attenuation of one unit of each base, per cm, in the order of `BASES`.

    Raises
    ------
    SimulationError
        For an energy outside the table.
    """
    water = mass_attenuation_cm2_g("water", energy_kev)
    mineral = mass_attenuation_cm2_g("hydroxyapatite", energy_kev) / 1000 - water / HYDROXYAPATITE_MG_CM3
    return np.stack([water, mineral, mass_attenuation_cm2_g("iodine", energy_kev) / 1000])


def spectrum(kvp: float, *, tin_mm: float = 0.0) -> Spectrum:
    """Give the spectrum of a tube voltage as the detector sees it.

    Parameters
    ----------
    kvp
        Peak tube voltage, kV: any from 70 to 150 without tin; 100, 140 or 150 with it.
    tin_mm
        Tin filter, mm: 0, 0.4, 0.5 or 0.6.

    Returns
    -------
    Spectrum
        In bins of 1 keV. Between tabulated voltages the neighbours are mixed.

    Raises
    ------
    SimulationError
        For a voltage or a filter that is not in the table.
    """
    table = _table()
    voltages = sorted(k for k, tin in table.signal if tin == tin_mm)
    if (tin_mm and kvp not in voltages) or not voltages or not voltages[0] <= kvp <= voltages[-1]:
        raise SimulationError(
            f"no spectrum of {kvp:g} kVp behind {tin_mm:g} mm of tin; there are 70 to 150 kVp without tin, "
            "and 100, 140 and 150 kVp with 0.4, 0.5 or 0.6 mm"
        )
    below = max(v for v in voltages if v <= kvp)
    above = min(v for v in voltages if v >= kvp)
    part = (kvp - below) / (above - below) if above > below else 0.0
    first, second = (below, tin_mm), (above, tin_mm)
    return Spectrum(
        energy_kev=table.energy_kev,
        signal=(1 - part) * table.signal[first] + part * table.signal[second],
        bases_per_cm=bases_per_cm(),
        photons_per_mas_mm2=(1 - part) * table.photons_per_mas_mm2[first] + part * table.photons_per_mas_mm2[second],
    )


def monochromatic(energy_kev: float, photons_per_mas_mm2: float = 1e6) -> Spectrum:
    """Give the spectrum of a beam of one energy.

    Raises
    ------
    SimulationError
        For an energy outside the table.
    """
    energy = np.array([energy_kev])
    return Spectrum(
        energy_kev=energy,
        signal=np.ones(1),
        bases_per_cm=bases_per_cm(energy),
        photons_per_mas_mm2=photons_per_mas_mm2,
    )


def hu_per_mg_cm3(
    kvp: float,
    material: str = "hydroxyapatite",
    *,
    water_cm: float = MEDIUM_WATER_CM,
    tin_mm: float = 0.0,
    density_mg_cm3: float | None = None,
) -> float:
    """Give the CT number of 1 mg/cm3 of a material dissolved in water.

    Parameters
    ----------
    kvp
        Peak tube voltage, kV.
    material
        Usually hydroxyapatite or iodine; any of `material_names`.
    water_cm
        Water in the way of the beam, cm: 20 for a medium adult, 32 for a large one.
    tin_mm
        Tin filter, mm.
    density_mg_cm3
        Density of the material itself, whose space the water leaves, mg/cm3. Left
        out, hydroxyapatite has 3160; other materials are added and displace nothing.

    Returns
    -------
    float
        HU.

    Raises
    ------
    SimulationError
        If no such spectrum or material is known.

    Examples
    --------
    >>> round(hu_per_mg_cm3(120), 2)
    1.41
    >>> 25 < hu_per_mg_cm3(120, "iodine") < 29
    True
    """
    if density_mg_cm3 is None:
        density_mg_cm3 = HYDROXYAPATITE_MG_CM3 if material == "hydroxyapatite" else np.inf
    beam = spectrum(kvp, tin_mm=tin_mm)
    weight = beam.behind_water(water_cm)
    water = float(weight @ beam.bases_per_cm[0])
    added = float(weight @ mass_attenuation_cm2_g(material)) / 1000
    return 1000 * (added / water - 1 / density_mg_cm3)


def calcium_hu_at(kvp: float, hu_at_120: float, *, water_cm: float = MEDIUM_WATER_CM) -> float:
    """Give the CT number of calcium at a tube voltage from that at 120 kVp.

    Examples
    --------
    >>> 146 <= calcium_hu_at(100, 130) <= 147
    True
    """
    return hu_at_120 * hu_per_mg_cm3(kvp, water_cm=water_cm) / hu_per_mg_cm3(120, water_cm=water_cm)


def material_hu(
    material: str, kvp: float, *, water_cm: float = MEDIUM_WATER_CM, tin_mm: float = 0.0, density_g_cm3: float = 0.0
) -> float:
    """Give the CT number of a solid material or tissue in the middle of water, HU.

    Parameters
    ----------
    material
        One of `material_names`.
    kvp, water_cm, tin_mm
        As for `hu_per_mg_cm3`.
    density_g_cm3
        Its density; 0 takes the tabulated one.

    Raises
    ------
    SimulationError
        If no such spectrum or material is known.
    """
    beam = spectrum(kvp, tin_mm=tin_mm)
    weight = beam.behind_water(water_cm)
    density = density_g_cm3 or _table().density_g_cm3.get(material, 0.0)
    relative = float(weight @ mass_attenuation_cm2_g(material)) / float(weight @ beam.bases_per_cm[0])
    return 1000 * (density * relative - 1)


def tissue_basis(name: str) -> tuple[float, float]:
    """Express a tissue as a mixture of water and hydroxyapatite.

    Parameters
    ----------
    name
        One of `material_names`; elements with an edge above 30 keV fit badly.

    Returns
    -------
    water, hydroxyapatite
        Amounts: relative to water, and mg/cm3 (below 0 for what is poorer in
        heavy elements than water, as fat is). Least squares over the energies of
        120 kVp behind 20 cm of water.

    Raises
    ------
    SimulationError
        If no such material is known.

    Examples
    --------
    >>> water, hydroxyapatite = tissue_basis("adipose")
    >>> 0.9 < water < 1.0, hydroxyapatite < 0
    (True, True)
    """
    beam = spectrum(FIT_KVP)
    wanted = mass_attenuation_cm2_g(name) * _table().density_g_cm3[name]
    weight = np.sqrt(beam.behind_water(MEDIUM_WATER_CM)) / beam.bases_per_cm[0]
    amounts = np.linalg.lstsq((beam.bases_per_cm[:2] * weight).T, wanted * weight, rcond=None)[0]
    return float(amounts[0]), float(amounts[1])
