"""Draw simulated slices beside real ones at the same window: docs/explanation/img/simulator-*.png.

VASCAL_TEST_DATA=... python -m bench.simulator_gallery
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from vascal.io.reading import read_input, read_volume
from vascal.simulate.ct.example import EXAMPLE_PATIENT, EXAMPLE_PLAQUES
from vascal.simulate.ct.patient import SimulatedPatient
from vascal.simulate.ct.protocol import PROTOCOLS, Protocol
from vascal.simulate.ct.scan import scan_patient
from vascal.volume import Volume

DATA = Path(os.environ.get("VASCAL_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
OUT = Path(__file__).parents[1] / "docs" / "explanation" / "img"
TILE = 300
SOFT, LUNG = (40.0, 400.0), (-600.0, 1500.0)


def real(name: str) -> Volume:
    """Read a real scan."""
    return read_volume(read_input(DATA / name)[0].series[0])


def picture(plane: np.ndarray, window: tuple[float, float], spacing: tuple[float, float]) -> Image.Image:
    """Grey values of one plane, pixels made square, fitted into a tile."""
    level, width = window
    grey = np.clip((plane - (level - width / 2)) / width * 255, 0, 255).astype(np.uint8)
    tall, wide = plane.shape[0] * spacing[0], plane.shape[1] * spacing[1]
    scale = TILE / max(tall, wide)
    image = Image.fromarray(grey).resize((round(wide * scale), round(tall * scale)), Image.Resampling.BICUBIC)
    tile = Image.new("L", (TILE, TILE))
    tile.paste(image, ((TILE - image.width) // 2, (TILE - image.height) // 2))
    return tile


def axial(volume: Volume, share: float, window: tuple[float, float] = SOFT) -> Image.Image:
    """One axial slice at a share of the stack's height."""
    _, down, across = volume.grid.spacing_mm
    return picture(volume.hu[round(share * (len(volume.hu) - 1))], window, (down, across))


def coronal(volume: Volume, share: float, window: tuple[float, float] = SOFT) -> Image.Image:
    """One coronal plane, head up."""
    step, _, across = volume.grid.spacing_mm
    return picture(volume.hu[::-1, round(share * (volume.grid.shape[1] - 1))], window, (step, across))


def sheet(rows: Sequence[tuple[str, Sequence[Image.Image]]], path: Path) -> None:
    """Lay rows of tiles out, each with its name."""
    width = max(len(tiles) for _, tiles in rows)
    page = Image.new("L", (width * TILE + (width - 1) * 4, len(rows) * (TILE + 24)), 0)
    draw = ImageDraw.Draw(page)
    for row, (name, tiles) in enumerate(rows):
        top = row * (TILE + 24)
        draw.text((6, top + 5), name, fill=235, font_size=14)
        for column, tile in enumerate(tiles):
            page.paste(tile, (column * (TILE + 4), top + 24))
    path.parent.mkdir(parents=True, exist_ok=True)
    page.save(path, optimize=True)


def simulated(patient: SimulatedPatient, protocol: Protocol) -> Volume:
    """Scan a patient with the example's plaques."""
    return scan_patient(patient, protocol, plaques=EXAMPLE_PLAQUES).volume


def in_lung_window(volume: Volume) -> list[Image.Image]:
    """Three axial slices and a coronal one."""
    return [*(axial(volume, share, LUNG) for share in (0.35, 0.55, 0.75)), coronal(volume, 0.5, LUNG)]


def main() -> None:
    """Draw three sheets."""
    woman = SimulatedPatient(seed=5, sex="F", age_years=58, height_cm=162, bmi=24, devices=("ecg leads",))
    man = replace(EXAMPLE_PATIENT, seed=3, bmi=31.0)
    chest = replace(PROTOCOLS["chest"], thickness_mm=5.0, increment_mm=5.0)
    contrast = replace(PROTOCOLS["chest"], contrast="venous")
    heart_shares = (0.38, 0.44, 0.5, 0.56)
    thick, enhanced = real("chest-thick/sharp"), real("chest-contrast/series")
    rows = [
        (
            "REAL, Philips, kernel B, 5 mm, no contrast (TCIA Lung-PET-CT-Dx)",
            [axial(thick, s) for s in (0.42, 0.5, 0.57, 0.64)],
        ),
        ("SIMULATED, woman, BMI 24", [axial(simulated(woman, chest), s) for s in heart_shares]),
        ("SIMULATED, man, BMI 31", [axial(simulated(man, chest), s) for s in heart_shares]),
        ("REAL, Siemens, B40f, contrast (TCIA CPTAC-PDA)", [axial(enhanced, s) for s in (0.4, 0.48, 0.56, 0.66)]),
        ("SIMULATED, woman, venous contrast", [axial(simulated(woman, contrast), s) for s in heart_shares]),
    ]
    sheet(rows, OUT / "simulator-hearts.png")
    belly = real("abdomen-contrast/series")
    trunk = replace(
        PROTOCOLS["pet-ac"], increment_mm=5.0, thickness_mm=5.0, kernel="B35f", breathing_mm=0.0, noise_sd_hu=10.0
    )
    whole, large = simulated(woman, replace(trunk, contrast="venous")), simulated(replace(man, arms="down"), trunk)
    rows = [
        (
            "REAL, Toshiba, FC13, contrast (TCIA TCGA-OV)",
            [*(axial(belly, s) for s in (0.9, 0.7, 0.5, 0.3)), coronal(belly, 0.5)],
        ),
        ("SIMULATED, woman, contrast", [*(axial(whole, s) for s in (0.46, 0.37, 0.28, 0.17)), coronal(whole, 0.46)]),
        (
            "SIMULATED, man, BMI 31, arms down",
            [*(axial(large, s) for s in (0.46, 0.37, 0.28, 0.88)), coronal(large, 0.46)],
        ),
    ]
    sheet(rows, OUT / "simulator-bodies.png")
    rows = [
        ("REAL (TCIA Lung-PET-CT-Dx), lung window", in_lung_window(thick)),
        ("SIMULATED, lung window", in_lung_window(simulated(woman, chest))),
    ]
    sheet(rows, OUT / "simulator-lungs.png")


if __name__ == "__main__":
    main()
