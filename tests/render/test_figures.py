"""Every plot draws, twice the same, whatever the numbers and names are."""

import re
import sys
from functools import cache
from html import unescape
from typing import Any

import numpy as np
import pytest

from vascal.errors import MissingExtraError
from vascal.evaluate.estimate import Estimate
from vascal.evaluate.result import ConfusionPlot, Curve, CurvePlot, DifferencePlot, ForestPlot, Plot, ScatterPlot
from vascal.render.figures import WIDTH_IN, draw_plot, plot_size_in

NAN = float("nan")
ODD = 'ä <b>&"$x_2$%\\ {} 心臓 \u0007 \n _' + "long" * 60


def estimate(value: float, low: float = NAN, high: float = NAN, n: int = 9) -> Estimate:
    return Estimate(value=value, low=low, high=high, n=n, method="")


def scatter(reference: Any, measured: Any, **changes: Any) -> ScatterPlot:
    given = {"key": "s", "title": "Scatter", "unit": "points", **changes}
    return ScatterPlot(reference=np.asarray(reference, float), measured=np.asarray(measured, float), **given)


def differences(means: Any, values: Any, *, is_ratio: bool = False, **changes: Any) -> DifferencePlot:
    what = "Ratio" if is_ratio else "Difference"
    centre = float(is_ratio)
    given = {
        "key": "d",
        "title": "Bland-Altman",
        "bias": estimate(centre, centre, centre + 0.1),
        "lower": estimate(0.5, 0.4, 0.6),
        "upper": estimate(2.0),
        "labels": ("Mean", f"{what} of points"),
        **changes,
    }
    return DifferencePlot(means=np.asarray(means, float), differences=np.asarray(values, float), **given)


def curves(*names: str, kind: Any = "lines", **changes: Any) -> CurvePlot:
    x = np.array([0.0, 1, 2, 3])
    y = x / 4
    given = {"key": "c", "title": "Curves", "labels": ("x", "y"), **changes}
    made = tuple(Curve(name=name, x=x, y=y, low=y / 2, high=np.minimum(1, 2 * y)) for name in names)
    return CurvePlot(curves=made, kind=kind, **given)


def survival(*names: str) -> CurvePlot:
    risk = dict.fromkeys(names, (1200, 800, 30))
    return curves(*names, kind="steps", limits=((0.0, 3.0), (0.0, 1.0)), risk_times=(0.0, 1.0, 2.0), at_risk=risk)


def forest(*rows: tuple[str, Estimate], line_at: float | None = None) -> ForestPlot:
    return ForestPlot(key="f", title="Forest", label="Mean absolute error", rows=rows, line_at=line_at)


def words_of(found: dict[str, bytes]) -> list[str]:
    """Words of a figure: matplotlib tells each in a comment of the SVG."""
    return re.findall(r"<!-- (.*?) -->", found["svg"].decode(), flags=re.DOTALL)


ORDINARY: dict[str, Plot] = {
    "scatter": scatter([0, 3, 9], [1, 3, 8]),
    "scatter of calcium with zeros": scatter([0, 0, 3, 900], [0, 5, 3, 1200], is_logarithmic=True),
    "scatter of one study": scatter([5], [4]),
    "scatter of one study without calcium": scatter([0], [0], is_logarithmic=True),
    "scatter of zeros": scatter(np.zeros(9), np.zeros(9)),
    "scatter of equal scores": scatter(np.full(9, 7.0), np.full(9, 7.0)),
    "scatter of small numbers": scatter([0, 0.001], [0, 0.002]),
    "differences": differences([1, 2, 3], [-1, 0, 1]),
    "ratios": differences([1, 20, 3000], [0.5, 1, 2], is_ratio=True),
    "ratios that never vary": differences(
        np.ones(9), np.ones(9), is_ratio=True, lower=estimate(1, 1, 1), upper=estimate(1, 1, 1)
    ),
    "differences that never vary": differences(
        np.ones(9), np.zeros(9), lower=estimate(0, 0, 0), upper=estimate(0, 0, 0)
    ),
    "differences of one study": differences([1], [0], bias=estimate(0), lower=estimate(NAN), upper=estimate(NAN)),
    "confusion": ConfusionPlot(key="k", title="Table", counts=np.array([[5, 1], [0, 1200]]), names=("low", "high")),
    "confusion with an empty row": ConfusionPlot(
        key="k", title="Table", counts=np.array([[5, 1, 0], [0, 0, 0], [0, 0, 2]]), names=("0", "1-10", ">10")
    ),
    "confusion with long names": ConfusionPlot(
        key="k", title="Table", counts=np.eye(5, dtype=int), names=tuple(f">{one} to {one + 100}" for one in range(5))
    ),
    "curves": curves("first", "second"),
    "curve without a name": curves(""),
    "curve with an underscore": curves("_test"),
    "points": curves("observed", kind="points"),
    "many curves": curves(*(f"group {place}" for place in range(40))),
    "reference line": CurvePlot(
        key="c", title="ROC", labels=("x", "y"), limits=((0.0, 1.0), (0.0, 1.0)),
        curves=(Curve(name="chance", x=np.arange(2.0), y=np.arange(2.0), is_reference=True),
                Curve(name="score", x=np.arange(2.0), y=np.ones(2))),
    ),
    "survival": survival("none", "severe"),
    "survival of one group": survival("all"),
    "forest": forest(("A", estimate(2, 1, 3)), ("B", estimate(4, 3, 5, n=900)), line_at=2.5),
    "forest with a value that does not exist": forest(("A", estimate(NAN)), ("B", estimate(1, 0, 2, n=0))),
    "forest without rows": forest(),
}  # fmt: skip


