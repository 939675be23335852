"""Answers to checklists name only what is there; citations only what is known."""

import re
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import vascal.evaluate.sections
from tests.evaluate.cohorts import simulate_aac_cohort, simulate_outcome_cohort
from vascal.evaluate.answers import answer_checklists
from vascal.evaluate.checklists import CHECKLISTS, read_checklist
from vascal.evaluate.citations import SOURCES, number_citations
from vascal.evaluate.cohort import Cohort
from vascal.evaluate.estimate import Estimate
from vascal.evaluate.result import Column, Evaluation, ResultTable, Section
from vascal.evaluation import evaluate_cohort, make_plan

FEW = {"resamples": 100, "interval": "percentile"}
FACTS = {"Studies analysed": "240", "Left out": "none", "Software": "vascal 1", "Plan": "made for this run"}
FULL = make_plan(
    "aac",
    {**FEW, "set_by": "set", "subgroups": ("sex", "age:60,70"), "site": "site", "probability": "p", "target": "mace",
     "readers": ("reader1", "reader2"), "time": "years", "event": "event", "group": "dialysis"},
)  # fmt: skip


@cache
def full() -> Evaluation:
    """Every section at once, with names that could be taken for citations."""
    followed = simulate_outcome_cohort(studies=240)
    cohort = simulate_aac_cohort(studies=240)
    columns = {**followed.columns, **cohort.columns}
    joined = Cohort(
        predicted=cohort.predicted, reference=cohort.reference, columns=columns, probability=cohort.probability
    )
    return evaluate_cohort(joined, FULL)


def only(*tables: str) -> list[Section]:
    made = tuple(ResultTable(key=key, title="", columns=(), rows=()) for key in tables)
    return [Section(key="s", title="", tables=made)]


def test_keys_of_tables_plots_and_sections_are_used_once() -> None:
    found = full()
    for keys in (
        [table.key for table in found.tables],
        [plot.key for plot in found.plots],
        [section.key for section in found.sections],
    ):
        assert [key for key, count in Counter(keys).items() if count > 1] == []
    for table in found.tables:
        columns = [column.key for column in table.columns]
        assert len(set(columns)) == len(columns)
        assert all(len(row) == len(columns) for row in table.rows)


def test_every_citation_key_of_every_section_has_a_source() -> None:
    folder = Path(vascal.evaluate.sections.__path__[0])
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py")))
    used = set(re.findall(r"\[([a-z]+\d{4})\]", text))
    assert used <= SOURCES.keys()
    assert {"kaplan1958", "vanderweele2017", "cox1972", "fine1999", "delong1988"} <= used


def test_methods_of_an_evaluation_are_left_with_numbers_alone() -> None:
    sentences = [sentence for section in full().sections for sentence in section.methods]
    numbered, sources = number_citations(sentences)
    assert not re.search(r"\[[a-z]+\d{4}\]", " ".join(numbered))
    numbers = [int(number) for number in re.findall(r"\[(\d+)\]", " ".join(numbered))]
    assert list(dict.fromkeys(numbers)) == list(range(1, len(sources) + 1))


def test_a_column_named_like_a_citation_is_left_alone() -> None:
    numbered, sources = number_citations(["Covariates: [age2020]; kappa [cohen1968], [cohen1968]."])
    assert numbered == ("Covariates: [age2020]; kappa [1], [1].",)
    assert len(sources) == 1
    assert number_citations([]) == ((), ())


@pytest.mark.parametrize("key", SOURCES)
def test_each_source_has_its_year_and_a_doi_where_there_is_one(key: str) -> None:
    assert key[-4:] in SOURCES[key]
    assert "doi:10." in SOURCES[key] or key == "holm1979"
    assert SOURCES[key].lower().replace(" ", "").startswith(key[:-4])


