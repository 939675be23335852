"""A plan on disk makes the scans it describes, and says what is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.errors import InputError, SimulationError
from vascal.io.plan_csv import COLUMNS, read_plan, write_plan
from vascal.simulate.ct.study_plan import PlannedScan, draw_plan, require_consistent


def plan_of(tmp_path: Path, text: str) -> tuple[PlannedScan, ...]:
    path = tmp_path / "plan.csv"
    path.write_text(text)
    return read_plan(path)


def test_a_plan_comes_back_as_it_was_written(tmp_path: Path) -> None:
    scans = draw_plan(12, 30, ("gated", "ccta", "pet-ac"), agatston=120.0)
    write_plan(scans, tmp_path / "plan.csv")
    assert read_plan(tmp_path / "plan.csv") == scans


@given(seed=st.integers(0, 10_000))
def test_any_drawn_patient_survives_the_file(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("plan") / "plan.csv"
    scans = draw_plan(1, seed)
    write_plan(scans, path)
    assert read_plan(path) == scans


def test_a_short_plan_takes_the_rest_from_protocol_and_seed(tmp_path: Path) -> None:
    (first, second) = plan_of(tmp_path, "patient_id,protocol,kvp,bmi\nA,low-dose,100,41\nB,,,\n")
    assert (first.protocol.name, first.protocol.kvp, first.protocol.thickness_mm) == ("low-dose", 100.0, 1.5)
    assert (first.patient.bmi, first.patient_id) == (41.0, "A")
    assert (second.protocol.name, second.seed) == ("gated", 1)
    assert second.patient == draw_plan(1, 1)[0].patient


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("patient_id,colour\nA,red\n", "unknown columns"),
        ("patient_id,kvp\nA,high\n", "row 1 of the plan"),
        ("patient_id,kvp\nA,60\n", "row 1 of the plan"),
        ("patient_id,arms\nA,sideways\n", "arms is one of up, down"),
        ("patient_id,is_gated\nA,maybe\n", "true or false"),
        ("patient_id,bmi\nA,3\n", "bmi lies from 17 to 50"),
        ("patient_id,protocol\nA,x\n", "no protocol is called 'x'"),
        ("patient_id\n", "holds no scan"),
        ("patient_id,series_number\nA,1\nA,1\n", "rows 1 and 2"),
        ("patient_id,series_number,seed,bmi\nA,1,5,20\nA,2,5,30\n", "row 2 of the plan changes a patient"),
        ("patient_id\n../evil\n", "letters, digits"),
    ],
)
def test_what_is_wrong_with_a_plan_is_said(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises((InputError, SimulationError), match=message):
        plan_of(tmp_path, text)


def test_a_missing_plan_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can not be read"):
        read_plan(tmp_path / "none.csv")


def test_columns_are_different() -> None:
    assert len(set(COLUMNS)) == len(COLUMNS)


def test_a_plan_needs_patients_and_protocols() -> None:
    with pytest.raises(SimulationError, match="needs a patient"):
        draw_plan(0, 1)
    scan = draw_plan(1, 1)[0]
    with pytest.raises(SimulationError, match="same series"):
        require_consistent([scan, replace(scan, seed=9)])
