"""One simulated patient as a scene: everything but the calcium and the scanner."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vascal.simulate.ct.abdomen import abdomen_parts
from vascal.simulate.ct.body_map import BodyMap, make_body_map
from vascal.simulate.ct.coronaries import Branch, coronary_tree
from vascal.simulate.ct.devices import device_parts
from vascal.simulate.ct.heart import Blood, Heart, great_vessel_parts, heart_parts, make_heart
from vascal.simulate.ct.painting import Scene, flatten
from vascal.simulate.ct.patient import SimulatedPatient
from vascal.simulate.ct.skeleton import skeleton_parts, spine_y
from vascal.simulate.ct.trunk import (
    Build,
    back_muscle_parts,
    lung_vessel_parts,
    make_build,
    mediastinum_parts,
    neck_parts,
    table_parts,
    wall_parts,
)
from vascal.volume import Vector

BEND_MM = 1.6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Phantom:
    """A patient, ready to be scanned.

    Parameters
    ----------
    patient
        Who it is.
    scene
        What to paint, in the average body.
    body
        From this patient to the average body.
    heart
        Its chambers, in the average body.
    tree
        Coronary arteries, in the average body.
    build
        Trunk.
    """

    patient: SimulatedPatient
    scene: Scene
    body: BodyMap
    heart: Heart
    tree: tuple[Branch, ...]
    build: Build


def build_phantom(patient: SimulatedPatient, blood: Blood | None = None) -> Phantom:
    """Build the scene of one patient.

    Parameters
    ----------
    patient
        Who is scanned.
    blood
        Iodine in the circulation; none unless given. It changes no shape.
    """
    blood = blood or Blood()
    seeds = np.random.SeedSequence((patient.seed, 0xC7)).spawn(6)
    rng, vessel_rng, bowel_rng, bone_rng, device_rng, bend_rng = (np.random.default_rng(s) for s in seeds)
    build = make_build(rng, patient)
    heart = make_heart(rng, patient)
    tree = coronary_tree(rng, heart, patient)
    spine_rows = np.array([(z, spine_y(z)) for z in np.arange(-440.0, 240.0, 20.0)])
    parts = [
        *table_parts(build),
        *wall_parts(build, patient),
        *lung_vessel_parts(vessel_rng, blood),
        *abdomen_parts(bowel_rng, build, patient, blood),
        *mediastinum_parts(),
        *back_muscle_parts(spine_rows),
        *neck_parts(),
        *skeleton_parts(bone_rng, build, patient),
        *great_vessel_parts(blood),
        *heart_parts(heart, [branch.lumen for branch in tree], blood),
        *device_parts(device_rng, patient, build, heart, tree),
    ]
    return Phantom(
        patient=patient,
        scene=flatten(parts),
        body=make_body_map(bend_rng, _scale(rng, patient), BEND_MM),
        heart=heart,
        tree=tree,
        build=build,
    )


def _scale(rng: np.random.Generator, patient: SimulatedPatient) -> Vector:
    """Stretch of the average body: taller people are also a little wider and deeper."""
    tall = patient.height_cm / 175
    wide = tall**0.6 * (0.97 if patient.sex == "F" else 1.02)
    x, y = 0.95 * wide * rng.normal(1, 0.025), 1.06 * wide * rng.normal(1, 0.03)
    return (float(np.clip(x, 0.82, 1.2)), float(np.clip(y, 0.82, 1.2)), tall)
