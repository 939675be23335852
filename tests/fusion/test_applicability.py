"""Patients unlike the training rows: other units are refused, other values are told."""

from __future__ import annotations

import numpy as np
import pytest

from vascal.errors import TableError
from vascal.fusion.applicability import find_caveats, forget_new_words, require_same_units
from vascal.fusion.encoding import FeatureCode, learn_code
from vascal.fusion.features import Column, Feature, Patients

NAN = float("nan")
LDL = FeatureCode(feature=Feature(name="ldl", kind="number", block="clinical", unit="mg/dL"), low=40, high=250)
CAC = FeatureCode(feature=Feature(name="cac", kind="score", block="imaging"), low=0, high=4000)
DENSITY = FeatureCode(
    feature=Feature(name="density", kind="number", block="imaging", blank="not-applicable"), low=1, high=4
)
KIDNEY = learn_code(Feature(name="kidney", kind="category", block="clinical"), np.array(["none", "ckd", "none"]))


def table(**columns: list[float] | list[str]) -> Patients:
    found: dict[str, Column] = {name: np.array(column) for name, column in columns.items()}
    return Patients(columns=found, patient=np.arange(len(next(iter(found.values())))))


@pytest.mark.parametrize(
    ("code", "values"),
    [
        (LDL, [3.2]),  # mmol/L
        (LDL, [3.2, NAN, 2.0, 90.0]),
        (CAC, [50_000.0]),
        (LDL, [300.0] * 6 + [120.0] * 5),  # most of many lie outside
    ],
)
def test_other_units_are_refused(code: FeatureCode, values: list[float]) -> None:
    with pytest.raises(TableError, match=f"column {code.feature.name} has a median of .*is it in another unit"):
        require_same_units(table(**{code.feature.name: values}), (code,))


@pytest.mark.parametrize(
    ("code", "values"),
    [(LDL, [30.0]), (LDL, [260.0, 300.0]), (CAC, [0.0]), (CAC, [9000.0]), (LDL, [NAN]), (LDL, [120.0] * 20)],
)
def test_one_odd_patient_is_not(code: FeatureCode, values: list[float]) -> None:
    require_same_units(table(**{code.feature.name: values}), (code,))


def test_words_have_no_unit() -> None:
    require_same_units(table(kidney=["other"]), (KIDNEY,))


def test_each_row_is_told_what_the_model_does_not_know() -> None:
    patients = table(
        ldl=[120.0, NAN, 310.0], density=[NAN, 5.0, 2.0], kidney=["none", "transplant", ""], cac=[0.0, 4000.0, 4000.1]
    )
    assert find_caveats(patients, (LDL, DENSITY, KIDNEY, CAC)) == [
        (),
        ("ldl is not known", "density 5 lies outside 1 to 4", "kidney transplant was not among the training rows"),
        ("ldl 310 lies outside 40 to 250 mg/dL", "kidney is not known", "cac 4000.1 lies outside 0 to 4000"),
    ]


def test_new_words_are_taken_as_not_known() -> None:
    found = forget_new_words(table(kidney=["ckd", "transplant", ""], ldl=[1.0, 2.0, 3.0]), (KIDNEY, LDL))
    assert found.columns["kidney"].tolist() == ["ckd", "", ""]
    assert found.columns["ldl"].tolist() == [1.0, 2.0, 3.0]
