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


def test_decimal_commas_are_read_where_semicolons_part_the_columns(write) -> None:  # type: ignore[no-untyped-def]
    profiles = read_clinical_table(
        write("study;hdl [mmol/L];ldl;egfr;sdi_decile\na;1,3;3,45 mmol/L;85.5;5\nb;1.25;-;unknown;\n")
    )
    assert profiles["a"] == ClinicalProfile(
        hdl=Cholesterol.of(1.3, "mmol/L"), ldl=Cholesterol.of(3.45, "mmol/L"), egfr=85.5, sdi_decile=5
    )
    assert profiles["b"] == ClinicalProfile(hdl=Cholesterol.of(1.25, "mmol/L"))


def test_a_point_before_three_digits_is_a_decimal_where_no_cell_has_a_comma(write) -> None:  # type: ignore[no-untyped-def]
    assert read_clinical_table(write("study;weight [kg];height [m]\na;80.125;1.755\n"))["a"].bmi == pytest.approx(
        26.014, abs=1e-3
    )


def test_text_in_parquet_may_stand_between_spaces(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    table = pa.table({"study": ["a"], "hdl": [" 1.3 mmol/L "], "age_years": [61.5]})
    pytest.importorskip("pyarrow.parquet").write_table(table, tmp_path / "t.parquet")
    expected = ClinicalProfile(hdl=Cholesterol.of(1.3, "mmol/L"), age_years=61.5)
    assert read_clinical_table(tmp_path / "t.parquet") == {"a": expected}


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("age_years,sex\n61,F\n", ["has no column 'study'"]),
        (
            "study,total_cholestrol,glucose,hdl [g/dL],is_smoker [%],weight [stone]\na,1,1,1,1,1\n",
            [
                "column 'total_cholestrol': no such variable; did you mean total_cholesterol?",
                "column 'glucose': no such variable",
                "column 'hdl [g/dL]': hdl has no such unit; needed: mg/dL or mmol/L",
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
                "line 2, column 'ldl': LDL cholesterol of 130 without a unit; needed: mg/dL or mmol/L or g/L or mg/L. "
                "130 looks like mg/dL",
                "line 4, column 'hdl [mg/dL]': the cell states another unit than the heading",
                "line 4, column 'sex': sex is not an answer",
            ],
        ),
        (
            'study,hdl [mmol/L],ldl\na,"1,3",\nb,,"3,4 mmol/L"\n',
            [
                "line 2, column 'hdl [mmol/L]': a decimal comma; needed: a point, or semicolons between the columns",
                "line 3, column 'ldl': a decimal comma; needed: a point",
            ],
        ),
        ("study\thdl [mmol/L]\na\t1,3\n", ["line 2, column 'hdl [mmol/L]': a decimal comma; needed: a point"]),
        (
            "study;uacr [mg/g]\na;1,200\nb;1.200,5\n",
            ["line 2, column 'uacr [mg/g]': urine albumin-creatinine ratio: a comma", "line 3, column 'uacr"],
        ),
        (
            "study;hdl [mmol/L];uacr [mg/g];age_years\na;1,3;1.200;61.5\nb;1,2;12.500,5;\n",
            [
                "line 2, column 'uacr [mg/g]': a point before three digits may part thousands, as other cells have "
                "decimal commas",
                "line 3, column 'uacr [mg/g]': urine albumin-creatinine ratio: a comma",
            ],
        ),
        ("study,hdl [mmol/L]\na,60\n", ["hdl [mmol/L]': HDL cholesterol of 60", "60 mg/dL would be usual"]),
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
