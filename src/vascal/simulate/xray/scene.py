"""A patient on the table: spine, aorta, calcium and everything around them, and the ray sums through it all."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, UInt8
from scipy import ndimage

from vascal.simulate.xray.aorta import Aorta, draw_aorta
from vascal.simulate.xray.beam import Beam
from vascal.simulate.xray.bones import arches, pelvis, ribs, spurs
from vascal.simulate.xray.chords import add_bodies, splat
from vascal.simulate.xray.devices import Device, draw_device
from vascal.simulate.xray.habits import Habits
from vascal.simulate.xray.organs import Trunk, calcified_others, clutter, draw_trunk, organs, sum_trunk
from vascal.simulate.xray.plaques import WallCalcium, draw_calcium, draw_grades
from vascal.simulate.xray.solids import Solid, Tube, sum_rays
from vascal.simulate.xray.spine import Spine, draw_spine

Layers = Float[np.ndarray, "3 row column"]
DEPTH_STEP_MM = 2.2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """Everything in the way of the beam.

    Parameters
    ----------
    spine, aorta, trunk
        Anatomy.
    calcium
        Of the anterior and the posterior wall.
    solids
        Other bones, organs, gas, stones and devices.
    devices
        Names of what is foreign.
    age_years
        Of the patient.
    texture_seed
        Of trabeculae and bowel, which are drawn on the film's own pixels.
    """

    spine: Spine
    aorta: Aorta
    trunk: Trunk
    calcium: tuple[WallCalcium, ...]
    solids: tuple[Solid, ...]
    devices: tuple[Device, ...]
    age_years: float
    texture_seed: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RaySums:
    """Ray sums with and without the calcium of the aortic walls, and the shadows of the vertebral bodies.

    Layers are cm of water, g/cm2 of hydroxyapatite and cm of titanium.
    """

    with_calcium: Layers
    without_calcium: Layers
    vertebrae: UInt8[np.ndarray, "row column"]


def build_scene(rng: np.random.Generator, habits: Habits, total: int | None) -> Scene:
    """Draw a patient."""
    age = float(rng.uniform(*habits.age_years))
    spine = draw_spine(rng, habits.spine, age)
    aorta = draw_aorta(rng, habits.aorta, spine, age)
    trunk = draw_trunk(rng, habits.trunk)
    calcium = draw_calcium(rng, habits.plaques, aorta, draw_grades(rng, total))
    names: tuple[Device, ...] = ()
    if rng.random() < habits.device_share:
        names = tuple(rng.choice(np.array(habits.devices), int(rng.integers(1, 3)), replace=False).tolist())
    solids: list[Solid] = [
        *arches(rng, spine),
        *spurs(spine),
        *ribs(rng, spine),
        *pelvis(rng, spine),
        *organs(rng, spine, aorta, trunk, habits.trunk),
        *calcified_others(rng, spine, aorta, trunk),
        *(solid for name in names for solid in draw_device(rng, name, spine, aorta)),
    ]
    return Scene(
        spine=spine,
        aorta=aorta,
        trunk=trunk,
        calcium=calcium,
        solids=tuple(solids),
        devices=names,
        age_years=age,
        texture_seed=int(rng.integers(2**31)),
    )


QUARTER_TURN = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
"""Brings the patient's side to where the front was."""


def turn_to_front(scene: Scene) -> Scene:
    """Turn a patient by a quarter about the body's axis, so that the beam comes from the front.

    Such a film shows no wall of the aorta from the side: it is made to be refused.
    """
    spine, trunk = scene.spine, scene.trunk
    half = (trunk.back - trunk.front) / 2
    return replace(
        scene,
        spine=replace(spine, centres=spine.centres @ QUARTER_TURN.T, turns=QUARTER_TURN @ spine.turns),
        trunk=replace(trunk, front=-trunk.half_width, back=trunk.half_width, half_width=half),
        calcium=tuple(replace(part, points=part.points @ QUARTER_TURN.T) for part in scene.calcium),
        solids=tuple(_turn_solid(solid) for solid in scene.solids),
    )


def _turn_solid(solid: Solid) -> Solid:
    if isinstance(solid, Tube):
        return replace(solid, points=solid.points @ QUARTER_TURN.T)
    centre = (QUARTER_TURN @ np.asarray(solid.centre)).tolist()
    return replace(solid, centre=centre, turn=QUARTER_TURN @ solid.turn)


def sum_scene(scene: Scene, beam: Beam) -> RaySums:
    """Sum a scene along every ray of a film."""
    rng = np.random.default_rng(scene.texture_seed)
    film = np.zeros((3, *beam.shape))
    sum_trunk(film, beam, scene.trunk)
    film[0] += clutter(rng, beam)
    sum_rays(film, beam, scene.solids)
    vertebrae = _sum_bodies(film, beam, scene.spine, rng)
    np.maximum(film[0], 0.05, out=film[0])
    with_calcium = film.copy()
    for part in scene.calcium:
        area = (beam.midline_pixel_mm / 10) ** 2
        splat(with_calcium[1], beam.project(part.points), part.mass_g / area)
    return RaySums(with_calcium=with_calcium, without_calcium=film, vertebrae=vertebrae)


def _sum_bodies(film: Layers, beam: Beam, spine: Spine, rng: np.random.Generator) -> UInt8[np.ndarray, "row column"]:
    """Add the vertebral bodies with their trabeculae; give their shadows, 1 to 7 for T12 to S1."""
    count = len(spine.centres)
    mineral, depth = np.zeros((2, *beam.shape)), np.zeros((count, *beam.shape))
    add_bodies(mineral, depth, beam.geometry(), spine.centres, spine.turns, spine.shapes, DEPTH_STEP_MM)
    film[1] += mineral[0] + mineral[1] * (1 + _trabeculae(rng, beam))
    labels = np.zeros(beam.shape, dtype=np.uint8)
    for name, body in enumerate(range(1, 8), start=1):
        usual = 2 * spine.shapes[body, 2]
        labels[depth[body] > 0.36 * usual] = name
    return labels


def _trabeculae(rng: np.random.Generator, beam: Beam) -> Float[np.ndarray, "row column"]:
    """Give the unevenness of spongy bone seen through many layers: mostly upright strands, 3 to 8 %."""
    pixel = beam.midline_pixel_mm
    grain = rng.standard_normal(beam.shape, dtype=np.float32)
    upright = ndimage.gaussian_filter(grain, (1.6 / pixel, 0.32 / pixel), truncate=2.5)
    level = ndimage.gaussian_filter(grain, (0.35 / pixel, 0.9 / pixel), truncate=2.5)
    field = upright / upright.std() + 0.5 * level / level.std()
    return np.asarray(field * rng.uniform(0.025, 0.07))
