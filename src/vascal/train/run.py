"""One training from config to model: samples, split, fit, export, card."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import vascal
from vascal.errors import MissingExtraError, TrainingError
from vascal.io.atomic import write_file
from vascal.io.dataset_index import find_index
from vascal.models.runtime import MANIFEST, ModelEntry, read_manifest
from vascal.train.card import CARD_NAME, Facts, write_card
from vascal.train.config import FILM_TASKS, TrainConfig, lay_out
from vascal.train.film_preparation import find_film_list
from vascal.train.loop import Outcome, Task, fit
from vascal.train.networks import NetworkConfig
from vascal.train.samples import Progress, SampleList, Sides, claim_folder, has_samples, read_samples, split_samples
from vascal.train.schedule import count_steps
from vascal.train.start import load_start
from vascal.train.tasks import OF_ITS_OWN, Recipe, choose_network, choose_patch, find_recipe

if TYPE_CHECKING:
    from torch import nn

CONFIG_NAME = "config.json"
NEEDED = ("torch", "monai", "safetensors", "onnx", "einops")
INSTALL = "pip install 'vascal[train]'"
MAY_CHANGE = ("steps", "epochs", "time_limit_min", "patience", "workers", "mixed_precision")
"""What a resumed training may do differently from its beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A finished training.

    Parameters
    ----------
    folder
        With the model, its manifest and its card; for ``vascal score --model``.
    card
        The model card.
    entry
        The model's line in the manifest.
    outcome
        What the training came to.
    """

    folder: Path
    card: Path
    entry: ModelEntry
    outcome: Outcome


class Silence:
    """Progress that nobody watches."""

    def say(self, text: str) -> None:
        """Say nothing."""

    def reach(self, done: int, total: int) -> None:
        """Show nothing."""


def train_cac(config: TrainConfig, progress: Progress | None = None) -> Trained:
    """Train one model for CT, or go on with its training; arguments and errors as for `train_model`."""
    if config.task in FILM_TASKS:
        raise TrainingError(f"task {config.task!r} is on films: vascal train aac")
    return train_model(config, progress)


def train_aac(config: TrainConfig, progress: Progress | None = None, *, fold: int | None = None) -> Trained:
    """Train one model for lateral films, or go on with its training.

    Parameters
    ----------
    config, progress
        As for `train_model`.
    fold
        Of ``data.fold``: hold back this part instead, into a folder of its own.

    Raises
    ------
    TrainingError
        If the task is on CT, or there is no such fold; and as for `train_model`.
    """
    if config.task not in FILM_TASKS:
        raise TrainingError(f"task {config.task!r} is on CT: vascal train cac")
    return train_model(config if fold is None else choose_fold(config, fold), progress)


def choose_fold(config: TrainConfig, fold: int) -> TrainConfig:
    """Hold back another fold, and keep it in a folder of its own; prepared samples are shared.

    Raises
    ------
    TrainingError
        If the training names no number of folds, or has fewer.
    """
    if config.data.fold is None:
        raise TrainingError("the file has no data.fold; such as fold = [0, 5] for five")
    data = replace(config.data, fold=(fold, config.data.fold[1]), samples=config.samples)
    name = f"fold-{fold}"
    return replace(
        config, data=data, out=config.out / name, publish=None if config.publish is None else config.publish / name
    )


def train_model(config: TrainConfig, progress: Progress | None = None) -> Trained:
    """Train one model, or go on with its training.

    Prepares samples if they are not there, splits them by patient, trains, exports to ONNX with
    a numeric check, and writes manifest and model card into ``config.models``.

    Parameters
    ----------
    config
        What to train, on what, and how.
    progress
        Told what happens; never anything that names a patient.

    Raises
    ------
    MissingExtraError
        If torch and its company are not installed.
    TrainingError
        If samples, network or weights to start from do not fit, or the loss is no number any more.
    """
    require_train_extra()
    import torch

    watch = progress or Silence()
    recipe = find_recipe(config)
    keep_config(config)
    samples = prepare_samples(config, recipe, watch)
    sides = split_samples(
        samples.samples, seed=config.schedule.seed, validation=config.data.validation, fold=config.data.fold
    )
    training, validation = _make_tasks(config, recipe, sides)
    schedule = count_steps(config.schedule, training=len(training), validation=len(validation))
    torch.manual_seed(config.schedule.seed)
    network = recipe.make_network(config, training)
    if config.start_from:
        load_start(network, config.start_from, config.task)
    require_fit(network, training)
    watch.say(f"{len(sides.training)} scans to train on, {len(sides.validation)} to validate, {sides.test} untouched")
    outcome = fit(network, training, validation, schedule, config.out, watch=_tell(watch, schedule.steps))
    measured = {} if recipe.calibrate is None else recipe.calibrate(network, validation)
    entry = publish(config, recipe, network, training, measured)
    facts = _collect_facts(replace(config, schedule=schedule), network, samples, sides, outcome, entry)
    name = f"{config.task}.md" if config.publish else CARD_NAME
    write_file(config.models / name, write_card(facts).encode())
    return Trained(folder=config.models, card=config.models / name, entry=entry, outcome=outcome)


def _make_tasks(config: TrainConfig, recipe: Recipe, sides: Sides) -> tuple[Task, Task]:
    training, validation = (
        recipe.make_task(config, [config.samples / row.file for row in rows])
        for rows in (sides.training, sides.validation)
    )
    return training, validation if recipe.hold_back is None else recipe.hold_back(validation)


def require_train_extra() -> None:
    """Refuse to go on without torch and its company.

    Raises
    ------
    MissingExtraError
        With the command that installs them.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise MissingExtraError(f"training needs {', '.join(missing)}; {INSTALL}")


