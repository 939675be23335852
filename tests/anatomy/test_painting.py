"""From blocks to the CT's own grid."""

from __future__ import annotations

import numpy as np
import pytest

from vascal.anatomy.coarse import average_blocks
from vascal.anatomy.painting import AIRWAY, AORTA, BODY, BONE, HEART, LUNGS, TABLE, CoarseStructures, paint
from vascal.volume import Grid, Volume

SHAPE = (5, 24, 24)  # blocks of 2, 4, 4 voxels; the last slab has one slice


def scan(hu: np.ndarray) -> Volume:
    return Volume(hu=hu.astype(np.int16), grid=Grid.even(SHAPE, (2.0, 1.0, 1.0)))


def structures(**given: np.ndarray) -> CoarseStructures:
    """Body everywhere, and nothing in it that is not given."""
    shape = (3, 6, 6)
    nothing = np.zeros(shape, dtype=bool)
    masks = {name: given.get(name, nothing) for name in ("table", "airway", "lungs", "near_bone")}
    soft = {name: given.get(name, np.zeros(shape, dtype=np.float32)) for name in ("heart", "aorta")}
    return CoarseStructures(body=given.get("body", ~nothing), **masks, **soft)


def block(k: int, i: int, j: int) -> np.ndarray:
    mask = np.zeros((3, 6, 6), dtype=bool)
    mask[k, i, j] = True
    return mask


def test_blocks_cover_their_own_pixels_in_every_slice_of_their_slab() -> None:
    volume = scan(np.zeros(SHAPE))
    found = structures(body=~block(1, 2, 2) & ~block(2, 5, 5), table=block(2, 5, 5), airway=block(0, 0, 1))
    labels = paint(volume, average_blocks(volume), found)
    wanted = np.full(SHAPE, BODY)
    wanted[2:4, 8:12, 8:12] = 0
    wanted[4:, 20:, 20:] = TABLE
    wanted[:2, :4, 4:8] = AIRWAY
    assert np.array_equal(labels, wanted)


def test_pixels_tell_lung_and_bone_near_the_blocks_that_hold_them() -> None:
    hu = np.zeros(SHAPE)
    hu[:, 10, 10], hu[:, 10, 11], hu[:, 11, 10], hu[:, 11, 11] = -401, -400, 151, 150
    volume = scan(hu)
    labels = paint(volume, average_blocks(volume), structures(lungs=block(1, 2, 1), near_bone=block(1, 2, 2)))
    # Lung may lie one block beside its own, bone only where it was seen.
    assert labels[2:4, 10, 10].tolist() == [LUNGS] * 2
    assert labels[2:4, 11, 10].tolist() == [BONE] * 2
    assert labels[2:4, 10:12, 11].tolist() == [[BODY, BODY]] * 2
    assert (labels[[0, 1, 4]] == BODY).all()


def test_heart_and_aorta_end_where_half_a_block_is_theirs_and_lung_begins() -> None:
    heart = np.zeros((3, 6, 6), dtype=np.float32)
    heart[:, 1:5, 1:5] = 1
    aorta = np.zeros_like(heart)
    aorta[:, 1:3, 1:3] = 1
    volume = scan(np.zeros(SHAPE))
    labels = paint(volume, average_blocks(volume), structures(heart=heart, aorta=aorta))
    assert np.array_equal(np.unique(labels), [HEART, AORTA, BODY])
    assert (labels[:, 4:20, 4:20] != BODY).sum() == pytest.approx(5 * 16 * 16, rel=0.1)
    assert (labels[:, 5:10, 5:10] == AORTA).all()
    airy = scan(np.where(np.arange(24) >= 12, -900, 0) * np.ones(SHAPE))
    lungs = np.zeros((3, 6, 6), dtype=bool)
    lungs[:, :, 3:] = True
    labels = paint(airy, average_blocks(airy), structures(heart=heart, lungs=lungs))
    assert not (labels[:, :, 13:] == HEART).any()
    assert (labels[:, 6:18, 6:11] == HEART).all()
