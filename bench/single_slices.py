"""What a finder makes of axial slices that stand alone: lesions, rejected candidates, their Agatston; and pictures.

python -m bench.single_slices DATA [rules|learned|MODEL] [FOLDER]

DATA is searched for DICOM at any depth; pictures go to FOLDER, by default one for temporary files.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench.draw_anatomy import finder_of
from vascal.calcium.agatston import score_agatston
from vascal.calcium.finding import Rejected
from vascal.calcium.lesions import Lesion
from vascal.calcium.single_slice import OneSliceGrid, SingleSlice
from vascal.errors import VascalError
from vascal.io.dicom import read_studies
from vascal.models.finder import Finder
from vascal.pipeline import ScoredSeries, score_series
from vascal.render.marks import Marks
from vascal.render.overlay import draw_overlay
from vascal.study import Series


def agatston_of(rejected: Rejected, scored: ScoredSeries) -> float:
    """What a rejected candidate would have added."""
    index = rejected.candidate.index
    lesion = Lesion(id=1, vessel="none", index=index, hu=scored.volume.hu.reshape(-1)[index])
    return score_agatston(lesion, scored.volume.grid, scored.report.score.rule).agatston


def say(what: str, agatston: float, peak_hu: float, sureness: float | None, at_mm: tuple[float, ...]) -> None:
    sure = "" if sureness is None else f"{sureness:.2f}"
    print(f"  {what:32}{agatston:8.1f}{peak_hu:8.0f}{sure:>8}   {at_mm[0]:6.1f} {at_mm[1]:6.1f}")


def show(series: Series, scored: ScoredSeries) -> None:
    """Print one slice's table: lesions first, then what was rejected, the largest first."""
    report, found = scored.report, scored.report.findings
    print(f"\n{series.images[0].path.name}  {report.series.acquisition.slice_thickness_mm or 0:g} mm  {found.finder}")
    print(f"  {'what':32}{'agatston':>8}{'peak':>8}{'sure':>8}        x      y mm")
    for lesion in report.score.lesions:
        name = lesion.vessel if lesion.segment is None else f"{lesion.vessel} segment {lesion.segment}"
        say(name, lesion.agatston, lesion.peak_hu, lesion.confidence, lesion.center_mm)
    for agatston, one in sorted(((agatston_of(r, scored), r) for r in scored.finding.rejected), key=lambda x: -x[0]):
        say(f"- {one.reason}", agatston, one.candidate.peak_hu, one.probability, one.candidate.center_mm)
    vessels = ", ".join(f"{name} {v.agatston:.1f}" for name, v in report.score.vessels.items() if v.lesions)
    print(f"  sum {report.score.total.agatston:.1f}: {vessels or 'nothing'}")
    print(f"  heart {found.heart_volume_ml:.1f} ml, blood {found.blood_hu} HU, noise {found.noise_sd_hu} HU")
    print(f"  caveats: {' '.join(c.code for c in report.caveats if c.severity != 'info')}")


def draw(series: Series, scored: ScoredSeries, folder: Path) -> None:
    marks = Marks(
        lesions=scored.finding.lesions,
        rejected=tuple((r.reason, r.candidate.index) for r in scored.finding.rejected),
        heart=scored.anatomy.structures,
    )
    path = folder / f"{series.images[0].path.stem}-{scored.report.found_by}.png"
    path.write_bytes(draw_overlay(scored.volume, scored.report, marks))
    print(f"  {path}")


def try_one(series: Series, finder: Finder, folder: Path) -> None:
    try:
        scored = score_series(series, finder=finder)
    except VascalError as error:
        print(f"\n{series.images[0].path.name}: not scored: {error.code}: {error}")
        return
    show(series, scored)
    draw(series, scored, folder)


def main() -> None:
    """Score every slice that stands alone; say what was refused."""
    finder = finder_of(sys.argv[2:3])
    folder = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(tempfile.gettempdir()) / "single-slices"
    folder.mkdir(parents=True, exist_ok=True)
    for study in read_studies(sys.argv[1], single_slice=SingleSlice()):
        for series in study.series:
            if isinstance(series.grid, OneSliceGrid):
                try_one(series, finder, folder)
        for refusal in study.refusals:
            print(f"\nrefused: {refusal.code}: {refusal.message}")


if __name__ == "__main__":
    main()
