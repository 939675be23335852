"""From tables, folders of films and the simulator to samples: regions, skipped films, patients without names."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image

from tests.train.films import SHAPE, make_film
from tests.train.test_run import Notebook
from vascal.aac.reading import VERTEBRAE
from vascal.errors import CoverageError, TableError, TrainingError
from vascal.io.datasets.films import FilmRow
from vascal.radiograph import FilmFacts, Radiograph
from vascal.train.config import DataConfig, TrainConfig
from vascal.train.film_config import TotalConfig, VertebraConfig
from vascal.train.film_preparation import (
    find_facing,
    find_film_list,
    find_film_origin,
    make_total_sample,
    make_vertebra_sample,
    prepare_totals,
    prepare_vertebrae,
    read_row_sample,
)
from vascal.train.film_samples import FILMS, FilmSample, write_film_sample
from vascal.train.samples import SIMULATED, Sample, SampleList, read_samples, write_samples
from vascal.train.simulated_films import as_sample, write_simulated_films
from vascal.wall_levels import WALL_LEVELS

SMALL = TotalConfig(size=(64, 32))


def test_the_region_of_a_film_in_one_size() -> None:
    sample = make_total_sample(make_film(9), SMALL)
    assert sample["image"].shape == (64, 32)
    assert sample["image"].dtype == np.uint8
    assert float(sample["total"]) == 9
    assert sample["grades"].tolist() == [3, 3, 3, 0, 0, 0, 0, 0]
    # Rows 14 to 83 and columns 28 to 55; the wall is at columns 34 and 35, a quarter of the way.
    columns = np.flatnonzero((sample["walls"] == 2).any(axis=0))
    assert columns.min() == pytest.approx(6 / 28 * 32, abs=1)


def test_a_film_that_faces_right_gives_the_same_region() -> None:
    film = make_film(9)
    image, vertebrae, walls = (np.ascontiguousarray(getattr(film, n)[:, ::-1]) for n in ("image", "vertebrae", "walls"))
    mirrored = replace(film, facing="right", image=image, vertebrae=vertebrae, walls=walls)
    for name, array in make_total_sample(film, SMALL).items():
        assert np.array_equal(make_total_sample(mirrored, SMALL)[name], array), name


def test_a_film_that_was_cut_before_is_taken_whole_and_needs_no_map() -> None:
    sample = make_total_sample(make_film(3, with_maps=False), TotalConfig(size=SHAPE, region="whole"))
    assert np.allclose(sample["image"], make_film(3).brightness * 255, atol=0.51)
    assert "walls" not in sample


def test_what_a_film_lacks_is_told() -> None:
    with pytest.raises(TrainingError, match="without a total"):
        make_total_sample(replace(make_film(), total=float("nan")), SMALL)
    with pytest.raises(TrainingError, match=r"totals\.segmenters"):
        make_total_sample(make_film(with_maps=False), SMALL)
    with pytest.raises(TrainingError, match="without a map of vertebrae"):
        make_vertebra_sample(make_film(with_maps=False), VertebraConfig())
    with pytest.raises(CoverageError, match="none of those"):
        make_vertebra_sample(make_film(), VertebraConfig(names=("S1",)))


def test_vertebrae_are_kept_as_classes_at_the_wanted_pixel_size() -> None:
    sample = make_vertebra_sample(make_film(), VertebraConfig())
    assert sample["image"].dtype == np.uint16
    assert sample["image"].shape == SHAPE
    assert sample["classes"][20, 45] == 1  # L1
    assert sample["classes"][5, 45] == 0  # T12 is not asked for
    halved = make_vertebra_sample(make_film(), VertebraConfig(spacing_mm=4.0))
    assert halved["classes"].shape == (48, 32)
    assert set(np.unique(halved["classes"])) == {0, 1, 2, 3, 4, 5}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three films of two patients: a good one, one without L3, one without a total."""
    place = tmp_path / "films"
    broken = make_film(4)
    assert broken.vertebrae is not None
    broken.vertebrae[broken.vertebrae == 1 + VERTEBRAE.index("L3")] = 0
    for name, film in {"a": make_film(5), "b": broken, "c": replace(make_film(), total=float("nan"))}.items():
        write_film_sample(film, place / f"{name}.npz")
    rows = [Sample(file=f"{name}.npz", patient=f"p{name}", source="here") for name in "abc"]
    write_samples(SampleList(task=FILMS, samples=tuple(rows), skipped={"earlier": 1}), place)
    return place


def config(tmp_path: Path, films: Path, task: str = "film-totals") -> TrainConfig:
    options = {"totals": SMALL} if task == "film-totals" else {}
    return TrainConfig(task=task, data=DataConfig(films=films), out=tmp_path / "run", **options)  # type: ignore[arg-type]


def test_a_folder_of_films_becomes_samples_and_reasons(folder: Path, tmp_path: Path) -> None:
    notebook = Notebook()
    chosen = config(tmp_path, folder)
    prepare_totals(chosen, chosen.samples, notebook)
    found = read_samples(chosen.samples, "film-totals")
    assert [(row.file, row.patient, row.source) for row in found.samples] == [("000000.npz", "pa", "here")]
    assert found.skipped == {"earlier": 1, "levels-missing": 1, "without a total": 1}
    assert notebook.reached[-1] == (3, 3)
    before = (chosen.samples / "000000.npz").stat().st_mtime_ns
    prepare_totals(chosen, chosen.samples, notebook)
    assert (chosen.samples / "000000.npz").stat().st_mtime_ns == before


