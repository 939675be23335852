"""The page, the PDF and the files around them hold every word as it was, and nothing twice."""

import re
import sys
from collections import Counter
from html import unescape

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vascal.errors import MissingExtraError
from vascal.evaluate.estimate import Estimate
from vascal.evaluate.result import (
    Column,
    CriterionResult,
    Curve,
    CurvePlot,
    Evaluation,
    ResultTable,
    ScatterPlot,
    Section,
)
from vascal.render import evaluation_files
from vascal.render.evaluation_files import draw_evaluation, name_files, require_drawing
from vascal.render.evaluation_page import draw_evaluation_page, draw_evaluation_pdf, find_wide, write_methods
from vascal.render.figures import draw_plot

ODD = '<b>&"$x_2$% \\u{1F} #strong[é] 心臓 \u0007\u000c\n' + "long" * 40
LETTERS = 'aAbßé心{}u#$_-. /"\\\x00\x07\n\t\x1f\x7f'


def make(odd: str = ODD) -> Evaluation:
    table = ResultTable(
        key=f"table-{odd}",
        title=odd,
        columns=(Column(key="a", title=odd, style="text"), Column(key="b", title="B"), Column(key="n", title="n")),
        rows=((odd, Estimate(value=0.5, low=0.4, high=0.6, n=3, method=odd), 5), (None, None, 3)),
        note=odd,
    )
    scatter = ScatterPlot(key=f"scatter-{odd}", title=odd, reference=np.ones(2), measured=np.ones(2), unit=odd)
    line = Curve(name=odd, x=np.arange(3.0), y=np.ones(3))
    wide = CurvePlot(key="wide", title=odd, labels=(odd, odd), curves=(line,), at_risk={odd: (3,)}, risk_times=(0.0,))
    said = Section(
        key="s", title=odd, text=odd, tables=(table,), plots=(scatter, wide),
        methods=(f"{odd} [cohen1968].", "And [lin1989], again [cohen1968]; not [nobody1999]."), cautions=(odd, odd),
    )  # fmt: skip
    met = tuple(CriterionResult(criterion=odd, found="0.9", is_met=outcome) for outcome in (True, False, None))
    return Evaluation(
        title=odd,
        sections=(Section(key="empty", title="Nothing"), said),
        criteria=met,
        facts=(("Studies", "2"), (odd, odd)),
        answers={"results.flow": odd},
    )


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    found = list(draw_evaluation(make()))
    assert [path for path, _ in found[-2:]] == ["report.pdf", "report.html"]
    assert len({path for path, _ in found}) == len(found)
    return dict(found)


def test_every_part_of_an_evaluation_has_its_file(files: dict[str, bytes]) -> None:
    kinds = Counter(re.sub(r"/.*\.", "/*.", path) for path in files)
    assert kinds == {
        "figures/*.svg": 2, "figures/*.pdf": 2, "tables/*.md": 1, "tables/*.tex": 1, "checklists/*.md": 3,
        "numbers.csv": 1, "methods.md": 1, "report.pdf": 1, "report.html": 1,
    }  # fmt: skip
    assert all(len(path.encode()) < 255 for path in files)


def test_odd_words_stay_words_in_html(files: dict[str, bytes]) -> None:
    page = files["report.html"].decode()
    assert "<b>" not in page
    caption = re.findall(r"<caption>(.*?)</caption>", page, flags=re.DOTALL)[1]
    assert unescape(caption) == ODD
    assert page.count("<svg") == 2
    assert page.count('class="unmet"') == 2
    assert page.count('class="met"') == 1
    for outcome in (">met<", ">not met<", ">not defined<"):
        assert outcome in page
    assert "<td>0.500<small>0.400 to 0.600</small></td>" in page
    assert page.count('class="cautions"') == 1


def test_odd_words_stay_words_in_typst(files: dict[str, bytes]) -> None:
    pdf = files["report.pdf"]
    assert pdf.startswith(b"%PDF")
    assert pdf == draw_evaluation_pdf(make(), {plot.key: draw_plot(plot)["svg"] for plot in make().plots})


@given(st.text(LETTERS, max_size=12))
def test_any_word_can_be_set_by_typst(word: str) -> None:
    """The filter's output is what a Typst string may hold."""
    from vascal.render.evaluation_page import _PAGES

    shown = _PAGES.filters["typ"](word)
    assert re.fullmatch(r'"(?:[^"\\\x00-\x1f\x7f]|\\["\\])*"', shown)


def test_methods_and_sources_are_numbered_in_order_and_unknown_marks_stay(files: dict[str, bytes]) -> None:
    methods, sources = write_methods(make())
    assert methods[1] == "And [2], again [1]; not [nobody1999]."
    assert [source.split()[0] for source in sources] == ["Cohen", "Lin"]
    text = files["methods.md"].decode()
    assert "1. Cohen J." in text
    assert "2. Lin LI." in text
    assert text.index("# Methods") < text.index("## References")


def test_figures_in_one_page_do_not_borrow_from_each_other(files: dict[str, bytes]) -> None:
    page = files["report.html"].decode()
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    used = {*re.findall(r"url\(#([^)]+)\)", page), *re.findall(r'xlink:href="#([^"]+)"', page)}
    assert used <= set(ids)


def test_sets_that_differ_in_a_sign_alone_have_identifiers_of_their_own() -> None:
    plots = [
        ScatterPlot(key=f"scatter-{name}", title="T", reference=np.ones(2), measured=np.ones(2), unit="u")
        for name in ("内", "外")
    ]
    evaluation = Evaluation(title="T", sections=(Section(key="s", title="S", plots=tuple(plots)),))
    svg = draw_plot(plots[0])["svg"]
    page = draw_evaluation_page(evaluation, {plot.key: svg for plot in plots})
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_plots_with_numbers_below_are_set_wide() -> None:
    assert find_wide(make("x")) == {"wide"}


def test_an_evaluation_without_figures_or_criteria_is_a_page_all_the_same() -> None:
    bare = Evaluation(title="Bare", sections=(Section(key="s", title="S"),))
    page = draw_evaluation_page(bare, {})
    assert "<svg" not in page
    assert "Success criteria" not in page
    assert draw_evaluation_pdf(bare, {}).startswith(b"%PDF")


@given(st.lists(st.text(LETTERS, max_size=90), unique=True, max_size=8))
def test_file_names_are_plain_and_told_apart_without_regard_to_case(keys: list[str]) -> None:
    names = name_files(keys)
    assert list(names) == keys
    assert len({name.casefold() for name in names.values()}) == len(keys)
    assert all(re.fullmatch(r"[\w.-]*", name) and len(name.encode()) < 250 for name in names.values())


def test_a_number_added_to_a_name_is_not_taken_by_another() -> None:
    assert list(name_files(["a-2", "a", "A", "a/", "a b", "a_b"]).values()) == ["a-2", "a", "A-3", "a_", "a_b", "a_b-2"]


def test_what_is_not_installed_is_named_before_anything_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    require_drawing()
    monkeypatch.setattr(evaluation_files, "find_spec", lambda name: None if name == "typst" else name)
    with pytest.raises(MissingExtraError, match=r"vascal evaluate needs typst: pip install 'vascal\[evaluate\]'"):
        require_drawing()
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(MissingExtraError, match="a PDF needs an optional part"):
        draw_evaluation_pdf(make("x"), {})
