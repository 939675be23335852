"""The list of samples: complete or refused, and split by patient."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.dataset import Split
from vascal.errors import TrainingError
from vascal.train.samples import (
    Sample,
    SampleList,
    claim_folder,
    has_samples,
    read_samples,
    split_samples,
    write_samples,
)


def row(patient: str, number: int = 0, split: Split | None = None) -> Sample:
    return Sample(file=f"{patient}-{number}.npz", patient=patient, source="simulated", split=split)


def write(folder: Path, *, with_files: bool = True) -> SampleList:
    samples = SampleList(
        task="voxels", samples=(row("a"), row("b", split="test")), skipped={"without labels": 2}, origin={"seed": 1}
    )
    write_samples(samples, folder)
    for sample in samples.samples if with_files else ():
        (folder / sample.file).touch()
    return samples


def test_what_is_written_is_read(tmp_path: Path) -> None:
    assert not has_samples(tmp_path)
    written = write(tmp_path)
    assert has_samples(tmp_path)
    assert read_samples(tmp_path, "voxels") == written


def test_samples_of_another_task_are_refused(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(TrainingError, match="holds samples of task 'voxels'; needed: 'anatomy'"):
        read_samples(tmp_path, "anatomy")


def test_missing_files_are_counted(tmp_path: Path) -> None:
    write(tmp_path, with_files=False)
    with pytest.raises(TrainingError, match=r"2 of 2 samples are missing; remove samples.json"):
        read_samples(tmp_path, "voxels")


@pytest.mark.parametrize("text", ["", "[]", '{"task": "voxels"}', '{"task": "voxels", "samples": [{"name": 1}]}'])
def test_a_damaged_list_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "samples.json").write_text(text)
    with pytest.raises(TrainingError, match=r"samples.json can not be read"):
        read_samples(tmp_path, "voxels")


@given(seed=st.integers(0, 100))
def test_all_scans_of_a_patient_are_on_one_side(seed: int) -> None:
    rows = [row(str(patient), scan) for patient in range(40) for scan in range(2)]
    sides = split_samples(rows, seed=seed, validation=0.4)
    training, held = ({one.patient for one in side} for side in (sides.training, sides.validation))
    assert not training & held
    assert len(sides.training) + len(sides.validation) == 80
    assert sides.test == 0


def test_the_data_set_s_own_split_is_kept_and_test_is_left_alone() -> None:
    rows = [row("a", split="train"), row("b", split="validation"), row("c", split="test"), row("c", 1, split="test")]
    sides = split_samples(rows, seed=0, validation=0.5)
    assert [one.patient for one in sides.training] == ["a"]
    assert [one.patient for one in sides.validation] == ["b"]
    assert sides.test == 2


def test_a_patient_on_two_sides_is_refused() -> None:
    with pytest.raises(TrainingError, match="a patient has samples on two sides of the split; see vascal data check"):
        split_samples([row("a", split="train"), row("a", 1, split="validation")], seed=0, validation=0.5)


def test_an_empty_side_is_told() -> None:
    with pytest.raises(TrainingError, match="of 2 samples 2 are for training and 0 for validation"):
        split_samples([row("a", split="train"), row("b", split="train")], seed=0, validation=0.5)


def test_a_folder_keeps_to_what_it_was_made_from(tmp_path: Path) -> None:
    claim_folder(tmp_path / "s", {"task": "voxels", "seed": 1})
    claim_folder(tmp_path / "s", {"seed": 1, "task": "voxels"})
    with pytest.raises(TrainingError, match="the samples in s were made from something else"):
        claim_folder(tmp_path / "s", {"task": "voxels", "seed": 2})
