"""Samples made by the simulator: drawn wide, kept when they are there, on the right lattice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vascal.regions import VESSEL_OF_SEGMENT
from vascal.simulate.ct.phantom import build_phantom
from vascal.train.config import DataConfig, TrainConfig
from vascal.train.run import Silence
from vascal.train.samples import read_samples
from vascal.train.simulated_draws import (
    draw_anatomy_protocol,
    draw_clinic_agatston,
    draw_heart_protocol,
    draw_training_patient,
    draw_training_plaques,
)
from vascal.train.simulated_samples import cover, prepare_simulated, simulate_courses
from vascal.volume import Grid


def config(folder: Path, count: int = 3) -> TrainConfig:
    return TrainConfig(task="courses", data=DataConfig(simulated=count, seed=40), out=folder)


def test_each_seed_makes_one_sample_and_what_is_there_is_kept(tmp_path: Path) -> None:
    made: list[int] = []

    def make(seed: int) -> dict[str, np.ndarray]:
        made.append(seed)
        return {"hu": np.full(2, seed)}

    prepare_simulated(config(tmp_path), tmp_path, Silence(), make)
    prepare_simulated(config(tmp_path, 4), tmp_path, Silence(), make)
    assert made == [40, 41, 42, 43]
    found = read_samples(tmp_path, "courses")
    assert [row.patient for row in found.samples] == ["40", "41", "42", "43"]
    assert {row.source for row in found.samples} == {"simulated"}


@pytest.mark.parametrize("spacing", [(3.0, 0.43, 0.43), (0.75, 0.35, 0.35), (5.0, 0.8, 0.8)])
def test_the_lattice_fills_the_extent_of_the_scan(spacing: tuple[float, float, float]) -> None:
    grid = Grid.even((40, 256, 256), spacing)
    lattice = cover(grid)
    for n, s, corner, count in zip(grid.shape, spacing, lattice.corner_mm, lattice.shape, strict=True):
        assert corner - 0.75 == pytest.approx(-s / 2)
        assert corner + (count - 0.5) * 1.5 == pytest.approx((n - 0.5) * s, abs=0.76)


def test_training_patients_are_spread_wider_than_the_clinics() -> None:
    patients = [draw_training_patient(seed) for seed in range(200)]
    assert np.ptp([p.bmi for p in patients]) > 22
    assert np.ptp([p.heart_size for p in patients]) > 0.4
    assert {p.dominance for p in patients} == {"left", "right", "balanced"}
    assert draw_training_patient(7) == draw_training_patient(7)


def test_protocols_cover_every_kind_and_contrast() -> None:
    protocols = [draw_heart_protocol(seed) for seed in range(150)]
    assert {p.name for p in protocols} == {"gated", "chest", "sharp", "low-dose", "pet-ac", "contrast"}
    assert {p.region for p in protocols} == {"heart"}
    assert {draw_anatomy_protocol(seed).contrast for seed in range(60)} == {
        "none", "pulmonary", "coronary", "aortic", "venous",
    }  # fmt: skip


def test_every_other_patient_of_the_clinic_has_calcium_for_certain() -> None:
    scores = [draw_clinic_agatston(seed) for seed in range(40)]
    assert scores[::2] == [None] * 20
    assert all(score is not None and 5 <= score <= 2000 for score in scores[1::2])


def test_some_patients_have_no_coronary_calcium_and_rare_branches_are_hit() -> None:
    branches = tuple(b.name for b in build_phantom(draw_training_patient(1)).tree)
    drawn = [draw_training_plaques(seed, draw_training_patient(1), branches) for seed in range(60)]
    coronary = [[p for p in plaques if p.site in branches] for plaques in drawn]
    assert 4 <= sum(not one for one in coronary) <= 22
    sites = {p.site for one in coronary for p in one}
    assert {"LAD", "RCA", "OM2"} <= sites
    assert all(len(plaques) <= 250 for plaques in drawn)


@pytest.mark.slow
def test_a_sample_of_courses_knows_where_the_arteries_run() -> None:
    sample = simulate_courses(41)
    assert sample["hu"].shape == sample["nearest"].shape == sample["distance"].shape
    assert np.all((sample["centre"] > 0) & (sample["centre"] < sample["hu"].shape))
    on_course = sample["nearest"][sample["distance"] < 10]
    assert {VESSEL_OF_SEGMENT[int(n)] for n in np.unique(on_course) if 1 <= n <= 18} >= {"LAD", "LCX", "RCA"}
