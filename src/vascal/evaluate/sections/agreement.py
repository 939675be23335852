"""Measured against reference scores: errors, correlation, ICC and Bland-Altman."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from vascal.evaluate.accuracy import accuracy_statistics, within_tolerance
from vascal.evaluate.bland_altman import SCALES, BlandAltman, Scale, bland_altman
from vascal.evaluate.bootstrap import Report, bootstrap_counts
from vascal.evaluate.cohort import Cohort
from vascal.evaluate.correlation import correlation_statistics, kendall
from vascal.evaluate.estimate import Estimate
from vascal.evaluate.icc import FORMS, icc
from vascal.evaluate.plan import AnalysisPlan
from vascal.evaluate.result import Cell, Column, DifferencePlot, Plot, ResultTable, ScatterPlot, Section

SET = Column(key="set", title="Set", style="text")
STUDIES = Column(key="n", title="Studies", style="count")
SMALL = 5
"""Fewer studies than this get no table of their own."""


def evaluate_agreement(sets: Mapping[str, Cohort], plan: AnalysisPlan, *, report: Report | None = None) -> Section:
    """Compare scores as numbers, set by set.

    Parameters
    ----------
    sets
        Cohorts by the name of their set.
    report
        Told about the progress of resampling.
    """
    found = {
        name: _resample(cohort, plan, partial(_shift, report, place, len(sets)) if report else None)
        for place, (name, cohort) in enumerate(sets.items())
    }
    differences = {
        (name, scale): bland_altman(cohort.predicted, cohort.reference, scale=scale, level=plan.level)
        for name, cohort in sets.items()
        for scale in plan.bland_altman
    }
    first = next(iter(sets))
    return Section(
        key="agreement",
        title="Agreement of scores",
        text=name_set(first) + _summarise(found[first], icc(_pair(sets[first]), plan.icc_form, level=plan.level), plan),
        tables=(
            _accuracy_table(sets, found, plan),
            _correlation_table(sets, found, plan),
            _icc_table(sets, plan),
            _limits_table(differences, plan),
        ),
        plots=tuple(_plots(sets, differences, plan)),
        methods=_methods(plan),
    )


def title_of_set(title: str, name: str) -> str:
    """Add a set's name to a title; all studies need none."""
    return title if name == "all" else f"{title}, {name}"


def name_set(name: str) -> str:
    """Begin a sentence that speaks of one set; all studies need no name."""
    return "" if name == "all" else f"Set {name}: "


def _resample(cohort: Cohort, plan: AnalysisPlan, report: Report | None) -> dict[str, Estimate]:
    errors = accuracy_statistics(cohort.predicted, cohort.reference)
    correlations = correlation_statistics(cohort.predicted, cohort.reference)
    return bootstrap_counts(
        lambda counts: {**errors(counts), **correlations(counts)},
        len(cohort),
        resampling=plan.resampling,
        level=plan.level,
        report=report,
    )


def _shift(report: Report, place: int, sets: int, done: int, total: int) -> None:
    """Tell progress over all sets, each of which counts its own resamples."""
    report(place * total + done, sets * total)


def _accuracy_table(
    sets: Mapping[str, Cohort], found: Mapping[str, Mapping[str, Estimate]], plan: AnalysisPlan
) -> ResultTable:
    names = {
        "bias": "Bias", "mae": "MAE", "mse": "MSE", "rmse": "RMSE",
        "median_absolute_error": "Median absolute error", "r2": "R²",
    }  # fmt: skip
    columns = [SET, STUDIES, *(Column(key=key, title=title) for key, title in names.items())]
    if plan.tolerance is not None:
        columns.append(Column(key="within_tolerance", title=f"Within {plan.tolerance:g} {plan.unit}", style="share"))
    rows = []
    for name, cohort in sets.items():
        cells: list[Cell] = [name, len(cohort), *(found[name][key] for key in names)]
        if plan.tolerance is not None:
            cells.append(within_tolerance(cohort.predicted, cohort.reference, plan.tolerance, level=plan.level))
        rows.append(tuple(cells))
    return ResultTable(
        key="accuracy",
        title="Errors against the reference",
        columns=tuple(columns),
        rows=tuple(rows),
        note=f"In {plan.unit}; bias is measured minus reference. {_interval(plan)}",
    )


def _correlation_table(
    sets: Mapping[str, Cohort], found: Mapping[str, Mapping[str, Estimate]], plan: AnalysisPlan
) -> ResultTable:
    names = {"pearson": "Pearson r", "spearman": "Spearman ρ", "ccc": "Lin's CCC"}
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            name,
            len(cohort),
            *(found[name][key] for key in names),
            kendall(cohort.predicted, cohort.reference, level=plan.level),
        )
        for name, cohort in sets.items()
    )
    columns = (
        *(Column(key=key, title=title) for key, title in names.items()),
        Column(key="kendall", title="Kendall τ-b"),
    )
    return ResultTable(
        key="correlation",
        title="Correlation and concordance",
        columns=(SET, STUDIES, *columns),
        rows=rows,
        note=f"{_interval(plan)} Kendall's from its own standard error.",
    )


