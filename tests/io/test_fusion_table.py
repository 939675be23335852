"""Cohorts from files: what is read, and what is refused with its line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vascal.errors import TableError
from vascal.fusion.features import Feature
from vascal.fusion.simulated_cohort import FEATURES, OBSTRUCTIVE, OUTCOMES, simulate_cohort
from vascal.fusion.targets import Outcome
from vascal.io.fusion_table import read_cohort, read_outcome, write_simulated_cohort

WANTED = (
    Feature(name="agatston", kind="score", block="imaging"),
    Feature(name="ldl_mg_dl", kind="number", block="clinical", unit="mg/dL"),
    Feature(name="smoker", kind="yes-no", block="clinical"),
    Feature(name="kidney", kind="category", block="clinical"),
)
HEADER = "patient,agatston,ldl_mg_dl,smoker,kidney,mi,mi_years\n"
MI = Outcome(name="mi", event="mi", time="mi_years", horizon_years=5)


def write(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "cohort.csv"
    path.write_text(header + "".join(f"{row}\n" for row in rows))
    return path


def test_cells_are_read_by_their_kind(tmp_path: Path) -> None:
    path = write(tmp_path, "p9,0,120,yes,none,0,4.5", "p1,12.5,,No,ckd,1,2", "p9,3,NA,,NA,2,1", "p4,1,1e2,1,none,,")
    cohort = read_cohort(path, WANTED, "patient")
    columns = cohort.patients.columns
    assert columns["agatston"].tolist() == [0.0, 12.5, 3.0, 1.0]
    assert np.array_equal(columns["ldl_mg_dl"], [120.0, np.nan, np.nan, 100.0], equal_nan=True)
    assert np.array_equal(columns["smoker"], [1.0, 0.0, np.nan, 1.0], equal_nan=True)
    assert columns["kidney"].tolist() == ["none", "ckd", "", "none"]  # "none" is a word, "NA" is not
    assert cohort.patients.patient.tolist() == [2, 0, 2, 1]
    assert not cohort.is_simulated
    data = read_outcome(cohort, MI)
    assert data.rows.tolist() == [True, True, True, False]
    assert data.ends.causes.tolist() == [0, 1, 2]
    assert data.ends.time is not None
    assert data.ends.time.tolist() == [4.5, 2.0, 1.0]
    answers = read_outcome(read_cohort(path, (), "patient"), Outcome(name="smoker", event="smoker"))
    assert answers.ends.causes.tolist() == [1, 0, 1]
    assert answers.ends.time is None


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("secret,-1,120,yes,none,0,1", "line 3: agatston is a score and negative"),
        ("secret,high,120,yes,none,0,1", "line 3: agatston is not a number"),
        ('secret,"1,200",120,yes,none,0,1', "not a number; write decimals with a point and no thousands"),
        ("secret,1,inf,yes,none,0,1", "line 3: ldl_mg_dl is not finite"),
        ("secret,1,120,maybe,none,0,1", "line 3: smoker must say yes or no, or 1 or 0"),
        (",1,120,yes,none,0,1", "line 3: patient is missing"),
        ("secret,1,120,yes,none,3,1", r"line 3: mi must be 0 \(without\), 1 \(event\) or 2"),
        ("secret,1,120,yes,none,1,-2", "line 3: mi_years is negative"),
        ("secret,1,120,yes,none,1,", "line 3: only one of mi and mi_years is stated"),
    ],
)
def test_cells_that_can_not_be_used_are_refused_by_line_and_never_by_patient(
    tmp_path: Path, row: str, what: str
) -> None:
    path = write(tmp_path, "p1,12.5,100,No,ckd,1,2", row)
    with pytest.raises(TableError, match=what) as caught:
        read_outcome(read_cohort(path, WANTED, "patient"), MI)
    assert "secret" not in str(caught.value)


def test_a_competing_event_has_no_place_in_yes_or_no(tmp_path: Path) -> None:
    cohort = read_cohort(write(tmp_path, "p,1,1,1,a,2,1"), WANTED, "patient")
    with pytest.raises(TableError, match="mi must be 0 or 1"):
        read_outcome(cohort, Outcome(name="mi", event="mi"))


def test_columns_that_are_missing_are_all_named_with_what_may_be_meant(tmp_path: Path) -> None:
    path = write(tmp_path, "p,1,3.1,a", header="patient,agatston,ldl_mmol_l,kidney\n")
    with pytest.raises(
        TableError, match=r"lacks columns: ldl_mg_dl \(is it ldl_mmol_l\? .*convert its unit and rename it\), smoker$"
    ):
        read_cohort(path, WANTED, "patient")


def test_many_lines_are_not_all_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="lines 2, 3, 4, 5, 6, 7, 8, 9 and 4 more: agatston"):
        read_cohort(write(tmp_path, *["p,x,1,1,a,0,1"] * 12), WANTED, "patient")


def test_a_simulated_cohort_is_read_as_it_was_drawn(tmp_path: Path) -> None:
    cohort = simulate_cohort(200, 1)
    truth = write_simulated_cohort(cohort, tmp_path / "cohort.csv")
    found = read_cohort(tmp_path / "cohort.csv", FEATURES, "patient")
    assert found.is_simulated
    for feature in FEATURES:
        column = found.patients.columns[feature.name]
        if feature.is_word:
            assert column.tolist() == cohort.columns[feature.name].tolist()
        else:
            assert column == pytest.approx(cohort.columns[feature.name], nan_ok=True)
    for outcome in (*OUTCOMES, OBSTRUCTIVE):
        assert read_outcome(found, outcome).ends.causes.tolist() == cohort.columns[outcome.event].tolist()
    assert truth.name == "cohort-truth.csv"
    assert "mi,agatston,0.25,1.28" in truth.read_text()
