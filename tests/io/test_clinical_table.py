"""A table of clinical variables becomes profiles, or a list of faults by line and column."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.errors import TableError
from vascal.io.clinical_table import SHOWN, read_clinical_table
from vascal.risk.clinical_text import INPUTS
from vascal.risk.profile import ClinicalProfile
from vascal.risk.quantity import Cholesterol, Hba1c

KEY = "JOHN-DOE-0042"


@pytest.fixture
def write(tmp_path: Path):  # type: ignore[no-untyped-def]
    def write(text: str) -> Path:
        path = tmp_path / "clinic.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_rows_become_profiles_with_units_from_heading_or_cell(write) -> None:  # type: ignore[no-untyped-def]
    profiles = read_clinical_table(
        write(
            "study,age_years,sex,total_cholesterol [mmol/L],hdl,is_smoker,systolic_mmhg [kPa],hba1c [%]\n"
            "1.2.3,61,F,5.4,50 mg/dL,no,18,\n"
            "1.2.4,70,m,5.0 mmol/L,,unknown,,6.5\n"
        )
    )
    assert list(profiles) == ["1.2.3", "1.2.4"]
    first, second = profiles.values()
    assert first.total_cholesterol == Cholesterol.of(5.4, "mmol/L")
    assert first.hdl == Cholesterol.of(50, "mg/dL")
    assert first.is_smoker is False
    assert first.systolic_mmhg == pytest.approx(135.01, abs=0.01)
    assert second == ClinicalProfile(
        age_years=70.0, sex="M", total_cholesterol=Cholesterol.of(5.0, "mmol/L"), hba1c=Hba1c(value=6.5)
    )


def test_height_and_weight_may_stand_for_the_body_mass_index(write) -> None:  # type: ignore[no-untyped-def]
    profiles = read_clinical_table(write("study;height [cm];weight [kg]\na;175;80\n"))
    assert profiles["a"].bmi == pytest.approx(26.12, abs=0.01)


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("age_years,sex\n61,F\n", ["has no column 'study'"]),
        (
            "study,total_cholestrol,glucose,hdl [g/L],is_smoker [%],weight [stone]\na,1,1,1,1,1\n",
            [
                "column 'total_cholestrol': no such variable; did you mean total_cholesterol?",
                "column 'glucose': no such variable",
                "column 'hdl [g/L]': hdl has no such unit; needed: mg/dL or mmol/L",
                "column 'is_smoker [%]': is_smoker has no such unit; it has none",
                "column 'weight [stone]': weight has no such unit; needed: kg or lb or g",
            ],
        ),
        ("study,hdl [mg/dL],hdl\na,50,50 mg/dL\n", ["hdl has more than one column"]),
        ("study,hdl [mg/dL\na,50\n", ["column 'hdl [mg/dL': no such variable"]),
        (
            f"study,sex,hdl [mg/dL],ldl\n{KEY},F,50,130\n,F,50,130 mg/dL\n"
            f"{KEY},X,1.3 mmol/L,3.4 mmol/L\nb,,,\n{KEY},,,\n",
            [
                "line 3: study is missing",
                "lines 2 and 4 and 6: the same study; needed: one row each",
                "line 2, column 'ldl': LDL cholesterol of 130 without a unit; needed: mg/dL or mmol/L. 130 looks like",
                "line 4, column 'hdl [mg/dL]': the cell states another unit than the heading",
                "line 4, column 'sex': sex is not an answer",
            ],
        ),
        ("study;hdl [mmol/L]\na;1,3\n", ["line 2, column 'hdl [mmol/L]': HDL cholesterol: write decimals"]),
        ("study,hdl [mmol/L]\na,130\n", ["hdl [mmol/L]': cholesterol of 130", "130 mg/dL would be usual"]),
        (
            "study,systolic_mmhg,diastolic_mmhg\na,80,120\n",
            ["line 2: a diastolic pressure of 120 mmHg is not below the systolic of 80 mmHg"],
        ),
    ],
)  # fmt: skip
def test_every_fault_is_named_by_line_and_column(write, text: str, faults: list[str]) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(TableError) as refusal:
        read_clinical_table(write(text))
    for fault in faults:
        assert fault in str(refusal.value)
    assert KEY not in str(refusal.value)


def test_a_table_without_a_heading_shows_no_patient(write) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(TableError) as refusal:
        read_clinical_table(write(f"{KEY},61,F\nb,70,M\n"))
    assert KEY not in str(refusal.value)


def test_many_faults_are_counted_rather_than_listed(write) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(TableError, match=r"\nand 5 more$"):
        read_clinical_table(write("study,sex\n" + "".join(f"{i},X\n" for i in range(SHOWN + 5))))


@given(st.dictionaries(st.sampled_from(list(INPUTS)), st.integers(0, 10), min_size=1))
def test_a_written_table_reads_as_the_typed_values_do(tmp_path_factory, picks: dict[str, int]) -> None:  # type: ignore[no-untyped-def]
    from vascal.risk.clinical_text import read_profile

    cells = {name: INPUTS[name].examples[i % len(INPUTS[name].examples)] for name, i in picks.items()}
    reading = read_profile(cells)
    path = tmp_path_factory.mktemp("table") / "t.csv"
    path.write_text("study," + ",".join(cells) + "\nkey," + ",".join(cells.values()) + "\n", encoding="utf-8")
    if reading.problems:
        with pytest.raises(TableError):
            read_clinical_table(path)
    else:
        assert read_clinical_table(path) == {"key": reading.profile}
