"""The two networks that read a film: samples that match the truth, and losses that fall."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from vascal.models.film_inputs import (
    ACROSS_MM,
    BODIES,
    CENTRE_COLUMN,
    LEVEL_ROWS,
    MARGIN_ROWS,
    STRIP_COLUMNS,
    STRIP_ROWS,
    ZONES,
)
from vascal.simulate.xray.study import draw_film, simulate_film
from vascal.train.film_looks import change_looks
from vascal.train.film_map_task import FilmMapTask, draw_zones
from vascal.train.film_networks import MapNetwork, WallNetwork
from vascal.train.film_samples import write_arrays
from vascal.train.film_truths import truth_arrays
from vascal.train.film_wall_task import FilmWallTask, grades_of, true_place


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("films") / "film.npz"
    write_arrays(path, **truth_arrays(simulate_film(draw_film(20, style="lumbar", total=18))))
    return path


def test_rows_of_a_strip_hold_the_fractions_of_the_truth(file: Path) -> None:
    sample = FilmWallTask(files=[file], is_changed=False).sample(0, np.random.default_rng(0))
    with np.load(file) as data:
        fractions = data["visible_fractions"]
    rows = sample["target"][:2].amax(2)[:, MARGIN_ROWS:-MARGIN_ROWS].float().reshape(2, 4, LEVEL_ROWS).mean(2)
    assert np.allclose(rows.T.reshape(-1), fractions, atol=0.07)
    assert np.array_equal(sample["grades"], grades_of(fractions))


def test_both_walls_lie_on_their_side_of_the_middle(file: Path) -> None:
    sample = FilmWallTask(files=[file], is_changed=False).sample(0, np.random.default_rng(0))
    columns = np.arange(STRIP_COLUMNS)
    for wall, is_anterior in ((0, True), (1, False)):
        marked = sample["target"][wall].sum(0).numpy()
        middle = columns @ marked / marked.sum()
        assert (middle > CENTRE_COLUMN) == is_anterior
    assert sample["image"].shape == (6, STRIP_ROWS, STRIP_COLUMNS)


def test_the_aorta_lies_between_both_walls(file: Path) -> None:
    sample = FilmWallTask(files=[file], is_changed=False).sample(0, np.random.default_rng(0))
    with np.load(file) as data:
        place = true_place({name: data[name] for name in data.files})
    width = sample["target"][2].sum(1).numpy() * ACROSS_MM
    assert np.abs(width - 2 * place.half_mm).max() <= 2 * ACROSS_MM
    columns = np.arange(STRIP_COLUMNS)
    middle = sample["target"][2].numpy() @ columns / np.maximum(sample["target"][2].sum(1).numpy(), 1)
    assert np.abs(middle - CENTRE_COLUMN).max() <= 1


def test_a_strip_is_also_laid_where_the_first_network_laid_it(file: Path, tmp_path: Path) -> None:
    with np.load(file) as data:
        film = {name: data[name] for name in data.files}
    exact = true_place(film)
    found = {
        "found_borders": exact.borders,
        "found_centre_mm": exact.centre_mm + 9.0,
        "found_half_mm": exact.half_mm,
    }
    path = tmp_path / "found.npz"
    write_arrays(path, **film, **found)
    task, columns = FilmWallTask(files=[path]), np.arange(STRIP_COLUMNS)
    offsets = []
    for seed in range(24):
        aorta = task.sample(0, np.random.default_rng(seed))["target"][2].numpy()
        offsets.append((aorta @ columns).sum() / aorta.sum() - CENTRE_COLUMN)
    # 9 mm in front of the aorta, the aorta is 18 columns behind the middle; about half of the strips lie there.
    near = np.abs(np.array(offsets) + 18) < 6
    assert 6 <= near.sum() <= 18


def test_a_disturbed_strip_still_shows_about_the_same_calcium(file: Path) -> None:
    exact = FilmWallTask(files=[file], is_changed=False).sample(0, np.random.default_rng(0))
    moved = FilmWallTask(files=[file]).sample(0, np.random.default_rng(1))
    assert not torch.equal(exact["image"], moved["image"])
    before, after = (float(one["target"][:2].sum()) for one in (exact, moved))
    assert 0.6 * before < after < 1.4 * before


def test_zones_lie_between_the_walls(file: Path) -> None:
    with np.load(file) as data:
        zones = draw_zones(data["points"], data["cuts"], data["image"].shape, float(data["spacing_mm"]))
        middle = np.rint(data["points"].mean(axis=0) / 2).astype(int)
        named = zones[middle[:, 0], middle[:, 1]]
        for level in range(4):
            top, bottom = data["cuts"][level], data["cuts"][level + 1]
            assert np.mean(named[top + 3 : bottom - 3] == ZONES.index(f"L{level + 1}")) > 0.95


def test_a_map_sample_names_all_levels_and_its_loss_falls(file: Path) -> None:
    task = FilmMapTask(files=[file])
    still = replace(task, is_changed=False)
    sample = still.sample(0, np.random.default_rng(0))
    assert set(np.unique(sample["target"][1])) == set(range(len(ZONES)))
    assert {BODIES.index(f"L{n}") for n in range(1, 6)} <= set(np.unique(sample["target"][0]).tolist())
    torch.manual_seed(0)
    network = MapNetwork(task.inputs, task.outputs, 4)
    batch = {name: value[None] for name, value in task.sample(0, np.random.default_rng(0)).items()}
    assert _falls(network, task, batch)
    network.eval()
    with torch.inference_mode():
        assert set(task.scores(network, batch)) == {"dice_L1_L5", "dice_aorta"}


def test_the_loss_of_walls_falls(file: Path) -> None:
    task = FilmWallTask(files=[file])
    torch.manual_seed(0)
    network = WallNetwork(task.inputs, MARGIN_ROWS, LEVEL_ROWS, 4)
    rng = np.random.default_rng(0)
    drawn = [task.sample(0, rng) for _ in range(2)]
    batch = {name: torch.stack([one[name] for one in drawn]) for name in drawn[0]}
    walls, aorta, rows, grades = network(batch["image"])
    assert walls.shape == (2, 2, STRIP_ROWS, STRIP_COLUMNS)
    assert aorta.shape == (2, STRIP_ROWS, STRIP_COLUMNS)
    assert rows.shape == (2, 2, STRIP_ROWS)
    assert grades.shape == (2, 8, 3)
    assert _falls(network, task, batch)
    network.eval()
    with torch.inference_mode():
        assert 0 <= task.scores(network, batch)["exact"] <= 1


@pytest.fixture
def graded(file: Path, tmp_path: Path) -> Path:
    """Give a film of which only grades, or their sum, are known, with its strip laid before."""
    with np.load(file) as data:
        film = {name: data[name] for name in data.files}
    place = true_place(film)
    path = tmp_path / "graded.npz"
    write_arrays(
        path,
        image=film["image"],
        spacing_mm=film["spacing_mm"],
        level_bounds=film["level_bounds"],
        centre_mm=place.centre_mm,
        half_mm=place.half_mm,
        vertebrae=np.where(film["vertebrae"] > 0, 255, 0).astype(np.uint8),
        grades=np.array([0, 1, 2, 3, -1, -1, -1, -1], dtype=np.int8),
        total=np.array(9.0),
    )
    return path


def test_films_with_grades_or_a_total_alone_are_learned_from_beside_others(file: Path, graded: Path) -> None:
    task = FilmWallTask(files=[file, graded])
    rng = np.random.default_rng(0)
    drawn = [task.sample(number, rng) for number in range(2)]
    batch = {name: torch.stack([one[name] for one in drawn]) for name in drawn[0]}
    assert batch["grades"][1].tolist() == [0, 1, 2, 3, -1, -1, -1, -1]
    assert (batch["target"][1] == 255).all()
    torch.manual_seed(0)
    network = WallNetwork(task.inputs, MARGIN_ROWS, LEVEL_ROWS, 4)
    assert _falls(network, task, batch)
    alone = {name: value[1:] for name, value in batch.items()}
    network.eval()
    with torch.inference_mode():
        scores = task.scores(network, alone)
    assert np.isnan(scores["dice_rows"])
    assert 0 <= scores["exact"] <= 1


def test_the_strip_of_a_graded_film_is_the_one_that_was_laid(file: Path, graded: Path) -> None:
    rng = np.random.default_rng(0)
    first, second = (FilmWallTask(files=[one], is_changed=False).sample(0, rng)["image"] for one in (file, graded))
    assert float((first - second).abs()[[0, 1, 2, 4, 5]].max()) < 1e-3


def test_looks_stay_between_black_and_white() -> None:
    rng = np.random.default_rng(0)
    picture = rng.random((60, 50)).astype(np.float32)
    for _ in range(12):
        changed = change_looks(picture, 0.5, rng)
        assert changed.min() >= 0
        assert changed.max() <= 1
        assert changed.shape == picture.shape


def _falls(network: torch.nn.Module, task: FilmMapTask | FilmWallTask, batch: dict[str, torch.Tensor]) -> bool:
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(6):
        optimizer.zero_grad()
        loss = task.batch_loss(network, batch)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses[-1] < losses[0]
