import numpy as np
import pytest

from vascal.errors import SimulationError
from vascal.simulate.ct.denoising import DenoisingKind, denoise
from vascal.simulate.ct.scanner import QR36, Planes, make_image
from vascal.volume import Grid

GRID = Grid.even((6, 128, 128), (3.0, 0.43, 0.43))
KINDS: tuple[DenoisingKind, ...] = ("iterative", "deep")


def picture(faint_hu: float = 60.0) -> np.ndarray:
    hu = np.full(GRID.shape, 40.0, dtype=np.float32)
    hu[:, :, :40] = -80.0
    row, column = np.mgrid[:128, :128]
    hu[:, np.hypot(row - 64, column - 64) < 6] = 500.0
    hu[:, np.hypot(row - 64, column - 100) < 2] += faint_hu
    return hu


def scan(hu: np.ndarray, noise_sd_hu: float = 18.0) -> Planes:
    return make_image(
        hu.astype(np.float32), GRID, QR36, noise_sd_hu=noise_sd_hu, rng=np.random.default_rng(5), holds_pixel_means=True
    )


NOISY = scan(picture())
QUIET = np.s_[:, 90:120, 70:120]


def spread(hu: np.ndarray) -> float:
    return float(hu[QUIET].std())


@pytest.mark.parametrize("kind", KINDS)
def test_strength_zero_changes_nothing(kind: DenoisingKind) -> None:
    np.testing.assert_array_equal(denoise(NOISY, GRID, kind, strength=0, noise_sd_hu=18), NOISY)


def test_no_denoising_changes_nothing() -> None:
    np.testing.assert_array_equal(denoise(NOISY, GRID, "none", strength=1, noise_sd_hu=18), NOISY)


@pytest.mark.parametrize("kind", KINDS)
def test_the_input_is_left_alone(kind: DenoisingKind) -> None:
    before = NOISY.copy()
    denoise(NOISY, GRID, kind, strength=1, noise_sd_hu=18)
    np.testing.assert_array_equal(NOISY, before)


@pytest.mark.parametrize("kind", KINDS)
def test_more_strength_leaves_less_noise(kind: DenoisingKind) -> None:
    left = [spread(denoise(NOISY, GRID, kind, strength=s, noise_sd_hu=18)) for s in (0.0, 0.3, 0.6, 1.0)]
    assert left == sorted(left, reverse=True)


def test_deep_denoising_leaves_less_noise_than_iterative_and_both_as_documented() -> None:
    iterative, deep = (spread(denoise(NOISY, GRID, kind, strength=1, noise_sd_hu=18)) / spread(NOISY) for kind in KINDS)
    assert 0.45 < iterative < 0.75
    assert 0.2 < deep < 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_means_of_large_structures_are_kept(kind: DenoisingKind) -> None:
    clean = denoise(NOISY, GRID, kind, strength=1, noise_sd_hu=18)
    for region in (QUIET, np.s_[:, 10:118, 5:32]):
        assert clean[region].mean() == pytest.approx(NOISY[region].mean(), abs=0.7)
    assert clean.mean(dtype=np.float64) == pytest.approx(NOISY.mean(dtype=np.float64), abs=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_the_integral_over_a_dense_lesion_is_kept(kind: DenoisingKind) -> None:
    box = np.s_[:, 48:80, 48:80]
    before = (NOISY[box] - 40).sum(dtype=np.float64)
    after = (denoise(NOISY, GRID, kind, strength=1, noise_sd_hu=18)[box] - 40).sum(dtype=np.float64)
    assert after == pytest.approx(before, rel=0.02)


@pytest.mark.parametrize("kind", KINDS)
def test_dense_edges_stay_while_faint_small_things_fade(kind: DenoisingKind) -> None:
    faint, nothing = scan(picture(), 0.0), scan(picture(0.0), 0.0)
    left, without = (denoise(hu, GRID, kind, strength=1, noise_sd_hu=18) for hu in (faint, nothing))
    contrast = [float((a - b)[:, 64, 100].mean()) for a, b in ((faint, nothing), (left, without))]
    assert contrast[1] < 0.9 * contrast[0]
    dense = [float(hu[:, 64, 64].mean()) for hu in (faint, left)]
    assert dense[1] > 0.97 * dense[0]


@pytest.mark.parametrize("kind", KINDS)
def test_what_noise_is_left_is_coarser(kind: DenoisingKind) -> None:
    def mean_frequency(hu: np.ndarray) -> float:
        power = np.mean([np.abs(np.fft.rfft2(plane[:, 80:] - plane[:, 80:].mean())) ** 2 for plane in hu], axis=0)
        down, across = np.fft.fftfreq(128, 0.43)[:, None], np.fft.rfftfreq(48, 0.43)[None]
        return float((power * np.hypot(down, across)).sum() / power.sum())

    noise = scan(np.full(GRID.shape, 40.0))
    assert mean_frequency(denoise(noise, GRID, kind, strength=1, noise_sd_hu=18)) < 0.92 * mean_frequency(noise)


def test_bad_requests_are_refused() -> None:
    with pytest.raises(SimulationError, match="strength"):
        denoise(NOISY, GRID, "deep", strength=1.5, noise_sd_hu=18)
    with pytest.raises(SimulationError, match="grid"):
        denoise(NOISY[:3].copy(), GRID, "deep", strength=1, noise_sd_hu=18)
