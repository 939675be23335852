"""Candidates for training are found as scoring finds them, around networks that know the answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.models.truth import gated, network, true_anatomy_network
from vascal.anatomy.confounders import Candidate
from vascal.anatomy.segmenter import Anatomy
from vascal.errors import AnatomyError, TrainingError
from vascal.models import anatomy_net, course_net
from vascal.models.lesion_inputs import CHANNELS, FEATURES, KINDS, PATCH, WHERE
from vascal.regions import COURSE_CLASSES
from vascal.train import lesion_preparation
from vascal.train.config import DataConfig, TrainConfig
from vascal.train.lesion_preparation import ASTRAY, collect_samples, find_models, prepare_lesions
from vascal.train.lesion_samples import LesionSamples, PlaqueLabels, label_plaques, name_candidate
from vascal.train.run import Silence
from vascal.train.samples import read_samples
from vascal.volume import Volume


@pytest.fixture
def knowing(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(image: np.ndarray) -> tuple[np.ndarray, ...]:
        return (np.zeros((1, COURSE_CLASSES, *(n // 2 for n in image.shape[2:])), dtype=np.float32),)

    monkeypatch.setattr(anatomy_net, "load_network", lambda name, folder=None: true_anatomy_network())
    monkeypatch.setattr(course_net, "load_network", lambda name, folder=None: network(name, nowhere))


def truth(volume: Volume, anatomy: Anatomy, candidates: Sequence[Candidate]) -> tuple[np.ndarray, np.ndarray]:
    assert anatomy.regions is not None
    _, scan = gated()
    kinds, segments = label_plaques([(t.vessel, t.segment, t.plaque.site) for t in scan.plaques])
    labels = PlaqueLabels(lesions=scan.lesions.labels, organs=scan.organs.labels, kinds=kinds, segments=segments)
    pairs = [name_candidate(candidate, volume, labels, is_contrast=False) for candidate in candidates]
    return np.array([kind for kind, _ in pairs]), np.array([segment for _, segment in pairs])


@pytest.mark.usefixtures("knowing")
def test_candidates_of_a_scan_come_with_their_truth() -> None:
    _, scan = gated()
    samples = collect_samples(scan.volume, truth)
    assert samples.patches.shape == (len(samples.kinds), CHANNELS, *PATCH)
    assert samples.features.shape == (1 + ASTRAY, len(samples.kinds), FEATURES)
    changes = (samples.features[1:] != samples.features[0]).any(axis=(0, 1))
    assert changes[WHERE].all()
    assert not changes[2 * COURSE_CLASSES :].sum() - 3
    coronary = {KINDS.index(t.vessel) for t in scan.plaques if t.vessel is not None and t.seen_mg > 5}
    assert coronary <= set(samples.kinds.tolist())
    assert np.all((samples.segments > 0) == (samples.kinds < 4))


def samples(count: int) -> LesionSamples:
    return LesionSamples(
        patches=np.zeros((count, CHANNELS, *PATCH), np.float32),
        features=np.zeros((1, count, FEATURES), np.float32),
        kinds=np.zeros(count, np.int64), segments=np.zeros(count, np.int64), weights=np.ones(count, np.float32),
    )  # fmt: skip


def config(folder: Path) -> TrainConfig:
    return TrainConfig(task="lesions", data=DataConfig(simulated=3, seed=5), out=folder)


def test_scans_without_anything_bright_or_without_a_heart_are_counted_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(seed: int, folder: Path | None = None, *, is_clinic: bool) -> LesionSamples:
        assert is_clinic == (seed == 7)
        if seed == 6:
            raise AnatomyError("no heart")
        return samples(0 if seed == 7 else 4)

    monkeypatch.setattr(lesion_preparation, "simulate_lesions", make)
    prepare_lesions(config(tmp_path), tmp_path, Silence())
    found = read_samples(tmp_path, "lesions")
    assert [row.patient for row in found.samples] == ["5"]
    assert dict(found.skipped) == {"not usable (no-heart)": 1, "without anything bright": 1}


def test_where_no_scan_is_of_use_the_reasons_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lesion_preparation, "simulate_lesions", lambda seed, folder=None, is_clinic=False: samples(0))
    with pytest.raises(TrainingError, match="3 without anything bright"):
        prepare_lesions(config(tmp_path), tmp_path, Silence())


def test_earlier_stages_are_taken_from_the_folder_of_finished_models(tmp_path: Path) -> None:
    assert find_models(config(tmp_path)) is None
    (tmp_path / "manifest.json").write_text('{"models": {}}')
    assert find_models(config(tmp_path)) == tmp_path
