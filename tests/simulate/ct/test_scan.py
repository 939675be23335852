"""Whole scans: organs where they belong, truth that fits the pixels, one seed one scan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from vascal.anatomy.segmenter import STRUCTURES
from vascal.errors import RuleError, SimulationError
from vascal.simulate.ct.denoising import DenoisingKind
from vascal.simulate.ct.example import EXAMPLE_PATIENT, EXAMPLE_PLAQUES
from vascal.simulate.ct.organs import STRUCTURE_NAMES, Organ
from vascal.simulate.ct.patient import SimulatedPatient, draw_patient
from vascal.simulate.ct.plaques import Plaque
from vascal.simulate.ct.protocol import PROTOCOLS, Fidelity, Protocol, choose_protocol
from vascal.simulate.ct.scan import SimulatedScan, scan_patient

CHEST = Protocol(
    region="chest", field_mm=400.0, matrix=140, increment_mm=8.0, thickness_mm=8.0, noise_sd_hu=0.0, is_moving=False
)
FIDELITIES: tuple[Fidelity, ...] = ("image", "projection")
QUIET = Protocol(matrix=192, noise_sd_hu=0.0, is_moving=False)


@pytest.fixture(scope="module")
def chest() -> SimulatedScan:
    return scan_patient(EXAMPLE_PATIENT, CHEST, plaques=EXAMPLE_PLAQUES)


@pytest.fixture(scope="module")
def cardiac() -> SimulatedScan:
    return scan_patient(EXAMPLE_PATIENT, QUIET, plaques=EXAMPLE_PLAQUES)


@pytest.fixture(scope="module")
def without_calcium() -> SimulatedScan:
    return scan_patient(EXAMPLE_PATIENT, QUIET, plaques=())


@pytest.mark.parametrize(
    ("organ", "low_hu", "high_hu"),
    [
        (Organ.LUNG, -900, -800), (Organ.AIRWAY, -1010, -850), (Organ.AORTA, 30, 55), (Organ.LEFT_VENTRICLE, 30, 55),
        (Organ.BONE, 100, 700), (Organ.FAT, -125, -85), (Organ.LIVER, 0, 75), (Organ.PERICARDIUM, -110, -50),
    ],
)  # fmt: skip
def test_organs_have_the_ct_numbers_of_their_tissue(
    chest: SimulatedScan, organ: Organ, low_hu: float, high_hu: float
) -> None:
    mask = chest.organs.labels == organ
    inside = ndimage.binary_erosion(mask, structure=np.ones((1, 3, 3), dtype=bool))
    where = inside if inside.sum() > 20 else mask
    assert low_hu <= np.median(chest.volume.hu[where]) <= high_hu


def test_structures_are_named_as_every_finder_names_them(chest: SimulatedScan) -> None:
    assert dict(STRUCTURE_NAMES) == dict(STRUCTURES)
    assert set(np.unique(chest.structures.labels)) == set(range(8))


@pytest.mark.parametrize("seed", range(4))
def test_organs_are_as_large_as_an_adults(seed: int) -> None:
    scan = scan_patient(draw_patient(seed), replace(CHEST, field_mm=480.0, matrix=120), plaques=())
    voxel_ml = float(np.prod(scan.volume.grid.spacing_mm)) / 1000
    heart, lungs = (float(scan.structures.mask(name).sum()) * voxel_ml / 1000 for name in ("heart", "lungs"))
    assert 0.4 < heart < 1.2
    assert 2.0 < lungs < 7.0


def test_the_heart_lies_left(chest: SimulatedScan) -> None:
    columns = np.nonzero(chest.structures.mask("heart"))[2]
    assert chest.volume.grid.index_to_mm(0, 0, float(columns.mean()))[0] > 5


def test_a_finished_scan_holds_the_mass_that_was_planned(
    cardiac: SimulatedScan, without_calcium: SimulatedScan
) -> None:
    difference = cardiac.volume.hu.astype(float) - without_calcium.volume.hu
    voxel_mm3 = float(np.prod(cardiac.volume.grid.spacing_mm))
    measured = difference.sum() * voxel_mm3 / 1000 / cardiac.calcium_hu
    # What is lost is the rounding to whole HU and the top of the range, not calcium.
    assert measured == pytest.approx(sum(truth.seen_mg for truth in cardiac.plaques), rel=0.01)


def test_vessel_labels_hold_every_voxel_that_coronary_calcium_lifts_over_the_threshold(
    cardiac: SimulatedScan, without_calcium: SimulatedScan
) -> None:
    lifted = (cardiac.volume.hu >= 130) & (without_calcium.volume.hu < 130)
    other = np.isin(cardiac.lesions.labels, [t.number for t in cardiac.plaques if t.vessel is None])
    assert np.all(cardiac.vessels.labels[lifted & ~other] > 0)
    assert np.count_nonzero(lifted & ~other) > 30


def test_truth_names_vessel_and_segment_and_what_left_the_field(cardiac: SimulatedScan) -> None:
    by_site = {truth.plaque.site: truth for truth in cardiac.plaques}
    assert (by_site["LM"].vessel, by_site["LM"].segment) == ("LM", 5)
    assert (by_site["LAD"].vessel, by_site["LAD"].segment) == ("LAD", 7)
    assert by_site["aortic arch"].vessel is None
    assert not by_site["aortic arch"].is_in_field
    assert cardiac.mass_mg() == pytest.approx(67.0, abs=0.1)
    assert cardiac.mass_mg("LAD") == pytest.approx(34.0, abs=0.1)


def test_every_calcified_coronary_voxel_lies_in_a_territory_or_beside_it(cardiac: SimulatedScan) -> None:
    near = ndimage.binary_dilation(cardiac.territories.labels > 0, iterations=3)
    core = (cardiac.vessels.labels > 0) & (cardiac.volume.hu > 250)
    assert np.mean(near[core]) > 0.95


def test_a_seed_gives_one_scan_and_another_seed_another() -> None:
    small = replace(CHEST, matrix=48, increment_mm=30.0, thickness_mm=30.0, noise_sd_hu=20.0)
    first, again = (scan_patient(SimulatedPatient(seed=7), small) for _ in range(2))
    other, same_body = (
        scan_patient(SimulatedPatient(seed=8), small),
        scan_patient(SimulatedPatient(seed=7), small, seed=1),
    )
    assert np.array_equal(first.volume.hu, again.volume.hu)
    assert first.plaques == again.plaques
    assert not np.array_equal(first.organs.labels, other.organs.labels)
    assert np.array_equal(first.organs.labels, same_body.organs.labels)
    assert not np.array_equal(first.volume.hu, same_body.volume.hu)


def test_low_voltage_brightens_calcium_and_a_large_patient_darkens_it() -> None:
    small = replace(CHEST, matrix=48, increment_mm=30.0, thickness_mm=30.0)
    slope = {
        kvp: scan_patient(EXAMPLE_PATIENT, replace(small, kvp=kvp), plaques=()).calcium_hu for kvp in (80.0, 120.0)
    }
    large = scan_patient(replace(EXAMPLE_PATIENT, bmi=42.0), small, plaques=())
    assert slope[80.0] / slope[120.0] == pytest.approx(1.363, abs=0.01)
    assert large.calcium_hu < slope[120.0]
    assert large.noise_sd_hu == 0


def test_motion_smears_the_right_coronary_artery_most() -> None:
    still = Protocol(matrix=192, noise_sd_hu=0.0)
    fast = replace(EXAMPLE_PATIENT, heart_rate_bpm=95.0)
    scan = scan_patient(fast, still, plaques=EXAMPLE_PLAQUES)
    speed = {truth.plaque.site: truth.mean_speed_mm_s for truth in scan.plaques}
    assert speed["RCA"] > speed["LAD"] > 0
    assert speed["descending aorta"] == 0


def test_protocols_are_known_by_name_and_check_themselves() -> None:
    assert {"gated", "chest", "low-dose", "ccta", "pet-ac"} <= set(PROTOCOLS)
    with pytest.raises(SimulationError, match="there are gated"):
        choose_protocol("x")
    with pytest.raises(RuleError, match="60 kVp"):
        Protocol(kvp=60.0)
    for bad in ({"kernel": "?"}, {"coverage": 0.0}, {"thickness_mm": 0.0}, {"denoising_strength": 2.0}, {"matrix": 2}):
        with pytest.raises(SimulationError):
            Protocol(**bad)


def test_a_site_the_patient_lacks_is_refused() -> None:
    with pytest.raises(SimulationError, match="no site 'D9'"):
        scan_patient(EXAMPLE_PATIENT, replace(CHEST, matrix=32), plaques=[Plaque(site="D9", mass_mg=1.0)])


@pytest.mark.parametrize("bad", [{"bmi": 12.0}, {"height_cm": 90.0}, {"heart_rate_bpm": 200.0}])
def test_an_impossible_patient_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(SimulationError):
        SimulatedPatient(**bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("device", ["sternal wires", "pacemaker", "stent", "clips", "ecg leads"])
def test_devices_are_brighter_than_bone(device: str) -> None:
    patient = replace(EXAMPLE_PATIENT, devices=(device,))  # type: ignore[arg-type]
    scan = scan_patient(patient, replace(CHEST, increment_mm=5.0, thickness_mm=5.0, matrix=200), plaques=())
    without = scan_patient(EXAMPLE_PATIENT, scan.protocol, plaques=())
    assert np.max(scan.volume.hu.astype(int) - without.volume.hu) > 200


def test_both_fidelities_agree_on_tissue_noise_and_plaques() -> None:
    protocol = Protocol(matrix=256, coverage=0.42, thickness_mm=5.0, increment_mm=5.0)
    scans = {
        f: scan_patient(EXAMPLE_PATIENT, replace(protocol, fidelity=f), plaques=EXAMPLE_PLAQUES) for f in FIDELITIES
    }
    image, rays = scans["image"], scans["projection"]
    for organ in (Organ.AORTA, Organ.LUNG):
        inside = ndimage.binary_erosion(image.organs.labels == organ, np.ones((1, 9, 9), dtype=bool))
        # Projection scans stand beside the table's and the patient's own streaks.
        assert np.mean(rays.volume.hu[inside]) == pytest.approx(np.mean(image.volume.hu[inside]), abs=8)
    aorta = ndimage.binary_erosion(image.organs.labels == Organ.AORTA, np.ones((1, 9, 9), dtype=bool))
    assert np.std(rays.volume.hu[aorta]) == pytest.approx(np.std(image.volume.hu[aorta]), rel=0.3)
    left_main = next(t for t in image.plaques if t.plaque.site == "LM")
    where = image.lesions.labels == left_main.number
    bright = {name: float(np.max(scan.volume.hu[where])) / scan.calcium_hu for name, scan in scans.items()}
    assert bright["projection"] == pytest.approx(bright["image"], rel=0.2)


def test_dual_energy_takes_iodine_out_and_leaves_a_third_of_the_calcium() -> None:
    protocol = Protocol(
        matrix=160, coverage=0.4, noise_sd_hu=0.0, contrast="coronary", dual_energy="80/Sn140", is_moving=False
    )
    scan = scan_patient(EXAMPLE_PATIENT, protocol, plaques=EXAMPLE_PLAQUES)
    assert set(scan.others) == {"low", "high", "vnc"}
    aorta = ndimage.binary_erosion(scan.organs.labels == Organ.AORTA, np.ones((1, 5, 5), dtype=bool))
    medians = {name: float(np.median(v.hu[aorta])) for name, v in {"mono": scan.volume, **scan.others}.items()}
    assert medians["low"] > medians["mono"] > medians["high"] > 150
    assert medians["vnc"] == pytest.approx(42, abs=6)


@pytest.mark.parametrize("kind", ["iterative", "deep"])
def test_denoising_lowers_noise_and_keeps_the_mean(kind: DenoisingKind) -> None:
    plain = Protocol(matrix=160, coverage=0.2, noise_sd_hu=40.0)
    noisy = scan_patient(EXAMPLE_PATIENT, plain, plaques=())
    quiet = scan_patient(EXAMPLE_PATIENT, replace(plain, denoising=kind, denoising_strength=0.8), plaques=())
    aorta = ndimage.binary_erosion(noisy.organs.labels == Organ.AORTA, np.ones((1, 5, 5), dtype=bool))
    assert np.std(quiet.volume.hu[aorta]) < 0.8 * np.std(noisy.volume.hu[aorta])
    assert np.mean(quiet.volume.hu[aorta]) == pytest.approx(np.mean(noisy.volume.hu[aorta]), abs=4)