def test_answers_name_only_tables_and_sections_that_are_there() -> None:
    found = full()
    answers = answer_checklists(FULL, found.sections, FACTS)
    keys = {table.key for table in found.tables}
    titles = {section.title for section in found.sections}
    for key, answer in answers.items():
        for name in re.findall(r"tables? '(\w+)'", answer):
            assert any(table == name or table.startswith(f"{name}-") for table in keys), key
        for name in re.findall(r"section '(\w+)'", answer):
            assert name in titles, key
    assert answers["results.reader_agreement"] == "tables 'readers' and 'all_readers'"
    assert "'pooled'" in answers["results.heterogeneity"]
    assert answers["results.events"] == "events and follow-up are in the section 'Outcomes'"
    assert answers["plan.subgroups"] == answers["plan.fairness"]
    assert answers["plan.subgroups"].startswith("every metric by sex, age;")


def test_every_answer_is_asked_for_by_a_checklist() -> None:
    asked = {item.answered_by for name in CHECKLISTS for item in read_checklist(name)}
    facts = {**FACTS, "Plan": "written before this run, SHA-256 abc"}
    answers = answer_checklists(FULL, full().sections, facts)
    assert set(answers) <= asked
    assert answers["plan.protocol"] == "analysis plan written before this run, SHA-256 abc"


def test_one_reader_and_one_site_answer_less() -> None:
    plan = make_plan("other", FEW)
    answers = answer_checklists(plan, only("readers", "sites"), {})
    assert answers["results.reader_agreement"] == "table 'readers'"
    assert "results.heterogeneity" not in answers
    assert "plan.heterogeneity" not in answers
    assert answers["data.centres"].endswith("'sites'")


def test_plain_scores_without_facts_leave_their_items_to_a_person() -> None:
    answers = answer_checklists(make_plan("other", {**FEW, "incomplete": "drop"}), [], {})
    assert answers["plan.missing_data"] == "studies without a score or a partner were left out: none"
    assert answers["results.flow"] == "? studies analysed; left out: ?"
    assert answers["plan.metrics"].endswith("limits of agreement")
    assert "seed 0" in answers["plan.statistics"]
    assert not {"provenance.software", "plan.thresholds", "plan.subgroups", "plan.protocol"} & answers.keys()


def test_categories_and_dropped_studies_are_told() -> None:
    answers = answer_checklists(FULL, [], FACTS)
    assert answers["plan.missing_data"].startswith("a study without a score or a partner refuses the run")
    assert answers["plan.thresholds"] == "highest scores of the categories, fixed in the plan: 4.5, 15.5"
    assert "linear kappa of the categories 0-4, 5-15, 16-24" in answers["plan.metrics"]
    assert answers["provenance.software"] == "vascal 1"
    assert "plan.protocol" not in answers
    facts = {**FACTS, "Left out": "3 without a score"}
    dropped = make_plan("aac", {**FEW, "incomplete": "drop"})
    assert answer_checklists(dropped, [], facts)["plan.missing_data"].endswith("3 without a score")


def test_numbers_of_a_table_are_told_with_the_words_that_begin_their_row() -> None:
    value = Estimate(value=0.5, low=0.4, high=0.6, n=3, method="")
    words = Column(key="set", title="", style="text")
    columns = (words, words, Column(key="x", title=""), words, Column(key="y", title=""))
    rows = (("A", "", value, "late", None), ("B", "p", "text", "", 2))
    table = ResultTable(key="t", title="", columns=columns, rows=rows)
    numbers = [(about, column.key, cell) for about, column, cell in table.numbers()]
    assert numbers == [("A", "x", value), ("B, p", "y", 2)]
    with pytest.raises(ValueError, match="zip"):
        list(ResultTable(key="t", title="", columns=columns, rows=(("A",),)).numbers())


def test_tables_and_plots_come_in_the_order_of_sections() -> None:
    found = Evaluation(title="", sections=(*only("a", "b"), *only("c")))
    assert [table.key for table in found.tables] == ["a", "b", "c"]
    assert found.plots == ()
    assert np.isfinite(len(full().plots))
