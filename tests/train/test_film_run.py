"""Trainings on films from file to model: totals, vertebrae by folds, resumed, and all that is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from tests.train.films import make_film
from tests.train.test_run import Notebook
from vascal.errors import ModelError, TrainingError
from vascal.models.runtime import load_network, read_manifest
from vascal.train.config import DataConfig, TrainConfig, make_config
from vascal.train.film_config import TotalConfig, VertebraConfig
from vascal.train.film_network import build_total_network
from vascal.train.film_prediction import predict_totals, predict_vertebrae
from vascal.train.film_preparation import make_total_sample
from vascal.train.film_samples import FILMS, write_arrays, write_film_sample
from vascal.train.film_task import TotalTask
from vascal.train.loop import fit
from vascal.train.networks import NetworkConfig
from vascal.train.run import choose_fold, train_aac, train_cac
from vascal.train.samples import Sample, SampleList, split_samples, write_samples
from vascal.train.schedule import Schedule, Sgd
from vascal.train.tasks import find_recipe

TOTALS = TotalConfig(width=2, size=(64, 32), blocks=(1, 1, 1, 1))
MAPS = VertebraConfig(channels=(4, 4, 8, 8), patch=(32, 32))
SCHEDULE = Schedule(epochs=2, validate_epochs=1, batch=2, warm_up=1, learning_rate=0.01, sgd=Sgd())


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six films, four to train on, two held back, one for the end."""
    folder = tmp_path_factory.mktemp("films")
    rows = []
    for place, side in enumerate(["train"] * 4 + ["validation"] * 2 + ["test"]):
        write_film_sample(make_film(3 * place, seed=place), folder / f"{place}.npz")
        rows.append(Sample(file=f"{place}.npz", patient=str(place), source="here", split=side))  # type: ignore[arg-type]
    write_samples(SampleList(task=FILMS, samples=tuple(rows)), folder)
    return folder


def totals(films: Path, out: Path, **changes: object) -> TrainConfig:
    config = TrainConfig(task="film-totals", data=DataConfig(films=films), out=out, totals=TOTALS, schedule=SCHEDULE)
    return replace(config, **changes)  # type: ignore[arg-type]


def test_films_become_a_model_that_gives_totals(films: Path, tmp_path: Path) -> None:
    notebook = Notebook()
    trained = train_aac(totals(films, tmp_path / "run"), notebook)
    # Two epochs of four films in twos.
    assert notebook.reached[-1] == (4, 4)
    assert "4 scans to train on, 2 to validate, 1 untouched" in notebook.lines
    assert set(trained.outcome.best) == {"loss", "mae", "within_4", "step"}
    settings = read_manifest(trained.folder)["film-totals"].settings
    assert (settings["architecture"], settings["size"], settings["region"]) == ("resnet34-scse", [64, 32], "vertebrae")
    card = trained.card.read_text()
    assert "SGD, momentum 0.9, rate 0.01" in card
    assert "gives the AAC-24 total" in card
    assert "what is coronary" not in card
    images = np.stack([make_total_sample(make_film(total), TOTALS)["image"] for total in (0, 12, 24)])
    network = build_total_network(TOTALS)
    network.load_state_dict(load_file(tmp_path / "run" / "best.safetensors"))
    answers = predict_totals(network, images, batch=2)
    assert answers.shape == (3,)
    assert np.allclose(predict_totals(trained.folder, images), answers, atol=1e-2)
    assert np.allclose(predict_totals(load_network("film-totals", trained.folder), images), answers, atol=1e-2)
    assert predict_totals(network, images[:0]).shape == (0,)


def test_a_training_that_was_stopped_ends_with_the_same_weights(tmp_path: Path) -> None:
    for place in range(4):
        write_arrays(tmp_path / f"{place}.npz", **make_total_sample(make_film(3 * place), TOTALS))
    files = sorted(tmp_path.glob("*.npz"))
    task = TotalTask(files=files, augmentation=TOTALS.augmentation)
    schedule = Schedule(steps=4, batch=2, warm_up=2, validate_every=2, validation_batches=1, sgd=Sgd())

    def make() -> nn.Module:
        torch.manual_seed(0)
        return build_total_network(TOTALS)

    class StoppedError(Exception):
        """Stands for a power cut."""

    def stop(step: int, scores: object) -> None:
        if step == 3:
            raise StoppedError

    fit(make(), task, TotalTask(files=files), schedule, tmp_path / "whole")
    with pytest.raises(StoppedError):
        fit(make(), task, TotalTask(files=files), schedule, tmp_path / "halved", watch=stop)
    fit(make(), task, TotalTask(files=files), schedule, tmp_path / "halved")
    one, other = (torch.load(tmp_path / run / "last.pt", weights_only=True)["network"] for run in ("whole", "halved"))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_five_folds_share_samples_and_make_maps_together(films: Path, tmp_path: Path) -> None:
    schedule = Schedule(steps=1, batch=2, warm_up=0, validate_every=1, validation_batches=1, sgd=Sgd(final_rate=0.0))
    config = TrainConfig(
        task="film-vertebrae", data=DataConfig(films=films, fold=(0, 2)), out=tmp_path / "run", vertebrae=MAPS,
        schedule=schedule,
    )  # fmt: skip
    folders = [train_aac(config, fold=fold).folder for fold in range(2)]
    assert [folder.name for folder in folders] == ["fold-0", "fold-1"]
    assert (tmp_path / "run" / "samples").is_dir()
    assert not (tmp_path / "run" / "fold-0" / "samples").exists()
    found = predict_vertebrae(folders, make_film().brightness)
    assert found.shape == make_film().image.shape
    assert set(np.unique(found)) <= {0, 2, 3, 4, 5, 6}
    # A film without a map takes the networks' one; nothing was learnt, so levels are missing or somewhere.
    other = replace(config, vertebrae=replace(MAPS, names=("L1", "L2")), out=tmp_path / "other")
    folders.append(train_aac(other, fold=0).folder)
    with pytest.raises(ModelError, match="tell other ones apart"):
        predict_vertebrae(folders, make_film().brightness)