@cache
def drawn(name: str) -> dict[str, bytes]:
    return draw_plot(ORDINARY[name])


@pytest.mark.parametrize("name", ORDINARY)
def test_every_plot_is_drawn(name: str) -> None:
    first = drawn(name)
    assert not any("mathdefault" in text for text in words_of(first))
    assert first["svg"].startswith(b"<?xml")
    assert b"</svg>" in first["svg"]
    assert first["pdf"].startswith(b"%PDF")
    assert b"CreationDate" not in first["pdf"]
    assert b"<dc:date>" not in first["svg"]
    assert max(map(len, first.values())) < 300_000


ODDLY_NAMED: dict[str, Plot] = {
    "scatter": scatter([0, 3], [1, 3], title=ODD, unit=ODD),
    "differences": differences([1, 2], [0, 1], title=ODD, labels=(ODD, ODD)),
    "confusion": ConfusionPlot(key="k", title=ODD, counts=np.eye(3, dtype=int), names=(ODD, ODD + "2", "_")),
    "curves": curves(ODD, "_" + ODD, title=ODD, labels=(ODD, ODD)),
    "survival": survival(ODD, "_" + ODD),
    "forest": ForestPlot(
        key=ODD, title=ODD, label=ODD, rows=((ODD, estimate(1, 0, 2)), ("_" + ODD, estimate(1, 0, 2)))
    ),
}


@pytest.mark.parametrize("name", ODDLY_NAMED)
def test_odd_and_endless_names_are_cut_and_never_read_as_anything_but_text(name: str) -> None:
    plot = ODDLY_NAMED[name]
    found = draw_plot(plot)
    svg = found["svg"].decode()
    assert "<b>" not in svg
    assert "\u0007" not in svg
    said = [unescape(text) for text in words_of(found)]
    assert any("$x_2$" in text for text in said)  # not mathematics
    assert max(map(len, said)) < 80
    width = float(re.findall(r'<svg [^>]*?width="([\d.]+)pt"', svg)[0]) / 72
    assert width < 1.9 * plot_size_in(plot)[0]


@pytest.mark.parametrize("name", ["scatter of calcium with zeros", "ratios", "confusion", "survival", "forest"])
def test_the_same_plot_gives_the_same_bytes(name: str) -> None:
    assert draw_plot(ORDINARY[name]) == drawn(name)


def test_names_that_begin_with_an_underscore_are_in_the_legend() -> None:
    assert " _test" in words_of(drawn("curve with an underscore"))


def test_a_title_is_drawn_unless_a_caption_tells_it() -> None:
    plot = scatter([1], [1], title="Measured against reference")
    assert "Measured against reference" in words_of(draw_plot(plot))
    assert b"Measured against reference" not in draw_plot(plot, with_title=False)["svg"]


def test_a_long_title_is_folded_and_at_last_cut() -> None:
    said = [text for text in words_of(draw_plot(scatter([1], [1], title="word " * 200))) if text.startswith("word")]
    assert len(said) <= 3
    assert sum(text.count("word") for text in said) < 60


def test_a_hundred_thousand_studies_stay_a_small_file() -> None:
    rng = np.random.default_rng(0)
    reference = rng.lognormal(3, 2, 100_000)
    measured = reference * rng.lognormal(0, 0.2, 100_000)
    for plot in (
        scatter(reference, measured, is_logarithmic=True),
        differences(reference, measured / reference, is_ratio=True),
    ):
        found = draw_plot(plot)
        assert max(map(len, found.values())) < 1_000_000
        assert b"<image" in found["svg"]


def test_cells_of_a_table_hold_counts_and_shares_of_their_row() -> None:
    said = words_of(drawn("confusion with an empty row"))
    assert said.count("-") == 3  # nobody in the row, so no share
    assert {"83%", "17%", "100%"} <= set(said)
    assert "1,200" in words_of(drawn("confusion"))


def test_rows_of_a_forest_tell_value_and_studies() -> None:
    assert "4   n 900" in words_of(drawn("forest"))
    assert "-   n 9" in words_of(drawn("forest with a value that does not exist"))


def test_numbers_at_risk_stand_below_the_curves() -> None:
    said = words_of(drawn("survival"))
    assert said.count("1,200") == 2
    assert "At risk" in said


def test_ticks_of_logarithmic_axes_are_plain_numbers() -> None:
    said = words_of(drawn("scatter of calcium with zeros"))
    assert {"0", "1", "10", "100", "1000"} <= set(said)


def test_forests_and_survival_plots_are_wide_and_grow_with_their_rows() -> None:
    assert plot_size_in(scatter([1], [1]))[0] == WIDTH_IN
    assert plot_size_in(survival("all"))[0] > WIDTH_IN
    assert plot_size_in(curves("a"))[0] == WIDTH_IN
    heights = [plot_size_in(forest(*[("A", estimate(1))] * count))[1] for count in (1, 9)]
    assert heights[0] < heights[1]


def test_without_matplotlib_the_missing_part_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"vascal\[evaluate\]"):
        draw_plot(scatter([1], [1]))
