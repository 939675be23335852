"""The model card: what was trained, on what, how, how well, and where it ends."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vascal.models.runtime import ModelEntry
from vascal.train.config import FILM_TASKS, TrainConfig, lay_out
from vascal.train.loop import Outcome
from vascal.train.networks import NetworkConfig
from vascal.train.samples import SIMULATED, Sample, SampleList, Sides
from vascal.train.schedule import Schedule

CARD_NAME = "model-card.md"
PURPOSES: Mapping[str, str] = {
    "anatomy": "finds heart, vessels, lungs and bones on a coarse grid",
    "film-totals": "gives the AAC-24 total of a lateral film",
    "film-vertebrae": "maps the vertebral bodies of a lateral film",
    "courses": "maps where the coronary arteries run",
    "lesions": "says what each bright group near the heart is, and in which artery",
    "voxels": "names calcium by coronary artery, voxel by voxel",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a card is written from.

    Parameters
    ----------
    config
        As it was asked for.
    network, patch
        As they were used; None where the task has its own.
    parameters
        Numbers that were learnt.
    samples, sides
        What was prepared, and how it was split.
    outcome, entry
        What the training came to, and the model.
    versions
        Of the software.
    """

    config: TrainConfig
    network: NetworkConfig | None
    patch: tuple[int, int, int] | None
    parameters: int
    samples: SampleList
    sides: Sides
    outcome: Outcome
    entry: ModelEntry
    versions: Mapping[str, str]


def write_card(facts: Facts) -> str:
    """Write a model card in Markdown.

    After Mitchell et al., Model cards for model reporting, FAT* 2019, doi:10.1145/3287560.3287596.
    """
    parts = (_head(facts), _data(facts), _recipe(facts), _scores(facts), _limits(facts), _full(facts))
    return "\n\n".join(parts) + "\n"


def _head(facts: Facts) -> str:
    purpose = PURPOSES[facts.config.task]
    name = "the task's own" if facts.network is None else facts.network.name
    rows = [
        ("Task", f"{facts.config.task}: {purpose}"),
        ("Network", f"{name}, {facts.parameters:,} parameters"),
        ("File", f"`{facts.entry.file}`, SHA-256 `{facts.entry.sha256}`"),
        ("Version", str(facts.entry.version)),
        ("Made with", ", ".join(f"{name} {number}" for name, number in facts.versions.items())),
    ]
    return f"# Model card: {facts.entry.label}\n\n" + _table(("", ""), rows)


def _data(facts: Facts) -> str:
    sides = facts.sides
    rows = [
        (name, str(len(of)), str(len({row.patient for row in of})))
        for name, of in (("training", sides.training), ("validation", sides.validation))
    ]
    sources = Counter(row.source for row in (*sides.training, *sides.validation))
    lines = ["## Data", "", _sentence(sources), "", _table(("", "scans", "patients"), rows), ""]
    if sides.test:
        lines.append(f"{sides.test} scans of the test side were prepared and not used.")
    lines.append("Patients, never scans, were put on one side or the other.")
    if facts.samples.skipped:
        skipped = "; ".join(f"{count} {reason}" for reason, count in facts.samples.skipped.items())
        lines.append(f"Left out: {skipped}.")
    return "\n".join(lines)


def _sentence(sources: Mapping[str, int]) -> str:
    if set(sources) == {SIMULATED}:
        return "**Simulated scans only.** No scan of a real patient was used."
    named = ", ".join(f"{count} from {source}" for source, count in sorted(sources.items()))
    mixed = " Some are simulated." if SIMULATED in sources else ""
    return f"Scans: {named}.{mixed}"


def _recipe(facts: Facts) -> str:
    schedule, outcome = facts.config.schedule, facts.outcome
    rows = [
        ("Started from", facts.config.start_from or "random weights"),
        *([("Patch", " x ".join(str(n) for n in facts.patch) + " (slices, rows, columns)")] if facts.patch else []),
        ("Steps", f"{outcome.steps} of {schedule.steps}, {schedule.batch} samples each"),
        (
            "Optimiser",
            f"{_optimiser(schedule)}, rate {schedule.learning_rate:g}, weight decay {schedule.weight_decay:g}",
        ),
        ("Seed", str(schedule.seed)),
        ("Device", outcome.device),
        ("Time", f"{outcome.seconds / 60:.1f} minutes"),
    ]
    return "## Recipe\n\n" + _table(("", ""), rows)


def _optimiser(schedule: Schedule) -> str:
    return "AdamW" if schedule.sgd is None else f"SGD, momentum {schedule.sgd.momentum:g}"


def _scores(facts: Facts) -> str:
    best = facts.outcome.best
    rows = [(name, "no such case" if math.isnan(value) else f"{value:.4g}") for name, value in best.items()]
    note = (
        f"At the best validation, on {facts.config.schedule.validation_batches} samples of the validation side. "
        "The best step was chosen by this loss, so these scores flatter; judge the model on test cases."
    )
    return f"## Scores\n\n{note}\n\n" + _table(("score", "value"), rows)


def _limits(facts: Facts) -> str:
    limits = [
        "Not a medical device. Scores found with it need a reader's eye.",
        "It knows scans like those it was trained on: other scanners, kernels, doses and patients may differ.",
    ]
    if facts.config.task in FILM_TASKS:
        limits.append("What is no lateral film of the lumbar spine gets an answer too; whoever asks must see to that.")
    else:
        limits.append(
            "The score itself is still measured by the published definition; the network only says what is coronary."
        )
    if any(row.source == SIMULATED for row in _used(facts)):
        limits.insert(0, "Simulated scans lack what the simulator does not know of; expect less on real ones.")
    if len({row.patient for row in facts.sides.validation}) < 20:
        limits.append("Fewer than 20 patients were held back: the scores above are rough.")
    return "## Limits\n\n" + "\n".join(f"- {limit}" for limit in limits)


def _used(facts: Facts) -> Sequence[Sample]:
    return (*facts.sides.training, *facts.sides.validation)


def _full(facts: Facts) -> str:
    used = {} if facts.network is None else {"network": lay_out(facts.network)}
    text = json.dumps({**lay_out(facts.config), **used}, indent=1)
    return f"## All options\n\n```json\n{text}\n```"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
