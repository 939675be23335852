"""The training loop: one file, readable from top to bottom."""

from __future__ import annotations

import csv
import json
import pickle
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from vascal.errors import TrainingError
from vascal.train.schedule import Schedule, learning_rate, make_optimizer

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


CLIP = 5.0
"""Longest gradient of AdamW."""


@runtime_checkable
class Task(Protocol):
    """What is learned: samples, a loss, and scores on cases that were held back."""

    @property
    def inputs(self) -> int:
        """Channels that go into the network."""
        ...

    @property
    def outputs(self) -> int:
        """Classes that come out of it."""
        ...

    def __len__(self) -> int:
        """Give the number of cases."""
        ...

    def sample(self, number: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Draw one sample of one case."""
        ...

    def batch_loss(self, network: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        """Loss of one batch."""
        ...

    def scores(self, network: nn.Module, batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Judge one validation batch."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a training came to.

    Parameters
    ----------
    best
        Scores at the best validation, its ``loss`` and ``step`` among them.
    steps
        Steps done in all, over all resumptions.
    seconds
        Time spent training, over all resumptions.
    device
        Where.
    """

    best: Mapping[str, float]
    steps: int
    seconds: float
    device: str


Watch = Callable[[int, Mapping[str, float] | None], None]
"""Told the number of steps done after each of them, with the scores where it was validated."""


def fit(
    network: nn.Module, training: Task, validation: Task, schedule: Schedule, out: Path, *, watch: Watch | None = None
) -> Outcome:
    """Train a network, or go on where an earlier training in the same folder stopped.

    Parameters
    ----------
    network
        Random or earlier weights; holds the best ones afterwards.
    training, validation
        Cases of different patients.
    schedule
        How long and how fast.
    out
        Folder for ``last.pt``, ``best.safetensors`` and ``log.csv``.
    watch
        Told of each step.

    Raises
    ------
    TrainingError
        If there is nothing to train or validate on, the loss is no number any
        more, or the folder holds another network's training.

    Notes
    -----
    On one CPU a training that was stopped and resumed ends with the same
    weights, bit for bit, as one that was not.
    """
    if not len(training) or not len(validation):
        raise TrainingError(f"{len(training)} training and {len(validation)} validation cases; both need at least one")
    out.mkdir(parents=True, exist_ok=True)
    bench = _set_up(network, schedule)
    state = _restore(out, bench)
    started, before = time.monotonic(), state["seconds"]
    running: list[float] = []
    for batch in _batches(training, schedule, start=schedule.steps if _is_stuck(state, schedule) else state["step"]):
        running.append(_descend(bench, training, batch, schedule, state["step"]))
        state["step"] += 1
        minutes = (time.monotonic() - started) / 60
        is_late = schedule.time_limit_min is not None and minutes >= schedule.time_limit_min
        scores = None
        if state["step"] % schedule.validate_every == 0 or state["step"] == schedule.steps or is_late:
            scores = validate(network, validation, schedule, bench.device)
            state["seconds"] = before + time.monotonic() - started
            _keep(out, bench, state, scores)
            _log(out, {"step": state["step"], "seconds": state["seconds"], "train_loss": _mean(running), **scores})
            running = []
        if watch is not None:
            watch(state["step"], scores)
        if is_late or _is_stuck(state, schedule):
            break
    _load_best(out, network)
    return Outcome(best=state["best"], steps=state["step"], seconds=state["seconds"], device=_name(bench.device))


@dataclass(frozen=True, slots=True, eq=False)
class _Bench:
    """What a step works with; `runner` is the network, on several GPUs if there are."""

    network: nn.Module
    runner: nn.Module
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    device: torch.device


def _set_up(network: nn.Module, schedule: Schedule) -> _Bench:
    import torch

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network.to(device)
    runner = torch.nn.DataParallel(network) if torch.cuda.device_count() > 1 else network
    optimizer = make_optimizer(network, schedule)
    scaler = torch.amp.GradScaler(device.type, enabled=schedule.mixed_precision and device.type == "cuda")
    return _Bench(network, runner, optimizer, scaler, device)


def _descend(bench: _Bench, task: Task, batch: Mapping[str, Tensor], schedule: Schedule, step: int) -> float:
    """Go one step down; give the loss before it."""
    import torch

    bench.network.train()
    for group in bench.optimizer.param_groups:
        group["lr"] = learning_rate(step, schedule)
    bench.optimizer.zero_grad(set_to_none=True)
    with torch.autocast(bench.device.type, enabled=bench.scaler.is_enabled()):
        loss = task.batch_loss(bench.runner, _to(batch, bench.device))
    if not torch.isfinite(loss):
        raise TrainingError(f"the loss is {loss.item()} after {step} steps; try a lower learning rate")
    bench.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
    bench.scaler.unscale_(bench.optimizer)
    longest = CLIP if schedule.sgd is None else schedule.sgd.clip
    if longest is not None:
        torch.nn.utils.clip_grad_norm_(bench.network.parameters(), longest)
    bench.scaler.step(bench.optimizer)
    bench.scaler.update()
    return float(loss.item())


def _is_stuck(state: Mapping[str, Any], schedule: Schedule) -> bool:
    """Whether patience is at its end, in this run or in an earlier one."""
    return bool(schedule.patience) and state["waited"] >= schedule.patience


def _name(device: torch.device) -> str:
    import torch

    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def validate(network: nn.Module, task: Task, schedule: Schedule, device: torch.device) -> dict[str, float]:
    """Mean loss and scores over the same samples each time."""
    import torch

    network.eval()
    answers = answering_on_cpu(network, device)
    rows: list[dict[str, float]] = []
    with torch.inference_mode():
        for number in range(schedule.validation_batches):
            rng = np.random.default_rng(np.random.SeedSequence((schedule.seed, 0xEA, number)))
            sample = task.sample(number % len(task), rng)
            batch = {name: value[None] for name, value in sample.items()}
            rows.append({"loss": task.batch_loss(network, _to(batch, device)).item(), **task.scores(answers, batch)})
    network.train()
    with np.errstate(all="ignore"):
        return {name: _mean([row[name] for row in rows]) for name in rows[0]}


def answering_on_cpu(network: nn.Module, device: torch.device) -> nn.Module:
    """Wrap a network so that whoever asks it need not know where it runs: scores are counted in numpy."""
    from torch import Tensor, nn

    class OnCpu(nn.Module):
        """Inputs to the device, answers back."""

        def forward(self, *inputs: Tensor) -> Any:
            answer = network(*(value.to(device) for value in inputs))
            return answer.cpu() if isinstance(answer, Tensor) else tuple(part.cpu() for part in answer)

    return OnCpu()


def _mean(values: list[float]) -> float:
    known = [v for v in values if np.isfinite(v)]
    return float(np.mean(known)) if known else float("nan")


class _Draws:
    """Samples by step: the same step draws the same sample, in whichever process and after any restart."""

    def __init__(self, task: Task, schedule: Schedule, start: int) -> None:
        self.task, self.schedule, self.start = task, schedule, start

    def __len__(self) -> int:
        return max(0, (self.schedule.steps - self.start) * self.schedule.batch)

    def __getitem__(self, at: int) -> dict[str, Tensor]:
        draw = self.start * self.schedule.batch + at
        epoch, place = divmod(draw, len(self.task))
        order = np.random.default_rng((self.schedule.seed, epoch)).permutation(len(self.task))
        rng = np.random.default_rng(np.random.SeedSequence((self.schedule.seed, draw)))
        return self.task.sample(int(order[place]), rng)


def _batches(task: Task, schedule: Schedule, start: int) -> Iterable[dict[str, Tensor]]:
    import torch
    from torch.utils.data import DataLoader

    return DataLoader(
        _Draws(task, schedule, start),  # type: ignore[arg-type]
        batch_size=schedule.batch,
        num_workers=schedule.workers,
        prefetch_factor=2 if schedule.workers else None,
        # A generator of its own: else each start would take a number from the one that dropout draws from.
        generator=torch.Generator(),
    )


def _to(batch: Mapping[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    return {name: value.to(device, non_blocking=True) for name, value in batch.items()}


def _restore(out: Path, bench: _Bench) -> dict[str, Any]:
    fresh: dict[str, Any] = {"step": 0, "seconds": 0.0, "best": {"loss": float("inf")}, "waited": 0}
    path = out / "last.pt"
    if not path.exists():
        return fresh
    saved = _load_checkpoint(path)
    try:
        bench.network.load_state_dict(saved["network"])
        bench.optimizer.load_state_dict(saved["optimizer"])
        state = {**fresh, **json.loads(saved["state"])}
    except (RuntimeError, KeyError, ValueError) as error:
        raise TrainingError(
            f"{path.name} is of a training of another network; choose another folder, or remove it to start anew"
        ) from error
    if "scaler" in saved:
        bench.scaler.load_state_dict(saved["scaler"])
    _set_chance(saved.get("chance"))
    return state


def _load_checkpoint(path: Path) -> dict[str, Any]:
    import torch

    try:
        # Weights only: a checkpoint from elsewhere can not run code.
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise TrainingError(f"{path.name} is damaged; remove it to start anew") from error
    if not isinstance(saved, dict):
        raise TrainingError(f"{path.name} is no checkpoint of a training; remove it to start anew")
    return saved


def _get_chance() -> list[Tensor]:
    """State of what dropout draws from: the CPU's, then each GPU's."""
    import torch

    return [torch.get_rng_state(), *(torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [])]


def _set_chance(states: list[Tensor] | None) -> None:
    import torch

    if states is None:
        return
    torch.set_rng_state(states[0])
    if torch.cuda.is_available() and len(states) == 1 + torch.cuda.device_count():
        torch.cuda.set_rng_state_all(states[1:])


def _keep(out: Path, bench: _Bench, state: dict[str, Any], scores: dict[str, float]) -> None:
    import torch
    from safetensors.torch import save_file

    if not np.isfinite(scores["loss"]):
        raise TrainingError(
            f"the validation loss is {scores['loss']} after {state['step']} steps; are cases unlabelled?"
        )
    state["waited"] += 1
    weights = bench.network.state_dict()
    if scores["loss"] < state["best"]["loss"]:
        state["best"], state["waited"] = {**scores, "step": state["step"]}, 0
        # Copies, since DynUNet has two names for each of its weights and a file can not share them.
        save_file({name: value.clone().contiguous() for name, value in weights.items()}, out / "best.part")
        (out / "best.part").replace(out / "best.safetensors")
    saved = {
        "network": weights, "optimizer": bench.optimizer.state_dict(), "scaler": bench.scaler.state_dict(),
        "chance": _get_chance(), "state": json.dumps(state),
    }  # fmt: skip
    torch.save(saved, out / "last.part")
    (out / "last.part").replace(out / "last.pt")


def _load_best(out: Path, network: nn.Module) -> None:
    from safetensors.torch import load_file

    if (out / "best.safetensors").exists():
        network.load_state_dict(load_file(out / "best.safetensors"))


def _log(out: Path, row: Mapping[str, float]) -> None:
    path = out / "log.csv"
    is_new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(row))
        if is_new:
            writer.writeheader()
        writer.writerow({name: f"{value:.6g}" for name, value in row.items()})
