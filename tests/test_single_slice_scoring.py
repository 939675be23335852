"""From a DICOM slice that stands alone to its results on disk."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from typer.testing import CliRunner, Result

from tests.calcium import oracle
from tests.io.make_ct import write_series
from vascal.anatomy.confounders import Candidate, Verdict
from vascal.anatomy.segmenter import STRUCTURES, Anatomy
from vascal.calcium.finding import Judged
from vascal.calcium.rule import AGATSTON_1990
from vascal.calcium.single_slice import SingleSlice
from vascal.cli.main import app
from vascal.errors import AnatomyError, RuleError
from vascal.io.dicom import read_study
from vascal.io.results import read_schema
from vascal.lesion_explanation import explain
from vascal.models import saliency
from vascal.models.finder import Finder
from vascal.pipeline import ScoredSeries, score_series
from vascal.score_options import ScoreOptions
from vascal.volume import LabelMap, Volume

LAD = Code("59438005", "SCT", "Left anterior descending coronary artery")
ROWS, COLUMNS = 40, 48


def slice_pixels() -> np.ndarray:
    """Air around tissue of 40 HU; 4 x 5 pixels of 350 HU, and 2 x 3 of 450 HU."""
    hu = np.full((ROWS, COLUMNS), -1000)
    hu[4:-4, 4:-4] = 40
    hu[10:14, 12:17] = 350
    hu[25:27, 30:33] = 450
    return (hu + 1024).astype(np.uint16)


def write_slice_alone(folder: Path, **attributes: Any) -> Path:
    given: dict[str, Any] = {"pixels": slice_pixels(), "SliceThickness": "2.5"}
    return write_series(folder, [7.0], **(given | attributes))


def score_alone(folder: Path, options: ScoreOptions | None = None, finder: Finder | None = None) -> ScoredSeries:
    (series,) = read_study(folder, single_slice=SingleSlice()).series
    return score_series(series, options, finder=finder)


@dataclass(frozen=True)
class Painter:
    """A segmenter that takes everything for one structure."""

    structure: int = 1
    is_contrast_enhanced: bool = False

    def find_anatomy(self, volume: Volume) -> Anatomy:
        labels = np.full(volume.grid.shape, self.structure, np.uint8)
        return Anatomy(
            structures=LabelMap(labels=labels, grid=volume.grid, names=STRUCTURES),
            finder="painter",
            blood_hu=250.0 if self.is_contrast_enhanced else 40.0,
            is_contrast_enhanced=self.is_contrast_enhanced,
            heart_cut_off=("top", "bottom"),
        )


def judge_by_brightness(volume: Volume, anatomy: Anatomy, candidates: Sequence[Candidate]) -> tuple[Judged, ...]:
    """What exceeds 400 HU is aorta, the rest LAD."""
    return tuple(
        Judged(
            candidate=one,
            verdict=Verdict(vessel="LAD", reason=None, confidence=0.9)
            if one.peak_hu < 400
            else Verdict(vessel=None, reason="aortic wall", confidence=0.8),
        )
        for one in candidates
    )


SIMPLE = Finder(name="rules", segmenter=Painter(), judge=judge_by_brightness)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["score", *map(str, arguments)])


def saved_in(out: Path) -> dict[str, Any]:
    (path,) = out.glob("*/*/score.json")
    saved: dict[str, Any] = json.loads(path.read_text())
    return saved


def write_labels(folder: Path, image: Path) -> Path:
    """Write, by highdicom, a segmentation that calls the middle of the slice LAD."""
    import highdicom as hd

    source = dcmread(image)
    source.SliceThickness = source.get("SliceThickness", "1")
    for keyword in ("StudyID", "StudyTime", "AccessionNumber", "PatientSex", "ReferringPhysicianName"):
        setattr(source, keyword, "")
    source.PositionReferenceIndicator = ""
    mask = np.zeros((1, ROWS, COLUMNS), np.uint8)
    mask[0, 4:-4, 4:-4] = 1
    segmentation = hd.seg.Segmentation(
        source_images=[source],
        pixel_array=mask,
        segmentation_type="BINARY",
        segment_descriptions=[
            hd.seg.SegmentDescription(
                segment_number=1,
                segment_label="lad",
                segmented_property_category=codes.SCT.AnatomicalStructure,
                segmented_property_type=LAD,
                algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
            )
        ],
        series_instance_uid="1.2.9",
        series_number=9,
        sop_instance_uid="1.2.9.1",
        instance_number=1,
        manufacturer="m",
        manufacturer_model_name="n",
        software_versions="1",
        device_serial_number="1",
    )
    segmentation.save_as(folder / "seg.dcm")
    return folder / "seg.dcm"


def test_a_slice_scores_area_times_weight_times_thickness_over_3(tmp_path: Path) -> None:
    """20 x 0.375 mm2, weight 3, 2.5 mm: 7.5 x 3 x 2.5 / 3 = 18.75. The 450 HU are the aorta's."""
    scored = score_alone(write_slice_alone(tmp_path), finder=SIMPLE)
    report = scored.report
    assert report.score.total.agatston == pytest.approx(18.75)
    assert report.score.total.volume_mm3 == pytest.approx(18.75)
    assert report.score.vessels["LAD"].lesions == 1
    (rejected,) = report.rejected
    assert (rejected.reason, rejected.slices) == ("aortic wall", (0, 0))
    assert rejected.volume_mm3 == pytest.approx(6 * 0.375 * 2.5)
    assert report.series.shape == (1, ROWS, COLUMNS)
    assert report.series.spacing_mm == (2.5, 0.5, 0.75)
    assert report.findings.heart_volume_ml == pytest.approx(ROWS * COLUMNS * 0.375 * 2.5 / 1000)
    assert len(report.provenance.source_uids) == 1
    assert scored.volume.hu.shape == scored.anatomy.structures.labels.shape == (1, ROWS, COLUMNS)


