"""A card says plainly what was simulated, and where scores are rough."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from vascal.models.runtime import ModelEntry
from vascal.train.card import Facts, write_card
from vascal.train.config import DataConfig, TrainConfig
from vascal.train.loop import Outcome
from vascal.train.networks import NetworkConfig
from vascal.train.samples import Sample, SampleList, Sides


def make_facts(*sources: str, patients: int = 30) -> Facts:
    rows = tuple(Sample(file=f"{n}.npz", patient=str(n), source=sources[n % len(sources)]) for n in range(2 * patients))
    return Facts(
        config=TrainConfig(task="anatomy", data=DataConfig(simulated=60), out=Path("run")),
        network=NetworkConfig(),
        patch=(48, 80, 80),
        parameters=1234567,
        samples=SampleList(task="anatomy", samples=rows),
        sides=Sides(training=rows[:patients], validation=rows[patients:], test=4),
        outcome=Outcome(best={"loss": 0.25, "dice": float("nan"), "step": 800}, steps=1000, seconds=90.0, device="cpu"),
        entry=ModelEntry(name="anatomy", file="anatomy.onnx", sha256="ab" * 32, version=2, settings={}),
        versions={"vascal": "1", "torch": "2"},
    )


def test_simulated_data_is_said_plainly() -> None:
    card = write_card(make_facts("simulated"))
    assert "**Simulated scans only.** No scan of a real patient was used." in card
    assert "Simulated scans lack what the simulator does not know of" in card


def test_real_data_is_named_by_its_source() -> None:
    card = write_card(make_facts("coca"))
    assert "Scans: 60 from coca." in card
    assert "imulated scans" not in card


def test_a_mixture_is_called_one() -> None:
    card = write_card(make_facts("coca", "simulated"))
    assert "Scans: 30 from coca, 30 from simulated. Some are simulated." in card


def test_numbers_are_the_run_s() -> None:
    card = write_card(make_facts("coca"))
    assert "unet, 1,234,567 parameters" in card
    assert "| loss | 0.25 |" in card
    assert "| dice | no such case |" in card
    assert "| Steps | 1000 of 2000, 1 samples each |" in card
    assert "| Time | 1.5 minutes |" in card
    assert "4 scans of the test side were prepared and not used." in card
    assert "Started from | random weights" in card


def test_few_patients_make_rough_scores() -> None:
    rough = "Fewer than 20 patients were held back"
    assert rough not in write_card(make_facts("coca"))
    assert rough in write_card(make_facts("coca", patients=10))


def test_every_task_has_its_purpose() -> None:
    facts = make_facts("coca")
    for task in ("anatomy", "courses", "lesions", "voxels"):
        assert f"| Task | {task}: " in write_card(replace(facts, config=replace(facts.config, task=task)))


def test_a_task_with_a_network_of_its_own_says_so() -> None:
    card = write_card(replace(make_facts("coca"), network=None, patch=None))
    assert "| Network | the task's own, 1,234,567 parameters |" in card
    assert "| Patch |" not in card
