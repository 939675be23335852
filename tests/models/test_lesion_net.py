"""Stage 3 around a network whose answers are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from tests.models.test_course_net import region_map
from tests.models.truth import gated, network
from vascal.anatomy.confounders import Candidate
from vascal.anatomy.segmenter import Anatomy
from vascal.calcium.finding import Judge, collect_candidates, find_calcium
from vascal.calcium.rule import AGATSTON_1990
from vascal.models import lesion_inputs, lesion_net
from vascal.models.course_net import ANSWER_STEP, CourseMap, lay_box
from vascal.models.lesion_inputs import (
    CHANNELS,
    CLOSE_MM,
    FEATURES,
    KINDS,
    PATCH,
    SIGNIFICANCE,
    describe_candidates,
    measure_significance,
)
from vascal.models.lesion_net import MOST_CANDIDATES, LearnedJudge, as_verdict, choose_shown, classify, name_segment
from vascal.models.windows import window
from vascal.regions import COURSE_CLASSES

VESSELS = np.array([1.0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])


def anatomy(*, regions: bool = True) -> Anatomy:
    _, scan = gated()
    return Anatomy(
        structures=scan.structures, finder="truth", blood_hu=43.0, aorta_hu=42.0, noise_sd_hu=18.0,
        regions=region_map() if regions else None,
    )  # fmt: skip


def even_courses() -> CourseMap:
    middle, spread, lattice = lay_box(region_map())
    blocks = tuple(n // ANSWER_STEP for n in lattice.shape)
    return CourseMap(
        lattice=lattice,
        share=np.full((COURSE_CLASSES, *blocks), 1 / COURSE_CLASSES, dtype=np.float32),
        hu=np.zeros(lattice.shape, dtype=np.float32),
        centre=(middle - np.asarray(lattice.corner_mm)) / 1.5,
        size=spread / 1.5,
    )


def candidates() -> tuple[Candidate, ...]:
    return collect_candidates(gated()[1].volume, anatomy(), AGATSTON_1990)


def speck(*, peak_hu: float, volume_mm3: float) -> Candidate:
    return Candidate(
        index=np.arange(2), peak_hu=peak_hu, volume_mm3=volume_mm3, center_mm=(0.0, 0.0, 0.0),
        center_index=(0.0, 0.0, 0.0),
    )  # fmt: skip


def test_each_candidate_lies_in_the_middle_of_its_own_patch() -> None:
    volume = gated()[1].volume
    found = [c for c in candidates() if 5 < c.volume_mm3 < 60]
    inputs = describe_candidates(volume, anatomy(), even_courses(), found)
    assert inputs.patches.shape == (len(found), CHANNELS, *PATCH)
    assert inputs.features.shape == (len(found), FEATURES)
    for mask in inputs.patches[:, 2]:
        assert np.argwhere(mask).mean(axis=0) == pytest.approx(np.asarray(PATCH) / 2, abs=2)
    for mask in inputs.patches[:, 5]:
        assert np.argwhere(mask).mean(axis=0) == pytest.approx((np.asarray(PATCH) - 1) / 2, abs=2)


def test_features_are_finite_and_of_order_one() -> None:
    inputs = describe_candidates(gated()[1].volume, anatomy(), even_courses(), candidates())
    assert np.all(np.isfinite(inputs.features))
    assert np.abs(inputs.features).max() < 12


def test_faint_specks_are_noise_without_a_look() -> None:
    shown = choose_shown(
        anatomy(), [speck(peak_hu=43 + 2.9 * 18, volume_mm3=3), speck(peak_hu=43 + 3.1 * 18, volume_mm3=3)]
    )
    assert shown == [1]
    assert choose_shown(anatomy(), [speck(peak_hu=131, volume_mm3=80)]) == [0]


def test_of_very_many_the_most_significant_are_looked_at() -> None:
    many = [speck(peak_hu=200.0 + n, volume_mm3=5) for n in range(MOST_CANDIDATES + 7)]
    assert choose_shown(anatomy(), many) == list(range(7, MOST_CANDIDATES + 7))


def test_arteries_together_decide_and_the_likeliest_gives_the_name() -> None:
    share = np.zeros(len(KINDS))
    share[[0, 1, 10]] = 0.2, 0.4, 0.4
    verdict = as_verdict(share, np.eye(18)[5])
    assert (verdict.vessel, verdict.reason, verdict.segment) == ("LAD", None, 6)
    assert verdict.probability == pytest.approx(0.6)


def test_what_is_more_likely_not_coronary_is_rejected_by_its_likeliest_reason() -> None:
    share = np.zeros(len(KINDS))
    share[[1, 5, 6]] = 0.45, 0.3, 0.25
    verdict = as_verdict(share, np.eye(18)[5])
    assert (verdict.vessel, verdict.reason, verdict.segment) == (None, "aortic valve", None)
    assert verdict.probability == pytest.approx(0.45)


def test_where_two_arteries_are_as_likely_none_is_named() -> None:
    share = np.zeros(len(KINDS))
    share[[0, 1, 2]] = 0.3, 0.3, 0.3
    verdict = as_verdict(share, np.eye(18)[5])
    assert (verdict.vessel, verdict.segment) == ("unassigned", None)


def test_the_segment_is_one_of_the_artery() -> None:
    segment = np.full(18, 0.01)
    segment[[5, 6, 10]] = 0.1, 0.3, 0.5
    assert name_segment(segment, "LAD") == 7
    assert name_segment(segment, "LCX") == 11
    assert name_segment(segment, "LM") == 5


def test_a_higher_temperature_makes_answers_less_sure() -> None:
    inputs = describe_candidates(gated()[1].volume, anatomy(), even_courses(), candidates()[:3])

    def answer(patch: np.ndarray, features: np.ndarray) -> tuple[np.ndarray, ...]:
        return np.tile(6 * VESSELS, (len(patch), 1)), np.zeros((len(patch), 18))

    sure, _ = classify(network("lesions", answer), inputs)
    doubtful, _ = classify(network("lesions", answer, temperature=3.0), inputs)
    assert sure.sum(axis=1) == pytest.approx(1)
    assert np.all(doubtful[:, 0] < sure[:, 0])


def test_what_rises_clearly_above_blood_is_not_noise_whatever_the_bias() -> None:
    inputs = describe_candidates(gated()[1].volume, anatomy(), even_courses(), candidates()[:2])
    inputs.features[:, SIGNIFICANCE] = 0.59, 0.6

    def answer(patch: np.ndarray, features: np.ndarray) -> tuple[np.ndarray, ...]:
        return np.zeros((len(patch), len(KINDS))), np.zeros((len(patch), 18))

    bias = [0.0] * len(KINDS)
    bias[KINDS.index("noise")] = 2.0
    faint, clear = classify(network("lesions", answer, bias=bias), inputs)[0]
    assert faint[KINDS.index("noise")] == pytest.approx(np.exp(2) / (11 + np.exp(2)))
    assert clear[KINDS.index("noise")] == 0
    assert clear.sum() == pytest.approx(1)
    assert clear[0] == pytest.approx(1 / 11)


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Every candidate is LM for certain; gives how many were asked about."""
    asked: list[int] = []

    def answer(patch: np.ndarray, features: np.ndarray) -> tuple[np.ndarray, ...]:
        asked.append(len(patch))
        return np.tile(20 * VESSELS, (len(patch), 1)), np.tile(20 * np.eye(18)[4], (len(patch), 1))

    monkeypatch.setattr(lesion_net, "map_courses", lambda *_, **__: even_courses())
    monkeypatch.setattr(lesion_net, "load_network", lambda name, folder=None: network(name, answer))
    return asked


