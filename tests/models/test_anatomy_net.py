"""Stage 1 around a network that knows the answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.models.truth import gated, network, true_anatomy_network
from vascal.anatomy.coarse import CoarseCt, average_blocks
from vascal.anatomy.lattice import AIR_HU, Lattice
from vascal.anatomy.segmenter import Anatomy, Segmenter
from vascal.anatomy.thorax import Chest, find_chest
from vascal.models import anatomy_net
from vascal.models.anatomy_net import (
    SPACING_MM,
    LearnedAnatomy,
    find_cut_sides,
    keep_largest,
    lay_lattice,
    places_of_blocks,
    read_answer,
    to_lattice,
)
from vascal.regions import AORTA_REGIONS, HEART_REGIONS, Region
from vascal.volume import Grid, Volume


def dice(first: np.ndarray, second: np.ndarray) -> float:
    return float(2 * np.count_nonzero(first & second) / (np.count_nonzero(first) + np.count_nonzero(second)))


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Anatomy:
    monkeypatch.setattr(anatomy_net, "load_network", lambda name, folder=None: true_anatomy_network())
    return LearnedAnatomy().find_anatomy(gated()[1].volume)


def test_it_is_a_segmenter() -> None:
    assert isinstance(LearnedAnatomy(), Segmenter)


def test_true_regions_come_back_on_the_scans_grid(found: Anatomy) -> None:
    _, scan = gated()
    assert dice(found.structures.mask("heart"), scan.structures.mask("heart")) > 0.95
    assert dice(found.structures.mask("aorta"), scan.structures.mask("aorta")) > 0.85
    assert dice(found.structures.mask("lungs"), scan.structures.mask("lungs")) > 0.95
    assert found.finder == "anatomy-1-00000000"


def test_blood_noise_and_contrast_are_measured(found: Anatomy) -> None:
    assert found.blood_hu == pytest.approx(43, abs=6)
    assert found.aorta_hu == pytest.approx(42, abs=6)
    assert found.noise_sd_hu == pytest.approx(gated()[1].noise_sd_hu, rel=0.35)
    assert not found.is_contrast_enhanced
    assert found.heart_cut_off == ()


def test_rules_agree_with_the_true_heart(found: Anatomy) -> None:
    assert found.agreement is not None
    assert found.agreement > 0.7


def test_where_the_rules_find_no_heart_nothing_cross_checks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_nothing(ct: CoarseCt) -> Chest:
        return replace(find_chest(ct), sac=np.zeros(ct.hu.shape, dtype=bool))

    monkeypatch.setattr(anatomy_net, "load_network", lambda name, folder=None: true_anatomy_network())
    monkeypatch.setattr(anatomy_net, "find_chest", find_nothing)
    anatomy = LearnedAnatomy().find_anatomy(gated()[1].volume)
    assert anatomy.agreement is None
    assert anatomy.notes == ("The anatomy rules find no heart here, so that nothing cross-checks the outline.",)


def test_a_scan_without_heart_has_none_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(image: np.ndarray) -> tuple[np.ndarray, ...]:
        logits = np.zeros((1, len(Region), *image.shape[2:]), dtype=np.float32)
        logits[0, Region.BODY] = 9
        return (logits,)

    monkeypatch.setattr(anatomy_net, "load_network", lambda name, folder=None: network("anatomy", nothing))
    grid = Grid.even((8, 32, 32), (4.0, 4.0, 4.0))
    water = Volume(hu=np.zeros(grid.shape, dtype=np.int16), grid=grid)
    anatomy = LearnedAnatomy().find_anatomy(water)
    assert not anatomy.structures.mask("heart").any()
    assert anatomy.notes == ("No heart was found: nothing in the scan looks like one.",)
    assert anatomy.agreement is None


@pytest.mark.parametrize("flip", [(1, False), (2, False), (1, True)])
def test_the_lattice_shows_the_same_patient_whichever_way_rows_and_columns_run(flip: tuple[int, bool]) -> None:
    _, scan = gated()
    axis, both = flip
    axes = (1, 2) if both else (axis,)
    grid = replace(
        scan.volume.grid,
        row_axis=(0.0, -1.0, 0.0) if 1 in axes else (0.0, 1.0, 0.0),
        column_axis=(-1.0, 0.0, 0.0) if 2 in axes else (1.0, 0.0, 0.0),
    )
    turned = Volume(hu=np.ascontiguousarray(np.flip(scan.volume.hu, axes)), grid=grid)
    plain, other = (average_blocks(volume, 4.0) for volume in (scan.volume, turned))
    first, second = (to_lattice(ct, lay_lattice(ct)) for ct in (plain, other))
    inside = (slice(2, 30), slice(4, 50), slice(4, 50))
    assert float(np.corrcoef(first[inside].ravel(), second[inside].ravel())[0, 1]) > 0.97


def test_the_lattice_holds_what_the_network_can_halve_three_times() -> None:
    _, scan = gated()
    lattice = lay_lattice(average_blocks(scan.volume, 4.0))
    assert all(n % 8 == 0 for n in lattice.shape)
    assert all(
        n * SPACING_MM >= m * s for n, m, s in zip(lattice.shape, scan.volume.hu.shape, (3, 1.14, 1.14), strict=True)
    )


def test_a_narrow_field_has_air_around_it() -> None:
    narrow = Volume(hu=np.full((40, 80, 80), 40, dtype=np.int16), grid=Grid.even((40, 80, 80), (3.0, 1.5, 1.5)))
    ct = average_blocks(narrow, 4.0)
    lattice = lay_lattice(ct)
    assert lattice.shape == (32, 48, 48)
    assert np.all(to_lattice(ct, lattice)[:, 32:] == AIR_HU)


def test_only_the_largest_part_is_the_heart_and_specks_are_none() -> None:
    share = np.zeros((20, 20, 20), dtype=np.float32)
    share[2:14, 2:14, 2:14] = 0.9
    share[17:19, 17:19, 17:19] = 0.9
    kept = keep_largest(share)
    assert kept[5, 5, 5] == pytest.approx(0.9)
    assert kept[17:19].max() == 0
    assert keep_largest(np.where(share > 0, 0, share)).max() == 0
    speck = np.zeros_like(share)
    speck[3:5, 3:5, 3:5] = 1
    assert keep_largest(speck).max() == 0


def test_a_heart_at_the_edge_of_the_field_is_cut_off_there() -> None:
    _, scan = gated()
    ct = average_blocks(scan.volume, 4.0)
    heart = np.zeros(ct.hu.shape, dtype=bool)
    assert find_cut_sides(ct, heart) == ()
    heart[:, 10:30, 10:30] = True
    assert find_cut_sides(ct, heart) == ("top", "bottom")
    heart = np.zeros(ct.hu.shape, dtype=bool)
    heart[5:20, :20, 10:30] = True
    assert find_cut_sides(ct, heart) == ("front",)


def test_the_answer_is_read_as_shares_that_add_up_to_one() -> None:
    logits = np.random.default_rng(0).normal(0, 4, (len(Region), 3, 4, 5)).astype(np.float32)
    share = np.exp(logits.astype(float))
    share /= share.sum(axis=0)
    regions, heart, aorta = read_answer(logits.copy())
    assert np.array_equal(regions, share.argmax(axis=0))
    assert heart == pytest.approx(share[list(HEART_REGIONS)].sum(axis=0), abs=1e-6)
    assert aorta == pytest.approx(share[list(AORTA_REGIONS)].sum(axis=0), abs=1e-6)


def test_scores_too_large_for_an_exponential_are_read_too() -> None:
    logits = np.zeros((len(Region), 1, 1, 1), dtype=np.float32)
    logits[Region.LEFT_VENTRICLE] = 500
    regions, heart, aorta = read_answer(logits)
    assert (regions.item(), heart.item(), aorta.item()) == (Region.LEFT_VENTRICLE, 1, 0)


def test_points_of_the_lattice_and_blocks_lie_where_their_millimetres_are() -> None:
    k, i, _ = np.indices((12, 40, 40))
    volume = Volume(hu=(10 * k + 2 * i).astype(np.int16), grid=Grid.even((12, 40, 40), (2.0, 1.0, 1.0)))
    ct = average_blocks(volume)  # blocks of 2 slices, 4 rows, 4 columns
    lattice = Lattice(corner_mm=(2.0, 8.0, -12.0), spacing_mm=4.0, shape=(3, 4, 9))
    found = to_lattice(ct, lattice)
    # 5 HU a mm along slices, 2 HU a mm along rows; three points and more to the right of the scan is air.
    assert found[:, :, 4] == pytest.approx(np.array([[10 + 20 * a + 16 + 8 * b for b in range(4)] for a in range(3)]))
    assert (found[0, 0, :2] == AIR_HU).all()
    places = places_of_blocks(ct, lattice)
    assert places[0][:2] == pytest.approx([(1.0 - 2.0) / 4, (5.0 - 2.0) / 4])  # middles of blocks: 1 mm, 5 mm
    assert places[1][0] == pytest.approx((1.5 - 8.0) / 4)