def keep_config(config: TrainConfig) -> None:
    """Write the training beside its weights; refuse to resume another one.

    Raises
    ------
    TrainingError
        If the folder holds a training with other options; how long it lasts may change.
    """
    path, now = config.out / CONFIG_NAME, lay_out(config)
    if path.exists() and (config.out / "last.pt").exists():
        try:
            before: Any = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise TrainingError(f"{CONFIG_NAME} in {config.out.name} is damaged; choose another folder") from error
        other = sorted(_differences(before, now))
        if other:
            raise TrainingError(
                f"{config.out.name} holds a training with another {', '.join(other)}; choose another folder, or "
                "remove it to start anew"
            )
    write_file(path, (json.dumps(now, indent=1) + "\n").encode())


def _differences(before: Any, now: Any, where: str = "") -> list[str]:
    if not isinstance(before, Mapping) or not isinstance(now, Mapping):
        return [] if before == now else [where.lstrip(".")]
    names = sorted({*before, *now} - (set(MAY_CHANGE) if where == ".schedule" else set()))
    return [found for name in names for found in _differences(before.get(name), now.get(name), f"{where}.{name}")]


def prepare_samples(config: TrainConfig, recipe: Recipe, progress: Progress) -> SampleList:
    """Read the samples of a training; prepare them first if they are not there.

    Raises
    ------
    TrainingError
        If they can not be prepared, or are another data set's.
    """
    is_given = config.data.index is None and config.data.simulated is None and config.data.films is None
    if not is_given:
        claim_folder(config.samples, {**_find_origin(config), **recipe.origin(config)})
    if not has_samples(config.samples):
        if is_given:
            raise TrainingError(
                f"{config.samples.name} holds no samples; give data.index, data.films or data.simulated to make them"
            )
        if recipe.prepare is None:
            raise TrainingError(
                f"samples of task {config.task!r} can not be prepared here; give their folder as data.samples"
            )
        progress.say("preparing samples")
        recipe.prepare(config, config.samples, progress)
    return read_samples(config.samples, config.task)


