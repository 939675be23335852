"""Numbers are written as a paper prints them, in every format."""

import csv
import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.evaluate.checklists import ChecklistItem, FilledItem
from vascal.evaluate.estimate import Estimate
from vascal.evaluate.result import Cell, Column, Evaluation, ResultTable, Section, Style
from vascal.render.evaluation_tables import write_checklist, write_latex, write_markdown, write_numbers
from vascal.render.evaluation_words import show_cell, show_line, show_p

NAN = float("nan")
ODD = 'a|b\\|c <i>*x*</i> & "q", $y_2$ 100% #1 {z} ~^ `c` [d](e) 心臓 ≥\r\n\u0007end'


def estimate(value: float, low: float = NAN, high: float = NAN, p_value: float | None = None) -> Estimate:
    return Estimate(value=value, low=low, high=high, n=9, method="by hand", p_value=p_value)


def column(style: Style = "number") -> Column:
    return Column(key="x", title="X", style=style)


@pytest.mark.parametrize(
    ("p_value", "shown"),
    [
        (0.0, "<0.001"), (0.00099, "<0.001"), (0.001, "0.001"), (0.0494, "0.049"), (0.0999, "0.100"),
        (0.1, "0.10"), (0.456, "0.46"), (1.0, "1.00"), (NAN, "-"),
    ],
)  # fmt: skip
def test_p_values_have_three_digits_below_a_tenth_and_two_above(p_value: float, shown: str) -> None:
    assert show_p(p_value) == shown
    assert show_cell(column("p"), p_value) == (shown, "")


@pytest.mark.parametrize(
    ("style", "cell", "shown"),
    [
        ("text", "moderate", "moderate"), ("number", None, "-"), ("number", NAN, "-"), ("number", math.inf, "-"),
        ("count", 12345, "12,345"), ("count", 0, "0"), ("share", 0.1234, "12.3 %"), ("share", 1.0, "100.0 %"),
        ("number", 0, "0"), ("number", 0.9123, "0.912"), ("number", 1.05, "1.050"), ("number", 1.06, "1.06"),
        ("number", 12.34, "12.3"), ("number", 123.4, "123"), ("number", 0.00567, "0.0057"),
        ("number", 1e-9, "0.000000"), ("number", -1e-9, "0.000000"), ("share", -0.0001, "0.0 %"),
        ("number", estimate(NAN), "-"), ("number", estimate(math.inf), "-"),
        ("number", estimate(0.91, 0.885, 0.9349), "0.910 (0.885 to 0.935)"),
        ("number", estimate(2.143, 0.913, 5.03), "2.14 (0.91 to 5.03)"),
        ("number", estimate(-0.00001, -0.5, 0.5), "0.000 (-0.500 to 0.500)"),
        ("number", estimate(0.5, -0.00001, 0.9), "0.500 (0.000 to 0.900)"),
        ("number", estimate(105, 95.4, 130), "105 (95 to 130)"),
        ("number", estimate(3.2, -120.4, 130), "3 (-120 to 130)"),
        ("number", estimate(3.7, 0.8, 120), "3.70 (0.80 to 120.00)"),
        ("number", estimate(2.5, NAN, NAN), "2.50"), ("number", estimate(2.5, 1, math.inf), "2.50"),
        ("number", estimate(3, 3, 3), "3.00 (3.00 to 3.00)"),
        ("share", estimate(0.5, 0.25, 0.75), "50.0 % (25.0 to 75.0)"),
        ("share", estimate(0.5), "50.0 %"), ("share", estimate(0, 0, 0.1), "0.0 % (0.0 to 10.0)"),
        ("share", NAN, "-"), ("count", NAN, "-"),
    ],
)  # fmt: skip
def test_cells_are_written_as_documented(style: Style, cell: Cell, shown: str) -> None:
    assert show_line(column(style), cell) == shown


