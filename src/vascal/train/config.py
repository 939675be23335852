"""What to train, on what, and how: one frozen value, read from a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from vascal.errors import TrainingError
from vascal.train.film_config import TotalConfig, VertebraConfig
from vascal.train.losses import LossConfig
from vascal.train.networks import NetworkConfig
from vascal.train.schedule import Schedule
from vascal.train.warping import WarpConfig

TaskName = Literal["anatomy", "courses", "lesions", "voxels", "film-map", "film-walls", "film-totals", "film-vertebrae"]
FILM_TASKS: tuple[TaskName, ...] = ("film-map", "film-walls", "film-totals", "film-vertebrae")
"""Tasks on lateral films; the others are on CT."""
TASK_NAMES: tuple[TaskName, ...] = ("anatomy", "courses", "lesions", "voxels", *FILM_TASKS)
EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataConfig:
    """Where samples come from.

    Parameters
    ----------
    index
        A data set made by ``vascal data import``; its own split is kept, and its test cases are never opened.
    simulated
        Instead of a data set: how many scans to simulate.
    samples
        Folder of prepared samples. If it holds none yet they are prepared there, from `index` or
        `simulated`; several trainings may share it. ``samples`` inside the output folder unless given.
    seed
        Of the first simulated scan; the others follow.
    validation
        Share of simulated patients that are held back.
    films
        Instead of a data set, for tasks on films: a table of them, see `vascal.io.datasets.films`, or a folder of
        samples of whole films.
    fold
        Hold back one of several equal parts instead, such as [0, 5] for the first of five.
    """

    index: Path | None = None
    simulated: int | None = None
    samples: Path | None = None
    seed: int = 0
    validation: float = 0.15
    films: Path | None = None
    fold: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        given = [name for name in ("index", "simulated", "films") if getattr(self, name) is not None]
        if not given and self.samples is None:
            raise TrainingError(
                "data: give index (a data set), simulated (a number of scans), films (a table) or samples (a folder)"
            )
        if len(given) > 1:
            raise TrainingError(f"data: give {' or '.join(given)}, not both")
        if self.fold is not None and not 0 <= self.fold[0] < self.fold[1]:
            raise TrainingError(f"data.fold is {list(self.fold)}; needed: a fold from 0, and how many there are")
        if not 0 < self.validation < 1:
            raise TrainingError(f"data.validation is {self.validation}; needed: a share between 0 and 1")
        _require_positive("data", simulated=self.simulated)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """One training.

    Parameters
    ----------
    task
        ``anatomy`` (regions of the scan), ``courses`` (where arteries run), ``lesions`` (what a bright
        group is) or ``voxels`` (calcium by artery, voxel by voxel); on lateral films ``film-map`` (vertebral bodies and
        aorta), ``film-walls`` (calcium of the aortic walls), ``film-totals`` (AAC-24 as one number) or
        ``film-vertebrae`` (vertebral bodies, the published way).
    data
        Where samples come from.
    out
        Folder for weights, log, model and model card.
    publish
        Folder for the ONNX file, its line in the manifest and its card, beside those of other tasks;
        `out` unless given. Later stages take the earlier ones from there.
    start_from
        Nothing: random weights. ``embedded``: those that vascal carries. Else a folder in which
        ``vascal train`` has finished the same task with the same network.
    network
        The task's own unless given.
    loss
        Likewise; ``courses`` and ``lesions`` have losses of their own.
    schedule
        How long and how fast.
    warp
        How far shapes stray, where the task warps.
    patch
        Slices, rows, columns of a sample; the task's own unless given.
    totals, vertebrae
        Options of the tasks ``film-totals`` and ``film-vertebrae``.
    """

    task: TaskName
    data: DataConfig
    out: Path
    publish: Path | None = None
    start_from: str | None = None
    network: NetworkConfig | None = None
    loss: LossConfig | None = None
    schedule: Schedule = field(default_factory=Schedule)
    warp: WarpConfig | None = None
    patch: tuple[int, int, int] | None = None
    totals: TotalConfig | None = None
    vertebrae: VertebraConfig | None = None

    def __post_init__(self) -> None:
        s = self.schedule
        _require_positive(
            "schedule", steps=s.steps, batch=s.batch, validate_every=s.validate_every,
            validation_batches=s.validation_batches, learning_rate=s.learning_rate, epochs=s.epochs,
            validate_epochs=s.validate_epochs,
        )  # fmt: skip
        if min(s.warm_up, s.patience, s.seed, s.workers, s.weight_decay) < 0:
            raise TrainingError("schedule: warm_up, patience, seed, workers and weight_decay can not be below 0")
        if min(self.patch or (1,)) < 1:
            raise TrainingError(f"patch is {self.patch}; needed: slices, rows and columns of at least 1")
        if self.loss is not None and not 0 <= self.loss.tversky_alpha <= 1:
            raise TrainingError(f"loss.tversky_alpha is {self.loss.tversky_alpha}; needed: 0 to 1")

    @property
    def samples(self) -> Path:
        """Folder of the prepared samples."""
        return self.data.samples or self.out / "samples"

    @property
    def models(self) -> Path:
        """Folder of the finished models."""
        return self.publish or self.out


def _require_positive(where: str, **values: float | None) -> None:
    for name, value in values.items():
        if value is not None and not value > 0:
            raise TrainingError(f"{where}.{name} is {value}; needed: more than 0")


def read_config(path: Path) -> TrainConfig:
    """Read a training's TOML file; folders in it are relative to the current one.

    Raises
    ------
    TrainingError
        If it can not be read, or a key is unknown, missing or of the wrong kind; the message names
        the key and what is known.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TrainingError(f"{path.name} can not be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TrainingError(f"{path.name} is no TOML: {error}") from error
    try:
        return make_config(table)
    except TrainingError as error:
        raise TrainingError(f"{path.name}: {error}") from error


def make_config(table: Mapping[str, Any]) -> TrainConfig:
    """Make a training of a nested table, as TOML or JSON give it.

    Examples
    --------
    >>> make_config({"task": "voxels", "out": "run", "data": {"simulated": 8}}).samples.as_posix()
    'run/samples'
    """
    made: TrainConfig = _build(TrainConfig, table, "")
    return made


def lay_out(value: Any) -> Any:
    """Turn a training, or a part of one, into what JSON and TOML hold; what was not given is left out.

    Examples
    --------
    >>> lay_out(DataConfig(index=Path("coca/dataset.json")))
    {'index': 'coca/dataset.json', 'seed': 0, 'validation': 0.15}
    """
    if is_dataclass(value):
        parts = {f.name: getattr(value, f.name) for f in fields(value)}
        return {name: lay_out(part) for name, part in parts.items() if part is not None}
    if isinstance(value, tuple):
        return [lay_out(part) for part in value]
    return value.as_posix() if isinstance(value, Path) else value


def _build(kind: Any, table: Any, where: str) -> Any:
    """Make a dataclass of a table."""
    if not isinstance(table, Mapping):
        raise TrainingError(f"{where or 'the file'} is {table!r}; needed: a table of options")
    known = {f.name: f for f in fields(kind)}
    prefix = f"{where}." if where else ""
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise TrainingError(f"{prefix}{unknown[0]} is no option; there are {', '.join(known)}")
    needed = [n for n, f in known.items() if f.default is MISSING and f.default_factory is MISSING and n not in table]
    if needed:
        raise TrainingError(f"{prefix}{needed[0]} is missing")
    hints = get_type_hints(kind)
    return kind(**{name: _convert(hints[name], value, prefix + name) for name, value in table.items()})


def _convert(hint: Any, value: Any, where: str) -> Any:
    """Make a value of the wanted kind, or say what was found."""
    if get_origin(hint) in (Union, UnionType):
        hint = next(part for part in get_args(hint) if part is not NoneType)
    if is_dataclass(hint):
        return _build(hint, value, where)
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise TrainingError(f"{where} is {value!r}; there are {', '.join(get_args(hint))}")
        return value
    if get_origin(hint) is tuple:
        return _convert_list(get_args(hint), value, where)
    if hint is Path and isinstance(value, str) and value:
        return Path(value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    # True is an int in Python, but nobody who writes true means 1.
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise TrainingError(f"{where} is {value!r}; needed: {_KINDS[hint]}")
    return value


def _convert_list(kinds: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    is_open = kinds[-1] is Ellipsis
    if not isinstance(value, list | tuple) or not (is_open or len(value) == len(kinds)):
        count = "" if is_open else f"{len(kinds)} "
        kind = {Path: "paths", str: "texts"}.get(kinds[0], "numbers")
        raise TrainingError(f"{where} is {value!r}; needed: a list of {count}{kind}")
    return tuple(_convert(kinds[0] if is_open else kinds[n], part, f"{where}[{n}]") for n, part in enumerate(value))


_KINDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false", Path: "a path"}