def write_table(folder: Path) -> Path:
    """Two films of one patient, and one of another, as images with maps."""
    for name, total in (("one", 3), ("two", 6), ("three", 9)):
        film = make_film(total)
        Image.fromarray((film.brightness * 255).astype(np.uint8)).save(folder / f"{name}.png")
        for kind in ("vertebrae", "walls"):
            Image.fromarray(getattr(film, kind)).save(folder / f"{name}-{kind}.png")
    path = folder / "films.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "patient", "total", "vertebrae", "walls", "spacing_mm", "facing"])
        for name, patient, total in (("one", "Smith", 3), ("two", "Smith", 6), ("three", "Jones", 9), ("gone", "", 1)):
            maps = [f"{name}-vertebrae.png", f"{name}-walls.png"]
            writer.writerow([f"{name}.png", patient, total, *maps, "2.0", "left"])
    return path


def test_a_table_of_images_becomes_samples_that_name_nobody(tmp_path: Path) -> None:
    chosen = config(tmp_path, write_table(tmp_path))
    prepare_totals(chosen, chosen.samples, Notebook())
    found = read_samples(chosen.samples, "film-totals")
    assert [row.patient for row in found.samples] == ["patient 1", "patient 1", "patient 2"]
    assert sum(found.skipped.values()) == 1
    assert "Smith" not in (chosen.samples / "samples.json").read_text()
    with np.load(chosen.samples / "000001.npz") as data:
        expected = make_total_sample(make_film(6), SMALL)
        assert float(data["total"]) == 6
        assert np.abs(data["image"].astype(int) - expected["image"].astype(int)).max() <= 2


def test_vertebrae_come_from_the_same_table(tmp_path: Path) -> None:
    chosen = config(tmp_path, write_table(tmp_path), "film-vertebrae")
    prepare_vertebrae(chosen, chosen.samples, Notebook())
    assert len(read_samples(chosen.samples, "film-vertebrae").samples) == 3


def test_a_wrong_table_stops_it(tmp_path: Path) -> None:
    path = tmp_path / "films.csv"
    path.write_text("image,total\na.png,99\n")
    with pytest.raises(TableError, match="line 2"):
        prepare_totals(config(tmp_path, path), tmp_path / "samples", Notebook())


@dataclass(frozen=True)
class Truth:
    visible_grades: tuple[int, ...] = (1, 0, 0, 0, 0, 0, 0, 3)
    visible_fractions: tuple[float, ...] = (0.2, 0, 0, 0, 0, 0, 0, 0.9)


class Film:
    """Stands for a simulated film."""

    brightness = make_film(4).brightness
    spacing_mm = (2.0, 2.0)
    facing = "left"
    truth = Truth()
    masks: ClassVar = {"vertebrae": make_film().vertebrae, "walls": make_film().walls}


def test_a_simulated_film_is_graded_as_an_eye_would() -> None:
    sample = as_sample(Film())  # type: ignore[arg-type]
    assert sample.total == 4
    assert sample.grades.tolist() == list(Truth.visible_grades)
    assert len(sample.fractions) == len(WALL_LEVELS)
    assert np.allclose(sample.brightness, Film.brightness, atol=1e-4)


def test_simulated_films_are_written_once_and_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def simulate(seed: int) -> FilmSample:
        made.append(seed)
        return make_film(seed)

    monkeypatch.setattr("vascal.train.simulated_films.simulate_film_sample", simulate)
    for _ in range(2):
        write_simulated_films(range(3, 5), tmp_path, Notebook())
    assert made == [3, 4]
    assert [(row.patient, row.source) for row in read_samples(tmp_path, FILMS).samples] == [
        ("3", SIMULATED), ("4", SIMULATED),
    ]  # fmt: skip


def test_training_can_simulate_its_own_films(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vascal.train.film_preparation.simulate_film_sample", make_film)
    chosen = replace(config(tmp_path, tmp_path), data=DataConfig(simulated=2, seed=5))
    prepare_totals(chosen, chosen.samples, Notebook())
    assert [row.patient for row in read_samples(chosen.samples, "film-totals").samples] == ["5", "6"]
    with np.load(chosen.samples / "000001.npz") as data:
        assert float(data["total"]) == 6


@pytest.mark.parametrize(
    ("orientation", "facing"), [(("A", "F"), "right"), (("PL", "F"), "left"), (("L", "F"), None), ((), None)]
)
def test_the_header_says_to_which_side_a_patient_looks(orientation: tuple[str, ...], facing: str | None) -> None:
    facts = FilmFacts(patient_orientation=orientation)
    film = Radiograph(pixels=np.zeros((2, 2), dtype=np.float32), spacing_mm=(1.0, 1.0), facts=facts)
    assert find_facing(film) == facing


def test_a_row_without_maps_or_total_is_still_a_film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = FilmFacts(patient_orientation=("A", "F"))
    film = Radiograph(pixels=np.ones((2, 2), dtype=np.float32), spacing_mm=(0.2, 0.2), facts=facts)
    monkeypatch.setattr("vascal.train.film_preparation.read_film_image", lambda row: film)
    row = FilmRow(line=2, image=tmp_path, patient="p", total=None, grades=(None,) * 8)
    sample = read_row_sample(row)
    assert (sample.facing, sample.vertebrae, sample.walls) == ("right", None, None)
    assert np.isnan(sample.total)
    assert read_row_sample(replace(row, facing="left")).facing == "left"


def test_what_decides_samples_is_told(tmp_path: Path) -> None:
    totals = config(tmp_path, tmp_path)
    assert find_film_origin(totals) == {"size": [64, 32], "region": "vertebrae", "segmenters": []}
    assert find_film_origin(config(tmp_path, tmp_path, "film-vertebrae"))["names"] == ["L1", "L2", "L3", "L4", "L5"]
    assert find_film_list(tmp_path).name == "samples.json"
    assert find_film_list(tmp_path / "films.csv").name == "films.csv"