def test_the_judge_answers_for_every_candidate_in_order(answering: list[int]) -> None:
    assert isinstance(LearnedJudge(), Judge)
    volume = gated()[1].volume
    finding = find_calcium(volume, anatomy(), AGATSTON_1990, LearnedJudge())
    shown = choose_shown(anatomy(), candidates())
    assert len(finding.lesions) == len(shown) == sum(answering)
    assert {(lesion.vessel, lesion.segment) for lesion in finding.lesions} == {("LM", 5)}
    assert all((r.reason, r.probability) == ("noise", 0.0) for r in finding.rejected)


def test_nothing_is_asked_where_nothing_is_worth_a_look(answering: list[int]) -> None:
    # 135 HU are not three deviations of 40 HU above blood of 43 HU.
    noisy = replace(anatomy(), noise_sd_hu=40.0)
    judged = LearnedJudge()(gated()[1].volume, noisy, [speck(peak_hu=135, volume_mm3=2)])
    assert [one.verdict.reason for one in judged] == ["noise"]
    assert answering == []


def test_without_regions_nothing_is_coronary() -> None:
    volume = gated()[1].volume
    verdicts = LearnedJudge()(volume, anatomy(regions=False), [speck(peak_hu=900, volume_mm3=20)])
    assert [one.verdict.reason for one in verdicts] == ["outside the heart"]
    with pytest.raises(ValueError, match="regions"):
        describe_candidates(volume, anatomy(regions=False), even_courses(), candidates()[:1])


