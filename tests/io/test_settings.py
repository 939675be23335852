"""Small files that users write."""

from __future__ import annotations

from pathlib import Path

import pytest

from vascal.calcium.calibration_table import CalibrationTable, look_up_calibration
from vascal.calcium.mass import Calibration
from vascal.errors import LabelError, RuleError
from vascal.io.settings import read_calibration, read_label_names
from vascal.study import Acquisition


def test_label_names_are_read(tmp_path: Path) -> None:
    path = tmp_path / "names.json"
    path.write_text('{"1": "LM", "7": "aortic valve"}')
    assert read_label_names(path) == {1: "LM", 7: "aortic valve"}


@pytest.mark.parametrize("text", ["[1, 2]", "{", '{"one": "LM"}', '{"0": "LM"}', '{"256": "LM"}', '{"1": ""}', "{}"])
def test_label_names_that_make_no_sense_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "names.json"
    path.write_text(text)
    with pytest.raises(LabelError, match=r"names\.json"):
        read_label_names(path)


def test_a_number_is_a_calibration() -> None:
    calibration = read_calibration("0.75")
    assert isinstance(calibration, Calibration)
    assert (calibration.factor_mg_cm3_per_hu, calibration.source) == (0.75, "stated")


def test_rods_are_read(tmp_path: Path) -> None:
    path = tmp_path / "rods.json"
    path.write_text(
        '{"water": {"center_mm": [0, 1, 2], "radius_mm": 5, "length_mm": 9},'
        ' "calcium": {"center_mm": [3, 4, 5], "radius_mm": 5, "length_mm": 9, "density_mg_cm3": 200}}'
    )
    rods = read_calibration(str(path))
    assert isinstance(rods, tuple)
    assert (rods[0].density_mg_cm3, rods[1].density_mg_cm3, rods[1].center_mm) == (0.0, 200.0, (3.0, 4.0, 5.0))


TABLE = """manufacturer,model,kvp,kernel,factor_mg_cm3_per_hu,source
SIEMENS,SOMATOM Force,120,Qr36d,0.78,own phantom
SIEMENS,,100,,0.66,
,,,,0.77,last resort
"""


def test_the_first_row_that_holds_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(TABLE)
    table = read_calibration(str(path))
    assert isinstance(table, CalibrationTable)
    force = Acquisition(manufacturer="Siemens Healthineers", model="SOMATOM Force", kvp=120.0, kernels=("Qr36d", "3"))
    found = look_up_calibration(table, force)
    assert (found.factor_mg_cm3_per_hu, found.source) == (0.78, "table")
    assert found.detail == "SIEMENS SOMATOM Force 120 kVp Qr36d own phantom"
    low = Acquisition(manufacturer="Siemens", model="Definition", kvp=100.0)
    assert look_up_calibration(table, low).factor_mg_cm3_per_hu == 0.66
    assert look_up_calibration(table, Acquisition()).factor_mg_cm3_per_hu == 0.77


def test_no_row_is_an_error_and_not_a_guess() -> None:
    with pytest.raises(RuleError, match="no row of the calibration table"):
        look_up_calibration(CalibrationTable(rows=()), Acquisition(manufacturer="GE", kvp=120.0))


@pytest.mark.parametrize(
    ("name", "text"),
    [("rods.json", "{}"), ("rods.json", "["), ("table.csv", "kvp\n120\n"), ("table.csv", "factor_mg_cm3_per_hu\nx\n")],
)
def test_calibrations_that_make_no_sense_are_refused(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(RuleError, match="expected rods as JSON or a table as CSV"):
        read_calibration(str(path))


@pytest.mark.parametrize("text", ["0", "-1", "77", "nan", "missing.csv"])
def test_factors_out_of_reason_and_missing_files_are_refused(text: str) -> None:
    with pytest.raises(RuleError):
        read_calibration(text)
