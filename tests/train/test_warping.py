"""Samples are bent as one: image and labels, and by known amounts."""

from __future__ import annotations

import numpy as np
import torch

from vascal.train.warping import WarpConfig, draw_warp, pull

STILL = WarpConfig(turn_deg=(0.0, 0.0, 0.0), stretch=0.0, bend_mm=0.0)
SHAPE = (6, 8, 10)


def draw(config: WarpConfig, seed: int = 0, centre: tuple[float, float, float] = (2.5, 3.5, 4.5)) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    return draw_warp(rng, config, shape=SHAPE, spacing_mm=2.0, centre=np.array(centre)).places


def test_without_warp_a_patch_is_its_source() -> None:
    source = np.random.default_rng(1).normal(size=SHAPE).astype(np.float32)
    np.testing.assert_allclose(pull(source, draw(STILL)), source, atol=1e-5)


def test_the_centre_of_the_source_comes_to_the_middle_of_the_patch() -> None:
    source = np.zeros((20, 20, 20), dtype=np.float32)
    source[10, 12, 7] = 1.0
    patch = pull(source, draw(STILL, centre=(10.5, 12.5, 7.5)))
    assert patch[2, 3, 4] == patch.max() == 1.0


def test_beyond_the_source_lies_what_was_said() -> None:
    patch = pull(np.full((4, 4, 4), 40.0, dtype=np.float32), draw(STILL, centre=(100.0, 0.0, 0.0)), outside=-1024.0)
    assert set(patch.flatten().tolist()) == {-1024.0}


def test_nearest_gives_labels_only() -> None:
    source = np.random.default_rng(1).choice([0, 3, 7], size=SHAPE).astype(np.uint8)
    values = pull(source, draw(WarpConfig(), seed=3), nearest=True, outside=255.0)
    assert set(values.flatten().tolist()) <= {0.0, 3.0, 7.0, 255.0}


def test_a_turn_keeps_lengths_and_a_stretch_is_in_the_matrix() -> None:
    turn = WarpConfig(turn_deg=(20.0, 20.0, 20.0), stretch=0.0, bend_mm=0.0)
    warp = draw_warp(np.random.default_rng(0), turn, shape=SHAPE, spacing_mm=2.0, centre=np.zeros(3))
    np.testing.assert_allclose(warp.matrix @ warp.matrix.T, np.eye(3), atol=1e-9)
    step = warp.places[1, 0, 0] - warp.places[0, 0, 0]
    np.testing.assert_allclose(step, warp.matrix[:, 0], atol=1e-5)


def test_a_turn_about_the_slice_axis_keeps_slices() -> None:
    turn = WarpConfig(turn_deg=(30.0, 0.0, 0.0), stretch=0.0, bend_mm=0.0)
    matrix = draw_warp(np.random.default_rng(0), turn, shape=SHAPE, spacing_mm=2.0, centre=np.zeros(3)).matrix
    np.testing.assert_allclose(matrix[0], (1, 0, 0), atol=1e-12)
    assert abs(matrix[1, 2]) > 0.01


def test_the_same_seed_bends_alike_and_another_differently() -> None:
    assert torch.equal(draw(WarpConfig(), seed=5), draw(WarpConfig(), seed=5))
    assert not torch.equal(draw(WarpConfig(), seed=5), draw(WarpConfig(), seed=6))
