"""Draw what a finder found on axial, coronal and sagittal pictures.

python -m bench.draw_anatomy SCAN FIGURE.png [rules|learned|MODEL]     a DICOM folder or a NIfTI file
python -m bench.draw_anatomy chest FIGURE.png    a simulated chest; also: cardiac, contrast
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

from vascal.anatomy.segmenter import Anatomy
from vascal.io.reading import read_input, read_volume
from vascal.models.finder import DEFAULT_FINDER, FINDERS, Finder, choose_finder
from vascal.simulate.ct.example import EXAMPLE_PATIENT, EXAMPLE_PLAQUES
from vascal.simulate.ct.protocol import PROTOCOLS
from vascal.simulate.ct.scan import scan_patient
from vascal.volume import Volume

COLORS = {"heart": "red", "aorta": "cyan", "lungs": "lime", "bone": "yellow"}
WINDOW_HU = (-150, 250)
SIMULATED = {
    "cardiac": PROTOCOLS["gated"],
    "chest": PROTOCOLS["chest"],
    "contrast": PROTOCOLS["ccta"],
}


def finder_of(words: list[str]) -> Finder:
    """Pick a finder by name, or by the folder of its networks."""
    word = words[0] if words else DEFAULT_FINDER
    return choose_finder(word) if word in FINDERS else choose_finder("learned", Path(word))  # type: ignore[arg-type]


def load(name: str) -> Volume:
    """Simulate by name, or read the first series at a path."""
    if name in SIMULATED:
        return scan_patient(EXAMPLE_PATIENT, SIMULATED[name], plaques=EXAMPLE_PLAQUES).volume
    return read_volume(read_input(Path(name))[0].series[0])


def draw(volume: Volume, anatomy: Anatomy, figure_path: Path) -> None:
    """Draw six axial pictures through the heart, one coronal, one sagittal."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    heart = anatomy.structures.mask("heart")
    places = np.argwhere(heart) if heart.any() else np.asarray([[0, 0, 0], np.asarray(heart.shape) - 1])
    low, high, middle = places.min(axis=0), places.max(axis=0), places.mean(axis=0).astype(int)
    step, tall, wide = volume.grid.spacing_mm
    figure, axes = plt.subplots(2, 4, figsize=(12, 6.4))
    for ax, k in zip(axes.flat, np.linspace(high[0], low[0], 6).astype(int), strict=False):
        picture(ax, volume, anatomy, (int(k), slice(None), slice(None)), tall / wide)
    for ax, at, ratio in zip(
        axes.flat[6:],
        ((slice(None), int(middle[1]), slice(None)), (slice(None), slice(None), int(middle[2]))),
        (step / wide, step / tall),
        strict=True,
    ):
        picture(ax, volume, anatomy, at, ratio)
        ax.invert_yaxis()
    figure.tight_layout(pad=0.2)
    figure.savefig(figure_path, dpi=64, pil_kwargs={"optimize": True})
    plt.close(figure)


def picture(ax: object, volume: Volume, anatomy: Anatomy, at: tuple[int | slice, ...], ratio: float) -> None:
    """Draw one plane with outlines."""
    ax.imshow(volume.hu[at], cmap="gray", vmin=WINDOW_HU[0], vmax=WINDOW_HU[1], aspect=ratio)  # type: ignore[attr-defined]
    for name, color in COLORS.items():
        mask = anatomy.structures.labels[at] == anatomy.structures.value_of(name)
        if mask.any():
            ax.contour(mask, [0.5], colors=color, linewidths=0.8)  # type: ignore[attr-defined]
    ax.axis("off")  # type: ignore[attr-defined]


def main() -> None:
    """Find, draw, and say what was measured."""
    volume = load(sys.argv[1])
    anatomy = finder_of(sys.argv[3:]).segmenter.find_anatomy(volume)
    draw(volume, anatomy, Path(sys.argv[2]))
    print(
        f"blood {anatomy.blood_hu} HU, aorta {anatomy.aorta_hu} HU, contrast {anatomy.is_contrast_enhanced}, "
        f"noise {anatomy.noise_sd_hu} HU, cut off {anatomy.heart_cut_off}, notes {anatomy.notes}"
    )


if __name__ == "__main__":
    main()
