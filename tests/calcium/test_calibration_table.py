"""Mass calibration taken from a table."""

from __future__ import annotations

import pytest

from vascal.calcium.calibration_table import CalibrationRow, CalibrationTable, look_up_calibration
from vascal.errors import RuleError
from vascal.study import Acquisition

SCAN = Acquisition(manufacturer="SIEMENS Healthineers", model="SOMATOM Force", kvp=120.0, kernels=("Qr36d", "2"))


def factor_of(*rows: CalibrationRow, scan: Acquisition = SCAN) -> float:
    return look_up_calibration(CalibrationTable(rows=rows), scan).factor_mg_cm3_per_hu


@pytest.mark.parametrize(
    "cells",
    [
        {},
        {"manufacturer": "siemens"},
        {"model": "somatom force"},
        {"kvp": 120.0},
        {"kernel": "qr36D"},
        {"manufacturer": "Siemens", "model": "SOMATOM Force", "kvp": 120.0, "kernel": "Qr36d"},
    ],
    ids=str,
)
def test_a_row_holds_if_every_filled_cell_does(cells: dict[str, object]) -> None:
    assert factor_of(CalibrationRow(factor_mg_cm3_per_hu=0.78, **cells)) == 0.78  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "cells", [{"manufacturer": "GE"}, {"model": "SOMATOM"}, {"kvp": 100.0}, {"kernel": "Qr36"}], ids=str
)
def test_one_cell_that_does_not_hold_rules_a_row_out(cells: dict[str, object]) -> None:
    row = CalibrationRow(factor_mg_cm3_per_hu=0.9, **cells)  # type: ignore[arg-type]
    assert factor_of(row, CalibrationRow(factor_mg_cm3_per_hu=0.8)) == 0.8


def test_the_first_row_that_holds_wins_and_is_named() -> None:
    rows = (
        CalibrationRow(factor_mg_cm3_per_hu=0.7, manufacturer="Siemens", kvp=120.0, source="phantom of May"),
        CalibrationRow(factor_mg_cm3_per_hu=0.9),
    )
    found = look_up_calibration(CalibrationTable(rows=rows), SCAN)
    assert (found.factor_mg_cm3_per_hu, found.source, found.detail) == (0.7, "table", "Siemens 120 kVp phantom of May")


def test_a_scan_that_no_row_holds_for_is_refused() -> None:
    with pytest.raises(RuleError, match=r"SOMATOM Force, 120.0 kVp, kernel Qr36d/2"):
        factor_of(CalibrationRow(factor_mg_cm3_per_hu=0.7, kvp=100.0))


def test_a_scan_that_says_nothing_of_itself_matches_only_general_rows() -> None:
    silent = Acquisition()
    assert factor_of(CalibrationRow(factor_mg_cm3_per_hu=0.8), scan=silent) == 0.8
    for cells in ({"manufacturer": "GE"}, {"model": "x"}, {"kvp": 120.0}, {"kernel": "x"}):
        with pytest.raises(RuleError):
            factor_of(CalibrationRow(factor_mg_cm3_per_hu=0.8, **cells), scan=silent)
