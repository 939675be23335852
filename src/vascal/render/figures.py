"""Plots of an evaluation, fit for print. The only place for matplotlib."""

from __future__ import annotations

import io
import re
import textwrap
import warnings
from collections.abc import Callable, Mapping
from itertools import cycle
from typing import Any

import numpy as np

from vascal.errors import MissingExtraError
from vascal.evaluate.result import (
    ConfusionPlot,
    Curve,
    CurvePlot,
    DifferencePlot,
    ForestPlot,
    Plot,
    ScatterPlot,
)

INK, SOFT, LINE = "#17202a", "#55616e", "#d9dfe5"
COLOURS = ("#0b5cad", "#d55e00", "#1a936f", "#b0479a", "#b98900", "#5f6b7a", "#7b3f00", "#2fa4d7")
"""Told apart by people who see few colours, and in grey by their order of darkness."""
WIDTH_IN, HEIGHT_IN = 3.5, 3.1
WIDE_IN = WIDTH_IN * 1.35
MANY_POINTS = 3000
"""More points than this are drawn as an image, or a file would hold each of them."""
LONGEST_NAME = 32
"""Letters of a name that a figure shows; tables have it in full."""
TITLE_LETTERS_IN, LABEL_LETTERS, LABEL_LETTERS_WIDE = 14, 42, 60
"""Letters of a title that fit an inch, and of an axis label."""

STYLE: dict[Any, Any] = {
    "font.size": 8,
    "font.family": "DejaVu Sans",
    "text.parse_math": False,  # a $ in a name is a dollar
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8,
    "axes.labelcolor": INK,
    "axes.edgecolor": SOFT,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "lines.linewidth": 1.4,
    "svg.hashsalt": "vascal",
    "savefig.dpi": 300,
    "figure.constrained_layout.use": True,
}


def draw_plot(plot: Plot, *, with_title: bool = True) -> dict[str, bytes]:
    """Draw a plot as SVG and PDF; the same plot gives the same bytes.

    Long names are cut, and letters that the font lacks are drawn as boxes: the
    tables have every name in full.

    Parameters
    ----------
    with_title
        Off where a caption says what it shows.

    Returns
    -------
    dict
        ``svg`` and ``pdf``.

    Raises
    ------
    MissingExtraError
        Without matplotlib.
    """
    try:
        import matplotlib as mpl
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("figures need an optional part: pip install 'vascal[evaluate]'") from error
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=plot_size_in(plot))
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        _DRAWERS[type(plot)](axes, plot)
        if with_title:
            axes.set_title(_fold(plot.title, TITLE_LETTERS_IN * plot_size_in(plot)[0]))
        has_rows = isinstance(plot, CurvePlot) and bool(plot.at_risk)
        return {
            "svg": _save(figure, "svg", {"Date": None, "Creator": "vascal"}, is_tight=has_rows),
            "pdf": _save(
                figure, "pdf", {"CreationDate": None, "Producer": "vascal", "Creator": "vascal"}, is_tight=has_rows
            ),
        }


def _save(figure: Any, kind: str, metadata: Mapping[str, Any], *, is_tight: bool) -> bytes:
    buffer = io.BytesIO()
    # The layout knows nothing of the rows below a survival plot.
    figure.savefig(buffer, format=kind, metadata=metadata, bbox_inches="tight" if is_tight else None)
    return buffer.getvalue()


def plot_size_in(plot: Plot) -> tuple[float, float]:
    """Width and height of a plot, inches."""
    if isinstance(plot, ForestPlot):
        lines = _fold(plot.title, TITLE_LETTERS_IN * WIDE_IN) + _fold(plot.label, LABEL_LETTERS_WIDE)
        return WIDE_IN, 0.75 + 0.21 * len(plot.rows) + 0.14 * lines.count("\n")
    if isinstance(plot, CurvePlot) and plot.at_risk:
        return WIDE_IN, HEIGHT_IN + 0.16 * len(plot.at_risk)
    return WIDTH_IN, HEIGHT_IN


def _short(name: str, most: int = LONGEST_NAME) -> str:
    """Cut a name to what a figure can hold, on one line."""
    line = _one_line(name)
    return line if len(line) <= most else f"{line[: most - 3]}..."


def _fold(text: str, width: float) -> str:
    """Break a title into at most three lines."""
    return "\n".join(textwrap.wrap(_one_line(text), int(width), max_lines=3, placeholder=" ..."))