def test_a_single_slice_is_never_quotable_and_its_heart_is_not_called_cut_off(tmp_path: Path) -> None:
    report = score_alone(write_slice_alone(tmp_path), finder=SIMPLE).report
    caveats = {caveat.code: caveat.severity for caveat in report.caveats}
    assert not report.is_quotable
    assert caveats["single-slice"] == "critical"
    assert "heart-cut-off" not in caveats
    assert not {"gaps", "overlapping-slices"} & set(caveats)


def test_a_slice_without_heart_is_refused(tmp_path: Path) -> None:
    write_slice_alone(tmp_path)
    with pytest.raises(AnatomyError, match="no heart was found"):
        score_alone(tmp_path, finder=replace(SIMPLE, segmenter=Painter(structure=6)))


def test_contrast_is_told_of_beside_the_single_slice(tmp_path: Path) -> None:
    finder = replace(SIMPLE, segmenter=Painter(is_contrast_enhanced=True))
    report = score_alone(write_slice_alone(tmp_path), finder=finder).report
    assert {c.code for c in report.caveats if c.severity == "critical"} == {"single-slice", "contrast"}


def test_corrections_for_whole_hearts_are_refused(tmp_path: Path) -> None:
    write_slice_alone(tmp_path)
    with pytest.raises(RuleError, match="without --compensate"):
        score_alone(tmp_path, ScoreOptions(compensate=True), finder=SIMPLE)


