from pathlib import Path

import numpy as np
import pytest

from vascal.errors import TableError
from vascal.evaluate.plan import AnalysisPlan
from vascal.io.evaluation_table import join_tables, read_table

GOOD = "study,score\na,1\nb,2\nc,3\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def join(folder: Path, predicted: str, reference: str, plan: AnalysisPlan | None = None):  # type: ignore[no-untyped-def]
    tables = [read_table(write(folder, name, text)) for name, text in (("pred.csv", predicted), ("ref.csv", reference))]
    return join_tables(tables[0], tables[1], plan or AnalysisPlan())


def test_studies_are_joined_by_name_in_the_order_of_the_reference(tmp_path: Path) -> None:
    cohort, flow = join(tmp_path, GOOD, "study;score;sex\nc;30;F\na;10;\nb;20;M\n", AnalysisPlan(subgroups=("sex",)))
    assert cohort.predicted.tolist() == [3, 1, 2]
    assert cohort.reference.tolist() == [30, 10, 20]
    assert cohort.columns["sex"].tolist() == ["F", "", "M"]
    assert flow.analysed == 3
    assert len(flow.digests["pred.csv"]) == 64


@pytest.mark.parametrize(
    ("predicted", "message"),
    [
        ("", "is empty"),
        ("study,score\n", "a header and no rows"),
        ("study,score\na,1,2\n", "line 2: 3 cells where the header has 2"),
        ("study,score,score\na,1,2\n", "column 'score' more than once"),
        (
            "study,agatston\na,1\n",
            "has no column 'score'; it has study, agatston: name another with --predicted-column",
        ),
        ("study,score\na,1\nb,2\na,3\nc,1\n", r"pred.csv: 1 values of study stand in more than one line: 2 and 4"),
        ("study,score\na,1\nb,\nc,NA\n", r"pred.csv, lines 3, 4: score is missing; --incomplete drop"),
        ("study,score\na,1\n,2\nc,3\n", r"pred.csv, line 3: study is missing"),
        ("study,score\na,1\nb,many\nc,3\n", r"line 3: score is not a number"),
        ("study;score\na;1,500\nb;2\nc;3\n", "write decimals with a point and no thousands"),
        ("study;score\na;1,5\nb;2.5\nc;3\n", "write decimals with a point and no thousands"),
        ("PK\x03\x04", "is an Excel workbook"),
        ("case,score\na,1\n", "name another with --study"),
        ("study,score\n A,1\nB,2\n00c,3\n", "3 of them match but for case, spaces or leading zeros"),
        ("study,score\na,1\nb,inf\nc,nan\n", "lines 3, 4: score is not finite"),
        ("study,score\na,1\nb,-2\nc,3\n", "line 3: score is negative"),
        ("study,score\na,1\nb,2\nd,3\n", r"pred.csv, line 4: no partner in ref.csv"),
        ("study,score\na,1\nb,2\n", r"ref.csv, line 4: no partner in pred.csv"),
    ],
)
def test_rows_that_can_not_be_used_are_named_by_line(tmp_path: Path, predicted: str, message: str) -> None:
    with pytest.raises(TableError, match=message):
        join(tmp_path, predicted, GOOD)


def test_no_message_holds_a_study_name(tmp_path: Path) -> None:
    with pytest.raises(TableError) as caught:
        join(tmp_path, "study,score\nDOE^JANE,1\nDOE^JANE,2\n", GOOD)
    assert "DOE" not in str(caught.value)


def test_long_lists_of_lines_are_cut(tmp_path: Path) -> None:
    rows = "".join(f"s{place},x\n" for place in range(20))
    with pytest.raises(TableError, match="lines 2, 3, 4, 5, 6, 7, 8, 9 and 12 more"):
        join(tmp_path, "study,score\n" + rows, GOOD)


def test_incomplete_studies_are_dropped_and_counted_when_asked(tmp_path: Path) -> None:
    plan = AnalysisPlan(incomplete="drop")
    cohort, flow = join(tmp_path, "study,score\na,1\nb,\nd,4\nc,3\n", GOOD, plan)
    assert cohort.reference.tolist() == [1, 3]
    assert (flow.without_score, flow.only_predicted, flow.only_reference) == (1, 1, 1)