def _find_origin(config: TrainConfig) -> dict[str, Any]:
    """Tell what samples are made from: of a data set, its index as it is now."""
    data = config.data
    if data.simulated is not None:
        return {"task": config.task, "simulated": data.simulated, "seed": data.seed}
    name = "index" if data.index is not None else "films"
    path = find_index(data.index) if data.index is not None else find_film_list(data.films or Path())
    try:
        return {"task": config.task, f"{name}_sha256": sha256(path.read_bytes()).hexdigest()}
    except OSError as error:
        raise TrainingError(f"data.{name} {path.name} can not be read: {error.strerror}") from error


def require_fit(network: nn.Module, task: Task) -> None:
    """Try one sample, so that sizes that do not fit are told before anything is trained.

    Raises
    ------
    TrainingError
        If the network can not take it, or gives something of another shape.
    """
    import numpy as np
    import torch

    sample = {name: value[None] for name, value in task.sample(0, np.random.default_rng(0)).items()}
    network.eval()
    try:
        with torch.inference_mode():
            task.batch_loss(network, sample)
    except (RuntimeError, ValueError, IndexError) as error:
        shape = " x ".join(str(n) for n in next(iter(sample.values())).shape[1:])
        raise TrainingError(
            f"the network can not take a sample of {shape} (channels, then sizes): {str(error).splitlines()[0]}"
        ) from error


def _tell(progress: Progress, steps: int) -> Any:
    def watch(step: int, scores: Mapping[str, float] | None) -> None:
        progress.reach(step, steps)
        if scores is not None:
            shown = ", ".join(f"{name} {value:.3f}" for name, value in scores.items() if not math.isnan(value))
            progress.say(f"step {step}: {shown}")

    return watch


def publish(
    config: TrainConfig, recipe: Recipe, network: nn.Module, task: Task, measured: Mapping[str, Any]
) -> ModelEntry:
    """Export the network, check it, and write it into the folder's manifest beside other tasks' models.

    What was measured on validation cases, such as a temperature, stands there too.

    Raises
    ------
    TrainingError
        If the exported network computes something else.
    """
    from vascal.train.export import export_onnx

    folder, file = config.models, f"{config.task}.onnx"
    folder.mkdir(parents=True, exist_ok=True)
    sha256 = export_onnx(
        network, recipe.show(task), folder / file, outputs=recipe.outputs, free_axes=recipe.free_axes(config)
    )
    settings = {"network": lay_out(_name_network(config)), **recipe.settings(config), **measured}
    entry = ModelEntry(name=config.task, file=file, sha256=sha256, version=1, settings=settings)
    known = dict(read_manifest(folder)) if (folder / MANIFEST).exists() else {}
    if config.task in known:
        entry = replace(entry, version=known[config.task].version + (known[config.task].sha256 != sha256))
    rows = {name: _row(row) for name, row in {**known, config.task: entry}.items()}
    write_file(folder / MANIFEST, (json.dumps({"models": rows}, indent=1) + "\n").encode())
    return entry


def _name_network(config: TrainConfig) -> NetworkConfig | None:
    return None if "network" in OF_ITS_OWN.get(config.task, ()) else choose_network(config)


def _row(entry: ModelEntry) -> dict[str, Any]:
    return {"file": entry.file, "sha256": entry.sha256, "version": entry.version, "settings": dict(entry.settings)}


def _collect_facts(
    config: TrainConfig, network: nn.Module, samples: SampleList, sides: Sides, outcome: Outcome, entry: ModelEntry
) -> Facts:
    return Facts(
        config=config,
        network=_name_network(config),
        patch=choose_patch(config) if _name_network(config) else None,
        parameters=sum(part.numel() for part in network.parameters()),
        samples=samples,
        sides=sides,
        outcome=outcome,
        entry=entry,
        versions={"vascal": vascal.__version__, **{name: version(name) for name in ("torch", "monai", "onnx")}},
    )
