"""How a patient is scanned: beam, dose, kernel, slices, field, timing and contrast agent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from vascal.errors import SimulationError
from vascal.simulate.ct.denoising import DenoisingKind
from vascal.simulate.ct.heart import Blood
from vascal.simulate.ct.scanner import KERNELS, SCANNERS, Kernel, Scanner
from vascal.tube_voltage import require_supported_kvp

Region = Literal["heart", "chest", "abdomen", "trunk"]
Contrast = Literal["none", "pulmonary", "coronary", "aortic", "venous"]
Fidelity = Literal["image", "projection"]
DualEnergy = Literal["none", "80/140", "80/Sn140", "70/Sn150", "100/Sn150"]

REGIONS_MM: Mapping[Region, tuple[float, float, float, float]] = MappingProxyType(
    {
        "heart": (-62.0, 76.0, 14.0, -22.0),
        "chest": (-160.0, 152.0, 0.0, 2.0),
        "abdomen": (-420.0, -60.0, 0.0, 0.0),
        "trunk": (-430.0, 190.0, 0.0, 2.0),
    }
)
"""Lowest and highest z, and middle x and y of the field, in the average body, mm."""

PHASES: Mapping[Contrast, Blood] = MappingProxyType(
    {
        "none": Blood(),
        "pulmonary": Blood(right=14.0, left=6.0, aorta=4.5, veins=0.0, organs=0.3),
        "coronary": Blood(right=5.0, left=12.5, aorta=13.5, veins=0.2, organs=0.8),
        "aortic": Blood(right=4.5, left=9.5, aorta=11.0, veins=1.5, organs=2.0),
        "venous": Blood(right=4.6, left=4.8, aorta=5.0, veins=5.2, organs=3.2),
    }
)
"""Iodine in the blood by phase; 26 HU for each mg/ml at 120 kVp."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """One way to scan.

    Parameters
    ----------
    name
        How plans call it.
    kvp, tin_mm
        Tube voltage, 70 to 150 kV, and tin in the beam, mm.
    noise_sd_hu
        Noise of an average patient in the middle of the chest, HU; grows with the patient,
        as tube current modulation makes up for half of the size.
    tube_load_mas
        If given, noise follows from it instead.
    kernel, vendor
        Names in `vascal.simulate.ct.scanner.KERNELS` and `SCANNERS`.
    calcium_hu
        CT number of 1 mg/cm3 of hydroxyapatite at 120 kVp behind 20 cm of water; None is the vendor's.
    thickness_mm, increment_mm
        Slice thickness and distance between slices.
    field_mm, matrix
        Side of the field of view and pixels along it.
    shift_mm
        Moves the field to the patient's left and back.
    region
        What is covered.
    coverage
        Share of the region that is covered, from the head on: below 1 the heart is cut off.
    is_gated, phase_percent
        Whether the ECG chooses the instant, and which.
    is_moving
        Whether the heart beats at all: phantoms may hold still.
    rotation_s, is_dual_source
        A slice is collected in half a rotation, or a quarter.
    breathing_mm
        How far the patient moves between slabs of a gated scan, or during an ungated one.
    contrast
        Phase of contrast agent.
    denoising, denoising_strength
        Kind, and strength from 0 to 1.
    fidelity
        ``image`` blurs and adds noise to the image, ``projection`` scans and reconstructs.
    dual_energy
        Pair of spectra for monoenergetic and virtual non-contrast images.
    """

    name: str = "gated"
    kvp: float = 120.0
    tin_mm: float = 0.0
    noise_sd_hu: float = 18.0
    tube_load_mas: float | None = None
    kernel: str = "Qr36"
    vendor: str = "SIEMENS"
    calcium_hu: float | None = None
    thickness_mm: float = 3.0
    increment_mm: float = 3.0
    field_mm: float = 220.0
    matrix: int = 512
    shift_mm: tuple[float, float] = (0.0, 0.0)
    region: Region = "heart"
    coverage: float = 1.0
    is_gated: bool = True
    phase_percent: float = 75.0
    is_moving: bool = True
    rotation_s: float = 0.28
    is_dual_source: bool = False
    breathing_mm: float = 0.0
    contrast: Contrast = "none"
    denoising: DenoisingKind = "none"
    denoising_strength: float = 0.0
    fidelity: Fidelity = "image"
    dual_energy: DualEnergy = "none"

    def __post_init__(self) -> None:
        require_supported_kvp(self.kvp)
        for name, known in (("kernel", KERNELS), ("vendor", SCANNERS), ("region", REGIONS_MM), ("contrast", PHASES)):
            if getattr(self, name) not in known:
                raise SimulationError(f"no {name} is called {getattr(self, name)!r}; there are {sorted(known)}")
        positive = ("thickness_mm", "increment_mm", "field_mm", "rotation_s")
        bad = [name for name in positive if getattr(self, name) <= 0]
        if bad or self.noise_sd_hu < 0 or not 16 <= self.matrix <= 1024:
            raise SimulationError(
                f"protocol {self.name}: {', '.join(positive)} must be positive, noise not negative and the "
                f"matrix from 16 to 1024; found {[getattr(self, name) for name in positive]}, {self.noise_sd_hu:g} and "
                f"{self.matrix}"
            )
        if not (0.05 <= self.coverage <= 1 and 0 <= self.denoising_strength <= 1 and 0 <= self.phase_percent <= 100):
            raise SimulationError(
                f"protocol {self.name}: coverage lies from 0.05 to 1, strength from 0 to 1, phase from 0 to 100; found "
                f"{self.coverage:g}, {self.denoising_strength:g}, {self.phase_percent:g}"
            )

    @property
    def scanner(self) -> Scanner:
        """Make of the scanner, with this protocol's calcium slope."""
        make = SCANNERS[self.vendor]
        return make if self.calcium_hu is None else replace(make, calcium_hu=self.calcium_hu)

    @property
    def convolution_kernel(self) -> Kernel:
        """Resolution and texture of noise."""
        return KERNELS[self.kernel]

    @property
    def blood(self) -> Blood:
        """Iodine in the circulation."""
        return PHASES[self.contrast]

    @property
    def pixel_mm(self) -> float:
        """Side of a pixel, mm."""
        return self.field_mm / self.matrix

    @property
    def window_s(self) -> float:
        """How long a slice is collected, s."""
        return self.rotation_s / (4 if self.is_dual_source else 2)