def _one_line(text: str) -> str:
    """Replace what a drawing can not hold: line breaks and control characters."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]+", " ", text)


def _draw_scatter(axes: Any, plot: ScatterPlot) -> None:
    reference, measured = plot.reference, plot.measured
    if plot.is_logarithmic:
        for set_scale in (axes.set_xscale, axes.set_yscale):
            set_scale("symlog", linthresh=1, linscale=0.4)
    top = (float(max(reference.max(), measured.max())) or 1.0) * (1.6 if plot.is_logarithmic else 1.03)
    bottom = float(min(reference.min(), measured.min(), 0.0))
    axes.plot([bottom, top], [bottom, top], color=SOFT, lw=0.8, zorder=1)
    _points(axes, reference, measured)
    pad = 0.3 if plot.is_logarithmic else 0.03 * (top - bottom)
    axes.set(xlim=(bottom - pad, top), ylim=(bottom - pad, top), aspect="equal")
    unit = _short(plot.unit)
    axes.set(xlabel=f"Reference, {unit}", ylabel=f"Measured, {unit}")
    if plot.is_logarithmic:
        ticks = [0, *(10**power for power in range(int(np.log10(max(top, 10))) + 1))]
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
            axis.set_minor_locator(_no_ticks())


def _no_ticks() -> Any:
    from matplotlib.ticker import NullLocator

    return NullLocator()


def _points(axes: Any, x: np.ndarray, y: np.ndarray) -> None:
    many = len(x) > MANY_POINTS
    size, alpha = (3, 0.25) if many else (9, 0.45)
    axes.scatter(x, y, s=size, alpha=alpha, color=COLOURS[0], linewidths=0, rasterized=many, zorder=2)


def _draw_differences(axes: Any, plot: DifferencePlot) -> None:
    _points(axes, plot.means, plot.differences)
    is_ratio = plot.labels[1].startswith("Ratio")
    if is_ratio:
        axes.set_xscale("log")
        axes.set_yscale("log")
    axes.axhline(1.0 if is_ratio else 0.0, color=SOFT, lw=0.7, ls=(0, (1, 2)))
    for estimate, colour in ((plot.bias, INK), (plot.lower, COLOURS[1]), (plot.upper, COLOURS[1])):
        if not np.isfinite(estimate.value):
            continue
        axes.axhline(estimate.value, color=colour, lw=1.1, zorder=3)
        if np.isfinite(estimate.low):
            axes.axhspan(estimate.low, estimate.high, color=colour, alpha=0.13, lw=0)
        axes.annotate(
            f"{estimate.value:.3g}", (1.01, estimate.value), xycoords=("axes fraction", "data"),
            va="center", color=colour, fontsize=7.5, annotation_clip=False,
        )  # fmt: skip
    axes.set(xlabel=_fold(plot.labels[0], LABEL_LETTERS), ylabel=_fold(plot.labels[1], LABEL_LETTERS))
    if is_ratio:
        from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(StrMethodFormatter("{x:g}"))
            axis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=9))


def _draw_confusion(axes: Any, plot: ConfusionPlot) -> None:
    totals = plot.counts.sum(axis=1, keepdims=True)
    share = plot.counts / np.maximum(totals, 1)
    places = np.arange(len(plot.names) + 1) - 0.5
    axes.pcolormesh(places, places, share, cmap="Blues", vmin=0, vmax=1.15, edgecolors="white", linewidth=1.5)
    axes.set(aspect="equal", ylim=(len(plot.names) - 0.5, -0.5))
    for row in range(len(share)):
        for column in range(len(share)):
            dark = share[row, column] > 0.55
            axes.text(column, row - 0.09, f"{plot.counts[row, column]:,}", ha="center", va="center",
                      color="white" if dark else INK, fontsize=8.5)  # fmt: skip
            axes.text(column, row + 0.22, f"{share[row, column]:.0%}" if totals[row, 0] else "-", ha="center",
                      va="center", color="white" if dark else SOFT, fontsize=6.5)  # fmt: skip
    names = [_short(name, 18) for name in plot.names]
    is_crowded = len(names) * max(map(len, names)) > 42
    axes.set_xticks(range(len(names)), names, rotation=30 if is_crowded else 0, ha="right" if is_crowded else "center")
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set(xlabel="Measured", ylabel="Reference")


def _draw_curves(axes: Any, plot: CurvePlot) -> None:
    colours = cycle(COLOURS)
    for curve in plot.curves:
        _draw_curve(axes, curve, SOFT if curve.is_reference else next(colours), plot.kind)
    axes.set(xlabel=_fold(plot.labels[0], LABEL_LETTERS), ylabel=_fold(plot.labels[1], LABEL_LETTERS))
    if plot.limits:
        axes.set(xlim=plot.limits[0], ylim=plot.limits[1])
    if any(curve.name for curve in plot.curves):
        legend = axes.legend(handlelength=1.4, loc="upper left" if plot.kind == "steps" else "best")
        legend.set_in_layout(False)  # dozens of names must not push the axes out of the figure
    if plot.at_risk:
        _write_at_risk(axes, plot)


def _draw_curve(axes: Any, curve: Curve, colour: str, kind: str) -> None:
    # A legend leaves names out that begin with an underscore.
    label = re.sub("^_", " _", _short(curve.name))
    style: dict[str, Any] = {"color": colour, "label": label or None}
    if curve.is_reference:
        axes.plot(curve.x, curve.y, lw=0.9, ls=(0, (3, 2)), **style)
        return
    step = "post" if kind == "steps" else None
    if curve.low is not None and curve.high is not None:
        if kind == "points":
            axes.errorbar(
                curve.x, curve.y, np.abs(np.stack([curve.y - curve.low, curve.high - curve.y])), fmt="none",
                ecolor=colour, elinewidth=0.9,
            )  # fmt: skip
        else:
            axes.fill_between(curve.x, curve.low, curve.high, step=step, color=colour, alpha=0.13, lw=0)
    if kind == "steps":
        axes.step(curve.x, curve.y, where="post", **style)
    else:
        axes.plot(curve.x, curve.y, marker="o" if kind == "points" else None, ms=3.5, **style)


def _write_at_risk(axes: Any, plot: CurvePlot) -> None:
    """Write numbers at risk below a survival plot, a row a curve."""
    axes.set_xticks(plot.risk_times)
    lines = ["At risk", *plot.at_risk]
    for place, name in enumerate(lines):
        height = -0.24 - 0.07 * place
        axes.text(-0.075, height, _short(name), transform=axes.transAxes, ha="right", va="center", fontsize=7,
                  fontweight="bold" if place == 0 else "normal", color=INK)  # fmt: skip
        for time, count in zip(plot.risk_times, plot.at_risk.get(name, ()), strict=False):
            axes.text(time, height, f"{count:,}", transform=axes.get_xaxis_transform(), ha="center", va="center",
                      fontsize=7, color=INK)  # fmt: skip


def _draw_forest(axes: Any, plot: ForestPlot) -> None:
    places = np.arange(len(plot.rows))[::-1]
    values = np.array([estimate.value for _, estimate in plot.rows])
    low = np.array([estimate.low for _, estimate in plot.rows])
    high = np.array([estimate.high for _, estimate in plot.rows])
    sizes = np.array([estimate.n for _, estimate in plot.rows], dtype=float)
    largest = sizes.max(initial=1.0)
    if plot.line_at is not None:
        axes.axvline(plot.line_at, color=SOFT, lw=0.8, ls=(0, (3, 2)))
    axes.hlines(places, low, high, color=COLOURS[0], lw=1.1)
    axes.scatter(values, places, s=12 + 26 * np.sqrt(sizes / largest), marker="s", color=COLOURS[0], linewidths=0)
    axes.set_yticks(places, [_short(name) for name, _ in plot.rows])
    axes.set_ylim(-0.7, len(plot.rows) - 0.3)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=LINE, lw=0.6)
    axes.set_axisbelow(True)
    for place, value, n in zip(places, values, sizes, strict=True):
        shown = f"{value:.3g}" if np.isfinite(value) else "-"
        axes.annotate(f"{shown}   n {n:,.0f}", (1.01, place), xycoords=("axes fraction", "data"), va="center",
                      fontsize=7, color=SOFT, annotation_clip=False)  # fmt: skip
    axes.set_xlabel(_fold(plot.label, LABEL_LETTERS_WIDE))


_DRAWERS: dict[type, Callable[[Any, Any], None]] = {
    ScatterPlot: _draw_scatter,
    DifferencePlot: _draw_differences,
    ConfusionPlot: _draw_confusion,
    CurvePlot: _draw_curves,
    ForestPlot: _draw_forest,
}