def test_saliency_looks_at_the_stack_that_the_judge_saw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scored = score_alone(write_slice_alone(tmp_path), finder=SIMPLE)
    shown: list[tuple[int, int]] = []

    def see(volume: Volume, anatomy: Anatomy, candidates: Sequence[Candidate], *, folder: Path | None) -> tuple[()]:
        shown.append((volume.grid.shape[0], int(candidates[0].index[0]) // (ROWS * COLUMNS)))
        return ()

    monkeypatch.setattr("vascal.lesion_explanation.find_saliency", see)
    assert saliency.find_saliency is not see
    assert explain(scored, ScoreOptions()) == []
    assert shown == [(57, 28)]


def test_the_command_refuses_a_slice_alone_unless_asked(tmp_path: Path) -> None:
    result = run(write_slice_alone(tmp_path / "ct"), "--out", tmp_path / "out")
    assert result.exit_code == 1
    with (tmp_path / "out" / "failures.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["code"] == "geometry"
    assert "--single-slice" in row["message"]


def test_the_command_measures_labels_of_a_slice_and_writes_every_file(tmp_path: Path) -> None:
    """18.75 of the first, and 6 x 0.375 mm2, weight 4, 2.5 mm: 2.25 x 4 x 2.5 / 3 = 7.5."""
    folder = write_slice_alone(tmp_path / "ct")
    (image,) = folder.iterdir()
    labels = write_labels(tmp_path, image)
    out = tmp_path / "out"
    result = run(folder, "--out", out, "--single-slice", "--labels", labels)
    assert result.exit_code == 0, result.output
    assert "not quotable as a calcium score (single-slice)" in result.output.replace("\n", " ")
    saved = saved_in(out)
    jsonschema.validate(saved, read_schema())
    assert saved["vessels"]["LAD"]["agatston"] == pytest.approx(18.75 + 7.5)
    assert saved["total"]["volume_mm3"] == pytest.approx(26 * 0.375 * 2.5)
    assert saved["provenance"]["options"]["single_slice"] == "True"
    assert saved["interpretation"]["risk_category"] is None
    assert (saved["series"]["shape"], saved["series"]["spacing_between_slices_mm"]) == ([1, ROWS, COLUMNS], 2.5)
    assert len(list(out.glob("*/*/overlay.png"))) == len(list(out.glob("*/*/report.html"))) == 1


def test_no_anatomy_is_promised_of_a_single_slice(tmp_path: Path) -> None:
    result = run(write_slice_alone(tmp_path / "ct"), "--out", tmp_path / "out", "--single-slice", "--anatomy")
    assert result.exit_code == 2
    assert "leave out --anatomy" in " ".join(result.output.replace("│", " ").split())


def test_a_missing_thickness_is_taken_from_the_command(tmp_path: Path) -> None:
    folder = write_slice_alone(tmp_path / "ct", SliceThickness=None)
    (image,) = folder.iterdir()
    labels = write_labels(tmp_path, image)
    asked = (folder, "--single-slice", "--labels", labels, "--out")
    result = run(*asked, tmp_path / "one")
    assert result.exit_code == 1
    assert "--slice-thickness-mm" in result.output.replace("\n", " ")
    assert run(*asked, tmp_path / "two", "--slice-thickness-mm", 5).exit_code == 0
    assert saved_in(tmp_path / "two")["total"]["agatston"] == pytest.approx(2 * (18.75 + 7.5))


REAL = {
    "19001111-045.dcm": (2.5, {"aortic wall"}),
    "19010101-23.dcm": (5.0, {"bone", "noise"}),
}
"""Real slices at the aortic root; the wall of the descending aorta is calcified in both. By rules, the heart's
outline is too narrow at this level: calcium of the root's wall is scored as coronary, and most of the true LAD lies
outside the outline. So nothing is held here but that the sum is that of one slice and is not quotable."""


@pytest.mark.data
@pytest.mark.parametrize("name", REAL)
def test_a_real_slice_is_measured_as_what_it_is(shared_data: Path, name: str) -> None:
    path = shared_data / "calcified-slices" / "axial" / name
    if not path.is_file():
        pytest.skip("the calcified slices are not here")
    thickness, reasons = REAL[name]
    scored = score_alone(path, ScoreOptions(finder="rules"))
    report = scored.report
    assert not report.is_quotable
    assert {c.code for c in report.caveats if c.severity == "critical"} == {"single-slice"}
    assert {r.reason for r in report.rejected} == reasons
    assert report.score.vessels["LAD"].agatston > 0
    labels = np.zeros(scored.volume.hu.shape, np.uint8)
    for lesion in scored.finding.lesions:
        labels.reshape(-1)[lesion.index] = 1
    air = np.full_like(scored.volume.hu, -1000)
    sums = oracle.score(
        np.concatenate([air, scored.volume.hu, air]),
        np.pad(labels, ((1, 1), (0, 0), (0, 0))),
        {1: "all"},
        positions_mm=[0.0, thickness, 2 * thickness],
        pixel_mm2=scored.volume.grid.pixel_area_mm2,
        rule=AGATSTON_1990,
    )["all"]
    assert report.score.total.agatston == pytest.approx(sums.agatston)
    assert report.score.total.volume_mm3 == pytest.approx(sums.volume_mm3)


@pytest.mark.data
def test_real_sagittal_slices_stay_refused(shared_data: Path) -> None:
    folder = shared_data / "calcified-slices" / "sagittal"
    if not folder.is_dir():
        pytest.skip("the calcified slices are not here")
    refusals = [read_study(path, single_slice=SingleSlice()).refusals[0].code for path in sorted(folder.glob("*.dcm"))]
    assert refusals == ["unsupported-image", "not-axial"]