PROTOCOLS: Mapping[str, Protocol] = MappingProxyType(
    {
        protocol.name: protocol
        for protocol in (
            Protocol(name="gated"),
            Protocol(
                name="chest", kernel="B35f", noise_sd_hu=14.0, field_mm=360.0, region="chest", is_gated=False,
                rotation_s=0.5,
            ),
            Protocol(
                name="low-dose", kernel="Qr36", noise_sd_hu=45.0, thickness_mm=1.5, increment_mm=1.5, field_mm=360.0,
                region="chest", is_gated=False, rotation_s=0.5,
            ),
            Protocol(
                name="ccta", kvp=100.0, kernel="Qr44", noise_sd_hu=28.0, thickness_mm=0.75, increment_mm=0.5,
                field_mm=180.0, contrast="coronary", is_dual_source=True,
            ),
            Protocol(
                name="pet-ac", kernel="AC", noise_sd_hu=20.0, thickness_mm=3.75, increment_mm=3.27, field_mm=500.0,
                region="trunk", is_gated=False, rotation_s=0.5, breathing_mm=8.0,
            ),
            Protocol(
                name="abdomen", kernel="STANDARD", vendor="GE MEDICAL SYSTEMS", noise_sd_hu=14.0, field_mm=400.0,
                region="abdomen", is_gated=False, rotation_s=0.5,
            ),
            Protocol(name="dual-energy", contrast="coronary", dual_energy="80/Sn140", is_dual_source=True),
        )
    }
)  # fmt: skip
"""Protocols by name; `dataclasses.replace` changes one."""


def choose_protocol(name: str) -> Protocol:
    """Pick a protocol by name.

    Raises
    ------
    SimulationError
        If no protocol has this name.
    """
    if name not in PROTOCOLS:
        raise SimulationError(
            f"no protocol is called {name!r}; there are {', '.join(PROTOCOLS)}; qrm and qrm-large stand alone"
        )
    return PROTOCOLS[name]
