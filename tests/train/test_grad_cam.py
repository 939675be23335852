"""Grad-CAM by hand on a network of one convolution, and its mass on a mask."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from vascal.errors import GridMismatchError
from vascal.train.film_config import TotalConfig
from vascal.train.film_network import LAST_MAPS, build_total_network
from vascal.train.grad_cam import grad_cam, is_peak_on, mass_share


def make_network(weight: float) -> nn.Module:
    """Maps are the film and its double; the answer is `weight` times the mean of the first less the second's."""
    maps = nn.Conv2d(1, 2, 1, bias=False)
    head = nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        maps.weight[:] = torch.tensor([1.0, 2.0])[:, None, None, None]
        head.weight[:] = torch.tensor([[weight, -1.0]])
    return nn.Sequential(maps, nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)


def test_maps_are_weighed_by_their_mean_gradient() -> None:
    image = torch.arange(6, dtype=torch.float32).reshape(1, 1, 2, 3)
    # Gradient at each of six places: 5/6 of the first map, -1/6 of the second; 5/6 x - 2/6 x = x / 2.
    cam = grad_cam(make_network(5.0), image, "0")
    assert np.allclose(cam, image[0, 0].numpy() / 2)


def test_what_lowers_the_answer_is_left_out() -> None:
    image = torch.ones(1, 1, 2, 2)
    cam = grad_cam(make_network(1.0), image, "0")
    assert cam.max() == 0
    assert math.isnan(mass_share(cam, np.ones((2, 2), dtype=bool)))
    assert not is_peak_on(cam, np.ones((2, 2), dtype=bool))


def test_the_share_of_the_mass_is_counted_on_the_mask_and_within_reach() -> None:
    cam = np.array([[0.0, 1.0, 2.0, 5.0, 0.0]])
    mask = np.array([[False, True, False, False, False]])
    assert mass_share(cam, mask) == pytest.approx(1 / 8)
    assert mass_share(cam, mask, reach=1) == pytest.approx(3 / 8)
    assert not is_peak_on(cam, mask, reach=1)
    assert is_peak_on(cam, mask, reach=2)
    assert mass_share(cam, np.zeros_like(mask), reach=2) == 0


def test_a_mask_of_another_size_is_refused() -> None:
    with pytest.raises(GridMismatchError, match=r"\(2, 2\) pixels and the mask \(3, 3\)"):
        mass_share(np.ones((2, 2)), np.ones((3, 3), dtype=bool))


@pytest.mark.parametrize("name", ["resnet34-scse", "vgg16-bn"])
def test_both_published_networks_have_maps_to_weigh(name: str) -> None:
    torch.manual_seed(0)
    network = build_total_network(TotalConfig(network=name, width=2, size=(64, 32), blocks=(1, 1, 1, 1)))  # type: ignore[arg-type]
    cam = grad_cam(network, torch.randn(1, 1, 64, 32), LAST_MAPS[name])  # type: ignore[index]
    assert cam.shape == (64, 32)
    assert np.isfinite(cam).all()
    assert cam.min() >= 0
