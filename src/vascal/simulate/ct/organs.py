"""Organs that a phantom can label, and the structures a scorer looks for."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from vascal.sac import enclose_vessels


class Organ(IntEnum):
    """Value of an organ in a label map; 0 is air around the patient."""

    BODY = 1
    FAT = 2
    MUSCLE = 3
    BONE = 4
    CARTILAGE = 5
    SPINAL_CANAL = 6
    LUNG = 7
    LUNG_VESSEL = 8
    AIRWAY = 9
    MEDIASTINUM = 10
    OESOPHAGUS = 11
    PERICARDIUM = 12
    MYOCARDIUM = 13
    LEFT_VENTRICLE = 14
    RIGHT_VENTRICLE = 15
    LEFT_ATRIUM = 16
    RIGHT_ATRIUM = 17
    CORONARY_LUMEN = 18
    AORTA = 19
    PULMONARY_ARTERY = 20
    PULMONARY_VEIN = 21
    VENA_CAVA = 22
    ARTERY = 23
    ILIAC_ARTERY = 24
    LIVER = 25
    STOMACH = 26
    SPLEEN = 27
    KIDNEY = 28
    PANCREAS = 29
    BOWEL = 30
    BLADDER = 31
    ABDOMINAL_FAT = 32
    THYROID = 33
    BREAST = 34
    TABLE = 40
    DEVICE = 41


HEART_ORGANS = (
    Organ.PERICARDIUM, Organ.MYOCARDIUM, Organ.LEFT_VENTRICLE, Organ.RIGHT_VENTRICLE,
    Organ.LEFT_ATRIUM, Organ.RIGHT_ATRIUM, Organ.CORONARY_LUMEN,
)  # fmt: skip
"""What lies inside the pericardial sac."""

BLOOD_ORGANS = (
    Organ.LEFT_VENTRICLE, Organ.RIGHT_VENTRICLE, Organ.LEFT_ATRIUM, Organ.RIGHT_ATRIUM, Organ.AORTA,
    Organ.PULMONARY_ARTERY, Organ.PULMONARY_VEIN, Organ.VENA_CAVA, Organ.ARTERY, Organ.CORONARY_LUMEN,
)  # fmt: skip
"""Chambers and vessels that are told apart by name."""

STRUCTURE_NAMES: Mapping[int, str] = {
    1: "heart", 2: "aorta", 3: "lungs", 4: "airway", 5: "bone", 6: "body", 7: "table",
}  # fmt: skip
"""Coarse structures, by the names that `vascal.anatomy` uses."""

ORGAN_NAMES: Mapping[int, str] = {organ.value: organ.name.lower().replace("_", " ") for organ in Organ}


def structures_of(organs: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Turn organs into coarse structures, see `STRUCTURE_NAMES`; the heart is the sac, with the vessels in it."""
    table = np.full(256, 6, dtype=np.uint8)
    table[0] = 0
    table[[int(o) for o in HEART_ORGANS]] = 1
    table[Organ.AORTA] = 2
    table[[int(Organ.LUNG), int(Organ.LUNG_VESSEL)]] = 3
    table[Organ.AIRWAY] = 4
    table[Organ.BONE] = 5
    table[Organ.TABLE] = 7
    structures = np.asarray(table[organs])
    vessels = [organs == Organ.AORTA, organs == Organ.PULMONARY_ARTERY]
    structures[enclose_vessels(structures == 1, vessels)] = 1
    return structures
