from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from typer.testing import CliRunner

from tests.anatomy.abdomens import AORTA_COLUMN, AORTA_ROW, FRONT_ROW, MIDDLE_COLUMN, make_abdomen
from vascal.anatomy.abdominal_aorta import Vessel
from vascal.anatomy.aorta_parts import TOTALSEGMENTATOR, AortaFound, add_thorax, aorta_of_labels, find_aorta_parts
from vascal.anatomy.vertebrae import Vertebrae
from vascal.aorta_scoring import paint_regions, score_aorta
from vascal.cli.main import app
from vascal.errors import AnatomyError, LabelError
from vascal.io.aorta_results import aorta_row, aorta_rows_to_csv, aorta_to_dict, read_aorta_schema
from vascal.io.labels import read_labels
from vascal.io.nifti_volume import write_volume
from vascal.io.reading import read_input, read_volume
from vascal.models.thoracic_aorta import NAMES
from vascal.render.aorta_overlay import draw_aorta
from vascal.render.aorta_page import draw_aorta_page
from vascal.report.aorta_report import AortaReport
from vascal.report.provenance import Provenance
from vascal.study import Series
from vascal.volume import Grid, LabelMap, Volume

ABOUT = Provenance(software="vascal", version="test")
ANTERIOR = (64, AORTA_ROW - 3, AORTA_COLUMN)
POSTERIOR = (56, AORTA_ROW + 2, AORTA_COLUMN)


def series_of(volume: Volume) -> Series:
    return Series(
        study_instance_uid="1.2", series_instance_uid="1.2.3", key="1.2.3", images=(), grid=volume.grid,
        source_format="array",
    )  # fmt: skip


def score(volume: Volume, labels: LabelMap | None = None) -> AortaReport:
    return score_aorta(series_of(volume), volume, labels=labels, provenance=ABOUT)


@pytest.fixture(scope="module")
def plain() -> AortaReport:
    return score(make_abdomen(plaques=(ANTERIOR, POSTERIOR)))


def test_plaques_are_scored_under_their_level(plain: AortaReport) -> None:
    assert plain.blood.phase == "none"
    assert plain.score.total.lesions == 2
    assert plain.parts["L2"].volume_mm3 == pytest.approx(8 * 27)
    assert plain.parts["L3"].volume_mm3 == pytest.approx(8 * 27)
    assert plain.parts["L1"].agatston == 0
    assert {"right iliac", "left iliac", "descending"} <= set(plain.parts)


def test_each_plaque_is_graded_on_its_own_wall(plain: AortaReport) -> None:
    assert plain.grades is not None
    assert plain.grades.aac24 == 2
    assert plain.grades.grades["L2", "anterior"] == 1
    assert plain.grades.grades["L3", "posterior"] == 1


def test_contrast_raises_the_threshold_and_the_result_names_it() -> None:
    report = score(make_abdomen(blood_hu=160, plaques=(ANTERIOR,)))
    assert report.blood.phase == "venous"
    assert report.rules["abdominal"].name == "agatston-1990+contrast-venous-300"
    assert report.score.total.lesions == 1
    assert "contrast" in {caveat.code for caveat in report.caveats}


def test_arterial_blood_above_any_threshold_is_no_score_to_quote() -> None:
    report = score(make_abdomen(blood_hu=820))
    assert report.blood.phase == "arterial"
    assert not aorta_to_dict(report)["is_quotable"]


def test_an_osteophyte_at_the_wall_is_bone() -> None:
    volume = make_abdomen(plaques=(ANTERIOR,))
    hu = volume.hu.copy()
    hu[80:86, AORTA_ROW + 3 : FRONT_ROW + 4, MIDDLE_COLUMN : MIDDLE_COLUMN + 7] = 700
    report = score(Volume(hu=hu, grid=volume.grid))
    assert report.score.total.lesions == 1
    assert report.rejected
    assert report.rejected[0][0] == "bone"


def test_without_a_sacrum_the_aorta_is_one_part() -> None:
    report = score(make_abdomen(plaques=(ANTERIOR,), sacrum=False))
    assert set(report.parts) == {"aorta"}
    assert report.grades is None
    assert "levels-unknown" in {caveat.code for caveat in report.caveats}


