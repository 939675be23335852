"""A small scored report, made by hand, for tests of what is done with reports."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vascal.anatomy.segmenter import STRUCTURES, Anatomy
from vascal.calcium.candidates import find_candidates
from vascal.calcium.lesions import find_lesions
from vascal.calcium.mass import assume_calibration
from vascal.calcium.rule import AGATSTON_1990
from vascal.calcium.score import score_calcium
from vascal.render.key_images import KeyImages, draw_key_images
from vascal.render.marks import Marks
from vascal.report.caveats import Caveat, Circumstances, find_caveats
from vascal.report.provenance import Provenance
from vascal.report.report import ImageFindings, RejectedCandidate, Report, SeriesFacts
from vascal.study import Acquisition, Gating, Patient
from vascal.volume import Grid, LabelMap, Volume

GRID = Grid.even((6, 40, 40), (3.0, 0.5, 0.5), origin_mm=(-10.0, -10.0, 100.0))


def make_volume(grid: Grid = GRID) -> tuple[Volume, LabelMap]:
    """Soft tissue with one plaque of 3 x 3 pixels at 250 HU (LM) and one of 2 x 4 at 450 HU (RCA)."""
    hu = np.full(grid.shape, 40, dtype=np.int16)
    labels = np.zeros(grid.shape, dtype=np.uint8)
    hu[2, 10:13, 10:13] = 250
    labels[2, 9:14, 9:14] = 1
    hu[3, 25:27, 25:29] = 450
    labels[3, 24:28, 24:30] = 4
    names = {1: "LM", 2: "LAD", 3: "LCX", 4: "RCA"}
    return Volume(hu=hu, grid=grid), LabelMap(labels=labels, grid=grid, names=names)


def make_anatomy(grid: Grid = GRID) -> Anatomy:
    """A heart that fills the grid, in unenhanced blood."""
    labels = np.ones(grid.shape, dtype=np.uint8)
    structures = LabelMap(labels=labels, grid=grid, names=STRUCTURES)
    return Anatomy(structures=structures, finder="test finder", blood_hu=45.0, aorta_hu=44.0, noise_sd_hu=18.0)


ACQUISITION = Acquisition(
    kvp=120.0,
    kernels=("Qr36d",),
    slice_thickness_mm=3.0,
    gating=Gating(is_gated=True, evidence="attributes", technique="PROSPECTIVE"),
    manufacturer="Maker",
    model="Model",
)


def make_report(*, acquisition: Acquisition = ACQUISITION, quotable: bool = True, key: str = "1.2.3") -> Report:
    """Score the volume of `make_volume` with its labels."""
    volume, labels = make_volume()
    score = score_calcium(volume, find_lesions(find_candidates(volume, labels, AGATSTON_1990), AGATSTON_1990))
    caveats = find_caveats(
        Circumstances(
            acquisition=acquisition,
            grid=volume.grid,
            rule=AGATSTON_1990,
            calibration=assume_calibration(120),
            score=score,
            anatomy=make_anatomy(),
            found_by="labels",
        )
    )
    if not quotable:
        caveats = (Caveat(code="contrast", message="Blood is contrast-enhanced.", severity="critical"), *caveats)
    return Report(
        series=SeriesFacts(
            study_instance_uid="1.2",
            series_instance_uid=key,
            key=key,
            series_number=3,
            series_description="CaSc 3.0 Qr36",
            study_date="20200102",
            shape=volume.grid.shape,
            spacing_mm=volume.grid.spacing_mm,
            is_even=True,
            acquisition=acquisition,
            patient=Patient(age_years=58.0, sex="F"),
            source_format="dicom",
        ),
        found_by="labels",
        score=score,
        is_quotable=quotable,
        rejected=(
            RejectedCandidate(reason="bone", volume_mm3=120.0, peak_hu=700, center_mm=(1.0, 2.0, 3.0), slices=(0, 4)),
        ),
        findings=ImageFindings(finder="test finder", noise_sd_hu=18.0, is_contrast_enhanced=False),
        caveats=caveats,
        provenance=Provenance(software="vascal", version="0.1.0", source_uids=("1.2.3.1", "1.2.3.2")),
    )


def make_images() -> KeyImages:
    """Draw the pictures of that report."""
    volume, labels = make_volume()
    lesions = find_lesions(find_candidates(volume, labels, AGATSTON_1990), AGATSTON_1990)
    return draw_key_images(volume, Marks(lesions=lesions, heart=make_anatomy().structures))


def describe_as(report: Report, text: str) -> Report:
    """Give the same report with another series description."""
    return replace(report, series=replace(report.series, series_description=text))
