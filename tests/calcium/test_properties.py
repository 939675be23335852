"""What must hold for every image: against the oracle, and against itself turned, moved, split and brightened."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.calcium import oracle
from tests.calcium.scenes import score_of
from vascal.calcium.rule import AGATSTON_1990, RULES, AgatstonRule, adapt_rule
from vascal.calcium.score import CalciumScore
from vascal.volume import Grid

NAMES = {1: "LM", 2: "LAD", 5: "RCA", 7: "LAD"}
Spacing = tuple[float, float, float]


@dataclass(frozen=True)
class Scene:
    """A small random CT with labels."""

    hu: np.ndarray
    labels: np.ndarray
    spacing_mm: Spacing

    def score(self, rule: AgatstonRule = AGATSTON_1990) -> CalciumScore:
        return score_of(self.hu.copy(), spacing_mm=self.spacing_mm, labels=self.labels.copy(), names=NAMES, rule=rule)

    @property
    def agatston(self) -> float:
        return self.score().total.agatston


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    shape = draw(st.tuples(st.integers(2, 5), st.integers(1, 10), st.integers(1, 10)))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    levels = np.array([-900, 40, 129, 130, 131, 199, 200, 299, 300, 399, 400, 1200])
    bright = draw(st.floats(0.05, 0.95))
    chance = np.r_[np.full(3, (1 - bright) / 3), np.full(9, bright / 9)]
    labels = random.choice([0, 1, 2, 5, 7, 9], shape, p=[0.2, 0.2, 0.3, 0.1, 0.1, 0.1]).astype(np.uint8)
    if draw(st.booleans()):
        labels[:] = 2
    millimetres = st.floats(0.2, 1.5)
    spacing = (draw(st.floats(0.4, 6.0)), draw(millimetres), draw(millimetres))
    return Scene(random.choice(levels, shape, p=chance).astype(np.int16), labels, spacing)


@dataclass(frozen=True)
class Convention:
    """A named rule with numbers of its own; built inside the test, where shape checks may use chance."""

    name: str
    kvp: float | None
    threshold_hu: float | None
    min_patch_mm2: float

    def rule(self) -> AgatstonRule:
        rule = RULES[self.name] if self.kvp is None else adapt_rule(RULES[self.name], self.kvp)
        if self.threshold_hu is None:
            return rule
        return replace(rule, threshold_hu=self.threshold_hu, min_patch_mm2=self.min_patch_mm2)


conventions = st.builds(
    Convention,
    name=st.sampled_from(list(RULES)),
    kvp=st.none() | st.floats(70, 150),
    threshold_hu=st.none() | st.floats(100, 450),
    min_patch_mm2=st.floats(0, 4),
)


def close(one: float, other: float) -> bool:
    return one == pytest.approx(other, rel=1e-9, abs=1e-9)


@settings(max_examples=200)
@given(scene=scenes(), convention=conventions)
def test_every_rule_scores_as_the_oracle_does(scene: Scene, convention: Convention) -> None:
    rule = convention.rule()
    scored = scene.score(rule)
    expected = oracle.score(
        scene.hu,
        scene.labels,
        NAMES,
        positions_mm=[scene.spacing_mm[0] * k for k in range(scene.hu.shape[0])],
        pixel_mm2=scene.spacing_mm[1] * scene.spacing_mm[2],
        rule=rule,
    )
    for name, sums in expected.items():
        seen = scored.vessels[name]
        assert close(seen.agatston, sums.agatston)
        assert close(seen.volume_mm3, sums.volume_mm3)
        assert close(seen.mass_mg, scored.calibration.factor_mg_cm3_per_hu / 1000 * sums.hu_mm3)
        assert seen.lesions == sums.lesions
        assert seen.density is None if sums.area_mm2 == 0 else close(seen.density or 0, sums.agatston / sums.area_mm2)
    assert close(scored.total.agatston, sum(sums.agatston for sums in expected.values()))


@settings(max_examples=40)
@given(scene=scenes(), steps=st.lists(st.floats(0.3, 9.0), min_size=4, max_size=4), convention=conventions)
def test_uneven_stacks_score_as_the_oracle_does(scene: Scene, steps: list[float], convention: Convention) -> None:
    rule = convention.rule()
    slices, rows, columns = scene.hu.shape
    positions = np.concatenate([[0.0], np.cumsum(steps)])[:slices]
    grid = Grid(
        shape=(slices, rows, columns),
        row_spacing_mm=scene.spacing_mm[1],
        column_spacing_mm=scene.spacing_mm[2],
        slice_positions_mm=tuple(float(p) for p in positions),
    )
    if grid.is_even:
        return
    seen = score_of(scene.hu.copy(), grid=grid, labels=scene.labels.copy(), names=NAMES, rule=rule)
    expected = oracle.score(
        scene.hu, scene.labels, NAMES, positions_mm=list(positions), pixel_mm2=grid.pixel_area_mm2, rule=rule
    )
    for name, sums in expected.items():
        assert close(seen.vessels[name].agatston, sums.agatston)
        assert close(seen.vessels[name].volume_mm3, sums.volume_mm3)


@settings(max_examples=40)
@given(scene=scenes(), axis=st.sampled_from([0, 1, 2]))
def test_a_flipped_image_scores_the_same(scene: Scene, axis: int) -> None:
    flipped = replace(scene, hu=np.flip(scene.hu, axis), labels=np.flip(scene.labels, axis))
    one, other = scene.score().total, flipped.score().total
    assert close(one.agatston, other.agatston)
    assert close(one.volume_isotropic_mm3, other.volume_isotropic_mm3)
    assert one.lesions == other.lesions


@settings(max_examples=40)
@given(scene=scenes())
def test_rows_and_columns_may_be_exchanged_with_their_spacings(scene: Scene) -> None:
    turned = Scene(
        np.ascontiguousarray(scene.hu.transpose(0, 2, 1)),
        np.ascontiguousarray(scene.labels.transpose(0, 2, 1)),
        (scene.spacing_mm[0], scene.spacing_mm[2], scene.spacing_mm[1]),
    )
    one, other = scene.score().total, turned.score().total
    assert close(one.agatston, other.agatston)
    assert close(one.volume_isotropic_mm3, other.volume_isotropic_mm3)
    assert one.lesions == other.lesions


@settings(max_examples=40)
@given(scene=scenes(), before=st.tuples(*[st.integers(0, 3)] * 3), after=st.tuples(*[st.integers(0, 3)] * 3))
def test_air_around_the_image_changes_nothing(
    scene: Scene, before: tuple[int, int, int], after: tuple[int, int, int]
) -> None:
    pad = list(zip(before, after, strict=True))
    padded = replace(scene, hu=np.pad(scene.hu, pad, constant_values=-1000), labels=np.pad(scene.labels, pad))
    assert close(scene.agatston, padded.agatston)
    assert close(scene.score().total.mass_mg, padded.score().total.mass_mg)


@settings(max_examples=40)
@given(scene=scenes(), factor=st.floats(0.2, 5.0))
def test_the_score_is_proportional_to_the_spacing_between_slices(scene: Scene, factor: float) -> None:
    stretched = replace(scene, spacing_mm=(scene.spacing_mm[0] * factor, *scene.spacing_mm[1:]))
    assert close(stretched.agatston, factor * scene.agatston)


@settings(max_examples=40)
@given(scene=scenes(), factor=st.floats(0.2, 5.0))
def test_without_a_minimum_area_the_score_is_proportional_to_pixel_area(scene: Scene, factor: float) -> None:
    rule = replace(AGATSTON_1990, min_patch_mm2=0.0)
    wider = replace(scene, spacing_mm=(scene.spacing_mm[0], scene.spacing_mm[1], scene.spacing_mm[2] * factor))
    assert close(wider.score(rule).total.agatston, factor * scene.score(rule).total.agatston)


@settings(max_examples=40)
@given(scene=scenes())
def test_vessels_and_lesions_add_up_to_the_total(scene: Scene) -> None:
    scored = scene.score()
    for field in ("agatston", "volume_mm3", "volume_isotropic_mm3", "mass_mg"):
        total = getattr(scored.total, field)
        assert close(sum(getattr(lesion, field) for lesion in scored.lesions), total)
        assert close(sum(getattr(vessel, field) for vessel in scored.vessels.values()), total)


@settings(max_examples=40)
@given(scene=scenes())
def test_each_vessel_scores_as_if_it_were_alone(scene: Scene) -> None:
    whole = scene.score()
    for name in set(NAMES.values()):
        values = [value for value, other in NAMES.items() if other == name]
        alone = replace(scene, labels=np.where(np.isin(scene.labels, values), scene.labels, 0).astype(np.uint8))
        assert close(alone.agatston, whole.vessels[name].agatston)


@settings(max_examples=40)
@given(scene=scenes(), seed=st.integers(0, 1000))
def test_values_of_labels_are_only_names(scene: Scene, seed: int) -> None:
    table = np.random.default_rng(seed).permutation(np.arange(1, 256)).astype(np.uint8)
    table = np.concatenate([np.zeros(1, dtype=np.uint8), table])
    names = {int(table[value]): name for value, name in NAMES.items()}
    seen = score_of(scene.hu.copy(), spacing_mm=scene.spacing_mm, labels=table[scene.labels], names=names)
    for name, vessel in scene.score().vessels.items():
        assert close(seen.vessels[name].agatston, vessel.agatston)


@settings(max_examples=40)
@given(scene=scenes(), connectivity=st.sampled_from([18, 26]), flat=st.sampled_from([4, 8]))
def test_how_lesions_join_across_slices_never_changes_the_total(scene: Scene, connectivity: int, flat: int) -> None:
    rule = replace(AGATSTON_1990, in_plane_connectivity=flat, lesion_connectivity=26)  # type: ignore[arg-type]
    other = replace(rule, lesion_connectivity=connectivity)  # type: ignore[arg-type]
    assert close(scene.score(rule).total.agatston, scene.score(other).total.agatston)
    if flat == 4:
        faces = replace(rule, lesion_connectivity=6)
        assert close(scene.score(rule).total.agatston, scene.score(faces).total.agatston)


@settings(max_examples=40)
@given(scene=scenes(), place=st.integers(0, 10**6), more=st.integers(1, 900), convention=conventions)
def test_a_brighter_voxel_never_lowers_the_score(scene: Scene, place: int, more: int, convention: Convention) -> None:
    """A voxel that reaches the threshold can only enlarge or join patches; joined patches weigh by the higher peak."""
    rule = convention.rule()
    brighter = scene.hu.copy()
    brighter.reshape(-1)[place % brighter.size] += more
    one, other = scene.score(rule).total, replace(scene, hu=brighter).score(rule).total
    assert other.agatston >= one.agatston - 1e-9
    assert other.volume_mm3 >= one.volume_mm3 - 1e-9


@settings(max_examples=40)
@given(scene=scenes(), higher=st.floats(0, 300))
def test_a_higher_threshold_never_raises_the_score(scene: Scene, higher: float) -> None:
    rule = replace(AGATSTON_1990, threshold_hu=130 + higher)
    assert scene.score(rule).total.agatston <= scene.agatston + 1e-9


@settings(max_examples=40)
@given(scene=scenes(), area=st.floats(0, 4), pixels=st.integers(1, 6))
def test_a_larger_minimum_never_raises_the_score(scene: Scene, area: float, pixels: int) -> None:
    loose = replace(AGATSTON_1990, min_patch_mm2=0.0)
    strict = replace(AGATSTON_1990, min_patch_mm2=area, min_patch_pixels=pixels)
    assert scene.score(strict).total.agatston <= scene.score(loose).total.agatston + 1e-9


@settings(max_examples=40)
@given(scene=scenes())
def test_the_score_lies_between_one_and_four_times_the_area(scene: Scene) -> None:
    scored = scene.score()
    for lesion in scored.lesions:
        assert lesion.area_mm2 - 1e-9 <= lesion.agatston <= 4 * lesion.area_mm2 + 1e-9
        assert lesion.volume_mm3 == pytest.approx(3 * lesion.area_mm2)


@settings(max_examples=40)
@given(scene=scenes())
def test_what_is_not_labelled_never_matters_to_score_volume_or_threshold_mass(scene: Scene) -> None:
    hidden = np.where(np.isin(scene.labels, list(NAMES)), scene.hu, -1000).astype(np.int16)
    one, other = scene.score().total, replace(scene, hu=hidden).score().total
    assert close(one.agatston, other.agatston)
    assert close(one.volume_mm3, other.volume_mm3)
    assert close(one.mass_mg, other.mass_mg)