def test_no_spine_is_refused() -> None:
    grid = Grid.even((10, 30, 30), (3.0, 3.0, 3.0))
    with pytest.raises(AnatomyError, match="no spine"):
        find_aorta_parts(Volume(hu=np.full(grid.shape, 40, dtype=np.int16), grid=grid))


def labelled(report: AortaReport, *, with_levels: bool = True) -> LabelMap:
    labels = np.where(np.isin(report.regions.labels, (3, 5, 6, 7, 8)), 52, 0).astype(np.uint8)
    heights = np.arange(labels.shape[0]) * 3.0
    for name, value in (("L1", 31), ("L2", 30), ("L3", 29), ("L4", 28)) if with_levels else ():
        above, below = report.found.vertebrae.levels[name]
        slices = (heights >= below.z_mm + 4) & (heights <= above.z_mm - 4)
        labels[slices, FRONT_ROW : FRONT_ROW + 10, MIDDLE_COLUMN - 6 : MIDDLE_COLUMN + 7] = value
    return LabelMap(labels=labels, grid=report.volume.grid, names=TOTALSEGMENTATOR)


def test_labels_are_used_instead_of_rules(plain: AortaReport) -> None:
    report = score(plain.volume, labelled(plain))
    assert report.found.finder == "labels"
    assert report.score.total.lesions == 2
    assert report.grades is not None
    assert report.grades.aac24 == plain.grades.aac24 if plain.grades else False
    alone = score(plain.volume, labelled(plain, with_levels=False))
    assert set(alone.parts) == {"aorta"}


def test_labels_without_aorta_are_refused(plain: AortaReport) -> None:
    empty = LabelMap(labels=np.zeros(plain.volume.grid.shape, np.uint8), grid=plain.volume.grid, names={52: "aorta"})
    with pytest.raises(LabelError, match="no voxel is labelled 'aorta'"):
        aorta_of_labels(empty)


def test_the_result_satisfies_its_schema_and_makes_a_row(plain: AortaReport) -> None:
    saved = json.loads(json.dumps(aorta_to_dict(plain)))
    jsonschema.validate(saved, read_aorta_schema())
    row = aorta_row(plain, "a/b")
    assert row["aac24"] == 2
    assert row["agatston_t12"] is not None
    text = aorta_rows_to_csv([row | {"series_description": "=1+1"}]).decode()
    assert "'=1+1" in text


def test_picture_and_page_are_drawn(plain: AortaReport) -> None:
    picture = draw_aorta(plain)
    assert picture.startswith(b"\x89PNG")
    page = draw_aorta_page(plain, picture)
    assert "AAC-24 equivalent 2" in page
    bare = replace(plain, lesions=(), rejected=(), grades=None)
    assert draw_aorta(bare).startswith(b"\x89PNG")


