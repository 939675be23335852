"""The tasks by name: how samples are prepared, what network learns them, and what is exported."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vascal.errors import TrainingError
from vascal.models.film_inputs import ACROSS_MM, BODIES, LEVEL_ROWS, MAP_MM, MARGIN_ROWS, ZONES
from vascal.models.lesion_inputs import KINDS
from vascal.models.voxel_net import CLASSES, SPACING_MM
from vascal.train.anatomy_task import AnatomyTask
from vascal.train.config import FILM_TASKS, TrainConfig
from vascal.train.course_task import CourseTask
from vascal.train.film_config import TotalConfig, VertebraConfig
from vascal.train.film_map_task import FilmMapTask
from vascal.train.film_network import build_total_network, build_vertebra_network
from vascal.train.film_preparation import find_film_origin, prepare_totals, prepare_vertebrae, prepare_walls
from vascal.train.film_task import TotalTask, VertebraTask
from vascal.train.film_truths import prepare_film_truths
from vascal.train.film_wall_task import FilmWallTask
from vascal.train.film_weights import load_imagenet
from vascal.train.lesion_network import build_lesion_network
from vascal.train.lesion_preparation import prepare_lesions
from vascal.train.lesion_task import LesionTask, fit_calibration
from vascal.train.loop import Task
from vascal.train.networks import CLASSIFIERS, FIXED_SIZE, NetworkConfig, build_network
from vascal.train.samples import Progress
from vascal.train.simulated_samples import prepare_anatomy, prepare_courses
from vascal.train.voxel_samples import prepare_voxels
from vascal.train.voxel_task import VoxelTask
from vascal.wall_levels import WALLS

if TYPE_CHECKING:
    from torch import Tensor, nn

Prepare = Callable[[TrainConfig, Path, Progress], None]
AXES = ("slice", "row", "column")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recipe:
    """How one task is trained.

    Parameters
    ----------
    prepare
        Makes the samples and their list in a folder; None where they can only be given.
    make_task
        Makes the task of sample files.
    make_network
        Makes its network with random weights.
    show
        Gives one input of the network by name, as large as in training.
    outputs
        Names of what the network gives.
    free_axes
        By input or output: axes of any length.
    settings
        What inference must know of the weights.
    calibrate
        Measures, on validation cases and after the training, what else inference must know.
    hold_back
        Turns the task of cases that were held back into one without chance.
    origin
        Tells which options decide what samples look like.
    """

    prepare: Prepare | None
    make_task: Callable[[TrainConfig, Sequence[Path]], Task]
    make_network: Callable[[TrainConfig, Task], nn.Module]
    show: Callable[[Task], dict[str, Tensor]]
    free_axes: Callable[[TrainConfig], Mapping[str, Mapping[int, str]]]
    settings: Callable[[TrainConfig], Mapping[str, Any]]
    outputs: tuple[str, ...] = ("logits",)
    calibrate: Callable[[nn.Module, Any], Mapping[str, Any]] | None = None
    hold_back: Callable[[Any], Task] | None = None
    origin: Callable[[TrainConfig], Mapping[str, Any]] = lambda _config: {}


def choose_network(config: TrainConfig) -> NetworkConfig:
    """Give the network of a training: the one it names, or its task's own; patch and dimensions agree."""
    network = config.network or DEFAULT_NETWORKS.get(config.task, NetworkConfig())
    patch = choose_patch(config, network)
    return replace(network, patch=patch[3 - network.spatial_dims :])


def choose_patch(config: TrainConfig, network: NetworkConfig | None = None) -> tuple[int, int, int]:
    """Give the patch of a training: the one it names, or its task's own."""
    is_flat = (network or choose_network(config)).spatial_dims == 2
    return config.patch or (FLAT_PATCH if is_flat else DEFAULT_PATCHES.get(config.task, (48, 64, 64)))


DEFAULT_NETWORKS: Mapping[str, NetworkConfig] = {
    "anatomy": NetworkConfig(channels=(24, 48, 96, 160), strides=(1, 2, 2), residual_units=1, fold=2),
    "courses": NetworkConfig(channels=(24, 48, 96, 160), strides=(1, 2, 2), residual_units=1, fold=2, unfold=False),
    "voxels": NetworkConfig(channels=(16, 32, 64, 128, 160), strides=(1, 2, 2, 2), residual_units=1),
}
DEFAULT_PATCHES: Mapping[str, tuple[int, int, int]] = {
    "anatomy": (48, 80, 96),
    "courses": (64, 80, 96),
    "voxels": (48, 64, 64),
}
FLAT_PATCH = (5, 128, 128)


def _given(config: TrainConfig, *names: str) -> dict[str, Any]:
    """Collect the parts of a training that were given; the task has its own for the others."""
    return {name: getattr(config, name) for name in names if getattr(config, name) is not None}


def _make_anatomy(config: TrainConfig, files: Sequence[Path]) -> Task:
    is_alone = config.schedule.batch == 1
    return AnatomyTask(files=files, patch=choose_patch(config), is_cropped=is_alone, **_given(config, "warp", "loss"))


