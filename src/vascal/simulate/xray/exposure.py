"""From ray sums to the signal of a detector: spectrum, scatter, grid, blur and quanta."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float
from scipy import ndimage

from vascal.simulate.ct.attenuation import Spectrum, mass_attenuation_cm2_g, spectrum
from vascal.simulate.xray.beam import Beam
from vascal.simulate.xray.smoothing import enlarge, smooth

Layer = Float[np.ndarray, "row column"]
Layers = Float[np.ndarray, "3 row column"]
TITANIUM_G_CM3 = 4.506
BINS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Technique:
    """How a film is exposed.

    Parameters
    ----------
    kvp
        Tube voltage, 70 to 150 kV.
    mas
        Tube current times time, mAs.
    scatter
        Scattered over primary signal behind 20 cm of water, after the grid.
    blur_mm
        Standard deviation of what focus and detector blur together, on the detector, mm.
    grain_mm
        Distance over which the noise hangs together, mm.
    """

    kvp: float = 80.0
    mas: float = 40.0
    scatter: float = 0.6
    blur_mm: float = 0.18
    grain_mm: float = 0.12


@lru_cache(maxsize=32)
def _beam(kvp: float) -> Spectrum:
    return spectrum(kvp).in_bins(BINS)


def primary_signal(layers: Layers, kvp: float) -> Layer:
    """Give the share of the open beam's signal that passes, without scatter.

    Parameters
    ----------
    layers
        (3, row, column): cm of water, g/cm2 of hydroxyapatite, cm of titanium.
    kvp
        Tube voltage.

    Raises
    ------
    SimulationError
        For a voltage without a spectrum.
    """
    beam = _beam(kvp)
    metal = np.interp(beam.energy_kev, *_titanium()).astype(np.float32)
    coefficients = beam.bases_per_cm.astype(np.float32)
    has_metal = bool(layers[2].any())
    passed = np.zeros(layers.shape[1:], dtype=np.float32)
    water, mineral = layers[0].astype(np.float32), layers[1].astype(np.float32) * np.float32(1000)
    for bin_, share in enumerate(beam.signal.astype(np.float32)):
        depth = coefficients[0, bin_] * water + coefficients[1, bin_] * mineral
        if has_metal:
            depth += metal[bin_] * layers[2].astype(np.float32)
        passed += share * np.exp(-depth)
    return passed


@lru_cache(maxsize=1)
def _titanium() -> tuple[np.ndarray, np.ndarray]:
    """Energies, keV, and attenuation of titanium per cm there."""
    energy = np.arange(16.0, 149.0)
    return energy, mass_attenuation_cm2_g("titanium", energy) * TITANIUM_G_CM3


def add_scatter(primary: Layer, water_cm: Layer, beam: Beam, technique: Technique) -> Layer:
    """Add scattered signal: primary spread over some centimetres, more behind a thick body.

    The width, 40 mm on the detector, is that of scatter kernels behind 20 to 30 cm of water
    (Boone and Seibert, Med Phys 1988;15:721-725 and 713-720).
    """
    step = 8
    coarse = primary[step // 2 :: step, step // 2 :: step]
    depth = np.clip(water_cm[step // 2 :: step, step // 2 :: step], 0, 45)
    weight = technique.scatter * (depth / 20.0) ** 1.1
    spread = ndimage.gaussian_filter(coarse * weight, 40.0 / beam.pixel_mm / step, mode="nearest")
    return np.asarray(primary + enlarge(spread, primary.shape))


def expose(layers: Layers, beam: Beam, technique: Technique) -> Layer:
    """Expose a film, as if quanta were endless.

    Parameters
    ----------
    layers
        (3, row, column): cm of water, g/cm2 of hydroxyapatite, cm of titanium.
    beam
        Geometry; the distance weakens the beam.
    technique
        Voltage, exposure, scatter and blur.

    Returns
    -------
    array
        (row, column), float32: signal as a share of the open beam's.
    """
    signal = add_scatter(primary_signal(layers, technique.kvp), layers[0], beam, technique)
    return smooth(signal, technique.blur_mm / beam.pixel_mm)


def add_quanta(signal: Layer, beam: Beam, technique: Technique, rng: np.random.Generator) -> Layer:
    """Add the noise of counted quanta to a signal."""
    distance_m = (beam.focus_mm + beam.detector_mm) / 1000
    quanta = _beam(technique.kvp).photons_per_mas_mm2 * technique.mas / distance_m**2 * beam.pixel_mm**2
    grain = rng.standard_normal(signal.shape, dtype=np.float32)
    sigma = technique.grain_mm / beam.pixel_mm
    grain = smooth(grain, sigma)
    grain *= min(1.0, 1.3 / (1 + sigma)) / grain.std()
    noise = np.sqrt(np.maximum(signal, 1e-7) / quanta) * grain
    return np.asarray(np.maximum(signal + noise, signal * 0.02 + 1e-7))