def _icc_table(sets: Mapping[str, Cohort], plan: AnalysisPlan) -> ResultTable:
    columns = [SET, STUDIES, *(Column(key=f"icc_{form.replace(',', '_')}", title=f"ICC({form})") for form in FORMS)]
    columns.append(Column(key="icc_2_1_generalised", title="ICC(2,1), generalised"))
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            name,
            len(cohort),
            *(icc(_pair(cohort), form, level=plan.level) for form in FORMS),
            icc(_pair(cohort), "2,1", interval="generalised", level=plan.level),
        )
        for name, cohort in sets.items()
    )
    return ResultTable(
        key="icc",
        title="Intraclass correlation of measured and reference scores",
        columns=tuple(columns),
        rows=rows,
        note=f"Shrout-Fleiss forms with F-based {plan.level:.0%} intervals; the plan's form is ICC({plan.icc_form}). "
        "The generalised interval also covers what only two raters leave open about all raters, and is wide.",
    )


def _limits_table(differences: Mapping[tuple[str, Scale], BlandAltman], plan: AnalysisPlan) -> ResultTable:
    rows = tuple(
        (
            name, SCALES[scale], found.n, found.bias, found.lower, found.upper,
            found.bias_trend.slope, found.bias_trend.slope.p_value,
            found.spread_trend.slope, found.spread_trend.slope.p_value,
        )
        for (name, scale), found in differences.items()
    )  # fmt: skip
    return ResultTable(
        key="bland_altman",
        title="Bland-Altman analysis",
        columns=(
            SET,
            Column(key="scale", title="Scale", style="text"),
            STUDIES,
            Column(key="bias", title="Bias"),
            Column(key="lower", title="Lower limit"),
            Column(key="upper", title="Upper limit"),
            Column(key="bias_slope", title="Bias per unit of mean"),
            Column(key="bias_slope_p", title="p", style="p"),
            Column(key="spread_slope", title="Spread per unit of mean"),
            Column(key="spread_slope_p", title="p", style="p"),
        ),
        rows=rows,
        note=f"Bias: t interval. Limits hold 95 % of differences; their {plan.level:.0%} intervals are exact "
        "(noncentral t). A slope of "
        "bias is proportional bias, a slope of spread heteroscedasticity: with either, the plain limits are too "
        "wide for low and too narrow for high scores. Slopes are on the scale of the row before back-transformation.",
    )


def _plots(
    sets: Mapping[str, Cohort], differences: Mapping[tuple[str, Scale], BlandAltman], plan: AnalysisPlan
) -> list[Plot]:
    plots: list[Plot] = []
    for name, cohort in sets.items():
        plots.append(
            ScatterPlot(
                key=f"scatter-{name}",
                title=title_of_set("Measured against reference", name),
                reference=cohort.reference,
                measured=cohort.predicted,
                unit=plan.unit,
                is_logarithmic=plan.kind == "cac",
            )
        )
        scale = plan.bland_altman[-1] if plan.kind == "cac" else plan.bland_altman[0]
        plots.append(_difference_plot(name, differences[name, scale], plan))
    return plots


def _difference_plot(name: str, found: BlandAltman, plan: AnalysisPlan) -> DifferencePlot:
    """Ratios are drawn as ratios against geometric means, other scales as they are."""
    is_ratio = found.scale in {"ratio", "log1p"}
    plus_one = " + 1" if found.scale == "log1p" else ""
    root = "√" if found.scale == "sqrt" else ""
    labels = (f"Mean of {root}{plan.unit}", f"Difference of {root}{plan.unit}")
    if is_ratio:
        labels = (f"Geometric mean of {plan.unit}{plus_one}", f"Ratio of {plan.unit}{plus_one}")
    return DifferencePlot(
        key=f"bland-altman-{name}",
        title=title_of_set("Bland-Altman", name),
        means=np.exp(found.means) if is_ratio else found.means,
        differences=np.exp(found.differences) if is_ratio else found.differences,
        bias=found.bias,
        lower=found.lower,
        upper=found.upper,
        labels=labels,
    )


def _pair(cohort: Cohort) -> np.ndarray:
    return np.stack([cohort.predicted, cohort.reference], axis=1)


def _interval(plan: AnalysisPlan) -> str:
    return f"{plan.level:.0%} intervals: {plan.resampling.describe()}."


def _summarise(found: Mapping[str, Estimate], correlation: Estimate, plan: AnalysisPlan) -> str:
    mae = found["mae"]
    return (
        f"Measured and reference scores agree with an ICC({plan.icc_form}) of {correlation.value:.3f} "
        f"({plan.level:.0%} CI {correlation.low:.3f} to {correlation.high:.3f}); the mean absolute error is "
        f"{mae.value:.3g} {plan.unit} ({mae.low:.3g} to {mae.high:.3g})."
    )


def _methods(plan: AnalysisPlan) -> tuple[str, ...]:
    scales = "; ".join(SCALES[scale] for scale in plan.bland_altman)
    return (
        "Errors (bias, mean absolute, mean squared, root mean squared and median absolute error, R² as one minus the "
        "squared error over the spread of the reference), Pearson's and Spearman's correlation and Lin's concordance "
        f"correlation [lin1989] were given {plan.level:.0%} confidence intervals by the {plan.resampling.describe()} "
        f"(seed {plan.seed}) [efron1987]; Kendall's τ-b by the standard error of its U-statistic on Fisher's scale.",
        f"The intraclass correlation ICC({plan.icc_form}) [shrout1979], {FORMS[plan.icc_form].split(', ', 1)[1]}, and "
        "the other Shrout-Fleiss forms have F-based intervals [mcgraw1996].",
        f"Bland-Altman limits of agreement [bland1999] were computed on: {scales}; with exact intervals of the limits "
        "[carkeet2015], and regressions on the mean for proportional bias and for heteroscedasticity.",
    )
