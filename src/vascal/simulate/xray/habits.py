"""Who is X-rayed and how: the ranges that films are drawn from, and a second set unlike them.

`TRAINING` is what networks may learn from. `SHIFTED` is for tests alone: other vendors'
processing, harder spectra, other bodies and other implants.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from vascal.simulate.xray.aorta import AortaHabit
from vascal.simulate.xray.devices import Device
from vascal.simulate.xray.display import Look
from vascal.simulate.xray.organs import TrunkHabit
from vascal.simulate.xray.plaques import PlaqueHabit
from vascal.simulate.xray.spine import SpineHabit

Style = Literal["lumbar", "abdomen", "dxa"]
STYLES: tuple[Style, ...] = ("lumbar", "abdomen", "dxa")
Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """Everything a film is drawn from: ranges, low and high.

    Parameters
    ----------
    kvp, mas, scatter
        Exposure; see `Technique`.
    focus_mm, detector_mm
        Distances from the midline.
    looks
        Processing by vendor.
    vendors
        Names that go with the looks.
    device_share
        Of films with something foreign on them.
    devices
        What that may be.
    """

    spine: SpineHabit = field(default_factory=SpineHabit)
    aorta: AortaHabit = field(default_factory=AortaHabit)
    plaques: PlaqueHabit = field(default_factory=PlaqueHabit)
    trunk: TrunkHabit = field(default_factory=TrunkHabit)
    kvp: Range = (70.0, 92.0)
    mas: Range = (20.0, 90.0)
    scatter: Range = (0.12, 0.6)
    focus_mm: Range = (800.0, 1250.0)
    detector_mm: Range = (190.0, 330.0)
    looks: tuple[Look, ...] = ("plain", "sigmoid", "pyramid", "film")
    vendors: tuple[str, ...] = ("Simulated A", "Simulated B", "Simulated C", "Simulated D")
    contrast: Range = (0.8, 1.25)
    brightness: Range = (-0.1, 0.1)
    sharpening: Range = (0.1, 1.3)
    turn_deg: Range = (-6.0, 6.0)
    device_share: float = 0.22
    devices: tuple[Device, ...] = ("screws", "lead", "clips", "button", "catheter", "cement")
    age_years: Range = (45.0, 90.0)


TRAINING = Habits()
SHIFTED = Habits(
    spine=SpineHabit(
        size=(0.84, 1.18),
        lordosis_deg=(20.0, 76.0),
        scoliosis_mm=(2.0, 16.0),
        rotation_deg=(-10.0, 10.0),
        spur_mm=(4.0, 13.0),
    ),
    aorta=AortaHabit(radius_mm=(7.0, 14.0), gap_mm=(0.8, 12.0), bend_mm=(2.0, 11.0), widening_share=0.15),
    trunk=TrunkHabit(half_width_mm=(135.0, 215.0), belly_mm=(85.0, 215.0), fat_mm=(15.0, 60.0), gas=24.0),
    kvp=(92.0, 105.0),
    mas=(12.0, 50.0),
    scatter=(0.4, 0.9),
    looks=("equalised", "hard"),
    vendors=("Simulated E", "Simulated F"),
    turn_deg=(-9.0, 9.0),
    device_share=0.3,
    devices=("cage", "filter", "screws", "clips", "lead"),
)