def _make_courses(config: TrainConfig, files: Sequence[Path]) -> Task:
    return CourseTask(files=files, patch=choose_patch(config), **_given(config, "warp"))


def _make_voxels(config: TrainConfig, files: Sequence[Path]) -> Task:
    network = choose_network(config)
    return VoxelTask(
        files=files, patch=choose_patch(config), spatial_dims=network.spatial_dims, **_given(config, "warp", "loss")
    )


def build_segmenter(config: TrainConfig, task: Task) -> nn.Module:
    """Build a network that gives a class for each voxel.

    Raises
    ------
    TrainingError
        If the named network gives one for the whole input.
    """
    network = choose_network(config)
    if network.name in CLASSIFIERS:
        raise TrainingError(
            f"network {network.name} gives one class for the whole input; {config.task} needs one a voxel"
        )
    return build_network(network, task.inputs, task.outputs)


def show_image(task: Task) -> dict[str, Tensor]:
    """Give the image of the first sample."""
    return {"image": task.sample(0, np.random.default_rng(0))["image"][None]}


def free_image(config: TrainConfig) -> Mapping[str, Mapping[int, str]]:
    """Leave size and number of images open, where the network can take any."""
    network = choose_network(config)
    sizes = {} if network.name in FIXED_SIZE else dict(enumerate(AXES[3 - network.spatial_dims :], start=2))
    return {name: {0: "case", **sizes} for name in ("image", "logits")}


def describe_image(config: TrainConfig) -> Mapping[str, Any]:
    """Tell inference the size of patches and how many dimensions they have."""
    return {"patch": list(choose_patch(config)), "spatial_dims": choose_network(config).spatial_dims}


def _describe_voxels(config: TrainConfig) -> Mapping[str, Any]:
    return {**describe_image(config), "classes": list(CLASSES), "spacing_mm": SPACING_MM}


def _segment(
    prepare: Prepare | None,
    make_task: Callable[[TrainConfig, Sequence[Path]], Task],
    settings: Callable[[TrainConfig], Mapping[str, Any]] = describe_image,
) -> Recipe:
    return Recipe(
        prepare=prepare, make_task=make_task, make_network=build_segmenter, show=show_image, free_axes=free_image,
        settings=settings,
    )  # fmt: skip


def _make_lesions(_config: TrainConfig, files: Sequence[Path]) -> Task:
    return LesionTask(files=files)


def _build_lesions(_config: TrainConfig, _task: Task) -> nn.Module:
    return build_lesion_network()


def _show_lesions(task: Task) -> dict[str, Tensor]:
    sample = task.sample(0, np.random.default_rng(0))
    return {name: sample[name] for name in ("patch", "features")}


def _free_candidates(_config: TrainConfig) -> Mapping[str, Mapping[int, str]]:
    return {name: {0: "candidate"} for name in ("patch", "features", "kinds", "segments", "saliency")}


def _describe_lesions(_config: TrainConfig) -> Mapping[str, Any]:
    return {"kinds": list(KINDS)}


def _make_totals(config: TrainConfig, files: Sequence[Path]) -> Task:
    return TotalTask(files=files, augmentation=(config.totals or TotalConfig()).augmentation)


def _build_totals(config: TrainConfig, _task: Task) -> nn.Module:
    if config.schedule.batch < 2:
        raise TrainingError("schedule.batch is 1; a network with batch norm needs at least 2")
    chosen = config.totals or TotalConfig()
    network = build_total_network(chosen)
    if chosen.weights is not None:
        load_imagenet(network, chosen.weights)
    return network


def _describe_totals(config: TrainConfig) -> Mapping[str, Any]:
    chosen = config.totals or TotalConfig()
    return {"architecture": chosen.network, "size": list(chosen.size), "region": chosen.region}


def _free_films(_config: TrainConfig) -> Mapping[str, Mapping[int, str]]:
    return {name: {0: "film"} for name in ("image", "total")}


def _make_vertebrae(config: TrainConfig, files: Sequence[Path]) -> Task:
    return VertebraTask(files=files, config=config.vertebrae or VertebraConfig())


def _build_vertebrae(config: TrainConfig, _task: Task) -> nn.Module:
    return build_vertebra_network(config.vertebrae or VertebraConfig())


def _describe_vertebrae(config: TrainConfig) -> Mapping[str, Any]:
    chosen = config.vertebrae or VertebraConfig()
    return {"names": list(chosen.names), "patch": list(chosen.patch), "spacing_mm": chosen.spacing_mm}


def _free_patches(_config: TrainConfig) -> Mapping[str, Mapping[int, str]]:
    return {name: {0: "film", 2: "row", 3: "column"} for name in ("image", "logits")}


def _make_film_map(_config: TrainConfig, files: Sequence[Path]) -> Task:
    return FilmMapTask(files=files)


def _make_film_walls(_config: TrainConfig, files: Sequence[Path]) -> Task:
    return FilmWallTask(files=files)


