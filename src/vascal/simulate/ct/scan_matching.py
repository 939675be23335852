"""What a real scan makes of calcium: its blur, its slices and its brightness.

So that a simulated plaque looks, in a real scan, as one of the same mass would
have looked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from vascal.errors import SimulationError
from vascal.simulate.ct.beam import AVERAGE_WATER_MM
from vascal.simulate.ct.noise import water_diameter_mm
from vascal.simulate.ct.noise_texture import NoiseTexture, match_kernel, measure_texture
from vascal.simulate.ct.scanner import KERNELS, SCANNERS, Kernel, Scanner, calcium_slope_hu
from vascal.study import Acquisition
from vascal.volume import Volume

KernelEvidence = Literal["stated", "name", "noise"]
ASSUMED_KVP = 120.0
BODY_HU = -500.0
MOST_BODY_ON_BORDER = 0.05
"""More of a slice's border inside the body than this, and the field of view cuts it off; a table may touch it."""
HIGHEST_HU = 3071
"""What 12 bits with an intercept of -1024 can hold."""
AVERAGE_SLOPE_HU = round(sum(scanner.calcium_hu for scanner in SCANNERS.values()) / len(SCANNERS), 3)
OTHER_NAMES = {"canon": "TOSHIBA", "ge": "GE MEDICAL SYSTEMS"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanMatch:
    """How a scan shows calcium.

    Parameters
    ----------
    kernel
        Blur of the image.
    kernel_evidence
        ``stated`` by the user, known by ``name``, or estimated from the ``noise``.
    thickness_mm
        Slice thickness, mm.
    kvp
        Tube voltage, kV.
    calcium_hu
        CT number of 1 mg/cm3 of hydroxyapatite, HU.
    water_mm
        Diameter of the cylinder of water that attenuates as the patient does, mm.
    noise_sd_hu
        Standard deviation of a pixel in even soft tissue, HU; None if it could not be measured.
    highest_hu
        CT number at which the scan's pixels saturate.
    notes
        What was assumed, in plain sentences.
    """

    kernel: Kernel
    kernel_evidence: KernelEvidence
    thickness_mm: float
    kvp: float
    calcium_hu: float
    water_mm: float
    noise_sd_hu: float | None
    highest_hu: int = HIGHEST_HU
    notes: tuple[str, ...] = ()


def match_scan(
    volume: Volume, acquisition: Acquisition, *, kernel: Kernel | None = None, calcium_hu: float | None = None
) -> ScanMatch:
    """Find out how a scan shows calcium.

    Parameters
    ----------
    volume
        The scan: (slice, row, column), HU.
    acquisition
        What its header says.
    kernel
        Its blur, if better known; else by the header's name, else by the noise.
    calcium_hu
        CT number of 1 mg/cm3 of hydroxyapatite at 120 kVp behind 20 cm of water, HU, if
        measured on this scanner; else the usual one of its maker.

    Raises
    ------
    SimulationError
        If the kernel is unknown and can not be estimated, or a stated slope is not positive.
    RuleError
        If the tube voltage lies outside 70 to 150 kV.

    Notes
    -----
    Brightness follows the maker's measured slope, the tube voltage and beam hardening in a
    patient of this size (AAPM Report 220). Where the field of view cuts the body off, an
    average chest (270 mm of water) is taken.
    """
    notes: list[str] = []
    texture, reason = _try_texture(volume)
    chosen, evidence = _choose_kernel(acquisition.kernels, kernel, texture, reason)
    if evidence == "noise":
        notes.append(f"resolution was estimated from the noise: half contrast at {chosen.mtf50_per_mm:.2f} per mm")
    scanner = _choose_scanner(acquisition.manufacturer, calcium_hu, notes)
    if acquisition.kvp is None:
        notes.append(f"the tube voltage is unknown; {ASSUMED_KVP:g} kV was assumed")
    if acquisition.slice_thickness_mm is None:
        notes.append("the slice thickness is unknown; the spacing between slices was taken")
    kvp = acquisition.kvp or ASSUMED_KVP
    water_mm = _water_mm(volume, notes)
    return ScanMatch(
        kernel=chosen,
        kernel_evidence=evidence,
        thickness_mm=acquisition.slice_thickness_mm or volume.grid.spacing_between_slices_mm,
        kvp=kvp,
        calcium_hu=calcium_slope_hu(scanner, kvp, water_mm),
        water_mm=water_mm,
        noise_sd_hu=None if texture is None else texture.sd_hu,
        highest_hu=max(HIGHEST_HU, int(volume.hu.max())),
        notes=tuple(notes),
    )


def known_kernel(names: tuple[str, ...]) -> Kernel | None:
    """Find a kernel by a header's names for it, whatever letter follows its number.

    Examples
    --------
    >>> known_kernel(("Qr36d", "3")).name, known_kernel(("STANDARD",)).name, known_kernel(("B",))
    ('Qr36', 'STANDARD', None)
    """
    wanted = [name.casefold().strip() for name in names]
    for kernel in KERNELS.values():
        own = kernel.name.casefold()
        ends = ("", "d", "f") if own[-1].isdigit() else ("",)
        if any(name == own + end for name in wanted for end in ends):
            return kernel
    return None


def _try_texture(volume: Volume) -> tuple[NoiseTexture | None, str]:
    """Measure the noise, or tell why it can not be measured: a known kernel does without."""
    try:
        return measure_texture(volume), ""
    except SimulationError as error:
        return None, str(error)


def _choose_kernel(
    names: tuple[str, ...], stated: Kernel | None, texture: NoiseTexture | None, reason: str
) -> tuple[Kernel, KernelEvidence]:
    if stated is not None:
        return stated, "stated"
    by_name = known_kernel(names)
    if by_name is not None:
        return by_name, "name"
    if texture is None:
        named = "/".join(names) or "none"
        raise SimulationError(f"the resolution of kernel {named} is not known, and {reason}")
    return match_kernel(texture), "noise"


def _choose_scanner(manufacturer: str | None, calcium_hu: float | None, notes: list[str]) -> Scanner:
    if calcium_hu is not None and not 0 < calcium_hu < np.inf:
        raise SimulationError(f"1 mg/cm3 of calcium was stated to give {calcium_hu:g} HU; needed: above 0")
    first = (manufacturer or "").casefold().split(" ")[0]
    name = OTHER_NAMES.get(first) or next((known for known in SCANNERS if known.casefold() == first), None)
    if calcium_hu is None and name is None:
        notes.append(f"the scanner's maker is unknown; {AVERAGE_SLOPE_HU:g} HU for each mg/cm3 was assumed")
    slope = calcium_hu or (SCANNERS[name].calcium_hu if name else AVERAGE_SLOPE_HU)
    made = SCANNERS[name] if name else next(iter(SCANNERS.values()))
    return Scanner(vendor=made.vendor, model=made.model, kernel=made.kernel, calcium_hu=slope)


def _water_mm(volume: Volume, notes: list[str]) -> float:
    """Size of the patient, if all of them is seen in most slices."""
    whole = [plane for plane in volume.hu if _body_share_on_border(plane) <= MOST_BODY_ON_BORDER]
    if 2 * len(whole) < len(volume.hu):
        notes.append(f"the field of view cuts the body off; {AVERAGE_WATER_MM:g} mm of water was assumed")
        return AVERAGE_WATER_MM
    return float(np.median([water_diameter_mm(plane, volume.grid.pixel_area_mm2) for plane in whole]))


def _body_share_on_border(plane: np.ndarray) -> float:
    border = np.concatenate([plane[0], plane[-1], plane[:, 0], plane[:, -1]])
    return float(np.mean(border > BODY_HU))
