"""A user's percentile table as people write it, and as they write it wrongly."""

from pathlib import Path

import pytest

from vascal.errors import TableError
from vascal.io.percentile_table import read_percentile_table
from vascal.risk.percentile_table import find_table_percentile

HEADER = "reference,sex,ethnicity,age_low,age_high,percentile,agatston"
GOOD = f"""{HEADER}
Mine 2020,F,,45,54,50,0
Mine 2020,f,,45,54,75,4
Mine 2020,M,White,45,54,50,1.5
Mine 2020,M,white,45,54,75,9
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_is_read_whatever_the_case_of_its_words(tmp_path: Path) -> None:
    table = read_percentile_table(write(tmp_path, GOOD))
    assert [(group.sex, group.ethnicity, group.quantiles) for group in table.groups] == [
        ("F", None, ((50, 0), (75, 4))),
        ("M", "white", ((50, 1.5), (75, 9))),
    ]
    assert find_table_percentile(table, 4, age_years=54.5, sex="F", ethnicity="black").value == 75


def test_semicolons_decimal_commas_and_further_columns_are_read(tmp_path: Path) -> None:
    text = GOOD.replace(",", ";").replace("1.5", "1,5").replace("\n", ";x\n")
    table = read_percentile_table(write(tmp_path, text))
    assert table.groups[1].quantiles == ((50, 1.5), (75, 9))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("Mine,X,,45,54,50,0", "line 6: sex is 'X'; needed: F or M"),
        ("Mine,F,martian,45,54,50,0", "line 6: ethnicity is 'martian'; needed: white, black"),
        ("Mine,F,,45.5,54,50,0", "line 6: age_low is '45.5'; needed: whole years"),
        ("Mine,F,,45,old,50,0", "line 6: age_high is 'old'"),
        ("Mine,F,,45,54,P50,0", "line 6: percentile is 'P50'; needed: a number"),
        ("Mine,F,,45,54,50,-1", "line 6: agatston is '-1'"),
        ("Mine,F,,45,54,50,nan", "line 6: agatston is 'nan'"),
        ('Mine,F,,45,54,90,"1,299"', "line 6: agatston is '1,299'; needed: a number, without thousands"),
        ("Mine,Q,,x,54,50,0", "line 6: sex is 'Q'; needed: F or M, age_low is 'x'"),
        ("Mine 2020,F,,50,59,50,0\nMine 2020,F,,50,59,75,9", "lines 2 and 6: ages 45-54 and 50-59"),
    ],
)
def test_wrong_cells_are_named_with_their_line(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(TableError, match=message):
        read_percentile_table(write(tmp_path, f"{GOOD}{row}\n"))


def test_many_faults_are_counted(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"^mine.csv: line 2: .*; and 2 more$"):
        read_percentile_table(write(tmp_path, HEADER + "\n" + "Mine,X,,45,54,50,0\n" * 10))


def test_missing_columns_and_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="has no column ethnicity, percentile; needed: reference, sex"):
        read_percentile_table(write(tmp_path, "reference,sex,age_low,age_high,agatston\nA,F,45,54,0\n"))
    with pytest.raises(TableError, match="can not be read"):
        read_percentile_table(tmp_path / "none.csv")