def _build_film_map(_config: TrainConfig, task: Task) -> nn.Module:
    from vascal.train.film_networks import MapNetwork

    return MapNetwork(task.inputs, task.outputs)


def _build_film_walls(_config: TrainConfig, task: Task) -> nn.Module:
    from vascal.train.film_networks import WallNetwork

    return WallNetwork(task.inputs, MARGIN_ROWS, LEVEL_ROWS)


def _describe_film_map(_config: TrainConfig) -> Mapping[str, Any]:
    return {"bodies": list(BODIES), "zones": list(ZONES), "spacing_mm": MAP_MM}


def _describe_film_walls(_config: TrainConfig) -> Mapping[str, Any]:
    return {"walls": list(WALLS), "level_rows": LEVEL_ROWS, "across_mm": ACROSS_MM}


def _free_strips(_config: TrainConfig) -> Mapping[str, Mapping[int, str]]:
    return {name: {0: "film"} for name in ("image", "walls", "aorta", "rows", "grades")}


RECIPES: Mapping[str, Recipe] = {
    "anatomy": _segment(prepare_anatomy, _make_anatomy),
    "courses": _segment(prepare_courses, _make_courses),
    "lesions": Recipe(
        prepare=prepare_lesions,
        make_task=_make_lesions,
        make_network=_build_lesions,
        show=_show_lesions,
        free_axes=_free_candidates,
        settings=_describe_lesions,
        outputs=("kinds", "segments", "saliency"),
        calibrate=fit_calibration,
    ),
    "voxels": _segment(prepare_voxels, _make_voxels, _describe_voxels),
    "film-map": Recipe(
        prepare=prepare_film_truths,
        make_task=_make_film_map,
        make_network=_build_film_map,
        show=show_image,
        free_axes=_free_patches,
        settings=_describe_film_map,
        hold_back=lambda task: replace(task, is_changed=False),
    ),
    "film-walls": Recipe(
        prepare=prepare_walls,
        make_task=_make_film_walls,
        make_network=_build_film_walls,
        show=show_image,
        free_axes=_free_strips,
        settings=_describe_film_walls,
        outputs=("walls", "aorta", "rows", "grades"),
        hold_back=lambda task: replace(task, is_changed=False),
    ),
    "film-totals": Recipe(
        prepare=prepare_totals,
        make_task=_make_totals,
        make_network=_build_totals,
        show=show_image,
        free_axes=_free_films,
        settings=_describe_totals,
        outputs=("total",),
        hold_back=lambda task: replace(task, augmentation=None),
        origin=find_film_origin,
    ),
    "film-vertebrae": Recipe(
        prepare=prepare_vertebrae,
        make_task=_make_vertebrae,
        make_network=_build_vertebrae,
        show=show_image,
        free_axes=_free_patches,
        settings=_describe_vertebrae,
        hold_back=lambda task: replace(task, is_held_back=True),
        origin=find_film_origin,
    ),
}


_ALL_OPTIONS = ("network", "patch", "loss", "warp")
OF_ITS_OWN: Mapping[str, tuple[str, ...]] = {
    "courses": ("loss",),
    **dict.fromkeys(("lesions", *FILM_TASKS), _ALL_OPTIONS),
}
"""What a task does not let its user choose."""
SIMULATED_ONLY = frozenset({"anatomy", "courses", "film-map"})
"""Tasks whose labels only the simulator has."""


def find_recipe(config: TrainConfig) -> Recipe:
    """Give the recipe of a training's task.

    Raises
    ------
    TrainingError
        If the task does not take an option that was given.
    """
    own = [name for name in OF_ITS_OWN.get(config.task, ()) if getattr(config, name) is not None]
    if own:
        raise TrainingError(f"task {config.task!r} has a {own[0]} of its own; leave out {own[0]}")
    is_own = config.data.index is not None or config.data.films is not None
    if is_own and config.task in SIMULATED_ONLY:
        raise TrainingError(f"task {config.task!r} learns from simulated images; give data.simulated")
    _require_its_films(config)
    flat = config.network is not None and config.network.spatial_dims != 3
    if flat and config.task != "voxels":
        raise TrainingError(f"task {config.task!r} needs a network with spatial_dims = 3")
    if flat and choose_network(config).spatial_dims != 2:
        raise TrainingError("network.spatial_dims is neither 2 nor 3")
    return RECIPES[config.task]


def _require_its_films(config: TrainConfig) -> None:
    for option in ("totals", "vertebrae"):
        if getattr(config, option) is not None and config.task != f"film-{option}":
            raise TrainingError(f"[{option}] has options of task 'film-{option}'; the task is {config.task!r}")
    if config.data.films is not None and config.task not in FILM_TASKS:
        raise TrainingError(f"task {config.task!r} learns from CT; data.films is for {', '.join(FILM_TASKS)}")
    if config.data.index is not None and config.task in FILM_TASKS:
        raise TrainingError(f"task {config.task!r} learns from films; give data.films or data.simulated")
