from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.proportion import confint_proportions_2indep

from vascal.errors import EvaluationError
from vascal.evaluate.e_value import (
    TwoGroups,
    e_value,
    estimate_odds_ratio,
    estimate_risk_difference,
    estimate_risk_ratio,
)


def two(events: int, total: int, reference_events: int, reference_total: int) -> TwoGroups:
    return TwoGroups(events=events, total=total, reference_events=reference_events, reference_total=reference_total)


def test_the_paper_of_the_e_value_is_met() -> None:
    # VanderWeele & Ding 2017: breast feeding and respiratory death, RR 3.9 (1.8-8.7).
    found = e_value(3.9, 1.8, 8.7, measure="rr", is_common=False)
    assert found.of_estimate == pytest.approx(7.263, abs=5e-4)
    assert found.of_limit == pytest.approx(3.0, abs=5e-4)


def test_a_common_outcomes_hazard_ratio_is_converted() -> None:
    # R: EValue::toRR(HR(1.56, rare = FALSE)) 1.360
    assert e_value(1.56, 1.1, 2.2, measure="hr", is_common=True).risk_ratio == pytest.approx(1.360, abs=5e-4)
    assert e_value(1.56, 1.1, 2.2, measure="hr", is_common=False).risk_ratio == 1.56


def test_a_common_outcomes_odds_ratio_gives_its_root() -> None:
    found = e_value(4.0, 2.25, 9.0, measure="or", is_common=True)
    assert (found.risk_ratio, found.risk_ratio_limit) == (2.0, 1.5)
    assert found.of_estimate == pytest.approx(2 + math.sqrt(2))


def test_an_interval_that_holds_one_needs_no_confounder() -> None:
    assert e_value(2.0, 0.9, 4.4, measure="rr", is_common=False).of_limit == 1
    assert e_value(0.5, 0.2, 1.0, measure="rr", is_common=False).of_limit == 1
    assert e_value(1.0, 0.5, 2.0, measure="rr", is_common=False).of_estimate == 1


@given(st.floats(1.01, 20), st.floats(0.1, 0.99), st.sampled_from(["rr", "or", "hr"]), st.booleans())
def test_protective_and_harmful_ratios_mirror_each_other(ratio, share, measure, is_common) -> None:  # type: ignore[no-untyped-def]
    harm = e_value(ratio, ratio * share, ratio / share, measure=measure, is_common=is_common)
    shield = e_value(1 / ratio, share / ratio, 1 / (ratio * share), measure=measure, is_common=is_common)
    assert harm.of_estimate == pytest.approx(shield.of_estimate)
    assert harm.of_limit == pytest.approx(shield.of_limit)
    assert 1 <= harm.of_limit <= harm.of_estimate


@pytest.mark.parametrize(
    "bad", [(0.0, 0.0, 1.0), (2.0, 2.1, 3.0), (2.0, 1.0, 1.5), (math.nan, 1.0, 2.0), (2.0, -1, 3.0)]
)
def test_limits_that_do_not_hold_the_ratio_are_refused(bad: tuple[float, float, float]) -> None:
    with pytest.raises(EvaluationError, match="low <= ratio <= high"):
        e_value(*bad, measure="rr", is_common=False)


def test_an_unbounded_interval_has_an_e_value() -> None:
    assert e_value(3.0, 1.5, math.inf, measure="hr", is_common=True).of_limit > 1
    assert e_value(0.5, 0.0, 0.8, measure="rr", is_common=False).of_limit == pytest.approx(1.25 + math.sqrt(0.3125))


def test_the_aortic_studys_e_value_is_met_but_its_interval_holds_one() -> None:
    # 15 % against 7 %: printed as 3.71 (1.42-9.53). The printed limits are E-values of 1 / 0.913 and of 5.03.
    ratio = estimate_risk_ratio(two(15, 100, 7, 100))
    found = e_value(ratio.value, ratio.low, ratio.high, measure="rr", is_common=False)
    assert found.of_estimate == pytest.approx(3.71, abs=5e-3)
    assert ratio.low == pytest.approx(0.913, abs=1e-3)
    assert ratio.high == pytest.approx(5.031, abs=2e-3)
    assert found.of_limit == 1
    assert e_value(1 / ratio.low, 1, 2, measure="rr", is_common=False).of_estimate == pytest.approx(1.42, abs=5e-3)
    assert e_value(ratio.high, 1, 6, measure="rr", is_common=False).of_estimate == pytest.approx(9.53, abs=5e-3)


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 30), st.integers(1, 30))
def test_ratios_agree_with_statsmodels(a: int, b: int, c: int, d: int) -> None:
    table, groups = Table2x2([[a, b], [c, d]]), two(a, a + b, c, c + d)
    risk, odds = estimate_risk_ratio(groups, level=0.9), estimate_odds_ratio(groups, level=0.9)
    assert [risk.value, risk.low, risk.high] == pytest.approx([table.riskratio, *table.riskratio_confint(0.1)])
    assert [odds.value, odds.low, odds.high] == pytest.approx([table.oddsratio, *table.oddsratio_confint(0.1)])
    assert risk.p_value == pytest.approx(table.riskratio_pvalue())
    assert odds.p_value == pytest.approx(table.oddsratio_pvalue())


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 30), st.integers(1, 30))
def test_differences_agree_with_statsmodels(a: int, b: int, c: int, d: int) -> None:
    found = estimate_risk_difference(two(a, a + c, b, b + d))
    limits = confint_proportions_2indep(a, a + c, b, b + d, method="newcomb", compare="diff")
    assert [found.low, found.high] == pytest.approx(limits, abs=1e-9)
    assert found.value == pytest.approx(a / (a + c) - b / (b + d))


@pytest.mark.parametrize(
    ("groups", "risk", "odds"),
    [
        (two(0, 10, 3, 10), 0.0, 0.0),
        (two(3, 10, 0, 10), math.inf, math.inf),
        (two(0, 10, 0, 10), math.nan, math.nan),
        (two(7, 7, 3, 3), 1.0, math.nan),
    ],
)
def test_ratios_of_empty_cells_have_no_limits(groups: TwoGroups, risk: float, odds: float) -> None:
    for found, wanted in ((estimate_risk_ratio(groups), risk), (estimate_odds_ratio(groups), odds)):
        assert found.value == pytest.approx(wanted, nan_ok=True)
        assert math.isnan(found.low)
        assert math.isnan(found.high)
        assert found.p_value is None


@pytest.mark.parametrize("cells", [(3, 2, 1, 2), (-1, 2, 1, 2), (1, 2, 0, 0)])
def test_impossible_counts_are_refused(cells: tuple[int, int, int, int]) -> None:
    with pytest.raises(EvaluationError, match="events among"):
        two(*cells)
