"""A data set goes in; its calcium-free scans come out with known calcium."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial import KDTree
from typer.testing import CliRunner

from tests.models.truth import GATED, PATIENT
from tests.simulate.ct.test_insertion import LAD, MATCH, scan
from vascal import dataset_augmentation
from vascal.anatomy.lattice import Lattice
from vascal.anatomy.segmenter import STRUCTURES, Anatomy, RegionMap
from vascal.calcium.label_score import score_label_map
from vascal.cli.main import app
from vascal.dataset import Case, Dataset, Split, WeakScores
from vascal.dataset_augmentation import (
    AugmentOptions,
    CourseFinder,
    CourseFolder,
    CourseNetwork,
    augment_dataset,
    merge_labels,
    require_calcium_free,
)
from vascal.errors import InputError, OutputError
from vascal.io.course_file import read_courses
from vascal.io.dataset_index import (
    hash_pixels,
    read_case_image,
    read_case_labels,
    read_dataset,
    write_dataset,
)
from vascal.io.nifti import write_label_map
from vascal.io.nifti_volume import write_volume
from vascal.models.anatomy_net import LearnedAnatomy
from vascal.models.course_lines import CourseLine
from vascal.simulate.ct.insertion import insert_plaques
from vascal.simulate.ct.noise_texture import gaussian_kernel
from vascal.simulate.ct.plaques import Plaque
from vascal.simulate.ct.scan import scan_patient
from vascal.volume import Grid, LabelMap, Volume

GRID = Grid.even((14, 64, 64), (3.0, 1.0, 1.0), origin_mm=(-32.0, -32.0, -6.0))
COURSES: dict[str, list[list[float]]] = {
    "LAD": [[-10.0, -12.0, 24.0], [0.0, -4.0, 20.0], [9.0, 8.0, 4.0]],
    "RCA": [[-14, 0, 26], [-12, 12, 2]],
}
KERNEL = gaussian_kernel("as stated", 0.3)


def tissue(seed: int) -> Volume:
    hu = np.random.default_rng(seed).normal(40, 15, GRID.shape)
    hu[:, :6] = -1000
    return Volume(hu=np.rint(hu).astype(np.int16), grid=GRID)


def write_courses(path: Path, courses: Mapping[str, Any] = COURSES) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"format": "vascal-courses-1", "courses": courses}))


def make_case(folder: Path, name: str, split: Split, *, calcium: bool = False, aorta: bool = False) -> Case:
    volume = tissue(len(name))
    write_volume(volume, folder / "scans" / f"{name}.nii.gz")
    labels = np.zeros(GRID.shape, dtype=np.uint8)
    labels[3, 30, 30] = 2 if calcium else 0
    labels[4:6, 40:44, 40:44] = 9 if aorta else 0
    names = {2: "LAD", 9: "aorta"}
    write_label_map(LabelMap(labels=labels, grid=GRID, names=names), folder / "labels" / f"{name}.nii.gz")
    return Case(
        case_id=name, patient_id=f"patient-{name}", image=f"scans/{name}.nii.gz", split=split, source="masks",
        sha256=hash_pixels(volume), labels=f"labels/{name}.nii.gz", label_names=names, is_gated=name == "free",
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    cases = (
        make_case(folder, "calcified", "train", calcium=True),
        make_case(folder, "free", "validation", aorta=True),
        make_case(folder, "unmarked", "test"),
    )
    write_dataset(Dataset(cases=cases), folder / "dataset.json")
    write_courses(folder / "courses" / "free.json")
    return folder


def options(out: Path, **changes: Any) -> AugmentOptions:
    return AugmentOptions(**{"out": out, "agatston": 200.0, "kernel": KERNEL, **changes})


def test_a_copy_stays_with_its_patient_and_is_scored_as_its_plaques_weigh(folder: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    result = augment_dataset(
        folder, CourseFolder(path=folder / "courses"), options(tmp_path / "new", copies=2),
        report=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert result.added == 2
    dataset = read_dataset(tmp_path / "new")
    assert [case.case_id for case in dataset.cases] == [
        "calcified", "free", "free-hybrid1", "free-hybrid2", "unmarked",
    ]  # fmt: skip
    copy = dataset.cases[2]
    assert (copy.patient_id, copy.split, copy.is_gated) == ("patient-free", "validation", True)
    assert copy.source == "masks + simulated plaques"
    assert "simulated plaques of" in copy.notes[0]
    _, volume = read_case_image(copy, tmp_path / "new")
    labels = read_case_labels(copy, tmp_path / "new", volume.grid)
    assert labels is not None
    assert hash_pixels(volume) == copy.sha256
    assert score_label_map(volume, labels).total.agatston > 20
    assert np.count_nonzero(labels.mask("aorta")) == 32


def test_the_difference_of_a_copy_and_its_scan_weighs_what_the_table_says(folder: Path, tmp_path: Path) -> None:
    augment_dataset(folder, CourseFolder(path=folder / "courses"), options(tmp_path, calcium_hu=1.2))
    copy = next(case for case in read_dataset(tmp_path).cases if case.case_id == "free-hybrid1")
    _, volume = read_case_image(copy, tmp_path)
    with (tmp_path / "plaques.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    mass = sum(float(row["seen_mg"]) for row in rows)
    added = (volume.hu.astype(float) - tissue(4).hu).sum() * 3.0 / 1000
    # Beam hardening of 270 mm of water: the field of view cuts the body off.
    assert added / (1.2 * (1 - 0.10 * 70 / 120)) == pytest.approx(mass, rel=0.02)
    assert {row["vessel"] for row in rows} <= {"LAD", "RCA"}
    assert {row["case_id"] for row in rows} == {"free-hybrid1"}


def test_what_is_skipped_is_told_with_its_reason(folder: Path, tmp_path: Path) -> None:
    result = augment_dataset(folder, CourseFolder(path=folder / "courses"), options(tmp_path))
    reasons = {one.case_id: one.reason for one in result.skipped}
    assert reasons == {
        "calcified": "has labelled coronary calcium; needed: a scan without",
        "unmarked": "where its arteries run is not known; needed: their control points in unmarked.json",
    }


def test_old_cases_are_named_as_seen_from_the_new_index(folder: Path, tmp_path: Path) -> None:
    augment_dataset(folder, CourseFolder(path=folder / "courses"), options(tmp_path / "deep" / "new"))
    old = next(case for case in read_dataset(tmp_path / "deep" / "new").cases if case.case_id == "calcified")
    _, volume = read_case_image(old, tmp_path / "deep" / "new")
    assert hash_pixels(volume) == old.sha256
    assert read_case_labels(old, tmp_path / "deep" / "new", volume.grid) is not None


def test_the_same_seed_makes_the_same_scans(folder: Path, tmp_path: Path) -> None:
    hashes = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        result = augment_dataset(folder, CourseFolder(path=folder / "courses"), options(tmp_path / name, seed=seed))
        hashes.append(next(case.sha256 for case in result.dataset.cases if case.case_id == "free-hybrid1"))
    assert hashes[0] == hashes[1] != hashes[2]


def test_only_the_sides_that_are_asked_for_get_plaques(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no case could be augmented; the first of 1: has labelled"):
        augment_dataset(folder, CourseFolder(path=folder / "courses"), options(tmp_path, splits=("train",)))
    assert not list(tmp_path.iterdir())


def test_an_empty_side_says_so(tmp_path: Path) -> None:
    write_dataset(Dataset(cases=()), tmp_path / "dataset.json")
    with pytest.raises(InputError, match=r"no case could be augmented$"):
        augment_dataset(tmp_path, CourseFolder(path=tmp_path), options(tmp_path / "new"))


def test_a_data_set_is_not_written_over(folder: Path) -> None:
    with pytest.raises(InputError, match=r"a data set is in .* already"):
        augment_dataset(folder, CourseFolder(path=folder / "courses"), options(folder))


def test_a_folder_that_can_not_be_written_ends_the_run(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        augment_dataset(folder, CourseFolder(path=folder / "courses"), options(tmp_path / "file"))


def test_courses_of_another_scan_are_noticed(folder: Path, tmp_path: Path) -> None:
    moved = {name: [[x + 100, y, z] for x, y, z in points] for name, points in COURSES.items()}
    write_courses(tmp_path / "free.json", moved)
    with pytest.raises(InputError, match="0% of its arteries' points lie in the scan"):
        augment_dataset(
            folder, CourseFolder(path=tmp_path / "free.json"), options(tmp_path / "new", splits=("validation",))
        )


def test_a_file_of_one_case_is_not_used_for_another(folder: Path) -> None:
    unmarked = read_dataset(folder).cases[2]
    with pytest.raises(InputError, match=r"unmarked\.json"):
        CourseFolder(path=folder / "courses" / "free.json").find_courses(unmarked, tissue(1))


def test_a_case_whose_name_is_a_path_is_skipped(folder: Path, tmp_path: Path) -> None:
    free = read_dataset(folder).cases[1]
    odd = Case(case_id="../free", patient_id="p", image=free.image, split="train", source="s", sha256=free.sha256)
    write_dataset(Dataset(cases=(odd,)), folder / "odd.json")
    with pytest.raises(InputError, match="can not name a file"):
        augment_dataset(folder / "odd.json", CourseFolder(path=folder / "courses"), options(tmp_path))


def case_with(scores: WeakScores | None) -> Case:
    return Case(case_id="a", patient_id="p", image="i", split="train", source="s", sha256="0", scores=scores)


def test_a_score_of_zero_is_enough_to_be_free_and_any_other_is_not() -> None:
    require_calcium_free(case_with(WeakScores(total=0.0)), None)
    with pytest.raises(InputError, match="has an Agatston score of 12; needed: 0"):
        require_calcium_free(case_with(WeakScores(total=12.0)), None)
    with pytest.raises(InputError, match="nobody says"):
        require_calcium_free(case_with(None), None)


def test_a_score_above_zero_speaks_against_an_empty_label_map() -> None:
    empty = LabelMap(labels=np.zeros(GRID.shape, dtype=np.uint8), grid=GRID, names={1: "LM"})
    require_calcium_free(case_with(None), empty)
    with pytest.raises(InputError, match="score of 3"):
        require_calcium_free(case_with(WeakScores(vessels={"LAD": 3.0})), empty)


def test_a_scan_with_a_score_alone_is_augmented_without_labels_of_its_own(folder: Path, tmp_path: Path) -> None:
    free = read_dataset(folder).cases[1]
    scored = Case(
        case_id="free", patient_id="p", image=free.image, split="train", source="scores", sha256=free.sha256,
        scores=WeakScores(total=0.0),
    )  # fmt: skip
    write_dataset(Dataset(cases=(scored,)), folder / "scored.json")
    result = augment_dataset(folder / "scored.json", CourseFolder(path=folder / "courses"), options(tmp_path))
    copy = result.dataset.cases[1]
    assert dict(copy.label_names) == {1: "LM", 2: "LAD", 3: "LCX", 4: "RCA"}
    assert copy.scores is None


def test_plaques_lie_on_top_of_what_the_scan_was_labelled_with() -> None:
    hybrid = insert_plaques(scan(), [Plaque(site="LAD", mass_mg=20.0, position=0.5)], [LAD], MATCH)
    everywhere = LabelMap(
        labels=np.full(hybrid.volume.grid.shape, 1, dtype=np.uint8), grid=hybrid.volume.grid, names={1: "myocardium"}
    )
    merged = merge_labels(hybrid, everywhere)
    np.testing.assert_array_equal(merged.mask("LAD"), hybrid.vessels.mask("LAD"))
    np.testing.assert_array_equal(merged.mask("myocardium"), ~hybrid.vessels.mask("LAD"))


def test_the_command_writes_a_new_data_set_and_tells_what_it_left_out(folder: Path, tmp_path: Path) -> None:
    arguments = ["data", "augment", str(folder), "--out", str(tmp_path / "new"), "--courses", str(folder / "courses")]
    result = CliRunner().invoke(app, [*arguments, "--agatston", "100", "--mtf50", "0.3"])
    assert result.exit_code == 0, result.output
    assert "1 scans with plaques added" in result.output
    assert "calcified: not augmented" in result.output
    assert len(read_dataset(tmp_path / "new").cases) == 4


def write_heart(folder: Path, volume: Volume) -> None:
    """Write a data set of one scan that is known to be free of calcium."""
    write_volume(volume, folder / "scans" / "heart.nii.gz")
    case = Case(
        case_id="heart", patient_id="p", image="scans/heart.nii.gz", split="train", source="masks",
        sha256=hash_pixels(volume), scores=WeakScores(total=0.0), is_gated=True,
    )  # fmt: skip
    write_dataset(Dataset(cases=(case,)), folder / "dataset.json")


@pytest.fixture(scope="module")
def heart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("heart")
    write_heart(folder, scan_patient(PATIENT, GATED, plaques=()).volume)
    return folder


def test_without_courses_networks_find_the_arteries_and_their_courses_can_be_mended(
    heart: Path, tmp_path: Path
) -> None:
    arguments = ["data", "augment", str(heart), "--agatston", "300", "--mtf50", "0.3"]
    result = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "new")])
    assert result.exit_code == 0, result.output
    copy = next(case for case in read_dataset(tmp_path / "new").cases if case.case_id == "heart-hybrid1")
    assert any(note.startswith("courses of its arteries: found by anatomy-") for note in copy.notes)
    courses = {branch.name: branch for branch in read_courses(tmp_path / "new" / "courses" / "heart.json")}
    assert {"LAD", "LCX", "RCA"} <= set(courses)
    truth = scan_patient(PATIENT, GATED, plaques=()).centrelines
    for name in ("LAD", "LCX", "RCA"):
        assert np.mean(KDTree(truth[name]).query(courses[name].points)[0]) < 8.0
    again = CliRunner().invoke(
        app, [*arguments, "--out", str(tmp_path / "again"), "--courses", str(tmp_path / "new" / "courses")]
    )
    assert again.exit_code == 0, again.output
    second = next(case for case in read_dataset(tmp_path / "again").cases if case.case_id == "heart-hybrid1")
    assert "courses of its arteries: set by hand" in second.notes
    _, first_volume = read_case_image(copy, tmp_path / "new")
    _, second_volume = read_case_image(second, tmp_path / "again")
    # The file keeps tenths of a millimetre.
    assert np.mean(np.abs(first_volume.hu.astype(float) - second_volume.hu) > 30) < 1e-4


def region_map(heart: float) -> RegionMap:
    lattice = Lattice(corner_mm=(0.0, 0.0, 0.0), spacing_mm=4.0, shape=(4, 4, 4))
    return RegionMap(
        lattice=lattice, labels=np.zeros((4, 4, 4), np.uint8), heart=np.full((4, 4, 4), heart, dtype=np.float32)
    )


@pytest.mark.parametrize(
    ("regions", "agreement", "message"),
    [
        (None, None, "no heart was found"),
        (region_map(0.2), 0.9, "no heart was found"),
        (region_map(0.9), 0.55, r"different hearts \(overlap 0\.55; needed: 0\.7\)"),
        (region_map(0.9), 0.9, "of its arteries RCA could be followed; needed: LAD, LCX, RCA"),
        (region_map(0.9), None, "of its arteries RCA could be followed"),
    ],
)
def test_a_scan_whose_arteries_are_not_clear_is_refused(
    monkeypatch: pytest.MonkeyPatch, regions: RegionMap | None, agreement: float | None, message: str
) -> None:
    volume = tissue(1)
    structures = LabelMap(labels=np.zeros(GRID.shape, dtype=np.uint8), grid=GRID, names=STRUCTURES)
    anatomy = Anatomy(structures=structures, finder="none", regions=regions, agreement=agreement)
    line = CourseLine(name="RCA", points_mm=np.array(COURSES["RCA"], dtype=float), share=0.7)
    monkeypatch.setattr(LearnedAnatomy, "find_anatomy", lambda *_: anatomy)
    monkeypatch.setattr(dataset_augmentation, "map_courses", lambda *_, **__: None)
    monkeypatch.setattr(dataset_augmentation, "trace_courses", lambda *_: (line,))
    with pytest.raises(InputError, match=message):
        CourseNetwork().find_courses(case_with(None), volume)


def test_both_ways_know_arteries_and_say_how() -> None:
    finders: tuple[CourseFinder, ...] = (CourseNetwork(), CourseFolder(path=Path()))
    assert [isinstance(finder, CourseFinder) for finder in finders] == [True, True]
    found, set_by_hand = (finder.tell_origin() for finder in finders)
    assert found.startswith("found by anatomy-")
    assert ", courses-" in found
    assert set_by_hand == "set by hand"


def test_the_command_takes_courses_or_networks(folder: Path, tmp_path: Path) -> None:
    arguments = ["data", "augment", str(folder), "--out", str(tmp_path), "--courses", str(folder / "courses")]
    result = CliRunner().invoke(app, [*arguments, "--model", str(folder)], env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert "arteries are either found" in result.output


def test_a_folder_without_networks_is_told(heart: Path, tmp_path: Path) -> None:
    arguments = ["data", "augment", str(heart), "--out", str(tmp_path / "new"), "--model", str(tmp_path)]
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "300"})
    assert result.exit_code == 2
    assert "manifest.json of the models can not be read" in result.output


def test_the_command_explains_what_can_not_be_used(folder: Path, tmp_path: Path) -> None:
    arguments = ["data", "augment", str(folder), "--out", str(tmp_path), "--courses", str(folder / "courses")]
    result = CliRunner().invoke(app, [*arguments, "--split", "train"], env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert "no case could be augmented" in result.output


def test_the_command_names_ten_left_out_and_counts_the_rest(folder: Path, tmp_path: Path) -> None:
    free, unmarked = read_dataset(folder).cases[1:]
    others = [
        Case(case_id=f"x{n}", patient_id="p", image=unmarked.image, split="train", source="s", sha256="0")
        for n in range(12)
    ]
    write_dataset(Dataset(cases=(free, *others)), folder / "many.json")
    arguments = ["--out", str(tmp_path / "new"), "--courses", str(folder / "courses"), "--mtf50", "0.3"]
    result = CliRunner().invoke(app, ["data", "augment", str(folder / "many.json"), *arguments])
    assert result.output.count("not augmented") == 10
    assert "and 2 more" in result.output