def test_files_without_a_common_study_say_so(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no study in common"):
        join(tmp_path, "study,score\nx,1\n", GOOD, AnalysisPlan(incomplete="drop"))


def test_scores_csv_keeps_the_series_to_quote(tmp_path: Path) -> None:
    text = "study,quote,quote_reason,score\na,yes,gated,1\na,no,,9\nb,yes,only,2\nc,yes,only,3\n"
    cohort, flow = join(tmp_path, text, GOOD)
    assert cohort.predicted.tolist() == [1, 2, 3]
    assert flow.not_quoted == 1
    with pytest.raises(TableError, match="no series to quote"):
        join(tmp_path, "study,quote,quote_reason,score\na,no,,1\n", GOOD)


def test_readers_and_outcomes_must_be_numbers_and_readers_may_have_holes(tmp_path: Path) -> None:
    plan = AnalysisPlan(readers=("r1",), time="years", event="event")
    text = "study,score,r1,years,event\na,1,1,2.5,0\nb,2,,3,1\nc,3,4,1,2\n"
    cohort, _ = join(tmp_path, GOOD, text, plan)
    np.testing.assert_array_equal(cohort.columns["r1"], [1, np.nan, 4])
    for wrong, message in {
        "b,2,?,3,1": "r1 is not a number",
        "b,2,,,1": "years is missing, in spite",
        "b,2,,-3,1": "years is negative",
        "b,2,inf,3,1": "r1 is not finite",
    }.items():
        with pytest.raises(TableError, match=message):
            join(tmp_path, GOOD, text.replace("b,2,,3,1", wrong), plan)


def test_a_probability_lies_between_0_and_1(tmp_path: Path) -> None:
    plan = AnalysisPlan(probability="p", target="t")
    reference = "study,score,t\na,1,0\nb,2,1\nc,3,1\n"
    cohort, _ = join(tmp_path, "study,score,p\na,1,0.5\nb,2,1\nc,3,0\n", reference, plan)
    assert cohort.probability is not None
    elsewhere, _ = join(tmp_path, GOOD, "study,score,t,p\na,1,0,0.5\nb,2,1,1\nc,3,1,0\n", plan)
    assert elsewhere.probability is not None
    assert elsewhere.probability.tolist() == cohort.probability.tolist()
    with pytest.raises(TableError, match="p lies outside 0 to 1"):
        join(tmp_path, "study,score,p\na,1,0.5\nb,2,1.2\nc,3,0\n", reference, plan)


def test_a_covariate_may_stand_in_the_predicted_file(tmp_path: Path) -> None:
    cohort, _ = join(tmp_path, "study,score,kvp\na,1,120\nb,2,100\nc,3,120\n", GOOD, AnalysisPlan(subgroups=("kvp",)))
    assert cohort.columns["kvp"].tolist() == [120, 100, 120]


def test_parquet_reads_like_csv(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "pred.parquet"
    parquet.write_table(arrow.table({"study": ["a", "b", "c"], "score": [1.5, float("nan"), None]}), path)
    table = read_table(path)
    assert table.columns["score"] == ["1.5", "", ""]
    assert list(table.lines) == [2, 3, 4]
    parquet.write_table(arrow.table({"study": arrow.array([], arrow.string())}), path)
    with pytest.raises(TableError, match="columns and no rows"):
        read_table(path)
    path.write_bytes(b"PAR1 broken")
    with pytest.raises(TableError, match="not a Parquet file"):
        read_table(path)


def test_files_that_are_missing_or_no_text_say_so(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"none.csv can not be read"):
        read_table(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes("study,score\nJos\u00e9,1\n".encode("latin-1"))
    with pytest.raises(TableError, match="not UTF-8"):
        read_table(tmp_path / "latin.csv")


def test_blank_lines_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    cohort, _ = join(tmp_path, "\ufeffstudy,score\n\na,1\nb,2\n,\nc,3\n", GOOD)
    assert len(cohort) == 3


def test_studies_without_any_follow_up_are_kept_for_the_rest(tmp_path: Path) -> None:
    plan = AnalysisPlan(time="years", event="event")
    cohort, _ = join(tmp_path, GOOD, "study,score,years,event\na,1,2.5,0\nb,2,,\nc,3,1,1\n", plan)
    np.testing.assert_array_equal(cohort.columns["years"], [2.5, np.nan, 1])


def test_quoted_line_breaks_and_old_line_ends_are_read(tmp_path: Path) -> None:
    text = 'study,score,note\r\na,1,"two\nlines"\r\nb,2,"a \u2028 b"\r\nc,x,\r\n'
    with pytest.raises(TableError, match="line 5: score is not a number"):
        join(tmp_path, text, GOOD)
    cohort, _ = join(tmp_path, text.replace("x", "3"), GOOD)
    assert cohort.predicted.tolist() == [1, 2, 3]


def test_decimal_commas_of_a_european_spreadsheet_are_read(tmp_path: Path) -> None:
    cohort, _ = join(tmp_path, "study;score\na;1,5\nb;2\nc;1200,125\n", GOOD)
    assert cohort.predicted.tolist() == [1.5, 2, 1200.125]


def test_events_may_be_told_by_yes_and_no(tmp_path: Path) -> None:
    plan = AnalysisPlan(time="years", event="event")
    cohort, _ = join(tmp_path, GOOD, "study,score,years,event\na,1,2,yes\nb,2,3,No\nc,3,1,TRUE\n", plan)
    assert cohort.columns["event"].tolist() == [1, 0, 1]


def test_a_body_mass_index_is_read_for_calcium_scores_without_being_asked_for(tmp_path: Path) -> None:
    text = "study,score,bmi\na,1,22\nb,2,\nc,3,31\n"
    cohort, _ = join(tmp_path, GOOD, text, AnalysisPlan(kind="cac"))
    np.testing.assert_array_equal(cohort.columns["bmi"], [22, np.nan, 31])
    assert not join(tmp_path, GOOD, text)[0].columns


def test_dropped_studies_whose_keys_nearly_match_are_pointed_at(tmp_path: Path) -> None:
    _, flow = join(tmp_path, "study,score\n001,1\na,2\n", "study,score\n1,1\na,2\n", AnalysisPlan(incomplete="drop"))
    assert flow.hint == "; 1 of them match but for case, spaces or leading zeros"
