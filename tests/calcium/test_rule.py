"""Rules: thresholds, weights, adaptation to tube voltage, refusal of nonsense."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vascal.calcium.rule import (
    AGATSTON_1990,
    AGATSTON_KVP,
    FOUR_PIXELS,
    ORCASCORE,
    RULES,
    adapt_rule,
    choose_rule,
    override_rule,
)
from vascal.errors import RuleError


def hu(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int16)


def test_calcium_begins_at_130_hu() -> None:
    assert AGATSTON_1990.is_calcium(hu(129, 130, 131)).tolist() == [False, True, True]


def test_the_challenge_rule_asks_for_more_than_130_hu() -> None:
    assert ORCASCORE.is_calcium(hu(129, 130, 131)).tolist() == [False, False, True]


@pytest.mark.parametrize("name", RULES)
def test_weights_step_up_at_200_300_and_400_hu(name: str) -> None:
    peaks = hu(130, 199, 200, 299, 300, 399, 400, 3000)
    assert RULES[name].weight(peaks).tolist() == [1, 1, 2, 2, 3, 3, 4, 4]


def test_named_rules_are_what_they_say() -> None:
    assert AGATSTON_1990.min_patch_mm2 == 1.0
    assert AGATSTON_1990.in_plane_connectivity == 8
    assert (ORCASCORE.min_patch_mm2, ORCASCORE.in_plane_connectivity, ORCASCORE.lesion_connectivity) == (0.0, 4, 6)
    assert (FOUR_PIXELS.min_patch_pixels, FOUR_PIXELS.min_patch_mm2) == (4, 0.0)
    assert set(RULES) == {"agatston-1990", "agatston-kvp", "orcascore", "four-pixels"}
    assert all(name == rule.name and rule.source for name, rule in RULES.items())


@pytest.mark.parametrize("kvp", [70, 80, 90, 100, 110, 120, 130, 135, 140, 150])
def test_threshold_and_edges_scale_together(kvp: int) -> None:
    rule = adapt_rule(AGATSTON_KVP, kvp)
    ratio = rule.threshold_hu / 130
    assert rule.weight_edges_hu == pytest.approx((200 * ratio, 300 * ratio, 400 * ratio))
    assert rule.kvp == kvp
    assert (ratio > 1) == (kvp < 120)


@pytest.mark.parametrize(("kvp", "peak"), [(80, 400), (100, 310), (120, 280), (135, 260)])
def test_the_published_peaks_weigh_two_at_their_voltage(kvp: int, peak: int) -> None:
    assert adapt_rule(AGATSTON_KVP, kvp).weight(hu(peak)).tolist() == [2]


def test_120_kvp_scores_by_the_1990_numbers() -> None:
    assert choose_rule(120) is AGATSTON_1990
    assert choose_rule(None) is AGATSTON_1990
    adapted = choose_rule(120, "agatston-kvp")
    assert (adapted.threshold_hu, adapted.weight_edges_hu) == (130.0, (200.0, 300.0, 400.0))


def test_other_voltages_choose_the_adapted_rule_unless_one_is_named() -> None:
    assert choose_rule(100).name == "agatston-kvp"
    assert choose_rule(100).threshold_hu == pytest.approx(147, abs=0.5)
    assert choose_rule(100, "agatston-1990") is AGATSTON_1990
    assert choose_rule(100, "orcascore") is ORCASCORE
    assert choose_rule(None, "agatston-kvp") is AGATSTON_KVP


@pytest.mark.parametrize("kvp", [0, 69.9, 150.1, float("nan")])
def test_a_voltage_without_known_thresholds_is_refused(kvp: float) -> None:
    with pytest.raises(RuleError, match="70 to 150 kVp"):
        choose_rule(kvp)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(RuleError, match="agatston-1990, agatston-kvp"):
        choose_rule(120, "agatson")


def test_a_rule_is_not_adapted_twice() -> None:
    with pytest.raises(RuleError, match="already holds for 100 kVp"):
        adapt_rule(choose_rule(100), 80)


@pytest.mark.parametrize(
    "nonsense",
    [
        {"threshold_hu": float("nan")},
        {"weight_edges_hu": (200.0, float("inf"))},
        {"weight_edges_hu": (300.0, 200.0, 400.0)},
        {"weight_edges_hu": (200.0, 200.0, 400.0)},
        {"min_patch_mm2": -0.1},
        {"min_patch_pixels": 0},
        {"reference_spacing_mm": 0.0},
        {"lesion_connectivity": 6},
    ],
    ids=str,
)
def test_a_rule_that_contradicts_itself_is_refused(nonsense: dict[str, object]) -> None:
    with pytest.raises(RuleError):
        replace(AGATSTON_1990, **nonsense)  # type: ignore[arg-type]


def test_overrides_are_remembered_by_name() -> None:
    rule = override_rule(AGATSTON_1990, threshold_hu=100.0, min_patch_pixels=3)
    assert (rule.threshold_hu, rule.min_patch_pixels, rule.min_patch_mm2) == (100.0, 3, 1.0)
    assert rule.changed == ("threshold_hu", "min_patch_pixels")


def test_an_override_of_zero_is_an_override() -> None:
    assert override_rule(AGATSTON_1990, min_patch_mm2=0.0).changed == ("min_patch_mm2",)


def test_no_override_is_no_change() -> None:
    assert override_rule(AGATSTON_1990) is AGATSTON_1990
