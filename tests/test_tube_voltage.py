"""Brightness of calcium by tube voltage."""

from __future__ import annotations

import numpy as np
import pytest

from vascal.errors import RuleError
from vascal.tube_voltage import CALCIUM_HU_RATIO, TUBE_VOLTAGES_KV, calcium_hu_ratio, require_supported_kvp


@pytest.mark.parametrize(
    ("kvp", "published_hu", "within_hu"), [(70, 207, 4), (80, 177, 1), (100, 147, 1), (120, 130, 0)]
)
def test_130_hu_becomes_the_published_threshold(kvp: int, published_hu: int, within_hu: int) -> None:
    assert abs(round(130 * calcium_hu_ratio(kvp)) - published_hu) <= within_hu


def test_the_table_is_met_at_its_own_voltages() -> None:
    assert [calcium_hu_ratio(kvp) for kvp in TUBE_VOLTAGES_KV] == pytest.approx(list(CALCIUM_HU_RATIO), rel=1e-12)
    assert calcium_hu_ratio(120) == 1.0


def test_calcium_darkens_steadily_as_voltage_rises() -> None:
    ratios = [calcium_hu_ratio(kvp) for kvp in np.linspace(70, 150, 161)]
    assert np.all(np.diff(ratios) < 0)


def test_between_tabulated_voltages_a_power_law_holds() -> None:
    middle = float(np.sqrt(100 * 110))
    assert calcium_hu_ratio(middle) == pytest.approx(np.sqrt(calcium_hu_ratio(100) * calcium_hu_ratio(110)))


@pytest.mark.parametrize("kvp", [69, 151, -120, float("nan"), float("inf")])
def test_voltages_without_data_are_refused(kvp: float) -> None:
    with pytest.raises(RuleError, match="--kvp"):
        require_supported_kvp(kvp)


@pytest.mark.parametrize("kvp", [70, 90, 110, 130, 135, 140, 150])
def test_every_voltage_in_clinical_use_is_accepted(kvp: float) -> None:
    require_supported_kvp(kvp)
