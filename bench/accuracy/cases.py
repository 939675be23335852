"""The fixed set of the accuracy bench: which simulated patients, scanned how.

One factor differs from the reference at a time. Even patient numbers are for
fitting compensation, odd ones for judging it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from vascal.simulate.ct.patient import SimulatedPatient, draw_patient
from vascal.simulate.ct.protocol import Protocol
from vascal.simulate.ct.scanner import KERNELS, noise_gain

SET_VERSION = "1"
"""Changes whenever patients, protocols or the simulator do: cached scans of another version are not used."""
PATIENTS = tuple(range(1000, 1060))
QUICK_PATIENTS = (1000, 1001, 1005)
REFERENCE = Protocol(name="reference")
NOISE_SD_HU = REFERENCE.noise_sd_hu
MOTION_S = 0.14


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One way to scan every patient of the set.

    Parameters
    ----------
    factor, level
        What differs from the reference, and how.
    protocol
        Its scan; denoising is applied by the bench itself.
    bmi
        Forced on the patient, kg/m2.
    heart_rate_bpm
        Forced on the patient.
    speed_mm_s
        Plaques run straight at this speed for 140 ms instead of beating.
    """

    factor: str
    level: str
    protocol: Protocol
    bmi: float | None = None
    heart_rate_bpm: float | None = None
    speed_mm_s: float | None = None

    @property
    def name(self) -> str:
        return f"{self.factor} {self.level}".strip()

    def patient(self, seed: int) -> SimulatedPatient:
        who = draw_patient(seed, bmi=self.bmi)
        return who if self.heart_rate_bpm is None else replace(who, heart_rate_bpm=self.heart_rate_bpm)


def _vary(factor: str, level: str, **changes: object) -> Case:
    return Case(factor=factor, level=level, protocol=replace(REFERENCE, **changes))  # type: ignore[arg-type]


def _slices(thickness_mm: float, *, same_dose: bool) -> Case:
    sd = NOISE_SD_HU * (3.0 / thickness_mm) ** 0.5 if same_dose else NOISE_SD_HU
    factor = "slices" if same_dose else "slices, noise held"
    return _vary(
        factor, f"{thickness_mm:g} mm", thickness_mm=thickness_mm, increment_mm=thickness_mm, noise_sd_hu=round(sd, 2)
    )


def _kernel(name: str, *, same_dose: bool = True) -> Case:
    sd = NOISE_SD_HU * noise_gain(KERNELS[name]) if same_dose else NOISE_SD_HU
    return _vary("kernel" if same_dose else "kernel, noise held", name, kernel=name, noise_sd_hu=round(sd, 2))


def _rate(rate: float, rotation_s: float) -> Case:
    protocol = replace(REFERENCE, rotation_s=rotation_s)
    return Case(factor="heart rate", level=f"{rate:g}/min, {rotation_s:g} s", protocol=protocol, heart_rate_bpm=rate)


REFERENCE_CASE = Case(factor="reference", level="", protocol=REFERENCE)
CASES: tuple[Case, ...] = (
    REFERENCE_CASE,
    Case(factor="reference, another noise", level="", protocol=replace(REFERENCE, name="repeat")),
    *(_vary("kVp", f"{kvp:g}", kvp=kvp) for kvp in (70.0, 80.0, 100.0, 140.0)),
    *(_slices(mm, same_dose=True) for mm in (1.0, 1.5, 2.5, 5.0)),
    *(_slices(mm, same_dose=False) for mm in (1.0, 1.5, 2.5, 5.0)),
    *(_vary("noise", f"{sd:g} HU", noise_sd_hu=sd) for sd in (30.0, 45.0)),
    *(_kernel(name) for name in ("Qr32", "Qr44", "LUNG")),
    *(_kernel(name, same_dose=False) for name in ("Qr44", "LUNG")),
    *(
        _vary("denoising", f"{kind} {strength:g}", denoising=kind, denoising_strength=strength)
        for kind in ("iterative", "deep")
        for strength in (0.5, 1.0)
    ),
    _vary("denoising", "deep 1, noise 45 HU", denoising="deep", denoising_strength=1.0, noise_sd_hu=45.0),
    *(Case(factor="BMI", level=f"{bmi:g}", protocol=REFERENCE, bmi=bmi) for bmi in (22.0, 30.0, 40.0)),
    *(_rate(rate, rotation) for rate, rotation in ((60.0, 0.25), (75.0, 0.28), (90.0, 0.28), (90.0, 0.35))),
    *(
        Case(factor="straight motion", level=f"{speed:g} mm/s", protocol=REFERENCE, speed_mm_s=speed)
        for speed in (0.0, 10.0, 20.0, 40.0)
    ),
    _vary("all at once", "100 kVp, 1.5 mm, Qr44, 35 HU", kvp=100.0, thickness_mm=1.5, increment_mm=1.5, kernel="Qr44",
          noise_sd_hu=35.0),
)  # fmt: skip
QUICK_CASES = (CASES[0], *(case for case in CASES if case.name in {"kVp 100", "slices 1.5 mm"}))
