"""From a study to reports in Python, on a simulated chest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import vascal
from tests.simulated_study import SimulatedStudy, make_study
from vascal.anatomy.segmenter import STRUCTURES, Anatomy
from vascal.calcium.calibration_table import CalibrationRow, CalibrationTable
from vascal.calcium.finding import judge_by_rules
from vascal.calcium.mass import Rod
from vascal.errors import AnatomyError, PixelError
from vascal.models.finder import Finder
from vascal.pipeline import require_ct_numbers, score_series, state_facts
from vascal.score_options import ScoreOptions
from vascal.study import Acquisition
from vascal.volume import Grid, LabelMap, Volume


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> SimulatedStudy:
    return make_study(tmp_path_factory.mktemp("simulated"))


@dataclass(frozen=True)
class Blind:
    """A segmenter that finds nothing."""

    def find_anatomy(self, volume: Volume) -> Anatomy:
        labels = np.zeros(volume.grid.shape, dtype=np.uint8)
        return Anatomy(structures=LabelMap(labels=labels, grid=volume.grid, names=STRUCTURES), finder="blind")


BLIND = Finder(name="rules", segmenter=Blind(), judge=judge_by_rules)


def test_two_lines_score_a_study(study: SimulatedStudy) -> None:
    result = vascal.score(vascal.read_study(study.folder))
    assert result.best is not None
    assert result.best.found_by == "rules"
    assert result.best.series.study_date == "20000101"
    assert result.refusals == ()


def test_labels_of_the_truth_give_every_plaque_above_the_threshold(study: SimulatedStudy) -> None:
    options = ScoreOptions(labels=study.labels)
    report = vascal.score(vascal.read_study(study.folder), options).reports[0]
    labels, volume = study.thorax.vessels, study.thorax.volume
    expected = np.count_nonzero((labels.labels > 0) & (volume.hu >= 130))
    assert sum(lesion.voxels for lesion in report.score.lesions) == expected
    assert report.provenance.labels_sha256 is not None


def test_a_scan_without_a_heart_is_refused_and_not_zero(study: SimulatedStudy) -> None:
    (series,) = vascal.read_study(study.folder).series
    with pytest.raises(AnatomyError, match="a score of 0 would mean nothing"):
        score_series(series, finder=BLIND)
    result = vascal.score(vascal.read_study(study.folder), finder=BLIND)
    assert (result.reports, result.best) == ((), None)
    assert [refusal.code for refusal in result.refusals] == ["no-heart"]


def test_labels_are_scored_also_where_no_heart_is_found(study: SimulatedStudy) -> None:
    (series,) = vascal.read_study(study.folder).series
    scored = score_series(series, ScoreOptions(labels=study.labels), finder=BLIND)
    assert scored.report.score.total.agatston > 0


def test_stated_facts_replace_the_headers_and_say_so() -> None:
    stated = state_facts(Acquisition(kvp=120.0), ScoreOptions(kvp=100.0, is_gated=False, slice_thickness_mm=1.0))
    assert (stated.kvp, stated.slice_thickness_mm) == (100.0, 1.0)
    assert (stated.gating.is_gated, stated.gating.evidence) == (False, "stated")


def test_the_mass_is_calibrated_as_asked(study: SimulatedStudy) -> None:
    (series,) = vascal.read_study(study.folder).series
    table = CalibrationTable(rows=(CalibrationRow(factor_mg_cm3_per_hu=0.7),))
    scored = score_series(series, ScoreOptions(labels=study.labels, calibration=table), finder=BLIND)
    assert scored.report.score.calibration.source == "table"
    rods = tuple(
        Rod(center_mm=place, radius_mm=4.0, length_mm=8.0, density_mg_cm3=density)
        for place, density in (((0.0, 0.0, 0.0), 0.0), ((0.0, 60.0, 0.0), 200.0))
    )
    options = ScoreOptions(labels=study.labels, calibration=(rods[0], rods[1]))
    scored = score_series(series, options, finder=BLIND)
    assert scored.report.score.calibration.source == "rods"


def test_options_are_told_in_the_report_without_folders() -> None:
    options = ScoreOptions(labels=Path("/home/someone/labels.nii.gz"), kvp=100.0, label_names={1: "LM"})
    assert options.as_text() == (("kvp", "100.0"), ("label_names", "{1: 'LM'}"), ("labels", "labels.nii.gz"))


def test_a_folder_may_be_named_by_a_string(study: SimulatedStudy) -> None:
    assert len(vascal.read_study(str(study.folder)).series) == 1


@pytest.mark.parametrize("pixels", [[0, 1000], [-1024, -1024], [-1000, 32767]])
def test_pixels_that_are_no_ct_numbers_are_refused(pixels: list[int]) -> None:
    hu = np.resize(np.array(pixels, dtype=np.int16), (2, 4, 4))
    with pytest.raises(PixelError):
        require_ct_numbers(Volume(hu=hu, grid=Grid.even((2, 4, 4), (3.0, 1.0, 1.0))))


def test_the_same_study_gives_the_same_report_twice(study: SimulatedStudy) -> None:
    (series,) = vascal.read_study(study.folder).series
    one, two = (score_series(series).report for _ in range(2))
    assert one.score.total == two.score.total
    assert one.score.lesions == two.score.lesions
    assert one.caveats == two.caveats


def test_compensation_is_opt_in_and_the_report_says_which_was_used(study: SimulatedStudy) -> None:
    series = vascal.read_study(study.folder).series[0]
    plain = score_series(series, ScoreOptions(labels=study.labels, kvp=100.0))
    helped = score_series(series, ScoreOptions(labels=study.labels, kvp=100.0, compensate=True))
    assert not any(caveat.code == "compensated" for caveat in plain.report.caveats)
    said = next(caveat for caveat in helped.report.caveats if caveat.code == "compensated")
    assert "100 kVp" in said.message
    assert "4 mm slices" in said.message
    # 100 kVp around 20 HU, then 0.9 for thick slices.
    assert helped.report.score.rule.threshold_hu == pytest.approx(0.9 * (20 + 110 * 1.1293), abs=1)
    assert helped.report.score.total.agatston > plain.report.score.total.agatston