@given(st.floats(0.01, 5000), st.floats(1.05, 50), st.floats(1.05, 50))
def test_an_interval_that_leaves_1_out_never_reads_as_if_it_held_it(value: float, below: float, above: float) -> None:
    cell = estimate(value, max(value / below, 0.01), max(value, 0.01) * above)
    low, high = (float(part) for part in show_cell(column(), cell)[1].split(" to "))
    assert low <= high
    if cell.low > 1.01 or cell.low < 0.99:
        assert (low > 1) == (cell.low > 1)


def table(*rows: tuple[Cell, ...], note: str = "", title: str = "Title") -> ResultTable:
    columns = (Column(key="group", title="Group", style="text"), Column(key="mae", title="MAE"))
    return ResultTable(key="t", title=title, columns=columns, rows=rows, note=note)


def test_markdown_holds_one_line_a_row_whatever_its_words() -> None:
    text = write_markdown(table((ODD, 0.5), title=ODD, note=ODD))
    lines = text.splitlines()
    assert lines[2:4] == ["| Group | MAE |", "| :-- | --: |"]
    assert lines[4].endswith("| 0.500 |")
    assert r"a\|b\\\|c &lt;i>\*x\*&lt;/i> &amp;" in lines[4]
    assert r"\$y\_2\$" in lines[4]
    assert r"\`c\` \[d\](e) 心臓 ≥ end" in lines[4]
    assert len(lines) == 7
    assert lines[6].startswith(r"a\|b")
    assert write_markdown(table(("A", 0.5))).splitlines()[-1] == "| A | 0.500 |"


def test_latex_escapes_what_latex_would_read() -> None:
    text = write_latex(table((ODD, estimate(0.5, 0.4, 0.6)), ("[A]", None), ("*", 1), title=ODD, note=ODD))
    row = next(line for line in text.splitlines() if line.endswith(r"0.500 (0.400 to 0.600) \\"))
    assert r"a|b\textbackslash{}|c $<$i$>${*}x{*}$<$/i$>$ \& " in row
    assert r"\$y\_2\$ 100\% \#1 \{z\} \textasciitilde{}\textasciicircum{}" in row
    assert r"心臓 $\geq$ end" in row
    assert "{[}A{]} & - " in text  # a bracket after \\ would be read as a length
    assert text.count(r"\begin") == text.count(r"\end") == 2
    assert r"\footnotesize a|b" in text
    assert "footnotesize" not in write_latex(table(("A", 1)))
    assert r"\begin{tabular}{lr}" in text


def test_numbers_are_in_full_precision_and_read_back() -> None:
    rows = ((ODD, estimate(1 / 3, 0.1, 0.9, p_value=0.25)), ("B", 2), ("C", None), ("D", estimate(NAN)))
    found = Evaluation(title="E", sections=(Section(key="s", title="S", tables=(table(*rows),)),))
    read = list(csv.DictReader(io.StringIO(write_numbers(found), newline="")))
    assert [row["value"] for row in read] == ["0.3333333333333333", "2", "nan"]
    assert [row["p_value"] for row in read] == ["0.25", "", ""]
    assert read[0]["row"] == ODD
    assert float(read[0]["low"]) == 0.1
    assert (read[0]["section"], read[0]["table"], read[0]["statistic"], read[0]["n"]) == ("s", "t", "mae", "9")
    assert (read[1]["level"], read[1]["method"]) == ("", "")


def test_a_checklist_says_which_items_wait() -> None:
    item = ChecklistItem(number="1", section="S", topic="", asked="a|b", answered_by="x", is_verified=True)
    text = write_checklist("Source", [FilledItem(item=item, answer=ODD), FilledItem(item=item, answer="")])
    assert "1 of 2 items are answered" in text
    assert text.splitlines()[-1] == r"| 1 | S |  | a\|b | *to be answered* |"
    assert text.splitlines()[-2].startswith(r"| 1 | S |  | a\|b | a\|b\\\|c")