def test_networks_map_the_vertebrae_of_films_without_a_map(monkeypatch: pytest.MonkeyPatch) -> None:
    film = make_film(9)
    monkeypatch.setattr("vascal.train.film_preparation.predict_vertebrae", lambda folders, image: film.vertebrae)
    mapped = make_total_sample(replace(film, vertebrae=None), replace(TOTALS, segmenters=(Path("here"),)))
    assert np.array_equal(mapped["image"], make_total_sample(film, TOTALS)["image"])


def test_each_fold_holds_back_its_own_and_none_takes_test_films() -> None:
    rows = [Sample(file=f"{n}", patient=str(n), source="", split="test" if n < 5 else "train") for n in range(65)]
    held = []
    for fold in range(5):
        sides = split_samples(rows, seed=0, validation=0.15, fold=(fold, 5))
        assert sides.test == 5
        assert len(sides.training) + len(sides.validation) == 60
        held += [row.patient for row in sides.validation]
    assert sorted(held) == sorted(row.patient for row in rows[5:])


def test_a_fold_has_a_folder_of_its_own(tmp_path: Path) -> None:
    config = TrainConfig(
        task="film-totals", data=DataConfig(simulated=9, fold=(0, 5)), out=tmp_path, publish=tmp_path / "models"
    )
    fold = choose_fold(config, 3)
    assert (fold.data.fold, fold.out.name, fold.samples) == ((3, 5), "fold-3", tmp_path / "samples")
    assert fold.models == tmp_path / "models" / "fold-3"
    with pytest.raises(TrainingError, match=r"data\.fold is \[5, 5\]"):
        choose_fold(config, 5)
    with pytest.raises(TrainingError, match=r"no data\.fold"):
        choose_fold(replace(config, data=DataConfig(simulated=9)), 0)


def test_weights_of_imagenet_are_taken_when_they_are_given(films: Path, tmp_path: Path) -> None:
    config = totals(films, tmp_path / "run", totals=replace(TOTALS, weights=tmp_path / "gone.safetensors"))
    with pytest.raises(TrainingError, match=r"gone\.safetensors can not be read"):
        train_aac(config)


def test_each_command_refuses_the_others_tasks(films: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="is on films: vascal train aac"):
        train_cac(totals(films, tmp_path))
    with pytest.raises(TrainingError, match="is on CT: vascal train cac"):
        train_aac(TrainConfig(task="voxels", data=DataConfig(simulated=1), out=tmp_path))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vertebrae": MAPS}, r"\[vertebrae\] has options of task 'film-vertebrae'; the task is 'film-totals'"),
        ({"task": "voxels", "totals": None}, r"learns from CT; data\.films is for film-map, film-walls, film-totals"),
        ({"data": DataConfig(index=Path("d.json"))}, r"learns from films; give data\.films or data\.simulated"),
        ({"network": NetworkConfig()}, "has a network of its own"),
    ],
)
def test_options_of_other_tasks_are_refused(
    films: Path, tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(TrainingError, match=message):
        find_recipe(totals(films, tmp_path, **changes))


def test_a_batch_of_one_is_refused(films: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="batch norm needs at least 2"):
        train_aac(totals(films, tmp_path / "run", schedule=replace(SCHEDULE, batch=1)))


def test_a_table_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"data\.films gone\.csv can not be read"):
        train_aac(totals(tmp_path / "gone.csv", tmp_path / "run"))


def test_the_file_says_so_in_words_when_a_list_is_wrong() -> None:
    table = {"task": "film-totals", "out": "o", "data": {"simulated": 1, "fold": [5, 5]}}
    with pytest.raises(TrainingError, match=r"data\.fold is \[5, 5\]"):
        make_config(table)
    table["data"] = {"simulated": 1, "films": "f.csv"}
    with pytest.raises(TrainingError, match="give simulated or films, not both"):
        make_config(table)
    table["data"] = {"simulated": 1}
    with pytest.raises(TrainingError, match=r"totals\.segmenters is 'x'; needed: a list of paths"):
        make_config({**table, "totals": {"segmenters": "x"}})
    with pytest.raises(TrainingError, match="needed: a list of texts"):
        make_config({**table, "vertebrae": {"names": "L1"}})