def test_thick_slices_leave_no_gaps_in_the_mask() -> None:
    mask = np.zeros(PATCH, dtype=np.float32)
    slices = np.array([4.0, 6.0, 8.0])
    places = np.stack([slices, np.full(3, 12.0), np.full(3, 12.0)]).astype(np.float32)
    lesion_inputs._mark(mask, places, np.array([2.0, 1 / 3, 1 / 3]))
    marked = np.flatnonzero(mask[:, 12, 12])
    assert np.all(np.diff(marked) == 1)
    assert marked.size == pytest.approx(6, abs=1)
    assert np.count_nonzero(mask) == marked.size


def test_a_plaque_is_significant_and_a_single_speck_of_noise_is_not() -> None:
    rng = np.random.default_rng(4)
    courses = even_courses()
    hu = rng.normal(40, 30, courses.hu.shape).astype(np.float32)
    hu[20, 20, 20] += 120
    hu[30:33, 30:33, 30:33] += 120
    found = measure_significance(replace(courses, hu=hu), 40.0)
    # The mean of 27 points has 30 / sqrt(27) = 5.8 HU of noise: 120 HU are about 20 of them, and of one point 0.8.
    assert found[31, 31, 31] == pytest.approx(2.0, abs=0.5)
    assert found[20, 20, 20] < 0.5


def test_the_crowd_counts_candidates_that_are_not_described() -> None:
    few = candidates()[:2]
    lone, crowded = (
        describe_candidates(gated()[1].volume, anatomy(), even_courses(), few, crowd=count).features[:, -1]
        for count in (None, 99)
    )
    assert lone == pytest.approx(np.log10(3) / 2, abs=1e-6)
    assert crowded == pytest.approx(1.0, abs=1e-6)


def test_the_closer_patch_shows_the_scan_itself() -> None:
    volume = gated()[1].volume
    found = [c for c in candidates() if 5 < c.volume_mm3 < 60][:4]
    inputs = describe_candidates(volume, anatomy(), even_courses(), found)
    for candidate, patch in zip(found, inputs.patches, strict=True):
        middle = np.asarray(np.unravel_index(candidate.index, volume.grid.shape)).mean(axis=1)
        half = (np.asarray(PATCH) - 1) / 2
        k, i, j = np.meshgrid(*(np.arange(n) for n in PATCH), indexing="ij")
        steps = np.asarray(CLOSE_MM) / volume.grid.spacing_mm
        at = [m + (n - h) * s for m, n, h, s in zip(middle, (k, i, j), half, steps, strict=True)]
        hu = ndimage.map_coordinates(volume.hu.astype(np.float32), at, order=1, mode="nearest")
        inside = (at[0] >= 0) & (at[0] <= volume.grid.shape[0] - 1)
        assert np.abs(patch[3] - window(hu, -20, 160))[inside].max() < 1e-3
        assert patch[4].max() == pytest.approx(window(hu, 700, 700).max(), abs=0.15)