def test_the_command_writes_results_once(tmp_path: Path) -> None:
    write_volume(make_abdomen(plaques=(ANTERIOR,)), tmp_path / "ct.nii.gz")
    command = ["aorta", str(tmp_path / "ct.nii.gz"), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    saved = json.loads(next((tmp_path / "out").rglob("score.json")).read_text())
    assert saved["kind"] == "aorta"
    assert (tmp_path / "out" / "aorta_scores.csv").is_file()
    assert CliRunner().invoke(app, command).exit_code == 2
    assert CliRunner().invoke(app, [*command, "--rule", "none"]).exit_code == 2


def test_the_command_says_what_it_can_not_score(tmp_path: Path) -> None:
    grid = Grid.even((10, 40, 40), (3.0, 3.0, 3.0))
    write_volume(Volume(hu=np.full(grid.shape, 40, dtype=np.int16), grid=grid), tmp_path / "water.nii.gz")
    (tmp_path / "note.nii.gz").write_bytes(b"no image")
    names = ["water.nii.gz", "note.nii.gz"]
    result = CliRunner().invoke(app, ["aorta", *(str(tmp_path / n) for n in names), "--out", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "no spine was found" in result.output


def test_the_learned_thorax_takes_the_place_of_discs_from_the_arch_up() -> None:
    grid = Grid.even((10, 20, 20), (3.0, 3.0, 3.0))
    aorta = Vessel(
        slices=np.arange(10),
        center_mm=np.full((10, 2), 30.0),
        radius_mm=np.full(10, 9.0),
        fit=np.ones(10),
    )
    found = AortaFound(vessels={"aorta": aorta}, vertebrae=Vertebrae(levels={}, source="none", confidence=0.0))
    labels = np.zeros(grid.shape, dtype=np.uint8)
    labels[3:8, 2:5, 9:12] = 1
    labels[7:9, 2:12, 9:12] = 2
    labels[3:7, 9:12, 9:12] = 3
    thorax = LabelMap(labels=labels, grid=grid, names=NAMES)
    ended = add_thorax(found, thorax, "a-network")
    assert ended.vessels["aorta"].slices.tolist() == list(range(7))
    assert ended.finder.endswith("+a-network")
    volume = Volume(hu=np.zeros(grid.shape, dtype=np.int16), grid=grid)
    regions = paint_regions(ended, volume, 0.0)
    at = {name: set(np.flatnonzero(regions.mask(name).any(axis=(1, 2))).tolist()) for name in regions.names.values()}
    # No level is known: below the learned descending aorta the rules' discs stay "aorta".
    assert at["aorta"] == {0, 1, 2}
    assert at["descending"] == {3, 4, 5, 6}
    assert at["ascending"] == {3, 4, 5, 6}
    assert at["arch"] == {7, 8}


def real(folder: Path) -> tuple[Series, Volume]:
    series = read_input(folder)[0].series[0]
    return series, read_volume(series)


@pytest.mark.data
def test_calcium_of_a_contrast_abdomen_is_found_at_l3(shared_data: Path) -> None:
    series, volume = real(shared_data / "abdomen-contrast" / "series")
    report = score_aorta(series, volume, provenance=ABOUT)
    assert report.blood.phase == "venous"
    largest = max(report.score.lesions, key=lambda lesion: lesion.volume_mm3)
    assert largest.vessel == "L3"
    assert largest.peak_hu == 934
    assert 800 < largest.volume_mm3 < 1200
    assert report.grades is not None
    assert report.grades.grades["L3", "posterior"] == 3
    assert report.grades.grades["L1", "anterior"] == 0


@pytest.mark.data
def test_small_calcium_of_an_unenhanced_abdomen_is_found(shared_data: Path) -> None:
    series, volume = real(shared_data / "abdomen-labelled" / "ct.nii.gz")
    report = score_aorta(series, volume, provenance=ABOUT)
    assert report.blood.phase == "none"
    assert max(lesion.peak_hu for lesion in report.score.lesions) == 713
    assert report.found.vertebrae.source == "sacrum"
    assert report.grades is not None
    assert 2 <= report.grades.aac24 <= 8


@pytest.mark.data
def test_rules_and_labels_agree_on_twenty_slices_of_a_calcified_aorta(shared_data: Path) -> None:
    series, volume = real(shared_data / "aorta-contrast" / "series")
    labels = read_labels(shared_data / "aorta-contrast" / "labels.nii.gz", volume.grid, TOTALSEGMENTATOR)
    by_rules = score_aorta(series, volume, provenance=ABOUT)
    by_labels = score_aorta(series, volume, labels=labels, provenance=ABOUT)
    assert set(by_rules.parts) == {"aorta"}
    assert by_labels.found.vertebrae.source == "labels"
    assert by_rules.score.total.volume_mm3 == pytest.approx(by_labels.score.total.volume_mm3, rel=0.2)


@pytest.mark.data
def test_a_plaque_of_the_arch_of_a_real_chest_is_found_and_named(shared_data: Path) -> None:
    # The folder called sharp holds the standard kernel.
    series, volume = real(shared_data / "chest-thick" / "sharp")
    report = score_aorta(series, volume, provenance=ABOUT)
    assert 900 < report.parts["arch"].volume_mm3 < 1300
    assert report.parts["ascending"].volume_mm3 < 150
    assert report.parts["descending"].volume_mm3 == 0
    assert str(report.provenance.finder).startswith("aorta-rules-1+anatomy-")
    assert "learned-thorax" in [caveat.code for caveat in report.caveats]
